//! Streams that are lost, limits, large histories, answers in parts.

use crate::site::{PATIENCE, Site, Worker, call, done, filtered};
use partita_api::durable_task::proto;
use partita_api::durable_task::proto::history_event::EventType;
use partita_api::durable_task::proto::work_item::Request;
use partita_engine::kernel::InstanceId;
use serde_json::Value;
use std::time::Duration;
use tonic::Code;

#[tokio::test]
async fn a_turn_has_what_the_sdks_insist_on() {
    let site = Site::open().await;
    site.start("W", "w").await;
    let mut worker = site.worker(Default::default()).await;
    let turn = worker.turn().await;
    let kinds = |events: &[proto::HistoryEvent]| -> Vec<(i32, String)> {
        let kind = |event: &proto::HistoryEvent| format!("{:?}", event.event_type.as_ref().unwrap());
        let name = |text: String| text.split('(').next().unwrap().to_owned();
        events.iter().map(|event| (event.event_id, name(kind(event)))).collect()
    };
    let named = |events: &[(i32, &str)]| -> Vec<(i32, String)> {
        events.iter().map(|(id, name)| (*id, (*name).to_owned())).collect()
    };
    assert!(turn.request.past_events.is_empty());
    assert_eq!(
        kinds(&turn.request.new_events),
        named(&[(-1, "OrchestratorStarted"), (-1, "ExecutionStarted")])
    );
    worker.complete(turn.answer(vec![call(1, "a")])).await;
    let (token, activity) = worker.activity().await;
    assert_eq!((activity.name.as_str(), activity.task_id, activity.input.as_deref()), ("a", 1, Some("2")));
    let response = proto::ActivityResponse {
        instance_id: "w".into(),
        task_id: 1,
        completion_token: token,
        result: Some("not json".into()),
        ..Default::default()
    };
    worker.hub.complete_activity_task(response).await.unwrap();
    let turn = worker.turn().await;
    let past = [
        (-1, "OrchestratorStarted"),
        (-1, "ExecutionStarted"),
        (1, "TaskScheduled"),
        (-1, "OrchestratorCompleted"),
    ];
    assert_eq!(kinds(&turn.request.past_events), named(&past));
    assert_eq!(kinds(&turn.request.new_events), named(&[(-1, "OrchestratorStarted"), (-1, "TaskCompleted")]));
    let Some(EventType::TaskCompleted(event)) = &turn.request.new_events[1].event_type else { panic!() };
    assert_eq!((event.task_scheduled_id, event.result.as_deref()), (1, Some("not json")));
    worker.complete(turn.answer(vec![done(2, "\"ok\"")])).await;
    let state = site.end("w").await;
    assert_eq!((state.orchestration_status, state.output.as_deref()), (1, Some("\"ok\"")));
}

