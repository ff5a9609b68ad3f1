//! What reaches an instance's inbox, and what may become of it.

use crate::codec::{record, variants};
use crate::entity::{LockRequest, Operation};
use crate::ids::{ExecutionId, InstanceId};
use crate::instance::Status;
use crate::limits::{LimitExceeded, Limits};
use crate::value::{Failure, Name, ParentLink, Payload, Tags, Timestamp, Trace};
use alloc::{boxed::Box, format, string::String, vec::Vec};
use core::fmt;

record! {
    /// What a new instance is made from.
    pub struct Start {
        /// The workflow's name.
        pub name: Name,
        /// The workflow's version.
        pub version: Option<Name>,
        /// Its input.
        pub input: Option<Payload>,
        /// The first generation.
        pub execution: ExecutionId,
        /// Who asks, if it is a sub-orchestration.
        pub parent: Option<Box<ParentLink>>,
        /// When to start, if not at once.
        pub scheduled_at: Option<Timestamp>,
        /// Its tags.
        pub tags: Tags,
        /// The caller's trace.
        pub trace: Option<Trace>,
        /// Statuses of an existing instance of the same id that this one may replace.
        pub replaceable: Vec<Status>,
    }
}

variants! {
    /// What reaches an inbox. The fields that make a message recognizable when it comes twice (task id
    /// and generation) are its dedupe key.
    pub enum Message {
        /// Make this instance.
        1 => Start {
            /// From what.
            start: Box<Start>,
        },
        /// An activity succeeded.
        2 => TaskCompleted {
            /// Which.
            task_id: i32,
            /// The generation that asked for it.
            execution: ExecutionId,
            /// Its result.
            result: Option<Payload>,
        },
        /// An activity failed.
        3 => TaskFailed {
            /// Which.
            task_id: i32,
            /// The generation that asked for it.
            execution: ExecutionId,
            /// Why.
            failure: Box<Failure>,
        },
        /// A sub-orchestration succeeded.
        4 => SubOrchestrationCompleted {
            /// Which.
            task_id: i32,
            /// The generation that asked for it.
            execution: ExecutionId,
            /// Its result.
            result: Option<Payload>,
        },
        /// A sub-orchestration failed.
        5 => SubOrchestrationFailed {
            /// Which.
            task_id: i32,
            /// The generation that asked for it.
            execution: ExecutionId,
            /// Why.
            failure: Box<Failure>,
        },
        /// An external event.
        6 => EventRaised {
            /// Its name, compared without case.
            name: Name,
            /// Its data.
            input: Option<Payload>,
        },
        /// Stop for now.
        7 => Suspend {
            /// Why.
            reason: Option<Payload>,
        },
        /// Go on.
        8 => Resume {
            /// Why.
            reason: Option<Payload>,
        },
        /// End.
        9 => Terminate {
            /// The output or reason.
            output: Option<Payload>,
            /// Whether sub-orchestrations end too.
            recurse: bool,
        },
        /// Go back to the last good state.
        10 => Rewind {
            /// Why.
            reason: Option<Payload>,
            /// Made again from this when it does not exist or cannot go back; given by a rewound parent.
            otherwise: Option<Box<Start>>,
        },
        /// Look whether something is due.
        11 => Wake,
        /// An entity answered.
        12 => EntityOperationCompleted {
            /// The request.
            request_id: Name,
            /// The answer.
            output: Option<Payload>,
        },
        /// An entity's operation failed.
        13 => EntityOperationFailed {
            /// The request.
            request_id: Name,
            /// Why.
            failure: Box<Failure>,
        },
        /// All entities of a critical section are locked.
        14 => EntityLockGranted {
            /// The critical section.
            section: Name,
            /// Its entities.
            lock_set: Vec<InstanceId>,
        },
        /// An operation, for an entity.
        15 => EntityOperation {
            /// Which.
            operation: Box<Operation>,
        },
        /// A request to lock it, for an entity.
        16 => EntityLock {
            /// Which.
            request: Box<LockRequest>,
        },
        /// A critical section needs it no more, for an entity.
        17 => EntityUnlock {
            /// The critical section.
            section: Name,
        },
    }
}

