//! A node with its server, restarted at will, and clients of one of its hubs.

use partita_api::durable_task::proto;
use partita_api::durable_task::proto::task_hub_sidecar_service_client::TaskHubSidecarServiceClient;
use partita_server::config::{ConfigFile, Sources};
use partita_server::hubs::{Hub, HubName};
use partita_server::node::{Node, NodeOptions};
use partita_server::{Config, Server};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use tokio::sync::mpsc::unbounded_channel;
use tokio_util::sync::CancellationToken;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request, Status};

pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) type Client = TaskHubSidecarServiceClient<Channel>;

/// Makes hubs on their first use.
pub(crate) const DEV: &str = "[hubs]\non-first-use = true\n";

pub(crate) struct Site {
    pub(crate) base: String,
    folder: TempDir,
    settings: String,
    node: Node,
    stop: CancellationToken,
    served: tokio::task::JoinHandle<()>,
    client: reqwest::Client,
}

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Got {
    pub(crate) status: u16,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) text: String,
}

impl Got {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }
    #[track_caller]
    pub(crate) fn ok(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        if self.text.is_empty() { Value::Null } else { self.json() }
    }
    /// What a problem of that kind says.
    #[track_caller]
    pub(crate) fn problem(&self, status: u16, kind: &str) -> String {
        assert_eq!(self.status, status, "{}", self.text);
        assert_eq!(self.headers["content-type"], "application/problem+json");
        let problem = self.json();
        assert_eq!(problem["type"], format!("urn:partita:problem:{kind}"), "{problem}");
        problem["detail"].as_str().unwrap().to_owned()
    }
}

impl Site {
    pub(crate) async fn open(settings: &str) -> Self {
        Self::run(tempfile::tempdir().unwrap(), settings.to_owned()).await
    }

