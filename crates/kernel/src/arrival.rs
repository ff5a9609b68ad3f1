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
    match (belongs_to(existing, asking), existing.status().is_terminal()) {
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
