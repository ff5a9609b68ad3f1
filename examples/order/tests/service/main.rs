//! The order service and the shop as they are run, over HTTP, through every kind of day.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)] // what is not as expected fails the test

mod place;

use order_example::shop::{ChargeState, Ledger};
use place::{Place, SESSION};
use serde_json::{Value, json};
use std::time::Duration;

/// What a ledger shows: reservations, those released, charges, shipments.
fn effects(ledger: &Ledger) -> [usize; 4] {
    let released = ledger.reservations.iter().filter(|reserved| reserved.released).count();
    [ledger.reservations.len(), released, ledger.charges.len(), ledger.shipments.len()]
}

const SHIPPED: [usize; 4] = [1, 0, 1, 1];
const RELEASED: [usize; 4] = [1, 1, 1, 0];

#[tokio::test]
async fn a_paid_order_is_shipped() {
    let place = Place::open(&[]).await;
    let started = place.start_order().await;
    let id = started["id"].as_str().unwrap();
    let ended = place.end(id).await;
    assert_eq!(ended["runtimeStatus"], "Completed", "{ended}");
    let ledger = place.ledger().await;
    assert_eq!(effects(&ledger), SHIPPED);
    assert_eq!(ledger.charges[0].state, ChargeState::Collected);
    assert_eq!(
        ended["output"],
        json!({
            "payment": "paid",
            "price": { "cents": 7149, "currency": "USD" },
            "reservationId": ledger.reservations[0].reservation_id,
            "shipmentId": ledger.shipments[0].shipment_id,
        })
    );
    assert_eq!(place.get(&format!("/order/{id}/status")).await, (200, json!("Completed")));
    let answer = place.http.get(started["statusQueryGetUri"].as_str().unwrap()).send().await.unwrap();
    assert_eq!(answer.json::<Value>().await.unwrap()["customStatus"], "Completed");
}

#[tokio::test]
async fn a_refused_payment_releases_the_reservation() {
    let place = Place::open(&[]).await;
    place.behave(json!({ "service": "payment", "reject": true })).await;
    let ended = place.end(&place.start().await).await;
    assert_eq!(
        (&ended["output"]["payment"], &ended["output"]["shipmentId"]),
        (&json!("refused"), &Value::Null)
    );
    let ledger = place.ledger().await;
    assert_eq!(effects(&ledger), RELEASED);
    assert!(ledger.stock.values().all(|stock| *stock == 1000), "{:?}", ledger.stock);
}

#[tokio::test]
async fn silence_releases_the_reservation_in_time() {
    let place = Place::open(&[("PAYMENT_TIMEOUT_SECONDS", "2")]).await;
    place.behave(json!({ "service": "payment", "silent": true })).await;
    let id = place.start().await;
    let ended = place.end(&id).await;
    assert_eq!(ended["output"]["payment"], "timedOut");
    assert_eq!(effects(&place.ledger().await), RELEASED);
    assert_eq!(place.get(&format!("/order/{id}/payment-accepted")).await.0, 410, "it comes too late");
}

#[tokio::test]
async fn a_service_that_fails_twice_does_not_stop_an_order() {
    let place = Place::open(&[]).await;
    place.behave(json!({ "service": "cart", "failTimes": 2 })).await;
    place.behave(json!({ "service": "shipments", "failTimes": 1, "status": 500 })).await;
    let ended = place.end(&place.start().await).await;
    assert_eq!(ended["runtimeStatus"], "Completed", "{ended}");
    let ledger = place.ledger().await;
    assert_eq!((effects(&ledger), ledger.requests["cart"], ledger.requests["shipments"]), (SHIPPED, 3, 2));
}

