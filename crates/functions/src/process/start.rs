//! How a process starts.

use super::facts::Facts;
use super::spawn::Spawned;
use super::{Folders, Killer, Process};
use crate::environment::Environment;
use crate::error::{CallError, Exit};
use crate::host::Shared;
use crate::isolation::{Confined, private_folder};
use crate::logs::Output;
use crate::plan::Plan;
use crate::spec::{FunctionSpec, Runtime};
use crate::stage::Stage;
use crate::status::HostEvent;
use crate::zygote::{ExitWatch, Order, Streams, Zygote};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream as StdStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::sync::{Mutex, oneshot};
use tokio::time::Instant;

/// How long the interpreter and the FDK may take to load, before the function's own code counts.
const ZYGOTE_START: Duration = Duration::from_secs(20);
/// The name of the socket, as short as can be: its path may have 107 bytes.
const LISTENER: &str = "l";

/// The folders of a function.
#[derive(Debug)]
pub(crate) struct Place {
    pub sockets: PathBuf,
    pub temp: PathBuf,
    pub stages: PathBuf,
}

impl Drop for Place {
    fn drop(&mut self) {
        for folder in [&self.sockets, &self.temp, &self.stages] {
            let _ = std::fs::remove_dir_all(folder); // the host deletes what is left when it ends
        }
    }
}

/// One state of a function's files, and what its processes are made of.
pub(crate) struct Generation {
    pub(crate) number: u64,
    pub(crate) spec: Arc<FunctionSpec>,
    pub(crate) environment: Environment,
    pub(crate) stage: Stage,
    pub(crate) user: Option<u32>,
    pub(crate) place: Arc<Place>,
    pub(crate) zygote: Arc<ZygoteCell>,
}

/// What a zygote was started with; another generation with the same can go on using it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ZygoteKey {
    environment: Environment,
    env: BTreeMap<String, String>,
    user: Option<u32>,
    memory_mb: u64,
    processes: usize,
    writable: Vec<PathBuf>,
}

/// A zygote, started when it is first needed and again when it has ended.
pub(crate) struct ZygoteCell {
    key: ZygoteKey,
    running: Mutex<Option<Running>>,
}

struct Running {
    zygote: Zygote,
    _output: Output,
    _end: oneshot::Sender<()>,
}

impl ZygoteCell {
    /// The cell for a function, which is the earlier one if nothing changed that matters to it.
    pub(crate) fn reuse(
        earlier: Option<&Arc<Self>>,
        spec: &FunctionSpec,
        environment: &Environment,
        user: Option<u32>,
    ) -> Arc<Self> {
        let key = ZygoteKey {
            environment: environment.clone(),
            env: variables(spec, environment),
            user,
            memory_mb: spec.memory_mb,
            processes: spec.max_processes,
            writable: spec.writable.clone(),
        };
        match earlier {
            Some(earlier) if earlier.key == key => earlier.clone(),
            _ => Arc::new(Self { key, running: Mutex::new(None) }),
        }
    }
}

/// Why a process did not start.
enum Failed {
    /// Something outside of the function's code.
    Host(String),
    /// It ended.
    Ended(Exit),
    /// It did not listen in time.
    Timeout,
}

impl From<io::Error> for Failed {
    fn from(error: io::Error) -> Self {
        Self::Host(error.to_string())
    }
}

/// A process that may or may not come to listen.
struct Starting {
    pid: u32,
    facts: Facts,
    exit: ExitWatch,
    killer: Killer,
    output: Output,
}

impl Generation {
    /// Starts a process and waits until it listens.
    pub(crate) async fn start(self: &Arc<Self>, host: &Arc<Shared>) -> Result<Process, CallError> {
        let fault = |reason: String| CallError::StartFailed {
            function: self.spec.name.clone(),
            reason,
            exception: None,
            output: String::new(),
        };
        let number = host.processes.fetch_add(1, Ordering::Relaxed);
        let folders = self.folders(number).map_err(|error| fault(error.to_string()))?;
        let listener = folders.socket.join(LISTENER);
        let mut starting = self.launch(host, &folders, &listener).await.map_err(fault)?;
        match wait_for_socket(&listener, &mut starting.exit, host.config.limits.start_timeout).await {
            Ok(()) => {}
            Err(failed) => return Err(self.explain(starting, failed, host).await),
        }
        starting.output.started();
        let owner = self.user.or_else(|| Some(rustix::process::geteuid().as_raw()));
        let function = self.spec.name.clone();
        host.tell(HostEvent::ProcessStarted { function, pid: starting.pid });
        Ok(Process {
            pid: starting.pid,
            generation: self.clone(),
            host: host.clone(),
            listener,
            owner,
            connection: None,
            facts: starting.facts,
            exit: starting.exit,
            killer: starting.killer,
            output: starting.output,
            _folders: folders,
        })
    }

    fn folders(&self, number: u64) -> io::Result<Folders> {
        let name = format!("{number:x}");
        let folders = Folders { socket: self.place.sockets.join(&name), temp: self.place.temp.join(&name) };
        private_folder(&folders.socket, self.user)?;
        private_folder(&folders.temp, self.user)?;
        Ok(folders)
    }

