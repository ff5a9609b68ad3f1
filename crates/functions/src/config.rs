//! How a host is set up.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

/// How a [`Host`](crate::Host) is set up.
#[derive(Clone, Debug)]
pub struct HostConfig {
    /// Where environments, staged code and logs are kept.
    pub folder: PathBuf,
    /// A folder for sockets; its path must be short. `None`: a fresh one for each host.
    pub sockets: Option<PathBuf>,
    /// The program and first arguments that enter [`launcher::main`](crate::launcher::main).
    pub launcher: Vec<OsString>,
    /// Whether functions are confined.
    pub isolation: Isolation,
    /// Every bound.
    pub limits: HostLimits,
    /// Whether files are watched and functions reloaded when they change.
    pub dev: bool,
    /// What no function may ever read, such as the store.
    pub hidden_paths: Vec<PathBuf>,
    /// The Python interpreter. `None`: the first `python3` of the search path that functions can run.
    pub python: Option<PathBuf>,
    /// The Node.js program. `None`: the first `node` of the search path.
    pub node: Option<PathBuf>,
}

impl HostConfig {
    /// The usual set-up, with a folder for everything that is kept and the program that enters the launcher.
    #[must_use]
    pub fn new(folder: impl Into<PathBuf>, launcher: Vec<OsString>) -> Self {
        Self {
            folder: folder.into(),
            sockets: None,
            launcher,
            isolation: Isolation::Auto,
            limits: HostLimits::default(),
            dev: false,
            hidden_paths: Vec::new(),
            python: None,
            node: None,
        }
    }
}

/// Whether functions are confined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Isolation {
    /// As far as the system allows; what it does not allow is said once, when the host starts.
    Auto,
    /// Functions run with all the rights of the host.
    Off,
}

/// Every bound of a host.
#[derive(Clone, Debug)]
pub struct HostLimits {
    /// Bytes of a call's body.
    pub request_bytes: usize,
    /// Bytes of an answer's body.
    pub answer_bytes: usize,
    /// How long a process may take until its socket appears.
    pub start_timeout: Duration,
    /// How long a call waits for a process that is free.
    pub slot_timeout: Duration,
    /// How long the build of an environment may take.
    pub build_timeout: Duration,
    /// Bytes of log that are kept for one call; the rest is counted and dropped.
    pub call_log_bytes: usize,
    /// Bytes of log that are kept on disk in all; the oldest go first.
    pub total_log_bytes: u64,
    /// Lines of log that are kept in memory for each function.
    pub tail_lines: usize,
    /// Bytes of a function's own files.
    pub code_bytes: u64,
    /// Open files of a process.
    pub open_files: u64,
    /// Bytes of one file that a process writes.
    pub file_bytes: u64,
    /// Deployed functions.
    pub functions: usize,
}

impl Default for HostLimits {
    fn default() -> Self {
        Self {
            request_bytes: 6 << 20,
            answer_bytes: 6 << 20,
            start_timeout: Duration::from_secs(5),
            slot_timeout: Duration::from_secs(30),
            build_timeout: Duration::from_secs(600),
            call_log_bytes: 1 << 20,
            total_log_bytes: 256 << 20,
            tail_lines: 500,
            code_bytes: 256 << 20,
            open_files: 350,
            file_bytes: 512 << 20,
            functions: 1000,
        }
    }
}
