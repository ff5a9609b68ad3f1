//! Continue-as-new: the same instance with a new input, a new generation and an empty history.

use crate::effect::Effect;
use crate::event::EventKind;
use crate::ids::ExecutionId;
use crate::instance::{Phase, State};
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
    withdraw_calls(&mut turn);
    turn.release_outstanding(false);
    let stop = suspension(&turn);
    let Turn { mut instance, now, effects, .. } = turn;
    let head = &mut instance.head;
    head.input = input;
    head.version = version.or_else(|| head.version.take());
    head.execution = execution;
    head.generation = head.generation.saturating_add(1);
    head.scheduled_at = None;
    let custom_status = instance.state.custom_status.take();
    let carried = carry_over.into_iter().map(|(name, input)| Message::EventRaised { name, input });
    let pending = stop.into_iter().chain(carried).collect();
    instance.state = State { custom_status, pending, ..State::new(now) };
    Decision { instance, events: Vec::new(), effects, new_generation: true }
}

/// What was asked of functions in this very turn is not asked: nobody is left to hear the answer. What was
/// sent to other instances, and the children that were started, leave all the same.
fn withdraw_calls(turn: &mut Turn) {
    let tasks = &mut turn.instance.state.tasks;
    turn.effects.retain(|effect| match effect {
        Effect::CallFunction(call) => {
            tasks.remove(&call.task_id);
            false
        }
        _ => true,
    });
}

/// An instance that was stopped stays so in its new generation.
fn suspension(turn: &Turn) -> Option<Message> {
    let Phase::Suspended = turn.instance.state.phase else { return None };
    let reason = turn.events.iter().rev().find_map(|event| match &event.kind {
        EventKind::ExecutionSuspended { reason } => reason.clone(),
        _ => None,
    });
    Some(Message::Suspend { reason })
}

#[cfg(test)]
mod tests {
    use crate::testkit::*;
    use crate::{Command, InstanceId, TurnOutput};

