//! A node with some functions of the folder `app`, and its server on a port of its own.

use crate::launcher::launcher;
use crate::venv::told;
use partita_server::config::{ConfigFile, Sources};
use partita_server::node::{AppEvent, Node, NodeOptions};
use partita_server::{Config, Server};
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::sync::mpsc::unbounded_channel;
use tokio_util::sync::CancellationToken;

/// How long anything may take before a test fails: environments of functions may have to be built first.
pub(crate) const PATIENCE: Duration = Duration::from_secs(300);

pub(crate) struct Site {
    pub(crate) base: String,
    folder: TempDir,
    node: Node,
    stop: CancellationToken,
    served: tokio::task::JoinHandle<()>,
    client: reqwest::Client,
}

/// An answer, read to its end.
pub(crate) struct Got {
    pub(crate) status: u16,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) text: String,
}

impl Got {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
    #[track_caller]
    pub(crate) fn ok(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        if self.text.is_empty() { Value::Null } else { self.json() }
    }
}

impl Site {
    /// Opens a node to which everybody may bring functions.
    pub(crate) async fn open_to_all(functions: &[&str]) -> Self {
        Self::open(functions, "[oci]\nrequire-signatures = false\n", |_| {}).await
    }

    /// Opens a node whose app has these functions. `settings` is added to its configuration, beside which the files
    /// are that `files` makes.
    pub(crate) async fn open(functions: &[&str], settings: &str, files: impl FnOnce(&Path)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let app = folder.path().join("app");
        fs::create_dir_all(app.join("functions")).unwrap();
        fs::copy(fixtures().join("app/app.yaml"), app.join("app.yaml")).unwrap();
        for name in functions {
            copy(&fixtures().join("app/functions").join(name), &app.join("functions").join(name));
        }
        fs::write(app.join("partita.toml"), format!("listen = \"127.0.0.1:0\"\n{settings}")).unwrap();
        files(&app);
        // Environments of functions are built once for all tests.
        let data = folder.path().join("data");
        let shared = Path::new(env!("CARGO_TARGET_TMPDIR")).join("oci-functions");
        fs::create_dir_all(&shared).unwrap();
        fs::create_dir_all(&data).unwrap();
        std::os::unix::fs::symlink(&shared, data.join("functions")).unwrap();
        Self::run(folder).await
    }

    async fn run(folder: TempDir) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let app = folder.path().join("app");
        let file = ConfigFile::Named(app.join("partita.toml"));
        let config = Config::load(&Sources { file, ..Sources::default() }).unwrap();
        let (report, mut events) = unbounded_channel();
        let options = NodeOptions {
            data: Some(folder.path().join("data")),
            app: Some(app),
            dev: false,
            launcher: vec![launcher().into()],
        };
        let node = Node::open(&config, options, report).await.unwrap();
        let deployed = async {
            while let Some(event) = events.recv().await {
                match event {
                    AppEvent::FunctionsDeployed => return,
                    AppEvent::Function(partita_functions::HostEvent::Broken { function, reason }) => {
                        panic!("{function} is broken: {reason}")
                    }
                    _ => {}
                }
            }
        };
        tokio::time::timeout(PATIENCE, deployed).await.expect("the functions are not deployed in time");
        let engine = node.runtime().engine().clone();
        let server = Server::bind_with(engine, node.parts().clone(), config.server_options()).await.unwrap();
        let base = format!("http://{}", server.address());
        let stop = CancellationToken::new();
        let stopped = stop.clone().cancelled_owned();
        let served = tokio::spawn(async move { server.serve(stopped).await.unwrap() });
        Self { base, folder, node, stop, served, client: reqwest::Client::new() }
    }

    /// Ends the node, and opens another in its place.
    pub(crate) async fn restart(self) -> Self {
        Self::run(self.close().await).await
    }

    /// Ends the node in order.
    pub(crate) async fn close(self) -> TempDir {
        self.stop.cancel();
        self.served.await.unwrap();
        self.node.shutdown(Duration::from_secs(5)).await.unwrap();
        self.folder
    }

    /// Adds a function to the app, for the next start.
    pub(crate) fn add_function(&self, name: &str) {
        let to = self.folder.path().join("app/functions").join(name);
        copy(&fixtures().join("app/functions").join(name), &to);
    }

    /// The id of the app.
    pub(crate) async fn app(&self) -> String {
        let apps = self.get("/v2/apps?name=shop").await.ok(200);
        apps["items"][0]["id"].as_str().unwrap().to_owned()
    }

    /// The id of a function of the app.
    pub(crate) async fn function(&self, name: &str) -> String {
        let app = self.app().await;
        let functions = self.get(&format!("/v2/fns?app_id={app}&name={name}")).await.ok(200);
        functions["items"][0]["id"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn send(&self, request: reqwest::RequestBuilder) -> Got {
        let response = request.timeout(PATIENCE).send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Got { status, headers, text: response.text().await.unwrap() }
    }
    pub(crate) fn request(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        self.client.request(method.parse().unwrap(), format!("{}{path}", self.base))
    }
    pub(crate) async fn get(&self, path: &str) -> Got {
        self.send(self.request("GET", path)).await
    }
    pub(crate) async fn request_status(&self, method: &str, path: &str) -> u16 {
        self.send(self.request(method, path)).await.status
    }
    pub(crate) async fn json(&self, method: &str, path: &str, body: Value) -> Got {
        self.send(self.request(method, path).json(&body)).await
    }
    pub(crate) async fn invoke(&self, function: &str, body: &str) -> Got {
        self.send(self.request("POST", &format!("/invoke/{function}")).body(body.to_owned())).await
    }

    /// Waits until the log of a function has a line with that text.
    pub(crate) async fn logged(&self, function: &str, text: &str) {
        let deadline = Instant::now() + Duration::from_secs(20);
        loop {
            let log = self.get(&format!("/api/v1/functions/{function}/logs")).await;
            if log.text.contains(text) {
                return;
            }
            assert!(Instant::now() < deadline, "{text:?} is not in the log: {}", log.text);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Runs a script with an interpreter that has the SDK, and gives what it prints.
    pub(crate) async fn script(&self, python: &Path, name: &str, function: &str, keys: &Path) -> Value {
        let given = json!({ "endpoint": self.base, "function": function, "keys": keys });
        let mut command = Command::new(python);
        command.arg(fixtures().join(name)).arg(given.to_string());
        command.env("PYTHONDONTWRITEBYTECODE", "1");
        let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
        assert!(output.status.success(), "{name}: {}", told(&output));
        let printed = String::from_utf8_lossy(&output.stdout);
        serde_json::from_str(printed.lines().last().unwrap_or_default()).unwrap()
    }
}

/// The folder of these tests.
pub(crate) fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oci")
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        if entry.file_type().unwrap().is_file() {
            fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
    }
}