impl Message {
    /// Checks the bounds that hold for any message.
    ///
    /// # Errors
    /// Names the limit.
    pub fn check(&self, limits: &Limits) -> Result<(), LimitExceeded> {
        match self {
            Self::Start { start } => {
                limits.name("workflow name", &start.name)?;
                limits.version(start.version.as_deref())?;
                limits.payload("input", start.input.as_ref())?;
                limits.trace(start.trace.as_ref())?;
                limits.tags(&start.tags)
            }
            Self::TaskCompleted { result, .. }
            | Self::SubOrchestrationCompleted { result, .. }
            | Self::EntityOperationCompleted { output: result, .. } => {
                limits.payload("result", result.as_ref())
            }
            Self::TaskFailed { failure, .. }
            | Self::SubOrchestrationFailed { failure, .. }
            | Self::EntityOperationFailed { failure, .. } => limits.failure(failure),
            Self::EventRaised { name, input } => {
                limits.name("event name", name)?;
                limits.payload("event data", input.as_ref())
            }
            Self::Suspend { reason } | Self::Resume { reason } | Self::Rewind { reason, .. } => {
                limits.payload("reason", reason.as_ref())
            }
            Self::Terminate { output, .. } => limits.payload("output", output.as_ref()),
            Self::EntityOperation { operation } => {
                limits.name("request id", &operation.request_id)?;
                limits.name("operation", &operation.name)?;
                limits.payload("input", operation.input.as_ref())?;
                limits.trace(operation.trace.as_ref())
            }
            Self::EntityLock { request } => limits.name("critical section", &request.section),
            Self::Wake | Self::EntityLockGranted { .. } | Self::EntityUnlock { .. } => Ok(()),
        }
    }

    /// The outcome of a sub-orchestration, addressed to its parent.
    #[must_use]
    pub fn child_outcome(
        link: &ParentLink,
        status: Status,
        result: Option<Payload>,
        failure: Option<&Failure>,
    ) -> Self {
        let (task_id, execution) = (link.task_id, link.execution);
        match status {
            Status::Completed => Self::SubOrchestrationCompleted { task_id, execution, result },
            status => Self::SubOrchestrationFailed {
                task_id,
                execution,
                failure: Box::new(failure.cloned().unwrap_or_else(|| stopped(status, result.as_ref()))),
            },
        }
    }
}

/// What a parent is told of a child that ended neither well nor with a failure of its own.
fn stopped(status: Status, result: Option<&Payload>) -> Failure {
    let error_type = match status {
        Status::Failed => "OrchestrationFailed",
        Status::Canceled => "OrchestrationCanceled",
        _ => "OrchestrationTerminated",
    };
    let why: String = result.map(|text| format!(": {}", text.as_str())).unwrap_or_default();
    Failure::new(error_type, format!("the sub-orchestration ended as {status}{why}"))
}

/// What became of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Admission {
    /// It is part of the history, or of the state, from this turn on.
    Admitted,
    /// It changes nothing, by a rule.
    Discarded(Discard),
}

/// The rules by which a message changes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Discard {
    /// No such instance.
    NoInstance,
    /// An instance of this id exists and may not be replaced.
    AlreadyExists(Status),
    /// The instance has ended.
    Finished(Status),
    /// Nobody waits for this task: it was recorded before, given up, or belongs to another generation.
    NotOutstanding,
    /// It is suspended already.
    AlreadySuspended,
    /// It is not suspended.
    NotSuspended,
    /// Only a failed instance can be rewound.
    NotFailed(Status),
    /// It waits for nothing that is due.
    NothingDue,
    /// Entities take operations and locks alone.
    NotForEntities,
    /// Only entities take this.
    NotAnEntity,
    /// The instance is in this critical section already.
    AlreadyHeld,
    /// The entity is not locked by this critical section.
    NotLocked,
    /// The instance holds as many undelivered messages as it may.
    InboxFull,
}

impl fmt::Display for Discard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoInstance => f.write_str("there is no such instance"),
            Self::AlreadyExists(status) => write!(f, "an instance of this id exists and is {status}"),
            Self::Finished(status) => write!(f, "the instance has ended: it is {status}"),
            Self::NotOutstanding => f.write_str("the instance does not wait for this task"),
            Self::AlreadySuspended => f.write_str("the instance is suspended already"),
            Self::NotSuspended => f.write_str("the instance is not suspended"),
            Self::NotFailed(status) => {
                write!(f, "only a failed instance can be rewound; this one is {status}")
            }
            Self::NothingDue => f.write_str("nothing is due"),
            Self::NotForEntities => f.write_str("an entity takes operations and locks alone"),
            Self::NotAnEntity => f.write_str("only entities take operations and locks"),
            Self::AlreadyHeld => f.write_str("the instance is in this critical section already"),
            Self::NotLocked => f.write_str("the entity is not locked by this critical section"),
            Self::InboxFull => f.write_str("the instance holds as many undelivered messages as it may"),
        }
    }
}
