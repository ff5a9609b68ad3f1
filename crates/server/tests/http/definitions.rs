//! Workflows one by one, their definitions, what is wrong with them, and writing them anew.

use crate::node::App;
use crate::support::serve;
use partita_server::ServerOptions;
use partita_server::node::AppEvent;
use serde_json::{Value, json};

const PASS: &str = r#"{"StartAt": "A", "States": {"A": {"Type": "Pass", "End": true}}}"#;
const OTHER: &str = r#"{"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}"#;
const TOML: &str = r#"
[[trigger]]
route = "POST /go/{id}"
start = "pass"
id = "{id}"
input = { n = "{id}" }
wait = "5s"
replace = ["Completed"]
[[trigger]]
route = "POST /go/{id}/stop"
raise = "stop-{id}"
instance = "{id}"
[[trigger]]
route = "GET /go/{id}"
status = "custom"
instance = "{id}"
[[schedule]]
name = "nightly"
cron = "0 2 * * *"
workflow = "pass"
[workflow.pass]
description = "Lets everything pass."
input-schema = "schemas/pass.json"
"#;

fn app() -> [(&'static str, &'static str); 4] {
    [
        ("partita.toml", TOML),
        ("schemas/pass.json", r#"{"type": "object", "properties": {"n": {"type": "string"}}}"#),
        ("workflows/pass.asl.json", PASS),
        ("workflows/plain.asl.yaml", "# plain\nStartAt: A\nStates:\n  A:\n    Type: Succeed\n"),
    ]
}

#[tokio::test]
async fn a_state_machine_is_told_with_its_definition_and_what_starts_it() {
    let app = App::run(true, &app()).await;
    app.begin("pass", "one", json!(1)).await;
    app.end("one").await;
    let told = app.get("/api/v1/workflows/pass").await.ok(200);
    assert_eq!(told["kind"], "stateMachine");
    assert_eq!(told["description"], "Lets everything pass.");
    assert_eq!(told["inputSchema"]["properties"]["n"]["type"], "string");
    assert_eq!(told["instances"]["total"], 1);
    assert_eq!(told["schedules"], json!(["nightly"]));
    assert_eq!(told["offeredBy"][0]["kind"], "process");
    let definition = &told["definition"];
    assert_eq!(definition["text"], PASS);
    assert_eq!(definition["format"], "json");
    assert_eq!(definition["file"], "workflows/pass.asl.json");
    assert_eq!(definition["editable"], true);
    assert_eq!(told["versions"], json!([definition["revision"]]));
    assert_eq!(app.get("/api/v1/instances/one").await.ok(200)["version"], definition["revision"]);
    let trigger = json!({
        "method": "POST", "path": "/go/{id}", "does": "start", "workflow": "pass", "instance": "{id}",
        "input": {"n": "{id}"}, "waitSeconds": 5.0, "replace": ["Completed"], "answers": "output",
    });
    assert_eq!(told["triggers"], json!([trigger]));
    let yaml = app.get("/api/v1/workflows/plain").await.ok(200);
    assert_eq!(yaml["definition"]["format"], "yaml");
    assert_eq!(yaml.get("description"), None);
    let problem = app.get("/api/v1/workflows/pas").await.problem(404, "workflow-not-found");
    assert_eq!(problem["nearest"], json!(["pass"]));
    app.get("/api/v1/workflows/pass?x=1").await.problem(400, "invalid");
    let list = app.get("/api/v1/workflows").await.ok(200);
    assert_eq!(list["workflows"][0]["name"], "pass");
    assert_eq!(list["workflows"][0]["versions"], told["versions"]);
    assert_eq!(list["workflows"][0]["description"], told["description"]);
    app.close().await;
}

#[tokio::test]
async fn triggers_say_what_they_do_and_what_they_answer() {
    let app = App::run(false, &app()).await;
    let told = app.get("/api/v1/triggers").await.ok(200);
    let short: Vec<_> = told["triggers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|trigger| {
            format!("{} {} {} {}", trigger["method"], trigger["path"], trigger["does"], trigger["answers"])
        })
        .collect();
    assert_eq!(
        short,
        [
            r#""POST" "/go/{id}" "start" "output""#,
            r#""POST" "/go/{id}/stop" "raise" "accepted""#,
            r#""GET" "/go/{id}" "status" "customStatus""#,
        ]
    );
    assert_eq!(told["triggers"][1]["event"], "stop-{id}");
    app.close().await;
}

