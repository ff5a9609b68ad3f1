//! An instance that cannot run now keeps what arrives, and gets it with its next turn.

use crate::ids::ExecutionId;
use crate::instance::{Instance, Phase};
use crate::limits::Limits;
use crate::message::{Admission, Discard, Message};
use alloc::{collections::BTreeSet, vec::Vec};

/// Keeps each message, or says by which rule it changes nothing.
pub(crate) fn keep_all(instance: &mut Instance, inbox: Vec<Message>, limits: &Limits) -> Vec<Admission> {
    let mut answered: BTreeSet<i32> =
        instance.state.pending.iter().filter_map(answer).map(|answer| answer.id).collect();
    let mut keep = |message: Message| -> Result<(), Discard> {
        check(instance, &message, &answered, limits.pending_messages)?;
        answered.extend(answer(&message).map(|answer| answer.id));
        instance.state.pending.push(message);
        Ok(())
    };
    inbox
        .into_iter()
        .map(|message| keep(message).map_or_else(Admission::Discarded, |()| Admission::Admitted))
        .collect()
}

impl Instance {
    /// Adds messages that were acknowledged for this instance while a turn of it was out to what it holds.
    /// Those that mean nothing after that turn go; none is refused for want of room.
    pub fn hold_acknowledged(&mut self, messages: Vec<Message>) {
        let mut answered: BTreeSet<i32> =
            self.state.pending.iter().filter_map(answer).map(|answer| answer.id).collect();
        for message in messages {
            if check(self, &message, &answered, usize::MAX).is_ok() {
                answered.extend(answer(&message).map(|answer| answer.id));
                self.state.pending.push(message);
            }
        }
    }
}

fn check(
    instance: &Instance,
    message: &Message,
    answered: &BTreeSet<i32>,
    room: usize,
) -> Result<(), Discard> {
    let status = instance.status();
    if let Phase::Finished { .. } = instance.state.phase {
        return Err(Discard::Finished(status));
    }
    match message {
        Message::Wake => return Err(Discard::NothingDue),
        Message::Rewind { .. } => return Err(Discard::NotFailed(status)),
        Message::Start { .. } => return Err(Discard::AlreadyExists(status)),
        _ => {}
    }
    match message {
        Message::EntityOperationCompleted { request_id, .. }
        | Message::EntityOperationFailed { request_id, .. } => {
            let again = instance.state.pending.iter().any(|held| answers_request(held, request_id));
            let waits = instance.state.requests.contains_key(request_id) && !again;
            return if waits { Ok(()) } else { Err(Discard::NotOutstanding) };
        }
        Message::EntityLockGranted { section, .. } => {
            let held = |message: &Message| matches!(message, Message::EntityLockGranted { section: of, .. } if of == section);
            return match instance.state.sections.get(section) {
                None => Err(Discard::NotOutstanding),
                Some(asked) if asked.held || instance.state.pending.iter().any(held) => {
                    Err(Discard::AlreadyHeld)
                }
                Some(_) => Ok(()),
            };
        }
        Message::EntityOperation { .. } | Message::EntityLock { .. } | Message::EntityUnlock { .. } => {
            return Err(Discard::NotAnEntity);
        }
        _ => {}
    }
    match answer(message) {
        // Never refused for want of room: nobody would answer a second time, and there can be no more
        // answers than outstanding requests, which have a limit of their own.
        Some(answer) if waits_for(instance, &answer) && !answered.contains(&answer.id) => Ok(()),
        Some(_) => Err(Discard::NotOutstanding),
        None if instance.state.pending.len() >= room => Err(Discard::InboxFull),
        None => Ok(()),
    }
}

fn answers_request(message: &Message, request: &str) -> bool {
    match message {
        Message::EntityOperationCompleted { request_id, .. }
        | Message::EntityOperationFailed { request_id, .. } => &**request_id == request,
        _ => false,
    }
}

/// What a message answers.
struct Answer {
    id: i32,
    execution: ExecutionId,
    of_child: bool,
}