    async fn run(folder: TempDir, settings: String) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let text = format!("listen = \"127.0.0.1:0\"\n{settings}");
        let file = ConfigFile::Text("partita.toml".into(), text);
        let config = Config::load(&Sources { file, ..Sources::default() }).unwrap();
        let data = Some(folder.path().join("data"));
        let options = NodeOptions { data, app: Some(app(folder.path())), ..NodeOptions::default() };
        let node = Node::open(&config, options, unbounded_channel().0).await.unwrap();
        let engine = node.runtime().engine().clone();
        let server = Server::bind_with(engine, node.parts().clone(), config.server_options()).await.unwrap();
        let base = format!("http://{}", server.address());
        let stop = CancellationToken::new();
        let stopped = stop.clone().cancelled_owned();
        let served = tokio::spawn(async move { server.serve(stopped).await.unwrap() });
        Self { base, folder, settings, node, stop, served, client: reqwest::Client::new() }
    }

    pub(crate) async fn restart(self) -> Self {
        let (folder, settings) = self.close().await;
        Self::run(folder, settings).await
    }

    pub(crate) async fn close(self) -> (TempDir, String) {
        let Self { folder, settings, node, stop, served, .. } = self;
        stop.cancel();
        served.await.unwrap();
        node.shutdown(Duration::ZERO).await.unwrap();
        (folder, settings)
    }

    /// The folder of a hub.
    pub(crate) fn folder(&self, hub: &str) -> PathBuf {
        self.folder.path().join("data/hubs").join(hub)
    }

    pub(crate) fn hub(&self, name: &str) -> Option<Arc<Hub>> {
        self.node.parts().hubs.as_ref().unwrap().get(&HubName::parse(name).unwrap()).ok()
    }

    /// The names of all hubs, as they are listed.
    pub(crate) async fn names(&self) -> Vec<String> {
        let list = self.ask("GET", "/api/v1/hubs", "", Value::Null).await.ok(200);
        list["hubs"].as_array().unwrap().iter().map(|hub| hub["name"].as_str().unwrap().to_owned()).collect()
    }

    /// A request to a hub; one without a name to the default one.
    pub(crate) async fn ask(&self, method: &str, path: &str, hub: &str, body: Value) -> Got {
        let mut request = self.client.request(method.parse().unwrap(), format!("{}{path}", self.base));
        if !hub.is_empty() {
            request = request.header("taskhub", hub);
        }
        if !body.is_null() {
            request = request.json(&body);
        }
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        assert_eq!(headers["x-content-type-options"], "nosniff", "refusals are answers like all others");
        Got { status, headers, text: response.text().await.unwrap() }
    }

    pub(crate) async fn get(&self, path: &str, hub: &str) -> Got {
        self.ask("GET", path, hub, Value::Null).await
    }

    pub(crate) async fn put_hub(&self, name: &str) -> Got {
        self.ask("PUT", &format!("/api/v1/hubs/{name}"), "", Value::Null).await
    }

    pub(crate) async fn delete_hub(&self, name: &str) -> Got {
        self.ask("DELETE", &format!("/api/v1/hubs/{name}"), "", Value::Null).await
    }

    /// Makes a state machine in a hub that waits for some seconds.
    pub(crate) async fn machine(&self, hub: &str, name: &str, seconds: u32) {
        let states = json!({ "Wait": { "Type": "Wait", "Seconds": seconds, "End": true } });
        let body = json!({
            "name": name,
            "definition": json!({ "StartAt": "Wait", "States": states }).to_string(),
            "roleArn": "arn:aws:iam::111111111111:role/r",
        });
        let request = self.client.post(&self.base).header("taskhub", hub);
        let request = request.header("x-amz-target", "AWSStepFunctions.CreateStateMachine");
        let response = request.header("content-type", "application/x-amz-json-1.0").body(body.to_string());
        let response = response.send().await.unwrap();
        assert_eq!(response.status(), 200, "{}", response.text().await.unwrap());
    }

    /// Starts an instance of a workflow in a hub.
    pub(crate) async fn start(&self, hub: &str, workflow: &str, id: &str) -> Got {
        self.ask("POST", &format!("/api/v1/workflows/{workflow}/instances"), hub, json!({ "id": id })).await
    }

    pub(crate) async fn client(&self) -> Client {
        Client::new(Endpoint::try_from(self.base.clone()).unwrap().connect().await.unwrap())
    }

    /// A worker of a hub that takes everything.
    pub(crate) async fn worker(&self, hub: &str) -> tonic::Streaming<proto::WorkItem> {
        let asks = to(hub, proto::GetWorkItemsRequest::default());
        self.client().await.get_work_items(asks).await.unwrap().into_inner()
    }
}

/// An app with a state machine.
fn app(folder: &Path) -> PathBuf {
    let app = folder.join("app");
    std::fs::create_dir_all(app.join("workflows")).unwrap();
    let machine = json!({ "StartAt": "Pass", "States": { "Pass": { "Type": "Pass", "End": true } } });
    std::fs::write(app.join("workflows/ofapp.asl.json"), machine.to_string()).unwrap();
    app
}

/// A message for a hub; without a name for none.
pub(crate) fn to<T>(hub: &str, message: T) -> Request<T> {
    let mut request = Request::new(message);
    if !hub.is_empty() {
        request.metadata_mut().insert("taskhub", hub.parse().unwrap());
    }
    request
}

/// The next turn that a worker gets.
pub(crate) async fn turn(
    items: &mut tonic::Streaming<proto::WorkItem>,
) -> (String, proto::OrchestratorRequest) {
    let item = tokio::time::timeout(PATIENCE, items.message()).await.expect("nothing comes");
    let item = item.unwrap().expect("the stream has ended");
    let Some(proto::work_item::Request::OrchestratorRequest(request)) = item.request else {
        panic!("{item:?}")
    };
    (item.completion_token, request)
}

#[track_caller]
pub(crate) fn refused<T: std::fmt::Debug>(outcome: Result<T, Status>, code: Code) -> String {
    let status = outcome.unwrap_err();
    assert_eq!(status.code(), code, "{status}");
    status.message().to_owned()
}
