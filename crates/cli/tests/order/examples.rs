//! What comes of an order: it is paid, refused, or forgotten.

use crate::place::Place;
use crate::shop::Shop;
use order_example::shop::Ledger;
use serde_json::{Value, json};

/// All that customers see before it is their turn.
const UNTIL_PAYMENT: [&str; 6] = [
    "GettingProducts",
    "GettingAddress",
    "ReservingProducts",
    "CalculatingShipping",
    "CalculatingFinalPrice",
    "AwaitingPayment",
];

#[tokio::test(flavor = "multi_thread")]
async fn orders_in_python() {
    orders("order-python").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_in_javascript() {
    orders("order-js").await;
}

async fn orders(example: &'static str) {
    let (place, shop) = (Place::of(example).await, Shop::open().await);
    shop.slow(250).await;
    shop.behave(json!({ "service": "payment", "silent": true })).await;
    let _app = place.dev(&shop, 12).await;

    let forgotten = place.order().await.unwrap();
    let (paid, refused) = (place.order().await.unwrap(), place.order().await.unwrap());
    assert_eq!(place.statuses(&paid, "AwaitingPayment").await, UNTIL_PAYMENT);
    answer(&place, &paid, "payment-accepted").await;
    place.statuses(&refused, "AwaitingPayment").await;
    answer(&place, &refused, "payment-rejected").await;
    let (sent, kept) = (place.end(&paid).await, place.end(&refused).await);
    let late = place.end(&forgotten).await;

    assert_eq!(place.get(&format!("/order/{paid}/status")).await, (200, json!("Completed")));
    let ledger = shop.ledger().await;
    let [parcel] = &ledger.shipments[..] else { panic!("{:?}", ledger.shipments) };
    assert_eq!((parcel.order_id.as_str(), sent["output"]["payment"].as_str()), (paid.as_str(), Some("paid")));
    assert_eq!(sent["output"]["shipmentId"], parcel.shipment_id.to_string());
    for (shown, payment) in [(&kept, "refused"), (&late, "timed out")] {
        assert_eq!(shown["output"]["payment"], payment);
        assert_eq!(shown["output"]["shipmentId"], Value::Null);
        assert_eq!(shown["customStatus"], "Completed");
    }
    reservations(&ledger);
    assert_eq!(place.get("/order/nobody/status").await.0, 404);
}

/// The shop's payment provider calls the app's routes by GET.
async fn answer(place: &Place, id: &str, what: &str) {
    let (status, body) = place.get(&format!("/order/{id}/{what}")).await;
    assert!((200..300).contains(&status), "{status} {body}");
}

/// What was not paid is back in the warehouse.
fn reservations(ledger: &Ledger) {
    let parcel = &ledger.shipments[0];
    assert_eq!(ledger.reservations.len(), 3);
    for reservation in &ledger.reservations {
        assert_eq!(
            reservation.released,
            reservation.reservation_id != parcel.reservation_id,
            "{reservation:?}"
        );
    }
}
