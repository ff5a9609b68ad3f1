//! What can be set.

use partita_kernel::{Limits, Status};
use std::time::Duration;

/// The settings of one engine.
#[derive(Clone, Debug)]
pub struct EngineConfig {
    /// The bounds on what users hand in.
    pub limits: Limits,
    /// Who this process is, shown with what it owns.
    pub owner: String,
    /// Instances kept in memory, all partitions together.
    pub hot_instances: usize,
    /// Calls of functions in this process at a time.
    pub concurrent_calls: usize,
    /// Requests of clients that are under way at a time; more are refused.
    pub concurrent_requests: usize,
    /// Failed turns in a row after which an instance is set aside until somebody acts.
    pub turn_attempts: u32,
    /// The wait before a failed turn is tried again; doubles with each.
    pub turn_retry: Duration,
    /// How far ahead timers are held in memory.
    pub timer_horizon: Duration,
    /// Bytes and writes of a group that is gathering, per partition; above it the partition takes no more in.
    pub group_writes: usize,
    /// What is deleted by itself, and when.
    pub retention: Vec<RetentionRule>,
    /// How often the retention rules are applied.
    pub retention_interval: Duration,
    /// Whether a workflow nobody offers here may be started, because a worker may still come.
    pub accept_unknown: bool,
}

impl Default for EngineConfig {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            owner: format!("pid {}", std::process::id()),
            hot_instances: 4096,
            concurrent_calls: 1024,
            concurrent_requests: 100_000,
            turn_attempts: 3,
            turn_retry: Duration::from_millis(500),
            timer_horizon: Duration::from_secs(60),
            group_writes: 4096,
            retention: Vec::new(),
            retention_interval: Duration::from_secs(60),
            accept_unknown: false,
        }
    }
}

/// Finished instances that are deleted some time after their end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RetentionRule {
    /// Of which statuses; all finished ones when empty.
    pub statuses: Vec<Status>,
    /// Of which workflows (`Order*` for all that begin so); all when empty.
    pub names: Vec<String>,
    /// How long after their end.
    pub keep: Duration,
}
