//! The events of an execution, as Step Functions tells them.
//!
//! The interpreter makes them while it runs and hands them to an [`Observer`]; nobody stores them. Replaying
//! an instance's history gives them again, with the same ids and times.

pub mod json;
mod step;

pub use step::{Step, StepKind, Within};

use serde_json::Value;
use std::sync::Arc;
use std::time::SystemTime;

/// Sees the events of an execution.
pub trait Observer: Send + Sync {
    /// Whether it wants events at all; when not, none are made.
    fn wants(&self) -> bool {
        true
    }

    /// One more event of the instance.
    fn event(&self, instance: &str, event: ExecutionEvent);

    /// One more step of one of its visits of states. Nothing is done about it unless an observer says otherwise.
    fn step(&self, instance: &str, step: Step) {
        let _ = (instance, step);
    }
}

/// Sees nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Blind;

impl Observer for Blind {
    fn wants(&self) -> bool {
        false
    }
    fn event(&self, _: &str, _: ExecutionEvent) {}
}

/// An event of an execution.
#[derive(Clone, Debug)]
pub struct ExecutionEvent {
    /// Its number, from 1.
    pub id: u64,
    /// The event that led to it; 0 for none.
    pub previous_id: u64,
    /// When.
    pub timestamp: SystemTime,
    /// What happened.
    pub kind: EventKind,
}

/// What is called by a Task state, for its events.
#[derive(Clone, Debug)]
pub enum Call {
    /// A function by its own name or ARN.
    Function,
    /// An activity.
    Activity,
    /// A service integration.
    Service {
        /// The service: `lambda`, `states`, ...
        resource_type: &'static str,
        /// The action: `invoke`, `startExecution.sync`, ...
        resource: &'static str,
    },
}

/// The bounds and the principal of a scheduled task.
#[derive(Clone, Debug, Default)]
pub struct TaskTerms {
    /// Seconds it may take.
    pub timeout_seconds: Option<u64>,
    /// Seconds it may be silent.
    pub heartbeat_seconds: Option<u64>,
    /// On whose behalf: the value of `RoleArn`.
    pub role_arn: Option<Arc<Value>>,
}

/// An error's name and cause, each of which may be absent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reason {
    /// The error's name.
    pub error: Option<String>,
    /// The error's cause.
    pub cause: Option<String>,
}

/// Variables that were assigned.
pub type Assigned = Vec<(String, Arc<Value>)>;

/// What happened.
#[derive(Clone, Debug)]
#[allow(missing_docs)] // named as in the Step Functions API, fields as well
pub enum EventKind {
    ExecutionStarted { input: Arc<Value>, role_arn: String },
    ExecutionSucceeded { output: Arc<Value> },
    ExecutionFailed(Reason),
    ExecutionTimedOut(Reason),
    ExecutionAborted(Reason),
    StateEntered { state_type: &'static str, name: Arc<str>, input: Arc<Value> },
    StateExited { state_type: &'static str, name: Arc<str>, output: Arc<Value>, assigned: Assigned },
    EvaluationFailed { error: String, cause: String, location: Option<String>, state: Arc<str> },
    Scheduled { call: Call, resource: String, input: Arc<Value>, terms: TaskTerms, region: String },
    Started { call: Call, worker: Option<String> },
    Submitted { call: Call, output: Arc<Value> },
    Succeeded { call: Call, output: Arc<Value> },
    Failed { call: Call, reason: Reason },
    TimedOut { call: Call, reason: Reason },
    MapStateStarted { length: usize },
    MapIterationStarted { name: Arc<str>, index: usize },
    MapIterationSucceeded { name: Arc<str>, index: usize },
    MapIterationFailed { name: Arc<str>, index: usize },
    MapIterationAborted { name: Arc<str>, index: usize },
    MapStateSucceeded,
    MapStateFailed,
    MapRunStarted { arn: String },
    MapRunSucceeded,
    MapRunFailed(Reason),
    ParallelStateStarted,
    ParallelStateSucceeded,
    ParallelStateFailed,
}
