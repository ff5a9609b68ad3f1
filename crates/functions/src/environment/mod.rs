//! What functions require, installed once for all functions that require the same.

mod build;
mod node;
mod python;

use crate::config::HostConfig;
use crate::isolation::{Sandbox, open_folder};
use crate::spec::{FunctionSpec, Runtime};
use build::Build;
use parking_lot::Mutex;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};
use tokio::sync::OnceCell;

/// An environment that no host has begun to use for this long is deleted.
const UNUSED: Duration = Duration::from_secs(30 * 24 * 3600);
/// How often it is looked whether somebody else's build is done.
const LOCKED: Duration = Duration::from_millis(20);

/// What an environment offers to a function.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Environment {
    /// The interpreter.
    pub program: PathBuf,
    /// What is installed.
    pub folder: PathBuf,
    /// What a process must be able to read besides.
    pub read: Vec<PathBuf>,
    /// Whether every user can run it.
    pub open: bool,
}

/// Why an environment could not be built.
#[derive(Clone, Debug)]
pub(crate) struct BuildError {
    pub reason: String,
    pub output: String,
}

impl BuildError {
    fn new(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), output: String::new() }
    }
}

/// Environments of a folder.
pub(crate) struct Environments {
    folder: PathBuf,
    timeout: Duration,
    users: bool,
    python: Option<PathBuf>,
    node: Option<PathBuf>,
    found_python: OnceCell<python::Interpreter>,
    found_node: OnceCell<node::Interpreter>,
    /// The shared locks of what is in use here, which keep it from being deleted.
    used: Mutex<HashMap<String, File>>,
}

impl Environments {
    pub(crate) fn new(config: &HostConfig, sandbox: &Sandbox, work: &Path) -> std::io::Result<Self> {
        let folder = work.join("environments");
        open_folder(&folder)?;
        Ok(Self {
            folder,
            timeout: config.limits.build_timeout,
            users: sandbox.users,
            python: config.python.clone(),
            node: config.node.clone(),
            found_python: OnceCell::new(),
            found_node: OnceCell::new(),
            used: Mutex::default(),
        })
    }

    /// Deletes what no host has used for long. It may take some time.
    pub(crate) fn sweep(folder: &Path) {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let lock = entry.path();
            if lock.extension().is_some_and(|extension| extension == "lock") {
                sweep_one(&lock);
            }
        }
    }

    /// The folder of what [`Environments::sweep`] looks through.
    pub(crate) fn folder(&self) -> PathBuf {
        self.folder.clone()
    }

    /// The environment of a function; builds it if nobody has. `line` is told what the build prints.
    pub(crate) async fn ensure(
        &self,
        spec: &FunctionSpec,
        line: &(dyn Fn(String) + Send + Sync),
    ) -> Result<Environment, BuildError> {
        match spec.runtime {
            Runtime::Python => {
                let find = || python::Interpreter::find(self.python.as_deref(), self.users);
                let interpreter = self.found_python.get_or_try_init(find).await?;
                let wanted = python::Wanted::read(&spec.folder)?;
                let name = format!("python-{}", wanted.key(interpreter));
                let folder = self.built(&name, async |build| wanted.install(interpreter, build, line).await);
                Ok(interpreter.environment(folder.await?))
            }
            Runtime::Node => {
                let find = || node::Interpreter::find(self.node.as_deref());
                let interpreter = self.found_node.get_or_try_init(find).await?;
                let wanted = node::Wanted::read(&spec.folder)?;
                let name = format!("node-{}", wanted.key(interpreter));
                let folder = self.built(&name, async |build| wanted.install(build, line).await);
                Ok(interpreter.environment(folder.await?))
            }
        }
    }

    /// The folder of an environment. One builder at a time works on it, in this process or another; it builds under
    /// another name, so that what has the name is whole.
    async fn built(
        &self,
        name: &str,
        install: impl AsyncFnOnce(&Build) -> Result<(), BuildError>,
    ) -> Result<PathBuf, BuildError> {
        let folder = self.folder.join(name);
        // A thread that waited for the lock could not be told to stop, and would wait for ever once others use the
        // environment.
        let begun = Instant::now();
        while !self.take(name, &folder) {
            let Some(lock) = self.lock(name)? else {
                if begun.elapsed() > self.timeout {
                    let path = folder.display();
                    return Err(BuildError::new(format!(
                        "another process builds {path}, and does not come to an end"
                    )));
                }
                tokio::time::sleep(LOCKED).await;
                continue;
            };
            if !folder.is_dir() {
                self.build(name, &folder, install).await?;
            }
            drop(lock);
            self.take(name, &folder); // who builds the same meanwhile finds this, and lets it be
            break;
        }
        Ok(folder)
    }

    /// Notes that an environment is in use, if there is one.
    fn take(&self, name: &str, folder: &Path) -> bool {
        let mut used = self.used.lock();
        if used.contains_key(name) && folder.is_dir() {
            return true;
        }
        used.remove(name); // somebody has deleted the environment by hand
        let Ok(file) = File::create(self.folder.join(format!("{name}.lock"))) else { return false };
        if file.try_lock_shared().is_err() || !folder.is_dir() {
            return false;
        }
        let _ = file.set_modified(SystemTime::now()); // at worst it is built again
        used.insert(name.to_owned(), file);
        true
    }

    async fn build(
        &self,
        name: &str,
        folder: &Path,
        install: impl AsyncFnOnce(&Build) -> Result<(), BuildError>,
    ) -> Result<(), BuildError> {
        let unfinished = self.folder.join(format!("{name}.unfinished"));
        let io = |what: &'static str| {
            let path = unfinished.display().to_string();
            move |error: std::io::Error| BuildError::new(format!("{path} cannot be {what}: {error}"))
        };
        remove(&unfinished).map_err(io("deleted"))?;
        open_folder(&unfinished).map_err(io("made"))?;
        let build = Build { folder: unfinished.clone(), timeout: self.timeout };
        if let Err(error) = install(&build).await {
            let _ = remove(&unfinished); // the next build deletes it otherwise
            return Err(error);
        }
        std::fs::rename(&unfinished, folder).map_err(io("renamed"))
    }

    /// The lock of a builder; `None` while somebody else has it, or uses the environment.
    fn lock(&self, name: &str) -> Result<Option<File>, BuildError> {
        let path = self.folder.join(format!("{name}.lock"));
        let failed = |error: std::io::Error| BuildError::new(format!("{}: {error}", path.display()));
        let file = File::create(&path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(file)),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(failed(error)),
        }
    }
}

