//! The own API, every route of it, over HTTP. Each answer is also checked against the OpenAPI document.

use crate::schema;
use crate::support::serve;
use partita_server::ServerOptions;
use serde_json::{Value, json};

#[tokio::test]
async fn starting() {
    let h = serve(ServerOptions::default()).await;
    let url = "/api/v1/workflows/Order/instances";
    let body = json!({"id": "o 1", "input": {"z": 1, "a": 2}, "version": "2", "tags": {"shop": "berlin"}});
    let text = r#"{"id": "o 1", "input": {"z": 1, "a": 2}, "version": "2", "tags": {"shop": "berlin"}}"#;
    let got = h.send(h.request("POST", url).body(text)).await;
    let started = got.ok(202);
    assert_eq!(got.header("location"), format!("{}/api/v1/instances/o%201", h.base));
    assert_eq!(
        started["links"]["raiseEvent"],
        format!("{}/api/v1/instances/o%201/events/{{eventName}}", h.base)
    );
    assert_eq!((&started["id"], &started["created"]), (&json!("o 1"), &json!(true)));
    h.waits("o 1").await;
    let got = h.get("/api/v1/instances/o%201").await;
    assert!(got.text.contains(r#""input":{"z": 1, "a": 2}"#), "the order of keys is kept: {}", got.text);
    let detail = got.ok(200);
    assert_eq!((&detail["version"], &detail["tags"]["shop"]), (&json!("2"), &json!("berlin")));
    let problem = h.post(url, body).await.problem(409, "already-exists");
    assert_eq!((&problem["instanceId"], &problem["runtimeStatus"]), (&json!("o 1"), &json!("Running")));

    let id =
        h.post_empty("/api/v1/workflows/Echo/instances").await.ok(202)["id"].as_str().unwrap().to_owned();
    h.end(&id).await;
    let replaced = json!({"id": id, "replace": ["completed"], "input": "again"});
    h.post("/api/v1/workflows/Echo/instances", replaced).await.ok(202);

    let later = json!({"id": "later", "scheduledAt": "2999-01-01T00:00:00Z"});
    h.post(url, later).await.problem(400, "malformed-json");
    let later = json!({"id": "later", "scheduledAt": "2200-01-01T00:00:00+02:00"});
    h.post(url, later).await.ok(202);
    let detail = h.get("/api/v1/instances/later").await.ok(200);
    assert_eq!(
        (&detail["status"], &detail["scheduledAt"]),
        (&json!("Pending"), &json!("2199-12-31T22:00:00.000000Z"))
    );
    let why = h.get("/api/v1/instances/later/why").await.ok(200);
    assert_eq!(why["reasons"][0]["kind"], "scheduled");
}

#[tokio::test]
async fn starts_that_are_refused() {
    let h = serve(ServerOptions { body_bytes: Some(2000), ..ServerOptions::default() }).await;
    let url = "/api/v1/workflows/Echo/instances";
    let problem = h.post_empty("/api/v1/workflows/Ehco/instances").await.problem(404, "workflow-not-found");
    assert_eq!(problem["nearest"][0], "Echo");
    h.post(url, json!({"id": "a/b"})).await.problem(400, "invalid");
    let problem = h.post(url, json!({"inptu": 1})).await.problem(400, "malformed-json");
    assert!(
        problem["detail"].as_str().unwrap().contains("unknown field `inptu`, expected one of `id`"),
        "{problem}"
    );
    let problem =
        h.send(h.request("POST", url).body("{\"id\": 1,\n  oops}")).await.problem(400, "malformed-json");
    assert_eq!((&problem["line"], &problem["column"]), (&json!(1), &json!(8)));
    let problem = h.send(h.request("POST", url).body("{\n  oops}")).await.problem(400, "malformed-json");
    assert_eq!((&problem["line"], &problem["column"]), (&json!(2), &json!(3)));
    let problem = h.post(url, json!({"input": "x".repeat(3000)})).await.problem(413, "too-large");
    assert_eq!((&problem["limit"], &problem["what"]), (&json!(2000), &json!("body")));
}

#[tokio::test]
async fn a_payload_over_the_limit_says_limit_and_size() {
    let builder = crate::support::workflows().configure(|config| config.limits.payload_bytes = 10);
    let h = crate::support::serve_with(builder, ServerOptions::default()).await;
    let got = h.post("/api/v1/workflows/Echo/instances", json!({"input": "x".repeat(9)})).await;
    let problem = got.problem(413, "too-large");
    assert_eq!((&problem["limit"], &problem["size"]), (&json!(10), &json!(11)));
    h.post("/api/v1/workflows/Echo/instances", json!({"input": "x".repeat(8)})).await.ok(202);
}

#[tokio::test]
async fn a_repeat_with_the_same_key_gets_the_same_instance() {
    let h = serve(ServerOptions::default()).await;
    let url = "/api/v1/workflows/Order/instances";
    let send = |key: &'static str, body: Value| {
        let h = &h;
        async move { h.send(h.request("POST", url).header("Idempotency-Key", key).json(&body)).await }
    };
    let first = send("k1", json!({"input": 1})).await.ok(202);
    let again = send("k1", json!({"input": 1})).await.ok(200);
    assert_eq!((&again["id"], &again["created"]), (&first["id"], &json!(false)));
    assert_ne!(send("k2", json!({"input": 1})).await.ok(202)["id"], first["id"]);
    send("k1", json!({"input": 2})).await.problem(422, "idempotency-key-reused");
    send("k1", json!({"id": "x"})).await.problem(400, "invalid");
    send("", json!({})).await.problem(400, "invalid");
}

#[tokio::test]
async fn listing_and_counting() {
    let h = serve(ServerOptions::default()).await;
    for id in ["a1", "a2", "b1"] {
        h.ended("Echo", id).await;
    }
    h.waiting("o1").await;
    let ids = |page: &Value| -> Vec<String> {
        page["instances"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["id"].as_str().unwrap().to_owned())
            .collect()
    };
    let list = |query: &'static str| {
        let h = &h;
        async move { h.get(&format!("/api/v1/instances?{query}")).await.ok(200) }
    };
    assert_eq!(ids(&list("order=id").await), ["a1", "a2", "b1", "o1"]);
    assert_eq!(ids(&list("order=oldest&idPrefix=a").await), ["a1", "a2"]);
    assert_eq!(ids(&list("name=Or*").await), ["o1"]);
    assert_eq!(ids(&list("status=completed,Failed&idContains=B").await), ["b1"]);
    assert_eq!(ids(&list("createdTo=2000-01-01T00:00:00Z").await), Vec::<String>::new());
    assert_eq!(
        ids(&list("completedFrom=2000-01-01T00:00:00Z&order=id&setAside=false&rootsOnly=true").await).len(),
        3
    );
    let first = list("order=id&limit=3&include=payloads").await;
    assert_eq!((ids(&first).len(), &first["instances"][0]["output"]), (3, &json!(1)));
    let next = first["next"].as_str().unwrap();
    let second = h.get(&format!("/api/v1/instances?order=id&limit=3&cursor={next}")).await.ok(200);
    assert_eq!((ids(&second), &second["next"]), (vec!["o1".to_owned()], &Value::Null));
    h.get(&format!("/api/v1/instances?order=newest&cursor={next}")).await.problem(400, "invalid");
    for bad in
        ["statu=x", "status=x", "limit=0", "limit=1001", "cursor=x", "tag=x", "createdFrom=x", "order=x"]
    {
        h.get(&format!("/api/v1/instances?{bad}")).await.problem(400, "invalid");
    }
    let counts = h.get("/api/v1/counts").await.ok(200);
    assert_eq!(counts, json!({"total": 4, "byStatus": {"Completed": 3, "Running": 1}}));
    assert_eq!(h.get("/api/v1/counts?idPrefix=a").await.ok(200)["total"], 2);
    h.get("/api/v1/counts?limit=3").await.problem(400, "invalid");
}

