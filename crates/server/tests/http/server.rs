//! The server around the dialects: health, metrics, traces, who is let in, embedding, stopping.

use crate::support::{Harness, id_of, local, serve, serve_with, workflows};
use futures::StreamExt;
use partita_server::{ServeError, Server, ServerOptions, router};
use partita_store::{Fault, FaultyStore, MemoryStore};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

#[tokio::test]
async fn health() {
    let h = serve(ServerOptions::default()).await;
    h.get("/livez").await.ok(200);
    h.get("/readyz").await.ok(200);
    h.engine.shutdown(Duration::ZERO).await.unwrap();
    h.get("/livez").await.ok(200);
    let got = h.get("/readyz").await;
    got.problem(503, "not-ready");
    assert_eq!(got.header("retry-after"), "5");
    let got = h.post_empty("/api/v1/workflows/Echo/instances").await;
    got.problem(503, "not-ready");
    assert_eq!(got.header("retry-after"), "5");
}

#[tokio::test]
async fn a_full_store_refuses_and_keeps_nothing() {
    let store = Arc::new(FaultyStore::new(Arc::new(MemoryStore::new(1))));
    let h = serve_with(workflows().store(store.clone()), ServerOptions::default()).await;
    store.fail_next(Fault::full());
    let got = h.post("/api/v1/workflows/Echo/instances", json!({"id": "e1"})).await;
    got.problem(507, "store-full");
    assert_eq!(got.header("retry-after"), "30");
    h.get("/api/v1/instances/e1").await.problem(404, "instance-not-found");
}

#[tokio::test]
async fn overload_says_when_to_come_again() {
    let h =
        serve_with(workflows().configure(|config| config.concurrent_requests = 0), ServerOptions::default())
            .await;
    let got = h.post_empty("/api/v1/workflows/Echo/instances").await;
    got.problem(429, "overloaded");
    assert_eq!(got.header("retry-after"), "1");
}

#[tokio::test]
async fn metrics() {
    let h = serve(ServerOptions::default()).await;
    h.ended("Echo", "e1").await;
    h.get("/api/v1/instances/e1").await.ok(200);
    h.get("/api/v1/instances/x").await.problem(404, "instance-not-found");
    h.get("/runtime/webhooks/durabletask/instances/x?code=secret").await;
    h.get("/nothing").await;
    let got = h.get("/metrics").await;
    assert_eq!(got.header("content-type"), "text/plain; version=0.0.4; charset=utf-8");
    for line in [
        "partita_instances_started_total 1",
        "# TYPE partita_hot_instances gauge",
        "# TYPE partita_commit_seconds histogram",
        "partita_commit_seconds_bucket{le=\"0.00005\"}",
        "partita_commit_seconds_bucket{le=\"+Inf\"}",
        "partita_http_requests_total{method=\"GET\",route=\"/api/v1/instances/{id}\",status=\"200\"} 1",
        "partita_http_requests_total{method=\"GET\",route=\"/api/v1/instances/{id}\",status=\"404\"} 1",
        "partita_http_requests_total{method=\"GET\",route=\"durabletask/instances/{instanceId}\",status=\"404\"} 1",
        "partita_http_requests_total{method=\"GET\",route=\"unmatched\",status=\"404\"} 1",
        "partita_store_disk_bytes 0",
        "partita_ready 1",
        "partita_uptime_seconds ",
        "partita_build_info{version=\"",
    ] {
        assert!(got.text.contains(line), "{line} is not in\n{}", got.text);
    }
    assert!(!got.text.contains("secret"));
}

#[tokio::test]
async fn traces_come_in_and_go_out() {
    let h = serve(ServerOptions::default()).await;
    let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    for (path, id) in [
        ("/api/v1/workflows/Echo/instances", None),
        ("/runtime/webhooks/durabletask/orchestrators/Echo/t2", Some("t2")),
    ] {
        let request = h.request("POST", path).header("traceparent", parent).header("tracestate", "a=b");
        let got = h.send(request).await;
        assert_eq!(got.header("traceparent"), parent);
        let id = id.map_or_else(|| got.json()["id"].as_str().unwrap().to_owned(), str::to_owned);
        h.end(&id).await;
        let events = h.get(&format!("/api/v1/instances/{id}/history")).await.ok(200)["events"].clone();
        let mut events = events.as_array().unwrap().iter();
        let started = events.find(|event| event["type"] == "ExecutionStarted").unwrap();
        assert_eq!(started["trace"], json!({"parent": parent, "state": "a=b"}));
    }
    let got = h.send(h.request("GET", "/livez").header("traceparent", "nonsense")).await;
    assert_eq!(got.header("traceparent"), "");
}

