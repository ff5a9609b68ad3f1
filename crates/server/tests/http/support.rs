//! A real server on a port of its own, and a client that checks each answer of the own API against the
//! OpenAPI document.

use partita::{
    ActivityContext, EntityContext, EntityId, EntityType, Error, OrchestrationContext, Result, Runtime,
    RuntimeBuilder,
};
use partita_engine::Engine;
use partita_engine::kernel::InstanceId;
use partita_engine::{WaitFor, engine::StartRequest};
use partita_server::{Parts, Server, ServerOptions};
use reqwest::header::HeaderMap;
use serde_json::Value;
use std::net::SocketAddr;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

pub(crate) struct Harness {
    pub(crate) base: String,
    pub(crate) engine: Engine,
    pub(crate) stop: CancellationToken,
    pub(crate) served: tokio::task::JoinHandle<()>,
    client: reqwest::Client,
}

/// An answer, read to its end.
pub(crate) struct Got {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Got {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
    /// Checks the status, and that what came is a problem of that kind.
    #[track_caller]
    pub(crate) fn problem(&self, status: u16, kind: &str) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        assert_eq!(self.header("content-type"), "application/problem+json");
        let problem = self.json();
        assert_eq!(problem["type"], format!("urn:partita:problem:{kind}"), "{problem}");
        assert_eq!(problem["status"], status);
        assert!(problem["detail"].as_str().is_some_and(|detail| !detail.is_empty()), "{problem}");
        problem
    }
    #[track_caller]
    pub(crate) fn ok(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        if self.text.is_empty() { Value::Null } else { self.json() }
    }
}

async fn echo(_: OrchestrationContext, input: Value) -> Result<Value> {
    Ok(input)
}
async fn order(ctx: OrchestrationContext, _: Value) -> Result<Value> {
    ctx.set_custom_status("waiting for payment");
    ctx.wait_for_external_event("paid").await
}
async fn fails(_: OrchestrationContext, _: Value) -> Result<Value> {
    Err(Error::new("Broken", "it does not work"))
}
async fn doubles(ctx: OrchestrationContext, input: i64) -> Result<i64> {
    ctx.call_activity("Double", input).await
}
async fn parent(ctx: OrchestrationContext, _: Value) -> Result<Value> {
    ctx.call_sub_orchestrator("Order", Value::Null).await
}
async fn locker(ctx: OrchestrationContext, _: Value) -> Result<Value> {
    let _section = ctx.lock_entities([&EntityId::new("Counter", "shared")?]).await?;
    ctx.set_custom_status("it has the lock");
    ctx.wait_for_external_event("paid").await
}
async fn double(_: ActivityContext, input: i64) -> Result<i64> {
    Ok(input * 2)
}

/// Adds; `explode` fails after it has changed the state.
fn counter() -> EntityType<i64> {
    EntityType::new()
        .operation("add", |value: &mut i64, _: &mut EntityContext, amount: i64| {
            *value += amount;
            Ok(*value)
        })
        .operation("explode", |value: &mut i64, _: &mut EntityContext, (): ()| {
            *value = -1;
            Err::<(), _>(Error::new("Boom", "it exploded"))
        })
}

/// Keeps what it is given, exactly.
fn note() -> EntityType<Option<partita_api::Json>> {
    EntityType::new().operation(
        "set",
        |kept: &mut Option<partita_api::Json>, _: &mut EntityContext, given| {
            *kept = Some(given);
            Ok(())
        },
    )
}

pub(crate) fn workflows() -> RuntimeBuilder {
    Runtime::builder()
        .orchestrator("Echo", echo)
        .orchestrator("Order", order)
        .orchestrator("Fail", fails)
        .orchestrator("Doubles", doubles)
        .orchestrator("Parent", parent)
        .orchestrator("Locker", locker)
        .entity("Counter", counter())
        .entity("Note", note())
        .activity("Double", double)
}

pub(crate) fn local(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}

/// A server with the workflows above.
pub(crate) async fn serve(options: ServerOptions) -> Harness {
    serve_with(workflows(), options).await
}

pub(crate) async fn serve_with(builder: RuntimeBuilder, options: ServerOptions) -> Harness {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let engine = builder.start().await.unwrap().engine().clone();
    serve_parts(engine, Parts::default(), options).await
}

pub(crate) async fn serve_parts(engine: Engine, parts: Parts, options: ServerOptions) -> Harness {
    let options = ServerOptions { listen: local(0), ..options };
    let server = Server::bind_with(engine.clone(), parts, options).await.unwrap();
    let base = format!("http://{}", server.address());
    let stop = CancellationToken::new();
    let stopped = stop.clone();
    let served =
        tokio::spawn(async move { server.serve(async move { stopped.cancelled().await }).await.unwrap() });
    Harness { base, engine, stop, served, client: reqwest::Client::new() }
}

impl Harness {
    pub(crate) fn request(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        self.client.request(method.parse().unwrap(), format!("{}{path}", self.base))
    }

    pub(crate) async fn send(&self, request: reqwest::RequestBuilder) -> Got {
        let request = request.build().unwrap();
        let (method, path) = (request.method().to_string(), request.url().path().to_owned());
        let response = self.client.execute(request).await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let got = Got { status, headers, text: response.text().await.unwrap() };
        assert_eq!(got.header("x-content-type-options"), "nosniff");
        if got.header("content-type").contains("json") {
            assert_eq!(got.header("cache-control"), "no-store", "{path}");
        }
        crate::schema::check(&method, &path, &got);
        got
    }

    pub(crate) async fn get(&self, path: &str) -> Got {
        self.send(self.request("GET", path)).await
    }
    pub(crate) async fn delete(&self, path: &str) -> Got {
        self.send(self.request("DELETE", path)).await
    }
    pub(crate) async fn post(&self, path: &str, body: Value) -> Got {
        self.send(self.request("POST", path).json(&body)).await
    }
    pub(crate) async fn post_empty(&self, path: &str) -> Got {
        self.send(self.request("POST", path)).await
    }

    pub(crate) async fn start(&self, workflow: &str, id: &str) {
        let request = StartRequest { name: workflow.into(), id: Some(id.into()), ..StartRequest::default() };
        self.engine.start(StartRequest { input: Some("1".into()), ..request }).await.unwrap();
    }

    /// Starts an instance and waits for its end.
    pub(crate) async fn ended(&self, workflow: &str, id: &str) {
        self.start(workflow, id).await;
        self.end(id).await;
    }

    pub(crate) async fn end(&self, id: &str) {
        let view =
            self.engine.wait(&id_of(id), WaitFor::End, Some(Duration::from_secs(20))).await.unwrap().unwrap();
        assert!(view.status.is_terminal(), "{view:?}");
    }

    /// Starts an order and waits until it waits.
    pub(crate) async fn waiting(&self, id: &str) {
        self.start("Order", id).await;
        self.waits(id).await;
    }

    pub(crate) async fn waits(&self, id: &str) {
        loop {
            let view = self.engine.get(&id_of(id)).await.unwrap().unwrap();
            if view.custom_status.is_some() {
                return;
            }
            let change = WaitFor::Change { updated_at: view.updated_at, history_events: view.history_events };
            self.engine.wait(&id_of(id), change, Some(Duration::from_secs(20))).await.unwrap();
        }
    }
}

pub(crate) fn id_of(id: &str) -> InstanceId {
    InstanceId::trusted(id)
}