fn sweep_one(lock: &Path) {
    let Ok(file) = File::open(lock) else { return };
    let is_old = || {
        let used = file.metadata().and_then(|data| data.modified()).ok();
        used.and_then(|used| used.elapsed().ok()).is_some_and(|age| age > UNUSED)
    };
    // The lock stays: another host may be waiting for it.
    if is_old() && file.try_lock().is_ok() && is_old() {
        for folder in [lock.with_extension(""), lock.with_extension("unfinished")] {
            if let Err(error) = remove(&folder) {
                tracing::debug!(folder = %folder.display(), %error, "an old environment cannot be deleted");
            }
        }
    }
}

fn remove(folder: &Path) -> std::io::Result<()> {
    match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// The first of some programs of the search path.
fn on_path(name: &str) -> Vec<PathBuf> {
    let Some(path) = std::env::var_os("PATH") else { return Vec::new() };
    std::env::split_paths(&path).map(|folder| folder.join(name)).filter(|file| file.is_file()).collect()
}

/// A short hash of several texts.
fn hash(parts: &[&[u8]]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().iter().take(10).map(|byte| format!("{byte:02x}")).collect()
}

/// The bytes of a file of a function; `None` if there is no such file.
fn read_optional(file: &Path) -> Result<Option<Vec<u8>>, BuildError> {
    match std::fs::read(file) {
        Ok(bytes) if bytes.len() > 16 << 20 => {
            Err(BuildError::new(format!("{} is larger than 16 MB", file.display())))
        }
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(BuildError::new(format!("{} cannot be read: {error}", file.display()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_old_and_unused_is_deleted() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let mut locks = HashMap::new();
        for (name, age) in [("old", UNUSED + LOCKED), ("used", UNUSED + LOCKED), ("new", UNUSED / 2)] {
            std::fs::create_dir(at(name)).unwrap();
            let lock = File::create(at(&format!("{name}.lock"))).unwrap();
            lock.set_modified(SystemTime::now() - age).unwrap();
            locks.insert(name, lock);
        }
        locks["used"].lock_shared().unwrap();
        Environments::sweep(folder.path());
        let left = ["old", "used", "new"].map(|name| at(name).exists());
        assert_eq!(left, [false, true, true]);
        locks["used"].unlock().unwrap();
        Environments::sweep(folder.path());
        assert!(!at("used").exists() && at("new").exists());
    }
}
