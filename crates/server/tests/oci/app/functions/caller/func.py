"""Calls another function as itself."""

import io
import json

import oci
from fdk import response


def handler(ctx, data: io.BytesIO = None):
    asked = json.loads(data.getvalue())
    signer = oci.auth.signers.get_resource_principals_signer()
    client = oci.functions.FunctionsInvokeClient({}, signer=signer, service_endpoint=asked["endpoint"])
    if asked.get("tampered"):
        client.base_client.session.auth = None
        client.base_client.signer.api_key = client.base_client.signer.api_key[:-4] + "AAAA"
        client.base_client.signer._body_signer.reset_signer(
            client.base_client.signer.api_key, client.base_client.signer.private_key
        )
        client.base_client.signer.refresh_security_token = lambda: None
    try:
        if asked.get("delete"):
            manager = oci.functions.FunctionsManagementClient({}, signer=signer, service_endpoint=asked["endpoint"])
            return told_of(ctx, {"status": manager.delete_function(asked["function"]).status})
        answer = client.invoke_function(asked["function"], invoke_function_body=asked["body"])
        told = {"status": answer.status, "text": answer.data.text}
    except oci.exceptions.ServiceError as error:
        told = {"status": error.status, "code": error.code}
    told["tenancy"] = signer.get_claim("res_tenant")
    told["region"] = signer.region
    return told_of(ctx, told)


def told_of(ctx, told):
    return response.Response(ctx, response_data=json.dumps(told), headers={"Content-Type": "application/json"})
