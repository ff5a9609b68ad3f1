//! An example in a folder of its own, the programs that run it, and its HTTP routes.

use crate::shop::Shop;
use serde_json::Value;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// How long anything may take before a test fails: the SDK may have to be installed first.
pub(crate) const PATIENCE: Duration = Duration::from_secs(180);

/// What the SDKs are called in their registries; the versions that these tests were written for.
const PYTHON_SDK: &str = "durabletask==1.12.0";
const JAVASCRIPT_SDK: &str = "@microsoft/durabletask-js@0.4.0";

/// Any session will do.
const SESSION: &str = "6f9619ff-8b86-4d01-b42d-00cf4fc964ff";

/// A process that is asked to end with the test, and waited for.
pub(crate) struct Process(Child);

impl Process {
    pub(crate) fn kill(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if self.0.try_wait().is_ok_and(|ended| ended.is_some()) {
            return;
        }
        let _ = Command::new("kill").args(["-TERM", &self.0.id().to_string()]).status();
        let _ = self.0.wait();
    }
}

/// One of the examples.
pub(crate) struct Place {
    folder: TempDir,
    port: u16,
    pub(crate) http: reqwest::Client,
}

impl Place {
    /// A copy of an example, beside what its worker needs, without the shop: that is in this process.
    pub(crate) async fn of(example: &'static str) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let folder = tempfile::tempdir().unwrap();
        let app = folder.path().join("app");
        let made = tokio::task::spawn_blocking(move || make(example, &app));
        made.await.unwrap();
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { folder, port: free_port(), http }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn log_file(&self) -> File {
        File::options().create(true).append(true).open(self.path("log")).unwrap()
    }

    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.path("log")).unwrap_or_default()
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    fn start(&self, command: &mut Command, shop: &Shop) -> Process {
        let log = self.log_file();
        command.env("SHOP_URL", &shop.url).stdin(Stdio::null());
        Process(command.stdout(log.try_clone().unwrap()).stderr(log).spawn().unwrap())
    }

    /// `partita dev`, with the worker that belongs to the app.
    pub(crate) async fn dev(&self, shop: &Shop, payment_timeout_seconds: u64) -> Process {
        let mut command = program();
        command.arg("dev").arg(self.path("app")).args(["--no-watch", "--port", &self.port.to_string()]);
        command.env("PAYMENT_TIMEOUT_SECONDS", payment_timeout_seconds.to_string());
        let process = self.start(&mut command, shop);
        self.until_workers(1).await;
        process
    }

    /// `partita serve` with the app's routes, and nothing else.
    pub(crate) fn serve(&self, shop: &Shop) -> Process {
        let mut command = program();
        command.args(["serve", "--port", &self.port.to_string(), "--set", "workers.grace=300ms"]);
        command.arg("--config").arg(self.path("app/partita.toml")).arg("--data-dir").arg(self.path("data"));
        self.start(&mut command, shop)
    }

    /// A worker of the Python example.
    pub(crate) fn worker(&self, shop: &Shop) -> Process {
        let app = self.path("app");
        let mut command = Command::new(app.join(".venv/bin/python"));
        command.arg("-u").arg("order.py").current_dir(app);
        command.env("PARTITA_SERVER", self.url("")).env("PAYMENT_TIMEOUT_SECONDS", "600");
        self.start(&mut command, shop)
    }

    /// Waits until so many workers are connected.
    pub(crate) async fn until_workers(&self, number: usize) {
        let began = Instant::now();
        while self.workers().await < number {
            assert!(began.elapsed() < PATIENCE, "the workers do not connect:\n{}", self.log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn workers(&self) -> usize {
        let Ok(answer) = self.http.get(self.url("/api/v1/workers")).send().await else { return 0 };
        let list: Value = answer.json().await.unwrap();
        let connected = |worker: &&Value| worker["kind"] == "durable-task";
        list["workers"].as_array().unwrap().iter().filter(connected).count()
    }

    /// Orders, and gives the id of the order, if the server was there to say it.
    pub(crate) async fn order(&self) -> Option<String> {
        let request = self.http.post(self.url(&format!("/order/start/{SESSION}")));
        let answer = request.timeout(Duration::from_secs(10)).send().await.ok()?;
        let (status, text) = (answer.status(), answer.text().await.ok()?);
        if status.is_server_error() {
            return None;
        }
        assert_eq!(status, 202, "{text}");
        let body: Value = serde_json::from_str(&text).unwrap();
        let id = body["id"].as_str().unwrap().to_owned();
        assert!(body["statusQueryGetUri"].as_str().unwrap().contains(&id), "{text}");
        Some(id)
    }

    /// The status and the JSON of a GET, from a server that is there.
    pub(crate) async fn get(&self, path: &str) -> (u16, Value) {
        let answer = self.http.get(self.url(path)).send().await.unwrap();
        let (status, text) = (answer.status().as_u16(), answer.text().await.unwrap());
        (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }

    /// Each status of an order, once, until it is `last`.
    pub(crate) async fn statuses(&self, id: &str, last: &str) -> Vec<String> {
        let (began, mut seen) = (Instant::now(), Vec::<String>::new());
        loop {
            let (_, now) = self.get(&format!("/order/{id}/status")).await;
            if let Some(now) = now.as_str().filter(|now| seen.last().is_none_or(|last| last != now)) {
                seen.push(now.to_owned());
            }
            if seen.last().is_some_and(|seen| seen == last) {
                return seen;
            }
            assert!(began.elapsed() < PATIENCE, "{id}: {now}; {seen:?}\n{}", self.log());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// What an order came to.
    pub(crate) async fn end(&self, id: &str) -> Value {
        let path = format!("/api/v1/instances/{id}/wait?timeout=60");
        let (_, shown) = self.get(&path).await;
        assert!(shown["status"] == "Completed", "{id}: {shown}\n{}", self.log());
        shown
    }
}

fn make(example: &str, app: &Path) {
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples").join(example);
    let clients = Path::new(env!("CARGO_TARGET_TMPDIR"));
    fs::create_dir(app).unwrap();
    fs::create_dir(app.join("schemas")).unwrap();
    for part in ["", "schemas"] {
        for entry in fs::read_dir(from.join(part)).unwrap().map(Result::unwrap) {
            if entry.file_type().unwrap().is_file() {
                fs::copy(entry.path(), app.join(part).join(entry.file_name())).unwrap();
            }
        }
    }
    let file = app.join("partita.toml");
    let text = fs::read_to_string(&file).unwrap();
    let mut table: toml::Table = text.parse().unwrap();
    let processes = table["process"].as_table_mut().unwrap();
    assert!(processes.remove("shop").is_some(), "the example starts its shop itself");
    fs::write(file, table.to_string()).unwrap();
    // The run.sh of the examples installs nothing when it is there already.
    if example == "order-python" {
        let python = partita_clients::python(&clients.join("python"), &[PYTHON_SDK]).unwrap();
        std::os::unix::fs::symlink(python.ancestors().nth(2).unwrap(), app.join(".venv")).unwrap();
    } else {
        let modules = partita_clients::node_modules(&clients.join("node"), &[JAVASCRIPT_SDK]).unwrap();
        std::os::unix::fs::symlink(modules, app.join("node_modules")).unwrap();
    }
}

/// The program, in an environment of its own.
fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_partita"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("PARTITA_") || name == "NO_COLOR") {
        command.env_remove(name);
    }
    command
}

fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