#[tokio::test]
async fn lost_answers_do_not_make_anything_happen_twice() {
    let place = Place::open(&[("REQUEST_TIMEOUT_MS", "700")]).await;
    place.behave(json!({ "service": "warehouse", "failTimes": 1, "after": true })).await;
    place.behave(json!({ "service": "payment", "failTimes": 1, "after": true, "silent": true })).await;
    place.behave(json!({ "service": "shipments", "delayMs": 1500 })).await;
    let id = place.start().await;
    place.until_status(&id, "AwaitingPayment").await;
    while place.ledger().await.requests.get("payment") != Some(&2) {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(place.get(&format!("/order/{id}/payment-accepted")).await.0, 200);
    while place.ledger().await.shipments.is_empty() {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    place.behave(json!({ "service": "shipments" })).await;
    assert_eq!(place.end(&id).await["runtimeStatus"], "Completed");
    let ledger = place.ledger().await;
    assert_eq!(effects(&ledger), SHIPPED);
    assert_eq!((ledger.requests["warehouse"], ledger.requests["shipments"]), (2, 2));
}

#[tokio::test]
async fn a_service_that_fails_for_good_fails_the_order_and_a_rewind_finishes_it() {
    let place = Place::open(&[]).await;
    place.behave(json!({ "service": "shipping", "failAlways": true })).await;
    let id = place.start().await;
    let failed = place.end(&id).await;
    assert_eq!(
        (&failed["runtimeStatus"], &failed["customStatus"]),
        (&json!("Failed"), &json!("CalculatingShipping"))
    );
    assert!(failed["output"].to_string().contains("the shipping service was told to fail"), "{failed}");
    assert_eq!(place.ledger().await.requests["shipping"], 3);
    place.behave(json!({ "service": "shipping" })).await;
    assert_eq!(
        place.post(&format!("/runtime/webhooks/durabletask/instances/{id}/rewind?reason=repaired")).await,
        202
    );
    place.until_status(&id, "Completed").await;
    let ledger = place.ledger().await;
    assert_eq!((effects(&ledger), ledger.requests["warehouse"]), (SHIPPED, 1));
}

#[tokio::test]
async fn what_the_warehouse_does_not_have_is_not_asked_for_again() {
    let place = Place::open(&[]).await;
    place.reset(1).await;
    let failed = place.end(&place.start().await).await;
    assert_eq!(failed["runtimeStatus"], "Failed");
    assert!(failed["output"].to_string().contains("2 of product"), "{failed}");
    assert_eq!((effects(&place.ledger().await), place.ledger().await.requests["warehouse"]), ([0; 4], 1));
}

#[tokio::test]
async fn a_killed_service_goes_on_waiting_for_the_payment() {
    let mut place = Place::open(&[]).await;
    place.behave(json!({ "service": "payment", "silent": true })).await;
    let mut orders = Vec::new();
    for _ in 0..5 {
        orders.push(place.start().await);
    }
    for id in &orders {
        place.until_status(id, "AwaitingPayment").await;
    }
    while place.ledger().await.charges.len() < 5 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    place.kill_service();
    place.start_service_again().await;
    for id in &orders {
        assert_eq!(place.get(&format!("/order/{id}/status")).await, (200, json!("AwaitingPayment")));
        assert_eq!(place.get(&format!("/order/{id}/payment-accepted")).await.0, 200);
        assert_eq!(place.end(id).await["output"]["payment"], "paid");
    }
    assert_eq!(effects(&place.ledger().await), SHIPPED.map(|count| count * 5));
}

#[tokio::test]
async fn a_service_killed_while_it_asks_asks_again_under_the_same_key() {
    let mut place = Place::open(&[("REQUEST_TIMEOUT_MS", "20000")]).await;
    place.behave(json!({ "service": "payment", "delayMs": 15_000, "callbackMs": 1_000 })).await;
    let id = place.start().await;
    while place.ledger().await.charges.is_empty() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    place.kill_service();
    place.behave(json!({ "service": "payment" })).await;
    place.start_service_again().await;
    assert_eq!(place.end(&id).await["output"]["payment"], "paid");
    assert_eq!(effects(&place.ledger().await), SHIPPED);
}

#[tokio::test]
async fn requests_that_make_no_sense_are_told_why() {
    let place = Place::open(&[]).await;
    for (path, reason) in [
        ("/order/start", "sessionId is missing"),
        ("/order/start/", "sessionId is missing"),
        ("/order/start/abc", "not a UUID"),
        ("/order/start/00000000-0000-0000-0000-000000000000", "empty UUID"),
    ] {
        let answer = place.http.post(format!("{}{path}", place.url)).send().await.unwrap();
        assert_eq!(answer.headers()["content-type"], "application/problem+json");
        let (status, problem) = (answer.status(), answer.json::<Value>().await.unwrap());
        assert_eq!((status.as_u16(), &problem["status"]), (400, &json!(400)), "{path}");
        assert!(problem["detail"].as_str().unwrap().contains(reason), "{path}: {problem}");
    }
    for path in ["/order/nobody/status", "/order/nobody/payment-accepted", "/order/nobody/payment-rejected"] {
        assert_eq!(place.get(path).await.0, 404, "{path}");
    }
    place.behave(json!({ "service": "cart", "delayMs": 2_000 })).await;
    let id = place.start().await;
    assert_eq!(place.get(&format!("/order/{id}/payment-accepted")).await.0, 409, "it was not asked for yet");
    assert_eq!(place.get(&format!("/order/{id}-payment/status")).await.0, 404, "a payment is not an order");
    place.end(&id).await;
    assert_eq!(place.get(&format!("/order/{id}/payment-rejected")).await.0, 410);
}

#[tokio::test]
async fn a_service_that_is_told_to_stop_stops_cleanly() {
    let mut place = Place::open(&[]).await;
    place.behave(json!({ "service": "payment", "silent": true })).await;
    let id = place.start().await;
    place.until_status(&id, "AwaitingPayment").await;
    assert_eq!(place.stop_service(), Some(0), "{}", place.log());
    place.start_service_again().await;
    assert_eq!(place.get(&format!("/order/{id}/payment-rejected")).await.0, 200);
    assert_eq!(place.end(&id).await["output"]["payment"], "refused");
    let answer =
        place.http.post(format!("{}/order/start/{SESSION}", place.url)).body("{\"user\":1}").send().await;
    assert_eq!(answer.unwrap().status(), 400);
}