#[tokio::test]
async fn events_and_the_end() {
    let h = serve(ServerOptions::default()).await;
    h.waiting("o1").await;
    let why = h.get("/api/v1/instances/o1/why").await.ok(200);
    assert_eq!(
        (&why["reasons"][0]["kind"], &why["reasons"][0]["facts"]["name"]),
        (&json!("event"), &json!("paid"))
    );
    h.post("/api/v1/instances/o1/events/paid", json!({"eur": 7})).await.ok(202);
    let got = h.get("/api/v1/instances/o1/wait?timeout=20").await.ok(200);
    assert_eq!((&got["status"], &got["output"]), (&json!("Completed"), &json!({"eur": 7})));
    let problem = h.post("/api/v1/instances/o1/events/paid", json!(1)).await.problem(410, "finished");
    assert_eq!(problem["runtimeStatus"], "Completed");
    h.post("/api/v1/instances/none/events/paid", json!(1)).await.problem(404, "instance-not-found");
    h.send(h.request("POST", "/api/v1/instances/o1/events/paid").body("{"))
        .await
        .problem(400, "malformed-json");
}

#[tokio::test]
async fn steering() {
    let h = serve(ServerOptions::default()).await;
    h.waiting("o1").await;
    let of = |what: &str| format!("/api/v1/instances/o1/{what}");
    h.post(&of("suspend"), json!({"reason": "pause"})).await.ok(202);
    assert_eq!(h.get("/api/v1/instances/o1").await.ok(200)["status"], "Suspended");
    h.post_empty(&of("suspend")).await.ok(202);
    h.post_empty(&of("resume")).await.ok(202);
    assert_eq!(h.get("/api/v1/instances/o1").await.ok(200)["status"], "Running");
    h.delete("/api/v1/instances/o1").await.problem(409, "wrong-status");
    h.post_empty(&of("rewind")).await.problem(409, "wrong-status");
    h.post(&of("restart"), json!({"newId": false})).await.problem(409, "wrong-status");
    h.post(&of("terminate"), json!({"output": {"why": "enough"}})).await.ok(202);
    h.end("o1").await;
    let detail = h.get("/api/v1/instances/o1").await.ok(200);
    assert_eq!((&detail["status"], &detail["output"]), (&json!("Terminated"), &json!({"why": "enough"})));
    for what in ["suspend", "resume", "terminate"] {
        h.post_empty(&of(what)).await.problem(410, "finished");
        h.post_empty(&format!("/api/v1/instances/none/{what}")).await.problem(404, "instance-not-found");
        h.post(&of(what), json!({"x": 1})).await.problem(400, "malformed-json");
    }
    let new = h.post_empty(&of("restart")).await.ok(202)["id"].as_str().unwrap().to_owned();
    assert_ne!(new, "o1");
    h.post(&of("restart"), json!({"newId": false})).await.ok(202);
    h.waits("o1").await;
    h.post_empty("/api/v1/instances/none/restart").await.problem(404, "instance-not-found");
    h.ended("Fail", "f1").await;
    let failed = h.get("/api/v1/instances/f1").await.ok(200);
    assert_eq!(failed["failure"]["message"], "it does not work");
    h.post_empty("/api/v1/instances/f1/rewind").await.ok(202);
    h.post_empty("/api/v1/instances/none/rewind").await.problem(404, "instance-not-found");
}

