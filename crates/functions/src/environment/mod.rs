//! What functions require, installed once for all functions that require the same.

mod build;
mod node;
mod python;

use crate::config::HostConfig;
use crate::isolation::{Sandbox, open_folder};
use crate::spec::{FunctionSpec, Runtime};
use build::Build;
use sha2::{Digest, Sha256};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::sync::OnceCell;

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
        })
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
        if folder.is_dir() {
            return Ok(folder);
        }
        let _lock = self.lock(name).await?;
        if folder.is_dir() {
            return Ok(folder);
        }
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
        std::fs::rename(&unfinished, &folder).map_err(io("renamed"))?;
        Ok(folder)
    }

    async fn lock(&self, name: &str) -> Result<File, BuildError> {
        let path = self.folder.join(format!("{name}.lock"));
        let failed = |error: &dyn std::fmt::Display| BuildError::new(format!("{}: {error}", path.display()));
        let file = File::create(&path).map_err(|error| failed(&error))?;
        let locked = tokio::task::spawn_blocking(move || file.lock().map(|()| file)).await;
        locked.map_err(|error| failed(&error))?.map_err(|error| failed(&error))
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
