//! One file per kind of thing that an instance can wait for or go through.

mod activity;
mod continue_as_new;
mod entity;
mod external_event;
mod hold;
mod lifecycle;
mod sub_orchestration;
mod timer;

pub(crate) use continue_as_new::continue_as_new;
pub(crate) use entity::{check_fact, check_limits as check_fact_limits, lock, release_all};
pub(crate) use hold::keep_all;
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
            entity::completed(turn, request_id, output)
        }
        Message::EntityOperationFailed { request_id, failure } => entity::failed(turn, request_id, failure),
        Message::EntityLockGranted { section, .. } => entity::granted(turn, section),
        Message::EntityOperation { .. } | Message::EntityLock { .. } | Message::EntityUnlock { .. } => {
            Err(Discard::NotAnEntity)
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
        Command::Entity { id, fact } => entity::send(turn, id, *fact),
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
        let released = entity::cancel(state, task_id);
        turn.effects.extend(released);
    }
}

#[cfg(test)]
mod tests {
    use crate::Message;
    use crate::testkit::*;
    use alloc::boxed::Box;

    #[test]
    fn giving_up_on_each_kind() {
        let mut life = Life::begun([task(0, "a"), timer(1, 9), child(2, "c"), timer(3, 9)]);
        let commands = [cancel(4, 0), cancel(5, 1), cancel(6, 2), cancel(7, 99)];
        insta::assert_snapshot!(life.turn(2, [raised("x")], commands), @r#"
        admitted
        + -1 2s OrchestratorStarted
        + -1 2s EventRaised { name: "x", input: Some(1) }
        + 4 2s OperationCanceled { task_id: 0 }
        + 5 2s OperationCanceled { task_id: 1 }
        + 6 2s OperationCanceled { task_id: 2 }
        + 7 2s OperationCanceled { task_id: 99 }
        + -1 2s OrchestratorCompleted
        > CancelFunction { task_id: 0, execution: g1 }
        > Send { target: "c", message: Terminate { recurse: true } }
        = Running State { phase: Running, updated_at: 2s, history_events: 14, last_command: 7, timers: {(9s, 3)} }; wakes 9s
        "#);
        insta::assert_snapshot!(life.turn(9, [done(0, 1), child_done(2, 1)], []), @r"
        discarded: NotOutstanding
        discarded: NotOutstanding
        + -1 9s OrchestratorStarted
        + -1 9s TimerFired { timer_id: 3, fire_at: 9s }
        + -1 9s OrchestratorCompleted
        = Running State { phase: Running, updated_at: 9s, history_events: 17, last_command: 7 }; wakes never
        ");
    }

    #[test]
    fn giving_up_on_what_has_an_outcome_changes_nothing() {
        let mut life = Life::begun([task(0, "a")]).then(2, [done(0, 1)], []);
        insta::assert_snapshot!(life.turn(3, [raised("x")], [cancel(1, 0)]), @r#"
        admitted
        + -1 3s OrchestratorStarted
        + -1 3s EventRaised { name: "x", input: Some(1) }
        + 1 3s OperationCanceled { task_id: 0 }
        + -1 3s OrchestratorCompleted
        = Running State { phase: Running, updated_at: 3s, history_events: 11, last_command: 1 }; wakes never
        "#);
    }

    #[test]
    fn events_for_others_leave() {
        let mut life = Life::accepted();
        insta::assert_snapshot!(life.turn(1, [], [send(0, "other")]), @r#"
        + -1 1s OrchestratorStarted
        + -1 1s ExecutionStarted { name: "flow", input: Some(0), execution: g1 }
        + 0 1s EventSent { target: "other", name: "ping", input: Some(1) }
        + -1 1s OrchestratorCompleted
        > Send { target: "other", message: EventRaised { name: "ping", input: Some(1) } }
        = Running State { phase: Running, updated_at: 1s, history_events: 4, last_command: 0 }; wakes never
        "#);
    }

    #[test]
    fn starts_and_rewinds_are_not_for_an_instance_that_runs() {
        let mut life = Life::begun([]);
        let start = Message::Start { start: Box::new(start()) };
        let rewind = Message::Rewind { reason: None, otherwise: None };
        insta::assert_snapshot!(life.turn(2, [start, rewind, Message::Wake], []), @r"
        discarded: AlreadyExists(Running)
        discarded: NotFailed(Running)
        discarded: NothingDue
        unchanged
        ");
    }
}
