//! What a function is: `func.yaml`, and `app.yaml` beside its folder.

mod app;
mod file;

pub use app::{AppSpec, read_app};

use crate::error::SpecError;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The language of a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Runtime {
    /// Python, with the package `fdk`.
    Python,
    /// Node.js, with the package `@fnproject/fdk`.
    Node,
}

impl Runtime {
    /// The file of a function that names none.
    pub(crate) fn default_file(self) -> &'static str {
        match self {
            Self::Python => "func.py",
            Self::Node => "func.js",
        }
    }
}

/// Where a function's code begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entrypoint {
    /// The file, relative to the function's folder.
    pub file: PathBuf,
    /// The handler's name in it. Node.js functions name their handler themselves.
    pub handler: String,
}

/// What a function is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunctionSpec {
    /// Its name, by which it is called. A host has one function of a name.
    pub name: String,
    /// The name of its application.
    pub app: String,
    /// Its folder.
    pub folder: PathBuf,
    /// Its language.
    pub runtime: Runtime,
    /// Where its code begins.
    pub entrypoint: Entrypoint,
    /// Its configuration, the application's included; it becomes environment variables.
    pub config: BTreeMap<String, String>,
    /// More environment variables, which it did not configure itself.
    pub env: BTreeMap<String, String>,
    /// Megabytes that a process may use.
    pub memory_mb: u64,
    /// How long a call may run.
    pub timeout: Duration,
    /// How long a process stays without a call.
    pub idle_timeout: Duration,
    /// Processes that stay even so.
    pub min_processes: usize,
    /// The most processes.
    pub max_processes: usize,
    /// The most calls that wait for a process.
    pub queue: usize,
    /// The type of bodies that do not say theirs.
    pub content_type: Option<String>,
    /// Its id, `FN_FN_ID`.
    pub fn_id: String,
    /// Its application's id, `FN_APP_ID`.
    pub app_id: String,
    /// Existing files and folders outside of its own that it may write; several functions may have the same. If
    /// functions have users of their own, what is in them is opened to a group of those users.
    pub writable: Vec<PathBuf>,
    /// Annotations, as JSON texts; the host gives them no meaning.
    pub annotations: BTreeMap<String, String>,
    /// What the file says that nobody does.
    pub warnings: Vec<String>,
}

/// The longest time-out of a call that somebody waits for.
pub(crate) const LONGEST_TIMEOUT: Duration = Duration::from_secs(300);

impl FunctionSpec {
    /// A function with everything at its default.
    #[must_use]
    pub fn new(name: impl Into<String>, folder: impl Into<PathBuf>, runtime: Runtime) -> Self {
        let name = name.into();
        let app = "app".to_owned();
        Self {
            fn_id: id("fn", &[&app, &name]),
            app_id: id("app", &[&app]),
            name,
            app,
            folder: folder.into(),
            runtime,
            entrypoint: Entrypoint { file: runtime.default_file().into(), handler: "handler".to_owned() },
            config: BTreeMap::new(),
            env: BTreeMap::new(),
            memory_mb: 128,
            timeout: Duration::from_secs(30),
            idle_timeout: Duration::from_secs(30),
            min_processes: 0,
            max_processes: std::thread::available_parallelism().map_or(4, |cores| cores.get() * 2),
            queue: 1000,
            content_type: None,
            writable: Vec::new(),
            annotations: BTreeMap::new(),
            warnings: Vec::new(),
        }
    }

    /// Reads `func.yaml`, `func.yml` or `func.json` in a folder, and the configuration of the application around it.
    ///
    /// # Errors
    /// When there is no such file, or a key makes no sense.
    pub fn read(folder: impl AsRef<Path>) -> Result<Self, SpecError> {
        let folder = folder.as_ref();
        let app = app::around(folder)?;
        file::read(folder, &app)
    }

    /// Gives the function to an application, and both their ids.
    pub(crate) fn belong_to(&mut self, app: &str) {
        app.clone_into(&mut self.app);
        self.fn_id = id("fn", &[app, &self.name]);
        self.app_id = id("app", &[app]);
    }

    /// What is wrong with the specification itself, if anything.
    pub(crate) fn problem(&self) -> Option<String> {
        let between = |what: &str, value: u64, least: u64, most: u64| {
            (!(least..=most).contains(&value))
                .then(|| format!("{what} is {value}, and must be between {least} and {most}"))
        };
        let entry = &self.entrypoint.file;
        if !is_name(&self.name) {
            return Some(name_rule(&self.name));
        }
        if entry.is_absolute() || entry.components().any(|part| part.as_os_str() == "..") {
            return Some(format!("its entrypoint {} is not in its folder", entry.display()));
        }
        between("the memory in MB", self.memory_mb, 1, 8192)
            .or_else(|| between("the timeout in ms", millis(self.timeout), 1, millis(LONGEST_TIMEOUT)))
            .or_else(|| between("the idle timeout in ms", millis(self.idle_timeout), 1, 3_600_000))
            .or_else(|| between("the most processes", self.max_processes as u64, 1, 1000))
            .or_else(|| {
                between("the least processes", self.min_processes as u64, 0, self.max_processes as u64)
            })
    }
}

fn millis(duration: Duration) -> u64 {
    duration.as_millis().try_into().unwrap_or(u64::MAX)
}

/// An id that follows from names, so that it is the same in every run.
fn id(kind: &str, names: &[&str]) -> String {
    let mut hash = Sha256::new();
    for name in names {
        hash.update((name.len() as u64).to_be_bytes());
        hash.update(name.as_bytes());
    }
    let digits: String = hash.finalize().iter().take(12).map(|byte| format!("{byte:02x}")).collect();
    format!("{kind}-{digits}")
}

/// Whether a text can be the name of a function or an application.
fn is_name(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    (1..=255).contains(&text.len()) && text.bytes().all(allowed) && !text.starts_with('.')
}

fn name_rule(name: &str) -> String {
    format!("{name:?} is no name: it needs 1 to 255 letters, digits, '-', '_' or '.', and no '.' first")
}
