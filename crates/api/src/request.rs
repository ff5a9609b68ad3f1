//! What clients send.

use crate::filter::Filter;
use crate::instance::{Status, Tags};
use crate::json::Json;
use crate::time::Time;
use serde::{Deserialize, Deserializer, Serialize};
use std::fmt;

/// Starts an instance of the workflow that the path names. An empty body starts one with all defaults.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Start {
    /// The instance's id; one is made when none is given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The input.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input: Option<Json>,
    /// The workflow's version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Tags.
    #[serde(skip_serializing_if = "Tags::is_empty")]
    pub tags: Tags,
    /// When to begin; at once when left out or past.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scheduled_at: Option<Time>,
    /// Statuses in which an existing instance of this id is replaced.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub replace: Vec<Status>,
}

/// Why somebody suspends, resumes or rewinds. The body may be left out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Reason {
    /// In words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Ends an instance. The body may be left out.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Terminate {
    /// The output that it shall have.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<Json>,
    /// Whether the sub-orchestrations that it waits for end too.
    pub recurse: bool,
}

/// Starts an instance again. The body may be left out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Restart {
    /// Whether the run gets an id of its own; otherwise it takes the place of the one that ended.
    pub new_id: bool,
    /// Another input than the one that it had; only for a run with an id of its own.
    #[serde(deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub input: Option<Json>,
}

/// A value that was given, although it may be `null`.
fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Json>, D::Error> {
    Json::deserialize(deserializer).map(Some)
}

impl Default for Restart {
    fn default() -> Self {
        Self { new_id: true, input: None }
    }
}

/// What `wait` waits for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum WaitUntil {
    /// That the instance has ended.
    #[default]
    End,
    /// That it has begun.
    Start,
    /// That it has changed.
    Change,
}

impl fmt::Display for WaitUntil {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::End => "end",
            Self::Start => "start",
            Self::Change => "change",
        })
    }
}

/// Operates on all instances that pass a filter.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Bulk {
    /// Which.
    pub filter: Filter,
    /// Only count.
    pub dry_run: bool,
    /// How many at most; the server's cap when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<usize>,
    /// Why (suspend, resume, rewind), or the output (terminate).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Whether sub-orchestrations are meant too (terminate, purge).
    pub recurse: bool,
}

/// What is done to many instances.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum BulkOperation {
    /// End them.
    Terminate,
    /// Stop them for now.
    Suspend,
    /// Let them go on.
    Resume,
    /// Take failed ones back to their last good state.
    Rewind,
    /// Delete those that have ended.
    Purge,
}

impl BulkOperation {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Terminate, Self::Suspend, Self::Resume, Self::Rewind, Self::Purge];

    /// Its name in paths.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Terminate => "terminate",
            Self::Suspend => "suspend",
            Self::Resume => "resume",
            Self::Rewind => "rewind",
            Self::Purge => "purge",
        }
    }

    /// The operation of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|operation| operation.name() == name)
    }
}

impl fmt::Display for BulkOperation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Copies the store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Backup {
    /// A new folder on the server's machine, within the folder that its configuration allows.
    pub folder: String,
}
