"""Signs as it should, and as it should not."""

import email.utils
import io
import time

import oci
from common import COMPARTMENT, ENDPOINT, GIVEN, NEW, check, config, invoking, management, refused
from oci._vendor import requests

BASE = ENDPOINT + ("/20260325" if NEW else "/20181201")
function = GIVEN["function"]
invoke = f"{BASE}/functions/{function}/actions/invoke"

check("who signs", len(management().list_applications(COMPARTMENT).data), 1)
check("a signed body", invoking().invoke_function(function, invoke_function_body="signed").data.content, b"signed")

stream = io.BytesIO(b"a signed stream")
check("a signed stream", invoking().invoke_function(function, invoke_function_body=stream).data.content, b"a signed stream")

wrong = {"status": 401, "code": "NotAuthenticated"}
refused("another key", lambda: management(key="other").list_applications(COMPARTMENT), **wrong)
refused("another key for a body", lambda: invoking(key="other").invoke_function(function), **wrong)
stranger = ":".join(["00"] * 16)
refused("an unknown key", lambda: management(fingerprint=stranger).list_applications(COMPARTMENT), **wrong)


def request(method, url, **kwargs):
    """A request that the SDK signs."""
    user = config()
    signer = oci.Signer(user["tenancy"], user["user"], user["fingerprint"], user["key_file"])
    return requests.Request(method, url, auth=signer, **kwargs).prepare()


def send(prepared):
    answer = requests.Session().send(prepared)
    return answer.status_code, answer.json().get("code") if answer.status_code != 200 else None


listing = f"{BASE}/applications?compartmentId={COMPARTMENT}"
check("a request by hand", send(request("GET", listing)), (200, None))
for minutes in (-6, 6):
    date = email.utils.formatdate(time.time() + 60 * minutes, usegmt=True)
    check(f"{minutes} minutes", send(request("GET", listing, headers={"date": date})), (401, "NotAuthenticated"))

prepared = request("POST", invoke, data="what was signed")
prepared.body = b"what was forged"
check("another body", send(prepared), (401, "NotAuthenticated"))
prepared = request("DELETE", f"{BASE}/functions/{function}")
prepared.prepare_body(b"a body that nobody signed", None)
check("a body without a digest", send(prepared), (401, "NotAuthenticated"))
prepared = request("GET", listing)
prepared.url += "x"
check("another address", send(prepared), (401, "NotAuthenticated"))
prepared = request("GET", listing)
prepared.headers["host"] = "localhost:1"
check("another host", send(prepared), (401, "NotAuthenticated"))
check("no signature", send(requests.Request("GET", listing).prepare()), (401, "NotAuthenticated"))
unsigned = requests.post(f"{ENDPOINT}/invoke/{function}", data="x")
check("the Fn Project's way", unsigned.status_code, 401)
doubled = request("POST", invoke.replace(ENDPOINT, ENDPOINT + "/"), data="x")
check("a doubled slash", send(doubled), (200, None))
print("{}")
