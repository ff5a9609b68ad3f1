"""Invokes a function in all ways, with the real client."""

import io
import json

from common import GIVEN, check, invoking, refused

client = invoking()
function = GIVEN["function"]


def ask(**body):
    return client.invoke_function(function, invoke_function_body=json.dumps(body))


answer = client.invoke_function(function, invoke_function_body="plain text")
check("a text", (answer.status, answer.data.content), (200, b"plain text"))
check("its type", answer.headers["content-type"], "application/octet-stream")
check("the type of the request", answer.headers["x-content-type"], "application/json")
check("the function's header", answer.headers["x-set-by"], "toolbox")
if not answer.headers["opc-request-id"].startswith(answer.request.header_params["opc-request-id"]):
    raise SystemExit("the answer does not name the request")

bytes_ = bytes(range(256)) * 40
check("bytes", client.invoke_function(function, invoke_function_body=bytes_).data.content, bytes_)
stream = client.invoke_function(function, invoke_function_body=io.BytesIO(b"streamed"))
check("a stream", stream.data.content, b"streamed")
check("the type of a stream", stream.headers["x-content-type"], "application/octet-stream")
check("nothing", client.invoke_function(function).data.content, b"")
check("as a workflow names it", client.invoke_function("toolbox", invoke_function_body="x").data.content, b"x")

told = ask(action="tell").data.json()
check("its configuration", told["GREETING"], "hello")
check("its id", told["FN_FN_ID"], function)
check("its application", told["FN_APP_NAME"], "shop")

answer = client.invoke_function(function, invoke_function_body='{"action": "fail"}', is_dry_run=True)
check("a dry run", (answer.status, answer.data.content), (200, b""))
asked = json.dumps({"action": "say", "text": "nobody waits"})
answer = client.invoke_function(function, invoke_function_body=asked, fn_invoke_type="detached")
check("a detached call", (answer.status, answer.data.content), (202, b""))
detached = answer.headers["fn-call-id"]

answer = client.invoke_function(function, invoke_function_body='{"action": "gateway"}', fn_intent="httprequest")
check("the gateway's status", answer.headers["fn-http-status"], "418")
check("a header for the gateway", answer.headers["fn-http-h-x-told"], "yes")

failed = refused("a failure", lambda: ask(action="fail"), 502, "FunctionInvokeExecutionFailed")
check("its message", failed.message, "function failed")
refused("an exit", lambda: ask(action="leave"), 502, "FunctionInvokeExecutionError")
refused("a large answer", lambda: ask(action="large", bytes=7 << 20), 502, "FunctionInvokeResponseBodyTooLarge")
refused(
    "a large request",
    lambda: client.invoke_function(function, invoke_function_body="x" * (6 * 1024 * 1024 + 1)),
    413,
    "FunctionInvokeRequestContentTooLarge",
)
unknown = "ocid1.fnfunc.oc1.local.unknown"
refused("an unknown id", lambda: client.invoke_function(unknown), 404, "NotAuthorizedOrNotFound")
check("afterwards", client.invoke_function(function, invoke_function_body="x").data.content, b"x")
print(json.dumps({"detached": detached}))
