//! What an executor may ask for at the end of its part of a turn.

use crate::event::EventKind;
use crate::ids::{ExecutionId, InstanceId};
use crate::instance::Status;
use crate::value::{Failure, Name, Payload, Tags, Timestamp, Trace};
use alloc::{boxed::Box, vec::Vec};

/// One request of an orchestrator. Ids grow by the order in which the orchestrator asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Call an activity.
    ScheduleTask {
        /// The command's id.
        id: i32,
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
    /// Start a sub-orchestration.
    CreateSubOrchestration {
        /// The command's id.
        id: i32,
        /// Its instance id; made from the generation and the command's id when none is given.
        instance: Option<InstanceId>,
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
        /// Whether the outcome does not matter.
        detached: bool,
    },
    /// Wake up at an instant.
    CreateTimer {
        /// The command's id.
        id: i32,
        /// When.
        fire_at: Timestamp,
    },
    /// Raise an event at another instance.
    SendEvent {
        /// The command's id.
        id: i32,
        /// To whom.
        target: InstanceId,
        /// The event's name.
        name: Name,
        /// Its data.
        input: Option<Payload>,
    },
    /// Give up on an earlier command.
    Cancel {
        /// The command's id.
        id: i32,
        /// The command that is given up.
        task_id: i32,
    },
    /// Send to an entity: one of the four outgoing entity facts.
    Entity {
        /// The command's id.
        id: i32,
        /// What to record and send.
        fact: Box<EventKind>,
    },
    /// End this instance.
    Complete {
        /// `Completed`, `Failed` or `Terminated`.
        status: Status,
        /// Its result.
        result: Option<Payload>,
        /// Its failure.
        failure: Option<Box<Failure>>,
    },
    /// Begin again with a new input and an empty history.
    ContinueAsNew {
        /// The new input.
        input: Option<Payload>,
        /// The new version, if it changes.
        version: Option<Name>,
        /// Events that arrived and that nobody took, in order.
        carry_over: Vec<(Name, Option<Payload>)>,
        /// The new generation.
        execution: ExecutionId,
    },
}

/// What an executor hands back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TurnOutput {
    /// What it asks for, in order.
    pub commands: Vec<Command>,
    /// What it says of its progress.
    pub custom_status: CustomStatus,
    /// The external events that it waits for, to be shown.
    pub waiting_for: Vec<Name>,
}

/// What an executor says of its progress.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum CustomStatus {
    /// Nothing new.
    #[default]
    Unchanged,
    /// From now on this.
    Set(Option<Payload>),
}
