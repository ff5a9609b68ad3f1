//! Entities over both HTTP APIs. Each answer of the own one is also checked against the OpenAPI document.

use crate::support::{Got, Harness, serve};
use partita_server::ServerOptions;
use serde_json::{Value, json};

const OWN: &str = "/api/v1/entities";
const FUNCTIONS: &str = "/runtime/webhooks/durabletask/entities";

async fn server() -> Harness {
    serve(ServerOptions::default()).await
}

/// Signals through the own API.
async fn signal(h: &Harness, entity: &str, operation: &str, input: Value) -> Got {
    h.post(&format!("{OWN}/{entity}/signals/{operation}"), input).await
}

async fn keys(h: &Harness, query: &str) -> Vec<String> {
    let page = h.get(&format!("{OWN}?{query}")).await.ok(200);
    let key =
        |entity: &Value| format!("{}/{}", entity["name"].as_str().unwrap(), entity["key"].as_str().unwrap());
    page["entities"].as_array().unwrap().iter().map(key).collect()
}

#[tokio::test]
async fn an_entity_is_signaled_shown_and_deleted() {
    let h = server().await;
    let got = signal(&h, "Counter/a", "add", json!(5)).await;
    assert_eq!((got.status, got.text.as_str()), (202, ""));
    signal(&h, "COUNTER/a", "add", json!(2)).await.ok(202);
    let entity = h.get(&format!("{OWN}/counter/a")).await.ok(200);
    assert_eq!((&entity["id"], &entity["state"]), (&json!("@counter@a"), &json!(7)));
    assert_eq!(
        (&entity["hasState"], &entity["queueLength"], &entity["lock"]),
        (&json!(true), &json!(0), &Value::Null)
    );
    let failed = signal(&h, "counter/a", "explode", Value::Null).await;
    assert_eq!(failed.status, 202, "nobody waits for the outcome");
    assert_eq!(h.get(&format!("{OWN}/counter/a")).await.ok(200)["state"], 7);
    let got = h.delete(&format!("{OWN}/Counter/a")).await;
    assert_eq!((got.status, got.text.as_str()), (204, ""));
    let problem = h.get(&format!("{OWN}/counter/a")).await.problem(404, "entity-not-found");
    assert_eq!(problem["entityId"], "@counter@a");
    h.delete(&format!("{OWN}/counter/a")).await.problem(404, "entity-not-found");
    signal(&h, "counter/a", "add", json!(1)).await.ok(202);
    assert_eq!(h.get(&format!("{OWN}/counter/a")).await.ok(200)["state"], 1, "it begins again");
    h.send(h.request("POST", &format!("{OWN}/counter/a/signals/delete"))).await.ok(202);
    h.get(&format!("{OWN}/counter/a")).await.problem(404, "entity-not-found");
}

#[tokio::test]
async fn every_key_has_an_address() {
    let h = server().await;
    for (part, key) in [("$", ""), ("%24$", "$"), ("$$x", "$x"), ("a%2Fb%20@%25", "a/b @%"), ("ö", "ö")] {
        signal(&h, &format!("counter/{part}"), "add", json!(1)).await.ok(202);
        let entity = h.get(&format!("{OWN}/counter/{part}")).await.ok(200);
        assert_eq!((&entity["key"], &entity["state"]), (&json!(key), &json!(1)), "{part}");
    }
    let path = partita_api::paths::signal_entity("Counter", "..", "add");
    h.send(h.request("POST", &path).body("1")).await.ok(202);
    assert_eq!(keys(&h, "limit=2").await, ["counter/", "counter/$"]);
    assert_eq!(keys(&h, "name=counter&keyPrefix=..").await, ["counter/.."]);
}

