//! The store: shown, and checked while everything goes on.

use crate::support::{serve, serve_with, workflows};
use futures::future::select;
use partita_server::ServerOptions;
use partita_store::FaultyStore;
use partita_store_embedded::EmbeddedStore;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

#[tokio::test]
async fn a_store_in_memory_is_shown_and_cannot_be_checked() {
    let h = serve(ServerOptions::default()).await;
    let store = h.get("/api/v1/store").await.ok(200);
    assert_eq!((&store["kind"], &store["files"]), (&json!("memory"), &json!([])));
    assert_eq!((&store["backup"]["allowed"], store.get("lastCheck")), (&json!(false), None));
    h.post_empty("/api/v1/store/check").await.problem(501, "unsupported");
    h.get("/api/v1/store?x=1").await.problem(400, "invalid");
}

#[tokio::test]
async fn an_embedded_store_is_checked_while_it_is_used() {
    let (folder, backups) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let store = Arc::new(EmbeddedStore::open(folder.path(), Default::default()).unwrap());
    let backup_dir = Some(backups.path().to_owned());
    let h =
        serve_with(workflows().store(store), ServerOptions { backup_dir, ..ServerOptions::default() }).await;
    for id in ["a", "b", "c"] {
        h.ended("Echo", id).await;
    }
    let check = h.post_empty("/api/v1/store/check").await.ok(200);
    assert_eq!((&check["ok"], &check["problems"]), (&json!(true), &json!([])));
    let checked = &check["checked"];
    assert_eq!((&checked["instances"], &checked["complete"]), (&json!(3), &json!(true)));
    assert!(checked["events"].as_u64().unwrap() >= 12, "{check}");
    let shown = h.get("/api/v1/store").await.ok(200);
    assert_eq!((&shown["kind"], &shown["backup"]["allowed"]), (&json!("embedded"), &json!(true)));
    assert_eq!(shown["lastCheck"], json!({"at": check["at"], "ok": true, "problems": []}));
    let names: Vec<&Value> = shown["files"].as_array().unwrap().iter().map(|file| &file["name"]).collect();
    assert!(names.contains(&&json!("partita.db")), "{names:?}");
}

#[tokio::test]
async fn one_check_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(EmbeddedStore::open(folder.path(), Default::default()).unwrap());
    let store = Arc::new(FaultyStore::new(store));
    let h = serve_with(workflows().store(store.clone()), ServerOptions::default()).await;
    let held = store.hold_checks().await;
    let check = || Box::pin(h.post_empty("/api/v1/store/check"));
    let first = tokio::time::timeout(Duration::from_secs(20), select(check(), check())).await.unwrap();
    let (refused, waiting) = first.factor_first();
    refused.problem(409, "under-way");
    drop(held);
    waiting.await.ok(200);
    check().await.ok(200);
}
