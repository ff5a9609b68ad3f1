//! Triggers as they are written: `[[trigger]]`.

use partita_api::Status;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A route that starts an instance, raises an event or shows a status.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct TriggerConfig {
    /// Method and path: `POST /order/start/{sessionId}`.
    pub route: String,
    /// Start this workflow.
    #[serde(default)]
    pub start: Option<String>,
    /// With this instance id; one is made when left out.
    #[serde(default)]
    pub id: Option<String>,
    /// With this input, or this data of an event; the request's body when left out.
    #[serde(default)]
    pub input: Option<serde_json::Value>,
    /// Answer with the output when the instance ends within this time.
    #[serde(default)]
    pub wait: Option<String>,
    /// Statuses in which an existing instance of that id is replaced.
    #[serde(default)]
    pub replace: Vec<Status>,
    /// Raise this event.
    #[serde(default)]
    pub raise: Option<String>,
    /// Show the status.
    #[serde(default)]
    pub status: Option<StatusKind>,
    /// At, or of, this instance.
    #[serde(default)]
    pub instance: Option<String>,
    /// Start or raise with GET, for services that call back so. Any page that a browser shows can send a GET.
    #[serde(default)]
    pub allow_get: bool,
    /// What parameters must look like: `uuid`, `int`, `nonempty`, `max:36`, or several of them.
    #[serde(default)]
    pub params: BTreeMap<String, Patterns>,
}

/// The keys of a trigger.
pub const TRIGGER_KEYS: &[&str] = &[
    "route",
    "start",
    "id",
    "input",
    "wait",
    "replace",
    "raise",
    "status",
    "instance",
    "allow-get",
    "params",
];

/// What of a status is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StatusKind {
    /// What the orchestrator said of its progress.
    Custom,
    /// All of the instance but its history.
    Full,
}

/// One pattern, or several.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Patterns {
    /// One.
    One(String),
    /// Several; all must hold.
    Several(Vec<String>),
}

impl Patterns {
    /// All of them.
    #[must_use]
    pub fn list(&self) -> &[String] {
        match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::Several(several) => several,
        }
    }
}
