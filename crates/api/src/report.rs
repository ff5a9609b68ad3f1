//! What comes back from starts, purges and bulk operations.

use crate::paths;
use crate::problem::Problem;
use crate::request::BulkOperation;
use serde::{Deserialize, Serialize};

/// An instance that was accepted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Started {
    /// Its id.
    pub id: String,
    /// Its generation's id.
    pub execution_id: Option<String>,
    /// Whether this request made it; `false` for the repeat of one with the same `Idempotency-Key`.
    pub created: bool,
    /// Where it is managed.
    pub links: Links,
}

/// Where an instance is managed: absolute URIs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Links {
    /// The instance.
    pub instance: String,
    /// Waits for its end.
    pub wait: String,
    /// Its history.
    pub history: String,
    /// Why it waits.
    pub why: String,
    /// Its changes, live.
    pub events: String,
    /// Raises an event; `{eventName}` stands for its name.
    pub raise_event: String,
    /// Stops it for now.
    pub suspend: String,
    /// Lets it go on.
    pub resume: String,
    /// Ends it.
    pub terminate: String,
    /// Takes it back to its last good state.
    pub rewind: String,
    /// Starts it again.
    pub restart: String,
}

impl Links {
    /// The links with the hub that they are in.
    #[must_use]
    pub fn of_hub(self, hub: &str) -> Self {
        let of = |link: String| format!("{link}?taskHub={}", paths::encode(hub));
        Self {
            instance: of(self.instance),
            wait: of(self.wait),
            history: of(self.history),
            why: of(self.why),
            events: of(self.events),
            raise_event: of(self.raise_event),
            suspend: of(self.suspend),
            resume: of(self.resume),
            terminate: of(self.terminate),
            rewind: of(self.rewind),
            restart: of(self.restart),
        }
    }

    /// The links of an instance on the server at `base` (`http://127.0.0.1:4001`).
    #[must_use]
    pub fn new(base: &str, id: &str) -> Self {
        let base = base.trim_end_matches('/');
        let of = |what: &str| format!("{base}{}", paths::of_instance(id, what));
        Self {
            instance: format!("{base}{}", paths::instance(id)),
            wait: of("wait"),
            history: of("history"),
            why: of("why"),
            events: of("events"),
            raise_event: of("events/{eventName}"),
            suspend: of("suspend"),
            resume: of("resume"),
            terminate: of("terminate"),
            rewind: of("rewind"),
            restart: of("restart"),
        }
    }
}

/// What a purge has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PurgeReport {
    /// How many instances are gone.
    pub deleted: u64,
    /// Whether none that was meant is left; otherwise ask again.
    pub complete: bool,
}

/// What a bulk operation has done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BulkReport {
    /// What was done.
    pub operation: BulkOperation,
    /// How many instances pass the filter and are in a status in which the operation makes sense.
    pub matched: u64,
    /// How many it was done to; with `dryRun` none.
    pub done: u64,
    /// How many refused it, for instance because they ended meanwhile.
    pub failed: u64,
    /// Whether none that was meant is left; otherwise ask again.
    pub complete: bool,
    /// Whether it was only counted.
    pub dry_run: bool,
    /// The first of those that refused.
    #[serde(default)]
    pub failures: Vec<BulkFailure>,
}

/// An instance that refused a bulk operation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BulkFailure {
    /// Which.
    pub id: String,
    /// Why.
    pub problem: Problem,
}

/// A copy of the store that was made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BackupReport {
    /// Where it is.
    pub folder: String,
    /// How long it took.
    pub seconds: f64,
}