#[tokio::test]
async fn code_of_this_process_is_a_workflow_without_a_definition() {
    let h = serve(ServerOptions::default()).await;
    let told = h.get("/api/v1/workflows/Echo").await.ok(200);
    assert_eq!((&told["kind"], &told["versions"]), (&json!("code"), &json!([])));
    assert_eq!(told.get("definition"), None);
    assert_eq!(told["offeredBy"].as_array().unwrap().len(), 1);
    let body = json!({"text": OTHER});
    let put = h.send(h.request("PUT", "/api/v1/workflows/Echo/definition").json(&body)).await;
    put.problem(403, "not-allowed");
    assert_eq!(h.post("/api/v1/definitions/check", body).await.ok(200), json!({"problems": []}));
}

#[tokio::test]
async fn what_is_wrong_with_a_definition_is_told_with_its_place() {
    let app = App::run(false, &app()).await;
    let check = async |body: Value| {
        app.post("/api/v1/definitions/check", body).await.ok(200)["problems"].as_array().unwrap().clone()
    };
    assert_eq!(check(json!({"text": PASS})).await, Vec::<Value>::new());
    let problems = check(json!({"text": "{\n  \"StartAt\": \"A\",\n  \"States\": {\"A\": {\"Type\": \"Pass\", \"Next\": \"Q\"}}}"})).await;
    assert_eq!(
        problems,
        [json!({
            "severity": "error", "code": "MISSING_TRANSITION_TARGET", "message": "Missing 'Next' target: Q", "hint": "did you mean 'A'?",
            "pointer": "/States/A/Next", "line": 3, "column": 44, "endLine": 3, "endColumn": 47,
        })]
    );
    let yaml = "StartAt: A\nStates:\n  A: {Type: Succeed}\n  B: {Type: Succeed}\n";
    let problems = check(json!({"text": yaml})).await;
    assert_eq!((&problems[0]["severity"], &problems[0]["line"]), (&json!("warning"), &json!(4)));
    // A text that looks like YAML is JSON when the workflow's definition is.
    let problems = check(json!({"text": yaml, "name": "pass"})).await;
    assert_eq!(problems[0]["code"], "INVALID_JSON_DESCRIPTION");
    assert_eq!((&problems[0]["line"], &problems[0]["column"]), (&json!(1), &json!(1)));
    assert_eq!(check(json!({"text": PASS, "format": "yaml"})).await, Vec::<Value>::new());
    let long = check(json!({"text": " ".repeat((1 << 20) + 1)})).await;
    assert!(long[0]["message"].as_str().unwrap().contains("at most 1048576"), "{long:?}");
    app.post("/api/v1/definitions/check", json!({"txt": ""})).await.problem(400, "malformed-json");
    app.close().await;
}

fn revision(told: &Value) -> &str {
    told["definition"]["revision"].as_str().unwrap()
}

#[tokio::test]
async fn a_definition_is_written_into_its_file_and_taken_in_at_once() {
    let mut app = App::run(true, &app()).await;
    for _ in 0..2 {
        app.event().await;
    }
    let old = app.get("/api/v1/workflows/pass").await.ok(200);
    let body = json!({"text": OTHER, "revision": revision(&old)});
    let put = app.put("pass", body.clone()).await.ok(200);
    assert_eq!(put["problems"], json!([]));
    let new = app.get("/api/v1/workflows/pass").await.ok(200);
    assert_eq!(put["revision"], new["definition"]["revision"]);
    assert_eq!(new["versions"], json!([revision(&new), revision(&old)]));
    assert_eq!(std::fs::read_to_string(app.file("pass.asl.json")).unwrap(), OTHER);
    assert_eq!(std::fs::read_dir(app.file("")).unwrap().count(), 2, "no other file is left behind");
    app.begin("pass", "new", json!(1)).await;
    assert_eq!(app.get("/api/v1/instances/new").await.ok(200)["version"], put["revision"]);
    // It was made from a revision that is no longer the current one.
    let problem = app.put("pass", body).await.problem(409, "definition-changed");
    assert_eq!(problem["revision"], put["revision"]);
    let yaml = "# plain\nStartAt: B\nStates:\n  B:\n    Type: Succeed\n  C:\n    Type: Succeed\n";
    let put = app.put("plain", json!({"text": yaml})).await.ok(200);
    assert_eq!(
        (&put["problems"][0]["severity"], &put["problems"][0]["line"]),
        (&json!("warning"), &json!(6))
    );
    assert_eq!(std::fs::read_to_string(app.file("plain.asl.yaml")).unwrap(), yaml);
    // Each was taken in once, although the folder is watched.
    for expected in ["pass", "plain"] {
        let event = app.event().await;
        assert!(
            matches!(&event, AppEvent::Workflow { name, known: false, .. } if name == expected),
            "{event:?}"
        );
    }
    std::fs::write(app.file("last.asl.json"), PASS).unwrap();
    let event = app.event().await;
    assert!(matches!(&event, AppEvent::Workflow { name, .. } if name == "last"), "{event:?}");
    app.close().await;
}

