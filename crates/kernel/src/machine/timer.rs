//! Durable timers. They fire in [`Turn::begin`](crate::Turn::begin), never before their time.

use crate::event::EventKind;
use crate::turn::Turn;
use crate::value::Timestamp;

pub(super) fn create(turn: &mut Turn, id: i32, fire_at: Timestamp) {
    turn.record_command(id, EventKind::TimerCreated { fire_at });
    turn.instance.state.timers.add(fire_at, id);
}
