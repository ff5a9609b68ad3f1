//! What a node keeps of functions that were made through an API, and what it does without any.

use crate::site::{Got, Site};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use partita::Runtime;
use partita_server::{Server, ServerOptions};
use serde_json::{Value, json};
use std::io::{Cursor, Write};
use zip::write::{SimpleFileOptions, ZipWriter};

fn zipped(files: &[(&str, &str)]) -> String {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text) in files {
        writer.start_file(*name, SimpleFileOptions::default()).unwrap();
        writer.write_all(text.as_bytes()).unwrap();
    }
    STANDARD.encode(writer.finish().unwrap().into_inner())
}

const CODE: &str = "from fdk import response\n\
    def handler(ctx, data=None):\n    \
        return response.Response(ctx, response_data='from an archive')\n";

fn from_archive(application: &Value, name: &str) -> Value {
    json!({
        "displayName": name,
        "applicationId": application["id"],
        "memoryInMBs": 128,
        "sourceDetails": {
            "sourceType": "ARCHIVE",
            "runtimeConfig": { "runtimeConfigType": "MANUAL", "functionsRuntimeName": "python" },
            "archiveSourceDetails": {
                "archiveSourceType": "DIRECT_ARCHIVE", "archiveFile": zipped(&[("func.py", CODE)]),
            },
        },
    })
}

const V: &str = "/20260325";

#[tokio::test(flavor = "multi_thread")]
async fn a_hosted_function_is_shown_and_called_by_hand() {
    let site = Site::open_to_all(&["toolbox"]).await;
    let invoke = async |payload: Value| {
        site.json("POST", "/api/v1/functions/toolbox/invoke", json!({ "payload": payload })).await.ok(200)
    };
    let said = invoke(json!({ "action": "say", "text": "over here" })).await;
    assert_eq!((&said["outcome"], &said["output"]["said"]), (&json!("succeeded"), &json!("over here")));
    assert_eq!((&said["logs"][0]["text"], &said["logs"][0]["call"]), (&json!("over here"), &said["call"]));
    let failed = invoke(json!({ "action": "fail" })).await;
    assert_eq!(
        (&failed["outcome"], &failed["failure"]["message"]),
        (&json!("failed"), &json!("no such luck"))
    );

    let shown = site.get("/api/v1/functions/toolbox").await.ok(200);
    assert_eq!((&shown["kind"], &shown["host"]["state"]), (&json!("hosted"), &json!("ready")));
    let calls = &shown["calls"];
    assert_eq!((&calls["total"], &calls["failed"], &calls["running"]), (&json!(2), &json!(1), &json!(0)));
    let hosted = &shown["hosted"];
    assert_eq!((&hosted["runtime"], &hosted["entry"]), (&json!("python"), &json!("func.py:handler")));
    assert_eq!(hosted["configuration"], json!({ "keys": ["GREETING"] }), "and not that it is hello");
    assert!(!shown.to_string().contains("hello"), "{shown}");
    assert!(hosted["coldStarts"]["lastSeconds"].as_f64().unwrap() > 0.0, "{hosted}");
    assert_eq!((&hosted["memory"], &hosted["timeoutSeconds"]), (&json!(128 << 20), &json!(20.0)));
    site.close().await;
}

