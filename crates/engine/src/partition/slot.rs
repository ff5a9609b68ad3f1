//! An instance in memory.

use super::entities::HotEntity;
use super::remote::RemoteRun;
use crate::error::EngineError;
use crate::executor::Execution;
use partita_kernel::{Admission, Discard, Event, ExecutionId, Failure, Instance, Message, Timestamp};
use partita_store::MessageId;
use tokio::sync::oneshot;

/// What is asked of an instance, with whoever waits for the answer.
pub(crate) struct Queued {
    pub(crate) request: Request,
    /// The stored message that it is, if it is one.
    pub(crate) id: Option<MessageId>,
    pub(crate) reply: Option<Reply>,
}

pub(crate) type Reply = oneshot::Sender<Result<Answer, EngineError>>;

/// What is asked of an instance.
pub(crate) enum Request {
    /// What the kernel knows.
    Message(Message),
    /// Delete it.
    Purge,
    /// Call its functions again: this engine has just begun.
    Recover,
}

/// What became of a request, once that is durable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) admission: Admission,
    pub(crate) execution: Option<ExecutionId>,
}

impl Queued {
    pub(crate) fn message(message: Message) -> Self {
        Self { request: Request::Message(message), id: None, reply: None }
    }

    pub(crate) fn as_message(&self) -> Option<&Message> {
        match &self.request {
            Request::Message(message) => Some(message),
            Request::Purge | Request::Recover => None,
        }
    }

    pub(crate) fn answer(self, answer: Result<Answer, EngineError>) {
        if let Some(reply) = self.reply {
            let _ = reply.send(answer); // whoever asked may have gone
        }
    }
}

impl Answer {
    pub(crate) fn admitted(execution: Option<ExecutionId>) -> Self {
        Self { admission: Admission::Admitted, execution }
    }
    pub(crate) fn discarded(rule: Discard) -> Self {
        Self { admission: Admission::Discarded(rule), execution: None }
    }
}

/// A place for an instance.
pub(crate) enum Slot {
    /// It is on its way; what came meanwhile waits.
    Loading(Vec<Queued>),
    /// It is here.
    Hot(Box<Hot>),
    /// An entity that is here.
    Entity(Box<HotEntity>),
}

impl Slot {
    /// A place for an instance that does not exist yet.
    pub(crate) fn fresh(queued: Queued) -> Self {
        let mut hot = Hot::absent();
        hot.inbox.push(queued);
        hot.queued = true;
        Self::Hot(Box::new(hot))
    }
}

/// An instance that is here, or known not to exist.
pub(crate) struct Hot {
    pub(crate) instance: Option<Instance>,
    /// Its last record's state, to go back to when a turn fails.
    pub(crate) checkpoint: Vec<u8>,
    /// Whether its head is in the store as it is here.
    pub(crate) head_stored: bool,
    /// Whether the history in the store goes with the next record.
    pub(crate) reset_history: bool,
    pub(crate) executor: Executor,
    /// The history, while a rewind needs it.
    pub(crate) history: Vec<Event>,
    pub(crate) inbox: Vec<Queued>,
    /// Whether it is in the list of those that have something to do.
    pub(crate) queued: bool,
    /// How many groups that are not durable yet hold a record of it.
    pub(crate) uncommitted: u32,
    /// The wake-up that is in memory.
    pub(crate) wake: Option<Timestamp>,
    pub(crate) last_used: u64,
    /// Whether this engine has seen to the calls that were under way when it began.
    pub(crate) recovered: bool,
}

/// The code of an instance.
pub(crate) enum Executor {
    /// Not brought here yet.
    Absent,
    /// Waiting for the next turn.
    Live(Box<dyn Execution>),
    /// It cannot go on, and why.
    Broken(Failure),
    /// Somebody else runs its turns.
    Remote(Box<RemoteRun>),
}

impl Hot {
    /// All that it has to do and that is in memory alone, in order.
    pub(crate) fn take_inbox(&mut self) -> Vec<Queued> {
        let mut taken = self.executor.remote_mut().map(RemoteRun::take_unrecorded).unwrap_or_default();
        taken.append(&mut self.inbox);
        taken
    }

    pub(crate) fn absent() -> Self {
        Self {
            instance: None,
            checkpoint: Vec::new(),
            head_stored: false,
            reset_history: false,
            executor: Executor::Absent,
            history: Vec::new(),
            inbox: Vec::new(),
            queued: false,
            uncommitted: 0,
            wake: None,
            last_used: 0,
            recovered: false,
        }
    }
}
