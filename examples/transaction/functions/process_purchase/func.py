"""Charges a customer for a product."""

import io
import json
import logging

from fdk import response


def handler(ctx, data: io.BytesIO = None):
    order = json.loads(data.getvalue())
    product = order["product"]
    logging.getLogger().info("charging for %s", product)
    return response.Response(
        ctx,
        response_data=json.dumps({"message": f"Purchase of {product} succeeded"}),
        headers={"Content-Type": "application/json"},
    )
