//! Triggers over HTTP.

use crate::support::{Harness, serve};
use partita_server::config::{Config, ConfigFile, Sources};
use serde_json::json;

const ID: &str = "0b8c2b0e-6a52-4d5c-9f4e-0c6f6f8a1b2c";

async fn server(text: &str) -> Harness {
    let file = ConfigFile::Text("partita.toml".into(), text.to_owned());
    let config = Config::load(&Sources { file, ..Sources::default() }).unwrap();
    serve(config.server_options()).await
}

async fn orders() -> Harness {
    server(
        r#"
        [[trigger]]
        route = "POST /order/start/{sessionId}"
        start = "Order"
        id = "{sessionId}"
        input = { session = "{sessionId}", order = "{body}", shop = "{shop}" }
        params.sessionId = "uuid"
        [[trigger]]
        route = "POST /order/{id}/payment-accepted"
        raise = "paid"
        instance = "{id}"
        [[trigger]]
        route = "GET /order/{id}/status"
        status = "custom"
        instance = "{id}"
        [[trigger]]
        route = "GET /order/{order}"
        status = "full"
        instance = "{order}"
        [[trigger]]
        route = "POST /lost"
        start = "Nobody"
        [[trigger]]
        route = "PUT /count"
        start = "Echo"
        params.n = ["int", "max:3"]
        input = "{n}"
        "#,
    )
    .await
}

#[tokio::test]
async fn an_order_from_its_start_to_its_end() {
    let h = orders().await;
    let got = h.post(&format!("/order/start/{ID}?shop=berlin"), json!({"item": 7})).await;
    let started = got.ok(202);
    assert_eq!(started["id"], ID);
    let uri = started["statusQueryGetUri"].as_str().unwrap();
    assert_eq!(got.header("location"), uri);
    h.get(uri.strip_prefix(&h.base).unwrap()).await.ok(202);
    h.waits(ID).await;
    assert_eq!(h.get(&format!("/order/{ID}/status")).await.ok(200), "waiting for payment");
    let full = h.get(&format!("/order/{ID}")).await.ok(200);
    assert_eq!(full["input"], json!({"session": ID, "order": {"item": 7}, "shop": "berlin"}));
    h.post(&format!("/order/start/{ID}"), json!({})).await.problem(409, "already-exists");
    h.post(&format!("/order/{ID}/payment-accepted"), json!({"eur": 7})).await.ok(202);
    h.end(ID).await;
    assert_eq!(h.get(&format!("/order/{ID}")).await.ok(200)["output"], json!({"eur": 7}));
    h.post(&format!("/order/{ID}/payment-accepted"), json!(1)).await.problem(410, "finished");
}

#[tokio::test]
async fn requests_that_do_not_fit() {
    let h = orders().await;
    let problem = h.post("/order/start/seven", json!({})).await.problem(400, "invalid");
    assert_eq!(
        (&problem["parameter"], &problem["detail"]),
        (&json!("sessionId"), &json!("sessionId=\"seven\" is not a UUID"))
    );
    h.post("/order/none/payment-accepted", json!(1)).await.problem(404, "instance-not-found");
    h.get("/order/none/status").await.problem(404, "instance-not-found");
    h.send(h.request("POST", &format!("/order/start/{ID}")).body("{")).await.problem(400, "malformed-json");
    h.get(&format!("/order/start/{ID}")).await.problem(405, "method-not-allowed");
    h.post_empty("/lost").await.problem(500, "internal");
    h.send(h.request("PUT", "/count")).await.problem(400, "invalid");
    h.send(h.request("PUT", "/count?n=1234")).await.problem(400, "invalid");
    h.send(h.request("PUT", "/count?n=x")).await.problem(400, "invalid");
    h.send(h.request("PUT", "/count?n=12")).await.ok(202);
}

#[tokio::test]
async fn uris_name_the_hub_that_was_configured() {
    let h = server(
        "[durable-functions]\ntask-hub = \"Hub\"\n[[trigger]]\nroute = \"POST /go\"\nstart = \"Echo\"\n",
    )
    .await;
    let got = h.post_empty("/go").await;
    assert!(
        got.header("location").ends_with("?taskHub=Hub&connection=Storage"),
        "{}",
        got.header("location")
    );
}

#[tokio::test]
async fn a_caller_can_wait_for_the_end() {
    let h = server(
        r#"
        [[trigger]]
        route = "POST /echo"
        start = "Echo"
        wait = "30s"
        [[trigger]]
        route = "POST /fail"
        start = "Fail"
        wait = "30s"
        [[trigger]]
        route = "POST /order/{id}"
        start = "Order"
        id = "{id}"
        wait = "1ms"
        "#,
    )
    .await;
    let got = h.post("/echo", json!({"a": 1})).await;
    assert_eq!(got.ok(200), json!({"a": 1}));
    let id = got.header("partita-instance");
    assert_eq!(h.get(&format!("/api/v1/instances/{id}")).await.ok(200)["status"], "Completed");
    let failed = h.post("/fail", json!(1)).await;
    let problem = failed.problem(502, "instance-failed");
    assert!(problem["detail"].as_str().unwrap().contains("it does not work"), "{problem}");
    let later = h.post("/order/slow", json!(1)).await;
    assert_eq!(later.ok(202)["id"], "slow");
    assert_eq!(later.header("partita-instance"), "slow");
}
