//! Turns that somebody else runs: what is handed out, and what comes back.

use crate::executor::InstanceInfo;
use parking_lot::Mutex;
use partita_kernel::{Event, ExecutionId, Failure, Name, Timestamp, TurnOutput};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// A workflow whose code runs elsewhere. It may answer much later, or never.
pub trait RemoteOrchestrator: Send + Sync + 'static {
    /// Takes a turn over. Must return at once: the partition waits for it.
    ///
    /// A turn may be handed out before what it brings is durable. If that is lost, so is the turn, and
    /// nobody wants its answer any more; so whatever runs it may have no effect but its answer.
    fn dispatch(&self, turn: RemoteTurn);
}

/// One turn of an instance, to be run by somebody else.
#[derive(Debug)]
pub struct RemoteTurn {
    /// The instance.
    pub info: InstanceInfo,
    /// The instance's generation.
    pub execution: ExecutionId,
    /// The effective history before this turn: whole turns, and what a rewind has left of them.
    pub past: Past,
    /// What is new: the turn's start, then at least one fact.
    pub new_events: Vec<Event>,
    /// The generation to begin if this turn continues as new. No other turn has the same.
    pub next_execution: ExecutionId,
    /// How many times in a row this turn has been abandoned.
    pub abandonments: u32,
    /// What the answer to the turn before this one said of its span.
    pub span: Option<Span>,
    /// Where the answer goes.
    pub reply: RemoteReply,
}

/// What came of a turn.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RemoteOutput {
    /// What the orchestrator asks for, after it has taken in all new events.
    pub output: TurnOutput,
    /// The span to give back with the next turn. Kept only while the instance stays in memory.
    pub span: Option<Span>,
}

/// The tracing span of an orchestration, as whoever runs it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// Its id.
    pub id: Option<Name>,
    /// When it began.
    pub started_at: Option<Timestamp>,
}

/// Why a turn has no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RemoteFailure {
    /// Nobody ran it to its end. It is handed out again, later each time.
    Abandoned,
    /// The answer makes no sense. That is a failed turn: after a few, the instance is set aside.
    Invalid(Failure),
}

/// What comes back for a turn.
pub type RemoteResult = Result<RemoteOutput, RemoteFailure>;

/// Where the answer to a turn goes. Dropped without one, the turn is abandoned.
pub struct RemoteReply {
    answer: Option<Box<dyn FnOnce(RemoteResult) + Send + Sync>>,
    handed: Arc<Handed>,
}

/// A turn that is out, as both sides see it.
#[derive(Debug, Default)]
pub(crate) struct Handed {
    pub(crate) unwanted: CancellationToken,
    pub(crate) worker: Mutex<Option<(Name, Timestamp)>>,
}

impl RemoteReply {
    /// A place for an answer.
    pub fn new(answer: impl FnOnce(RemoteResult) + Send + Sync + 'static) -> Self {
        Self::of(Arc::default(), answer)
    }

    pub(crate) fn of(handed: Arc<Handed>, answer: impl FnOnce(RemoteResult) + Send + Sync + 'static) -> Self {
        Self { answer: Some(Box::new(answer)), handed }
    }

    /// Answers. An answer that nobody wants any more is ignored.
    pub fn send(mut self, result: RemoteResult) {
        if let Some(answer) = self.answer.take() {
            answer(result);
        }
    }

    /// Says that a worker has the turn now, for whoever asks why the instance waits.
    pub fn taken_by(&self, worker: &str, at: Timestamp) {
        *self.handed.worker.lock() = Some((worker.into(), at));
    }

    /// Says that the turn waits for a worker again.
    pub fn put_back(&self) {
        *self.handed.worker.lock() = None;
    }

    /// Whether anybody wants the answer: the instance may have been terminated or replaced.
    #[must_use]
    pub fn is_wanted(&self) -> bool {
        !self.handed.unwanted.is_cancelled()
    }

