//! An app in a folder of its own, and the program that runs it.

use serde_json::Value;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// How long anything may take before a test fails: environments of functions may have to be built first.
pub(crate) const PATIENCE: Duration = Duration::from_secs(180);

pub(crate) struct App {
    child: Child,
    folder: TempDir,
    port: u16,
}

/// The example's folder.
pub(crate) fn example() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/transaction")
}

impl App {
    /// The transaction example under `partita dev`; `change` is made before it starts.
    pub(crate) fn transaction(change: impl FnOnce(&Path)) -> Self {
        Self::with(|app| {
            copy(&example(), app);
            change(app);
        })
    }

    /// The app that `make` puts into a folder.
    pub(crate) fn with(make: impl FnOnce(&Path)) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let folder = tempfile::tempdir().unwrap();
        let app = folder.path().join("app");
        fs::create_dir(&app).unwrap();
        make(&app);
        // Environments of functions are built once for all tests.
        let shared = Path::new(env!("CARGO_TARGET_TMPDIR")).join("functions");
        fs::create_dir_all(&shared).unwrap();
        fs::create_dir(app.join(".partita")).unwrap();
        std::os::unix::fs::symlink(&shared, app.join(".partita/functions")).unwrap();
        let port = free_port();
        let child = launch(folder.path(), port);
        let app = Self { child, folder, port };
        app.until_ready();
        app
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join("app").join(name)
    }

    /// SIGKILL, and another program at the same port.
    pub(crate) fn kill_and_restart(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.child = launch(self.folder.path(), self.port);
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    fn until_ready(&self) {
        let began = Instant::now();
        while !self.log().contains("ready") || self.waits_for_functions() {
            assert!(began.elapsed() < PATIENCE, "the app does not start:\n{}", self.log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Whether a function is neither ready nor broken.
    fn waits_for_functions(&self) -> bool {
        let functions = fs::read_dir(self.path("functions")).into_iter().flatten().flatten();
        let log = self.log();
        functions.map(|entry| entry.file_name().into_string().unwrap()).any(|name| {
            !log.contains(&format!("function {name} is ready"))
                && !log.contains(&format!("function {name} is broken"))
        })
    }

    /// What the program has written.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    pub(crate) fn until_logged(&self, text: &str) {
        let began = Instant::now();
        while !self.log().contains(text) {
            assert!(began.elapsed() < PATIENCE, "{text:?} was never written:\n{}", self.log());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Runs the command line against it.
    pub(crate) fn run(&self, arguments: &[&str]) -> String {
        let output = program().args(arguments).env("PARTITA_SERVER", self.url()).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{arguments:?}: {text}{}", String::from_utf8_lossy(&output.stderr));
        text
    }

    pub(crate) fn json(&self, arguments: &[&str]) -> Value {
        serde_json::from_str(&self.run(&[arguments, &["--json"]].concat())).unwrap()
    }

    /// Starts a workflow, and waits for its end; gives what is shown of it.
    pub(crate) fn ends(&self, workflow: &str, id: &str, input: &Value) -> Value {
        self.run(&["start", workflow, "--id", id, "--input", &input.to_string()]);
        self.ended(id)
    }

    /// Waits for an instance's end; gives what is shown of it.
    pub(crate) fn ended(&self, id: &str) -> Value {
        let began = Instant::now();
        loop {
            let shown = self.json(&["show", id]);
            if ["Completed", "Failed", "Terminated"].iter().any(|status| shown["status"] == *status) {
                return shown;
            }
            assert!(began.elapsed() < PATIENCE, "{id} does not end: {shown}\n{}", self.log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Posts JSON; gives the status and the body.
    pub(crate) fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        let tokio = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        tokio.block_on(async {
            let answer =
                reqwest::Client::new().post(format!("{}{path}", self.url())).json(body).send().await.unwrap();
            let status = answer.status().as_u16();
            let text = answer.text().await.unwrap();
            (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
        })
    }

    /// Puts another text into a function's file, and waits until calls go there.
    pub(crate) fn rewrite(&self, function: &str, text: &str) {
        let said = |log: &str| {
            ["has new code", "is ready", "is broken"]
                .iter()
                .map(|what| log.matches(&format!("function {function} {what}")).count())
                .sum::<usize>()
        };
        let before = said(&self.log());
        fs::write(self.path(&format!("functions/{function}/func.py")), text).unwrap();
        let began = Instant::now();
        while said(&self.log()) == before {
            assert!(began.elapsed() < PATIENCE, "the change was not noticed:\n{}", self.log());
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for App {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn launch(folder: &Path, port: u16) -> Child {
    let log = File::options().create(true).append(true).open(folder.join("log")).unwrap();
    let mut command = program();
    command.arg("dev").arg(folder.join("app")).args(["--port", &port.to_string()]);
    command.stdout(log.try_clone().unwrap()).stderr(log).spawn().unwrap()
}

/// The program, in an environment of its own.
fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_partita"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("PARTITA_") || name == "NO_COLOR") {
        command.env_remove(name);
    }
    command.stdin(Stdio::null());
    command
}

fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Copies the files of a folder, but not what was made by running it.
pub(crate) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let name = entry.file_name();
        if name == ".partita" || name == "__pycache__" || name == "node_modules" {
            continue;
        }
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to.join(name));
        } else {
            fs::copy(entry.path(), to.join(name)).unwrap();
        }
    }
}
