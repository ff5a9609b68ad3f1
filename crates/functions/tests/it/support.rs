//! Hosts and functions for tests.

use bytes::Bytes;
use partita_functions::{Answer, Call, CallError, FunctionSpec, FunctionStatus, Host, HostConfig, HostEvent};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tokio::sync::broadcast::Receiver;
use tokio_util::sync::CancellationToken;

/// How long anything may take before a test fails.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// One folder for all tests, so that each environment is built once. Another user, for whom the tests can be run too,
/// needs another.
pub(crate) fn work_folder() -> PathBuf {
    if let Some(folder) = std::env::var_os("PARTITA_TEST_FOLDER") {
        return folder.into();
    }
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("functions")
}

pub(crate) fn launcher() -> Vec<std::ffi::OsString> {
    vec![env!("CARGO_BIN_EXE_partita-function-launcher").into()]
}

pub(crate) fn config() -> HostConfig {
    HostConfig::new(work_folder(), launcher())
}

pub(crate) async fn host() -> Host {
    Host::start(config()).await.unwrap()
}

pub(crate) async fn host_with(change: impl FnOnce(&mut HostConfig)) -> Host {
    let mut config = config();
    change(&mut config);
    Host::start(config).await.unwrap()
}

pub(crate) fn fixture(name: &str) -> FunctionSpec {
    FunctionSpec::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)).unwrap()
}

/// A host with one function of the fixtures.
pub(crate) async fn hosting(name: &str) -> Host {
    let host = host().await;
    host.deploy(fixture(name)).await.unwrap();
    host
}

pub(crate) async fn call(host: &Host, function: &str, body: &str) -> Result<Answer, CallError> {
    call_as(host, function, &unique(), body).await
}

pub(crate) async fn call_as(host: &Host, function: &str, id: &str, body: &str) -> Result<Answer, CallError> {
    let call = Call::new(function, id, Bytes::copy_from_slice(body.as_bytes()));
    host.call(call, CancellationToken::new()).await
}

pub(crate) fn json(answer: &Answer) -> serde_json::Value {
    serde_json::from_slice(&answer.body).unwrap()
}

pub(crate) fn status(host: &Host, function: &str) -> FunctionStatus {
    host.functions().into_iter().find(|status| status.spec.name == function).unwrap()
}

/// An id that no other call has, not even of an earlier run of the tests: logs are kept.
pub(crate) fn unique() -> String {
    use std::hash::{BuildHasher, RandomState};
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(0);
    format!("call-{:x}-{}", RandomState::new().hash_one(0), NEXT.fetch_add(1, Ordering::Relaxed))
}

/// Waits until something holds that nobody tells.
pub(crate) async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < deadline, "not in time: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Waits for an event.
pub(crate) async fn event(
    events: &mut Receiver<HostEvent>,
    wanted: impl Fn(&HostEvent) -> bool,
) -> HostEvent {
    let find = async {
        loop {
            let event = events.recv().await.unwrap();
            if wanted(&event) {
                return event;
            }
        }
    };
    tokio::time::timeout(PATIENCE, find).await.expect("the event did not come")
}

/// The parent of a process that has not ended.
pub(crate) fn parent(pid: u64) -> Option<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let mut words = stat.rsplit_once(')')?.1.split_whitespace();
    let state = words.next()?;
    words.next()?.parse().ok().filter(|_| state != "Z")
}

/// A function of its own folder, for tests that change its files.
pub(crate) struct Written {
    pub(crate) folder: tempfile::TempDir,
}

impl Written {
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        let written = Self { folder: tempfile::tempdir().unwrap() };
        for (name, text) in files {
            written.write(name, text);
        }
        written
    }

    pub(crate) fn python(name: &str, code: &str) -> Self {
        Self::new(&[("func.yaml", &format!("name: {name}\nruntime: python\n")), ("func.py", code)])
    }

    pub(crate) fn node(name: &str, code: &str) -> Self {
        Self::new(&[("func.yaml", &format!("name: {name}\nruntime: node\n")), ("func.js", code)])
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        std::fs::write(self.folder.path().join(name), text).unwrap();
    }

    pub(crate) fn spec(&self) -> FunctionSpec {
        FunctionSpec::read(self.folder.path()).unwrap()
    }
}