    #[test]
    fn it_begins_again_with_what_nobody_took() {
        let mut life = Life::begun([]);
        insta::assert_snapshot!(life.turn(2, [raised("a"), raised("b")], [again(2, &["a", "b"])]), @r#"
        admitted
        admitted
        new generation
        = Running State { phase: Pending, updated_at: 2s, history_events: 0, last_command: -1, pending: [EventRaised { name: "a", input: Some(carried) }, EventRaised { name: "b", input: Some(carried) }] }; wakes 0s
        "#);
        insta::assert_snapshot!(life.turn(2, [raised("c")], []), @r#"
        admitted
        + -1 2s OrchestratorStarted
        + -1 2s ExecutionStarted { name: "flow", input: Some(next), execution: g2 }
        + -1 2s EventRaised { name: "a", input: Some(carried) }
        + -1 2s EventRaised { name: "b", input: Some(carried) }
        + -1 2s EventRaised { name: "c", input: Some(1) }
        + -1 2s OrchestratorCompleted
        = Running State { phase: Running, updated_at: 2s, history_events: 6, last_command: -1 }; wakes never
        "#);
        assert_eq!(life.instance.head.generation, 1);
        assert_eq!(life.instance.head.input, payload("next"));
    }

    #[test]
    fn the_custom_status_stays() {
        let mut life = Life::accepted();
        life.answer(1, [], saying(Some("half"), &["x"])).expect("fine");
        insta::assert_snapshot!(life.turn(2, [raised("a")], [again(2, &[])]), @r"
        admitted
        new generation
        = Running State { phase: Pending, updated_at: 2s, custom_status: Some(half), history_events: 0, last_command: -1 }; wakes 0s
        ");
    }

    #[test]
    fn the_version_stays_unless_a_new_one_is_given() {
        let version = |version: Option<&str>| Command::ContinueAsNew {
            input: None,
            version: version.map(Into::into),
            carry_over: [].into(),
            execution: generation(2),
        };
        let mut start = start();
        start.version = Some("1".into());
        let life = Life::of(start).then(1, [], [version(None)]);
        assert_eq!(life.instance.head.version.as_deref(), Some("1"));
        let life = life.then(2, [], [version(Some("2"))]);
        assert_eq!(life.instance.head.version.as_deref(), Some("2"));
        assert_eq!(life.instance.head.generation, 2);
    }

    #[test]
    fn what_the_old_generation_waited_for_no_longer_counts() {
        let mut life = Life::begun([task(0, "a"), child(1, "c"), timer(2, 3)]);
        insta::assert_snapshot!(life.turn(2, [raised("x")], [again(2, &[])]), @r"
        admitted
        new generation
        > CancelFunction { task_id: 0, execution: g1 }
        = Running State { phase: Pending, updated_at: 2s, history_events: 0, last_command: -1 }; wakes 0s
        ");
        insta::assert_snapshot!(life.turn(4, [done(0, 1), child_done(1, 1)], [task(0, "b")]), @r#"
        discarded: NotOutstanding
        discarded: NotOutstanding
        + -1 4s OrchestratorStarted
        + -1 4s ExecutionStarted { name: "flow", input: Some(next), execution: g2 }
        + 0 4s TaskScheduled { name: "b" }
        + -1 4s OrchestratorCompleted
        > CallFunction(WorkItem { task_id: 0, execution: g2, name: "b" })
        = Running State { phase: Running, updated_at: 4s, history_events: 4, last_command: 0, tasks: {0: Task { name: "b", execution: g2, scheduled_at: 4s }} }; wakes never
        "#);
        insta::assert_snapshot!(life.turn(5, [done(0, 1)], []), @r"
        discarded: NotOutstanding
        unchanged
        ");
        insta::assert_snapshot!(life.turn(6, [done(0, 2)], []), @r"
        admitted
        + -1 6s OrchestratorStarted
        + -1 6s TaskCompleted { task_id: 0, result: Some(ok) }
        + -1 6s OrchestratorCompleted
        = Running State { phase: Running, updated_at: 6s, history_events: 7, last_command: 0 }; wakes never
        ");
    }

    #[test]
    fn what_was_sent_in_the_same_turn_leaves_and_calls_do_not() {
        let mut life = Life::begun([task(0, "old")]);
        let commands = [task(1, "new"), send(2, "o"), child(3, "c"), timer(4, 9), again(2, &[])];
        insta::assert_snapshot!(life.turn(2, [raised("x")], commands), @r#"
        admitted
        new generation
        > Send { target: "o", message: EventRaised { name: "ping", input: Some(1) } }
        > Send { target: "c", message: Start { start: Start { name: "sub", execution: a99b131fad283496ba7e4b622e2ca7e9, parent: Some(ParentLink { instance: "i", name: "flow", execution: g1, task_id: 3 }) } } }
        > CancelFunction { task_id: 0, execution: g1 }
        = Running State { phase: Pending, updated_at: 2s, history_events: 0, last_command: -1 }; wakes 0s
        "#);
    }

    #[test]
    fn a_suspended_one_stays_suspended() {
        let mut life = Life::begun([]);
        insta::assert_snapshot!(life.turn(2, [raised("x"), suspend()], [again(2, &["x"])]), @r#"
        admitted
        admitted
        new generation
        = Suspended State { phase: Pending, updated_at: 2s, history_events: 0, last_command: -1, pending: [Suspend { reason: Some(stop) }, EventRaised { name: "x", input: Some(carried) }] }; wakes 0s
        "#);
        insta::assert_snapshot!(life.turn(2, [], []), @r#"
        + -1 2s OrchestratorStarted
        + -1 2s ExecutionStarted { name: "flow", input: Some(next), execution: g2 }
        + -1 2s ExecutionSuspended { reason: Some(stop) }
        + -1 2s EventRaised { name: "x", input: Some(carried) }
        + -1 2s OrchestratorCompleted
        = Suspended State { phase: Suspended, updated_at: 2s, history_events: 5, last_command: -1 }; wakes never
        "#);
    }

    #[test]
    fn it_was_due_long_ago() {
        let mut start = start();
        start.scheduled_at = Some(at(60));
        let life = Life::of(start).then(60, [], [again(2, &[])]);
        assert_eq!(life.instance.head.scheduled_at, None);
        assert_eq!(life.instance.next_wake(), Some(life.instance.head.created_at));
        assert!(life.instance.needs_recovery());
    }

    #[test]
    fn children_of_two_generations_have_different_ids() {
        let unnamed = InstanceId::child(generation(1), 0);
        assert_ne!(unnamed, InstanceId::child(generation(2), 0));
    }

    #[test]
    fn the_limit_of_carried_events_at_its_edge() {
        for (carried, continues) in [(1, true), (2, true), (3, false)] {
            let mut life = Life::begun([]);
            life.limits.pending_messages = 2;
            let names = ["a", "b", "c"];
            let output =
                TurnOutput { commands: [again(2, &names[..carried])].into(), ..TurnOutput::default() };
            let shown = life.answer(2, [raised("x")], output).expect("sense");
            assert_eq!(shown.starts_with("admitted\nnew generation"), continues, "{shown}");
            assert_eq!(shown.contains("LimitExceeded"), !continues, "{shown}");
        }
    }
}
