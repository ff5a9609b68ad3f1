//! A server with state machines, and boto3.

use partita::engine::executor::Offers;
use partita::{Client, Runtime};
use partita_engine::store::{MemoryStore, Store};
use partita_flow::asl::items::Buckets;
use partita_server::parts::Parts;
use partita_server::state_machines::{MachineOffers, MachineSettings, StateMachines};
use partita_server::{Server, ServerOptions};
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::sync::Arc;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

/// The client that these tests were written for.
const BOTO3: &str = "boto3==1.43.11";

pub(crate) struct Site {
    pub(crate) base: String,
    pub(crate) client: Client,
    _runtime: Runtime,
}

impl Site {
    /// Serves state machines that call what is offered, and read from and write to this folder.
    pub(crate) async fn open(offers: Arc<dyn Offers>, bucket: &Path) -> Self {
        let store: Arc<dyn Store> = Arc::new(MemoryStore::new(2));
        let buckets = Buckets::new([("result-bucket".to_owned(), bucket.to_owned())].into());
        let machines = StateMachines::open(store.clone(), MachineSettings::default(), buckets).await.unwrap();
        let runtime =
            Runtime::builder().offers(Arc::new(MachineOffers(machines.clone()))).offers(offers).store(store);
        let runtime = runtime.start().await.unwrap();
        let parts = Parts { state_machines: Some(machines), ..Parts::default() };
        let options = ServerOptions { listen: "127.0.0.1:0".parse().unwrap(), ..ServerOptions::default() };
        let server = Server::bind_with(runtime.engine().clone(), parts, options).await.unwrap();
        let base = format!("http://{}", server.address());
        tokio::spawn(server.serve(std::future::pending()));
        Self { base, client: runtime.client().clone(), _runtime: runtime }
    }

    /// Runs a script of this folder against it.
    pub(crate) async fn script(&self, name: &str, arguments: &[&str], input: String) -> Output {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/step_functions").join(name);
        let mut command = Command::new(python().await);
        command
            .arg(script)
            .arg(&self.base)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.kill_on_drop(true).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let writes = tokio::spawn(async move { stdin.write_all(input.as_bytes()).await });
        let output = child.wait_with_output().await.unwrap();
        writes.await.unwrap().unwrap();
        assert!(output.status.success(), "{name}:\n{}", partita_clients::printed(&output));
        output
    }
}

async fn python() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("python");
    tokio::task::spawn_blocking(move || partita_clients::python(&folder, &[BOTO3]).unwrap()).await.unwrap()
}
