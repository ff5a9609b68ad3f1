//! The server and the workers are killed again and again while orders are under way: none is lost, none is shipped
//! twice.
//!
//! `PARTITA_KILLS`, `PARTITA_ORDERS` and `PARTITA_SEED` set how often, how many, and the moments.

use crate::place::{PATIENCE, Place, Process};
use crate::shop::Shop;
use order_example::shop::ChargeState;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

const WORKERS: usize = 2;

/// A small generator of numbers that look random (SplitMix64): the same for the same seed.
struct Random(u64);

impl Random {
    fn between(&mut self, least: u64, most: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        least + (z ^ (z >> 31)) % (most - least)
    }

    /// The moments are the test: it waits for nothing.
    async fn pause(&mut self, least: u64, most: u64) {
        tokio::time::sleep(Duration::from_millis(self.between(least, most))).await;
    }
}

fn number_from(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// Orders until one is acknowledged; says how many were not.
async fn order(place: Arc<Place>, after: Duration) -> (String, usize) {
    tokio::time::sleep(after).await;
    let (began, mut lost) = (Instant::now(), 0);
    loop {
        if let Some(id) = place.order().await {
            return (id, lost);
        }
        lost += 1;
        assert!(began.elapsed() < PATIENCE, "the server does not come back:\n{}", place.log());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_order_is_lost_over_many_kills() {
    let (kills, orders) = (number_from("PARTITA_KILLS", 5), number_from("PARTITA_ORDERS", 60));
    let seed = number_from("PARTITA_SEED", std::process::id().into());
    eprintln!("again with: PARTITA_SEED={seed} PARTITA_KILLS={kills} PARTITA_ORDERS={orders}");
    let mut random = Random(seed);
    let (place, shop) = (Arc::new(Place::of("order-python").await), Shop::open().await);
    shop.slow(100).await;
    shop.behave(json!({ "service": "payment", "callbackMs": 700 })).await;
    let mut server = place.serve(&shop);
    let mut workers: Vec<Process> = (0..WORKERS).map(|_| place.worker(&shop)).collect();
    place.until_workers(WORKERS).await;

    let mut ordering = JoinSet::new();
    for _ in 0..orders {
        let after = Duration::from_millis(random.between(0, 1500 * kills));
        ordering.spawn(order(place.clone(), after));
    }
    for kill in 0..kills {
        random.pause(300, 1800).await;
        server.kill();
        server = place.serve(&shop);
        random.pause(100, 900).await;
        let worker = &mut workers[usize::try_from(kill).unwrap() % WORKERS];
        worker.kill();
        *worker = place.worker(&shop);
    }
    let ordered = ordering.join_all().await;
    let lost: usize = ordered.iter().map(|(_, lost)| lost).sum();
    let acknowledged: BTreeSet<String> = ordered.into_iter().map(|(id, _)| id).collect();
    assert_eq!(acknowledged.len() as u64, orders, "no id was given out twice");

    let all = ended(&place).await;
    eprintln!("{} orders over {kills} kills, {lost} starts without an answer", all.len());
    assert!(acknowledged.iter().all(|id| all.contains_key(id)), "{acknowledged:?}\n{all:?}");
    assert!(all.len() - acknowledged.len() <= lost, "only what was asked for is there");
    check(&shop, &all).await;
}

/// All orders, once all have ended.
async fn ended(place: &Place) -> BTreeMap<String, Value> {
    let began = Instant::now();
    loop {
        let (_, list) = place.get("/api/v1/instances?name=NewOrder&limit=500&include=payloads").await;
        let list = list["instances"].as_array().unwrap_or_else(|| panic!("{list}")).clone();
        let open = list.iter().filter(|order| order["completedAt"].is_null()).count();
        if open == 0 {
            let count = list.len();
            let named: BTreeMap<_, _> =
                list.into_iter().map(|order| (order["id"].as_str().unwrap().to_owned(), order)).collect();
            assert_eq!(named.len(), count, "none is there twice");
            return named;
        }
        assert!(began.elapsed() < PATIENCE, "{open} orders do not end:\n{}", place.log());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Every order was paid once and sent once, and says so.
async fn check(shop: &Shop, orders: &BTreeMap<String, Value>) {
    let ledger = shop.ledger().await;
    let parcels: BTreeMap<&str, String> = ledger
        .shipments
        .iter()
        .map(|parcel| (parcel.order_id.as_str(), parcel.shipment_id.to_string()))
        .collect();
    assert_eq!((parcels.len(), ledger.shipments.len()), (orders.len(), orders.len()), "one parcel for each");
    for (id, order) in orders {
        assert_eq!(
            (&order["status"], &order["customStatus"]),
            (&json!("Completed"), &json!("Completed")),
            "{order}"
        );
        assert_eq!(order["output"]["payment"], "paid", "{order}");
        assert_eq!(order["output"]["shipmentId"], parcels[id.as_str()], "{order}");
        let charges: Vec<_> = ledger.charges.iter().filter(|charge| charge.order_id == *id).collect();
        let [charge] = charges[..] else { panic!("{id} was charged {} times", charges.len()) };
        assert_eq!(charge.state, ChargeState::Collected);
        assert_eq!(order["output"]["price"], serde_json::to_value(&charge.amount).unwrap());
    }
    assert_eq!(ledger.reservations.len(), orders.len(), "every reservation is an order's");
    assert!(ledger.reservations.iter().all(|reservation| !reservation.released));
}
