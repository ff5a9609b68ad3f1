//! The handle on all of it.

use crate::call::{Answer, Call, is_call_id};
use crate::config::HostConfig;
use crate::environment::Environments;
use crate::error::{CallError, DeployError, HostError};
use crate::function::Function;
use crate::isolation::{Sandbox, open_folder, work_folder};
use crate::logs::LogStore;
use crate::process::{PRELOAD, Place, Spawner, ZYGOTE};
use crate::spec::FunctionSpec;
use crate::status::{FunctionStatus, HostEvent};
use crate::watch::Watch;
use parking_lot::{Mutex, RwLock};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{File, Permissions, TryLockError};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;

/// Events that a slow listener may lag behind.
const EVENTS: usize = 1024;
/// Different warnings; more are not told.
const WARNINGS: usize = 1000;
/// How often processes are looked after that nobody waits for.
const TENDED: Duration = Duration::from_millis(200);
/// How long calls may take that are ended.
const ENDED: Duration = Duration::from_secs(5);
/// The most bytes of a folder for sockets: what is added must stay within the 107 bytes of a socket's path.
const SOCKETS_BYTES: usize = 70;

/// Hosts functions in processes of their own. Cloning it gives another handle on the same host.
#[derive(Clone)]
pub struct Host {
    inner: Arc<Inner>,
}

struct Inner {
    shared: Arc<Shared>,
    functions: RwLock<BTreeMap<String, Arc<Function>>>,
    places: AtomicU64,
    watch: Mutex<Option<Watch>>,
    stopping: CancellationToken,
}

/// What everything in a host needs.
pub(crate) struct Shared {
    pub(crate) config: HostConfig,
    pub(crate) sandbox: Sandbox,
    pub(crate) environments: Environments,
    pub(crate) spawner: Spawner,
    pub(crate) logs: LogStore,
    /// The folder of the files that run in functions' processes.
    pub(crate) guests: PathBuf,
    /// Cancelled when calls that run are to end at once.
    pub(crate) ending: CancellationToken,
    /// The number of the next process.
    pub(crate) processes: AtomicU64,
    run: RunFolder,
    events: broadcast::Sender<HostEvent>,
    warned: Mutex<BTreeSet<String>>,
}

impl Shared {
    pub(crate) fn tell(&self, event: HostEvent) {
        tracing::debug!(?event, "functions");
        let _ = self.events.send(event); // nobody may listen
    }

    /// Warns of something that holds for longer, once.
    pub(crate) fn warn_once(&self, text: &str) {
        let mut warned = self.warned.lock();
        let is_new = warned.len() < WARNINGS && warned.insert(text.to_owned());
        drop(warned);
        if is_new {
            tracing::warn!("{text}");
            self.tell(HostEvent::Warning { text: text.to_owned() });
        }
    }
}

impl Host {
    /// Starts a host. It needs the runtime that it is started in for as long as it lives.
    ///
    /// # Errors
    /// When its folders cannot be made, or the configuration makes no sense.
    pub async fn start(config: HostConfig) -> Result<Self, HostError> {
        let (sandbox, missing) = Sandbox::new(&config);
        let work = work_folder(&sandbox, &config.folder)?;
        let failed = |what: &str, path: &Path| {
            let what = format!("{what} {} cannot be made", path.display());
            move |error| HostError::Io { what, error }
        };
        let guests = work.join("guests");
        write_guests(&guests).map_err(failed("the folder", &guests))?;
        let run = RunFolder::create(&work, &config, sandbox.users)?;
        let logs = config.folder.join("logs");
        let limits = &config.limits;
        let store =
            LogStore::open(logs.clone(), limits.call_log_bytes, limits.total_log_bytes, limits.tail_lines);
        let shared = Shared {
            environments: Environments::new(&config, &sandbox, &work).map_err(failed("the folder", &work))?,
            spawner: Spawner::start(config.launcher.clone())
                .map_err(failed("the thread", Path::new("functions")))?,
            logs: store.map_err(failed("the folder", &logs))?,
            guests,
            ending: CancellationToken::new(),
            processes: AtomicU64::new(0),
            run,
            events: broadcast::Sender::new(EVENTS),
            warned: Mutex::default(),
            sandbox,
            config,
        };
        for text in missing {
            shared.warn_once(&text);
        }
        let environments = shared.environments.folder();
        tokio::task::spawn_blocking(move || Environments::sweep(&environments));
        let inner = Arc::new(Inner {
            shared: Arc::new(shared),
            functions: RwLock::default(),
            places: AtomicU64::new(0),
            watch: Mutex::new(None),
            stopping: CancellationToken::new(),
        });
        tokio::spawn(tend(Arc::downgrade(&inner), inner.stopping.clone()));
        let host = Self { inner };
        if host.inner.shared.config.dev {
            *host.inner.watch.lock() = Watch::start(&host);
        }
        Ok(host)
    }

