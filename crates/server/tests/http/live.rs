//! What happens, live; and what happened lately.

use crate::schema;
use crate::support::{Harness, serve, serve_with, workflows};
use futures::{Stream, StreamExt};
use partita_server::ServerOptions;
use partita_store::{FaultyStore, MemoryStore};
use serde_json::{Value, json};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

/// A stream of changes, read event by event.
struct Watching {
    chunks: Pin<Box<dyn Stream<Item = reqwest::Result<axum::body::Bytes>> + Send>>,
    text: String,
}

async fn watch(h: &Harness, query: &str) -> Watching {
    let request = h.request("GET", &format!("/api/v1/changes{query}"));
    let response = request.send().await.unwrap();
    assert_eq!(response.status().as_u16(), 200);
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    Watching { chunks: response.bytes_stream().boxed(), text: String::new() }
}

impl Watching {
    /// The next event of that name which passes; `None` when the stream ends.
    async fn next(&mut self, name: &str, passes: impl Fn(&Value) -> bool) -> Option<Value> {
        let schema = match name {
            "summary" => "Summary",
            "instances" => "InstancesChanged",
            _ => "InstanceDetail",
        };
        loop {
            while let Some((event, rest)) = self.text.split_once("\n\n") {
                let (event, rest) = (event.to_owned(), rest.to_owned());
                self.text = rest;
                let Some(data) = event.strip_prefix(&format!("event: {name}\ndata: ")) else { continue };
                let data: Value = serde_json::from_str(data).unwrap();
                if name != "gone" {
                    schema::conforms(schema, &data);
                }
                if passes(&data) {
                    return Some(data);
                }
            }
            let chunk = tokio::time::timeout(Duration::from_secs(20), self.chunks.next()).await;
            self.text.push_str(std::str::from_utf8(&chunk.expect("an event in time")?.unwrap()).unwrap());
        }
    }
}

#[tokio::test]
async fn the_summary_follows_what_happens() {
    let h = serve(ServerOptions::default()).await;
    h.waiting("o1").await;
    let mut watching = watch(&h, "").await;
    let first = watching.next("summary", |_| true).await.unwrap();
    assert_eq!(first["counts"], json!({"total": 1, "byStatus": {"Running": 1}}));
    assert_eq!(first["attention"]["setAside"], 0);
    h.ended("Doubles", "d1").await;
    let then = watching.next("summary", |it| it["counts"]["byStatus"]["Completed"] == 1).await.unwrap();
    assert_eq!(then["counts"]["total"], 2);
    let rates = &watching.next("summary", |it| it["rates"]["calls"] != 0.0).await.unwrap()["rates"];
    assert!(rates["completed"].as_f64().unwrap() > 0.0, "{rates}");
    // Whoever comes later hears at once how things stand.
    let mut late = watch(&h, "").await;
    assert_eq!(late.next("summary", |_| true).await.unwrap()["counts"]["total"], 2);
}

#[tokio::test]
async fn changes_of_instances_come_to_those_who_want_them() {
    let h = serve(ServerOptions::default()).await;
    let mut watching = watch(&h, "?instances=true").await;
    watching.next("summary", |_| true).await.unwrap();
    h.ended("Fail", "f1").await;
    let told = watching.next("instances", |it| it["changed"][0]["status"] == "Failed").await.unwrap();
    let row = &told["changed"][0];
    assert_eq!((&row["id"], &row["name"], &told["more"]), (&json!("f1"), &json!("Fail"), &json!(false)));
    assert_eq!((row.get("input"), row.get("failure")), (None, None), "payloads stay where they are");
    h.delete("/api/v1/instances/f1").await.ok(200);
    let told = watching.next("instances", |it| it["removed"][0] == "f1").await.unwrap();
    assert_eq!(told["changed"], json!([]));
    for number in 0..60 {
        h.start("Echo", &format!("many{number}")).await;
    }
    watching
        .next("instances", |it| it["more"] == true || it["changed"].as_array().unwrap().len() > 9)
        .await
        .unwrap();
}

#[tokio::test]
async fn one_instance_is_watched_to_its_end() {
    let h = serve(ServerOptions::default()).await;
    h.waiting("o 1").await;
    let mut watching = watch(&h, "?instance=o%201").await;
    let first = watching.next("instance", |_| true).await.unwrap();
    assert_eq!(
        (&first["status"], &first["customStatus"]),
        (&json!("Running"), &json!("waiting for payment"))
    );
    h.post("/api/v1/instances/o%201/events/paid", json!({"eur": 7})).await.ok(202);
    let last = watching.next("instance", |it| it["status"] == "Completed").await.unwrap();
    assert_eq!(last["output"], json!({"eur": 7}));
    h.delete("/api/v1/instances/o%201").await.ok(200);
    assert_eq!(watching.next("gone", |_| true).await.unwrap(), json!({"id": "o 1"}));
    let mut none = watch(&h, "?instance=none").await;
    assert_eq!(none.next("gone", |_| true).await.unwrap(), json!({"id": "none"}));
}

#[tokio::test]
async fn an_instance_is_watched_on_after_the_store_has_failed() {
    let store = Arc::new(FaultyStore::new(Arc::new(MemoryStore::new(1))));
    let h = serve_with(workflows().store(store.clone()), ServerOptions::default()).await;
    h.waiting("o1").await;
    store.refuse_loads(true);
    let mut watching = watch(&h, "?instance=o1").await;
    let refused = async {
        while store.refused_loads() == 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), refused).await.unwrap();
    store.refuse_loads(false);
    assert_eq!(watching.next("instance", |_| true).await.unwrap()["status"], "Running");
}

#[tokio::test]
async fn streams_end_with_the_server() {
    let h = serve(ServerOptions::default()).await;
    let mut watching = watch(&h, "?instances=true").await;
    watching.next("summary", |_| true).await.unwrap();
    h.stop.cancel();
    assert_eq!(watching.next("nothing", |_| true).await, None);
    h.served.await.unwrap();
}

#[tokio::test]
async fn series_have_a_value_for_each_step() {
    let h = serve(ServerOptions::default()).await;
    h.ended("Doubles", "d1").await;
    for (query, columns) in
        [("", 8), ("?workflow=Doubles", 6), ("?function=Double&span=day", 4), ("?function=none", 4)]
    {
        let got = h.get(&format!("/api/v1/series{query}")).await.ok(200);
        let series = got["series"].as_object().unwrap();
        assert_eq!(series.len(), columns, "{query}");
        let steps = got["at"].as_array().unwrap().len();
        assert!(series.values().all(|column| column.as_array().unwrap().len() == steps), "{got}");
    }
}

#[tokio::test]
async fn what_makes_no_sense_is_refused() {
    let h = serve(ServerOptions::default()).await;
    for bad in [
        "/api/v1/changes?all=true",
        "/api/v1/changes?instances=perhaps",
        "/api/v1/changes?instance=",
        "/api/v1/series?span=year",
        "/api/v1/series?workflow=a&function=b",
    ] {
        h.get(bad).await.problem(400, "invalid");
    }
}
