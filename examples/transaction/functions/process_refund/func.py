"""Gives a customer the money back."""

import io
import json
import logging

from fdk import response


def handler(ctx, data: io.BytesIO = None):
    product = json.loads(data.getvalue()).get("product")
    logging.getLogger().info("refunding %s", product)
    return response.Response(
        ctx,
        response_data=json.dumps({"message": f"Refund for {product} succeeded"}),
        headers={"Content-Type": "application/json"},
    )
