//! The server, its store, its limits, what it offers.

use crate::definition::WorkflowKind;
use crate::function::FunctionCalls;
use crate::instance::{Counts, Status};
use crate::time::Time;
use partita_engine::kernel;
use serde::{Deserialize, Serialize};

/// The server.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct About {
    /// The product: `Partita`.
    pub product: String,
    /// Its version.
    pub version: String,
    /// When this server began.
    pub started_at: Time,
    /// How long ago that is.
    pub uptime_seconds: f64,
    /// The engine's time now.
    pub now: Time,
    /// Who this process is among the owners of the store.
    pub owner: String,
    /// How many partitions the task hub has.
    pub partitions: u16,
    /// Whether new work is taken in.
    pub ready: bool,
    /// Why not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_ready: Option<String>,
    /// The store.
    pub store: StoreInfo,
}

/// The size and place of a store.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StoreInfo {
    /// `memory`, `embedded`, …
    pub kind: String,
    /// Its folder or address.
    pub location: String,
    /// Bytes on disk.
    pub disk_bytes: u64,
    /// Bytes that are durable but not yet in the tables.
    pub unfolded_bytes: u64,
    /// Instances, as far as it is cheap to know.
    pub instances: u64,
}

impl From<&partita_engine::store::StoreInfo> for StoreInfo {
    fn from(info: &partita_engine::store::StoreInfo) -> Self {
        Self {
            kind: info.kind.clone(),
            location: info.location.clone(),
            disk_bytes: info.disk_bytes,
            unfolded_bytes: info.unfolded_bytes,
            instances: info.instances,
        }
    }
}

/// The workflows that are offered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WorkflowList {
    /// By name.
    pub workflows: Vec<Workflow>,
}

/// A workflow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Workflow {
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: WorkflowKind,
    /// The revisions of a state machine with which instances can go on, the current one first.
    pub versions: Vec<String>,
    /// What the configuration says that it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// How many instances of it there are; left out with `counts=false`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instances: Option<Counts>,
}

/// The functions that are offered.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FunctionList {
    /// By name.
    pub functions: Vec<Function>,
}

/// A function.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Function {
    /// Its name.
    pub name: String,
    /// Who offers it.
    pub kind: FunctionKind,
    /// More about one that is hosted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<HostedFunction>,
    /// Its calls.
    pub calls: FunctionCalls,
}

/// Who offers a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FunctionKind {
    /// Code of this process.
    Code,
    /// Processes that this server starts.
    Hosted,
    /// An HTTP endpoint.
    Endpoint,
    /// Workers that connect.
    Worker,
}

/// A hosted function and its processes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HostedFunction {
    /// `building`, `ready` or `broken`.
    pub state: String,
    /// Why it is broken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The app that it belongs to.
    pub app: String,
    /// `python` or `node`.
    pub runtime: String,
    /// Seconds that a call may take.
    pub timeout_seconds: u64,
    /// Megabytes that a process may use.
    pub memory_mb: u64,
    /// Processes that wait for a call.
    pub idle: usize,
    /// Processes that are in a call.
    pub busy: usize,
    /// Processes that start.
    pub starting: usize,
    /// The most processes that there may be.
    pub max_processes: usize,
    /// Calls that wait for a process.
    pub waiting: usize,
    /// Calls since the server started.
    pub calls: u64,
    /// Those that had no answer.
    pub failures: u64,
    /// Processes that were started.
    pub cold_starts: u64,
    /// How often new code replaced old.
    pub reloads: u64,
    /// The last failure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_error: Option<String>,
}

/// Who offers workflows and functions.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WorkerList {
    /// All of them.
    pub workers: Vec<Worker>,
    /// What waits for a worker, by name; at most a hundred of them.
    pub waiting: Vec<Waiting>,
    /// How many turns and activities wait for a worker in all.
    pub waiting_total: usize,
}