#[tokio::test]
async fn children_end_and_go_with_their_parents() {
    let h = serve(ServerOptions::default()).await;
    h.start("Parent", "p1").await;
    let child = loop {
        let page = h.get("/api/v1/instances/p1/children").await.ok(200);
        if let Some(child) = page["instances"][0]["id"].as_str() {
            assert_eq!(page["instances"][0]["parentId"], "p1");
            break child.to_owned();
        }
        let seen = h.get("/api/v1/instances/p1").await.ok(200)["historyEvents"].clone();
        h.get(&format!("/api/v1/instances/p1/wait?waitFor=change&historyEvents={seen}&timeout=1")).await;
    };
    let why = h.get("/api/v1/instances/p1/why").await.ok(200);
    assert_eq!(why["reasons"][0]["facts"]["instanceId"], child);
    h.post("/api/v1/instances/p1/terminate", json!({"recurse": true})).await.ok(202);
    h.end("p1").await;
    h.end(&child).await;
    let detail = h.get(&format!("/api/v1/instances/{child}")).await.ok(200);
    assert_eq!((&detail["status"], &detail["parent"]["instanceId"]), (&json!("Terminated"), &json!("p1")));
    assert_eq!(
        h.delete("/api/v1/instances/p1?recurse=true").await.ok(200),
        json!({"deleted": 2, "complete": true})
    );
    h.get("/api/v1/instances/p1").await.problem(404, "instance-not-found");
    for what in ["", "/children", "/why", "/history", "/history/export", "/wait", "/events"] {
        h.get(&format!("/api/v1/instances/p1{what}")).await.problem(404, "instance-not-found");
    }
    h.delete("/api/v1/instances/p1").await.problem(404, "instance-not-found");
    h.delete("/api/v1/instances/p1?recurse=maybe").await.problem(400, "invalid");
}