    /// Makes a function callable, or replaces the earlier one of its name without losing a call.
    ///
    /// # Errors
    /// When it cannot be built or loaded. It is kept as broken then, unless an earlier one can go on.
    pub async fn deploy(&self, spec: FunctionSpec) -> Result<(), DeployError> {
        if self.inner.stopping.is_cancelled() {
            return Err(DeployError::Stopping);
        }
        if let Some(reason) = spec.problem() {
            return Err(DeployError::Invalid { function: spec.name, reason });
        }
        for text in &spec.warnings {
            self.inner.shared.warn_once(text);
        }
        let function = self.inner.function(&spec)?;
        if let Some(watch) = self.inner.watch.lock().as_mut() {
            watch.add(&spec);
        }
        let stopping = &self.inner.stopping;
        stopping.run_until_cancelled(function.deploy(spec)).await.unwrap_or(Err(DeployError::Stopping))
    }

    /// Takes a function away: calls that run end, calls that wait are refused. False when there is none of that name.
    pub fn remove(&self, name: &str) -> bool {
        let removed = self.inner.functions.write().remove(name);
        let Some(function) = removed else { return false };
        if let Some(watch) = self.inner.watch.lock().as_mut() {
            watch.remove(name);
        }
        function.remove();
        self.inner.shared.logs.forget(name);
        self.inner.shared.tell(HostEvent::Removed { function: name.to_owned() });
        true
    }

    /// All functions, by name.
    #[must_use]
    pub fn functions(&self) -> Vec<FunctionStatus> {
        self.inner.functions.read().values().filter_map(|function| function.status()).collect()
    }

    /// One function.
    #[must_use]
    pub fn status(&self, name: &str) -> Option<FunctionStatus> {
        self.inner.functions.read().get(name).and_then(|function| function.status())
    }

    /// Makes a call and waits for its outcome. Cancelling it, or dropping the future, ends the process in which the
    /// handler runs.
    ///
    /// # Errors
    /// One variant for each way in which there is no answer; [`CallError::never_started`] says whether the handler may
    /// have run.
    pub async fn call(&self, call: Call, cancelled: CancellationToken) -> Result<Answer, CallError> {
        if self.inner.stopping.is_cancelled() {
            return Err(CallError::Stopping);
        }
        if !is_call_id(&call.call_id) {
            let text =
                format!("{:?} cannot be its id: it needs 1 to 256 visible ASCII characters", call.call_id);
            return Err(CallError::InvalidCall(text));
        }
        let function = self.inner.functions.read().get(&call.function).cloned();
        match function {
            Some(function) => function.call(&call, &cancelled).await,
            None => Err(self.no_function(call.function)),
        }
    }

    fn no_function(&self, name: String) -> CallError {
        let functions = self.inner.functions.read();
        let nearest = crate::nearest::nearest(&name, functions.keys().map(String::as_str));
        CallError::NoFunction { name, nearest }
    }

    /// What happens from now on.
    #[must_use]
    pub fn events(&self) -> broadcast::Receiver<HostEvent> {
        self.inner.shared.events.subscribe()
    }

