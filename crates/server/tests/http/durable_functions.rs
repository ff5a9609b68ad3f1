//! The Durable Functions HTTP API, every route of it, as its reference says.

use crate::support::{Got, Harness, serve};
use partita_server::ServerOptions;
use serde_json::{Value, json};

const BASE: &str = "/runtime/webhooks/durabletask";

async fn server() -> Harness {
    serve(ServerOptions::default()).await
}
async fn get(h: &Harness, path: &str) -> Got {
    h.get(&format!("{BASE}{path}")).await
}
async fn post(h: &Harness, path: &str, body: Value) -> Got {
    h.post(&format!("{BASE}{path}"), body).await
}
async fn post_empty(h: &Harness, path: &str) -> Got {
    h.post_empty(&format!("{BASE}{path}")).await
}
async fn delete(h: &Harness, path: &str) -> Got {
    h.delete(&format!("{BASE}{path}")).await
}

#[tokio::test]
async fn a_start_answers_where_the_instance_is_managed() {
    let h = server().await;
    let got = post(&h, "/orchestrators/Order/o%201?taskHub=T&CONNECTION=C&code=s%26c", json!({"a": 1})).await;
    let query = "taskHub=T&connection=C&code=s%26c";
    let instance = format!("{}{BASE}/instances/o%201", h.base);
    assert_eq!(
        got.ok(202),
        json!({
            "id": "o 1",
            "statusQueryGetUri": format!("{instance}?{query}"),
            "sendEventPostUri": format!("{instance}/raiseEvent/{{eventName}}?{query}"),
            "terminatePostUri": format!("{instance}/terminate?reason={{text}}&{query}"),
            "purgeHistoryDeleteUri": format!("{instance}?{query}"),
            "restartPostUri": format!("{instance}/restart?{query}"),
            "suspendPostUri": format!("{instance}/suspend?reason={{text}}&{query}"),
            "resumePostUri": format!("{instance}/resume?reason={{text}}&{query}"),
        })
    );
    assert_eq!(got.header("location"), format!("{instance}?{query}"));
    assert_eq!(got.header("retry-after"), "10");

    let got = post_empty(&h, "/orchestrators/Echo?returnInternalServerErrorOnFailure=true").await.ok(202);
    let uri = got["statusQueryGetUri"].as_str().unwrap();
    assert!(
        uri.ends_with("?taskHub=default&connection=Storage&returnInternalServerErrorOnFailure=true"),
        "{uri}"
    );
    assert_eq!(got["id"].as_str().unwrap().len(), 32);
    assert!(uri.starts_with(&h.base));
}

#[tokio::test]
async fn starts_that_are_refused() {
    let h = server().await;
    let got = h.send(h.request("POST", &format!("{BASE}/orchestrators/Echo")).body("{")).await;
    assert_eq!(got.problem(400, "malformed-json")["Message"], "Invalid JSON content");
    let problem = post_empty(&h, "/orchestrators/Ecco").await.problem(400, "workflow-not-found");
    assert!(problem["Message"].as_str().unwrap().contains("Echo"), "{problem}");
    for id in ["%40x", "a%23b", "a%5Cb", "a%3Fb", "a%0Ab"] {
        post_empty(&h, &format!("/orchestrators/Echo/{id}")).await.problem(400, "invalid");
    }
    let long = "x".repeat(257);
    post_empty(&h, &format!("/orchestrators/Echo/{long}")).await.problem(400, "invalid");
    post_empty(&h, &format!("/orchestrators/Echo/{}", &long[1..])).await.ok(202);
    h.waiting("o1").await;
    post_empty(&h, "/orchestrators/Order/o1").await.problem(409, "already-exists");
    h.ended("Echo", "e1").await;
    post_empty(&h, "/orchestrators/Echo/e1").await.ok(202);
    get(&h, "/orchestrators/Echo").await.problem(404, "no-route");
}

