//! What the host tells the launcher before a function's program runs.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;

/// The number of bytes of the decimal length before a plan.
pub(crate) const LENGTH_DIGITS: usize = 10;
/// The variable that holds the number of the control socket.
pub(crate) const CONTROL: &str = "PARTITA_CONTROL";

/// Everything that the launcher does to itself before it becomes the program.
///
/// It travels over the launcher's standard input, not over its arguments or its environment: variables that a function
/// configures (`LD_PRELOAD`, say) must not reach a process that still has the host's rights, and others can read
/// arguments.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Plan {
    /// The program and its arguments.
    pub program: Vec<OsString>,
    /// The whole environment.
    pub env: BTreeMap<String, String>,
    /// The working folder.
    pub folder: PathBuf,
    /// The host's process, which must still be the parent.
    pub parent: u32,
    /// The user and group to become.
    pub user: Option<u32>,
    /// Further groups of that user.
    pub groups: Vec<u32>,
    /// Whether the process is confined.
    pub confine: bool,
    /// What may be read and run, if it exists.
    pub read: Vec<PathBuf>,
    /// What may be written too.
    pub write: Vec<PathBuf>,
    /// Bytes of private memory.
    pub memory: Option<u64>,
    /// Processes and threads of the function's own user.
    pub processes: Option<u64>,
    /// Open files.
    pub files: u64,
    /// Bytes of a file that it writes.
    pub file_bytes: u64,
}
