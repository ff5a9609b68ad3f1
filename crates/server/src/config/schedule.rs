//! Schedules as they are written: `[[schedule]]`.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A workflow that is started by the clock.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ScheduleConfig {
    /// Its name, unique among schedules; part of its instances' ids.
    pub name: String,
    /// When: five fields (minute, hour, day, month, weekday), or six with the second before them.
    pub cron: String,
    /// Whose clock, such as `Europe/Berlin`; UTC when left out.
    #[serde(default)]
    pub timezone: Option<String>,
    /// What is started.
    pub workflow: String,
    /// With this input.
    #[serde(default)]
    pub input: Option<serde_json::Value>,
    /// With this version of the workflow.
    #[serde(default)]
    pub version: Option<String>,
    /// With these tags.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
    /// What happens while an earlier instance still runs.
    #[serde(default)]
    pub overlap: Overlap,
    /// What happens with times that passed while nobody looked.
    #[serde(default)]
    pub catch_up: CatchUp,
    /// How many of those at most, with `catch-up = "all"`: 1 to 100.
    #[serde(default)]
    pub catch_up_limit: Option<usize>,
    /// The instances begin up to so much later, each at a time of its own: `30s`.
    #[serde(default)]
    pub jitter: Option<String>,
    /// Whether nothing is started for now. Times that pass meanwhile are not caught up on.
    #[serde(default)]
    pub paused: bool,
}

/// The keys of a schedule.
pub const SCHEDULE_KEYS: &[&str] = &[
    "name",
    "cron",
    "timezone",
    "workflow",
    "input",
    "version",
    "tags",
    "overlap",
    "catch-up",
    "catch-up-limit",
    "jitter",
    "paused",
];

/// What happens while an earlier instance still runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Overlap {
    /// Nothing is started.
    #[default]
    Skip,
    /// Another one is started beside it.
    Allow,
    /// It is terminated, and another one is started.
    TerminatePrevious,
    /// Another one is started when it has ended; one at most waits, the latest.
    QueueOne,
}

/// What happens with times that passed while nobody looked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CatchUp {
    /// They are passed over.
    #[default]
    None,
    /// The latest counts.
    Latest,
    /// All count, the latest ones up to the limit.
    All,
}