#[tokio::test]
async fn waiting() {
    let h = serve(ServerOptions::default()).await;
    h.waiting("o1").await;
    h.get("/api/v1/instances/o1/wait?waitFor=start").await.ok(200);
    assert_eq!(
        h.get("/api/v1/instances/o1/wait?waitFor=end&timeout=0.01").await.ok(202)["status"],
        "Running"
    );
    h.get("/api/v1/instances/o1/wait?waitFor=change&historyEvents=1").await.ok(200);
    h.get("/api/v1/instances/o1/wait?waitFor=change&timeout=0.01").await.ok(202);
    let raise = async { h.post("/api/v1/instances/o1/events/paid", json!(1)).await };
    let (changed, _) = tokio::join!(h.get("/api/v1/instances/o1/wait?waitFor=change&timeout=20"), raise);
    changed.ok(200);
    for bad in ["waitFor=x", "timeout=-1", "timeout=301", "timeout=x", "x=1"] {
        h.get(&format!("/api/v1/instances/o1/wait?{bad}")).await.problem(400, "invalid");
    }
}

#[tokio::test]
async fn histories() {
    let h = serve(ServerOptions::default()).await;
    h.start("Doubles", "d1").await;
    h.end("d1").await;
    let page = h.get("/api/v1/instances/d1/history").await.ok(200);
    let kinds: Vec<_> =
        page["events"].as_array().unwrap().iter().map(|event| event["type"].clone()).collect();
    assert!(kinds.contains(&json!("TaskScheduled")) && kinds.contains(&json!("TaskCompleted")), "{kinds:?}");
    let total = page["total"].as_u64().unwrap();
    assert_eq!((kinds.len() as u64, &page["next"]), (total, &Value::Null));
    let part = h.get("/api/v1/instances/d1/history?from=1&limit=2").await.ok(200);
    assert_eq!((&part["events"][0]["index"], &part["next"]), (&json!(1), &json!(3)));
    assert_eq!(part["events"][0], page["events"][1]);
    let got = h.get("/api/v1/instances/d1/history/export").await;
    assert_eq!(got.header("content-disposition"), "attachment; filename=\"history-d1.json\"");
    assert_eq!(got.ok(200), page["events"]);
    let got = h.get("/api/v1/instances/d1/history/export?format=jsonl").await;
    let lines: Vec<Value> = got.text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(Value::from(lines), page["events"]);
    for bad in ["history?limit=0", "history?from=x", "history?x=1", "history/export?format=xml"] {
        h.get(&format!("/api/v1/instances/d1/{bad}")).await.problem(400, "invalid");
    }
}

