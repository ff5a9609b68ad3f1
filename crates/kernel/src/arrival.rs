//! What a start or a rewind means for an id, depending on what is there.

use crate::instance::{Instance, Status};
use crate::message::{Discard, Message, Start};
use crate::value::{Failure, ParentLink};
use alloc::{boxed::Box, format};

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// Make an instance; nothing is there.
    Create(Box<Start>),
    /// End what is there, if it has not ended, and make a new instance in its place.
    Replace(Box<Start>),
    /// Take the failed instance back.
    Rewind,
    /// Nothing changes here; the parent that asked hears the outcome (again).
    Answer(Box<ParentLink>, Message, Discard),
    /// Nothing changes.
    Discard(Discard),
}

/// A request to make an instance.
#[must_use]
pub fn start(existing: Option<&Instance>, start: Box<Start>) -> Arrival {
    let Some(existing) = existing else { return Arrival::Create(start) };
    let rule = Discard::AlreadyExists(existing.status());
    let Some(asking) = &start.parent else {
        let repeated = start.execution == existing.head.execution;
        return if !repeated && start.replaceable.contains(&existing.status()) {
            Arrival::Replace(start)
        } else {
            Arrival::Discard(rule)
        };
    };
    // A parent that tries again under the same task asks for another generation.
    let tries_again = start.execution != existing.head.execution;
    match (belongs_to(existing, asking), existing.status().is_terminal()) {
        (true, true) if tries_again => Arrival::Replace(start),
        (true, true) => outcome(existing)
            .map_or(Arrival::Discard(rule), |(link, message)| Arrival::Answer(link, message, rule)),
        (true, false) => Arrival::Discard(rule),
        (false, true) => Arrival::Replace(start),
        (false, false) if asking.detached => Arrival::Discard(rule),
        (false, false) => {
            let id = &existing.id;
            let text = format!(
                "the sub-orchestration cannot start: an instance {id:?} exists and is {}",
                existing.status()
            );
            let failure = Failure::new("InstanceAlreadyExists", text).non_retriable();
            let message = Message::child_outcome(asking, Status::Failed, None, Some(&failure));
            Arrival::Answer(asking.clone(), message, rule)
        }
    }
}

/// A request to go back. `otherwise` comes from a parent that was rewound. When another's instance has
/// the id, this is a request to make the child, as the first one was.
#[must_use]
pub fn rewind(existing: Option<&Instance>, otherwise: Option<Box<Start>>) -> Arrival {
    let Some(existing) = existing else {
        return otherwise.map_or(Arrival::Discard(Discard::NoInstance), Arrival::Create);
    };
    let asked_by_another =
        |start: &Start| start.parent.as_ref().is_some_and(|asking| !belongs_to(existing, asking));
    if let Some(child) = otherwise.as_ref().filter(|start| asked_by_another(start)) {
        return start(Some(existing), child.clone());
    }
    let status = existing.status();
    match (status, otherwise) {
        (Status::Failed, _) => Arrival::Rewind,
        (Status::Completed, Some(_)) => match outcome(existing) {
            Some((link, message)) => Arrival::Answer(link, message, Discard::NotFailed(status)),
            None => Arrival::Discard(Discard::NotFailed(status)),
        },
        (Status::Terminated | Status::Canceled, Some(start)) => Arrival::Replace(start),
        _ => Arrival::Discard(Discard::NotFailed(status)),
    }
}

/// Whether this very request of a parent made the instance.
fn belongs_to(instance: &Instance, asking: &ParentLink) -> bool {
    instance.head.parent.as_deref() == Some(asking)
}

/// What a finished sub-orchestration tells its parent.
fn outcome(instance: &Instance) -> Option<(Box<ParentLink>, Message)> {
    let crate::instance::Phase::Finished { status, output, failure, .. } = &instance.state.phase else {
        return None;
    };
    let link = instance.head.parent.as_ref().filter(|link| !link.detached)?;
    Some((link.clone(), Message::child_outcome(link, *status, output.clone(), failure.as_deref())))
}

#[cfg(test)]
mod tests {
    use super::{Arrival, rewind};
    use crate::message::{Discard, Message, Start};
    use crate::testkit::*;
    use crate::{ExecutionId, Instance, Status};
    use alloc::{boxed::Box, string::String, vec::Vec};

