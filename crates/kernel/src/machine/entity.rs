//! What an instance asks of entities, and hears from them.

use crate::effect::Effect;
use crate::entity::{Caller, LockRequest, Operation, release};
use crate::event::EventKind;
use crate::ids::InstanceId;
use crate::instance::{EntityRequest, Section, State};
use crate::limits::{LimitExceeded, Limits, at_most};
use crate::message::{Discard, Message};
use crate::turn::{InvalidOutput, Turn};
use crate::value::{Failure, Name, Payload, Timestamp};
use alloc::{boxed::Box, vec::Vec};

/// Whether a command may send this to an entity.
pub(crate) fn check_fact(fact: &EventKind) -> Result<(), InvalidOutput> {
    let is_entity = |id: Option<&InstanceId>| match id {
        Some(id) if id.is_entity() => Ok(()),
        Some(id) => Err(InvalidOutput::NotAnEntity(id.clone())),
        None => Err(InvalidOutput::NoEntity),
    };
    match fact {
        EventKind::EntityOperationSignaled { target, .. }
        | EventKind::EntityOperationCalled { target, .. }
        | EventKind::EntityUnlockSent { target, .. } => is_entity(target.as_ref()),
        EventKind::EntityLockRequested { lock_set, .. } => match lock_set.first() {
            Some(_) => lock_set.iter().try_for_each(|id| is_entity(Some(id))),
            None => Err(InvalidOutput::NoEntity),
        },
        other => Err(InvalidOutput::NotAnEntityFact(other.kind())),
    }
}

/// Whether it is as small as it must be.
pub(crate) fn check_limits(limits: &Limits, fact: &EventKind) -> Result<(), LimitExceeded> {
    match fact {
        EventKind::EntityOperationSignaled { request_id, operation, input, target, .. }
        | EventKind::EntityOperationCalled { request_id, operation, input, target, .. } => {
            limits.name("request id", request_id)?;
            limits.name("operation", operation)?;
            target.as_ref().map_or(Ok(()), |target| limits.instance_id(target))?;
            limits.payload("input", input.as_ref())
        }
        EventKind::EntityLockRequested { section, lock_set, .. } => {
            limits.name("critical section", section)?;
            at_most("the entities of a critical section", "entities", lock_set.len(), limits.outstanding)?;
            lock_set.iter().try_for_each(|id| limits.instance_id(id))
        }
        _ => Ok(()),
    }
}

/// Records what is sent to an entity, and sends it.
pub(super) fn send(turn: &mut Turn, id: i32, mut fact: EventKind) {
    let caller = Caller { instance: turn.instance.id.clone(), execution: turn.instance.head.execution };
    let effects = match &mut fact {
        EventKind::EntityOperationSignaled { request_id, operation, scheduled_at, input, target } => {
            let operation = Operation {
                request_id: request_id.clone(),
                name: operation.clone(),
                input: input.clone(),
                caller: None,
                scheduled_at: *scheduled_at,
                trace: turn.instance.head.trace.clone(),
            };
            operate(target.as_ref(), operation)
        }
        EventKind::EntityOperationCalled {
            request_id,
            operation,
            scheduled_at,
            input,
            parent,
            parent_execution,
            target,
        } => {
            *parent = Some(caller.instance.clone());
            *parent_execution = Some(caller.execution);
            let asked = Operation {
                request_id: request_id.clone(),
                name: operation.clone(),
                input: input.clone(),
                caller: Some(Box::new(caller)),
                scheduled_at: *scheduled_at,
                trace: turn.instance.head.trace.clone(),
            };
            if let Some(target) = target.clone() {
                let operation = operation.clone();
                let request = EntityRequest { task_id: id, target, operation, asked_at: turn.now };
                turn.instance.state.requests.insert(request_id.clone(), request);
            }
            operate(target.as_ref(), asked)
        }
        EventKind::EntityLockRequested { section, lock_set, parent, .. } => {
            *parent = Some(caller.instance.clone());
            let asked = Section::new(id, lock_set, turn.now);
            let effects = lock(section, &asked.entities, &caller).into_iter().collect();
            turn.instance.state.sections.insert(section.clone(), asked);
            effects
        }
        EventKind::EntityUnlockSent { section, parent, target } => {
            *parent = Some(caller.instance);
            let sections = &mut turn.instance.state.sections;
            if let Some(known) = sections.get_mut(section) {
                known.entities.retain(|entity| Some(entity) != target.as_ref());
                if known.entities.is_empty() {
                    sections.remove(section);
                }
            }
            release(section, target.iter().cloned().collect())
        }
        _ => Vec::new(),
    };
    turn.record_command(id, fact);
    turn.effects.extend(effects);
}