/// One that offers workflows and functions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Worker {
    /// Its id.
    pub id: String,
    /// Where it runs: `in-process`, or `durable-task` for one that is connected by that protocol.
    pub kind: String,
    /// Since when it is connected; that of this process is always there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Time>,
    /// Names of workflows; `*` for all of them.
    pub workflows: Vec<String>,
    /// Names of functions; `*` for all of them.
    pub functions: Vec<String>,
    /// Names of entities; `*` for all of them.
    pub entities: Vec<String>,
    /// Turns that a connected worker has.
    pub turns_running: usize,
    /// How many it may have at a time; 0 for any number.
    pub turns_limit: usize,
    /// Calls of functions under way.
    pub calls_running: usize,
    /// How many there may be at a time; 0 for any number.
    pub calls_limit: usize,
    /// Entities of which a connected worker has operations.
    pub entities_running: usize,
    /// How many it may have at a time; 0 for any number.
    pub entities_limit: usize,
    /// What a connected worker was given and has not answered, the oldest first; at most a hundred of them.
    pub running: Vec<Running>,
    /// How many those are in all.
    pub running_total: usize,
}

/// Something that a worker was given and has not answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Running {
    /// `turn`, `activity` or `entity`.
    pub kind: String,
    /// The instance that it is for.
    pub instance_id: String,
    /// The workflow, the activity or the entity's name.
    pub name: String,
    /// The id of the activity's task in its instance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task_id: Option<i32>,
    /// When it was sent.
    pub since: Time,
}

/// Work of one kind and name that no worker has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Waiting {
    /// `turn`, `activity` or `entity`.
    pub kind: String,
    /// The workflow, or the activity.
    pub name: String,
    /// The version of the workflow, if its instances have one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// How many wait.
    pub count: usize,
}

/// The settings in force, but for lists such as triggers and schedules.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Configuration {
    /// All of them; none in a server that was not made from a configuration.
    pub settings: Vec<Setting>,
}

/// One setting.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Setting {
    /// Its key.
    pub key: String,
    /// Its value, as it is written.
    pub value: String,
    /// Where it comes from.
    pub origin: String,
    /// What it is for.
    pub help: String,
}

/// The limits in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Limits {
    /// Bytes of one input, output or event.
    pub payload_bytes: usize,
    /// Bytes of a request's body.
    pub body_bytes: usize,
    /// Bytes of a custom status.
    pub custom_status_bytes: usize,
    /// Characters of an instance id.
    pub instance_id_chars: usize,
    /// Characters of a name.
    pub name_chars: usize,
    /// Tags of one instance or call.
    pub tags: usize,
    /// Bytes of one tag, key and value together.
    pub tag_bytes: usize,
    /// Events of one history.
    pub history_events: usize,
    /// Calls, timers and children that one instance may wait for at a time.
    pub outstanding: usize,
    /// Commands of one turn.
    pub commands: usize,
    /// Messages that wait in an instance that cannot run now.
    pub pending_messages: usize,
    /// Requests under way at a time.
    pub concurrent_requests: usize,
    /// Function calls in one process at a time.
    pub concurrent_calls: usize,
}

impl Limits {
    /// The limits of an engine behind a server.
    #[must_use]
    pub fn of(config: &partita_engine::EngineConfig, body_bytes: usize) -> Self {
        let limits: &kernel::Limits = &config.limits;
        Self {
            payload_bytes: limits.payload_bytes,
            body_bytes,
            custom_status_bytes: limits.custom_status_bytes,
            instance_id_chars: limits.instance_id_chars,
            name_chars: limits.name_chars,
            tags: limits.tags,
            tag_bytes: limits.tag_bytes,
            history_events: limits.history_events,
            outstanding: limits.outstanding,
            commands: limits.commands,
            pending_messages: limits.pending_messages,
            concurrent_requests: config.concurrent_requests,
            concurrent_calls: config.concurrent_calls,
        }
    }
}

/// The retention rules in force.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Retention {
    /// In order.
    pub rules: Vec<RetentionRule>,
    /// How often they are applied.
    pub interval_seconds: f64,
}

/// Finished instances that are deleted some time after their end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RetentionRule {
    /// Of which statuses; all finished ones when empty.
    pub statuses: Vec<Status>,
    /// Of which workflows; all when empty.
    pub names: Vec<String>,
    /// How long after their end.
    pub keep_seconds: f64,
}

impl From<&partita_engine::EngineConfig> for Retention {
    fn from(config: &partita_engine::EngineConfig) -> Self {
        let rules = config.retention.iter().map(|rule| RetentionRule {
            statuses: rule.statuses.iter().copied().map(Status).collect(),
            names: rule.names.clone(),
            keep_seconds: rule.keep.as_secs_f64(),
        });
        Self { rules: rules.collect(), interval_seconds: config.retention_interval.as_secs_f64() }
    }
}
