//! Where executions of state machines are, and how they came there.

use crate::node::App;
use crate::support::{id_of, serve};
use axum::Router;
use axum::http::StatusCode;
use axum::routing::post;
use partita_server::ServerOptions;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

const COURSE: &str = r#"{
  "StartAt": "Pick",
  "States": {
    "Pick": {"Type": "Choice", "Choices": [{"Variable": "$.way", "StringEquals": "left", "Next": "Work/It"}], "Default": "Other"},
    "Other": {"Type": "Fail", "Error": "Wrong", "Cause": "the other way"},
    "Work/It": {
      "Type": "Parallel",
      "Branches": [
        {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 600, "End": true}}},
        {"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "B"}, "B": {"Type": "Fail", "Error": "Boom", "Cause": "it broke"}}}
      ],
      "Retry": [{"ErrorEquals": ["Boom"], "IntervalSeconds": 1, "MaxAttempts": 1}],
      "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "Each"}],
      "Next": "Each"
    },
    "Each": {
      "Type": "Map", "ItemsPath": "$.items", "MaxConcurrency": 1,
      "Iterator": {"StartAt": "I", "States": {"I": {"Type": "Pass", "End": true}}},
      "Next": "Hold"
    },
    "Hold": {"Type": "Wait", "Seconds": 600, "End": true}
  }
}"#;

/// The counts of a state, those that are not 0.
fn counts(execution: &Value, path: &str) -> String {
    let state = &execution["states"][path];
    let names = ["entered", "running", "succeeded", "failed", "caught", "aborted", "retries"];
    let shown = names
        .iter()
        .filter(|name| state[**name].as_u64().is_some_and(|count| count > 0))
        .map(|name| format!("{name} {}", state[*name]));
    shown.collect::<Vec<_>>().join(", ")
}

#[tokio::test]
async fn an_execution_shows_attempts_catches_branches_and_iterations() {
    let app = App::run(false, &[("workflows/course.asl.json", COURSE)]).await;
    app.begin("course", "left", json!({"way": "left", "items": [7, 8, "x".repeat(20_000)]})).await;
    let told = app.execution("left", |told| told["states"]["/States/Hold"]["running"] == 1).await;
    assert_eq!(told["status"], "Running");
    assert_eq!(told["definition"], serde_json::from_str::<Value>(COURSE).unwrap());
    assert_eq!(counts(&told, "/States/Pick"), "entered 1, succeeded 1");
    assert_eq!(told["states"]["/States/Pick"]["next"], json!({"/States/Work~1It": 1}));
    assert_eq!(counts(&told, "/States/Work~1It"), "entered 1, caught 1, retries 1");
    assert_eq!(told["states"]["/States/Work~1It"]["next"], json!({"/States/Each": 1}));
    assert_eq!(told["states"]["/States/Work~1It"]["error"], json!({"error": "Boom", "cause": "it broke"}));
    assert_eq!(counts(&told, "/States/Work~1It/Branches/1/States/A"), "entered 2, succeeded 2");
    assert_eq!(counts(&told, "/States/Work~1It/Branches/1/States/B"), "entered 2, failed 2");
    assert_eq!(counts(&told, "/States/Work~1It/Branches/0/States/W"), "entered 2, aborted 2");
    assert_eq!(counts(&told, "/States/Each/Iterator/States/I"), "entered 3, succeeded 3");
    assert_eq!(counts(&told, "/States/Hold"), "entered 1, running 1");
    assert_eq!(counts(&told, "/States/Other"), "");
    let visits = told["visits"].as_array().unwrap();
    let brief: Vec<String> = visits
        .iter()
        .map(|visit| {
            let iteration = visit.get("iteration").map(|n| format!(" #{n}")).unwrap_or_default();
            let large = if visit.get("truncated").is_some() { " large" } else { "" };
            format!("{} {} x{}{iteration}{large}", visit["name"], visit["status"], visit["attempts"])
        })
        .collect();
    assert_eq!(
        brief.join("\n").replace('"', ""),
        "Pick succeeded x1 large\nWork/It caught x2 large\nW aborted x1 large\nA succeeded x1 large\n\
         B failed x1 large\nW aborted x1 large\nA succeeded x1 large\nB failed x1 large\nEach succeeded x1 large\n\
         I succeeded x1 #0\nI succeeded x1 #1\nI succeeded x1 #2 large\nHold running x1 large"
    );
    assert_eq!((&visits[9]["input"], &visits[9]["output"]), (&json!(7), &json!(7)));
    assert!(visits[1]["exitedAt"].as_str() > visits[1]["enteredAt"].as_str());
    // When it is ended, so is what was open.
    app.post("/api/v1/instances/left/terminate", json!({"output": {"error": "Stop", "cause": "enough"}}))
        .await
        .ok(202);
    app.end("left").await;
    let told = app.execution("left", |told| told["status"] == "Terminated").await;
    assert_eq!(counts(&told, "/States/Hold"), "entered 1, aborted 1");
    assert_eq!((&told["error"], &told["cause"]), (&json!("Stop"), &json!("enough")));
    app.close().await;
}

#[tokio::test]
async fn an_execution_that_failed_says_where_and_why() {
    let app = App::run(false, &[("workflows/course.asl.json", COURSE)]).await;
    app.begin("course", "right", json!({"way": "right"})).await;
    app.end("right").await;
    let told = app.execution("right", |told| told["status"] == "Failed").await;
    assert_eq!((&told["error"], &told["cause"]), (&json!("Wrong"), &json!("the other way")));
    assert_eq!(counts(&told, "/States/Other"), "entered 1, failed 1");
    assert_eq!(told["states"].as_object().unwrap().len(), 2);
    assert_eq!(told["visits"][1]["error"], "Wrong");
    assert_eq!(told["moreVisits"], false);
    app.close().await;
}