#[tokio::test]
async fn what_makes_no_sense_is_refused() {
    let h = server().await;
    let problem = signal(&h, "Countr/a", "add", json!(1)).await.problem(404, "entity-not-found");
    assert_eq!(problem["nearest"][0], "counter");
    signal(&h, "a@b/c", "add", json!(1)).await.problem(400, "invalid");
    signal(&h, "counter/a%0A", "add", json!(1)).await.problem(400, "invalid");
    let long = "x".repeat(300);
    signal(&h, &format!("counter/{long}"), "add", json!(1)).await.problem(400, "invalid");
    let url = format!("{OWN}/counter/a/signals/add");
    h.send(h.request("POST", &url).body("{")).await.problem(400, "malformed-json");
    let problem = h.post(&format!("{url}?at=soon"), json!(1)).await.problem(400, "invalid");
    assert!(problem["detail"].as_str().unwrap().contains("RFC 3339"), "{problem}");
    h.post(&format!("{url}?when=now"), json!(1)).await.problem(400, "invalid");
    h.get(&format!("{OWN}/counter/a?x=1")).await.problem(400, "invalid");
    for bad in
        ["limit=0", "limit=1001", "cursor=x", "keyPrefix=x", "state=maybe", "idPrefix=x", "updatedTo=x"]
    {
        h.get(&format!("{OWN}?{bad}")).await.problem(400, "invalid");
    }
    h.get(&format!("{OWN}/counter")).await.problem(404, "no-route");
    assert_eq!(keys(&h, "transient=true").await, Vec::<String>::new(), "nothing came of all this");
}

