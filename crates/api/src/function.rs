//! Functions: their figures, their details, calls by hand.

use crate::about::Function;
use crate::history::Failure;
use crate::json::Json;
use crate::log::LogLine;
use serde::{Deserialize, Serialize};

/// The calls of a function since the server started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FunctionCalls {
    /// Calls under way.
    pub running: u64,
    /// Calls begun.
    pub total: u64,
    /// Those that failed.
    pub failed: u64,
    /// Calls begun in a second, over the last minute.
    pub per_second: f64,
    /// Half of the calls that ended in the last minute took no longer; missing when none did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p50_seconds: Option<f64>,
    /// 95 % of the calls that ended in the last minute took no longer; missing when none did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p95_seconds: Option<f64>,
}

/// A function with its details.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FunctionDetail {
    /// As in the list.
    #[serde(flatten)]
    pub function: Function,
    /// More about one that is hosted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hosted: Option<HostedDetail>,
    /// More about one behind a URL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<EndpointDetail>,
    /// More about one that workers run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worker: Option<WorkerDetail>,
    /// The state machines whose definitions name it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub used_by: Vec<String>,
}

/// A hosted function.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HostedDetail {
    /// `python` or `node`.
    pub runtime: String,
    /// What is loaded: the file and the name in it.
    pub entry: String,
    /// Its processes.
    pub processes: Processes,
    /// Processes that were started.
    pub cold_starts: ColdStarts,
    /// Bytes that a process may use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory: Option<u64>,
    /// Seconds that a call may take.
    pub timeout_seconds: f64,
    /// What it is configured with.
    pub configuration: Configuration,
}

/// The processes of a hosted function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Processes {
    /// The most that there may be.
    pub max: usize,
    /// Those that start.
    pub starting: usize,
    /// Those that wait for a call.
    pub idle: usize,
    /// Those that are in a call.
    pub busy: usize,
}

/// The processes of a hosted function that were started.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ColdStarts {
    /// How many.
    pub total: u64,
    /// How long the last one took, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_seconds: Option<f64>,
}

/// What a function is configured with. Values are never told: they may be secrets.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Configuration {
    /// The names.
    pub keys: Vec<String>,
}

/// A function behind a URL.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EndpointDetail {
    /// The URL, without what could be a secret in it: user, password and query.
    pub url: String,
}

/// A function that workers run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WorkerDetail {
    /// The ids of those that are connected now.
    pub workers: Vec<String>,
}

/// Calls a function once.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Invoke {
    /// Its input.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payload: Option<Json>,
    /// How long it may take; 30 s when left out, 300 s at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout_seconds: Option<f64>,
}

/// What came of a call by hand.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Invoked {
    /// How it ended.
    pub outcome: Outcome,
    /// What it gave.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<Json>,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
    /// How long it took.
    pub seconds: f64,
    /// The id under which its logs are, if it has any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<String>,
    /// What it printed.
    pub logs: Vec<LogLine>,
}

/// How a call by hand ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// With a result.
    Succeeded,
    /// Without one.
    Failed,
}