fn answer(message: &Message) -> Option<Answer> {
    match message {
        Message::TaskCompleted { task_id, execution, .. }
        | Message::TaskFailed { task_id, execution, .. } => {
            Some(Answer { id: *task_id, execution: *execution, of_child: false })
        }
        Message::SubOrchestrationCompleted { task_id, execution, .. }
        | Message::SubOrchestrationFailed { task_id, execution, .. } => {
            Some(Answer { id: *task_id, execution: *execution, of_child: true })
        }
        _ => None,
    }
}

fn waits_for(instance: &Instance, answer: &Answer) -> bool {
    let (tasks, children) = (&instance.state.tasks, &instance.state.children);
    let asked = if answer.of_child {
        children.get(&answer.id).map(|child| child.execution)
    } else {
        tasks.get(&answer.id).map(|task| task.execution)
    };
    asked == Some(answer.execution)
}

#[cfg(test)]
mod tests {
    use crate::instance::SetAside;
    use crate::testkit::*;
    use crate::turn::{Next, Turn};
    use crate::{Failure, Message, TurnOutput};
    use alloc::{boxed::Box, vec::Vec};

    fn scheduled() -> Life {
        let mut start = start();
        start.scheduled_at = Some(at(60));
        Life::of(start)
    }

    /// An instance whose last turns failed.
    fn set_aside(mut life: Life) -> Life {
        life.instance.state.set_aside = Some(Box::new(SetAside {
            reason: Failure::new("E", "a bug"),
            attempts: 3,
            at: at(1),
            retry_at: Some(at(30)),
        }));
        life
    }

