//! Ways of reading a history.

use crate::event::{Event, EventKind};
use crate::ids::ExecutionId;
use alloc::vec::Vec;

/// An event that counts, with its place in the recorded history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placed<'a> {
    /// Its index in the recorded history.
    pub index: usize,
    /// The event.
    pub event: &'a Event,
}

/// The events that count: all that were recorded, but for those that a later rewind took back.
#[must_use]
pub fn effective(history: &[Event]) -> Vec<Placed<'_>> {
    let mut kept: Vec<Placed<'_>> = Vec::with_capacity(history.len());
    for (index, event) in history.iter().enumerate() {
        if let EventKind::ExecutionRewound { cut, dropped, .. } = &event.kind {
            kept.retain(|placed| {
                placed.index < *cut as usize
                    && !dropped.iter().any(|dropped| *dropped as usize == placed.index)
            });
        }
        kept.push(Placed { index, event });
    }
    kept
}

/// One recorded turn: what the executor was told and what it asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedTurn<'a> {
    /// The turn's start.
    pub started: Placed<'a>,
    /// What the executor was told.
    pub incoming: Vec<Placed<'a>>,
    /// What it asked for.
    pub outgoing: Vec<Placed<'a>>,
    /// The end of the instance, if this turn ended it.
    pub completed: Option<Placed<'a>>,
}

/// Splits the events that count into turns.
#[must_use]
pub fn turns<'a>(events: &[Placed<'a>]) -> Vec<RecordedTurn<'a>> {
    let mut turns: Vec<RecordedTurn<'a>> = Vec::new();
    for placed in events {
        if matches!(placed.event.kind, EventKind::OrchestratorStarted) {
            turns.push(RecordedTurn {
                started: *placed,
                incoming: Vec::new(),
                outgoing: Vec::new(),
                completed: None,
            });
            continue;
        }
        let Some(turn) = turns.last_mut() else { continue };
        match &placed.event.kind {
            EventKind::ExecutionCompleted { .. } => turn.completed = Some(*placed),
            kind if kind.is_incoming() => turn.incoming.push(*placed),
            kind if kind.is_outgoing() => turn.outgoing.push(*placed),
            _ => {}
        }
    }
    turns
}

/// The generation in force at each effective event.
#[must_use]
pub fn generation_at(events: &[Placed<'_>], index: usize) -> Option<ExecutionId> {
    events.iter().take_while(|placed| placed.index <= index).fold(None, |current, placed| {
        match &placed.event.kind {
            EventKind::ExecutionStarted { execution, .. } | EventKind::ExecutionRewound { execution, .. } => {
                Some(*execution)
            }
            _ => current,
        }
    })
}