#[tokio::test]
async fn purging_and_bulk_operations() {
    let h = serve(ServerOptions { bulk_limit: 3, ..ServerOptions::default() }).await;
    for n in 0..4 {
        h.waiting(&format!("o{n}")).await;
    }
    let bulk = |operation: &'static str, body: Value| {
        let h = &h;
        async move { h.post(&format!("/api/v1/bulk/{operation}"), body).await }
    };
    let orders = json!({"name": ["Order"]});
    let dry = bulk("terminate", json!({"filter": orders, "dryRun": true})).await.ok(200);
    assert_eq!((&dry["matched"], &dry["done"], &dry["dryRun"]), (&json!(4), &json!(0), &json!(true)));
    let capped = bulk("suspend", json!({"filter": orders})).await.ok(200);
    assert_eq!((&capped["done"], &capped["complete"]), (&json!(3), &json!(false)));
    let rest = bulk("suspend", json!({"filter": orders})).await.ok(200);
    assert_eq!((&rest["matched"], &rest["done"], &rest["complete"]), (&json!(1), &json!(1), &json!(true)));
    assert_eq!(bulk("resume", json!({"filter": orders, "limit": 2})).await.ok(200)["done"], 2);
    assert_eq!(bulk("rewind", json!({"filter": orders})).await.ok(200)["matched"], 0);
    bulk("terminate", json!({"filter": orders, "reason": "closing"})).await.ok(200);
    bulk("terminate", json!({"filter": orders, "reason": "closing"})).await.ok(200);
    for n in 0..4 {
        h.end(&format!("o{n}")).await;
    }
    assert_eq!(h.get("/api/v1/instances/o1").await.ok(200)["output"], "closing");
    assert_eq!(bulk("purge", json!({"filter": {"idPrefix": "o1"}})).await.ok(200)["done"], 1);
    assert_eq!(
        h.delete("/api/v1/instances?name=Order").await.ok(200),
        json!({"deleted": 3, "complete": true})
    );
    h.delete("/api/v1/instances").await.problem(400, "invalid");
    bulk("terminate", json!({})).await.problem(400, "invalid");
    bulk("dance", json!({"filter": orders})).await.problem(404, "no-route");
}

#[tokio::test]
async fn the_server_tells_about_itself() {
    let h = serve(ServerOptions::default()).await;
    h.ended("Echo", "e1").await;
    let about = h.get("/api/v1/about").await.ok(200);
    assert_eq!(
        (&about["product"], &about["ready"], &about["store"]["kind"]),
        (&json!("Partita"), &json!(true), &json!("memory"))
    );
    let workflows = h.get("/api/v1/workflows").await.ok(200);
    let echo =
        workflows["workflows"].as_array().unwrap().iter().find(|one| one["name"] == "Echo").unwrap().clone();
    assert_eq!(echo["instances"]["total"], 1);
    assert!(h.get("/api/v1/workflows?counts=false").await.ok(200)["workflows"][0].get("instances").is_none());
    assert!(h.get("/api/v1/functions").await.text.contains("\"Double\""));
    assert_eq!(h.get("/api/v1/workers").await.ok(200)["workers"][0]["kind"], "in-process");
    assert_eq!(h.get("/api/v1/limits").await.ok(200)["payloadBytes"], 6 << 20);
    assert_eq!(h.get("/api/v1/retention").await.ok(200)["rules"], json!([]));
    assert_eq!(&h.get("/api/openapi.json").await.ok(200), &*schema::DOCUMENT);
    h.post("/api/v1/store/backup", json!({"folder": "x"})).await.problem(403, "not-allowed");
    let folder = tempfile::tempdir().unwrap();
    let h =
        serve(ServerOptions { backup_dir: Some(folder.path().to_owned()), ..ServerOptions::default() }).await;
    h.post("/api/v1/store/backup", json!({"folder": "../x"})).await.problem(403, "not-allowed");
    h.post_empty("/api/v1/store/backup").await.problem(400, "invalid");
    h.post("/api/v1/store/backup", json!({"folder": "x"})).await.problem(501, "unsupported");
}

#[tokio::test]
async fn what_is_not_there_is_a_problem_too() {
    let h = serve(ServerOptions::default()).await;
    h.get("/api/v1/nothing").await.problem(404, "no-route");
    h.get("/nothing").await.problem(404, "no-route");
    let got = h.post_empty("/api/v1/about").await;
    got.problem(405, "method-not-allowed");
    assert!(got.header("allow").contains("GET"), "{:?}", got.headers);
    h.get("/api/v1/instances/@entity").await.problem(400, "invalid");
}
