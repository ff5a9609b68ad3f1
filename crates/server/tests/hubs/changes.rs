//! Making and deleting hubs, and what is refused.

use crate::site::{DEV, Site};
use futures::future::join_all;
use serde_json::Value;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hub_that_is_not_there_is_made_by_whoever_uses_it_only_where_that_is_allowed() {
    let site = Site::open("").await;
    let told = site.start("shop", "ofapp", "x").await.problem(404, "hub-not-found");
    assert_eq!(told, "there is no task hub \"shop\"; there are default. `partita hub create shop` makes it");
    assert_eq!(site.put_hub("Shop").await.ok(201)["name"], "shop");
    assert_eq!(site.put_hub("shop").await.status, 200);
    assert_eq!(site.get("/api/v1/counts", "SHOP").await.status, 200);
    assert!(site.get("/api/v1/counts", "b").await.problem(404, "hub-not-found").contains("default, shop"));

    let site = Site::open(DEV).await;
    site.get("/api/v1/counts", "shop").await.problem(404, "hub-not-found");
    assert_eq!(site.names().await, ["default"], "reading makes nothing");
    site.start("shop", "ofapp", "x").await.problem(404, "workflow-not-found");
    assert_eq!(site.names().await, ["default", "shop"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_default_hub_is_meant_by_its_names_and_by_none() {
    let site = Site::open("[durable-functions]\ntask-hub = \"MyHub\"\n").await;
    site.start("", "ofapp", "x").await.ok(202);
    for name in ["", "default", "DEFAULT", "myhub"] {
        assert_eq!(site.get("/api/v1/instances/x", name).await.status, 200, "{name:?}");
    }
    assert_eq!(site.put_hub("myhub").await.ok(200)["name"], "default");
    site.delete_hub("default").await.problem(409, "hub-in-use");
    site.delete_hub("MyHub").await.problem(409, "hub-in-use");
    assert_eq!(site.names().await, ["default"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bad_names_and_contradictions_are_refused() {
    let site = Site::open(DEV).await;
    for bad in ["9lives", "a.b", "-", &"x".repeat(46)] {
        let told = site.start(bad, "ofapp", "x").await.problem(400, "invalid");
        assert!(told.contains("begins with a letter"), "{told}");
        assert_eq!(site.put_hub(bad).await.status, 400);
    }
    let told = site.get("/api/v1/counts?taskhub=a", "b").await.problem(400, "invalid");
    assert!(told.contains("name one"), "{told}");
    assert_eq!(site.names().await, ["default"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_of_other_sites_make_no_hubs() {
    let site = Site::open(DEV).await;
    for (header, value) in [("host", "evil.example"), ("origin", "http://evil.example")] {
        let request = reqwest::Client::new().post(format!("{}/api/v1/bulk/suspend", site.base));
        let response = request.header("taskhub", "made").header(header, value).send().await.unwrap();
        assert_eq!(response.status(), 403, "{header}");
    }
    assert_eq!(site.names().await, ["default"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn there_are_no_more_than_allowed() {
    let site = Site::open(&format!("{DEV}max = 2\n")).await;
    assert_eq!(site.put_hub("a").await.status, 201);
    assert_eq!(site.put_hub("b").await.status, 201);
    let told = site.put_hub("c").await.problem(403, "too-many-hubs");
    assert!(told.contains("there are 2 task hubs") && told.contains("hubs.max"), "{told}");
    site.start("c", "ofapp", "x").await.problem(403, "too-many-hubs");
    assert_eq!(site.put_hub("b").await.status, 200);
    assert_eq!(site.delete_hub("a").await.status, 204);
    assert_eq!(site.put_hub("c").await.status, 201);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_first_requests_make_one_hub() {
    let site = Site::open(DEV).await;
    let first = (0..20).map(|_| site.start("busy", "nothing", "x"));
    for got in join_all(first).await {
        got.problem(404, "workflow-not-found");
    }
    assert_eq!(site.names().await, ["default", "busy"]);
    // Many at once also see one another's deletion.
    let mixed = (0..20).map(async |round| match round % 2 {
        0 => site.put_hub("busy").await.status,
        _ => site.delete_hub("busy").await.status,
    });
    for (round, status) in join_all(mixed).await.into_iter().enumerate() {
        let allowed: &[u16] = if round % 2 == 0 { &[200, 201] } else { &[204, 404] };
        assert!(allowed.contains(&status), "{round}: {status}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hub_is_deleted_with_everything_and_begins_anew() {
    let site = Site::open(DEV).await;
    site.machine("a", "Nap", 3600).await;
    site.start("a", "Nap", "x").await.ok(202);
    assert!(site.folder("a").join("partita.db").is_file());
    let told = site.delete_hub("a").await.problem(409, "hub-in-use");
    assert!(told.contains("has 1 instances that have not ended") && told.contains("--force"), "{told}");
    assert_eq!(site.get("/api/v1/instances/x", "a").await.status, 200, "a refusal changes nothing");

    let waits = site.get("/api/v1/instances/x/wait?timeout=60", "a");
    let deletes = site.ask("DELETE", "/api/v1/hubs/a?force=true", "", Value::Null);
    let (waited, deleted) = tokio::join!(waits, deletes);
    assert_eq!(deleted.status, 204, "{deleted:?}");
    assert_ne!(waited.status, 200, "whoever waits is told at once: {waited:?}");
    assert!(!site.folder("a").exists());
    site.delete_hub("a").await.problem(404, "hub-not-found");
    site.get("/api/v1/counts", "a").await.problem(404, "hub-not-found");
    site.machine("a", "Other", 0).await;
    site.get("/api/v1/instances/x", "a").await.problem(404, "instance-not-found");
    site.start("a", "Nap", "x").await.problem(404, "workflow-not-found");
    let site = site.restart().await;
    assert_eq!(site.names().await, ["default", "a"]);
}