/// Asks the first entity of a section for its lock; it passes the request on.
pub(crate) fn lock(section: &Name, entities: &[InstanceId], holder: &Caller) -> Option<Effect> {
    let request = LockRequest {
        section: section.clone(),
        lock_set: entities.to_vec(),
        position: 0,
        holder: holder.clone(),
    };
    let message = Message::EntityLock { request: Box::new(request) };
    entities.first().map(|first| Effect::Send { target: first.clone(), message })
}

impl Section {
    /// A section that is asked for. Its entities are locked in one order by all, so that no two sections wait
    /// for each other.
    pub(crate) fn new(task_id: i32, lock_set: &[InstanceId], asked_at: Timestamp) -> Self {
        let mut entities = lock_set.to_vec();
        entities.sort_unstable();
        entities.dedup();
        Self { task_id, entities, held: false, asked_at }
    }
}

fn operate(target: Option<&InstanceId>, operation: Operation) -> Vec<Effect> {
    let message = Message::EntityOperation { operation: Box::new(operation) };
    target.map(|target| Effect::Send { target: target.clone(), message }).into_iter().collect()
}

pub(super) fn completed(turn: &mut Turn, request_id: Name, output: Option<Payload>) -> Result<(), Discard> {
    turn.instance.state.requests.remove(&request_id).ok_or(Discard::NotOutstanding)?;
    turn.record(EventKind::EntityOperationCompleted { request_id, output });
    Ok(())
}

pub(super) fn failed(turn: &mut Turn, request_id: Name, failure: Box<Failure>) -> Result<(), Discard> {
    turn.instance.state.requests.remove(&request_id).ok_or(Discard::NotOutstanding)?;
    turn.record(EventKind::EntityOperationFailed { request_id, failure });
    Ok(())
}

pub(super) fn granted(turn: &mut Turn, section: Name) -> Result<(), Discard> {
    match turn.instance.state.sections.get_mut(&section) {
        Some(asked) if !asked.held => asked.held = true,
        Some(_) => return Err(Discard::AlreadyHeld),
        None => return Err(Discard::NotOutstanding),
    }
    turn.record(EventKind::EntityLockGranted { section });
    Ok(())
}

/// Gives up on what a command asked entities for.
pub(super) fn cancel(state: &mut State, task_id: i32) -> Vec<Effect> {
    state.requests.retain(|_, request| request.task_id != task_id);
    let mut effects = Vec::new();
    state.sections.retain(|section, asked| {
        let given_up = asked.task_id == task_id && !asked.held;
        if given_up {
            effects.extend(release(section, core::mem::take(&mut asked.entities)));
        }
        !given_up
    });
    effects
}

/// Nothing that was asked for matters any more, and nothing stays locked.
pub(crate) fn release_all(state: &mut State) -> Vec<Effect> {
    state.requests.clear();
    let sections = core::mem::take(&mut state.sections);
    sections.into_iter().flat_map(|(section, asked)| release(&section, asked.entities)).collect()
}

#[cfg(test)]
mod tests {
    use crate::testkit::*;
    use crate::turn::InvalidOutput;
    use crate::{Command, EventKind, InstanceId, Message, TurnOutput};
    use alloc::{boxed::Box, string::ToString, vec::Vec};

