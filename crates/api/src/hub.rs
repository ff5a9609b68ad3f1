//! Task hubs.

use crate::time::Time;
use serde::{Deserialize, Serialize};

/// The task hubs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HubList {
    /// The default one, and the others by name.
    pub hubs: Vec<Hub>,
}

/// A task hub.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Hub {
    /// Its name.
    pub name: String,
    /// When it was made; left out for the default one, which is as old as the server's data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Time>,
    /// How many of its instances have not ended.
    pub unfinished: u64,
    /// How many workers are connected to it.
    pub workers: usize,
}
