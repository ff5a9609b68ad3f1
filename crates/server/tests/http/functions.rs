//! Functions: their figures, calls by hand.

use crate::support::{serve, serve_with, workflows};
use partita::{ActivityContext, Error, Result};
use partita_server::ServerOptions;
use serde_json::{Value, json};

async fn never(_: ActivityContext, _: Value) -> Result<Value> {
    std::future::pending().await
}
async fn breaks(_: ActivityContext, _: Value) -> Result<Value> {
    Err(Error::new("Broken", "it does not work"))
}
async fn panics(_: ActivityContext, _: Value) -> Result<Value> {
    panic!("on purpose")
}
async fn large(_: ActivityContext, bytes: usize) -> Result<String> {
    Ok("x".repeat(bytes))
}

fn all() -> partita::RuntimeBuilder {
    workflows()
        .activity("Never", never)
        .activity("Breaks", breaks)
        .activity("Panics", panics)
        .activity("Large", large)
}

#[tokio::test]
async fn calls_are_counted_by_function() {
    let h = serve(ServerOptions::default()).await;
    let calls = async || h.get("/api/v1/functions/Double").await.ok(200)["calls"].clone();
    assert_eq!(calls().await, json!({"running": 0, "total": 0, "failed": 0, "perSecond": 0.0}));
    h.start("Doubles", "d").await;
    h.end("d").await;
    let counted = calls().await;
    assert_eq!(
        (&counted["running"], &counted["total"], &counted["failed"]),
        (&json!(0), &json!(1), &json!(0))
    );
    assert!(counted["perSecond"].as_f64().unwrap() > 0.0, "{counted}");
    assert!(counted["p50Seconds"].as_f64().unwrap() > 0.0, "{counted}");
    let list = h.get("/api/v1/functions").await.ok(200);
    let double = list["functions"].as_array().unwrap().iter().find(|one| one["name"] == "Double").unwrap();
    assert_eq!((&double["kind"], &double["calls"]["total"]), (&json!("code"), &json!(1)));
    h.get("/api/v1/functions/Nothing").await.problem(404, "function-not-found");
}

#[tokio::test]
async fn a_function_is_called_by_hand() {
    let h = serve_with(all(), ServerOptions::default()).await;
    let invoke =
        async |name: &str, body: Value| h.post(&format!("/api/v1/functions/{name}/invoke"), body).await;
    let doubled = invoke("Double", json!({"payload": 21})).await.ok(200);
    assert_eq!((&doubled["outcome"], &doubled["output"]), (&json!("succeeded"), &json!(42)));
    assert_eq!((&doubled["logs"], doubled.get("call")), (&json!([]), None));
    for (name, error) in [("Breaks", "Broken"), ("Panics", "Panic")] {
        let failed = invoke(name, json!({})).await.ok(200);
        assert_eq!(failed["outcome"], "failed");
        assert!(failed["failure"]["errorType"].as_str().unwrap().contains(error), "{failed}");
    }
    let late = invoke("Never", json!({"timeoutSeconds": 0.05})).await.ok(200);
    assert_eq!((&late["outcome"], &late["failure"]["errorType"]), (&json!("failed"), &json!("TimedOut")));
    let never = h.get("/api/v1/functions/Never").await.ok(200);
    assert_eq!(never["calls"]["running"], 0, "a call that was given up does not run any more");
    assert_eq!(
        h.engine.count(&Default::default()).await.unwrap().total(),
        0,
        "no instance has to do with it"
    );
}

#[tokio::test]
async fn calls_by_hand_are_bounded() {
    let h = serve_with(all(), ServerOptions::default()).await;
    let invoke =
        async |name: &str, body: Value| h.post(&format!("/api/v1/functions/{name}/invoke"), body).await;
    for seconds in [json!(0), json!(-1), json!(300.1)] {
        invoke("Double", json!({"payload": 1, "timeoutSeconds": seconds})).await.problem(400, "invalid");
    }
    invoke("Double", json!({"input": 1})).await.problem(400, "malformed-json");
    invoke("Nothing", json!({})).await.problem(404, "function-not-found");
    let limit = h.engine.limits().payload_bytes;
    invoke("Double", json!({"payload": "x".repeat(limit)})).await.problem(413, "too-large");
    let large = invoke("Large", json!({"payload": limit - 2})).await.ok(200);
    assert_eq!(large["outcome"], "succeeded");
    let larger = invoke("Large", json!({"payload": limit - 1})).await.ok(200);
    assert_eq!(larger["outcome"], "failed");
}