    /// Cancelled when nobody wants the answer any more.
    #[must_use]
    pub fn unwanted(&self) -> &CancellationToken {
        &self.handed.unwanted
    }
}

impl Drop for RemoteReply {
    fn drop(&mut self) {
        if let Some(answer) = self.answer.take() {
            answer(Err(RemoteFailure::Abandoned));
        }
    }
}

impl std::fmt::Debug for RemoteReply {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RemoteReply").field("handed", &self.handed).finish_non_exhaustive()
    }
}

/// A history that grows at its end and is shared: a copy costs nothing, and what is added later is not
/// seen in it.
#[derive(Clone, Default)]
pub struct Past {
    last: Option<Arc<Piece>>,
    len: usize,
}

/// What one turn added.
struct Piece {
    before: Option<Arc<Piece>>,
    events: Vec<Event>,
}

impl Past {
    /// How many events it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether it has none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Its events in order, in the pieces in which they were added.
    #[must_use]
    pub fn pieces(&self) -> Vec<&[Event]> {
        let mut pieces = Vec::new();
        let mut next = self.last.as_deref();
        while let Some(piece) = next {
            pieces.push(piece.events.as_slice());
            next = piece.before.as_deref();
        }
        pieces.reverse();
        pieces
    }

    /// Its events in order.
    pub fn iter(&self) -> impl Iterator<Item = &Event> {
        self.pieces().into_iter().flatten()
    }

    pub(crate) fn push(&mut self, events: Vec<Event>) {
        if !events.is_empty() {
            self.len += events.len();
            self.last = Some(Arc::new(Piece { before: self.last.take(), events }));
        }
    }
}

impl From<Vec<Event>> for Past {
    fn from(events: Vec<Event>) -> Self {
        let mut past = Self::default();
        past.push(events);
        past
    }
}

impl std::fmt::Debug for Past {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl Drop for Piece {
    /// One after the other: pieces that let go of each other in turn would use up the stack.
    fn drop(&mut self) {
        let mut next = self.before.take();
        while let Some(mut piece) = next.and_then(Arc::into_inner) {
            next = piece.before.take();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use partita_kernel::EventKind;

    fn event(second: i64) -> Event {
        Event { id: -1, at: Timestamp(second), kind: EventKind::OrchestratorStarted }
    }

    #[test]
    fn a_copy_of_the_past_does_not_grow() {
        let mut past = Past::from(Vec::from([event(0), event(1)]));
        let before = past.clone();
        past.push(Vec::from([event(2)]));
        past.push(Vec::new());
        let times = |past: &Past| past.iter().map(|event| event.at.0).collect::<Vec<_>>();
        assert_eq!((times(&before), before.len()), (vec![0, 1], 2));
        assert_eq!((times(&past), past.len(), past.pieces().len()), (vec![0, 1, 2], 3, 2));
        assert!(Past::default().is_empty() && Past::from(Vec::new()).pieces().is_empty());
    }

    #[test]
    fn a_long_past_goes_without_using_up_the_stack() {
        let mut past = Past::default();
        for second in 0..300_000 {
            past.push(Vec::from([event(second)]));
        }
        let copy = past.clone();
        drop(past);
        assert_eq!(copy.iter().count(), 300_000);
    }

    #[test]
    fn a_reply_that_is_dropped_is_an_abandonment() {
        let (sender, receiver) = std::sync::mpsc::channel();
        let reply = || {
            let sender = sender.clone();
            RemoteReply::new(move |result| sender.send(result).unwrap())
        };
        drop(reply());
        assert_eq!(receiver.try_recv(), Ok(Err(RemoteFailure::Abandoned)));
        reply().send(Ok(RemoteOutput::default()));
        assert_eq!(receiver.try_recv(), Ok(Ok(RemoteOutput::default())));
        assert!(receiver.try_recv().is_err(), "one answer each");
    }
}
