//! What the orchestrators call, on top of the clients. Each activity is one request to one microservice.

use crate::clients::{CallError, Clients};
use crate::domain::{
    CartItem, Money, PaymentRequest, PriceQuestion, Reservation, Shipment, ShippingOrder, ShippingQuestion,
    UserData,
};
use crate::workflow::{self, Step};
use partita::{ActivityContext, Error, Result, RuntimeBuilder};
use std::future::Future;
use std::sync::Arc;
use uuid::Uuid;

/// Offers the workflows, and the activities that they call.
pub fn offer(builder: RuntimeBuilder, clients: &Arc<Clients>) -> RuntimeBuilder {
    builder
        .orchestrator(workflow::NEW_ORDER, workflow::new_order)
        .orchestrator(workflow::PAYMENT, workflow::payment)
        .activity("GetShoppingCart", with(clients, get_shopping_cart))
        .activity("GetUserDetails", with(clients, get_user_details))
        .activity("CheckAndReserveItems", with(clients, check_and_reserve_items))
        .activity("ReleaseReservation", with(clients, release_reservation))
        .activity("CalculateShippingCost", with(clients, calculate_shipping_cost))
        .activity("CalculateFinalCost", with(clients, calculate_final_cost))
        .activity("StartPayment", with(clients, start_payment))
        .activity("SendShippingOrder", with(clients, send_shipping_order))
}

/// Hands the clients to an activity.
fn with<I, O, F>(
    clients: &Arc<Clients>,
    activity: impl Fn(Arc<Clients>, Step<I>) -> F + Copy + Send + Sync + 'static,
) -> impl Fn(ActivityContext, Step<I>) -> std::pin::Pin<Box<dyn Future<Output = Result<O>> + Send>>
+ Send
+ Sync
+ 'static
where
    I: Send + 'static,
    F: Future<Output = Result<O, CallError>> + Send + 'static,
{
    let clients = clients.clone();
    move |_, step| {
        let call = activity(clients.clone(), step);
        Box::pin(async move { call.await.map_err(told) })
    }
}

/// What is recorded of a failed request. Asking again is pointless when the microservice says that the request
/// is wrong.
fn told(error: CallError) -> Error {
    let hopeless = error.is_hopeless();
    let error = Error::from(error);
    if hopeless { error.non_retriable() } else { error }
}

async fn get_shopping_cart(clients: Arc<Clients>, step: Step<Uuid>) -> Result<Vec<CartItem>, CallError> {
    clients.cart.items(step.key, step.about).await
}

async fn get_user_details(clients: Arc<Clients>, step: Step<Uuid>) -> Result<UserData, CallError> {
    clients.users.details(step.key, step.about).await
}

async fn check_and_reserve_items(
    clients: Arc<Clients>,
    step: Step<Vec<CartItem>>,
) -> Result<Reservation, CallError> {
    clients.warehouse.reserve(step.key, &step.about).await
}

async fn release_reservation(clients: Arc<Clients>, step: Step<Uuid>) -> Result<(), CallError> {
    clients.warehouse.release(step.key, step.about).await
}

async fn calculate_shipping_cost(
    clients: Arc<Clients>,
    step: Step<ShippingQuestion>,
) -> Result<Money, CallError> {
    clients.shipping.cost(step.key, &step.about).await
}

async fn calculate_final_cost(clients: Arc<Clients>, step: Step<PriceQuestion>) -> Result<Money, CallError> {
    clients.pricing.price(step.key, &step.about).await
}

async fn start_payment(clients: Arc<Clients>, step: Step<PaymentRequest>) -> Result<(), CallError> {
    clients.payment.start(step.key, &step.about).await
}

async fn send_shipping_order(
    clients: Arc<Clients>,
    step: Step<ShippingOrder>,
) -> Result<Shipment, CallError> {
    clients.shipping.send(step.key, &step.about).await
}
