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
    let mut made_from = execution;
    if id <= turn.instance.state.last_command {
        // Asked for again under the same id: another child, even if it gets the same name.
        let place = turn.instance.state.history_events as usize + turn.events.len();
        made_from = first_generation(execution, i32::try_from(place).unwrap_or(i32::MAX));
    }
    let first = first_generation(made_from, id);
    let child = instance.unwrap_or_else(|| InstanceId::child(made_from, id));
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
        execution: first,
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

#[cfg(test)]
mod tests {
    use super::first_generation;
    use crate::ids::ExecutionId;
    use crate::testkit::*;
    use crate::value::ParentLink;
    use crate::{Command, Status};
    use alloc::{boxed::Box, collections::BTreeSet};

    #[test]
    fn a_child_is_recorded_and_asked_for() {
        let mut life = Life::accepted();
        insta::assert_snapshot!(life.turn(1, [], [child(0, "c")]), @r#"
        + -1 1s OrchestratorStarted
        + -1 1s ExecutionStarted { name: "flow", input: Some(0), execution: g1 }
        + 0 1s SubOrchestrationCreated { instance: "c", name: "sub" }
        + -1 1s OrchestratorCompleted
        > Send { target: "c", message: Start { start: Start { name: "sub", execution: d92d9c744d355e42e7fb252b97fc22de, parent: Some(ParentLink { instance: "i", name: "flow", execution: g1, task_id: 0 }) } } }
        = Running State { phase: Running, updated_at: 1s, history_events: 4, last_command: 0, children: {0: Child { instance: "c", name: "sub", execution: g1 }} }; wakes never
        "#);
    }

    #[test]
    fn without_an_id_it_gets_one_that_replay_repeats() {
        let unnamed = || match child(4, "") {
            Command::CreateSubOrchestration { id, name, version, input, tags, trace, .. } => {
                Command::CreateSubOrchestration {
                    id,
                    instance: None,
                    name,
                    version,
                    input,
                    tags,
                    trace,
                    detached: true,
                }
            }
            other => other,
        };
        let mut life = Life::accepted();
        let first = life.turn(1, [], [unnamed()]);
        insta::assert_snapshot!(first, @r#"
        + -1 1s OrchestratorStarted
        + -1 1s ExecutionStarted { name: "flow", input: Some(0), execution: g1 }
        + 4 1s SubOrchestrationCreated { instance: "g1:4", name: "sub", detached: true }
        + -1 1s OrchestratorCompleted
        > Send { target: "g1:4", message: Start { start: Start { name: "sub", execution: a8348f5115803a22293248fb99bb193a, parent: Some(ParentLink { instance: "i", name: "flow", execution: g1, task_id: 4, detached: true }) } } }
        = Running State { phase: Running, updated_at: 1s, history_events: 4, last_command: 4 }; wakes never
        "#);
        assert_eq!(Life::accepted().turn(1, [], [unnamed()]), first);
    }

    #[test]
    fn its_outcome_is_recorded_once() {
        let mut life = Life::begun([child(0, "c"), child(1, "d"), child(2, "e")]);
        let inbox =
            [child_done(0, 1), child_done(0, 1), child_failed(1, 1), child_failed(2, 8), child_done(9, 1)];
        insta::assert_snapshot!(life.turn(2, inbox, []), @r#"
        admitted
        discarded: NotOutstanding
        admitted
        discarded: NotOutstanding
        discarded: NotOutstanding
        + -1 2s OrchestratorStarted
        + -1 2s SubOrchestrationCompleted { task_id: 0, result: Some(ok) }
        + -1 2s SubOrchestrationFailed { task_id: 1, failure: Failure { error_type: "E", message: "broke" } }
        + -1 2s OrchestratorCompleted
        = Running State { phase: Running, updated_at: 2s, history_events: 10, last_command: 2, children: {2: Child { instance: "e", name: "sub", execution: g1 }} }; wakes never
        "#);
    }

    #[test]
    fn the_parent_hears_of_every_end() {
        for (command, told) in [
            (complete("5"), "SubOrchestrationCompleted { task_id: 7, execution: g9, result: Some(5) }"),
            (
                fail("broke"),
                r#"SubOrchestrationFailed { task_id: 7, execution: g9, failure: Failure { error_type: "E", message: "broke" } }"#,
            ),
            (
                Command::Complete { status: Status::Terminated, result: payload("why"), failure: None },
                r#"SubOrchestrationFailed { task_id: 7, execution: g9, failure: Failure { error_type: "OrchestrationTerminated", message: "the sub-orchestration ended as Terminated: why" } }"#,
            ),
            (
                Command::Complete { status: Status::Canceled, result: None, failure: None },
                r#"SubOrchestrationFailed { task_id: 7, execution: g9, failure: Failure { error_type: "OrchestrationCanceled", message: "the sub-orchestration ended as Canceled" } }"#,
            ),
            (
                Command::Complete { status: Status::Failed, result: None, failure: None },
                r#"SubOrchestrationFailed { task_id: 7, execution: g9, failure: Failure { error_type: "OrchestrationFailed", message: "the sub-orchestration ended as Failed" } }"#,
            ),
        ] {
            let shown = Life::of(child_start()).turn(1, [], [command]);
            let expected = alloc::format!("> Send {{ target: \"p\", message: {told} }}\n> Finished");
            assert!(shown.contains(&expected), "{shown}\ndoes not contain\n{expected}");
        }
    }

    #[test]
    fn nobody_hears_of_a_detached_child() {
        let mut start = child_start();
        start.parent = Some(Box::new(ParentLink { detached: true, ..parent() }));
        insta::assert_snapshot!(Life::of(start).turn(1, [], [complete("5")]), @r#"
        + -1 1s OrchestratorStarted
        + -1 1s ExecutionStarted { name: "flow", input: Some(0), execution: g1, parent: Some(ParentLink { instance: "p", name: "parent", execution: g9, task_id: 7, detached: true }) }
        + -1 1s OrchestratorCompleted
        + -1 1s ExecutionCompleted { status: Completed, result: Some(5) }
        > Finished(Completed)
        = Completed State { phase: Finished { status: Completed, at: 1s, output: Some(5) }, updated_at: 1s, history_events: 4, last_command: -1 }; wakes never
        "#);
    }

    #[test]
    fn a_child_tells_its_parent_once_though_it_continues_as_new() {
        let mut life = Life::of(child_start()).then(1, [], [again(2, &[])]);
        insta::assert_snapshot!(life.turn(2, [], [complete("5")]), @r#"
        + -1 2s OrchestratorStarted
        + -1 2s ExecutionStarted { name: "flow", input: Some(next), execution: g2, parent: Some(ParentLink { instance: "p", name: "parent", execution: g9, task_id: 7 }) }
        + -1 2s OrchestratorCompleted
        + -1 2s ExecutionCompleted { status: Completed, result: Some(5) }
        > Send { target: "p", message: SubOrchestrationCompleted { task_id: 7, execution: g9, result: Some(5) } }
        > Finished(Completed)
        = Completed State { phase: Finished { status: Completed, at: 2s, output: Some(5) }, updated_at: 2s, history_events: 4, last_command: -1 }; wakes never
        "#);
    }

    #[test]
    fn first_generations_differ() {
        let parents = [0, 1, 2, 3, u128::MAX, u128::MAX - 1, 1 << 64, first_generation(ExecutionId(1), 0).0];
        let ids = (-1..2000).chain([i32::MAX, i32::MIN]);
        let pairs = parents.iter().flat_map(|parent| ids.clone().map(move |id| (ExecutionId(*parent), id)));
        let made: BTreeSet<_> = pairs.clone().map(|(parent, id)| first_generation(parent, id)).collect();
        assert_eq!(made.len(), pairs.count());
    }

    /// A parent that asks again after an upgrade must name the same generation.
    #[test]
    fn first_generations_never_change() {
        insta::assert_snapshot!(first_generation(ExecutionId(1), 0), @"d92d9c744d355e42e7fb252b97fc22de");
        insta::assert_snapshot!(first_generation(ExecutionId(0xfeed_beef), 41), @"ca62bde51ce3cd7410564edb297f8163");
    }
}
