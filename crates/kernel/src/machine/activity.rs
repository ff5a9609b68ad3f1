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