    fn existing(status: Status, start: Start) -> Instance {
        match status {
            Status::Pending => Life::of(start).instance,
            Status::Running => Life::of(start).then(1, [], []).instance,
            Status::Suspended => Life::of(start).then(1, [], []).then(2, [suspend()], []).instance,
            status => ended(start, status),
        }
    }

    const SEEN: [Status; 7] = [
        Status::Pending,
        Status::Running,
        Status::Suspended,
        Status::Completed,
        Status::Failed,
        Status::Canceled,
        Status::Terminated,
    ];

    fn newer(mut start: Start, replaceable: &[Status]) -> Box<Start> {
        start.execution = ExecutionId(2);
        start.replaceable = replaceable.into();
        Box::new(start)
    }

    #[test]
    fn a_start_over_nothing() {
        assert_eq!(super::start(None, newer(start(), &[])), Arrival::Create(newer(start(), &[])));
    }

    #[test]
    fn a_start_replaces_what_it_may() {
        for status in SEEN {
            let there = existing(status, start());
            assert_eq!(there.status(), status);
            let refused = Arrival::Discard(Discard::AlreadyExists(status));
            let others: Vec<_> = SEEN.into_iter().filter(|other| *other != status).collect();
            assert_eq!(super::start(Some(&there), newer(start(), &[])), refused);
            assert_eq!(super::start(Some(&there), newer(start(), &others)), refused);
            let replacing = newer(start(), &[status]);
            assert_eq!(super::start(Some(&there), replacing.clone()), Arrival::Replace(replacing));
        }
    }

    #[test]
    fn the_same_start_again_does_not_replace_what_it_made() {
        let mut repeated = newer(start(), &Status::ALL);
        repeated.execution = start().execution;
        let there = existing(Status::Running, start());
        assert_eq!(
            super::start(Some(&there), repeated),
            Arrival::Discard(Discard::AlreadyExists(Status::Running))
        );
    }

    #[test]
    fn a_parent_that_asks_again_hears_what_became_of_the_child() {
        for status in SEEN {
            let arrival = super::start(Some(&existing(status, child_start())), Box::new(child_start()));
            let rule = Discard::AlreadyExists(status);
            match arrival {
                Arrival::Answer(link, _, told) if status.is_terminal() => {
                    assert_eq!((*link, told), (parent(), rule));
                }
                arrival => assert_eq!((arrival, status.is_terminal()), (Arrival::Discard(rule), false)),
            }
        }
    }

