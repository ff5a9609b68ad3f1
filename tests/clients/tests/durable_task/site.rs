//! A server with workflows of its own that takes workers, and the SDKs for Python and JavaScript.

use partita::{ActivityContext, EntityContext, EntityType, Error, OrchestrationContext, Result, Runtime};
use partita_engine::store::{MemoryStore, Store};
use partita_server::durable_task::workers::{EntityMessages, WorkerOffers, WorkerOptions, Workers};
use partita_server::parts::Parts;
use partita_server::{Server, ServerOptions};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;
use tokio::process::Command;

/// The SDKs that these tests were written for.
const PYTHON_SDK: &str = "durabletask==1.12.0";
const JAVASCRIPT_SDK: &str = "@microsoft/durabletask-js@0.4.0";

/// How long a scenario may take.
const PATIENCE: Duration = Duration::from_secs(120);

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
async fn asks_python(ctx: OrchestrationContext, input: i64) -> Result<i64> {
    let more: i64 = ctx.call_activity("add_one", input).await?;
    ctx.call_sub_orchestrator("twice", more).await
}
async fn double(_: ActivityContext, input: i64) -> Result<i64> {
    Ok(input * 2)
}

fn tally() -> EntityType<i64> {
    EntityType::new().operation("add", |tally: &mut i64, _: &mut EntityContext, amount: i64| {
        *tally += amount;
        Ok(*tally)
    })
}

pub(crate) struct Site {
    address: String,
    _runtime: Runtime,
}

impl Site {
    pub(crate) async fn open() -> Self {
        Self::open_with(EntityMessages::default()).await
    }

    pub(crate) async fn open_with(entity_messages: EntityMessages) -> Self {
        let store: Arc<dyn Store> = Arc::new(MemoryStore::new(2));
        let options =
            WorkerOptions { grace: Duration::from_millis(300), entity_messages, ..WorkerOptions::default() };
        let workers = Workers::open(store.clone(), options).await.unwrap();
        let runtime = Runtime::builder()
            .orchestrator("Echo", echo)
            .orchestrator("Order", order)
            .orchestrator("Fail", fails)
            .orchestrator("AsksPython", asks_python)
            .activity("Double", double)
            .entity("Tally", tally())
            .offers(Arc::new(WorkerOffers::new(workers.clone())))
            .store(store);
        let runtime = runtime.start().await.unwrap();
        let parts = Parts { workers: Some(workers), ..Parts::default() };
        let options = ServerOptions { listen: "127.0.0.1:0".parse().unwrap(), ..ServerOptions::default() };
        let server = Server::bind_with(runtime.engine().clone(), parts, options).await.unwrap();
        let address = server.address().to_string();
        tokio::spawn(server.serve(std::future::pending()));
        Self { address, _runtime: runtime }
    }

    /// Runs a scenario in Python against it.
    pub(crate) async fn python(&self, scenario: &str) {
        let packages = |folder: PathBuf| partita_clients::python(&folder, &[PYTHON_SDK]);
        let python = installed("python", packages).await;
        let mut command = Command::new(python);
        command.arg(script("scenarios.py")).arg(&self.address).arg(scenario);
        run(command, scenario).await;
    }

    /// Runs a scenario in JavaScript against it.
    pub(crate) async fn javascript(&self, scenario: &str) {
        let packages = |folder: PathBuf| partita_clients::node_modules(&folder, &[JAVASCRIPT_SDK]);
        let modules = installed("node", packages).await;
        let mut command = Command::new("node");
        command.arg(script("scenarios.mjs")).arg(&self.address).arg(scenario).arg(modules);
        run(command, scenario).await;
    }
}

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/durable_task").join(name)
}

async fn run(mut command: Command, scenario: &str) {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.kill_on_drop(true).spawn().unwrap();
    let output = tokio::time::timeout(PATIENCE, child.wait_with_output()).await.expect("it hangs").unwrap();
    assert!(output.status.success(), "{scenario}:\n{}", partita_clients::printed(&output));
}

async fn installed(
    name: &str,
    packages: impl FnOnce(PathBuf) -> Result<PathBuf, partita_clients::Missing> + Send + 'static,
) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    tokio::task::spawn_blocking(move || packages(folder).unwrap()).await.unwrap()
}
