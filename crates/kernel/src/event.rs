//! The facts of a history.
//!
//! The set is a superset of the Durable Task history, so that its protocol maps one to one. Incoming
//! facts (a task's completion, an event raised, …) carry the id -1 and name the task they answer;
//! outgoing ones (a task scheduled, a timer created, …) carry the id of the command that asked for them.

use crate::codec::{DecodeError, Reader, Wire, Writer, variants};
use crate::ids::{ExecutionId, InstanceId};
use crate::instance::Status;
use crate::value::{Failure, Name, ParentLink, Payload, Tags, Timestamp, Trace};
use alloc::{boxed::Box, vec::Vec};

/// One fact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The command that it records, or -1.
    pub id: i32,
    /// When it was recorded.
    pub at: Timestamp,
    /// What happened.
    pub kind: EventKind,
}

impl Event {
    /// The id of events that no command asked for.
    pub const INCOMING: i32 = -1;

    /// An incoming fact.
    #[must_use]
    pub fn incoming(at: Timestamp, kind: EventKind) -> Self {
        Self { id: Self::INCOMING, at, kind }
    }
}

impl Wire for Event {
    fn put(&self, w: &mut Writer) {
        self.id.put(w);
        self.at.put(w);
        self.kind.put(w);
    }
    fn get(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self { id: Wire::get(r)?, at: Wire::get(r)?, kind: Wire::get(r)? })
    }
}

variants! {
    /// What happened.
    pub enum EventKind {
        /// A turn began; its time is the orchestrator's current time.
        1 => OrchestratorStarted,
        /// A turn ended.
        2 => OrchestratorCompleted,
        /// The instance, or a new generation of it, began.
        3 => ExecutionStarted {
            /// The workflow's name.
            name: Name,
            /// The workflow's version.
            version: Option<Name>,
            /// Its input.
            input: Option<Payload>,
            /// This generation.
            execution: ExecutionId,
            /// Who asked, if it is a sub-orchestration.
            parent: Option<Box<ParentLink>>,
            /// The start that was asked for, if it was in the future.
            scheduled_at: Option<Timestamp>,
            /// Its tags.
            tags: Tags,
            /// The caller's trace.
            trace: Option<Trace>,
        },
        /// The instance reached an end.
        4 => ExecutionCompleted {
            /// Which end.
            status: Status,
            /// Its result.
            result: Option<Payload>,
            /// Its failure.
            failure: Option<Box<Failure>>,
        },
        /// Somebody ended the instance.
        5 => ExecutionTerminated {
            /// The output or reason given.
            output: Option<Payload>,
            /// Whether its sub-orchestrations end too.
            recurse: bool,
        },
        /// The instance was suspended.
        6 => ExecutionSuspended {
            /// Why.
            reason: Option<Payload>,
        },
        /// The instance goes on.
        7 => ExecutionResumed {
            /// Why.
            reason: Option<Payload>,
        },
        /// A failed instance went back to its last good state. What this names is no longer part of the
        /// effective history; it stays in the record of what happened.
        8 => ExecutionRewound {
            /// Why.
            reason: Option<Payload>,
            /// The generation that begins here.
            execution: ExecutionId,
            /// Events from this index on no longer count.
            cut: u32,
            /// Earlier events that no longer count either; a rewind undoes whole turns, and names none.
            dropped: Vec<u32>,
        },
        /// An activity was asked for.
        9 => TaskScheduled {
            /// The function's name.
            name: Name,
            /// The function's version.
            version: Option<Name>,
            /// Its input.
            input: Option<Payload>,
            /// Its tags.
            tags: Tags,
            /// The trace that it belongs to.
            trace: Option<Trace>,
        },
        /// An activity succeeded.
        10 => TaskCompleted {
            /// The command that asked for it.
            task_id: i32,
            /// Its result.
            result: Option<Payload>,
        },
        /// An activity failed.
        11 => TaskFailed {
            /// The command that asked for it.
            task_id: i32,
            /// Why.
            failure: Box<Failure>,
        },
        /// A sub-orchestration was asked for.
        12 => SubOrchestrationCreated {
            /// Its instance id.
            instance: InstanceId,
            /// Its workflow.
            name: Name,
            /// Its workflow's version.
            version: Option<Name>,
            /// Its input.
            input: Option<Payload>,
            /// Its tags.
            tags: Tags,
            /// The trace that it belongs to.
            trace: Option<Trace>,
            /// Whether nobody waits for its outcome.
            detached: bool,
        },
        /// A sub-orchestration succeeded.
        13 => SubOrchestrationCompleted {
            /// The command that asked for it.
            task_id: i32,
            /// Its result.
            result: Option<Payload>,
        },
        /// A sub-orchestration failed or was terminated.
        14 => SubOrchestrationFailed {
            /// The command that asked for it.
            task_id: i32,
            /// Why.
            failure: Box<Failure>,
        },
        /// A durable timer was asked for.
        15 => TimerCreated {
            /// When it is due.
            fire_at: Timestamp,
        },
        /// A durable timer fired.
        16 => TimerFired {
            /// The command that asked for it.
            timer_id: i32,
            /// When it was due.
            fire_at: Timestamp,
        },
        /// An event was sent to another instance.
        17 => EventSent {
            /// To whom.
            target: InstanceId,
            /// The event's name.
            name: Name,
            /// Its data.
            input: Option<Payload>,
        },
        /// An external event arrived.
        18 => EventRaised {
            /// The event's name, compared without case.
            name: Name,
            /// Its data.
            input: Option<Payload>,
        },
        /// The orchestrator gave up on something it had asked for; what may still arrive is ignored.
        19 => OperationCanceled {
            /// The command that asked for it.
            task_id: i32,
        },
        /// A fact without a meaning to the engine.
        20 => Generic {
            /// Its data.
            data: Option<Payload>,
        },
        /// An operation reached, or was sent to, an entity; nobody waits for an answer.
        21 => EntityOperationSignaled {
            /// The request.
            request_id: Name,
            /// The operation.
            operation: Name,
            /// When it is to be delivered, if later.
            scheduled_at: Option<Timestamp>,
            /// Its input.
            input: Option<Payload>,
            /// The entity.
            target: Option<InstanceId>,
        },
        /// An operation reached, or was sent to, an entity; the caller waits for the answer.
        22 => EntityOperationCalled {
            /// The request.
            request_id: Name,
            /// The operation.
            operation: Name,
            /// When it is to be delivered, if later.
            scheduled_at: Option<Timestamp>,
            /// Its input.
            input: Option<Payload>,
            /// The caller.
            parent: Option<InstanceId>,
            /// The caller's generation.
            parent_execution: Option<ExecutionId>,
            /// The entity.
            target: Option<InstanceId>,
        },
        /// An entity answered.
        23 => EntityOperationCompleted {
            /// The request.
            request_id: Name,
            /// The answer.
            output: Option<Payload>,
        },
        /// An entity's operation failed.
        24 => EntityOperationFailed {
            /// The request.
            request_id: Name,
            /// Why.
            failure: Box<Failure>,
        },
        /// A critical section over entities was asked for.
        25 => EntityLockRequested {
            /// The critical section.
            section: Name,
            /// The entities, in the order in which they are locked.
            lock_set: Vec<InstanceId>,
            /// How many of them are locked.
            position: u32,
            /// The instance that asks.
            parent: Option<InstanceId>,
        },
        /// All entities of a critical section are locked.
        26 => EntityLockGranted {
            /// The critical section.
            section: Name,
        },
        /// An entity of a critical section was released.
        27 => EntityUnlockSent {
            /// The critical section.
            section: Name,
            /// The instance that held it.
            parent: Option<InstanceId>,
            /// The entity.
            target: Option<InstanceId>,
        },
    }
}

