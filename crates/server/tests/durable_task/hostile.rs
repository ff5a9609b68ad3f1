//! Nonsense gets a clear status and harms nobody.

use crate::site::{Site, call, done};
use partita_api::durable_task::proto;
use partita_engine::kernel::InstanceId;
use tonic::Code;

#[tokio::test]
async fn tokens_cannot_be_made_up() {
    let site = Site::open().await;
    site.start("W", "w").await;
    let mut worker = site.worker(Default::default()).await;
    let turn = worker.turn().await;
    let (job, signature) = turn.token.split_once('.').unwrap();
    for token in
        ["x".to_owned(), format!("{job}."), format!("{job}.{}", "0".repeat(32)), format!("7.{signature}")]
    {
        let response =
            proto::OrchestratorResponse { completion_token: token, ..turn.answer(vec![done(1, "forged")]) };
        let status = worker.hub.complete_orchestrator_task(response).await.unwrap_err();
        assert_eq!(status.code(), Code::NotFound, "{status}");
    }
    let activity = proto::ActivityResponse { completion_token: turn.token.clone(), ..Default::default() };
    let status = worker.hub.complete_activity_task(activity).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument, "{status}");
    let unknown = proto::ActivityResponse { instance_id: "nobody".into(), task_id: 1, ..Default::default() };
    let status = worker.hub.complete_activity_task(unknown).await.unwrap_err();
    assert_eq!(status.code(), Code::NotFound, "{status}");
    worker.complete(turn.answer(vec![done(1, "1")])).await;
    assert_eq!(site.end("w").await.output.as_deref(), Some("1"));
}

#[tokio::test]
async fn an_answer_that_makes_no_sense_is_a_failed_turn() {
    let site = Site::with(|_| {}, |config| config.turn_attempts = 2).await;
    site.start("W", "w").await;
    let mut worker = site.worker(Default::default()).await;
    for _ in 0..2 {
        let turn = worker.turn().await;
        let status = worker.hub.complete_orchestrator_task(turn.answer(vec![call(1, "")])).await.unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument);
        assert_eq!(status.message(), "actions[0].scheduleTask.name: it is empty");
    }
    let reason = site.set_aside("w").await;
    assert!(reason.message.contains("actions[0].scheduleTask.name"), "{reason}");
    site.engine.resume(&InstanceId::trusted("w"), None).await.unwrap();
    let turn = worker.turn().await;
    worker.complete(turn.answer(vec![done(1, "1")])).await;
    assert_eq!(site.end("w").await.output.as_deref(), Some("1"));
}

#[tokio::test]
async fn a_million_actions_and_a_hundred_megabytes() {
    let site = Site::with(|_| {}, |config| config.limits.commands = 1000).await;
    for id in ["many", "large"] {
        site.start("W", id).await;
    }
    let mut worker = site.worker(Default::default()).await;
    let (first, second) = (worker.turn().await, worker.turn().await);
    let actions = vec![proto::OrchestratorAction::default(); 1_000_000];
    let status = worker.hub.complete_orchestrator_task(first.answer(actions)).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument, "{status}");
    let large = "x".repeat(100 << 20);
    let status =
        worker.hub.complete_orchestrator_task(second.answer(vec![done(1, &large)])).await.unwrap_err();
    assert_eq!(status.code(), Code::OutOfRange, "{status}");
    let id = second.request.instance_id.clone();
    worker.complete(second.answer(vec![done(1, "1")])).await;
    assert_eq!(site.end(&id).await.output.as_deref(), Some("1"));
}

#[tokio::test]
async fn what_is_not_there_says_so() {
    let site = Site::open().await;
    let mut hub = site.hub().await;
    let status = hub.create_task_hub(proto::CreateTaskHubRequest::default()).await.unwrap_err();
    assert_eq!((status.code(), status.message().is_empty()), (Code::Unimplemented, false));
    let asks = proto::StreamInstanceHistoryRequest { instance_id: "nobody".into(), ..Default::default() };
    assert_eq!(hub.stream_instance_history(asks).await.unwrap_err().code(), Code::NotFound);
    let query = proto::InstanceQuery { runtime_status: vec![99], ..Default::default() };
    let status = hub.query_instances(proto::QueryInstancesRequest { query: Some(query) }).await.unwrap_err();
    assert_eq!(status.message(), "query.runtimeStatus: 99 is not the number of a status (0 to 7)");
}