async fn invoke(site: &Site, function: &str) -> Got {
    site.json("POST", &format!("{V}/functions/{function}/actions/invoke"), json!({})).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_made_is_there_after_a_restart() {
    let site = Site::open_to_all(&["toolbox"]).await;
    let toolbox = site.function("toolbox").await;
    let new = json!({ "displayName": "kept", "compartmentId": "c", "subnetIds": [] });
    let application = site.json("POST", &format!("{V}/applications"), new).await.ok(200);
    let function =
        site.json("POST", &format!("{V}/functions"), from_archive(&application, "archived")).await.ok(200);
    let borrowed = json!({ "app_id": application["id"], "name": "borrowed", "image": "local:toolbox" });
    let borrowed = site.json("POST", "/v2/fns", borrowed).await.ok(200);
    let id = function["id"].as_str().unwrap();
    assert_eq!(invoke(&site, id).await.text, "from an archive");

    let site = site.restart().await;
    let again = site.get(&format!("{V}/functions/{id}")).await.ok(200);
    assert_eq!(again["sourceDetails"], function["sourceDetails"]);
    assert_eq!(again["lifecycleState"], "ACTIVE");
    assert_eq!(invoke(&site, id).await.text, "from an archive");
    assert_eq!(invoke(&site, "archived").await.text, "from an archive");
    assert_eq!(invoke(&site, borrowed["id"].as_str().unwrap()).await.status, 200);
    assert_eq!(site.function("toolbox").await, toolbox, "ids of the folder's functions stay as they are");

    assert_eq!(site.request_status("DELETE", &format!("{V}/functions/{id}")).await, 202);
    let folder = site.close().await;
    let left: Vec<_> =
        std::fs::read_dir(folder.path().join("data/created-functions/code")).unwrap().collect();
    assert!(left.is_empty(), "{left:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_an_api_took_before_stays_with_its_function() {
    let site = Site::open_to_all(&[]).await;
    let new = json!({ "displayName": "kept", "compartmentId": "c", "subnetIds": [] });
    let application = site.json("POST", &format!("{V}/applications"), new).await.ok(200);
    site.json("POST", &format!("{V}/functions"), from_archive(&application, "toolbox")).await.ok(200);
    assert_eq!(invoke(&site, "toolbox").await.text, "from an archive");
    site.add_function("toolbox");
    let site = site.restart().await;
    assert_eq!(invoke(&site, "toolbox").await.text, "from an archive");
    assert_eq!(invoke(&site, "shop.toolbox").await.text, "{}");
    site.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_token_gives_the_same_answer() {
    let site = Site::open_to_all(&["toolbox"]).await;
    let call = async |token: &str, body: &str| {
        let path = format!("{V}/functions/toolbox/actions/invoke");
        let request = site.request("POST", &path).header("opc-retry-token", token);
        site.send(request.header("content-type", "application/json").body(body.to_owned())).await
    };
    let unique = r#"{"action": "unique"}"#;
    let (first, second) = tokio::join!(call("a", unique), call("a", unique));
    assert_eq!((first.status, &first.text), (200, &second.text));
    assert_eq!(call("a", unique).await.text, first.text);
    assert_ne!(call("b", unique).await.text, first.text);
    let other = call("a", r#"{"action": "echo"}"#).await;
    assert_eq!(other.ok(409)["code"], "InvalidatedRetryToken");
    assert_eq!(call(&"x".repeat(65), unique).await.ok(400)["code"], "InvalidParameter");
    site.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_may_call_and_read_and_not_bring_code() {
    let site = Site::open(&["toolbox"], "", |_| {}).await;
    assert_eq!(invoke(&site, "toolbox").await.status, 200);
    assert_eq!(site.get(&format!("{V}/applications?compartmentId=c")).await.status, 200);
    let new = json!({ "displayName": "a", "compartmentId": "c", "subnetIds": [], "name": "a" });
    for (method, path, says) in [
        ("POST", format!("{V}/applications"), "code"),
        ("POST", format!("{V}/functions"), "code"),
        ("PUT", format!("{V}/functions/toolbox"), "code"),
        ("DELETE", format!("{V}/applications/a"), "code"),
        ("POST", "/v2/apps".to_owned(), "message"),
        ("DELETE", "/v2/fns/toolbox".to_owned(), "message"),
    ] {
        let refused = site.json(method, &path, new.clone()).await.ok(401);
        assert!(refused["message"].as_str().unwrap().contains("oci.require-signatures"), "{path}: {refused}");
        assert!(refused[says].is_string(), "{path}: {refused}");
    }
    site.close().await;
}

/// Serves without functions; `own` routes go beside.
async fn bare(own: axum::Router) -> (Runtime, String) {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = Runtime::builder().start().await.unwrap();
    let options = ServerOptions { listen: "127.0.0.1:0".parse().unwrap(), ..ServerOptions::default() };
    let server = Server::bind(runtime.engine().clone(), options).await.unwrap().merge(own);
    let base = format!("http://{}", server.address());
    tokio::spawn(server.serve(std::future::pending()));
    (runtime, base)
}

#[tokio::test]
async fn without_functions_each_api_answers_that_there_is_nothing() {
    let (_runtime, base) = bare(axum::Router::new()).await;
    for (path, key, value) in [
        ("/20260325/applications?compartmentId=c", "code", "NotAuthorizedOrNotFound"),
        ("//20181201/functions/f", "code", "NotAuthorizedOrNotFound"),
        ("/v2/apps", "message", "Path not found"),
        ("/t/a/b", "message", "Path not found"),
        ("/2026032/functions", "type", "urn:partita:problem:no-route"),
    ] {
        let got = reqwest::get(format!("{base}{path}")).await.unwrap();
        assert_eq!(got.status(), 404, "{path}");
        let text = got.text().await.unwrap();
        let body: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(body[key], value, "{path}: {text}");
    }
}

#[tokio::test]
async fn routes_of_ones_own_come_before_these_apis() {
    let own = || axum::routing::get(async || "own");
    let own = axum::Router::new().route("/{version}/{*rest}", own()).route("/version", own());
    let (_runtime, base) = bare(own).await;
    for path in ["/20260325/applications", "/v2/apps", "/version"] {
        let got = reqwest::get(format!("{base}{path}")).await.unwrap();
        assert_eq!(got.text().await.unwrap(), "own", "{path}");
    }
}
