//! Sub-orchestrations: instances that an instance starts and hears of.

use crate::command::Command;
use crate::effect::Effect;
use crate::event::EventKind;
use crate::ids::{ExecutionId, InstanceId};
use crate::instance::Child;
use crate::message::{Discard, Message, Start};
use crate::turn::Turn;
use crate::value::{Failure, ParentLink, Payload};
use alloc::{boxed::Box, vec::Vec};

pub(super) fn create(turn: &mut Turn, command: Command) {
    let Command::CreateSubOrchestration { id, instance, name, version, input, tags, trace, detached } =
        command
    else {
        return;
    };
    let head = &turn.instance.head;
    let execution = head.execution;
    let child = instance.unwrap_or_else(|| InstanceId::child(execution, id));
    let link = ParentLink {
        instance: turn.instance.id.clone(),
        name: head.name.clone(),
        version: head.version.clone(),
        execution,
        task_id: id,
        detached,
    };
    turn.record_command(
        id,
        EventKind::SubOrchestrationCreated {
            instance: child.clone(),
            name: name.clone(),
            version: version.clone(),
            input: input.clone(),
            tags: tags.clone(),
            trace: trace.clone(),
            detached,
        },
    );
    if !detached {
        let waits = Child { instance: child.clone(), name: name.clone(), execution };
        turn.instance.state.children.insert(id, waits);
    }
    let start = Start {
        name,
        version,
        input,
        execution: first_generation(execution, id),
        parent: Some(Box::new(link)),
        scheduled_at: None,
        tags,
        trace,
        replaceable: Vec::new(),
    };
    turn.effects.push(Effect::Send { target: child, message: Message::Start { start: Box::new(start) } });
}

/// A generation id for a child: a fixed mixture of its parent's and the command's, so that no fresh
/// randomness is needed and a repeated request names the same one.
pub(crate) fn first_generation(parent: ExecutionId, task_id: i32) -> ExecutionId {
    let salt = u128::from(task_id.cast_unsigned())
        .wrapping_add(1)
        .wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
    let mixed = (parent.0 ^ salt).wrapping_mul(0xda94_2042_e4dd_58b5_d1b5_4a32_d192_ed03);
    ExecutionId(mixed ^ (mixed >> 64))
}

pub(super) fn completed(
    turn: &mut Turn,
    task_id: i32,
    execution: ExecutionId,
    result: Option<Payload>,
) -> Result<(), Discard> {
    settle(turn, task_id, execution)?;
    turn.record(EventKind::SubOrchestrationCompleted { task_id, result });
    Ok(())
}

pub(super) fn failed(
    turn: &mut Turn,
    task_id: i32,
    execution: ExecutionId,
    failure: Box<Failure>,
) -> Result<(), Discard> {
    settle(turn, task_id, execution)?;
    turn.record(EventKind::SubOrchestrationFailed { task_id, failure });
    Ok(())
}

fn settle(turn: &mut Turn, task_id: i32, execution: ExecutionId) -> Result<(), Discard> {
    match turn.instance.state.children.get(&task_id) {
        Some(child) if child.execution == execution => {
            turn.instance.state.children.remove(&task_id);
            Ok(())
        }
        _ => Err(Discard::NotOutstanding),
    }
}
