"""What the scripts share: clients of the server under test, and checks that say what was wrong."""

import json
import sys

import oci

TENANCY = "ocid1.tenancy.oc1..aaaalocaldev"
USER = "ocid1.user.oc1..aaaalocaldev"
FINGERPRINT = "f2:99:f0:3f:30:6b:07:3e:23:16:d7:39:a6:ed:0a:6d"
COMPARTMENT = "ocid1.compartment.oc1..aaaatest"

GIVEN = json.loads(sys.argv[1])
ENDPOINT = GIVEN["endpoint"]
NEW = tuple(int(part) for part in oci.__version__.split(".")[:2]) >= (2, 187)


def config(key="user", fingerprint=FINGERPRINT):
    return {
        "tenancy": TENANCY,
        "user": USER,
        "fingerprint": fingerprint,
        "key_file": f"{GIVEN['keys']}/{key}.pem",
        "region": "us-ashburn-1",
    }


def management(**kwargs):
    return oci.functions.FunctionsManagementClient(config(**kwargs), service_endpoint=ENDPOINT)


def invoking(**kwargs):
    return oci.functions.FunctionsInvokeClient(config(**kwargs), service_endpoint=ENDPOINT)


def check(what, got, expected):
    if got != expected:
        sys.exit(f"{what}: got {got!r}, expected {expected!r}")


def refused(what, call, status, code):
    try:
        call()
    except oci.exceptions.ServiceError as error:
        check(what, (error.status, error.code), (status, code))
        if not error.message or not error.request_id:
            sys.exit(f"{what}: the error has no message or no request id: {error}")
        return error
    sys.exit(f"{what}: it was not refused")