    #[test]
    fn an_operation_is_asked_for_and_answered_once() {
        let mut life = Life::accepted();
        insta::assert_snapshot!(life.turn(1, [], [entity_call(0, "r")]), @r#"
        + -1 1s OrchestratorStarted
        + -1 1s ExecutionStarted { name: "flow", input: Some(0), execution: g1 }
        + 0 1s EntityOperationCalled { request_id: "r", operation: "add", input: Some(5), parent: Some("i"), parent_execution: Some(g1), target: Some("@a@1") }
        + -1 1s OrchestratorCompleted
        > Send { target: "@a@1", message: EntityOperation { operation: Operation { request_id: "r", name: "add", input: Some(5), caller: Some(Caller { instance: "i", execution: g1 }) } } }
        = Running State { phase: Running, updated_at: 1s, history_events: 4, last_command: 0, requests: {"r": EntityRequest { task_id: 0, target: "@a@1", operation: "add", asked_at: 1s }} }; wakes never
        "#);
        insta::assert_snapshot!(life.turn(2, [entity_done("r"), entity_done("r"), entity_failed("s")], []), @r#"
        admitted
        discarded: NotOutstanding
        discarded: NotOutstanding
        + -1 2s OrchestratorStarted
        + -1 2s EntityOperationCompleted { request_id: "r", output: Some(ok) }
        + -1 2s OrchestratorCompleted
        = Running State { phase: Running, updated_at: 2s, history_events: 7, last_command: 0 }; wakes never
        "#);
        let mut life = Life::begun([entity_call(0, "r")]);
        insta::assert_snapshot!(life.turn(2, [entity_failed("r")], []), @r#"
        admitted
        + -1 2s OrchestratorStarted
        + -1 2s EntityOperationFailed { request_id: "r", failure: Failure { error_type: "E", message: "broke" } }
        + -1 2s OrchestratorCompleted
        = Running State { phase: Running, updated_at: 2s, history_events: 7, last_command: 0 }; wakes never
        "#);
    }

    #[test]
    fn a_signal_waits_for_nothing() {
        let mut life = Life::accepted();
        let signal = EventKind::EntityOperationSignaled {
            request_id: "r".into(),
            operation: "add".into(),
            scheduled_at: Some(at(60)),
            input: payload("5"),
            target: Some(id("@a@1")),
        };
        insta::assert_snapshot!(life.turn(1, [], [Command::Entity { id: 0, fact: Box::new(signal) }]), @r#"
        + -1 1s OrchestratorStarted
        + -1 1s ExecutionStarted { name: "flow", input: Some(0), execution: g1 }
        + 0 1s EntityOperationSignaled { request_id: "r", operation: "add", scheduled_at: Some(60s), input: Some(5), target: Some("@a@1") }
        + -1 1s OrchestratorCompleted
        > Send { target: "@a@1", message: EntityOperation { operation: Operation { request_id: "r", name: "add", input: Some(5), scheduled_at: Some(60s) } } }
        = Running State { phase: Running, updated_at: 1s, history_events: 4, last_command: 0 }; wakes never
        "#);
    }

    #[test]
    fn a_critical_section_from_its_request_to_its_end() {
        let mut life = Life::accepted();
        insta::assert_snapshot!(life.turn(1, [], [lock(0, "s")]), @r#"
        + -1 1s OrchestratorStarted
        + -1 1s ExecutionStarted { name: "flow", input: Some(0), execution: g1 }
        + 0 1s EntityLockRequested { section: "s", lock_set: ["@b@1", "@a@1"], position: 0, parent: Some("i") }
        + -1 1s OrchestratorCompleted
        > Send { target: "@a@1", message: EntityLock { request: LockRequest { section: "s", lock_set: ["@a@1", "@b@1"], position: 0, holder: Caller { instance: "i", execution: g1 } } } }
        = Running State { phase: Running, updated_at: 1s, history_events: 4, last_command: 0, sections: {"s": Section { task_id: 0, entities: ["@a@1", "@b@1"], asked_at: 1s }} }; wakes never
        "#);
        insta::assert_snapshot!(life.turn(2, [granted("s"), granted("s"), granted("other")], [unlock(1, "s", "@b@1")]), @r#"
        admitted
        discarded: AlreadyHeld
        discarded: NotOutstanding
        + -1 2s OrchestratorStarted
        + -1 2s EntityLockGranted { section: "s" }
        + 1 2s EntityUnlockSent { section: "s", parent: Some("i"), target: Some("@b@1") }
        + -1 2s OrchestratorCompleted
        > Send { target: "@b@1", message: EntityUnlock { section: "s" } }
        = Running State { phase: Running, updated_at: 2s, history_events: 8, last_command: 1, sections: {"s": Section { task_id: 0, entities: ["@a@1"], held: true, asked_at: 1s }} }; wakes never
        "#);
        insta::assert_snapshot!(life.turn(3, [raised("x")], [unlock(2, "s", "@a@1")]), @r#"
        admitted
        + -1 3s OrchestratorStarted
        + -1 3s EventRaised { name: "x", input: Some(1) }
        + 2 3s EntityUnlockSent { section: "s", parent: Some("i"), target: Some("@a@1") }
        + -1 3s OrchestratorCompleted
        > Send { target: "@a@1", message: EntityUnlock { section: "s" } }
        = Running State { phase: Running, updated_at: 3s, history_events: 12, last_command: 2 }; wakes never
        "#);
    }

    #[test]
    fn nothing_stays_locked_when_an_instance_ends() {
        let life =
            || Life::begun([lock(0, "s"), lock(1, "t"), entity_call(2, "r")]).then(2, [granted("s")], []);
        insta::assert_snapshot!(life().turn(3, [raised("x")], [fail("broke")]), @r#"
        admitted
        + -1 3s OrchestratorStarted
        + -1 3s EventRaised { name: "x", input: Some(1) }
        + -1 3s OrchestratorCompleted
        + -1 3s ExecutionCompleted { status: Failed, failure: Some(Failure { error_type: "E", message: "broke" }) }
        > Send { target: "@a@1", message: EntityUnlock { section: "s" } }
        > Send { target: "@b@1", message: EntityUnlock { section: "s" } }
        > Send { target: "@a@1", message: EntityUnlock { section: "t" } }
        > Send { target: "@b@1", message: EntityUnlock { section: "t" } }
        > Finished(Failed)
        = Failed State { phase: Finished { status: Failed, at: 3s, failure: Some(Failure { error_type: "E", message: "broke" }) }, updated_at: 3s, history_events: 13, last_command: 2 }; wakes never
        "#);
        insta::assert_snapshot!(life().turn(3, [raised("x")], [again(2, &[])]), @r#"
        admitted
        new generation
        > Send { target: "@a@1", message: EntityUnlock { section: "s" } }
        > Send { target: "@b@1", message: EntityUnlock { section: "s" } }
        > Send { target: "@a@1", message: EntityUnlock { section: "t" } }
        > Send { target: "@b@1", message: EntityUnlock { section: "t" } }
        = Running State { phase: Pending, updated_at: 3s, history_events: 0, last_command: -1 }; wakes 0s
        "#);
        insta::assert_snapshot!(life().turn(3, [terminate(false)], []), @r#"
        admitted
        settled without an executor
        + -1 3s OrchestratorStarted
        + -1 3s ExecutionTerminated { output: Some(enough) }
        + -1 3s OrchestratorCompleted
        + -1 3s ExecutionCompleted { status: Terminated, result: Some(enough) }
        > Send { target: "@a@1", message: EntityUnlock { section: "s" } }
        > Send { target: "@b@1", message: EntityUnlock { section: "s" } }
        > Send { target: "@a@1", message: EntityUnlock { section: "t" } }
        > Send { target: "@b@1", message: EntityUnlock { section: "t" } }
        > Finished(Terminated)
        = Terminated State { phase: Finished { status: Terminated, at: 3s, output: Some(enough) }, updated_at: 3s, history_events: 13, last_command: 2 }; wakes never
        "#);
    }

    #[test]
    fn giving_up_on_what_was_asked_of_entities() {
        let mut life =
            Life::begun([lock(0, "s"), lock(1, "t"), entity_call(2, "r")]).then(2, [granted("s")], []);
        insta::assert_snapshot!(life.turn(3, [raised("x")], [cancel(3, 0), cancel(4, 1), cancel(5, 2)]), @r#"
        admitted
        + -1 3s OrchestratorStarted
        + -1 3s EventRaised { name: "x", input: Some(1) }
        + 3 3s OperationCanceled { task_id: 0 }
        + 4 3s OperationCanceled { task_id: 1 }
        + 5 3s OperationCanceled { task_id: 2 }
        + -1 3s OrchestratorCompleted
        > Send { target: "@a@1", message: EntityUnlock { section: "t" } }
        > Send { target: "@b@1", message: EntityUnlock { section: "t" } }
        = Running State { phase: Running, updated_at: 3s, history_events: 15, last_command: 5, sections: {"s": Section { task_id: 0, entities: ["@a@1", "@b@1"], held: true, asked_at: 1s }} }; wakes never
        "#);
        insta::assert_snapshot!(life.turn(4, [entity_done("r"), granted("t")], []), @r#"
        discarded: NotOutstanding
        discarded: NotOutstanding
        unchanged
        "#);
    }

    #[test]
    fn one_that_cannot_run_keeps_the_answers_that_it_waits_for() {
        let mut life = Life::begun([lock(0, "s"), entity_call(1, "r")]);
        let answers = [
            entity_done("r"),
            entity_failed("r"),
            granted("s"),
            granted("s"),
            granted("t"),
            entity_done("q"),
        ];
        insta::assert_snapshot!(life.hold(2, answers), @r#"
        admitted
        discarded: NotOutstanding
        admitted
        discarded: AlreadyHeld
        discarded: NotOutstanding
        discarded: NotOutstanding
        settled without an executor
        = Running State { phase: Running, updated_at: 2s, history_events: 5, last_command: 1, pending: [EntityOperationCompleted { request_id: "r", output: Some(ok) }, EntityLockGranted { section: "s", lock_set: ["@a@1", "@b@1"] }], requests: {"r": EntityRequest { task_id: 1, target: "@a@1", operation: "add", asked_at: 1s }}, sections: {"s": Section { task_id: 0, entities: ["@a@1", "@b@1"], asked_at: 1s }} }; wakes 2s
        "#);
    }

    #[test]
    fn only_facts_of_entities_can_be_sent_to_entities() {
        let went = |fact: EventKind| {
            let commands = Vec::from([Command::Entity { id: 0, fact: Box::new(fact) }]);
            Life::accepted().answer(1, [], TurnOutput { commands, ..TurnOutput::default() })
        };
        assert_eq!(
            went(EventKind::OrchestratorStarted),
            Err(InvalidOutput::NotAnEntityFact("OrchestratorStarted"))
        );
        let lock = |lock_set: &[InstanceId]| EventKind::EntityLockRequested {
            section: "s".into(),
            lock_set: lock_set.into(),
            position: 0,
            parent: None,
        };
        assert_eq!(went(lock(&[])), Err(InvalidOutput::NoEntity));
        insta::assert_snapshot!(went(lock(&[id("@a@1"), id("order")])).unwrap_err().to_string(), @r#"order is not an entity; the id of an entity has the form '@name@key'"#);
        assert_eq!(InvalidOutput::NoEntity.to_string(), "nothing says for which entity it is");
    }

    #[test]
    fn what_is_for_entities_alone() {
        let operation = crate::entity::Operation {
            request_id: "r".into(),
            name: "add".into(),
            input: None,
            caller: None,
            scheduled_at: None,
            trace: None,
        };
        let mut life = Life::begun([]);
        let messages = [
            Message::EntityOperation { operation: Box::new(operation) },
            Message::EntityUnlock { section: "s".into() },
        ];
        insta::assert_snapshot!(life.turn(2, messages.clone(), []), @r#"
        discarded: NotAnEntity
        discarded: NotAnEntity
        unchanged
        "#);
        insta::assert_snapshot!(life.hold(2, messages), @r#"
        discarded: NotAnEntity
        discarded: NotAnEntity
        unchanged
        "#);
    }
}
