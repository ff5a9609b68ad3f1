//! A server with workflows for tests, in the test's own process, and the real program against it.

use partita::{
    ActivityContext, EntityContext, EntityId, EntityType, Error, OrchestrationContext, Result, Runtime,
    RuntimeBuilder,
};
use partita_server::{Server, ServerOptions};
use serde_json::Value;
use std::io::Write;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::sync::oneshot;

const PATIENCE: Duration = Duration::from_secs(30);

/// A running server.
pub(crate) struct Place {
    pub(crate) url: String,
    pub(crate) folder: TempDir,
    stop: Option<oneshot::Sender<()>>,
    tokio: Option<tokio::runtime::Runtime>,
    serving: Option<tokio::task::JoinHandle<()>>,
}

/// What the program did.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl From<Output> for Done {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl Done {
    /// The results, after a success.
    #[track_caller]
    pub(crate) fn ok(self) -> String {
        assert_eq!(self.code, 0, "{self:?}");
        self.out
    }

    /// The results as JSON, after a success.
    #[track_caller]
    pub(crate) fn json(self) -> Value {
        serde_json::from_str(&self.ok()).unwrap()
    }

    /// Checks the exit code, and gives what was told.
    #[track_caller]
    pub(crate) fn fails(self, code: i32) -> String {
        assert_eq!(self.code, code, "{self:?}");
        self.err
    }
}

/// The program, in an environment of its own.
pub(crate) fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_partita"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("PARTITA_") || name == "NO_COLOR") {
        command.env_remove(name);
    }
    command.stdin(Stdio::null());
    command
}

/// Runs the program without a server.
pub(crate) fn alone(arguments: &[&str]) -> Done {
    program().args(arguments).output().unwrap().into()
}

async fn greet(_: ActivityContext, name: String) -> Result<String> {
    Ok(format!("Hello, {name}!"))
}

async fn hello(ctx: OrchestrationContext, name: String) -> Result<String> {
    ctx.call_activity("Greet", name).await
}

async fn patient(ctx: OrchestrationContext, (): ()) -> Result<Value> {
    ctx.set_custom_status("waiting for go");
    let data = ctx.wait_for_external_event("go").await?;
    ctx.set_custom_status("gone");
    Ok(data)
}

async fn parent(ctx: OrchestrationContext, (): ()) -> Result<Value> {
    let options = partita::context::SubOrchestrationOptions {
        id: Some(format!("{}-child", ctx.instance_id())),
        ..Default::default()
    };
    ctx.call_sub_orchestrator_with("Patient", options, ()).await
}

async fn fragile(ctx: OrchestrationContext, (): ()) -> Result<String> {
    ctx.call_activity("Flaky", ()).await
}

async fn rounds(ctx: OrchestrationContext, round: u32) -> Result<u32> {
    ctx.create_timer(Duration::from_millis(50)).await;
    if round < 3 { ctx.continue_as_new(round + 1) } else { Ok(round) }
}

/// Locks a counter, adds to it, and holds it until it is told to go on.
async fn careful(ctx: OrchestrationContext, key: String) -> Result<i64> {
    let counter = EntityId::new("Counter", &key)?;
    let _section = ctx.lock_entities([&counter]).await?;
    let sum = ctx.call_entity(&counter, "add", 10).await?;
    ctx.set_custom_status("holding");
    ctx.wait_for_external_event::<()>("go").await?;
    Ok(sum)
}

fn counter() -> EntityType<i64> {
    EntityType::new().operation("add", |value: &mut i64, _: &mut EntityContext, amount: i64| {
        *value += amount;
        Ok(*value)
    })
}

fn offered() -> RuntimeBuilder {
    let worked = Arc::new(AtomicBool::new(false));
    let flaky = move |_: ActivityContext, (): ()| {
        let works = worked.swap(true, SeqCst);
        async move { if works { Ok("it works") } else { Err(Error::new("Busy", "try later")) } }
    };
    Runtime::builder()
        .orchestrator("Hello", hello)
        .orchestrator("Patient", patient)
        .orchestrator("Parent", parent)
        .orchestrator("Fragile", fragile)
        .orchestrator("Rounds", rounds)
        .orchestrator("Careful", careful)
        .entity("Counter", counter())
        .activity("Greet", greet)
        .activity("Flaky", flaky)
}

impl Place {
    pub(crate) fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let tokio =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let builder = offered().data_dir(folder.path().join("store"));
        let options = ServerOptions {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            backup_dir: Some(folder.path().join("backups")),
            ..ServerOptions::default()
        };
        let (address, serving) = tokio.block_on(async move {
            let runtime = builder.start().await.unwrap();
            let server = Server::bind(runtime.engine().clone(), options).await.unwrap();
            let address = server.address();
            let serving = tokio::spawn(async move {
                let stop = async { drop(stopped.await) };
                server.serve(stop).await.unwrap();
                runtime.shutdown(Duration::from_secs(5)).await.unwrap();
            });
            (address, serving)
        });
        Self {
            url: format!("http://{address}"),
            folder,
            stop: Some(stop),
            tokio: Some(tokio),
            serving: Some(serving),
        }
    }

    /// Stops the server; its store stays where it is.
    pub(crate) fn close(&mut self) {
        drop(self.stop.take());
        if let (Some(tokio), Some(serving)) = (self.tokio.take(), self.serving.take()) {
            tokio.block_on(serving).unwrap();
        }
    }

    /// The folder of its store.
    pub(crate) fn store(&self) -> String {
        self.folder.path().join("store").display().to_string()
    }

    /// The program, with this server as its server.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = program();
        command.args(arguments).env("PARTITA_SERVER", &self.url);
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Done {
        self.command(arguments).output().unwrap().into()
    }

    /// Runs the program with something on its standard input.
    pub(crate) fn run_with(&self, arguments: &[&str], input: &str) -> Done {
        let mut command = self.command(arguments);
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        child.wait_with_output().unwrap().into()
    }

    /// Starts an instance with an id.
    pub(crate) fn start(&self, name: &str, id: &str) {
        self.run(&["start", name, "--id", id]).ok();
    }

    /// One field of an instance.
    pub(crate) fn field(&self, id: &str, field: &str) -> Value {
        self.run(&["show", id, "--json"]).json()[field].take()
    }

    pub(crate) fn until(&self, id: &str, field: &str, value: &str) {
        let began = Instant::now();
        while self.field(id, field) != value {
            assert!(began.elapsed() < PATIENCE, "{id}: {field} is {}", self.field(id, field));
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(tokio) = self.tokio.take() {
            tokio.shutdown_background();
        }
    }
}

/// Waits until a file holds a text.
pub(crate) fn until_written(file: &Path, text: &str) {
    let began = Instant::now();
    loop {
        let written = std::fs::read_to_string(file).unwrap_or_default();
        if written.contains(text) {
            return;
        }
        assert!(began.elapsed() < PATIENCE, "{text:?} was never written, but {written}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
