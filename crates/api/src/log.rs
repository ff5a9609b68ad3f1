//! What functions print.

use crate::Time;
use serde::{Deserialize, Serialize};

/// Where a line comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stream {
    /// The function's standard output.
    Stdout,
    /// The function's standard error.
    Stderr,
    /// The host of the function, about the call.
    Host,
}

/// A line that a function has printed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LogLine {
    /// The function.
    pub function: String,
    /// The call during which it did; missing outside of calls.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub call: Option<String>,
    /// When.
    pub at: Time,
    /// Where to.
    pub stream: Stream,
    /// What.
    pub text: String,
}

/// Lines, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LogPage {
    /// The lines.
    pub lines: Vec<LogLine>,
}
