//! The promises, checked from the history alone where it can be done, apart from the code that keeps them.

use super::{Life, Script, number};
use partita_kernel::codec::Wire;
use partita_kernel::history::{Placed, effective, turns};
use partita_kernel::replay::check_turn;
use partita_kernel::{
    Admission, Decision, Effect, Event, EventKind, ExecutionId, Head, Message, Name, Phase, State, Timestamp,
};
use std::collections::{BTreeMap, BTreeSet};

/// After a step.
pub(crate) fn promises(life: &Life, seed: u64) {
    let events = effective(&life.history);
    no_gaps(life);
    whole_turns(&events);
    let open = one_end_for_each(&events);
    if let Phase::Running | Phase::Suspended = life.instance.state.phase {
        state_follows(&life.instance.state, &open);
        let suspended = matches!(life.instance.state.phase, Phase::Suspended);
        assert_eq!(suspended, open.suspended);
    }
    every_prefix_replays(&events, seed);
    nothing_is_lost(life, &events);
    stored_forms(life);
    wakes(life);
}

/// Before a decision is taken over.
pub(crate) fn decision(life: &Life, decision: &Decision) {
    let finished = decision.effects.iter().filter(|effect| matches!(effect, Effect::Finished(_))).count();
    let ended = decision.instance.status().is_terminal();
    assert_eq!(finished, usize::from(ended), "told once that it ended");
    if decision.new_generation {
        assert_eq!(decision.events, [], "a new generation begins with its next turn");
    }
    let called: BTreeSet<(i32, ExecutionId)> = decision
        .effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::CallFunction(call) => Some((call.task_id, call.execution)),
            _ => None,
        })
        .collect();
    let waited = |tasks: &State| -> BTreeSet<(i32, ExecutionId)> {
        tasks.tasks.iter().map(|(id, task)| (*id, task.execution)).collect()
    };
    let (before, after) = (waited(&life.instance.state), waited(&decision.instance.state));
    assert!(!decision.new_generation || called.is_empty(), "nobody would hear the answer");
    let redelivered: BTreeSet<(i32, ExecutionId)> = decision
        .instance
        .state
        .pending
        .iter()
        .filter_map(|message| match message {
            Message::TaskCompleted { task_id, execution, .. } => Some((*task_id, *execution)),
            _ => None,
        })
        .collect();
    for task in after.difference(&before) {
        assert!(called.contains(task) || redelivered.contains(task), "P4: {task:?} is never called");
    }
}

/// P1.
fn no_gaps(life: &Life) {
    assert_eq!(life.instance.state.history_events as usize, life.history.len(), "P1: the length");
    assert!(life.history.is_sorted_by_key(|event| event.at), "P1: time goes on");
    let commands = effective(&life.history).into_iter().map(|placed| placed.event.id).filter(|id| *id >= 0);
    let commands: Vec<i32> = commands.collect();
    assert!(commands.is_sorted_by(|one, next| one < next), "ids grow: {commands:?}");
    assert!(commands.last().is_none_or(|last| *last <= life.instance.state.last_command));
}

/// What a history leaves open.
#[derive(Default)]
struct Open {
    tasks: BTreeSet<i32>,
    children: BTreeSet<i32>,
    timers: BTreeMap<i32, Timestamp>,
    requests: BTreeSet<Name>,
    /// Critical sections, and whether each is held.
    sections: BTreeMap<Name, bool>,
    suspended: bool,
}

