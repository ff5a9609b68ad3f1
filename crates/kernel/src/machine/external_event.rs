//! External events: part of the history from the moment they arrive, whether or not anybody waits.

use crate::event::EventKind;
use crate::turn::Turn;
use crate::value::{Name, Payload};

pub(super) fn raised(turn: &mut Turn, name: Name, input: Option<Payload>) {
    turn.record(EventKind::EventRaised { name, input });
}
