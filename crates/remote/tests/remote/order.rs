//! The order example, connected as it is embedded.

use crate::flows::same;
use crate::site::until;
use order_example::domain::{
    Address, CartItem, Money, OrderResult, PaymentOutcome, Reservation, ReservedItem, Shipment, StartOrder,
    UserData,
};
use order_example::workflow::{self, PAYMENT_SUCCESS, Step, payment_id};
use partita::{ActivityContext, Error, InstanceId, Runtime, RuntimeBuilder, Status};
use partita_engine::kernel::{EventKind, Payload};
use partita_remote::Client;
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

fn answers<T: Serialize + Clone + Send + Sync + 'static>(
    builder: RuntimeBuilder,
    activity: &str,
    answer: T,
) -> RuntimeBuilder {
    builder.activity(activity, move |_: ActivityContext, _: Step<Value>| {
        let answer = answer.clone();
        async move { Ok::<_, Error>(answer) }
    })
}

fn offers() -> RuntimeBuilder {
    let product_id = Uuid::from_u128(9);
    let address = Address { street: "s".into(), city: "c".into(), country: "GB".into() };
    let user = UserData { user_id: Uuid::from_u128(3), name: "Ada".into(), address };
    let items = vec![ReservedItem { product_id, count: 2, unit_price: Money::usd(1_000) }];
    let builder = Runtime::builder()
        .orchestrator(workflow::NEW_ORDER, workflow::new_order)
        .orchestrator(workflow::PAYMENT, workflow::payment);
    let builder = answers(builder, "GetShoppingCart", vec![CartItem { product_id, count: 2 }]);
    let builder = answers(builder, "GetUserDetails", user);
    let reservation = Reservation { reservation_id: Uuid::from_u128(7), items };
    let builder = answers(builder, "CheckAndReserveItems", reservation);
    let builder = answers(builder, "CalculateShippingCost", Money::usd(600));
    let builder = answers(builder, "CalculateFinalCost", Money::usd(2_600));
    let builder = answers(builder, "StartPayment", ());
    answers(builder, "SendShippingOrder", Shipment { shipment_id: Uuid::from_u128(8) })
}

/// An order whose customer pays once the provider was asked.
async fn paid(client: Client) -> InstanceId {
    let order = StartOrder {
        correlation_id: Uuid::from_u128(1),
        shopping_cart_id: Uuid::from_u128(2),
        user_id: Uuid::from_u128(3),
        payment_timeout_seconds: 60,
    };
    let id = client.start(workflow::NEW_ORDER, &order).await.unwrap();
    let payment = InstanceId::trusted(&payment_id(id.as_str()));
    let asked = async || match client.history(&payment).await {
        Ok(history) => history.iter().any(|event| matches!(event.kind, EventKind::TaskCompleted { .. })),
        Err(_) => false, // not there yet
    };
    until("the provider is asked", asked).await;
    client.raise_event(&payment, PAYMENT_SUCCESS, &()).await.unwrap();
    id
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_runs_connected_as_it_runs_embedded() {
    let run = same(offers, paid).await;
    assert_eq!(run.status, Status::Completed, "{run:?}");
    let result: OrderResult = serde_json::from_str(run.output.as_ref().unwrap().as_str()).unwrap();
    assert_eq!(result.payment, PaymentOutcome::Paid);
    assert_eq!(result.shipment_id, Some(Uuid::from_u128(8)));
    assert_eq!(run.custom_status.as_ref().map(Payload::as_str), Some("\"Completed\""));
    assert_eq!(run.kinds.iter().filter(|kind| *kind == "TaskCompleted").count(), 6);
}