#[tokio::test]
async fn only_this_machine_is_answered() {
    let h = serve(ServerOptions::default()).await;
    h.send(h.request("GET", "/livez").header("host", "evil.example")).await.problem(403, "wrong-host");
    let request =
        h.request("POST", "/api/v1/workflows/Echo/instances").header("origin", "http://evil.example");
    h.send(request).await.problem(403, "wrong-host");
    assert!(h.get("/livez").await.headers.get("access-control-allow-origin").is_none());
    let options = ServerOptions { listen: "0.0.0.0:0".parse().unwrap(), ..ServerOptions::default() };
    let refused = Server::bind(h.engine.clone(), options.clone()).await.unwrap_err();
    assert!(
        matches!(refused, ServeError::OpenToTheNetwork(_)) && refused.to_string().contains("127.0.0.1"),
        "{refused}"
    );
    let options = ServerOptions { allow_unauthenticated_network: true, ..options };
    Server::bind(h.engine.clone(), options).await.unwrap();
}

#[tokio::test]
async fn the_next_free_port_is_taken_in_development_alone() {
    let h = serve(ServerOptions::default()).await;
    let taken: u16 = h.base.rsplit(':').next().unwrap().parse().unwrap();
    let options = ServerOptions { listen: local(taken), ..ServerOptions::default() };
    let refused = Server::bind(h.engine.clone(), options.clone()).await.unwrap_err();
    assert!(matches!(refused, ServeError::InUse(_)), "{refused}");
    let server = Server::bind(h.engine.clone(), ServerOptions { next_ports: 50, ..options }).await.unwrap();
    assert!(server.address().port() > taken);
}

/// The events of a stream, as name and data.
async fn stream(h: &Harness, path: &str) -> impl futures::Stream<Item = (String, Value)> + Unpin + use<> {
    let response = h.request("GET", path).send().await.unwrap();
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let chunks = response.bytes_stream().map(|chunk| String::from_utf8(chunk.unwrap().to_vec()).unwrap());
    let events = chunks.flat_map(|chunk| {
        let events: Vec<_> = chunk.split("\n\n").filter(|event| event.contains("data:")).map(parse).collect();
        futures::stream::iter(events)
    });
    Box::pin(events)
}

fn parse(event: &str) -> (String, Value) {
    let of =
        |name: &str| event.lines().find_map(|line| line.strip_prefix(name)).unwrap_or("").trim().to_owned();
    (of("event:"), serde_json::from_str(&of("data:")).unwrap())
}

#[tokio::test]
async fn changes_come_live_until_the_end() {
    let h = serve(ServerOptions::default()).await;
    h.waiting("o1").await;
    let mut events = stream(&h, "/api/v1/instances/o1/events").await;
    let (name, data) = events.next().await.unwrap();
    assert_eq!((name.as_str(), &data["status"]), ("change", &json!("Running")));
    h.engine.raise_event(&id_of("o1"), "paid", None).await.unwrap();
    let rest: Vec<_> = events.collect().await;
    let last = rest.iter().rev().find(|(name, _)| name == "change").unwrap();
    assert_eq!((&last.1["status"], rest.last().unwrap().0.as_str()), (&json!("Completed"), "end"));
}

#[tokio::test]
async fn stopping_ends_long_polls_and_streams() {
    let h = serve(ServerOptions::default()).await;
    h.waiting("o1").await;
    let mut events = stream(&h, "/api/v1/instances/o1/events").await;
    events.next().await.unwrap();
    let poll = h.request("GET", "/api/v1/instances/o1/wait?timeout=300").send();
    let stop = async {
        tokio::task::yield_now().await;
        h.stop.cancel();
        events.next().await
    };
    let (poll, end) = tokio::join!(poll, stop);
    assert!(end.is_none(), "{end:?}");
    // It was answered, or it came too late to be let in.
    assert!(poll.map_or(true, |response| response.status() == 202));
    h.served.await.unwrap();
}