    /// What was found missing or without effect so far.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        self.inner.shared.warned.lock().iter().cloned().collect()
    }

    /// What functions print.
    #[must_use]
    pub fn logs(&self) -> LogStore {
        self.inner.shared.logs.clone()
    }

    /// Takes no more calls, lets those that run go on for at most `grace`, and ends all processes.
    pub async fn shutdown(&self, grace: Duration) {
        self.inner.stopping.cancel();
        let functions: Vec<_> = std::mem::take(&mut *self.inner.functions.write()).into_values().collect();
        *self.inner.watch.lock() = None;
        if tokio::time::timeout(grace, finished(&functions)).await.is_err() {
            self.inner.shared.ending.cancel();
            let _ = tokio::time::timeout(ENDED, finished(&functions)).await; // a call is cleaned up after in time
        }
        for function in functions {
            function.remove();
        }
        self.inner.shared.run.end();
    }

    /// Deploys a watched function again, if it is still there, as what it is by then. Says nothing when somebody else
    /// is about to.
    pub(crate) async fn redeploy(&self, name: &str, spec: impl FnOnce() -> Option<FunctionSpec>) {
        let function = self.inner.functions.read().get(name).cloned();
        if let Some(function) = function {
            self.inner.stopping.run_until_cancelled(function.redeploy(spec)).await;
        }
    }

    pub(crate) fn tell(&self, event: HostEvent) {
        self.inner.shared.tell(event);
    }

    pub(crate) fn warn(&self, text: &str) {
        self.inner.shared.warn_once(text);
    }

    pub(crate) fn downgrade(&self) -> WeakHost {
        WeakHost(Arc::downgrade(&self.inner))
    }
}

/// A handle that does not keep the host.
#[derive(Clone)]
pub(crate) struct WeakHost(Weak<Inner>);

impl WeakHost {
    pub(crate) fn upgrade(&self) -> Option<Host> {
        self.0.upgrade().map(|inner| Host { inner })
    }
}

impl Inner {
    /// The function of a specification; a new one if there is none.
    fn function(&self, spec: &FunctionSpec) -> Result<Arc<Function>, DeployError> {
        let mut functions = self.functions.write();
        if self.stopping.is_cancelled() {
            return Err(DeployError::Stopping); // nobody would end what is added now
        }
        if let Some(function) = functions.get(&spec.name) {
            return Ok(function.clone());
        }
        let invalid = |reason: String| DeployError::Invalid { function: spec.name.clone(), reason };
        let most = self.shared.config.limits.functions;
        if functions.len() >= most {
            return Err(invalid(format!("this host has {most} functions already, which is its limit")));
        }
        let taken = |user: u32| functions.values().any(|other| other.user == Some(user));
        let user = self.shared.sandbox.user(&spec.name, taken);
        let number = self.places.fetch_add(1, Ordering::Relaxed);
        let place = self.shared.run.place(number).map_err(|error| invalid(error.to_string()))?;
        let function = Arc::new(Function::new(&spec.name, self.shared.clone(), user, place));
        functions.insert(spec.name.clone(), function.clone());
        Ok(function)
    }
}

