//! The program is killed again and again while purchases are made: none is lost, and the inventory is right.
//!
//! `PARTITA_KILLS` and `PARTITA_SEED` set how often, and the moments.

use crate::app::App;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::time::Duration;

const PRODUCTS: u64 = 50;
const FIRST_STOCK: u64 = 1000;

/// Starts one purchase after another; what is not acknowledged is asked for again under the same id.
async fn buy(url: &str, next: &AtomicU64, stop: &AtomicBool, bought: &Mutex<BTreeMap<String, String>>) {
    let client = reqwest::Client::new();
    while !stop.load(SeqCst) {
        let number = next.fetch_add(1, SeqCst);
        let product = format!("lamp {}", number % PRODUCTS);
        let id = format!("purchase-{number}");
        let body = json!({"id": id, "input": {"transaction": "Purchase", "product": product}});
        loop {
            let asked = client.post(format!("{url}/api/v1/workflows/transaction/instances")).json(&body);
            match asked.timeout(Duration::from_secs(5)).send().await.map(|answer| answer.status().as_u16()) {
                Ok(200..=202 | 409) => break,
                Ok(status @ 400..=499) if status != 429 && status != 404 => panic!("{id}: {status}"),
                _ => tokio::time::sleep(Duration::from_millis(5)).await,
            }
        }
        bought.lock().unwrap().insert(id.clone(), product);
        let waits = client.get(format!("{url}/api/v1/instances/{id}/wait?waitFor=end&timeout=2"));
        let _ = waits.timeout(Duration::from_secs(3)).send().await; // do not let the work run away
    }
}

fn number_from(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

#[test]
fn no_purchase_is_lost_over_many_kills() {
    let kills = number_from("PARTITA_KILLS", 15);
    let seed = number_from("PARTITA_SEED", std::process::id().into());
    eprintln!("again with: PARTITA_SEED={seed} PARTITA_KILLS={kills}");
    let mut app = App::transaction(|_| {});
    let (url, next, stop, bought) = (app.url(), AtomicU64::new(0), AtomicBool::new(false), Mutex::default());
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let tokio = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            tokio.block_on(futures::future::join_all((0..6).map(|_| buy(&url, &next, &stop, &bought))));
        });
        let mut random = seed;
        for _ in 0..kills {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            std::thread::sleep(Duration::from_millis(300 + (random >> 33) % 1500));
            app.kill_and_restart();
        }
        std::thread::sleep(Duration::from_secs(1));
        stop.store(true, SeqCst);
    });
    let bought = bought.into_inner().unwrap();
    eprintln!("{} purchases over {kills} kills", bought.len());
    assert!(bought.len() as u64 > 2 * kills, "too little work for a test: {}", bought.len());
    let mut sold: BTreeMap<&str, u64> = BTreeMap::new();
    for (id, product) in &bought {
        let shown = app.ended(id);
        assert_eq!(shown["status"], "Completed", "{shown}");
        assert_eq!(shown["output"]["purchase"]["message"], format!("Purchase of {product} succeeded"));
        let number = shown["output"]["shipment"]["number"].as_u64();
        assert!(number.is_some(), "{shown}");
        *sold.entry(product).or_default() += 1;
    }
    let shipped = query(&app, "SELECT order_id FROM shipment");
    assert_eq!(shipped.len(), bought.len(), "every purchase was shipped once");
    let stock = query(&app, "SELECT product, left FROM stock");
    let left: BTreeMap<String, u64> =
        stock.iter().map(|row| (row[0].as_str().unwrap().to_owned(), row[1].as_u64().unwrap())).collect();
    let expected: BTreeMap<String, u64> =
        sold.iter().map(|(product, sold)| ((*product).to_owned(), FIRST_STOCK - sold)).collect();
    assert_eq!(left, expected, "the inventory");
}

/// Asks the inventory, with Python's own SQLite.
fn query(app: &App, sql: &str) -> Vec<Value> {
    let database = app.path(".partita/function-data/inventory/inventory.db");
    let script = "import json, sqlite3, sys\nprint(json.dumps(sqlite3.connect(sys.argv[1]).execute(sys.argv[2]).fetchall()))";
    let output = Command::new("python3").args(["-c", script]).arg(database).arg(sql).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}