    async fn launch(&self, host: &Shared, folders: &Folders, listener: &Path) -> Result<Starting, String> {
        match self.spec.runtime {
            Runtime::Python => self.fork(host, folders, listener).await,
            Runtime::Node => self.spawn(host, folders, listener).await,
        }
    }

    async fn fork(&self, host: &Shared, folders: &Folders, listener: &Path) -> Result<Starting, String> {
        let text = |error: io::Error| error.to_string();
        let zygote = self.zygote(host).await?;
        let (facts, theirs) = StdStream::pair().map_err(text)?;
        let (out, their_out) = io::pipe().map_err(text)?;
        let (err, their_err) = io::pipe().map_err(text)?;
        let env = self.own_variables(folders, listener);
        let file = self.stage.folder.join(&self.spec.entrypoint.file);
        let order = Order {
            file: &file,
            handler: &self.spec.entrypoint.handler,
            folder: &self.stage.folder,
            env: &env,
        };
        let streams = Streams { out: their_out.into(), err: their_err.into(), facts: theirs.into() };
        let limit = host.config.limits.start_timeout;
        let Ok(worker) = tokio::time::timeout(limit, zygote.fork(&order, streams)).await else {
            *self.zygote.running.lock().await = None; // the next start gets another
            return Err(format!("what starts its processes did not answer within {} ms", limit.as_millis()));
        };
        let worker = worker?;
        let killer = Killer::Zygote(zygote);
        facts.set_nonblocking(true).map_err(text)?;
        let output = self.output(host, out.into(), err.into()).map_err(text)?;
        Ok(Starting { pid: worker.pid, facts: Facts::new(facts.into()), exit: worker.exit, killer, output })
    }

    async fn spawn(&self, host: &Shared, folders: &Folders, listener: &Path) -> Result<Starting, String> {
        let text = |error: io::Error| error.to_string();
        let modules = self.stage.folder.join("node_modules");
        if modules.symlink_metadata().is_err() {
            let linked = std::os::unix::fs::symlink(self.environment.folder.join("node_modules"), &modules);
            // Another process of this generation may have made it this moment.
            linked.or_else(|error| modules.symlink_metadata().map(drop).map_err(|_| error)).map_err(text)?;
        }
        let mut env = variables(&self.spec, &self.environment);
        env.extend(self.own_variables(folders, listener));
        let program = [
            self.environment.program.clone().into_os_string(),
            format!("--max-old-space-size={}", self.spec.memory_mb).into(),
            "--require".into(),
            host.guests.join(PRELOAD).into_os_string(),
            self.stage.folder.join(&self.spec.entrypoint.file).into_os_string(),
        ];
        let plan = self.plan(host, program.to_vec(), env, self.stage.folder.clone());
        let spawned = host.spawner.spawn(&plan).await.map_err(text)?;
        let Spawned { pid, control, out, err, exit, end } = spawned;
        let output = self.output(host, out, err).map_err(text)?;
        let facts = Facts::new(control.into_std().map_err(text)?.into());
        Ok(Starting { pid, facts, exit, killer: Killer::Child { _end: end }, output })
    }

    /// The zygote of this generation; starts one if none runs.
    async fn zygote(&self, host: &Shared) -> Result<Zygote, String> {
        let mut running = self.zygote.running.lock().await;
        if let Some(running) = running.as_ref()
            && running.zygote.is_alive()
        {
            return Ok(running.zygote.clone());
        }
        *running = None;
        let mut env = self.zygote.key.env.clone();
        env.remove("PYTHONPATH"); // the function's modules must not stand in for the interpreter's own here
        let program = [
            self.environment.program.clone().into_os_string(),
            "-s".into(),
            "-u".into(),
            host.guests.join(ZYGOTE).into_os_string(),
        ];
        let plan = self.plan(host, program.to_vec(), env, host.guests.clone());
        let spawned = host.spawner.spawn(&plan).await.map_err(|error| error.to_string())?;
        let Spawned { control, out, err, exit, end, .. } = spawned;
        let output = self.output(host, out, err).map_err(|error| error.to_string())?;
        let attached = tokio::time::timeout(ZYGOTE_START, Zygote::attach(control)).await;
        let reason = match attached {
            Ok(Ok(zygote)) => {
                *running = Some(Running { zygote: zygote.clone(), _output: output, _end: end });
                return Ok(zygote);
            }
            Ok(Err(error)) => error.to_string(),
            Err(_) => format!("it was not ready after {} s", ZYGOTE_START.as_secs()),
        };
        drop(end);
        output.finish().await;
        let ended = exit.borrow().map(|exit| format!(", {exit}")).unwrap_or_default();
        Err(format!("Python and its FDK cannot be loaded: {reason}{ended}\n{}", output.last_lines()))
    }

