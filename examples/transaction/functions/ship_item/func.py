"""Takes a product from the inventory and gives the order a number.

A workflow may call a function more than once: after a crash, or when it is rewound. So the shipment is
recorded under the order's id, and who asks again for the same order gets the same shipment.
"""

import io
import json
import logging
import os
import random
import sqlite3

from fdk import response

FIRST_STOCK = 1000


class OutOfStock(Exception):
    pass


def inventory():
    path = os.path.join(os.environ["FUNCTION_DATA"], "inventory.db")
    db = sqlite3.connect(path, timeout=10, isolation_level=None)
    db.execute("CREATE TABLE IF NOT EXISTS stock (product TEXT PRIMARY KEY, left INTEGER NOT NULL)")
    db.execute(
        "CREATE TABLE IF NOT EXISTS shipment (order_id TEXT PRIMARY KEY, product TEXT NOT NULL, number INTEGER NOT NULL)"
    )
    return db


def ship(db, order_id, product):
    db.execute("BEGIN IMMEDIATE")
    try:
        shipped = db.execute("SELECT number FROM shipment WHERE order_id = ?", (order_id,)).fetchone()
        if shipped is None:
            db.execute("INSERT OR IGNORE INTO stock VALUES (?, ?)", (product, FIRST_STOCK))
            taken = db.execute("UPDATE stock SET left = left - 1 WHERE product = ? AND left > 0", (product,))
            if taken.rowcount == 0:
                raise OutOfStock(f"there is no {product} left")
            shipped = (random.randint(10000, 99999),)
            db.execute("INSERT INTO shipment VALUES (?, ?, ?)", (order_id, product, shipped[0]))
        db.execute("COMMIT")
        return shipped[0]
    except BaseException:
        db.execute("ROLLBACK")
        raise


def handler(ctx, data: io.BytesIO = None):
    order = json.loads(data.getvalue())
    db = inventory()
    try:
        number = ship(db, order["order"], order["product"])
    finally:
        db.close()
    logging.getLogger().info("order %s ships as %d", order["order"], number)
    return response.Response(
        ctx,
        response_data=json.dumps({"message": f"The order number for {order['product']} is {number}", "number": number}),
        headers={"Content-Type": "application/json"},
    )
