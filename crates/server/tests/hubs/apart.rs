//! What is in one hub is not in another.

use crate::site::{DEV, PATIENCE, Site, to, turn};
use partita_api::durable_task::proto;
use partita_api::durable_task::proto::orchestrator_action::OrchestratorActionType as Action;
use partita_engine::WaitFor;
use partita_engine::kernel::InstanceId;
use serde_json::{Value, json};

fn answer(
    token: String,
    request: &proto::OrchestratorRequest,
    end: Option<&str>,
) -> proto::OrchestratorResponse {
    let actions = end.map(|result| {
        let end = proto::CompleteOrchestrationAction {
            orchestration_status: proto::OrchestrationStatus::Completed.into(),
            result: Some(result.into()),
            ..Default::default()
        };
        proto::OrchestratorAction {
            id: 1,
            orchestrator_action_type: Some(Action::CompleteOrchestration(end)),
        }
    });
    proto::OrchestratorResponse {
        instance_id: request.instance_id.clone(),
        completion_token: token,
        actions: actions.into_iter().collect(),
        ..Default::default()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn instances_events_and_workers_of_one_hub_are_not_those_of_another() {
    let site = Site::open(DEV).await;
    let hubs = ["one", "two"];
    let mut client = site.client().await;
    let (mut workers, mut tokens) = (Vec::new(), Vec::new());
    for hub in hubs {
        workers.push(site.worker(hub).await);
        let start = proto::CreateInstanceRequest {
            instance_id: "same".into(),
            name: "Patient".into(),
            input: Some(format!("\"{hub}\"")),
            ..Default::default()
        };
        client.start_instance(to(hub, start)).await.unwrap();
    }
    for (hub, worker) in hubs.iter().zip(&mut workers) {
        let (token, request) = turn(worker).await;
        let input = request.new_events.iter().find_map(|event| match &event.event_type {
            Some(proto::history_event::EventType::ExecutionStarted(started)) => started.input.clone(),
            _ => None,
        });
        assert_eq!(input, Some(format!("\"{hub}\"")));
        tokens.push(token.clone());
        client.complete_orchestrator_task(to(hub, answer(token, &request, None))).await.unwrap();
    }
    let history = |hub| site.get("/api/v1/instances/same/history", hub);
    let started = site.hub("two").unwrap();
    started.engine().wait(&InstanceId::trusted("same"), WaitFor::Start, Some(PATIENCE)).await.unwrap();
    let before = history("two").await.ok(200);
    assert_eq!(before["total"], 3, "{before}");
    let event =
        proto::RaiseEventRequest { instance_id: "same".into(), name: "go".into(), input: Some("1".into()) };
    client.raise_event(to("one", event)).await.unwrap();
    let (token, request) = turn(&mut workers[0]).await;
    client.complete_orchestrator_task(to("one", answer(token, &request, Some("7")))).await.unwrap();
    let wait = |hub| site.get("/api/v1/instances/same/wait?timeout=20", hub);
    assert_eq!(wait("one").await.ok(200)["status"], "Completed");
    assert_eq!(history("two").await.ok(200), before, "nothing has come over");
    assert_eq!(site.get("/api/v1/instances/same", "").await.status, 404);

    let counted = |hub| site.get("/api/v1/workers", hub);
    assert_eq!(counted("one").await.ok(200)["workers"].as_array().unwrap().len(), 2);
    assert_eq!(counted("").await.ok(200)["workers"].as_array().unwrap().len(), 1, "the process itself");
    let listed = site.get("/api/v1/hubs", "two").await.ok(200);
    let row = |index: usize| {
        let hub = &listed["hubs"][index];
        json!([hub["name"], hub["unfinished"], hub["workers"], hub["createdAt"].is_string()])
    };
    assert_eq!(
        [row(0), row(1), row(2)],
        [json!(["default", 0, 0, false]), json!(["one", 0, 1, true]), json!(["two", 1, 1, true])]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn state_machines_belong_to_their_hub_and_those_of_the_app_to_the_default_one() {
    let site = Site::open(DEV).await;
    site.machine("a", "Nap", 0).await;
    assert_eq!(site.start("a", "Nap", "x").await.status, 202);
    site.start("", "Nap", "x").await.problem(404, "workflow-not-found");
    assert_eq!(site.start("", "ofapp", "x").await.status, 202);
    site.start("a", "ofapp", "y").await.problem(404, "workflow-not-found");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn addresses_in_answers_lead_back_into_the_hub() {
    let site = Site::open(DEV).await;
    site.machine("Shop", "Nap", 0).await;
    let started = site.start("SHOP", "Nap", "own").await;
    let link = started.ok(202)["links"]["wait"].as_str().unwrap().to_owned();
    assert!(link.ends_with("/instances/own/wait?taskHub=shop"), "{link}");
    let path = link.strip_prefix(&site.base).unwrap();
    assert_eq!(site.get(path, "").await.ok(200)["status"], "Completed");
    assert_eq!(started.headers["location"], format!("{}/api/v1/instances/own?taskHub=shop", site.base));

    let base = "/runtime/webhooks/durabletask/orchestrators/Nap/theirs";
    let body = site.ask("POST", &format!("{base}?taskHub=Shop"), "", json!({})).await.ok(202);
    let uri = body["statusQueryGetUri"].as_str().unwrap();
    assert!(uri.ends_with("/instances/theirs?taskHub=Shop&connection=Storage"), "{uri}");
    let status = loop {
        let got = site.get(uri.strip_prefix(&site.base).unwrap(), "").await;
        if got.status != 202 {
            break got.ok(200);
        }
    };
    assert_eq!(status["runtimeStatus"], "Completed");
    // By the header alone, links name the hub all the same.
    let body = site.ask("POST", base.replace("theirs", "third").as_str(), "shop", Value::Null).await.ok(202);
    assert!(body["purgeHistoryDeleteUri"].as_str().unwrap().contains("?taskHub=shop&"), "{body}");
}