/// Waits until no process is in a call.
async fn finished(functions: &[Arc<Function>]) {
    while functions.iter().any(|function| function.busy() > 0) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Looks after processes that nobody waits for.
async fn tend(inner: Weak<Inner>, stopping: CancellationToken) {
    while stopping.run_until_cancelled(tokio::time::sleep(TENDED)).await.is_some() {
        let Some(inner) = inner.upgrade() else { return };
        let functions: Vec<_> = inner.functions.read().values().cloned().collect();
        for function in functions {
            function.tend();
        }
    }
}

fn write_guests(folder: &Path) -> io::Result<()> {
    open_folder(folder)?;
    for (name, text) in
        [(ZYGOTE, include_str!("guest/zygote.py")), (PRELOAD, include_str!("guest/preload.cjs"))]
    {
        let file = folder.join(name);
        if std::fs::read_to_string(&file).is_ok_and(|there| there == text) {
            continue;
        }
        // Another host may be reading it.
        let new = folder.join(format!("{name}.{}", std::process::id()));
        std::fs::write(&new, text)?;
        std::fs::set_permissions(&new, Permissions::from_mode(0o644))?;
        std::fs::rename(new, file)?;
    }
    Ok(())
}

/// The folders that a host needs only while it runs. They are locked; those of hosts that are gone are deleted by the
/// next.
struct RunFolder {
    folder: PathBuf,
    sockets: PathBuf,
    _lock: File,
}

impl RunFolder {
    fn create(work: &Path, config: &HostConfig, users: bool) -> Result<Self, HostError> {
        let runs = work.join("runs");
        let id = nonce();
        let folder = runs.join(&id);
        let failed = |path: &Path| {
            let what = format!("the folder {} cannot be made", path.display());
            move |error| HostError::Io { what, error }
        };
        open_folder(&runs).map_err(failed(&runs))?;
        clean(&runs);
        let lock = File::create(runs.join(format!("{id}.lock"))).map_err(failed(&folder))?;
        lock.lock().map_err(failed(&folder))?;
        open_folder(&folder).map_err(failed(&folder))?;
        let sockets = match &config.sockets {
            Some(sockets) => sockets.join(&id),
            None => runtime_folder(users).join(format!("partita-{id}")),
        };
        if sockets.as_os_str().len() > SOCKETS_BYTES {
            let text = format!(
                "the folder for sockets {} is too long: configure one of at most {} bytes",
                sockets.display(),
                SOCKETS_BYTES - id.len() - 1
            );
            return Err(HostError::Invalid(text));
        }
        if let Some(parent) = sockets.parent() {
            std::fs::create_dir_all(parent).map_err(failed(parent))?;
        }
        std::fs::create_dir(&sockets).map_err(failed(&sockets))?; // it must not have been there
        let mode = if users { 0o711 } else { 0o700 };
        std::fs::set_permissions(&sockets, Permissions::from_mode(mode)).map_err(failed(&sockets))?;
        let link = folder.join("sockets");
        std::os::unix::fs::symlink(&sockets, &link).map_err(failed(&link))?;
        Ok(Self { folder, sockets, _lock: lock })
    }

    /// The folders of a function. That of its sockets has a name that other functions cannot guess: where they have the
    /// same user, nothing else keeps them from connecting.
    fn place(&self, number: u64) -> io::Result<Place> {
        let name = format!("{number:x}");
        let place = Place {
            sockets: self.sockets.join(nonce()),
            temp: self.folder.join("temp").join(&name),
            stages: self.folder.join("code").join(&name),
        };
        for folder in [&place.sockets, &self.folder.join("temp"), &place.temp] {
            std::fs::create_dir_all(folder)?;
            std::fs::set_permissions(folder, Permissions::from_mode(0o711))?;
        }
        open_folder(&self.folder.join("code"))?;
        open_folder(&place.stages)?;
        Ok(place)
    }

    fn end(&self) {
        let _ = std::fs::remove_dir_all(&self.sockets); // the next host deletes what is left
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

impl Drop for RunFolder {
    fn drop(&mut self) {
        self.end();
        let _ = std::fs::remove_file(self.folder.with_extension("lock"));
    }
}

/// Deletes what hosts left behind that are gone.
fn clean(runs: &Path) {
    for entry in std::fs::read_dir(runs).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.extension().is_none_or(|extension| extension != "lock") {
            continue;
        }
        let Ok(file) = File::open(&path) else { continue };
        if matches!(file.try_lock(), Err(TryLockError::WouldBlock | TryLockError::Error(_))) {
            continue;
        }
        let folder = path.with_extension("");
        if let Ok(sockets) = folder.join("sockets").read_link() {
            let _ = std::fs::remove_dir_all(sockets);
        }
        let _ = std::fs::remove_dir_all(&folder);
        let _ = std::fs::remove_file(&path);
    }
}

/// Where short-lived files belong.
fn runtime_folder(users: bool) -> PathBuf {
    let own = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
    own.filter(|folder| !users && folder.is_dir() && folder.as_os_str().len() < 40)
        .unwrap_or_else(|| PathBuf::from("/tmp"))
}

/// Some digits that nobody can guess.
fn nonce() -> String {
    use std::hash::{BuildHasher, RandomState};
    format!("{:012x}", RandomState::new().hash_one(std::process::id()) & 0xffff_ffff_ffff)
}
