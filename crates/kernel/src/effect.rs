//! What leaves an instance, and only after its events are durable.

use crate::ids::{ExecutionId, InstanceId};
use crate::instance::Status;
use crate::message::Message;
use crate::value::{Name, Payload, Tags, Trace};

/// One thing to do after the commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Have this function called.
    CallFunction(WorkItem),
    /// Stop caring for this call: its instance ended or gave it up.
    CancelFunction {
        /// Which command asked for it.
        task_id: i32,
        /// The generation that asked for it.
        execution: ExecutionId,
    },
    /// Put this into another instance's inbox; part of the same atomic write.
    Send {
        /// Whose inbox.
        target: InstanceId,
        /// What.
        message: Message,
    },
    /// The instance ended: tell whoever waits.
    Finished(Status),
}

/// One call of a function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkItem {
    /// Which command asked for it.
    pub task_id: i32,
    /// The generation that asked for it.
    pub execution: ExecutionId,
    /// The function's name.
    pub name: Name,
    /// The function's version.
    pub version: Option<Name>,
    /// Its input.
    pub input: Option<Payload>,
    /// Its tags.
    pub tags: Tags,
    /// The trace that it belongs to.
    pub trace: Option<Trace>,
}