#[tokio::test]
async fn the_router_can_be_nested_and_merged() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let engine = workflows().start().await.unwrap().engine().clone();
    let own = axum::Router::new().route("/mine", axum::routing::get(|| async { "mine" }));
    let nested = own.clone().nest("/flows", router(engine.clone(), ServerOptions::default()));
    let merged = own.merge(router(engine, ServerOptions::default()));
    for (app, prefix) in [(nested, "/flows"), (merged, "")] {
        let listener = tokio::net::TcpListener::bind(local(0)).await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        let client = reqwest::Client::new();
        assert_eq!(client.get(format!("{base}/mine")).send().await.unwrap().text().await.unwrap(), "mine");
        let url = format!("{base}{prefix}/api/v1/workflows/Echo/instances");
        let started: Value = client.post(url).send().await.unwrap().json().await.unwrap();
        let link = started["links"]["instance"].as_str().unwrap();
        assert!(link.starts_with(&format!("{base}{prefix}/api/v1/instances/")), "{link}");
        assert_eq!(client.get(link).send().await.unwrap().status(), 200);
        let url = format!("{base}{prefix}/runtime/webhooks/durabletask/orchestrators/Echo?x=%20");
        let started: Value = client.post(url).send().await.unwrap().json().await.unwrap();
        let link = started["statusQueryGetUri"].as_str().unwrap();
        assert!(
            link.starts_with(&format!("{base}{prefix}/runtime/webhooks/durabletask/instances/")),
            "{link}"
        );
        assert!(client.get(link).send().await.unwrap().status().is_success());
        let missing = client.get(format!("{base}{prefix}/nothing")).send().await.unwrap();
        assert_eq!(missing.headers()["content-type"], "application/problem+json");
    }
}

#[tokio::test]
async fn own_routes_stand_beside_the_servers() {
    let engine = workflows().start().await.unwrap().engine().clone();
    let server =
        Server::bind(engine, ServerOptions { listen: local(0), ..ServerOptions::default() }).await.unwrap();
    let base = format!("http://{}", server.address());
    let server = server.merge(axum::Router::new().route("/mine", axum::routing::get(|| async { "mine" })));
    tokio::spawn(server.serve(std::future::pending()));
    let _ = rustls::crypto::ring::default_provider().install_default();
    assert_eq!(reqwest::get(format!("{base}/mine")).await.unwrap().text().await.unwrap(), "mine");
}

#[tokio::test]
async fn browsers_get_the_console_and_programs_do_not() {
    let h = serve(ServerOptions::default()).await;
    for path in ["/", "/instances?q=status%3AFailed", "/nothing/here"] {
        let got = h.send(h.request("GET", path).header("accept", "text/html,*/*;q=0.8")).await;
        assert_eq!((got.status, got.header("content-type")), (200, "text/html; charset=utf-8"), "{path}");
        assert!(got.header("content-security-policy").starts_with("default-src 'self';"));
        assert!(got.text.contains("Partita"), "{}", got.text);
    }
    h.get("/").await.problem(405, "method-not-allowed");
    h.get("/nothing/here").await.problem(404, "no-route");
    let none = serve(ServerOptions { console: false, ..ServerOptions::default() }).await;
    none.send(none.request("GET", "/x").header("accept", "text/html")).await.problem(404, "no-route");
}

#[tokio::test]
async fn settings_are_shown_with_where_they_come_from() {
    let sources = partita_server::config::Sources {
        flags: Vec::from([("bulk-limit".to_owned(), "7".to_owned())]),
        ..partita_server::config::Sources::default()
    };
    let config = partita_server::config::Config::load(&sources).unwrap();
    let h = serve(config.server_options()).await;
    let got = h.get("/api/v1/configuration").await.ok(200);
    let settings = got["settings"].as_array().unwrap();
    let find = |key: &str| settings.iter().find(|setting| setting["key"] == key).unwrap();
    assert_eq!(
        (&find("bulk-limit")["value"], &find("bulk-limit")["origin"]),
        (&json!("7"), &json!("command line"))
    );
    assert_eq!(find("console")["origin"], "default");
}
