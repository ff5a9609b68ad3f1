//! The Fn Project's API, as its command line and its callers use it.

use crate::site::Site;
use serde_json::{Value, json};

/// An app with a function that has the code of `toolbox`.
async fn made(site: &Site, app: &str, name: &str) -> (String, Value) {
    let made =
        site.json("POST", "/v2/apps", json!({ "name": app, "config": {"GREETING": "made"} })).await.ok(200);
    let app = made["id"].as_str().unwrap().to_owned();
    let function = json!({ "app_id": app, "name": name, "image": "local:toolbox", "config": {"LEVEL": "1"} });
    let function = site.json("POST", "/v2/fns", function).await.ok(200);
    (app, function)
}

fn id(value: &Value) -> &str {
    value["id"].as_str().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn apps_and_fns_are_made_called_changed_and_deleted() {
    let site = Site::open_to_all(&["toolbox"]).await;
    assert!(site.get("/version").await.ok(200)["version"].is_string());
    let (app, function) = made(&site, "fn-app", "teller").await;
    let path = format!("/v2/fns/{}", id(&function));
    let endpoint = function["annotations"]["fnproject.io/fn/invokeEndpoint"].as_str().unwrap();
    assert_eq!(endpoint, format!("{}/invoke/{}", site.base, id(&function)));
    assert_eq!((&function["image"], &function["timeout"]), (&json!("local:toolbox"), &json!(20)));

    let told = site.invoke(id(&function), r#"{"action": "tell"}"#).await;
    assert_eq!((&told.ok(200)["GREETING"], &told.ok(200)["LEVEL"]), (&json!("made"), &json!("1")));
    assert!(!told.header("fn-call-id").is_empty());
    assert_eq!(told.header("content-type"), "application/json");
    let detached =
        site.request("POST", &format!("/invoke/{}", id(&function))).header("fn-invoke-type", "detached");
    let detached = site.send(detached.body(r#"{"action": "say", "text": "later"}"#)).await;
    assert_eq!((detached.status, detached.text.as_str()), (202, ""));
    site.logged("teller", "later").await;

    let changes = json!({ "config": {"LEVEL": "", "GREETING": "changed"}, "timeout": 7 });
    let changed = site.json("PUT", &path, changes).await.ok(200);
    assert_eq!((&changed["config"], &changed["timeout"]), (&json!({"GREETING": "changed"}), &json!(7)));
    let told = site.invoke(id(&function), r#"{"action": "tell"}"#).await.ok(200);
    assert_eq!((&told["GREETING"], &told["LEVEL"]), (&json!("changed"), &Value::Null));

    let listed = site.get(&format!("/v2/fns?app_id={app}")).await.ok(200);
    assert_eq!(listed["items"][0]["name"], "teller");
    let first = site.get("/v2/apps?per_page=1").await.ok(200);
    let cursor = first["next_cursor"].as_str().unwrap();
    let second = site.get(&format!("/v2/apps?per_page=1&cursor={cursor}")).await.ok(200);
    assert_eq!((&first["items"][0]["name"], &second["items"][0]["name"]), (&json!("fn-app"), &json!("shop")));
    assert_eq!(second["next_cursor"], "");

    assert_eq!(site.request_status("DELETE", &format!("/v2/apps/{app}")).await, 409);
    assert_eq!(site.request_status("DELETE", &path).await, 204);
    assert_eq!(site.request_status("DELETE", &format!("/v2/apps/{app}")).await, 204);
    assert_eq!(site.get(&path).await.ok(404)["message"], "Fn not found");
    site.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn triggers_lead_http_requests_to_functions() {
    let site = Site::open_to_all(&["toolbox"]).await;
    let (app, function) = made(&site, "web", "gate").await;
    let new = json!({ "app_id": app, "fn_id": id(&function), "name": "in", "type": "http", "source": "a/b" });
    let trigger = site.json("POST", "/v2/triggers", new.clone()).await.ok(200);
    let endpoint = trigger["annotations"]["fnproject.io/trigger/httpEndpoint"].as_str().unwrap();
    assert_eq!(endpoint, format!("{}/t/web/a/b", site.base));
    assert_eq!(site.json("POST", "/v2/triggers", new).await.ok(409)["message"], "Trigger already exists");

    let request = site.request("PUT", "/t/web/a/b?q=1").header("x-own", "mine");
    let got = site.send(request.body(r#"{"action": "gateway"}"#)).await;
    let told = got.ok(418);
    assert_eq!(got.header("x-told"), "yes");
    assert_eq!((&told["method"], &told["header"]), (&json!("PUT"), &json!("mine")));
    assert!(told["url"].as_str().unwrap().ends_with("/t/web/a/b?q=1"), "{told}");
    assert_eq!(site.get("/t/web/a").await.ok(404)["message"], "Trigger not found");

    // A page of another site may not have a browser call functions, whatever the method.
    let elsewhere = site.request("GET", "/t/web/a/b").header("sec-fetch-site", "cross-site");
    assert_eq!(site.send(elsewhere).await.status, 403);
    let typed = site.request("GET", "/t/web/a/b").header("sec-fetch-site", "none");
    assert_eq!(site.send(typed).await.status, 200);

    let path = format!("/v2/triggers/{}", id(&trigger));
    let moved = site.json("PUT", &path, json!({ "source": "/c" })).await.ok(200);
    assert_eq!(moved["source"], "/c");
    assert_eq!((site.get("/t/web/a/b").await.status, site.get("/t/web/c").await.status), (404, 200));
    assert_eq!(site.request_status("DELETE", &path).await, 204);
    assert_eq!(site.get("/t/web/c").await.status, 404);
    site.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_told_as_the_fn_server_tells_it() {
    let site = Site::open_to_all(&["toolbox"]).await;
    let function = site.function("toolbox").await;
    for (path, body, status, message) in [
        ("/v2/apps", json!({}), 400, "Missing app name"),
        ("/v2/apps", json!({ "name": "shop" }), 409, "App already exists"),
        ("/v2/fns", json!({ "name": "a", "image": "local:toolbox" }), 400, "Missing AppID on Fn"),
        ("/v2/fns", json!({ "app_id": "x", "name": "a", "image": "local:toolbox" }), 404, "App not found"),
        ("/v2/triggers", json!({ "app_id": "x" }), 404, "App not found"),
        ("/v2/nothing", json!({}), 404, "Path not found"),
        ("/invoke/nothing", json!({}), 404, "Fn not found"),
        ("/invoke/toolbox", json!({ "action": "fail" }), 502, "function failed"),
        ("/invoke/toolbox", json!({ "action": "leave" }), 502, "error receiving function response"),
    ] {
        let got = site.json("POST", path, body).await.ok(status);
        assert_eq!(got["message"], message, "{path}");
    }
    let image = json!({ "app_id": site.app().await, "name": "a", "image": "fnproject/hello:1" });
    let refused = site.json("POST", "/v2/fns", image).await.ok(400);
    assert!(refused["message"].as_str().unwrap().contains("local:NAME"), "{refused}");
    let fixed = site.json("PUT", &format!("/v2/fns/{function}"), json!({ "timeout": 3 })).await.ok(409);
    assert!(fixed["message"].as_str().unwrap().contains("defined by files"), "{fixed}");
    let not_json = site.send(site.request("POST", "/v2/apps").body("{")).await.ok(400);
    assert_eq!(not_json["message"], "Invalid JSON");
    site.close().await;
}