    #[test]
    fn the_answers_to_a_parent() {
        let answer = |status, mine: bool| -> String {
            let start = if mine { child_start() } else { start() };
            short(&super::start(Some(&existing(status, start)), Box::new(child_start())))
        };
        insta::assert_snapshot!(answer(Status::Completed, true), @r#"Answer(ParentLink { instance: "p", name: "parent", execution: g9, task_id: 7 }, SubOrchestrationCompleted { task_id: 7, execution: g9, result: Some(out) }, AlreadyExists(Completed))"#);
        insta::assert_snapshot!(answer(Status::Failed, true), @r#"Answer(ParentLink { instance: "p", name: "parent", execution: g9, task_id: 7 }, SubOrchestrationFailed { task_id: 7, execution: g9, failure: Failure { error_type: "E", message: "broke" } }, AlreadyExists(Failed))"#);
        insta::assert_snapshot!(answer(Status::Terminated, true), @r#"Answer(ParentLink { instance: "p", name: "parent", execution: g9, task_id: 7 }, SubOrchestrationFailed { task_id: 7, execution: g9, failure: Failure { error_type: "OrchestrationTerminated", message: "the sub-orchestration ended as Terminated: out" } }, AlreadyExists(Terminated))"#);
        insta::assert_snapshot!(answer(Status::Running, true), @"Discard(AlreadyExists(Running))");
        insta::assert_snapshot!(answer(Status::Running, false), @r#"Answer(ParentLink { instance: "p", name: "parent", execution: g9, task_id: 7 }, SubOrchestrationFailed { task_id: 7, execution: g9, failure: Failure { error_type: "InstanceAlreadyExists", message: "the sub-orchestration cannot start: an instance \"i\" exists and is Running", non_retriable: true } }, AlreadyExists(Running))"#);
        insta::assert_snapshot!(answer(Status::Suspended, false), @r#"Answer(ParentLink { instance: "p", name: "parent", execution: g9, task_id: 7 }, SubOrchestrationFailed { task_id: 7, execution: g9, failure: Failure { error_type: "InstanceAlreadyExists", message: "the sub-orchestration cannot start: an instance \"i\" exists and is Suspended", non_retriable: true } }, AlreadyExists(Suspended))"#);
    }

    #[test]
    fn a_child_takes_the_id_of_what_has_ended() {
        for status in SEEN.into_iter().filter(|status| status.is_terminal()) {
            let arrival = super::start(Some(&existing(status, start())), Box::new(child_start()));
            assert_eq!(arrival, Arrival::Replace(Box::new(child_start())));
        }
    }

    #[test]
    fn a_detached_child_answers_nobody() {
        let mut detached = child_start();
        if let Some(link) = &mut detached.parent {
            link.detached = true;
        }
        let asked = || Box::new(detached.clone());
        assert_eq!(
            super::start(Some(&existing(Status::Completed, detached.clone())), asked()),
            Arrival::Discard(Discard::AlreadyExists(Status::Completed))
        );
        assert_eq!(
            super::start(Some(&existing(Status::Running, start())), asked()),
            Arrival::Discard(Discard::AlreadyExists(Status::Running))
        );
    }

    #[test]
    fn an_operator_takes_back_only_what_failed() {
        assert_eq!(rewind(None, None), Arrival::Discard(Discard::NoInstance));
        for status in SEEN {
            let expected = match status {
                Status::Failed => Arrival::Rewind,
                status => Arrival::Discard(Discard::NotFailed(status)),
            };
            assert_eq!(rewind(Some(&existing(status, start())), None), expected);
            assert_eq!(rewind(Some(&existing(status, child_start())), None), expected);
        }
    }

    #[test]
    fn a_parent_takes_its_child_back_or_makes_it_again() {
        let otherwise = || Some(newer(child_start(), &Status::ALL));
        assert_eq!(rewind(None, otherwise()), Arrival::Create(newer(child_start(), &Status::ALL)));
        let of = |status| rewind(Some(&existing(status, child_start())), otherwise());
        assert_eq!(of(Status::Failed), Arrival::Rewind);
        for status in [Status::Terminated, Status::Canceled] {
            assert_eq!(of(status), Arrival::Replace(newer(child_start(), &Status::ALL)));
        }
        for status in [Status::Pending, Status::Running, Status::Suspended] {
            assert_eq!(of(status), Arrival::Discard(Discard::NotFailed(status)));
        }
        insta::assert_snapshot!(short(&of(Status::Completed)), @r#"Answer(ParentLink { instance: "p", name: "parent", execution: g9, task_id: 7 }, SubOrchestrationCompleted { task_id: 7, execution: g9, result: Some(out) }, NotFailed(Completed))"#);
    }

    #[test]
    fn a_parent_does_not_take_back_what_is_not_its_child() {
        let of = |status| rewind(Some(&existing(status, start())), Some(newer(child_start(), &Status::ALL)));
        for status in SEEN.into_iter().filter(|status| status.is_terminal()) {
            assert_eq!(of(status), Arrival::Replace(newer(child_start(), &Status::ALL)));
        }
        for status in [Status::Pending, Status::Running, Status::Suspended] {
            let Arrival::Answer(link, Message::SubOrchestrationFailed { failure, .. }, rule) = of(status)
            else {
                panic!("the parent waits for ever");
            };
            assert_eq!(*link, parent());
            assert_eq!(&*failure.error_type, "InstanceAlreadyExists");
            assert_eq!(rule, Discard::AlreadyExists(status));
        }
    }

    #[test]
    fn a_parent_tries_again_under_the_same_task() {
        let again = |there: &Instance| super::start(Some(there), newer(child_start(), &[]));
        for status in SEEN {
            let arrival = again(&existing(status, child_start()));
            assert_eq!(matches!(arrival, Arrival::Replace(_)), status.is_terminal(), "{arrival:?}");
        }
        let there = Life::of(child_start()).then(1, [], [again_as(3)]).then(2, [], [fail("broke")]);
        assert_eq!(again(&there.instance), Arrival::Replace(newer(child_start(), &[])));
    }

    fn again_as(generation: u128) -> crate::Command {
        crate::testkit::again(generation, &[])
    }
}
