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
        check(instance, &message, &answered, limits)?;
        answered.extend(answer(&message).map(|answer| answer.id));
        instance.state.pending.push(message);
        Ok(())
    };
    inbox
        .into_iter()
        .map(|message| keep(message).map_or_else(Admission::Discarded, |()| Admission::Admitted))
        .collect()
}

fn check(
    instance: &Instance,
    message: &Message,
    answered: &BTreeSet<i32>,
    limits: &Limits,
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
    match answer(message) {
        // Never refused for want of room: nobody would answer a second time, and there can be no more
        // answers than outstanding requests, which have a limit of their own.
        Some(answer) if waits_for(instance, &answer) && !answered.contains(&answer.id) => Ok(()),
        Some(_) => Err(Discard::NotOutstanding),
        None if instance.state.pending.len() >= limits.pending_messages => Err(Discard::InboxFull),
        None => Ok(()),
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
        Message::TaskCompleted { task_id, execution, .. } | Message::TaskFailed { task_id, execution, .. } => {
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
    use crate::{Failure, Message};
    use alloc::boxed::Box;

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
        insta::assert_snapshot!(life.shown(), @"");
        let rewind = Message::Rewind { reason: None, otherwise: None };
        let start = Message::Start { start: Box::new(start()) };
        insta::assert_snapshot!(life.turn(2, [raised("x"), Message::Wake, rewind, start, done(0, 1), suspend()], []), @"");
        insta::assert_snapshot!(life.turn(59, [Message::Wake], []), @"");
        insta::assert_snapshot!(life.turn(60, [raised("y")], [task(0, "a")]), @"");
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
        insta::assert_snapshot!(shown, @"");
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
        insta::assert_snapshot!(life.hold(2, inbox), @"");
        insta::assert_snapshot!(life.hold(3, [failed(0, 1), failed(2, 1)]), @"");
        insta::assert_snapshot!(life.turn(30, [], []), @"");
    }

    #[test]
    fn an_instance_set_aside_can_be_terminated() {
        let mut life = set_aside(Life::begun([task(0, "a")]));
        life.hold(2, [raised("x")]);
        insta::assert_snapshot!(life.hold(3, [raised("y"), terminate(false)]), @"");
    }

    #[test]
    fn what_has_ended_keeps_nothing() {
        let mut life = Life::begun([complete("1")]);
        insta::assert_snapshot!(life.hold(2, [raised("x"), terminate(true)]), @"");
    }

    #[test]
    fn kept_messages_that_turn_out_to_change_nothing_are_gone() {
        let mut life = set_aside(Life::begun([]));
        life.hold(2, [resume()]);
        insta::assert_snapshot!(life.turn(30, [], []), @"");
    }
}
