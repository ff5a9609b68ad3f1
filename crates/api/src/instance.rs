//! Instances: summaries, details, pages, counts.

use crate::history::{Failure, Parent};
use crate::json::{Json, shown};
use crate::time::Time;
use partita_engine::InstanceView;
use partita_engine::kernel::{self, Tags as KernelTags};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// A runtime status, by the name that Durable Functions gives it; read in any case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Status(pub kernel::Status);

impl From<Status> for String {
    fn from(status: Status) -> Self {
        status.0.name().to_owned()
    }
}
impl TryFrom<String> for Status {
    type Error = String;
    fn try_from(name: String) -> Result<Self, String> {
        name.parse()
    }
}
impl std::str::FromStr for Status {
    type Err = String;
    fn from_str(name: &str) -> Result<Self, String> {
        kernel::Status::parse(name.trim()).map(Self).ok_or_else(|| {
            let names: Vec<_> = kernel::Status::ALL.iter().map(|status| status.name()).collect();
            format!("{name:?} is not a status; there are {}", names.join(", "))
        })
    }
}
impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
impl From<kernel::Status> for Status {
    fn from(status: kernel::Status) -> Self {
        Self(status)
    }
}

/// Tags as plain text.
pub type Tags = BTreeMap<String, String>;

/// Tags for the engine.
#[must_use]
pub fn to_kernel_tags(tags: &Tags) -> KernelTags {
    tags.iter().map(|(key, value)| (key.as_str().into(), value.as_str().into())).collect()
}

pub(crate) fn of_kernel_tags(tags: &KernelTags) -> Tags {
    tags.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect()
}

/// An instance in a list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InstanceSummary {
    /// Its id.
    pub id: String,
    /// Its workflow.
    pub name: String,
    /// Its workflow's version.
    pub version: Option<String>,
    /// Its runtime status.
    pub status: Status,
    /// When it was accepted.
    pub created_at: Time,
    /// When it last changed.
    pub updated_at: Time,
    /// When it ended.
    pub completed_at: Option<Time>,
    /// Its parent's id, if it is a sub-orchestration.
    pub parent_id: Option<String>,
    /// Its tags.
    #[serde(default)]
    pub tags: Tags,
    /// Whether it was set aside after failed turns.
    #[serde(default)]
    pub set_aside: bool,
    /// What the orchestrator last said of its progress.
    pub custom_status: Option<Json>,
    /// Its input; only with `include=payloads`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<Json>,
    /// Its output; only with `include=payloads`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<Json>,
    /// Its failure; only with `include=payloads`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
}

impl From<&InstanceView> for InstanceSummary {
    fn from(view: &InstanceView) -> Self {
        Self {
            id: view.id.to_string(),
            name: view.name.to_string(),
            version: view.version.as_deref().map(str::to_owned),
            status: view.status.into(),
            created_at: view.created_at.into(),
            updated_at: view.updated_at.into(),
            completed_at: view.completed_at.map(Time),
            parent_id: view.parent_id.as_ref().map(ToString::to_string),
            tags: of_kernel_tags(&view.tags),
            set_aside: view.is_set_aside,
            custom_status: shown(view.custom_status.as_ref()),
            input: shown(view.input.as_ref()),
            output: shown(view.output.as_ref()),
            failure: view.failure.as_ref().map(Failure::from),
        }
    }
}

/// All that is known of an instance but its history.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InstanceDetail {
    /// Its id.
    pub id: String,
    /// Its workflow.
    pub name: String,
    /// Its workflow's version.
    pub version: Option<String>,
    /// Its runtime status.
    pub status: Status,
    /// When it was accepted.
    pub created_at: Time,
    /// When it last changed.
    pub updated_at: Time,
    /// When it ended.
    pub completed_at: Option<Time>,
    /// When it is to begin, if that was asked for.
    pub scheduled_at: Option<Time>,
    /// Its input.
    pub input: Option<Json>,
    /// Its output.
    pub output: Option<Json>,
    /// Its failure.
    pub failure: Option<Failure>,
    /// What the orchestrator last said of its progress.
    pub custom_status: Option<Json>,
    /// Its tags.
    #[serde(default)]
    pub tags: Tags,
    /// Who started it as a sub-orchestration.
    pub parent: Option<Parent>,
    /// Its generation's id.
    pub execution_id: Option<String>,
    /// How many generations went before.
    pub generation: u32,
    /// How many events its history has.
    pub history_events: u32,
    /// Why it was set aside, if it was.
    pub set_aside: Option<SetAside>,
}

impl From<&InstanceView> for InstanceDetail {
    fn from(view: &InstanceView) -> Self {
        Self {
            id: view.id.to_string(),
            name: view.name.to_string(),
            version: view.version.as_deref().map(str::to_owned),
            status: view.status.into(),
            created_at: view.created_at.into(),
            updated_at: view.updated_at.into(),
            completed_at: view.completed_at.map(Time),
            scheduled_at: view.scheduled_at.map(Time),
            input: shown(view.input.as_ref()),
            output: shown(view.output.as_ref()),
            failure: view.failure.as_ref().map(Failure::from),
            custom_status: shown(view.custom_status.as_ref()),
            tags: of_kernel_tags(&view.tags),
            parent: view.parent.as_ref().map(Parent::from),
            execution_id: view.execution.map(|execution| execution.to_string()),
            generation: view.generation,
            history_events: view.history_events,
            set_aside: view.set_aside.as_ref().map(SetAside::from),
        }
    }
}

/// Why an instance was set aside.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SetAside {
    /// The reason, with what to do.
    pub reason: Failure,
    /// How many turns failed in a row.
    pub attempts: u32,
    /// When the last one did.
    pub at: Time,
    /// When the next attempt is, unless it waits for somebody.
    pub retry_at: Option<Time>,
}

impl From<&kernel::instance::SetAside> for SetAside {
    fn from(aside: &kernel::instance::SetAside) -> Self {
        Self {
            reason: Failure::from(&aside.reason),
            attempts: aside.attempts,
            at: aside.at.into(),
            retry_at: aside.retry_at.map(Time),
        }
    }
}

/// A page of instances.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InstancePage {
    /// The instances.
    pub instances: Vec<InstanceSummary>,
    /// The `cursor` of the next page; missing on the last.
    pub next: Option<String>,
}

/// How many instances there are of each status.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Counts {
    /// All together.
    pub total: u64,
    /// By the status's name; statuses without instances are left out.
    pub by_status: BTreeMap<Status, u64>,
}

impl From<&partita_engine::store::Counts> for Counts {
    fn from(counts: &partita_engine::store::Counts) -> Self {
        let found = counts.by_status.iter().filter(|(_, count)| *count > 0);
        Self {
            total: counts.total(),
            by_status: found.map(|(status, count)| (Status(*status), *count)).collect(),
        }
    }
}
