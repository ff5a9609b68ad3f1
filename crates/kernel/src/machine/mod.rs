//! One file per kind of thing that an instance can wait for or go through.

mod activity;
mod continue_as_new;
mod entity;
mod external_event;
mod lifecycle;
mod sub_orchestration;
mod timer;

pub(crate) use continue_as_new::continue_as_new;
pub(crate) use entity::check_entity_fact;
pub(crate) use sub_orchestration::first_generation;

use crate::command::Command;
use crate::effect::Effect;
use crate::event::EventKind;
use crate::message::{Discard, Message};
use crate::turn::Turn;

/// Makes a message part of the history, or says by which rule it is not.
pub(crate) fn admit(turn: &mut Turn, message: Message) -> Result<(), Discard> {
    match message {
        Message::TaskCompleted { task_id, execution, result } => {
            activity::completed(turn, task_id, execution, result)
        }
        Message::TaskFailed { task_id, execution, failure } => {
            activity::failed(turn, task_id, execution, failure)
        }
        Message::SubOrchestrationCompleted { task_id, execution, result } => {
            sub_orchestration::completed(turn, task_id, execution, result)
        }
        Message::SubOrchestrationFailed { task_id, execution, failure } => {
            sub_orchestration::failed(turn, task_id, execution, failure)
        }
        Message::EventRaised { name, input } => {
            external_event::raised(turn, name, input);
            Ok(())
        }
        Message::Suspend { reason } => lifecycle::suspend(turn, reason),
        Message::Resume { reason } => lifecycle::resume(turn, reason),
        Message::Terminate { output, recurse } => {
            lifecycle::terminate(turn, output, recurse);
            Ok(())
        }
        Message::EntityOperationCompleted { request_id, output } => {
            turn.record(EventKind::EntityOperationCompleted { request_id, output });
            Ok(())
        }
        Message::EntityOperationFailed { request_id, failure } => {
            turn.record(EventKind::EntityOperationFailed { request_id, failure });
            Ok(())
        }
        Message::EntityLockGranted { section } => {
            turn.record(EventKind::EntityLockGranted { section });
            Ok(())
        }
        Message::Wake => Err(Discard::NothingDue),
        Message::Rewind { .. } => Err(Discard::NotFailed(turn.instance.status())),
        Message::Start { .. } => Err(Discard::AlreadyExists(turn.instance.status())),
    }
}

/// Records a command, and what follows from it.
pub(crate) fn carry_out(turn: &mut Turn, command: Command) {
    match command {
        Command::ScheduleTask { .. } => activity::schedule(turn, command),
        Command::CreateSubOrchestration { .. } => sub_orchestration::create(turn, command),
        Command::CreateTimer { id, fire_at } => timer::create(turn, id, fire_at),
        Command::SendEvent { id, target, name, input } => {
            let message = Message::EventRaised { name: name.clone(), input: input.clone() };
            turn.record_command(id, EventKind::EventSent { target: target.clone(), name, input });
            turn.effects.push(Effect::Send { target, message });
        }
        Command::Cancel { id, task_id } => cancel(turn, id, task_id),
        Command::Entity { id, fact } => turn.record_command(id, *fact),
        Command::Complete { .. } | Command::ContinueAsNew { .. } => {} // the turn's end, not a step of it
    }
}

/// Gives up on whatever `task_id` asked for.
fn cancel(turn: &mut Turn, id: i32, task_id: i32) {
    turn.record_command(id, EventKind::OperationCanceled { task_id });
    let state = &mut turn.instance.state;
    if let Some(task) = state.tasks.remove(&task_id) {
        turn.effects.push(Effect::CancelFunction { task_id, execution: task.execution });
    } else if let Some(child) = state.children.remove(&task_id) {
        let message = Message::Terminate { output: None, recurse: true };
        turn.effects.push(Effect::Send { target: child.instance, message });
    } else {
        state.timers.cancel(task_id);
    }
}
