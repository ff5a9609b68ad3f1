//! Where an execution of a state machine is, and how it came there.

use crate::instance::Status;
use crate::json::Json;
use crate::time::Time;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// An execution of a state machine, as a graph of states shows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MachineExecution {
    /// The definition that this instance runs; of a distributed map's child, that of the map's processor.
    pub definition: Json,
    /// The revision of the state machine.
    pub revision: String,
    /// What became of the states that were entered, by the JSON pointers of the states in the definition.
    pub states: BTreeMap<String, StateVisits>,
    /// The first visits of states, in the order in which they began.
    pub visits: Vec<Visit>,
    /// Whether there were more.
    pub more_visits: bool,
    /// The instance's status.
    pub status: Status,
    /// The name of the error with which the execution ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// The cause of that error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
}

/// What became of a state.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StateVisits {
    /// How many times it was entered: the sum of the five numbers that follow.
    pub entered: u64,
    /// Visits that have not ended.
    pub running: u64,
    /// Visits that ended well.
    pub succeeded: u64,
    /// Visits that failed.
    pub failed: u64,
    /// Visits that failed and went on at a catcher.
    pub caught: u64,
    /// Visits that ended because something else did: another branch or iteration failed, or the execution was ended.
    pub aborted: u64,
    /// How many times it was tried again.
    pub retries: u64,
    /// When it was first entered.
    pub first_entered_at: Time,
    /// When it was last entered.
    pub last_entered_at: Time,
    /// When it was last left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_exited_at: Option<Time>,
    /// How long the visit took that ended last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<f64>,
    /// How many times which state came next, by its pointer.
    pub next: BTreeMap<String, u64>,
    /// The last error there, also one that was caught or tried again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<StateError>,
}

/// An error of a state.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StateError {
    /// Its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Its cause, cut when it is long.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
}

/// How a visit of a state goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum VisitStatus {
    /// It has not ended.
    Running,
    /// It ended well.
    Succeeded,
    /// It failed.
    Failed,
    /// It failed and went on at a catcher.
    Caught,
    /// It ended because something else did.
    Aborted,
}

/// A visit of a state.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Visit {
    /// The state's JSON pointer in the definition.
    pub path: String,
    /// The state's name.
    pub name: String,
    /// When it began.
    pub entered_at: Time,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exited_at: Option<Time>,
    /// How it goes.
    pub status: VisitStatus,
    /// How many times it was tried, at least 1.
    pub attempts: u64,
    /// The name of its last error, also one that was caught or tried again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// The cause of that error, cut when it is long.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// What came in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<Json>,
    /// What went out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<Json>,
    /// Whether the input or the output is left out because it is large.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub truncated: bool,
    /// The iteration of the innermost Map state that it is a part of, from 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iteration: Option<usize>,
}
