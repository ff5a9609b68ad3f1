//! Continue-as-new: the same instance with a new input, a new generation and an empty history.

use crate::effect::Effect;
use crate::ids::ExecutionId;
use crate::instance::State;
use crate::message::Message;
use crate::turn::{Decision, Turn};
use crate::value::{Name, Payload};
use alloc::vec::Vec;

pub(crate) fn continue_as_new(
    mut turn: Turn,
    input: Option<Payload>,
    version: Option<Name>,
    carry_over: Vec<(Name, Option<Payload>)>,
    execution: ExecutionId,
) -> Decision {
    turn.release_outstanding(false);
    let Turn { mut instance, now, effects, .. } = turn;
    let head = &mut instance.head;
    head.input = input;
    head.version = version.or_else(|| head.version.take());
    head.execution = execution;
    head.generation = head.generation.saturating_add(1);
    head.scheduled_at = None;
    let custom_status = instance.state.custom_status.take();
    let pending = carry_over.into_iter().map(|(name, input)| Message::EventRaised { name, input }).collect();
    instance.state = State { custom_status, pending, ..State::new(now) };
    let effects = effects.into_iter().filter(|effect| !matches!(effect, Effect::CallFunction(_))).collect();
    Decision { instance, events: Vec::new(), effects, new_generation: true }
}