#[tokio::test]
async fn an_activity_of_a_worker_is_called_by_hand() {
    let site = Site::open().await;
    let mut worker = site.worker(filtered(&[], &["a"])).await;
    let _ = rustls::crypto::ring::default_provider().install_default();
    let (http, url) = (reqwest::Client::new(), format!("http://{}/api/v1/functions/a", site.address));
    let shown: Value = http.get(&url).send().await.unwrap().json().await.unwrap();
    assert_eq!(
        (&shown["kind"], &shown["worker"]["workers"].as_array().unwrap().len()),
        (&"worker".into(), &1)
    );
    let invoke =
        || http.post(format!("{url}/invoke")).body(r#"{"payload": 2, "timeoutSeconds": 0.2}"#).send();
    let asked = tokio::spawn(http.post(format!("{url}/invoke")).body(r#"{"payload": 2}"#).send());
    let (completion_token, activity) = worker.activity().await;
    assert_eq!((activity.name.as_str(), activity.input.as_deref()), ("a", Some("2")));
    let response = proto::ActivityResponse {
        instance_id: activity.orchestration_instance.unwrap().instance_id,
        task_id: activity.task_id,
        completion_token,
        result: Some("3".into()),
        ..Default::default()
    };
    worker.hub.complete_activity_task(response).await.unwrap();
    let answer: Value = asked.await.unwrap().unwrap().json().await.unwrap();
    assert_eq!((&answer["outcome"], &answer["output"]), (&"succeeded".into(), &3.into()));
    let late: Value = invoke().await.unwrap().json().await.unwrap();
    assert_eq!(late["failure"]["errorType"], "TimedOut");

    drop(worker);
    let gone = async { while invoke().await.unwrap().status() != 503 {} };
    tokio::time::timeout(PATIENCE, gone).await.expect("it is not noticed that nobody takes the call");
}

#[tokio::test]
async fn what_a_lost_worker_had_goes_to_another_and_its_late_answer_counts() {
    let site = Site::open().await;
    site.start("W", "w").await;
    let mut first = site.worker(Default::default()).await;
    let turn = first.turn().await;
    let Worker { hub: mut kept, items } = first;
    drop(items);
    let mut second = site.worker(Default::default()).await;
    let again = second.turn().await;
    assert_eq!(again.token, turn.token, "it is the same work");
    kept.complete_orchestrator_task(turn.answer(vec![done(1, "1")])).await.unwrap();
    assert_eq!(site.end("w").await.output.as_deref(), Some("1"));
    second.complete(again.answer(vec![done(1, "2")])).await; // too late, and no error
    assert_eq!(site.end("w").await.output.as_deref(), Some("1"));
}

#[tokio::test]
async fn a_worker_without_tokens_names_instance_and_task() {
    let site = Site::open().await;
    site.start("W", "w").await;
    let mut worker = site.worker(Default::default()).await;
    let mut turn = worker.turn().await;
    turn.token.clear();
    worker.complete(turn.answer(vec![call(1, "a")])).await;
    worker.activity().await;
    let response = proto::ActivityResponse { instance_id: "w".into(), task_id: 1, ..Default::default() };
    worker.hub.complete_activity_task(response).await.unwrap();
    let mut turn = worker.turn().await;
    turn.token.clear();
    worker.complete(turn.answer(vec![done(2, "1")])).await;
    assert_eq!(site.end("w").await.orchestration_status, 1);
}

#[tokio::test]
async fn what_is_given_back_comes_again() {
    let site = Site::open().await;
    site.start("W", "w").await;
    let mut worker = site.worker(Default::default()).await;
    let turn = worker.turn().await;
    let abandoned = proto::AbandonOrchestrationTaskRequest { completion_token: turn.token };
    worker.hub.abandon_task_orchestrator_work_item(abandoned).await.unwrap();
    let turn = worker.turn().await;
    worker.complete(turn.answer(vec![call(1, "a")])).await;
    for _ in 0..2 {
        let (completion_token, activity) = worker.activity().await;
        assert_eq!(activity.task_id, 1);
        let abandoned = proto::AbandonActivityTaskRequest { completion_token };
        worker.hub.abandon_task_activity_work_item(abandoned).await.unwrap();
    }
    worker.activity().await;
}

#[tokio::test]
async fn no_more_than_a_worker_takes() {
    let site = Site::open().await;
    let asks =
        proto::GetWorkItemsRequest { max_concurrent_orchestration_work_items: 1, ..Default::default() };
    let mut worker = site.worker(asks).await;
    for id in ["a", "b"] {
        site.start("W", id).await;
    }
    let turn = worker.turn().await;
    let view = site.workers.list().remove(0);
    assert_eq!((view.turns_running, view.turns_limit, site.workers.waiting()), (1, 1, 1));
    let [running] = &view.running[..] else { panic!("{view:?}") };
    assert_eq!((running.kind, running.instance.as_str(), running.name.as_str()), ("turn", "a", "W"));
    assert_eq!((running.task_id, view.running_total), (None, 1));
    let [waiting] = &site.workers.waiting_by_name()[..] else { panic!("{view:?}") };
    assert_eq!((waiting.kind, waiting.name.as_str(), waiting.count), ("turn", "W", 1));
    worker.complete(turn.answer(vec![done(1, "1")])).await;
    let turn = worker.turn().await;
    assert_eq!(turn.request.instance_id, "b");
}

#[tokio::test]
async fn what_nobody_takes_waits() {
    let site = Site::open().await;
    site.start("Other", "o").await;
    site.start("W", "w").await;
    let mut worker = site.worker(filtered(&["W"], &[])).await;
    let turn = worker.turn().await;
    assert_eq!(turn.request.instance_id, "w");
    worker.complete(turn.answer(vec![done(1, "1")])).await;
    site.end("w").await;
    let why = site.engine.why(&InstanceId::trusted("o")).await.unwrap().unwrap();
    let reasons: Vec<_> = why.reasons.iter().map(ToString::to_string).collect();
    assert_eq!(reasons, ["it waits for a worker that runs \"Other\""]);
}

#[tokio::test]
async fn an_answer_in_parts_is_one_answer() {
    let site = Site::open().await;
    site.start("W", "w").await;
    let mut worker = site.worker(Default::default()).await;
    let turn = worker.turn().await;
    let part = |index, actions| proto::OrchestratorResponse {
        is_partial: true,
        chunk_index: Some(index),
        ..turn.answer(actions)
    };
    worker.complete(part(0, vec![call(9, "lost")])).await;
    worker.complete(part(0, vec![call(1, "a")])).await; // the worker begins again
    worker.complete(part(1, vec![call(2, "b")])).await;
    worker.complete(turn.answer(vec![call(3, "c")])).await;
    let mut names = Vec::new();
    for _ in 0..3 {
        names.push(worker.activity().await.1.name);
    }
    names.sort();
    assert_eq!(names, ["a", "b", "c"]);
}

#[tokio::test]
async fn a_large_history_is_streamed_or_said_to_be_too_large() {
    let site = Site::open().await;
    site.start("W", "w").await;
    let streams = proto::GetWorkItemsRequest {
        capabilities: vec![proto::WorkerCapability::HistoryStreaming.into()],
        ..Default::default()
    };
    let mut worker = site.worker(streams).await;
    let turn = worker.turn().await;
    assert!(!turn.request.requires_history_streaming);
    worker.complete(turn.answer(vec![call(1, "a")])).await;
    let (completion_token, _) = worker.activity().await;
    let large = proto::ActivityResponse {
        instance_id: "w".into(),
        task_id: 1,
        completion_token,
        result: Some("x".repeat(5 << 20)),
        ..Default::default()
    };
    worker.hub.complete_activity_task(large).await.unwrap();
    let turn = worker.turn().await; // it is new, and this worker takes it
    worker.complete(turn.answer(vec![call(2, "b")])).await;
    let (completion_token, _) = worker.activity().await;
    let small = proto::ActivityResponse {
        instance_id: "w".into(),
        task_id: 2,
        completion_token,
        ..Default::default()
    };
    worker.hub.complete_activity_task(small).await.unwrap();
    let turn = worker.turn().await;
    assert!(turn.request.requires_history_streaming && turn.request.past_events.is_empty());
    let asks = proto::StreamInstanceHistoryRequest {
        instance_id: "w".into(),
        execution_id: turn.request.execution_id.clone(),
        for_work_item_processing: true,
    };
    let mut chunks = worker.hub.stream_instance_history(asks).await.unwrap().into_inner();
    let mut events = Vec::new();
    while let Some(chunk) = chunks.message().await.unwrap() {
        events.extend(chunk.events);
    }
    assert!(matches!(events[0].event_type, Some(EventType::OrchestratorStarted(_))));
    assert!(matches!(events.last().unwrap().event_type, Some(EventType::OrchestratorCompleted(_))));
    drop(worker);
    let mut plain = site.worker(Default::default()).await;
    let reason = site.set_aside("w").await;
    assert!(
        &*reason.error_type == "HistoryTooLarge" && reason.message.contains("continue as new"),
        "{reason}"
    );
    site.start("W", "other").await;
    assert_eq!(plain.turn().await.request.instance_id, "other", "the worker goes on");
}

#[tokio::test]
async fn signs_of_life_and_a_graceful_end() {
    let site = Site::with(|options| options.ping = Duration::from_millis(20), |_| {}).await;
    let mut worker = site.worker(Default::default()).await;
    for _ in 0..2 {
        assert!(matches!(worker.item().await.request, Some(Request::HealthPing(_))));
    }
    site.stop.cancel();
    loop {
        match tokio::time::timeout(PATIENCE, worker.items.message()).await.unwrap() {
            Ok(Some(item)) => assert!(matches!(item.request, Some(Request::HealthPing(_)))),
            Ok(None) => break,
            Err(status) => panic!("{status}"),
        }
    }
}

#[tokio::test]
async fn a_wait_ends_with_the_call_and_does_not_hold_the_server_up() {
    let site = Site::open().await;
    site.start("W", "w").await;
    let mut hub = site.hub().await;
    let mut request = tonic::Request::new(proto::GetInstanceRequest {
        instance_id: "w".into(),
        get_inputs_and_outputs: false,
    });
    request.set_timeout(Duration::from_millis(50));
    let status = hub.wait_for_instance_completion(request).await.unwrap_err();
    assert!(matches!(status.code(), Code::Cancelled | Code::DeadlineExceeded), "{status}");
}
