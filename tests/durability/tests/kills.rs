//! Kills the real server at random moments under load, and then holds it to its promises, knowing nothing
//! but the public API and the ledger that the activities wrote.
//!
//! `PARTITA_KILLS` and `PARTITA_SEED` set how often, and the moments.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::print_stderr)] // a test, helpers included

use futures::future::join_all;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::time::{Duration, Instant};
use tokio::process::{Child, Command};
use tokio::sync::{Mutex, watch};

/// A small generator of numbers that look random (SplitMix64): the same for the same seed.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % bound
    }
}

fn number_from(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

struct Supervisor {
    folder: PathBuf,
    child: Child,
    address: watch::Sender<String>,
}

impl Supervisor {
    async fn start(folder: &Path) -> Self {
        let (address, _) = watch::channel(String::new());
        let child = launch(folder).await;
        let supervisor = Self { folder: folder.to_owned(), child, address };
        supervisor.publish().await;
        supervisor
    }

    /// Waits until the server says where it listens.
    async fn publish(&self) {
        let path = self.folder.join("address");
        let began = Instant::now();
        loop {
            if let Ok(text) = std::fs::read_to_string(&path) {
                self.address.send_replace(text);
                return;
            }
            assert!(began.elapsed() < Duration::from_secs(60), "the server does not come up");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    /// SIGKILL, then a new server on the same store.
    async fn kill_and_restart(&mut self) -> Duration {
        self.child.kill().await.unwrap();
        std::fs::remove_file(self.folder.join("address")).unwrap();
        let began = Instant::now();
        self.child = launch(&self.folder).await;
        self.publish().await;
        began.elapsed()
    }
}

async fn launch(folder: &Path) -> Child {
    Command::new(env!("CARGO_BIN_EXE_partita-durability"))
        .arg(folder)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .kill_on_drop(true)
        .spawn()
        .unwrap()
}

/// A client that goes on whatever happens to the server.
#[derive(Clone)]
struct Api {
    http: reqwest::Client,
    address: watch::Receiver<String>,
}

impl Api {
    fn url(&self, path: &str) -> String {
        format!("http://{}/api/v1{path}", self.address.borrow().as_str())
    }

    /// Status and body, or nothing when the server was not there.
    async fn call(&self, method: &str, path: &str, body: Option<&Value>) -> Option<(u16, Value)> {
        let request =
            self.http.request(method.parse().unwrap(), self.url(path)).timeout(Duration::from_secs(20));
        let request = match body {
            Some(body) => request.json(body),
            None => request,
        };
        let response = request.send().await.ok()?;
        let status = response.status().as_u16();
        let text = response.text().await.ok()?;
        Some((status, serde_json::from_str(&text).unwrap_or(Value::Null)))
    }

    /// The body of an answer that must come, whatever happens meanwhile.
    async fn get(&self, path: &str) -> Value {
        loop {
            match self.call("GET", path, None).await {
                Some((200 | 202, body)) => return body,
                Some((404, _)) => return Value::Null,
                _ => tokio::time::sleep(Duration::from_millis(5)).await,
            }
        }
    }
}

#[derive(Default)]
struct Book {
    /// What was acknowledged: the workflow and its input.
    started: Mutex<HashMap<String, (&'static str, u64)>>,
    next: AtomicU64,
    stop: AtomicBool,
    refused: AtomicU64,
}

/// Starts one instance after another; what is not acknowledged is asked for again under the same id.
async fn load(api: Api, book: Arc<Book>, workflow: &'static str) {
    while !book.stop.load(SeqCst) {
        let number = book.next.fetch_add(1, SeqCst);
        let id = format!("{}-{number}", workflow.to_lowercase());
        let body = json!({"id": id, "input": number});
        loop {
            match api.call("POST", &format!("/workflows/{workflow}/instances"), Some(&body)).await {
                Some((202 | 201 | 200 | 409, _)) => break,
                Some((status, body)) if status < 500 && status != 429 => panic!("{status} {body}"),
                _ => {
                    book.refused.fetch_add(1, SeqCst);
                    tokio::time::sleep(Duration::from_millis(3)).await;
                }
            }
        }
        book.started.lock().await.insert(id.clone(), (workflow, number));
        // Do not let the work run away: go on when this one has ended.
        let path = format!("/instances/{id}/wait?waitFor=end&timeout=2");
        let _ = api.call("GET", &path, None).await;
    }
}

/// The payment provider: reads the ledger and raises the event for every even payment, until it is
/// acknowledged or pointless.
async fn provider(api: Api, book: Arc<Book>, ledger: PathBuf) {
    let mut paid = BTreeSet::new();
    let mut idle = 0;
    while idle < 400 {
        let before = paid.len();
        for call in read_ledger(&ledger) {
            if call.activity != "StartPayment" || call.value % 2 == 1 || !paid.insert(call.instance.clone()) {
                continue;
            }
            let path =
                format!("/instances/{}/events/payment-request-success", call.instance.replace(':', "%3A"));
            loop {
                match api.call("POST", &path, Some(&json!(call.value))).await {
                    Some((200..=299 | 410, _)) => break,
                    Some((404, body)) => panic!("the payment {} is gone: {body}", call.instance),
                    _ => tokio::time::sleep(Duration::from_millis(3)).await,
                }
            }
        }
        idle = if book.stop.load(SeqCst) && paid.len() == before { idle + 1 } else { 0 };
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

struct Call {
    activity: String,
    instance: String,
    key: String,
    value: u64,
}

fn read_ledger(path: &Path) -> Vec<Call> {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    let call = |line: &str| {
        let parts: Vec<&str> = line.split(' ').collect();
        Call {
            activity: parts[0].into(),
            instance: parts[1].into(),
            key: parts[2].into(),
            value: parts[3].parse().unwrap(),
        }
    };
    whole.lines().map(call).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_over_many_kills() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let kills = number_from("PARTITA_KILLS", 50);
    let seed = number_from("PARTITA_SEED", std::process::id().into());
    eprintln!("again with: PARTITA_SEED={seed} PARTITA_KILLS={kills} cargo test -p partita-durability");
    let mut random = Random(seed);
    let folder = tempfile::tempdir().unwrap();
    let mut supervisor = Supervisor::start(folder.path()).await;
    let api = Api { http: reqwest::Client::new(), address: supervisor.address.subscribe() };
    let book = Arc::new(Book::default());
    let ledger = folder.path().join("ledger");
    let mut loads = Vec::new();
    for n in 0..12 {
        let workflow = if n % 2 == 0 { "Sequence" } else { "Order" };
        loads.push(tokio::spawn(load(api.clone(), book.clone(), workflow)));
    }
    let paying = tokio::spawn(provider(api.clone(), book.clone(), ledger.clone()));
    let mut slowest = Duration::ZERO;
    for _ in 0..kills {
        tokio::time::sleep(Duration::from_micros(20_000 + random.below(400_000))).await;
        slowest = slowest.max(supervisor.kill_and_restart().await);
    }
    book.stop.store(true, SeqCst);
    for outcome in join_all(loads).await {
        outcome.unwrap();
    }
    paying.await.unwrap();
    let started = std::mem::take(&mut *book.started.lock().await);
    eprintln!("{} instances over {kills} kills; slowest restart {slowest:?}", started.len());
    assert!(started.len() as u64 > kills, "too little work for a test: {}", started.len());
    audit(&api, &started, &read_ledger(&ledger)).await;
}

async fn audit(api: &Api, started: &HashMap<String, (&'static str, u64)>, calls: &[Call]) {
    let by_key: BTreeMap<(&str, &str), u64> =
        calls.iter().map(|call| ((call.instance.as_str(), call.key.as_str()), call.value)).collect();
    for (id, (workflow, number)) in started {
        let path = format!("/instances/{id}/wait?waitFor=end&timeout=15");
        let mut view = api.get(&path).await;
        for _ in 0..4 {
            if view["status"] != "Running" && view["status"] != "Pending" {
                break;
            }
            view = api.get(&path).await;
        }
        let why = api.get(&format!("/instances/{id}/why")).await;
        assert_eq!(view["status"], "Completed", "{id} was acknowledged and did not finish: {view} {why}");
        let expected = match *workflow {
            "Sequence" => json!(number + 5),
            _ if (number + 5) % 2 == 0 => json!(format!("{} paid", number + 5)),
            _ => json!(format!("{} timed out", number + 5)),
        };
        assert_eq!(view["output"], expected, "{id}");
        audit_history(api, id, &by_key).await;
    }
    let counts = api.get("/counts").await;
    let orders = started.values().filter(|(workflow, _)| *workflow == "Order").count();
    let total: u64 =
        counts["byStatus"].as_object().map_or(0, |all| all.values().filter_map(Value::as_u64).sum());
    assert_eq!(total, (started.len() + orders) as u64, "nobody started anything else: {counts}");
}

/// Gap-free, each scheduled thing with one outcome, no timer early, and every result the one that a call
/// in the ledger gave.
async fn audit_history(api: &Api, id: &str, calls: &BTreeMap<(&str, &str), u64>) {
    let mut pending = vec![id.to_owned()];
    while let Some(id) = pending.pop() {
        let page = api.get(&format!("/instances/{}/history?limit=1000", id.replace(':', "%3A"))).await;
        let events = page["events"].as_array().unwrap_or_else(|| panic!("no history of {id}: {page}"));
        let (mut open, mut execution) = (BTreeMap::new(), String::new());
        for (index, event) in events.iter().enumerate() {
            assert_eq!(event["index"], index, "{id} has a gap");
            match event["type"].as_str().unwrap_or_default() {
                "ExecutionStarted" => {
                    execution = event["executionId"].as_str().unwrap_or_default().to_owned();
                }
                "TaskScheduled" | "TimerCreated" => drop(open.insert(event["id"].as_i64().unwrap(), event)),
                "SubOrchestrationCreated" => {
                    open.insert(event["id"].as_i64().unwrap(), event);
                    pending.push(event["instanceId"].as_str().unwrap().to_owned());
                }
                "TaskCompleted" => {
                    let task = event["taskId"].as_i64().unwrap();
                    let scheduled =
                        open.remove(&task).unwrap_or_else(|| panic!("{id}: two outcomes of {task}"));
                    let key = format!("{execution}-{task}");
                    let input = calls.get(&(id.as_str(), key.as_str()));
                    assert_eq!(scheduled["input"].as_u64(), input.copied(), "{id}: no call gave {event}");
                    if scheduled["name"] == "Add" {
                        assert_eq!(event["result"].as_u64(), input.map(|value| value + 1), "{id}: {event}");
                    }
                }
                "SubOrchestrationCompleted" => {
                    let task = event["taskId"].as_i64().unwrap();
                    assert!(open.remove(&task).is_some(), "{id}: two outcomes of {task}");
                }
                "TimerFired" => {
                    let timer = event["timerId"].as_i64().unwrap();
                    let created =
                        open.remove(&timer).unwrap_or_else(|| panic!("{id}: timer {timer} fired twice"));
                    let due: jiff::Timestamp = created["fireAt"].as_str().unwrap().parse().unwrap();
                    let fired: jiff::Timestamp = event["timestamp"].as_str().unwrap().parse().unwrap();
                    assert!(fired >= due, "{id}: timer {timer} fired early: {created} {event}");
                    let late = fired.duration_since(due).as_secs_f64();
                    assert!(late < 20.0, "{id}: timer {timer} fired {late} s late");
                }
                "TaskFailed" | "SubOrchestrationFailed" => panic!("{id}: {event}"),
                _ => {}
            }
        }
    }
}
