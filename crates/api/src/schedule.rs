//! Starts by the clock.

use crate::json::Json;
use crate::time::Time;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The schedules of a server.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ScheduleList {
    /// As the configuration has them.
    pub schedules: Vec<Schedule>,
}

/// A schedule, and where it stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Schedule {
    /// Its name.
    pub name: String,
    /// When.
    pub cron: String,
    /// Whose clock, by its IANA name.
    pub timezone: String,
    /// What is started.
    pub workflow: String,
    /// In which version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// With which input.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<Json>,
    /// With which tags, beside its own.
    pub tags: BTreeMap<String, String>,
    /// What happens while an earlier instance runs: `skip`, `allow`, `terminate-previous` or `queue-one`.
    pub overlap: String,
    /// What happens with times that passed while nobody looked: `none`, `latest` or `all`.
    pub catch_up: String,
    /// How many of those at most.
    pub catch_up_limit: usize,
    /// Seconds by which instances begin later, at most.
    pub jitter_seconds: f64,
    /// Whether nothing is started for now.
    pub paused: bool,
    /// Who paused it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paused_by: Option<PausedBy>,
    /// The next times; while it is paused, those that it would have.
    pub next: Vec<Time>,
    /// The last start, by the clock or by hand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<LastStart>,
    /// The time whose start waits for the end of an earlier instance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queued: Option<Time>,
}

/// Who paused a schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PausedBy {
    /// The configuration.
    Configuration,
    /// Somebody, while the server ran.
    Operator,
}

/// The last start of a schedule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LastStart {
    /// The time that it was for.
    pub at: Time,
    /// The instance.
    pub instance: String,
}

/// An instance that was started by hand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ScheduleRun {
    /// Its id.
    pub instance: String,
}

/// Starts what a schedule would have started in a span of the past.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Backfill {
    /// From this time on.
    pub from: Time,
    /// Before this time.
    pub to: Time,
    /// Only say what would be started.
    #[serde(default)]
    pub dry_run: bool,
}

/// What was started for a span of the past.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BackfillReport {
    /// The times of the span.
    pub times: Vec<Time>,
    /// The instances that were started; none when it was only asked.
    pub started: Vec<String>,
    /// The instances that were there already.
    pub existing: Vec<String>,
}
