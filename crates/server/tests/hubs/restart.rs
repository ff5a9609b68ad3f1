//! What is in hubs goes on after a restart, before anybody asks for it.

use crate::site::{PATIENCE, Site, to};
use partita_api::durable_task::proto::CreateInstanceRequest;
use partita_engine::WaitFor;
use partita_engine::kernel::{InstanceId, Status};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_timer_fires_in_a_hub_that_nobody_has_asked_for_since() {
    let site = Site::open("").await;
    site.put_hub("late").await.ok(201);
    site.machine("late", "Nap", 1).await;
    site.start("late", "Nap", "x").await.ok(202);
    let made = site.hub("late").unwrap().created_at();
    let site = site.restart().await;
    let hub = site.hub("late").expect("it is open");
    assert_eq!(hub.created_at(), made);
    let ended = hub.engine().wait(&InstanceId::trusted("x"), WaitFor::End, Some(PATIENCE)).await.unwrap();
    assert_eq!(ended.unwrap().status, Status::Completed);
    assert_eq!(site.get("/api/v1/hubs", "").await.ok(200)["hubs"][1]["unfinished"], 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn workers_and_what_they_are_expected_to_know_stay_with_their_hub() {
    let site = Site::open("").await;
    site.put_hub("a").await.ok(201);
    let start =
        CreateInstanceRequest { instance_id: "x".into(), name: "Theirs".into(), ..Default::default() };
    site.client().await.start_instance(to("a", start)).await.unwrap();
    let worker = site.worker("a").await;
    let site = site.restart().await;
    drop(worker);
    assert_eq!(site.start("a", "Theirs", "y").await.status, 202, "it is known from before");
    site.start("", "Theirs", "y").await.problem(404, "workflow-not-found");
    let mut items = site.worker("a").await;
    let mut turns = [crate::site::turn(&mut items).await.1, crate::site::turn(&mut items).await.1];
    turns.sort_by(|a, b| a.instance_id.cmp(&b.instance_id));
    assert_eq!(turns.map(|turn| turn.instance_id), ["x", "y"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hub_that_cannot_be_opened_is_named() {
    let site = Site::open("").await;
    site.put_hub("broken").await.ok(201);
    let database = site.folder("broken").join("partita.db");
    let (folder, _) = site.close().await;
    std::fs::write(&database, "this is no database, and longer than a header of one".repeat(100)).unwrap();
    let options =
        partita_server::node::NodeOptions { data: Some(folder.path().join("data")), ..Default::default() };
    let report = tokio::sync::mpsc::unbounded_channel().0;
    let opened = partita_server::node::Node::open(&partita_server::Config::default(), options, report).await;
    let told = opened.expect_err("it does not open").to_string();
    assert!(told.contains("the task hub \"broken\" cannot be opened"), "{told}");
}
