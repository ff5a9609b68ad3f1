"""Does what it is asked for, so that a test sees each outcome of a call."""

import io
import json
import os
import time
import uuid

from fdk import response


def handler(ctx, data: io.BytesIO = None):
    body = data.getvalue()
    try:
        asked = json.loads(body) if body else {}
    except ValueError:
        asked = {}
    action = asked.get("action", "echo") if isinstance(asked, dict) else "echo"
    return ACTIONS[action](ctx, body, asked)


def echo(ctx, body, asked):
    headers = {"X-Content-Type": ctx.Headers().get("content-type", ""), "X-Set-By": "toolbox"}
    return response.Response(ctx, response_data=body, headers={**headers, "Content-Type": "application/octet-stream"})


def say(ctx, body, asked):
    print(asked["text"], flush=True)
    return response.Response(ctx, response_data=json.dumps({"said": asked["text"]}))


def tell(ctx, body, asked):
    names = ("GREETING", "LEVEL", "FN_FN_ID", "FN_APP_NAME", "OCI_RESOURCE_PRINCIPAL_VERSION")
    told = {name: os.environ.get(name) for name in names}
    return response.Response(ctx, response_data=json.dumps(told), headers={"Content-Type": "application/json"})


def unique(ctx, body, asked):
    return response.Response(ctx, response_data=str(uuid.uuid4()))


def gateway(ctx, body, asked):
    told = {"method": ctx.Method(), "url": ctx.RequestURL(), "header": ctx.HTTPHeaders().get("x-own")}
    headers = {"X-Told": "yes", "Content-Type": "application/json"}
    return response.Response(ctx, response_data=json.dumps(told), headers=headers, status_code=418)


def fail(ctx, body, asked):
    raise ValueError("no such luck")


def leave(ctx, body, asked):
    os._exit(3)


def sleep(ctx, body, asked):
    time.sleep(asked["seconds"])
    return response.Response(ctx, response_data="awake")


def large(ctx, body, asked):
    return response.Response(ctx, response_data="x" * asked["bytes"])


ACTIONS = {
    "echo": echo,
    "say": say,
    "tell": tell,
    "unique": unique,
    "gateway": gateway,
    "fail": fail,
    "leave": leave,
    "sleep": sleep,
    "large": large,
}