#[tokio::test]
async fn lists_are_filtered_and_paged() {
    let h = server().await;
    for key in ["a1", "a2", "b1"] {
        signal(&h, &format!("counter/{key}"), "add", json!(1)).await.ok(202);
        h.get(&format!("{OWN}/counter/{key}")).await.ok(200);
    }
    signal(&h, "Note/a1", "set", json!({"z": 1, "a": 2})).await.ok(202);
    h.get(&format!("{OWN}/note/a1")).await.ok(200);
    assert_eq!(keys(&h, "").await, ["counter/a1", "counter/a2", "counter/b1", "note/a1"]);
    assert_eq!(keys(&h, "name=Note,nothing").await, ["note/a1"]);
    assert_eq!(keys(&h, "name=COU*&name=note").await.len(), 4);
    assert_eq!(keys(&h, "name=Counter&keyPrefix=a").await, ["counter/a1", "counter/a2"]);
    assert_eq!(keys(&h, "name=Counter&keyPrefix=A").await, Vec::<String>::new(), "keys are told apart");
    assert_eq!(keys(&h, "updatedTo=2020-01-01T00:00:00Z").await, Vec::<String>::new());
    assert_eq!(keys(&h, "updatedFrom=2020-01-01T00:00:00Z").await.len(), 4);
    let page = h.get(&format!("{OWN}?limit=3")).await.ok(200);
    assert!(page["entities"][0].get("state").is_none(), "{page}");
    let next = page["next"].as_str().unwrap();
    let got = h.get(&format!("{OWN}?limit=3&state=true&cursor={next}")).await;
    assert!(got.text.contains(r#""state":{"z":1,"a":2}"#), "the order of keys is kept: {}", got.text);
    assert_eq!((got.ok(200)["entities"].as_array().unwrap().len(), &got.json()["next"]), (1, &Value::Null));
    h.get(&format!("/api/v1/instances?order=id&cursor={next}")).await.ok(200);
    assert_eq!(h.get("/api/v1/counts").await.ok(200)["total"], 0, "they are no instances");
}

#[tokio::test]
async fn a_lock_is_shown_and_keeps_an_entity() {
    let h = server().await;
    h.start("Locker", "first").await;
    h.waits("first").await;
    h.start("Locker", "second").await;
    let why = loop {
        let why = h.get("/api/v1/instances/second/why").await.ok(200);
        if why["reasons"][0]["kind"] == "lock" {
            break why;
        }
    };
    assert_eq!(why["reasons"][0]["facts"]["entityIds"], json!(["@counter@shared"]));
    assert_eq!(why["reasons"][0]["message"], "it waits for the lock of @counter@shared");
    signal(&h, "counter/shared", "add", json!(4)).await.ok(202);
    let entity = h.get(&format!("{OWN}/counter/shared")).await.ok(200);
    assert_eq!((&entity["lock"]["instanceId"], &entity["queueLength"]), (&json!("first"), &json!(2)));
    assert!(entity["lock"]["since"].is_string() && entity.get("state").is_none(), "{entity}");
    let problem = h.delete(&format!("{OWN}/counter/shared")).await.problem(409, "entity-in-use");
    assert_eq!(problem["lockedBy"], "first");
    assert_eq!(keys(&h, "").await, Vec::<String>::new());
    assert_eq!(keys(&h, "transient=true").await, ["counter/shared"]);
    let cleaned = h.post_empty(&format!("{OWN}/clean")).await.ok(200);
    assert_eq!(cleaned, json!({"removed": 0, "released": 0, "complete": true, "next": null}));

    h.post("/api/v1/instances/first/events/paid", json!(1)).await.ok(202);
    h.waits("second").await;
    h.post("/api/v1/instances/second/terminate", json!({})).await.ok(202);
    h.end("second").await;
    let entity = loop {
        let entity = h.get(&format!("{OWN}/counter/shared")).await.ok(200);
        if entity["lock"].is_null() && entity["hasState"] == true {
            break entity;
        }
    };
    assert_eq!(entity["state"], 4, "what waited was run");
    let history = h.get("/api/v1/instances/first/history").await.ok(200);
    let kinds: Vec<_> = history["events"].as_array().unwrap().iter().map(|event| &event["type"]).collect();
    assert!(kinds.contains(&&json!("EntityLockGranted")), "{kinds:?}");
    h.delete(&format!("{OWN}/counter/shared")).await.ok(204);
}

#[tokio::test]
async fn a_signal_can_be_put_off() {
    let h = server().await;
    let url = format!("{OWN}/counter/later/signals/add");
    h.post(&format!("{url}?at=2200-01-01T00:00:00Z"), json!(1)).await.ok(202);
    let entity = h.get(&format!("{OWN}/counter/later")).await.ok(200);
    assert_eq!((&entity["queueLength"], &entity["hasState"]), (&json!(1), &json!(false)));
    let problem = h.delete(&format!("{OWN}/counter/later")).await.problem(409, "entity-in-use");
    assert_eq!(problem["queueLength"], 1);
    h.post(&format!("{url}?at=2020-01-01T00:00:00Z"), json!(1)).await.ok(202);
    assert_eq!(h.get(&format!("{OWN}/counter/later")).await.ok(200)["state"], 1, "what is past is now");
}

#[tokio::test]
async fn tidying_up_takes_what_it_is_told() {
    let h = server().await;
    signal(&h, "counter/a", "add", json!(1)).await.ok(202);
    let url = format!("{OWN}/clean");
    let body = json!({"removeEmpty": true, "releaseOrphanedLocks": false});
    assert_eq!(h.post(&url, body).await.ok(200)["complete"], true);
    assert_eq!(h.get(&format!("{OWN}/counter/a")).await.ok(200)["state"], 1, "it is not empty");
    h.post(&url, json!({"cursor": "x"})).await.problem(400, "invalid");
    h.post(&url, json!({"removeAll": true})).await.problem(400, "malformed-json");
}

#[tokio::test]
async fn the_durable_functions_api_signals_and_shows() {
    let h = server().await;
    let url = |rest: &str| format!("{FUNCTIONS}/{rest}");
    h.get(&url("Counter/$")).await.problem(404, "entity-not-found");
    let got = h.post(&url("Counter/$?OP=Add"), json!(3)).await;
    assert_eq!((got.status, got.text.as_str()), (202, ""));
    let got = h.get(&url("counter/$?code=x")).await;
    assert_eq!((got.status, got.text.as_str()), (200, "3"));
    h.post(&url("Note/a%20b?op=set"), json!({"z": 1, "a": [null]})).await.ok(202);
    assert_eq!(h.get(&url("note/a%20b")).await.text, r#"{"z":1,"a":[null]}"#);
    h.send(h.request("POST", &url("note/t?op=set")).body("plain {text")).await.ok(202);
    assert_eq!(h.get(&url("note/t")).await.text, r#""plain {text""#);
    let typed = |media: &'static str, body: &'static [u8]| {
        h.request("POST", &url("note/t?op=set")).header("content-type", media).body(body)
    };
    let problem = h.send(typed("application/json; charset=utf-8", b"{")).await.problem(400, "malformed-json");
    assert_eq!(problem["Message"], "Invalid JSON content");
    h.send(typed("text/plain", b"\xff")).await.problem(400, "invalid");
    let problem = h.post(&url("note/t"), json!(1)).await.problem(400, "invalid");
    assert!(problem["Message"].as_str().unwrap().contains("'op'"), "{problem}");
    let problem = h.post(&url("nothing/t?op=set"), json!(1)).await.problem(404, "entity-not-found");
    assert!(problem["Message"].as_str().unwrap().contains("nothing"), "{problem}");
    assert_eq!(h.get(&url("note/t")).await.text, r#""plain {text""#, "none of this was done");
    h.delete(&url("note/t")).await.ok(202);
    h.get(&url("note/t")).await.problem(404, "entity-not-found");
    h.start("Locker", "holds").await;
    h.waits("holds").await;
    h.get(&url("counter/shared")).await.problem(404, "entity-not-found");
    h.get(&url("counter/shared/more")).await.problem(404, "no-route");
}

#[tokio::test]
async fn the_durable_functions_api_lists() {
    let h = server().await;
    for (entity, operation) in [("counter/a", "add"), ("counter/$", "add"), ("note/n", "set")] {
        h.post(&format!("{FUNCTIONS}/{entity}?op={operation}"), json!(1)).await.ok(202);
        h.get(&format!("{FUNCTIONS}/{entity}")).await.ok(200);
    }
    let ids = |got: &Got| -> Vec<Value> {
        got.ok(200).as_array().unwrap().iter().map(|one| one["entityId"].clone()).collect()
    };
    let list = |rest: &'static str| {
        let h = &h;
        async move { h.get(&format!("{FUNCTIONS}{rest}")).await }
    };
    let all = list("").await;
    let (none, a) = (json!({"name": "counter", "key": ""}), json!({"name": "counter", "key": "a"}));
    assert_eq!(ids(&all), [none.clone(), a.clone(), json!({"name": "note", "key": "n"})]);
    assert!(all.json()[0].get("state").is_none());
    assert!(all.json()[0]["lastOperationTime"].as_str().unwrap().ends_with('Z'));
    assert_eq!(ids(&list("/Counter/?fetchState=false").await), [none, a.clone()]);
    assert_eq!(list("/note?FETCHSTATE=true").await.ok(200)[0]["state"], 1);
    assert_eq!(ids(&list("/not").await), Vec::<Value>::new(), "the name is whole");
    assert_eq!(ids(&list("?lastOperationTimeTo=2020-01-01").await), Vec::<Value>::new());
    assert_eq!(ids(&list("?lastOperationTimeFrom=2020-01-01&lastOperationTimeTo=2200-01-01").await).len(), 3);
    list("?lastOperationTimeFrom=x").await.problem(400, "invalid");

    let first = list("/counter?top=1").await;
    assert_eq!(ids(&first).len(), 1);
    let token = first.header("x-ms-continuation-token");
    let next = |token: &str| {
        h.request("GET", &format!("{FUNCTIONS}/counter?top=1")).header("x-ms-continuation-token", token)
    };
    let second = h.send(next(token)).await;
    assert_eq!((ids(&second), second.header("x-ms-continuation-token")), (vec![a], ""));
    h.send(next("zzz")).await.problem(400, "invalid");
}