    fn plan(
        &self,
        host: &Shared,
        program: Vec<OsString>,
        env: BTreeMap<String, String>,
        folder: PathBuf,
    ) -> Plan {
        let mut read = self.environment.read.clone();
        read.extend([self.environment.folder.clone(), self.place.stages.clone(), host.guests.clone()]);
        host.sandbox.plan(Confined {
            spec: &self.spec,
            program,
            env,
            folder,
            user: self.user,
            read,
            write: vec![self.place.sockets.clone(), self.place.temp.clone()],
            open_files: host.config.limits.open_files,
            file_bytes: host.config.limits.file_bytes,
        })
    }

    /// Variables that differ between the processes of a function.
    fn own_variables(&self, folders: &Folders, listener: &Path) -> BTreeMap<String, String> {
        let temp = folders.temp.to_string_lossy().into_owned();
        let mut env = BTreeMap::from([
            ("FN_LISTENER".to_owned(), format!("unix:{}", listener.display())),
            ("HOME".to_owned(), temp.clone()),
            ("TMPDIR".to_owned(), temp),
        ]);
        if self.spec.runtime == Runtime::Python {
            let mut path = self.stage.folder.to_string_lossy().into_owned();
            if let Some(own) = self.spec.config.get("PYTHONPATH") {
                path = format!("{path}:{own}");
            }
            env.insert("PYTHONPATH".to_owned(), path);
        }
        env
    }

    fn output(&self, host: &Shared, out: OwnedFd, err: OwnedFd) -> io::Result<Output> {
        Output::read(host.logs.clone(), &self.spec.name, self.stage.paths(), out, err)
    }

    /// Turns a failed start into what the function's author can do something about.
    async fn explain(&self, mut starting: Starting, failed: Failed, host: &Shared) -> CallError {
        let function = self.spec.name.clone();
        let fact = starting.facts.of(None);
        starting.killer.kill(starting.pid);
        starting.output.finish().await;
        let output = starting.output.last_lines();
        let exception = fact.map(|fact| Box::new(fact.exception(&self.stage)));
        let reason = match (failed, &exception) {
            (Failed::Timeout, _) => {
                return CallError::StartTimeout { function, limit: host.config.limits.start_timeout, output };
            }
            (Failed::Host(reason), _) => reason,
            (Failed::Ended(_), Some(exception)) => exception.to_string(),
            (Failed::Ended(exit), None) => match output.lines().next_back() {
                Some(last) => format!("{exit} before it listened; its last words: {last}"),
                None => format!("{exit} before it listened, and printed nothing"),
            },
        };
        CallError::StartFailed { function, reason, exception, output }
    }
}

/// The names of the files that run in functions' processes.
pub(crate) const ZYGOTE: &str = "zygote.py";
pub(crate) const PRELOAD: &str = "preload.cjs";

/// Variables that all processes of a function have.
fn variables(spec: &FunctionSpec, environment: &Environment) -> BTreeMap<String, String> {
    let own = match spec.runtime {
        Runtime::Python => environment.folder.join("bin"),
        Runtime::Node => environment.program.parent().map(Path::to_owned).unwrap_or_default(),
    };
    let mut env: BTreeMap<String, String> = BTreeMap::new();
    let mut set = |name: &str, value: String| env.insert(name.to_owned(), value);
    set("PATH", format!("{}:/usr/local/bin:/usr/bin:/bin", own.display()));
    set("LANG", "C.UTF-8".to_owned());
    env.extend(spec.config.clone());
    env.extend(spec.env.clone());
    let mut set = |name: &str, value: String| env.insert(name.to_owned(), value);
    set("FN_FORMAT", "http-stream".to_owned());
    set("FN_TYPE", "sync".to_owned());
    set("FN_FN_ID", spec.fn_id.clone());
    set("FN_APP_ID", spec.app_id.clone());
    set("FN_FN_NAME", spec.name.clone());
    set("FN_APP_NAME", spec.app.clone());
    set("FN_MEMORY", spec.memory_mb.to_string());
    if spec.runtime == Runtime::Python {
        set("PYTHONUNBUFFERED", "1".to_owned());
        set("PYTHONDONTWRITEBYTECODE", "1".to_owned());
    }
    env
}

/// Waits until the FDK has linked its socket, or the process has ended.
async fn wait_for_socket(listener: &Path, exit: &mut ExitWatch, limit: Duration) -> Result<(), Failed> {
    let deadline = Instant::now() + limit;
    let begun = Instant::now();
    loop {
        if listener.symlink_metadata().is_ok() {
            return Ok(());
        }
        if Instant::now() >= deadline {
            return Err(Failed::Timeout);
        }
        // A fork listens after some milliseconds, a new interpreter after a hundred.
        let pause = if begun.elapsed() < Duration::from_millis(50) { 1 } else { 4 };
        let pause = tokio::time::sleep(Duration::from_millis(pause));
        tokio::select! {
            ended = exit.wait_for(Option::is_some) => {
                return Err(Failed::Ended(ended.ok().and_then(|exit| *exit).unwrap_or(Exit::Unknown)));
            }
            () = pause => {}
        }
    }
}
