//! A server with an app's folder.

use crate::support::{Got, Harness, serve_parts};
use partita_server::config::{Config, ConfigFile, Sources};
use partita_server::node::{AppEvent, Node, NodeOptions};
use serde_json::{Value, json};
use std::ops::Deref;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct App {
    harness: Harness,
    node: Node,
    folder: TempDir,
    pub(crate) events: UnboundedReceiver<AppEvent>,
}

impl Deref for App {
    type Target = Harness;
    fn deref(&self) -> &Harness {
        &self.harness
    }
}

impl App {
    /// Runs an app of these files; `partita.toml` is its configuration.
    pub(crate) async fn run(dev: bool, files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let file = ConfigFile::IfThere(folder.path().join("partita.toml"));
        let config = Config::load(&Sources { file, ..Sources::default() }).unwrap();
        let (report, events) = unbounded_channel();
        let options = NodeOptions { app: Some(folder.path().to_owned()), dev, ..NodeOptions::default() };
        let _ = rustls::crypto::ring::default_provider().install_default();
        let node = Node::open(&config, options, report).await.unwrap();
        let engine = node.runtime().engine().clone();
        let harness = serve_parts(engine, node.parts().clone(), config.server_options()).await;
        Self { harness, node, folder, events }
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join("workflows").join(name)
    }

    pub(crate) async fn put(&self, workflow: &str, body: Value) -> Got {
        let path = format!("/api/v1/workflows/{workflow}/definition");
        self.send(self.request("PUT", &path).json(&body)).await
    }

    /// What happens to state machines next.
    pub(crate) async fn event(&mut self) -> AppEvent {
        loop {
            let event = tokio::time::timeout(PATIENCE, self.events.recv()).await.unwrap().unwrap();
            if matches!(event, AppEvent::Workflow { .. } | AppEvent::WorkflowRefused { .. }) {
                return event;
            }
        }
    }

    /// Starts an instance of a workflow.
    pub(crate) async fn begin(&self, workflow: &str, id: &str, input: Value) {
        let body = json!({"id": id, "input": input});
        self.post(&format!("/api/v1/workflows/{workflow}/instances"), body).await.ok(202);
    }

    /// The execution, once it is as it should be.
    pub(crate) async fn execution(&self, id: &str, fits: impl Fn(&Value) -> bool) -> Value {
        let began = Instant::now();
        loop {
            let execution = self.get(&format!("/api/v1/instances/{id}/execution")).await.ok(200);
            if fits(&execution) {
                return execution;
            }
            assert!(began.elapsed() < PATIENCE, "{execution:#}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    pub(crate) async fn close(self) {
        let Self { harness, node, .. } = self;
        harness.stop.cancel();
        harness.served.await.unwrap();
        node.shutdown(Duration::ZERO).await.unwrap();
    }
}
