//! Calls that are answered.

use crate::support::*;
use partita_functions::{Call, GatewayRequest};
use tokio_util::sync::CancellationToken;

async fn echoes(name: &str) {
    let host = hosting(name).await;
    let id = unique();
    let mut call = Call::new(name, &id, r#"{"a": [1, "ü"]}"#);
    call.headers = vec![("X-Own".into(), "mine".into()), ("Fn-Call-Id".into(), "forged".into())];
    let answer = host.call(call, CancellationToken::new()).await.unwrap();
    let body = json(&answer);
    assert_eq!(answer.status, 200);
    assert_eq!(answer.content_type.as_deref(), Some("application/json"));
    assert_eq!(answer.headers, [("x-answer".to_owned(), "yes".to_owned())]);
    assert_eq!(body["body"], serde_json::json!({"a": [1, "ü"]}));
    assert_eq!((body["call"].as_str(), body["greeting"].as_str()), (Some(id.as_str()), Some("hello")));
    assert_eq!((body["type"].as_str(), body["own"].as_str()), (Some("application/json"), Some("mine")));
    let deadline: jiff::Timestamp = body["deadline"].as_str().unwrap().parse().unwrap();
    let ahead = deadline.duration_since(jiff::Timestamp::now()).as_secs();
    assert!((15..=30).contains(&ahead), "{ahead}");
    for _ in 0..20 {
        call_as(&host, name, &unique(), "{}").await.unwrap();
    }
    let status = status(&host, name);
    assert_eq!((status.cold_starts, status.calls, status.failures), (1, 21, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn python_echoes() {
    echoes("echo-py").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn node_echoes() {
    echoes("echo-js").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_request_reaches_the_handler_and_its_status_comes_back() {
    let function = Written::python(
        "gateway",
        "import json\nfrom fdk import response\n\n\
         def handler(ctx, data=None):\n    \
         body = {'method': ctx.Method(), 'url': ctx.RequestURL(), 'h': ctx.HTTPHeaders().get('x-a')}\n    \
         return response.Response(ctx, response_data=json.dumps(body), status_code=418, headers={'X-B': 'b'})\n",
    );
    let host = host().await;
    host.deploy(function.spec()).await.unwrap();
    let mut call = Call::new("gateway", unique(), "");
    call.gateway = Some(GatewayRequest {
        method: "PUT".into(),
        url: "/things/7?x=1".into(),
        headers: vec![("X-A".into(), "a".into())],
    });
    let answer = host.call(call, CancellationToken::new()).await.unwrap();
    assert_eq!(json(&answer), serde_json::json!({"method": "PUT", "url": "/things/7?x=1", "h": "a"}));
    assert_eq!(answer.status, 418);
    assert!(answer.headers.contains(&("x-b".to_owned(), "b".to_owned())), "{:?}", answer.headers);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_module_of_the_newer_kind_is_a_function_too() {
    let function = Written::node(
        "esm",
        "import fdk from '@fnproject/fdk'\nimport { word } from './lib.js'\n\n\
         fdk.handle((input) => { if (input === 1) { throw new TypeError(word) }; return word })\n",
    );
    function.write(
        "package.json",
        r#"{"name": "esm", "type": "module", "dependencies": {"@fnproject/fdk": ">=0.0.40"}}"#,
    );
    function.write("lib.js", "export const word = 'hello'\n");
    let host = host().await;
    host.deploy(function.spec()).await.unwrap();
    assert_eq!(json(&call(&host, "esm", "0").await.unwrap()), "hello");
    let error = call(&host, "esm", "1").await.unwrap_err();
    let exception = error.exception().unwrap();
    assert_eq!((exception.error_type.as_str(), exception.message.as_str()), ("TypeError", "hello"));
    assert_eq!(exception.place, Some(("func.js".to_owned(), 4)));
}
