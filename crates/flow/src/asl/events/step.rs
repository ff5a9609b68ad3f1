//! What becomes of each visit of a state, for those who show where an execution is. Step Functions' own events do not
//! say all of it: which branch a state is in, which error was caught or tried again.

use super::Reason;
use serde_json::Value;
use std::sync::Arc;
use std::time::SystemTime;

/// A step of a visit.
#[derive(Clone, Debug)]
pub struct Step {
    /// The visit: the id of the event by which the state was entered.
    pub visit: u64,
    /// When.
    pub at: SystemTime,
    /// What happened.
    pub kind: StepKind,
}

/// What happened to a visit. What ends a visit, or an attempt, also ends all that is still open within it.
#[derive(Clone, Debug)]
pub enum StepKind {
    /// It began.
    Entered {
        /// The state's name.
        name: Arc<str>,
        /// What came in.
        input: Arc<Value>,
        /// What it is a part of; nothing when the state is one of the execution's own machine.
        within: Option<Within>,
    },
    /// An attempt failed, and there will be another.
    Retried(Reason),
    /// The state was left, for the state of the name `next` or for the end of its machine.
    Exited {
        /// What went out.
        output: Arc<Value>,
        /// The state that comes next.
        next: Option<Arc<str>>,
        /// The error that it was left with, when it failed and a catcher took it.
        caught: Option<Reason>,
    },
    /// It failed, and with it whatever it is a part of.
    Failed(Reason),
}

/// What a visit is a part of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Within {
    /// The visit of the Parallel or Map state.
    pub visit: u64,
    /// The branch of a Parallel state.
    pub branch: Option<usize>,
    /// The iteration of a Map state.
    pub iteration: Option<usize>,
}

impl Within {
    pub(crate) fn branch(visit: u64, branch: usize) -> Self {
        Self { visit, branch: Some(branch), iteration: None }
    }

    pub(crate) fn iteration(visit: u64, iteration: usize) -> Self {
        Self { visit, branch: None, iteration: Some(iteration) }
    }
}
