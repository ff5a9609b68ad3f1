//! The orchestrators `NewOrder` and `Payment`.

use crate::domain::{
    CartItem, Money, OrderResult, OrderStatus, PaymentInput, PaymentOutcome, PaymentRequest, PriceQuestion,
    Reservation, Shipment, ShippingOrder, ShippingQuestion, StartOrder, UserData,
};
use partita::context::SubOrchestrationOptions;
use partita::{Either3, OrchestrationContext, Result, RetryPolicy, select3};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::time::Duration;
use uuid::Uuid;

/// The workflow of an order.
pub const NEW_ORDER: &str = "NewOrder";
/// The workflow of its payment.
pub const PAYMENT: &str = "Payment";
/// Raised when the customer has paid.
pub const PAYMENT_SUCCESS: &str = "payment-request-success";
/// Raised when the customer will not pay.
pub const PAYMENT_FAIL: &str = "payment-request-fail";

/// What an activity is given.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Step<T> {
    /// The `Idempotency-Key` under which the microservice is asked.
    ///
    /// The orchestrator draws it, once for each step: all attempts of a step share it, so does a rewind, while
    /// an order that is restarted gets new ones. A microservice that did its work and whose answer was lost
    /// does not do it again.
    pub key: Uuid,
    /// What it is about.
    pub about: T,
}

/// The instance of an order's payment.
#[must_use]
pub fn payment_id(order_id: &str) -> String {
    format!("{order_id}-payment")
}

/// Five seconds between at most three attempts.
fn patience() -> RetryPolicy {
    RetryPolicy::new(Duration::from_secs(5), 3)
}

/// Calls an activity, with patience and a key.
async fn step<T>(ctx: &OrchestrationContext, activity: &str, about: impl Serialize) -> Result<T>
where
    T: DeserializeOwned + Send + 'static,
{
    let step = Step { key: ctx.new_guid(), about };
    ctx.call_activity_with_retry(activity, &patience(), step).await
}

/// An order, from the cart to the parcel.
///
/// # Errors
/// When a microservice fails for good. The order can then be rewound: what succeeded is kept, and the step
/// that failed is tried once more.
pub async fn new_order(ctx: OrchestrationContext, order: StartOrder) -> Result<OrderResult> {
    let status = |status: OrderStatus| ctx.set_custom_status(status);
    status(OrderStatus::Starting);

    status(OrderStatus::GettingProducts);
    let items: Vec<CartItem> = step(&ctx, "GetShoppingCart", order.shopping_cart_id).await?;

    status(OrderStatus::GettingAddress);
    let user: UserData = step(&ctx, "GetUserDetails", order.user_id).await?;

    status(OrderStatus::ReservingProducts);
    let reservation: Reservation = step(&ctx, "CheckAndReserveItems", &items).await?;

    status(OrderStatus::CalculatingShipping);
    let question = ShippingQuestion { reservation: reservation.clone(), user: user.clone() };
    let shipping: Money = step(&ctx, "CalculateShippingCost", question).await?;

    status(OrderStatus::CalculatingFinalPrice);
    let question = PriceQuestion { reservation: reservation.clone(), shipping };
    let price: Money = step(&ctx, "CalculateFinalCost", question).await?;

    status(OrderStatus::AwaitingPayment);
    let payment = pay(&ctx, &price, order.payment_timeout_seconds).await?;

    let shipment_id = if payment == PaymentOutcome::Paid {
        status(OrderStatus::PaymentSuccess);
        status(OrderStatus::SendShippingOrder);
        Some(ship(&ctx, &reservation, user).await?.shipment_id)
    } else {
        status(OrderStatus::PaymentFailed);
        step::<()>(&ctx, "ReleaseReservation", reservation.reservation_id).await?;
        None
    };
    status(OrderStatus::Completed);
    Ok(OrderResult { payment, price, reservation_id: reservation.reservation_id, shipment_id })
}

async fn pay(ctx: &OrchestrationContext, price: &Money, timeout_seconds: u64) -> Result<PaymentOutcome> {
    let order_id = ctx.instance_id().to_string();
    let options = SubOrchestrationOptions { id: Some(payment_id(&order_id)), ..Default::default() };
    let input = PaymentInput { order_id, amount: price.clone(), timeout_seconds };
    ctx.call_sub_orchestrator_with(PAYMENT, options, input).await
}

async fn ship(ctx: &OrchestrationContext, reservation: &Reservation, user: UserData) -> Result<Shipment> {
    let order = ShippingOrder {
        order_id: ctx.instance_id().to_string(),
        reservation_id: reservation.reservation_id,
        address: user.address,
    };
    step(ctx, "SendShippingOrder", order).await
}

/// A payment: asks the provider, then waits for its call, for as long as the customer has.
///
/// The timer runs and both events are awaited before the provider is asked, so its answer cannot come too early
/// and the time it takes to answer counts.
///
/// # Errors
/// When the provider cannot be asked.
pub async fn payment(ctx: OrchestrationContext, input: PaymentInput) -> Result<PaymentOutcome> {
    let deadline = ctx.create_timer(Duration::from_secs(input.timeout_seconds));
    // What the events carry does not matter; only the payment provider's word does.
    let success = ctx.wait_for_external_event::<serde_json::Value>(PAYMENT_SUCCESS);
    let fail = ctx.wait_for_external_event::<serde_json::Value>(PAYMENT_FAIL);

    let request = PaymentRequest { order_id: input.order_id, amount: input.amount };
    step::<()>(&ctx, "StartPayment", request).await?;

    Ok(match select3(success, fail, deadline).await {
        Either3::First(_) => PaymentOutcome::Paid,
        Either3::Second(_) => PaymentOutcome::Refused,
        Either3::Third(()) => PaymentOutcome::TimedOut,
    })
}
