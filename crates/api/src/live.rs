//! What a console watches: what happens now, and what happened in the last hour and day.

use crate::instance::{Counts, InstanceSummary};
use crate::time::Time;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How things stand.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// When this was so.
    pub at: Time,
    /// How many instances there are.
    pub counts: Counts,
    /// What somebody should look at.
    pub attention: Attention,
    /// Workers that are connected.
    pub workers: usize,
    /// Turns, calls and operations that wait for a worker.
    pub waiting: usize,
    /// What happens in a second.
    pub rates: Rates,
    /// Calls of functions under way in this process.
    pub calls_running: u64,
}

/// What somebody should look at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Attention {
    /// Instances that were set aside.
    pub set_aside: u64,
    /// Instances that failed in the last hour, as far as this process has run.
    pub failed_recently: u64,
}

/// How many there were in a second, on average over the last ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Rates {
    /// Over how many seconds.
    pub seconds: f64,
    /// Instances started.
    pub started: f64,
    /// Instances completed.
    pub completed: f64,
    /// Instances failed.
    pub failed: f64,
    /// Instances terminated.
    pub terminated: f64,
    /// Calls of functions begun.
    pub calls: f64,
    /// Calls of functions that failed.
    pub calls_failed: f64,
}

/// Instances that changed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InstancesChanged {
    /// How they are now, the last changed first.
    pub changed: Vec<InstanceSummary>,
    /// Those that are gone.
    pub removed: Vec<String>,
    /// Whether others changed too.
    pub more: bool,
}

/// Figures in steps of the same length.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Series {
    /// The length of a step in seconds.
    pub step_seconds: u64,
    /// The end of each step, in seconds since 1970 in UTC.
    pub at: Vec<i64>,
    /// By name; `null` where there was nothing to be measured.
    pub series: BTreeMap<String, Vec<Option<f64>>>,
}