#[tokio::test]
async fn starting_and_waiting() {
    let h = server().await;
    let got = post(&h, "/orchestrators/Echo?timeout=20&pollingInterval=0.5", json!({"a": [1, null]})).await;
    assert_eq!((got.status, got.text.as_str()), (200, r#"{"a":[1,null]}"#));
    let got = post(&h, "/orchestrators/Order/o1?timeout=0.05&pollingInterval=0.01", json!(1)).await;
    assert_eq!(got.ok(202)["id"], "o1");
    assert_eq!(
        post_empty(&h, "/orchestrators/Fail?timeout=20&pollingInterval=1").await.ok(200)["runtimeStatus"],
        "Failed"
    );
    let loud = "/orchestrators/Fail?timeout=20&pollingInterval=1&returnInternalServerErrorOnFailure=true";
    assert_eq!(post_empty(&h, loud).await.ok(500)["runtimeStatus"], "Failed");
    let problem =
        post_empty(&h, "/orchestrators/Echo?timeout=1&pollingInterval=2").await.problem(400, "invalid");
    assert!(
        problem["Message"].as_str().unwrap().contains("should be bigger than retry timeout"),
        "{problem}"
    );
    post_empty(&h, "/orchestrators/Echo?timeout=x&pollingInterval=2").await.problem(400, "invalid");
    post_empty(&h, "/orchestrators/Echo?timeout=20").await.ok(202);
}

#[tokio::test]
async fn the_status_of_one_instance() {
    let h = server().await;
    h.waiting("o1").await;
    let got = get(&h, "/instances/o1?SHOWINPUT=false&code=x").await;
    let payload = got.ok(202);
    assert_eq!(got.header("location"), format!("{}{BASE}/instances/o1?SHOWINPUT=false&code=x", h.base));
    assert_eq!(got.header("retry-after"), "5");
    let mut keys: Vec<_> = payload.as_object().unwrap().keys().cloned().collect();
    keys.sort();
    let all = [
        "createdTime",
        "customStatus",
        "input",
        "instanceId",
        "lastUpdatedTime",
        "name",
        "output",
        "runtimeStatus",
    ];
    assert_eq!(keys, all);
    assert_eq!((&payload["input"], &payload["customStatus"]), (&Value::Null, &json!("waiting for payment")));
    let time = payload["createdTime"].as_str().unwrap();
    assert!(time.len() == 20 && time.ends_with('Z') && !time.contains('.'), "{time}");
    assert_eq!(get(&h, "/Instances/o1").await.ok(202)["input"], 1);

    h.ended("Echo", "e1").await;
    let got = get(&h, "/instances/e1").await;
    assert_eq!((got.header("location"), &got.ok(200)["output"]), ("", &json!(1)));
    h.ended("Fail", "f1").await;
    let payload = get(&h, "/instances/f1").await.ok(200);
    assert!(payload["output"].as_str().unwrap().contains("it does not work"), "{payload}");
    get(&h, "/instances/f1?returnInternalServerErrorOnFailure=True").await.ok(500);
    get(&h, "/instances/none").await.problem(404, "instance-not-found");
}

#[tokio::test]
async fn histories() {
    let h = server().await;
    h.ended("Doubles", "d1").await;
    assert!(get(&h, "/instances/d1?showHistory=false").await.ok(200).get("historyEvents").is_none());
    let events =
        get(&h, "/instances/d1?showHistory=true&showHistoryOutput=true").await.ok(200)["historyEvents"]
            .clone();
    let kinds: Vec<_> = events.as_array().unwrap().iter().map(|event| event["EventType"].clone()).collect();
    assert_eq!(kinds, ["ExecutionStarted", "TaskCompleted", "ExecutionCompleted"]);
    assert_eq!((&events[0]["FunctionName"], &events[0]["Input"]), (&json!("Doubles"), &json!(1)));
    assert_eq!(
        (&events[1]["FunctionName"], &events[1]["Result"], &events[1]["Input"]),
        (&json!("Double"), &json!(2), &json!(1))
    );
    assert!(events[1]["ScheduledTime"].is_string() && events[1].get("TaskScheduledId").is_none(), "{events}");
    assert_eq!((&events[2]["OrchestrationStatus"], &events[2]["Result"]), (&json!("Completed"), &json!(2)));
    let events =
        get(&h, "/instances/d1?showHistory=true&showInput=false").await.ok(200)["historyEvents"].clone();
    assert!(!events.to_string().contains("Result") && !events.to_string().contains("Input"), "{events}");
}

#[tokio::test]
async fn lists() {
    let h = server().await;
    for id in ["a1", "a2", "b1"] {
        h.ended("Echo", id).await;
    }
    h.waiting("o1").await;
    let got = get(&h, "/instances").await;
    assert_eq!((got.ok(200).as_array().unwrap().len(), got.header("x-ms-continuation-token")), (4, ""));
    assert!(got.json()[0].get("historyEvents").is_none());
    assert_eq!(
        get(&h, "/instances/?instanceIdPrefix=a&SHOWINPUT=false").await.ok(200)[0]["input"],
        Value::Null
    );
    assert_eq!(get(&h, "/instances?runtimeStatus=Running,Pending").await.ok(200)[0]["instanceId"], "o1");
    let both = get(&h, "/instances?runtimeStatus=Running&runtimeStatus=Completed").await.ok(200);
    assert_eq!(both.as_array().unwrap().len(), 4);
    assert_eq!(get(&h, "/instances?createdTimeTo=2020-01-01T00:00:00Z").await.ok(200), json!([]));
    assert_eq!(
        get(&h, "/instances?createdTimeFrom=2020-01-01&createdTimeTo=")
            .await
            .ok(200)
            .as_array()
            .unwrap()
            .len(),
        4
    );
    let first = get(&h, "/instances?top=3").await;
    assert_eq!(first.ok(200).as_array().unwrap().len(), 3);
    let token = first.header("x-ms-continuation-token");
    let next = h.request("GET", &format!("{BASE}/instances?top=3")).header("x-ms-continuation-token", token);
    let next = h.send(next).await;
    assert_eq!((&next.ok(200)[0]["instanceId"], next.header("x-ms-continuation-token")), (&json!("o1"), ""));
    let bad = h.request("GET", &format!("{BASE}/instances")).header("x-ms-continuation-token", "zzz");
    h.send(bad).await.problem(400, "invalid");
    get(&h, "/instances?runtimeStatus=Runing").await.problem(400, "invalid");
}

#[tokio::test]
async fn purging() {
    let h = server().await;
    h.ended("Echo", "e1").await;
    assert_eq!(delete(&h, "/instances/e1").await.ok(200), json!({"instancesDeleted": 1}));
    delete(&h, "/instances/e1").await.problem(404, "instance-not-found");
    h.waiting("o1").await;
    let problem = delete(&h, "/instances/o1").await.problem(412, "precondition-failed");
    assert!(problem["Message"].as_str().unwrap().contains("has status Running"), "{problem}");
    let problem = delete(&h, "/instances").await.problem(400, "invalid");
    assert_eq!(problem["Message"], "Please provide value for 'createdTimeFrom' parameter.");
    delete(&h, "/instances?createdTimeFrom=2020-01-01T00:00:00Z").await.problem(404, "instance-not-found");
    h.ended("Echo", "e1").await;
    h.ended("Fail", "f1").await;
    let url = "/instances?createdTimeFrom=2020-01-01T00:00:00Z&runtimeStatus=Completed";
    assert_eq!(delete(&h, url).await.ok(200), json!({"instancesDeleted": 1}));
    assert_eq!(
        delete(&h, "/instances?createdTimeFrom=2020-01-01").await.ok(200),
        json!({"instancesDeleted": 1})
    );
}

#[tokio::test]
async fn raising_events() {
    let h = server().await;
    h.waiting("o1").await;
    let url = format!("{BASE}/instances/o1/RAISEEVENT/paid");
    let problem = h.send(h.request("POST", &url).body("1")).await.problem(400, "invalid");
    assert_eq!(problem["Message"], "Only application/json request content is supported");
    let bad = h.request("POST", &url).header("content-type", "application/json; charset=utf-8").body("{");
    assert_eq!(h.send(bad).await.problem(400, "malformed-json")["Message"], "Invalid JSON content");
    let got = post(&h, "/instances/o1/raiseEvent/paid", json!({"eur": 1})).await;
    assert_eq!((got.status, got.text.as_str()), (202, ""));
    h.end("o1").await;
    assert_eq!(get(&h, "/instances/o1").await.ok(200)["output"], json!({"eur": 1}));
    post(&h, "/instances/o1/raiseEvent/paid", json!(1)).await.problem(410, "finished");
    post(&h, "/instances/none/raiseEvent/paid", json!(1)).await.problem(404, "instance-not-found");
}

#[tokio::test]
async fn suspending_resuming_terminating() {
    let h = server().await;
    h.waiting("o1").await;
    post_empty(&h, "/instances/o1/Suspend?reason=a%20pause").await.ok(202);
    assert_eq!(get(&h, "/instances/o1").await.ok(202)["runtimeStatus"], "Suspended");
    post_empty(&h, "/instances/o1/resume").await.ok(202);
    assert_eq!(get(&h, "/instances/o1").await.ok(202)["runtimeStatus"], "Running");
    post_empty(&h, "/instances/o1/TERMINATE?Reason=enough").await.ok(202);
    h.end("o1").await;
    let payload = get(&h, "/instances/o1").await.ok(200);
    assert_eq!((&payload["runtimeStatus"], &payload["output"]), (&json!("Terminated"), &json!("enough")));
    for operation in ["suspend", "resume", "terminate"] {
        post_empty(&h, &format!("/instances/o1/{operation}")).await.problem(410, "finished");
        post_empty(&h, &format!("/instances/none/{operation}")).await.problem(404, "instance-not-found");
    }
    post_empty(&h, "/instances/o1/dance").await.problem(404, "no-route");
}

#[tokio::test]
async fn rewinding_and_restarting() {
    let h = server().await;
    h.ended("Fail", "f1").await;
    post_empty(&h, "/instances/f1/rewind?reason=again").await.ok(202);
    h.ended("Echo", "e1").await;
    post_empty(&h, "/instances/e1/rewind").await.problem(410, "finished");
    h.waiting("o1").await;
    post_empty(&h, "/instances/o1/rewind").await.problem(500, "internal");
    post_empty(&h, "/instances/none/rewind").await.problem(404, "instance-not-found");

    let new = post_empty(&h, "/instances/e1/restart").await.ok(202);
    assert_ne!(new["id"], "e1");
    assert!(new["statusQueryGetUri"].is_string());
    assert_eq!(
        post_empty(&h, "/instances/e1/restart?restartWithNewInstanceId=false").await.ok(202)["id"],
        "e1"
    );
    let got = post_empty(&h, "/instances/e1/restart?timeout=20&pollingInterval=1").await;
    assert_eq!((got.status, got.text.as_str()), (200, "1"));
    let problem = post_empty(&h, "/instances/none/restart").await.problem(400, "invalid");
    assert_eq!(problem["Message"], "InstanceId does not match a valid orchestration instance.");
    post_empty(&h, "/instances/o1/restart?restartWithNewInstanceId=false").await.problem(409, "wrong-status");
}

#[tokio::test]
async fn the_rest() {
    let h = server().await;
    let got = post_empty(&h, "/makePrimary").await;
    assert_eq!((got.status, got.text.as_str()), (200, ""));
    get(&h, "").await.problem(404, "no-route");
    get(&h, "/nothing").await.problem(404, "no-route");
    let started = h.post_empty("/admin/extensions/DurableTaskExtension/orchestrators/Echo/v1").await.ok(202);
    let uri = started["statusQueryGetUri"].as_str().unwrap().to_owned();
    assert!(uri.contains("/admin/extensions/DurableTaskExtension/instances/v1?"), "{uri}");
    h.end("v1").await;
    h.get(uri.strip_prefix(&h.base).unwrap()).await.ok(200);
}

#[tokio::test]
async fn forwarded_headers_count_only_where_they_are_trusted() {
    let forwarded = |h: &Harness| {
        let request = h.request("POST", &format!("{BASE}/orchestrators/Echo"));
        request.header("X-Forwarded-Proto", "https").header("X-Forwarded-Host", "flows.example")
    };
    let h = server().await;
    let got = h.send(forwarded(&h)).await;
    assert!(got.header("location").starts_with(&h.base), "{}", got.header("location"));
    let h = serve(ServerOptions { trust_forwarded: true, ..ServerOptions::default() }).await;
    let got = h.send(forwarded(&h)).await;
    assert!(
        got.header("location").starts_with("https://flows.example/runtime/"),
        "{}",
        got.header("location")
    );
    let h =
        serve(ServerOptions { public_url: Some("https://p.example/x/".into()), ..ServerOptions::default() })
            .await;
    let got = h.send(forwarded(&h)).await;
    assert!(got.header("location").starts_with("https://p.example/x/runtime/"), "{}", got.header("location"));
}
