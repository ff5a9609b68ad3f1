"""The order flow for the Durable Task SDK of Python: two orchestrators, and the activities that they call."""

import json
import os
import signal
import threading
import urllib.error
import urllib.request
from datetime import timedelta

from durabletask import task
from durabletask.worker import TaskHubGrpcWorker

PARTITA = os.environ.get("PARTITA_SERVER", "http://127.0.0.1:4001")
SHOP = os.environ.get("SHOP_URL", "http://127.0.0.1:4100")
PAYMENT_TIMEOUT_SECONDS = int(os.environ.get("PAYMENT_TIMEOUT_SECONDS", "60"))

# Five seconds between at most three attempts.
PATIENCE = task.RetryPolicy(first_retry_interval=timedelta(seconds=5), max_number_of_attempts=3)


def new_order(ctx: task.OrchestrationContext, order: dict):
    """An order, from the cart to the parcel."""

    def step(activity, about):
        # All attempts of a step share its key, so that a microservice whose answer was lost does not do its work again.
        given = {"key": ctx.new_uuid(), "about": about}
        return ctx.call_activity(activity, input=given, retry_policy=PATIENCE)

    ctx.set_custom_status("GettingProducts")
    items = yield step(get_shopping_cart, order["shoppingCartId"])

    ctx.set_custom_status("GettingAddress")
    user = yield step(get_user_details, order.get("userId") or ctx.new_uuid())

    ctx.set_custom_status("ReservingProducts")
    reservation = yield step(check_and_reserve_items, items)

    ctx.set_custom_status("CalculatingShipping")
    shipping = yield step(calculate_shipping_cost, {"reservation": reservation, "user": user})

    ctx.set_custom_status("CalculatingFinalPrice")
    price = yield step(calculate_final_cost, {"reservation": reservation, "shipping": shipping})

    ctx.set_custom_status("AwaitingPayment")
    paying = {"orderId": ctx.instance_id, "amount": price, "timeoutSeconds": PAYMENT_TIMEOUT_SECONDS}
    outcome = yield ctx.call_sub_orchestrator(payment, input=paying, instance_id=f"{ctx.instance_id}-payment")

    shipment_id = None
    if outcome == "paid":
        ctx.set_custom_status("SendShippingOrder")
        parcel = {
            "orderId": ctx.instance_id,
            "reservationId": reservation["reservationId"],
            "address": user["address"],
        }
        shipment = yield step(send_shipping_order, parcel)
        shipment_id = shipment["shipmentId"]
    else:
        ctx.set_custom_status("PaymentFailed")
        yield step(release_reservation, reservation["reservationId"])
    ctx.set_custom_status("Completed")
    return {"payment": outcome, "price": price, "shipmentId": shipment_id}


def payment(ctx: task.OrchestrationContext, given: dict):
    """A payment: asks the provider, then waits for its call, for as long as the customer has."""
    # The timer runs and both events are awaited before the provider is asked: its answer cannot come too early.
    deadline = ctx.create_timer(timedelta(seconds=given["timeoutSeconds"]))
    success = ctx.wait_for_external_event("payment-request-success")
    failure = ctx.wait_for_external_event("payment-request-fail")
    about = {"orderId": given["orderId"], "amount": given["amount"], "callbackUrl": PARTITA}
    yield ctx.call_activity(start_payment, input={"key": ctx.new_uuid(), "about": about}, retry_policy=PATIENCE)
    first = yield task.when_any([success, failure, deadline])
    return {success: "paid", failure: "refused"}.get(first, "timed out")


class Refused(Exception):
    """A microservice says that the request is wrong, or fails."""


def ask(method: str, path: str, key: str, body=None):
    data = None if body is None else json.dumps(body).encode()
    headers = {"Idempotency-Key": key, "Content-Type": "application/json"}
    request = urllib.request.Request(SHOP + path, data=data, headers=headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            return json.loads(answer.read() or "null")
    except urllib.error.HTTPError as error:
        raise Refused(f"{method} {path}: {error.code} {error.read(500).decode(errors='replace')}") from None


def get_shopping_cart(_, step):
    return ask("GET", f"/cart/{step['about']}", step["key"])


def get_user_details(_, step):
    return ask("GET", f"/users/{step['about']}", step["key"])


def check_and_reserve_items(_, step):
    return ask("POST", "/warehouse/reservations", step["key"], {"items": step["about"]})


def release_reservation(_, step):
    return ask("DELETE", f"/warehouse/reservations/{step['about']}", step["key"])


def calculate_shipping_cost(_, step):
    return ask("POST", "/shipping/cost", step["key"], step["about"])


def calculate_final_cost(_, step):
    return ask("POST", "/pricing/final", step["key"], step["about"])


def start_payment(_, step):
    ask("POST", "/payments", step["key"], step["about"])


def send_shipping_order(_, step):
    return ask("POST", "/shipping/orders", step["key"], step["about"])


def main():
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    new_order.__name__, payment.__name__ = "NewOrder", "Payment"
    with TaskHubGrpcWorker(host_address=PARTITA.split("://")[1]) as worker:
        worker.add_orchestrator(new_order)
        worker.add_orchestrator(payment)
        for activity in (
            get_shopping_cart,
            get_user_details,
            check_and_reserve_items,
            release_reservation,
            calculate_shipping_cost,
            calculate_final_cost,
            start_payment,
            send_shipping_order,
        ):
            worker.add_activity(activity)
        worker.start()
        print("ready for orders")
        stop.wait()


if __name__ == "__main__":
    main()