    #[test]
    fn a_scheduled_start_waits_and_keeps_what_comes() {
        let mut life = scheduled();
        insta::assert_snapshot!(life.shown(), @"= Pending State { phase: Pending, updated_at: 0s, history_events: 0, last_command: -1 }; wakes 60s");
        let rewind = Message::Rewind { reason: None, otherwise: None };
        let start = Message::Start { start: Box::new(start()) };
        insta::assert_snapshot!(life.turn(2, [raised("x"), Message::Wake, rewind, start, done(0, 1), suspend()], []), @r#"
        admitted
        discarded: NothingDue
        discarded: NotFailed(Pending)
        discarded: AlreadyExists(Pending)
        discarded: NotOutstanding
        admitted
        settled without an executor
        = Pending State { phase: Pending, updated_at: 2s, history_events: 0, last_command: -1, pending: [EventRaised { name: "x", input: Some(1) }, Suspend { reason: Some(stop) }] }; wakes 60s
        "#);
        insta::assert_snapshot!(life.turn(59, [Message::Wake], []), @r"
        discarded: NothingDue
        unchanged
        ");
        insta::assert_snapshot!(life.turn(60, [raised("y")], [task(0, "a")]), @r#"
        admitted
        + -1 60s OrchestratorStarted
        + -1 60s ExecutionStarted { name: "flow", input: Some(0), execution: g1, scheduled_at: Some(60s) }
        + -1 60s EventRaised { name: "x", input: Some(1) }
        + -1 60s ExecutionSuspended { reason: Some(stop) }
        + -1 60s EventRaised { name: "y", input: Some(1) }
        + 0 60s TaskScheduled { name: "a" }
        + -1 60s OrchestratorCompleted
        > CallFunction(WorkItem { task_id: 0, execution: g1, name: "a" })
        = Suspended State { phase: Suspended, updated_at: 60s, history_events: 7, last_command: 0, tasks: {0: Task { name: "a", execution: g1, scheduled_at: 60s }} }; wakes never
        "#);
    }

    #[test]
    fn a_start_in_the_past_is_no_appointment() {
        let mut start = start();
        start.scheduled_at = Some(at(0));
        let life = Life::of(start);
        assert_eq!(life.instance.head.scheduled_at, None);
        assert!(life.instance.needs_recovery());
    }

    #[test]
    fn room_at_its_edge() {
        let mut life = scheduled();
        life.limits.pending_messages = 2;
        let shown = life.turn(1, [raised("a")], []) + &life.turn(1, [raised("b"), raised("c")], []);
        insta::assert_snapshot!(shown, @r#"
        admitted
        settled without an executor
        = Pending State { phase: Pending, updated_at: 1s, history_events: 0, last_command: -1, pending: [EventRaised { name: "a", input: Some(1) }] }; wakes 60sadmitted
        discarded: InboxFull
        settled without an executor
        = Pending State { phase: Pending, updated_at: 1s, history_events: 0, last_command: -1, pending: [EventRaised { name: "a", input: Some(1) }, EventRaised { name: "b", input: Some(1) }] }; wakes 60s
        "#);
    }

    #[test]
    fn an_answer_is_kept_once_and_whether_or_not_there_is_room() {
        let mut life = set_aside(Life::begun([task(0, "a"), child(1, "c"), task(2, "b")]));
        life.limits.pending_messages = 1;
        let inbox = [
            raised("x"),
            raised("y"),
            done(0, 1),
            done(0, 1),
            done(1, 1),
            child_done(1, 1),
            child_done(2, 1),
            failed(2, 5),
        ];
        insta::assert_snapshot!(life.hold(2, inbox), @r#"
        admitted
        discarded: InboxFull
        admitted
        discarded: NotOutstanding
        discarded: NotOutstanding
        admitted
        discarded: NotOutstanding
        discarded: NotOutstanding
        settled without an executor
        = Running State { phase: Running, updated_at: 2s, history_events: 6, last_command: 2, tasks: {0: Task { name: "a", execution: g1, scheduled_at: 1s }, 2: Task { name: "b", execution: g1, scheduled_at: 1s }}, children: {1: Child { instance: "c", name: "sub", execution: g1 }}, pending: [EventRaised { name: "x", input: Some(1) }, TaskCompleted { task_id: 0, execution: g1, result: Some(ok) }, SubOrchestrationCompleted { task_id: 1, execution: g1, result: Some(ok) }], set_aside: Some(SetAside { reason: Failure { error_type: "E", message: "a bug" }, attempts: 3, at: 1s, retry_at: Some(30s) }) }; wakes 30s
        "#);
        insta::assert_snapshot!(life.hold(3, [failed(0, 1), failed(2, 1)]), @r#"
        discarded: NotOutstanding
        admitted
        settled without an executor
        = Running State { phase: Running, updated_at: 3s, history_events: 6, last_command: 2, tasks: {0: Task { name: "a", execution: g1, scheduled_at: 1s }, 2: Task { name: "b", execution: g1, scheduled_at: 1s }}, children: {1: Child { instance: "c", name: "sub", execution: g1 }}, pending: [EventRaised { name: "x", input: Some(1) }, TaskCompleted { task_id: 0, execution: g1, result: Some(ok) }, SubOrchestrationCompleted { task_id: 1, execution: g1, result: Some(ok) }, TaskFailed { task_id: 2, execution: g1, failure: Failure { error_type: "E", message: "broke" } }], set_aside: Some(SetAside { reason: Failure { error_type: "E", message: "a bug" }, attempts: 3, at: 1s, retry_at: Some(30s) }) }; wakes 30s
        "#);
        insta::assert_snapshot!(life.turn(30, [], []), @r#"
        + -1 30s OrchestratorStarted
        + -1 30s EventRaised { name: "x", input: Some(1) }
        + -1 30s TaskCompleted { task_id: 0, result: Some(ok) }
        + -1 30s SubOrchestrationCompleted { task_id: 1, result: Some(ok) }
        + -1 30s TaskFailed { task_id: 2, failure: Failure { error_type: "E", message: "broke" } }
        + -1 30s OrchestratorCompleted
        = Running State { phase: Running, updated_at: 30s, history_events: 12, last_command: 2 }; wakes never
        "#);
    }

    #[test]
    fn an_instance_set_aside_can_be_terminated() {
        let mut life = set_aside(Life::begun([task(0, "a")]));
        life.hold(2, [raised("x")]);
        insta::assert_snapshot!(life.hold(3, [raised("y"), terminate(false)]), @r#"
        admitted
        admitted
        settled without an executor
        + -1 3s OrchestratorStarted
        + -1 3s EventRaised { name: "x", input: Some(1) }
        + -1 3s EventRaised { name: "y", input: Some(1) }
        + -1 3s ExecutionTerminated { output: Some(enough) }
        + -1 3s OrchestratorCompleted
        + -1 3s ExecutionCompleted { status: Terminated, result: Some(enough) }
        > CancelFunction { task_id: 0, execution: g1 }
        > Finished(Terminated)
        = Terminated State { phase: Finished { status: Terminated, at: 3s, output: Some(enough) }, updated_at: 3s, history_events: 10, last_command: 0 }; wakes never
        "#);
    }

    #[test]
    fn what_has_ended_keeps_nothing() {
        let mut life = Life::begun([complete("1")]);
        insta::assert_snapshot!(life.hold(2, [raised("x"), terminate(true)]), @r"
        discarded: Finished(Completed)
        discarded: Finished(Completed)
        unchanged
        ");
    }

    #[test]
    fn kept_messages_that_turn_out_to_change_nothing_are_gone() {
        let mut life = set_aside(Life::begun([]));
        life.hold(2, [resume()]);
        insta::assert_snapshot!(life.turn(30, [], []), @r"
        settled without an executor
        = Running State { phase: Running, updated_at: 30s, history_events: 3, last_command: -1 }; wakes never
        ");
    }

    #[test]
    fn what_was_acknowledged_while_a_turn_was_out_is_kept_if_it_still_means_something() {
        let mut life = Life::begun([task(0, "a"), child(1, "c")]);
        life.limits.pending_messages = 0;
        life.instance.state.pending.push(done(0, 1));
        let late =
            [raised("x"), done(0, 1), failed(0, 1), child_done(1, 1), done(7, 1), done(1, 2), suspend()];
        life.instance.hold_acknowledged(late.into());
        insta::assert_snapshot!(life.shown(), @r#"= Suspended State { phase: Running, updated_at: 1s, history_events: 5, last_command: 1, tasks: {0: Task { name: "a", execution: g1, scheduled_at: 1s }}, children: {1: Child { instance: "c", name: "sub", execution: g1 }}, pending: [TaskCompleted { task_id: 0, execution: g1, result: Some(ok) }, EventRaised { name: "x", input: Some(1) }, SubOrchestrationCompleted { task_id: 1, execution: g1, result: Some(ok) }, Suspend { reason: Some(stop) }] }; wakes 1s"#);
        life.turn(2, [terminate(false)], []);
        life.instance.hold_acknowledged([raised("x")].into());
        assert_eq!(life.instance.state.pending, [], "what has ended keeps nothing");
    }

    #[test]
    fn the_status_shows_at_once_that_it_will_stand_still() {
        let mut life = set_aside(Life::begun([]));
        life.hold(2, [suspend()]);
        assert_eq!(life.instance.status(), crate::Status::Suspended);
        life.hold(3, [raised("x"), resume()]);
        assert_eq!(life.instance.status(), crate::Status::Running);
    }

    #[test]
    fn what_an_answer_asks_for_happens_when_it_comes() {
        let life = Life::begun([task(0, "a")]);
        let begun = Turn::begin(life.instance, Vec::from([done(0, 1)]), at(2), &life.limits);
        let Next::Run(turn) = begun.next else { panic!("nothing to run") };
        let output = TurnOutput { commands: Vec::from([task(1, "b")]), ..TurnOutput::default() };
        let decision = turn.answered_at(at(9)).answered_at(at(5)).finish(output).expect("it makes sense");
        let times: Vec<_> = decision.events.iter().map(|event| event.at).collect();
        assert_eq!(times, [at(2), at(2), at(9), at(9)]);
        assert_eq!(decision.instance.state.updated_at, at(9));
    }
}