/// P3 and P5.
fn one_end_for_each(events: &[Placed<'_>]) -> Open {
    let mut open = Open::default();
    for Placed { event, .. } in events {
        match &event.kind {
            EventKind::TaskScheduled { .. } => assert!(open.tasks.insert(event.id)),
            EventKind::SubOrchestrationCreated { detached: false, .. } => {
                assert!(open.children.insert(event.id));
            }
            EventKind::TimerCreated { fire_at } => {
                assert_eq!(open.timers.insert(event.id, *fire_at), None);
            }
            EventKind::TaskCompleted { task_id, .. } | EventKind::TaskFailed { task_id, .. } => {
                assert!(open.tasks.remove(task_id), "P3: task {task_id} has ended or never was");
            }
            EventKind::SubOrchestrationCompleted { task_id, .. }
            | EventKind::SubOrchestrationFailed { task_id, .. } => {
                assert!(open.children.remove(task_id), "P3: child {task_id} has ended or never was");
            }
            EventKind::TimerFired { timer_id, fire_at } => {
                assert_eq!(open.timers.remove(timer_id), Some(*fire_at), "P5: timer {timer_id} fires once");
                assert!(event.at >= *fire_at, "P5: timer {timer_id} fires before its time");
            }
            EventKind::OperationCanceled { task_id } => {
                open.tasks.remove(task_id);
                open.children.remove(task_id);
                open.timers.remove(task_id);
                open.requests.remove(format!("r{task_id}").as_str());
                open.sections.retain(|section, held| *held || **section != format!("s{task_id}"));
            }
            kind => entities(kind, &mut open),
        }
    }
    open
}

/// The part of P3 that is about entities.
fn entities(kind: &EventKind, open: &mut Open) {
    match kind {
        EventKind::EntityOperationCalled { request_id, .. } => {
            assert!(open.requests.insert(request_id.clone()));
        }
        EventKind::EntityOperationCompleted { request_id, .. }
        | EventKind::EntityOperationFailed { request_id, .. } => {
            assert!(open.requests.remove(request_id), "P3: {request_id} has ended or never was");
        }
        EventKind::EntityLockRequested { section, .. } => {
            assert_eq!(open.sections.insert(section.clone(), false), None);
        }
        // The script releases one of the two entities at a time, and the other one at the end.
        EventKind::EntityLockGranted { section } => {
            assert_eq!(open.sections.insert(section.clone(), true), Some(false), "P3: {section} begins once");
        }
        EventKind::ExecutionSuspended { .. } => open.suspended = true,
        EventKind::ExecutionResumed { .. } => open.suspended = false,
        _ => {}
    }
}

/// What counts is made of whole turns, whatever was taken back.
fn whole_turns(events: &[Placed<'_>]) {
    let mut open = false;
    for Placed { index, event } in events {
        match event.kind {
            EventKind::OrchestratorStarted => assert!(!std::mem::replace(&mut open, true), "event {index}"),
            EventKind::OrchestratorCompleted => assert!(std::mem::take(&mut open), "event {index}"),
            EventKind::ExecutionRewound { .. } | EventKind::ExecutionCompleted { .. } => {
                assert!(!open, "event {index}");
            }
            _ => assert!(open, "event {index}"),
        }
    }
    assert!(!open);
}

/// An answer to another generation's request, or to none, changes nothing.
pub(crate) fn admission(state: &State, message: &Message, admission: &Admission) {
    let awaited = match message {
        Message::TaskCompleted { task_id, execution, .. }
        | Message::TaskFailed { task_id, execution, .. } => {
            state.tasks.get(task_id).is_some_and(|task| task.execution == *execution)
        }
        Message::SubOrchestrationCompleted { task_id, execution, .. }
        | Message::SubOrchestrationFailed { task_id, execution, .. } => {
            state.children.get(task_id).is_some_and(|child| child.execution == *execution)
        }
        _ => true,
    };
    assert!(awaited || matches!(admission, Admission::Discarded(_)), "P3: {message:?}");
}

/// The state says what the history says.
fn state_follows(state: &State, open: &Open) {
    assert_eq!(state.tasks.keys().copied().collect::<BTreeSet<_>>(), open.tasks);
    assert_eq!(state.children.keys().copied().collect::<BTreeSet<_>>(), open.children);
    assert_eq!(state.timers.iter().map(|(at, id)| (id, at)).collect::<BTreeMap<_, _>>(), open.timers);
    assert_eq!(state.requests.keys().cloned().collect::<BTreeSet<_>>(), open.requests);
    let sections = state.sections.iter().map(|(section, asked)| (section.clone(), asked.held));
    assert_eq!(sections.collect::<BTreeMap<_, _>>(), open.sections);
}

/// P6.
fn every_prefix_replays(events: &[Placed<'_>], seed: u64) {
    let mut script = Script::new(seed);
    for recorded in turns(events) {
        let incoming: Vec<&Event> = recorded.incoming.iter().map(|placed| placed.event).collect();
        let commands = script.turn(&incoming, ExecutionId(0)).commands;
        check_turn(&recorded, &commands).unwrap_or_else(|mismatch| panic!("P6: {mismatch}"));
    }
}

/// P2: an external event that was acknowledged counts, or waits to.
fn nothing_is_lost(life: &Life, events: &[Placed<'_>]) {
    let recorded = events.iter().filter_map(|placed| match &placed.event.kind {
        EventKind::EventRaised { input, .. } => Some(number(input.as_ref())),
        _ => None,
    });
    let waiting = life.instance.state.pending.iter().filter_map(|message| match message {
        Message::EventRaised { input, .. } => Some(number(input.as_ref())),
        _ => None,
    });
    let kept: Vec<String> = recorded.chain(waiting).collect();
    assert_eq!(kept, life.owed, "P2: in the order of their arrival");
}

fn stored_forms(life: &Life) {
    let (head, state) = (&life.instance.head, &life.instance.state);
    assert_eq!(Head::from_bytes(&head.to_bytes()).as_ref(), Ok(head));
    assert_eq!(State::from_bytes(&state.to_bytes()).as_ref(), Ok(state));
    assert_eq!(Vec::<Event>::from_bytes(&life.history.to_bytes()).as_ref(), Ok(&life.history));
}

/// P7: whatever can go on is looked at again, by itself or by a new owner.
fn wakes(life: &Life) {
    let (instance, state) = (&life.instance, &life.instance.state);
    let wake = instance.next_wake();
    match state.phase {
        Phase::Finished { .. } => assert_eq!((wake, instance.needs_recovery()), (None, false)),
        Phase::Pending => assert!(wake.is_some()),
        Phase::Running | Phase::Suspended => {
            assert!(state.pending.is_empty() || wake.is_some_and(|at| at <= state.updated_at));
            assert!(state.timers.is_empty() || wake.is_some());
            assert!(state.tasks.is_empty() || instance.needs_recovery());
        }
    }
}