#[tokio::test]
async fn an_instance_keeps_the_definition_that_it_runs() {
    let yaml = "StartAt: A\nStates:\n  A: {Type: Wait, Seconds: 600, Next: B}\n  B: {Type: Succeed}\n";
    let app = App::run(true, &[("workflows/w.asl.yaml", yaml)]).await;
    app.begin("w", "old", json!({})).await;
    app.put("w", json!({"text": "StartAt: C\nStates:\n  C: {Type: Succeed}\n"})).await.ok(200);
    let told = app.execution("old", |told| told["states"]["/States/A"]["running"] == 1).await;
    assert_eq!(told["definition"]["States"]["A"]["Seconds"], 600);
    assert_eq!(told["revision"], app.get("/api/v1/instances/old").await.ok(200)["version"]);
    app.close().await;
}

#[tokio::test]
async fn a_rewound_execution_shows_what_counts() {
    let broken = Arc::new(AtomicBool::new(true));
    let (listener, seen) = (tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap(), broken.clone());
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let answer = move || async move {
        if seen.load(SeqCst) { (StatusCode::BAD_REQUEST, "no") } else { (StatusCode::OK, "\"yes\"") }
    };
    tokio::spawn(async move { axum::serve(listener, Router::new().route("/", post(answer))).await.unwrap() });
    let toml = format!("[http]\nallow-private-networks = true\n[function.flaky]\nurl = \"{url}\"\n");
    let machine = r#"{"StartAt": "P", "States": {"P": {"Type": "Pass", "Next": "F"},
        "F": {"Type": "Task", "Resource": "fn:flaky", "End": true}}}"#;
    let app = App::run(false, &[("partita.toml", &toml), ("workflows/m.asl.json", machine)]).await;
    app.begin("m", "one", json!(1)).await;
    app.end("one").await;
    let told = app.execution("one", |told| told["status"] == "Failed").await;
    assert_eq!(counts(&told, "/States/F"), "entered 1, failed 1");
    broken.store(false, SeqCst);
    app.post_empty("/api/v1/instances/one/rewind").await.ok(202);
    app.end("one").await;
    let told = app.execution("one", |told| told["status"] == "Completed").await;
    assert_eq!(counts(&told, "/States/P"), "entered 1, succeeded 1");
    assert_eq!(counts(&told, "/States/F"), "entered 1, succeeded 1");
    assert_eq!(told["states"]["/States/F"].get("error"), None);
    app.close().await;
}

#[tokio::test]
async fn a_child_of_a_distributed_map_shows_the_processor() {
    let machine = r#"{"StartAt": "M", "States": {"M": {"Type": "Map", "ItemsPath": "$", "End": true, "Label": "each",
        "ItemProcessor": {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
            "StartAt": "I", "States": {"I": {"Type": "Pass", "End": true}}}}}}"#;
    let app = App::run(false, &[("workflows/m.asl.json", machine)]).await;
    app.begin("m", "parent", json!([1, 2])).await;
    app.end("parent").await;
    let children = app.get("/api/v1/instances/parent/children").await.ok(200);
    let child = children["instances"][0]["id"].as_str().unwrap();
    assert_eq!(children["instances"][0]["name"], "m/each");
    let told = app.execution(&child.replace(':', "%3A"), |_| true).await;
    assert_eq!(told["definition"]["StartAt"], "I");
    assert_eq!(counts(&told, "/States/I"), "entered 1, succeeded 1");
    let told = app.execution("parent", |_| true).await;
    assert_eq!(counts(&told, "/States/M"), "entered 1, succeeded 1");
    app.close().await;
}

#[tokio::test]
async fn visits_are_listed_up_to_a_limit_and_all_counted() {
    let machine = r#"{"StartAt": "M", "States": {"M": {"Type": "Map", "ItemsPath": "$", "End": true,
        "ItemProcessor": {"StartAt": "I", "States": {"I": {"Type": "Pass", "End": true}}}}}}"#;
    let app = App::run(false, &[("workflows/m.asl.json", machine)]).await;
    for (items, more) in [(999, false), (1000, true)] {
        let id = format!("i{items}");
        app.begin("m", &id, (0..items).collect()).await;
        app.end(&id).await;
        let told = app.execution(&id, |_| true).await;
        assert_eq!(told["visits"].as_array().unwrap().len(), 1000);
        assert_eq!(told["moreVisits"], more);
        assert_eq!(told["states"]["/States/M/ItemProcessor/States/I"]["succeeded"], items);
        assert_eq!(told["visits"][999]["iteration"], 998);
    }
    app.close().await;
}

#[tokio::test]
async fn only_state_machines_have_executions() {
    let h = serve(ServerOptions::default()).await;
    h.ended("Echo", "e").await;
    let problem = h.get("/api/v1/instances/e/execution").await.problem(404, "not-a-state-machine");
    assert_eq!(problem["workflow"], "Echo");
    h.get("/api/v1/instances/none/execution").await.problem(404, "instance-not-found");
    h.get("/api/v1/instances/e/execution?x=1").await.problem(400, "invalid");
    assert!(h.engine.get(&id_of("e")).await.unwrap().is_some());
}
