//! What functions print: by call, by function, and as it comes.

mod archive;
mod output;
mod store;

pub(crate) use output::Output;
pub use store::{LogFilter, LogStore};

use serde::{Deserialize, Serialize};

/// Where a line of a log comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogStream {
    /// The function's standard output.
    Out,
    /// The function's standard error.
    Err,
    /// The host, about the call or the process.
    Host,
}

/// A line of a log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogLine {
    /// Of which function.
    pub function: String,
    /// During which call; `None` while the process started or waited.
    pub call: Option<String>,
    /// When it was read, in milliseconds since 1970.
    pub at_ms: i64,
    /// Where it comes from.
    pub stream: LogStream,
    /// Its text, without the end of line.
    pub text: String,
}