impl EventKind {
    /// Whether an executor is told of this fact, rather than having asked for it.
    #[must_use]
    pub fn is_incoming(&self) -> bool {
        matches!(
            self,
            Self::ExecutionStarted { .. }
                | Self::ExecutionTerminated { .. }
                | Self::ExecutionSuspended { .. }
                | Self::ExecutionResumed { .. }
                | Self::TaskCompleted { .. }
                | Self::TaskFailed { .. }
                | Self::SubOrchestrationCompleted { .. }
                | Self::SubOrchestrationFailed { .. }
                | Self::TimerFired { .. }
                | Self::EventRaised { .. }
                | Self::Generic { .. }
                | Self::EntityOperationCompleted { .. }
                | Self::EntityOperationFailed { .. }
                | Self::EntityLockGranted { .. }
        )
    }

    /// Whether an executor asked for this fact with a command (completion of the instance excepted).
    #[must_use]
    pub fn is_outgoing(&self) -> bool {
        matches!(
            self,
            Self::TaskScheduled { .. }
                | Self::SubOrchestrationCreated { .. }
                | Self::TimerCreated { .. }
                | Self::EventSent { .. }
                | Self::OperationCanceled { .. }
                | Self::EntityOperationSignaled { .. }
                | Self::EntityOperationCalled { .. }
                | Self::EntityLockRequested { .. }
                | Self::EntityUnlockSent { .. }
        )
    }
}
