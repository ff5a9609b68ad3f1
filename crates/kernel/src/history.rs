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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::*;

    fn twice_failed() -> Life {
        let mut life = Life::begun([task(0, "a")]).then(2, [failed(0, 1)], [fail("broke")]);
        life.rewind(3, 2).expect("failed");
        life.then(4, [done(0, 2)], [task(1, "b")])
    }

    #[test]
    fn what_was_taken_back_does_not_count() {
        let life = twice_failed();
        let counted: Vec<_> = effective(&life.history).iter().map(|placed| placed.index).collect();
        assert_eq!(counted, [0, 1, 2, 3, 8, 9, 10, 11, 12]);
    }

    #[test]
    fn single_events_can_be_taken_back_too() {
        let rewound = EventKind::ExecutionRewound {
            reason: None,
            execution: generation(2),
            cut: 3,
            dropped: [1].into(),
        };
        let kinds = [
            EventKind::OrchestratorStarted,
            EventKind::Generic { data: None },
            EventKind::OrchestratorCompleted,
            EventKind::OrchestratorStarted,
            rewound,
        ];
        let history = kinds.map(|kind| Event::incoming(at(1), kind));
        let counted: Vec<_> = effective(&history).iter().map(|placed| placed.index).collect();
        assert_eq!(counted, [0, 2, 4]);
    }

    #[test]
    fn a_history_splits_into_turns() {
        let life = twice_failed().then(5, [done(1, 2)], [complete("1")]);
        let events = effective(&life.history);
        let indexes = |placed: &[Placed<'_>]| placed.iter().map(|placed| placed.index).collect::<Vec<_>>();
        let told: Vec<_> = turns(&events)
            .iter()
            .map(|turn| {
                let end = turn.completed.map(|placed| placed.index);
                (turn.started.index, indexes(&turn.incoming), indexes(&turn.outgoing), end)
            })
            .collect();
        assert_eq!(
            told,
            [
                (0, [1].into(), [2].into(), None),
                (9, [10].into(), [11].into(), None),
                (13, [14].into(), [].into(), Some(16)),
            ]
        );
        assert_eq!(turns(&[]), []);
    }

    #[test]
    fn the_generation_in_force() {
        let life = twice_failed();
        let events = effective(&life.history);
        assert_eq!(generation_at(&events, 0), None);
        assert_eq!(generation_at(&events, 1), Some(generation(1)));
        assert_eq!(generation_at(&events, 7), Some(generation(1)));
        assert_eq!(generation_at(&events, 8), Some(generation(2)));
        assert_eq!(generation_at(&events, 99), Some(generation(2)));
    }
}