#[tokio::test]
async fn a_definition_that_cannot_run_or_may_not_be_written_changes_nothing() {
    let app = App::run(true, &app()).await;
    let problem =
        app.put("pass", json!({"text": "{\"StartAt\": 1}"})).await.problem(422, "invalid-definition");
    assert_eq!(problem["problems"][0]["severity"], "error");
    assert_eq!(std::fs::read_to_string(app.file("pass.asl.json")).unwrap(), PASS);
    app.put("nothing", json!({"text": PASS})).await.problem(404, "workflow-not-found");
    // What somebody has written into the file meanwhile, and what is broken, is not lost.
    std::fs::write(app.file("pass.asl.json"), "{ half").unwrap();
    let told = app.get("/api/v1/workflows/pass").await.ok(200);
    let body = json!({"text": OTHER, "revision": revision(&told)});
    app.put("pass", body).await.problem(409, "definition-changed");
    assert_eq!(std::fs::read_to_string(app.file("pass.asl.json")).unwrap(), "{ half");
    app.put("pass", json!({"text": OTHER})).await.ok(200);
    std::fs::write(app.file("pass.asl.yaml"), "StartAt: A").unwrap();
    app.put("pass", json!({"text": OTHER})).await.problem(403, "not-allowed");
    app.close().await;
}

#[tokio::test]
async fn definitions_are_written_in_development_alone() {
    let app = App::run(false, &app()).await;
    let told = app.get("/api/v1/workflows/pass").await.ok(200);
    assert_eq!(told["definition"]["editable"], false);
    assert_eq!(told["definition"]["file"], "workflows/pass.asl.json");
    let problem = app.put("pass", json!({"text": OTHER})).await.problem(403, "not-allowed");
    assert!(problem["detail"].as_str().unwrap().contains("partita dev"), "{problem}");
    app.close().await;
}

#[tokio::test]
async fn files_that_appear_and_change_are_taken_in_wherever_the_folder_is() {
    let mut app = App::run(true, &[("partita.toml", "")]).await;
    // The folder is made later.
    std::fs::create_dir(app.file("")).unwrap();
    std::fs::write(app.file("a.asl.json"), PASS).unwrap();
    let event = app.event().await;
    assert!(matches!(&event, AppEvent::Workflow { name, .. } if name == "a"), "{event:?}");
    // Another one beside it, moved there.
    std::fs::write(app.file("b.tmp"), PASS).unwrap();
    std::fs::rename(app.file("b.tmp"), app.file("b.asl.yaml")).unwrap();
    let event = app.event().await;
    assert!(matches!(&event, AppEvent::Workflow { name, .. } if name == "b"), "{event:?}");
    // Broken, and mended.
    std::fs::write(app.file("a.asl.json"), "{").unwrap();
    assert!(matches!(app.event().await, AppEvent::WorkflowRefused { .. }));
    std::fs::write(app.file("a.asl.json"), OTHER).unwrap();
    assert!(matches!(app.event().await, AppEvent::Workflow { known: false, .. }));
    // Taken away, and brought back.
    std::fs::rename(app.file("a.asl.json"), app.file("a.away")).unwrap();
    std::fs::write(app.file("c.asl.json"), PASS).unwrap();
    assert!(matches!(app.event().await, AppEvent::Workflow { name, .. } if name == "c"));
    std::fs::rename(app.file("a.away"), app.file("a.asl.json")).unwrap();
    assert!(matches!(app.event().await, AppEvent::Workflow { name, known: true, .. } if name == "a"));
    app.close().await;
}

#[tokio::test]
async fn a_restart_may_have_another_input() {
    let app = App::run(false, &app()).await;
    app.begin("pass", "first", json!({"n": 1})).await;
    app.end("first").await;
    let restart = async |body: Value| app.post("/api/v1/instances/first/restart", body).await;
    for (body, expected) in [
        (json!({"newId": true, "input": {"n": 2}}), json!({"n": 2})),
        (json!({"input": null}), json!(null)),
        (json!({}), json!({"n": 1})),
    ] {
        let id = restart(body).await.ok(202)["id"].as_str().unwrap().to_owned();
        app.end(&id).await;
        let told = app.get(&format!("/api/v1/instances/{id}")).await.ok(200);
        assert_eq!(told["input"], expected);
        assert_eq!(told["version"], app.get("/api/v1/instances/first").await.ok(200)["version"]);
    }
    restart(json!({"newId": false, "input": 1})).await.problem(400, "invalid");
    app.post("/api/v1/instances/none/restart", json!({"input": 1})).await.problem(404, "instance-not-found");
    app.close().await;
}
