//! Activities: calls of functions.

use crate::command::Command;
use crate::effect::{Effect, WorkItem};
use crate::event::EventKind;
use crate::ids::ExecutionId;
use crate::instance::Task;
use crate::message::Discard;
use crate::turn::Turn;
use crate::value::{Failure, Payload};
use alloc::boxed::Box;

pub(super) fn schedule(turn: &mut Turn, command: Command) {
    let Command::ScheduleTask { id, name, version, input, tags, trace } = command else { return };
    let execution = turn.instance.head.execution;
    turn.record_command(
        id,
        EventKind::TaskScheduled {
            name: name.clone(),
            version: version.clone(),
            input: input.clone(),
            tags: tags.clone(),
            trace: trace.clone(),
        },
    );
    let task = Task { name: name.clone(), execution, scheduled_at: turn.now };
    turn.instance.state.tasks.insert(id, task);
    turn.effects.push(Effect::CallFunction(WorkItem {
        task_id: id,
        execution,
        name,
        version,
        input,
        tags,
        trace,
    }));
}

pub(super) fn completed(
    turn: &mut Turn,
    task_id: i32,
    execution: ExecutionId,
    result: Option<Payload>,
) -> Result<(), Discard> {
    settle(turn, task_id, execution)?;
    turn.record(EventKind::TaskCompleted { task_id, result });
    Ok(())
}

pub(super) fn failed(
    turn: &mut Turn,
    task_id: i32,
    execution: ExecutionId,
    failure: Box<Failure>,
) -> Result<(), Discard> {
    settle(turn, task_id, execution)?;
    turn.record(EventKind::TaskFailed { task_id, failure });
    Ok(())
}

/// A call has one outcome; every later one is discarded.
fn settle(turn: &mut Turn, task_id: i32, execution: ExecutionId) -> Result<(), Discard> {
    match turn.instance.state.tasks.get(&task_id) {
        Some(task) if task.execution == execution => {
            turn.instance.state.tasks.remove(&task_id);
            Ok(())
        }
        _ => Err(Discard::NotOutstanding),
    }
}

#[cfg(test)]
mod tests {
    use crate::testkit::*;

    #[test]
    fn a_call_is_recorded_and_leaves() {
        let mut life = Life::accepted();
        insta::assert_snapshot!(life.turn(1, [], [task(0, "a"), task(1, "b")]), @r#"
        + -1 1s OrchestratorStarted
        + -1 1s ExecutionStarted { name: "flow", input: Some(0), execution: g1 }
        + 0 1s TaskScheduled { name: "a" }
        + 1 1s TaskScheduled { name: "b" }
        + -1 1s OrchestratorCompleted
        > CallFunction(WorkItem { task_id: 0, execution: g1, name: "a" })
        > CallFunction(WorkItem { task_id: 1, execution: g1, name: "b" })
        = Running State { phase: Running, updated_at: 1s, history_events: 5, last_command: 1, tasks: {0: Task { name: "a", execution: g1, scheduled_at: 1s }, 1: Task { name: "b", execution: g1, scheduled_at: 1s }} }; wakes never
        "#);
    }

    #[test]
    fn a_completion_is_recorded_once() {
        let mut life = Life::begun([task(0, "a")]);
        insta::assert_snapshot!(life.turn(2, [done(0, 1), done(0, 1), failed(0, 1)], []), @r"
        admitted
        discarded: NotOutstanding
        discarded: NotOutstanding
        + -1 2s OrchestratorStarted
        + -1 2s TaskCompleted { task_id: 0, result: Some(ok) }
        + -1 2s OrchestratorCompleted
        = Running State { phase: Running, updated_at: 2s, history_events: 7, last_command: 0 }; wakes never
        ");
        insta::assert_snapshot!(life.turn(3, [done(0, 1)], []), @r"
        discarded: NotOutstanding
        unchanged
        ");
    }

    #[test]
    fn a_failure_is_recorded_once() {
        let mut life = Life::begun([task(0, "a")]);
        insta::assert_snapshot!(life.turn(2, [failed(0, 1), done(0, 1)], []), @r#"
        admitted
        discarded: NotOutstanding
        + -1 2s OrchestratorStarted
        + -1 2s TaskFailed { task_id: 0, failure: Failure { error_type: "E", message: "broke" } }
        + -1 2s OrchestratorCompleted
        = Running State { phase: Running, updated_at: 2s, history_events: 7, last_command: 0 }; wakes never
        "#);
    }

    #[test]
    fn outcomes_of_another_generation_or_of_no_call_change_nothing() {
        let mut life = Life::begun([task(0, "a"), timer(1, 9), child(2, "c")]);
        insta::assert_snapshot!(life.turn(2, [done(0, 2), done(1, 1), done(2, 1), failed(3, 1), done(-1, 1)], []), @r"
        discarded: NotOutstanding
        discarded: NotOutstanding
        discarded: NotOutstanding
        discarded: NotOutstanding
        discarded: NotOutstanding
        unchanged
        ");
    }
}
