"""Has a function call another one, which it does with a key and a token of its own."""

import json

from common import ENDPOINT, GIVEN, check, invoking

asked = {"endpoint": ENDPOINT, "function": "toolbox", "body": "from a function"}


def calls(**more):
    body = json.dumps({**asked, **more})
    return invoking().invoke_function(GIVEN["function"], invoke_function_body=body).data.json()


told = calls()
check("the call", (told["status"], told["text"]), (200, "from a function"))
check("what the token says", (told["tenancy"], told["region"]), ("ocid1.tenancy.oc1..local", "local"))
check("a forged token", [calls(tampered=True).get(key) for key in ("status", "code")], [401, "NotAuthenticated"])
check("what is not there", calls(function="nothing").get("status"), 404)
check("a change", [calls(delete=True).get(key) for key in ("status", "code")], [404, "NotAuthorizedOrNotFound"])
print("{}")
