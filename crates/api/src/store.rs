//! The store.

use crate::about::Retention;
use crate::time::Time;
use serde::{Deserialize, Serialize};

/// A store: its size and place, its files, what is deleted by itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StoreDetail {
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
    /// How many partitions the task hub has.
    pub partitions: u16,
    /// Its files, the largest first; at most a hundred of them.
    pub files: Vec<StoreFile>,
    /// What is deleted by itself.
    pub retention: Retention,
    /// Whether copies can be asked for.
    pub backup: BackupAllowed,
    /// The last check since the server started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_check: Option<LastCheck>,
}

/// A file of a store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StoreFile {
    /// Its path within the store's folder.
    pub name: String,
    /// Its size.
    pub bytes: u64,
}

/// Whether copies of a store can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BackupAllowed {
    /// Whether a folder is configured within which they may be made.
    pub allowed: bool,
}

/// The last check of a store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LastCheck {
    /// When it ended.
    pub at: Time,
    /// Whether all is well.
    pub ok: bool,
    /// What was wrong, each in a sentence.
    pub problems: Vec<String>,
}

/// What a check of a store found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StoreCheck {
    /// When it ended.
    pub at: Time,
    /// How long it took.
    pub seconds: f64,
    /// Whether all is well, as far as it was looked at.
    pub ok: bool,
    /// What was looked at.
    pub checked: Checked,
    /// What is wrong, each in a sentence; at most a hundred of them.
    pub problems: Vec<String>,
}

/// What a check has looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Checked {
    /// Instances.
    pub instances: u64,
    /// Pieces of histories.
    pub pieces: u64,
    /// Events in them.
    pub events: u64,
    /// Whether that was everything in the tables; otherwise the time was up before.
    pub complete: bool,
}
