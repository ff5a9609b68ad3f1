//! The way back of a failed instance to its last good state.
//!
//! The turn that took the last failure in is undone, with every later one, and so are the turns just
//! before it that took failures in without asking for anything (a fan-out that collects them, say). The
//! functions and sub-orchestrations that failed run again; whatever else had arrived is delivered again. A
//! failure that the orchestrator had acted upon, by a retry for instance, stays: of a call with retries,
//! the last attempt runs again.
//!
//! Only whole turns at the end are undone, never one event in the middle: what stays is a history that the
//! orchestrator really had, so that replaying it asks for the same things again.
//!
//! Nothing is deleted: the history gains one [`ExecutionRewound`](EventKind::ExecutionRewound), which
//! says what no longer counts.

use crate::effect::{Effect, WorkItem};
use crate::entity::{Caller, Operation};
use crate::event::{Event, EventKind};
use crate::history::{Placed, RecordedTurn, effective, turns};
use crate::ids::{ExecutionId, InstanceId};
use crate::instance::{Child, EntityRequest, Instance, Phase, Section, State, Status, Task, Timers};
use crate::message::{Discard, Message, Start};
use crate::turn::Decision;
use crate::value::{Name, ParentLink, Payload, Timestamp};
use alloc::{boxed::Box, collections::BTreeMap, collections::BTreeSet, vec::Vec};

/// Takes a failed instance back.
///
/// # Errors
/// When it has not failed.
pub fn rewind(
    instance: Instance,
    history: &[Event],
    reason: Option<Payload>,
    execution: ExecutionId,
    now: Timestamp,
) -> Result<Decision, Box<(Instance, Discard)>> {
    let status = instance.status();
    if status != Status::Failed {
        return Err(Box::new((instance, Discard::NotFailed(status))));
    }
    let now = now.max(instance.state.updated_at);
    let events = effective(history);
    let turns = turns(&events);
    let plan = Plan::make(&turns);
    Ok(plan.carry_out(instance, &events, reason, execution, now))
}

struct Plan<'a> {
    /// Recorded events from this index on no longer count.
    cut: usize,
    /// What had arrived after the cut.
    arrived: Vec<Placed<'a>>,
}

impl<'a> Plan<'a> {
    fn make(turns: &[RecordedTurn<'a>]) -> Self {
        let (_, after) = turns.split_at(first_undone(turns));
        Self {
            cut: after.first().map_or(0, |turn| turn.started.index),
            arrived: after.iter().flat_map(|turn| turn.incoming.iter().copied()).collect(),
        }
    }

    fn carry_out(
        &self,
        mut instance: Instance,
        events: &[Placed<'a>],
        reason: Option<Payload>,
        execution: ExecutionId,
        now: Timestamp,
    ) -> Decision {
        let kept: Vec<Placed<'a>> = events.iter().filter(|placed| placed.index < self.cut).copied().collect();
        let mut open = Open::collect(&kept, instance.head.execution);
        let pending = self.arrived.iter().filter_map(|placed| open.redeliver(placed.event)).collect();
        let effects = open.run_again(&instance, execution, reason.as_ref());
        let cut = u32::try_from(self.cut).unwrap_or(u32::MAX);
        let rewound = EventKind::ExecutionRewound { reason, execution, cut, dropped: Vec::new() };
        let event = Event::incoming(now, rewound);
        instance.head.execution = execution;
        let begun = kept.iter().any(|placed| matches!(placed.event.kind, EventKind::ExecutionStarted { .. }));
        instance.state = State {
            phase: open.phase(begun),
            history_events: instance.state.history_events.saturating_add(1),
            last_command: kept.iter().map(|placed| placed.event.id).max().unwrap_or(-1),
            custom_status: instance.state.custom_status.take(),
            tasks: open.tasks.into_iter().map(|(id, (task, _))| (id, task)).collect(),
            children: open.children.into_iter().map(|(id, (child, _))| (id, child)).collect(),
            timers: open.timers,
            pending,
            requests: open.requests.into_iter().map(|(name, (request, _))| (name, request)).collect(),
            sections: open.sections,
            ..State::new(now)
        };
        Decision { instance, events: Vec::from([event]), effects, new_generation: false }
    }
}

/// The first turn that is undone: the one that took the last failure in, or an earlier one from which on
/// the orchestrator only collected outcomes; the last turn of all when nothing that it asked for failed.
fn first_undone(turns: &[RecordedTurn<'_>]) -> usize {
    let Some(last) = turns.iter().rposition(takes_failure) else {
        return turns.len().saturating_sub(1);
    };
    let collecting = turns
        .iter()
        .enumerate()
        .take(last)
        .rev()
        .take_while(|(_, turn)| turn.outgoing.is_empty())
        .filter(|(_, turn)| takes_failure(turn))
        .last();
    collecting.map_or(last, |(index, _)| index)
}

fn takes_failure(turn: &RecordedTurn<'_>) -> bool {
    turn.incoming.iter().any(|placed| {
        matches!(
            placed.event.kind,
            EventKind::TaskFailed { .. }
                | EventKind::SubOrchestrationFailed { .. }
                | EventKind::EntityOperationFailed { .. }
        )
    })
}

/// What the kept part of the history leaves open.
struct Open<'a> {
    tasks: BTreeMap<i32, (Task, &'a Event)>,
    children: BTreeMap<i32, (Child, &'a Event)>,
    timers: Timers,
    requests: BTreeMap<Name, (EntityRequest, &'a Event)>,
    sections: BTreeMap<Name, Section>,
    suspended: bool,
    /// Which of the tasks, children and requests are answered by what comes again.
    arrived: BTreeSet<i32>,
    /// The generation in force.
    generation: ExecutionId,
}

impl<'a> Open<'a> {
    fn collect(kept: &[Placed<'a>], fallback: ExecutionId) -> Self {
        let mut open = Self {
            tasks: BTreeMap::new(),
            children: BTreeMap::new(),
            timers: Timers::default(),
            requests: BTreeMap::new(),
            sections: BTreeMap::new(),
            suspended: false,
            arrived: BTreeSet::new(),
            generation: fallback,
        };
        for placed in kept {
            open.apply(placed.event);
        }
        open
    }

    fn apply(&mut self, event: &'a Event) {
        let (id, execution) = (event.id, self.generation);
        match &event.kind {
            EventKind::ExecutionStarted { execution, .. } | EventKind::ExecutionRewound { execution, .. } => {
                self.generation = *execution;
            }
            EventKind::TaskScheduled { name, .. } => {
                let task = Task { name: name.clone(), execution, scheduled_at: event.at };
                self.tasks.insert(id, (task, event));
            }
            EventKind::SubOrchestrationCreated { instance, name, detached: false, .. } => {
                let child = Child { instance: instance.clone(), name: name.clone(), execution };
                self.children.insert(id, (child, event));
            }
            EventKind::TimerCreated { fire_at } => self.timers.add(*fire_at, id),
            EventKind::TaskCompleted { task_id, .. }
            | EventKind::TaskFailed { task_id, .. }
            | EventKind::SubOrchestrationCompleted { task_id, .. }
            | EventKind::SubOrchestrationFailed { task_id, .. }
            | EventKind::TimerFired { timer_id: task_id, .. } => self.close(*task_id),
            EventKind::OperationCanceled { task_id } => {
                self.close(*task_id);
                self.requests.retain(|_, (request, _)| request.task_id != *task_id);
                self.sections.retain(|_, asked| asked.held || asked.task_id != *task_id);
            }
            EventKind::EntityOperationCalled { request_id, operation, target: Some(target), .. } => {
                let (operation, target) = (operation.clone(), target.clone());
                let request = EntityRequest { task_id: id, target, operation, asked_at: event.at };
                self.requests.insert(request_id.clone(), (request, event));
            }
            EventKind::EntityOperationCompleted { request_id, .. }
            | EventKind::EntityOperationFailed { request_id, .. } => {
                self.requests.remove(request_id);
            }
            EventKind::EntityLockRequested { section, lock_set, .. } => {
                let asked = Section::new(id, lock_set, event.at);
                self.sections.insert(section.clone(), asked);
            }
            EventKind::EntityLockGranted { section } => {
                if let Some(asked) = self.sections.get_mut(section) {
                    asked.held = true;
                }
            }
            EventKind::EntityUnlockSent { section, target: Some(target), .. } => {
                if let Some(asked) = self.sections.get_mut(section) {
                    asked.entities.retain(|entity| entity != target);
                }
                self.sections.retain(|_, asked| !asked.entities.is_empty());
            }
            EventKind::ExecutionSuspended { .. } => self.suspended = true,
            EventKind::ExecutionResumed { .. } => self.suspended = false,
            _ => {}
        }
    }

    fn close(&mut self, task_id: i32) {
        self.tasks.remove(&task_id);
        self.children.remove(&task_id);
        self.timers.cancel(task_id);
    }

    fn phase(&self, begun: bool) -> Phase {
        match (begun, self.suspended) {
            (false, _) => Phase::Pending,
            (true, true) => Phase::Suspended,
            (true, false) => Phase::Running,
        }
    }

    /// What arrived after the cut comes again, unless it is a failure, answers something that no longer
    /// counts, or comes again by itself.
    fn redeliver(&mut self, event: &Event) -> Option<Message> {
        match &event.kind {
            EventKind::TaskCompleted { task_id, result } => {
                let (task, _) = self.tasks.get(task_id)?;
                self.arrived.insert(*task_id);
                Some(Message::TaskCompleted {
                    task_id: *task_id,
                    execution: task.execution,
                    result: result.clone(),
                })
            }
            EventKind::SubOrchestrationCompleted { task_id, result } => {
                let (child, _) = self.children.get(task_id)?;
                self.arrived.insert(*task_id);
                Some(Message::SubOrchestrationCompleted {
                    task_id: *task_id,
                    execution: child.execution,
                    result: result.clone(),
                })
            }
            EventKind::EventRaised { name, input } => {
                Some(Message::EventRaised { name: name.clone(), input: input.clone() })
            }
            EventKind::ExecutionResumed { reason } if self.suspended => {
                Some(Message::Resume { reason: reason.clone() })
            }
            EventKind::EntityOperationCompleted { request_id, output } => {
                let (request, _) = self.requests.get(request_id)?;
                self.arrived.insert(request.task_id);
                let (request_id, output) = (request_id.clone(), output.clone());
                Some(Message::EntityOperationCompleted { request_id, output })
            }
            _ => None,
        }
    }

    /// Functions are called again, under the new generation; children are asked to go back themselves; entities
    /// are asked and locked again, as what the failed generation had asked was forgotten when it ended.
    fn run_again(
        &mut self,
        parent: &Instance,
        execution: ExecutionId,
        reason: Option<&Payload>,
    ) -> Vec<Effect> {
        let mut effects = Vec::new();
        for (id, (task, event)) in &mut self.tasks {
            if let (false, EventKind::TaskScheduled { name, version, input, tags, trace }) =
                (self.arrived.contains(id), &event.kind)
            {
                task.execution = execution;
                effects.push(Effect::CallFunction(WorkItem {
                    task_id: *id,
                    execution,
                    name: name.clone(),
                    version: version.clone(),
                    input: input.clone(),
                    tags: tags.clone(),
                    trace: trace.clone(),
                }));
            }
        }
        for (id, (child, event)) in &self.children {
            if !self.arrived.contains(id) {
                let otherwise = start_again(parent, execution, *id, child, event).map(Box::new);
                let message = Message::Rewind { reason: reason.cloned(), otherwise };
                effects.push(Effect::Send { target: child.instance.clone(), message });
            }
        }
        let caller = Caller { instance: parent.id.clone(), execution };
        for (section, asked) in &self.sections {
            effects.extend(crate::machine::lock(section, &asked.entities, &caller));
        }
        for (request, event) in self.requests.values() {
            if !self.arrived.contains(&request.task_id) {
                effects.extend(ask_again(parent, &caller, event));
            }
        }
        effects
    }
}

/// The operation of an entity that an event records.
fn ask_again(parent: &Instance, caller: &Caller, event: &Event) -> Option<Effect> {
    let EventKind::EntityOperationCalled { request_id, operation, scheduled_at, input, target, .. } =
        &event.kind
    else {
        return None;
    };
    let operation = Operation {
        request_id: request_id.clone(),
        name: operation.clone(),
        input: input.clone(),
        caller: Some(Box::new(caller.clone())),
        scheduled_at: *scheduled_at,
        trace: parent.head.trace.clone(),
    };
    let message = Message::EntityOperation { operation: Box::new(operation) };
    target.clone().map(|target| Effect::Send { target, message })
}

/// What a child is made again from when it is gone. Its generation is a new one, so that what still comes
/// for the child that it replaces is not taken for its own.
fn start_again(
    parent: &Instance,
    execution: ExecutionId,
    id: i32,
    child: &Child,
    event: &Event,
) -> Option<Start> {
    let EventKind::SubOrchestrationCreated { name, version, input, tags, trace, detached, .. } = &event.kind
    else {
        return None;
    };
    let link = ParentLink {
        instance: InstanceId::clone(&parent.id),
        name: parent.head.name.clone(),
        version: parent.head.version.clone(),
        execution: child.execution,
        task_id: id,
        detached: *detached,
    };
    Some(Start {
        name: name.clone(),
        version: version.clone(),
        input: input.clone(),
        execution: crate::machine::first_generation(execution, id),
        parent: Some(Box::new(link)),
        scheduled_at: None,
        tags: tags.clone(),
        trace: trace.clone(),
        replaceable: Vec::from(Status::ALL),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Command;
    use crate::testkit::*;
    use alloc::string::String;

    fn rewound(life: &mut Life) -> String {
        let shown = life.rewind(10, 2).expect("it has failed");
        assert_eq!(life.instance.head.execution, generation(2));
        shown
    }

    #[test]
    fn the_failed_call_is_made_again() {
        let mut life = Life::begun([task(0, "a")]).then(2, [failed(0, 1)], [fail("broke")]);
        insta::assert_snapshot!(rewound(&mut life), @r#"
        rewound
        + -1 10s ExecutionRewound { reason: Some(again), execution: g2, cut: 4 }
        > CallFunction(WorkItem { task_id: 0, execution: g2, name: "a" })
        = Running State { phase: Running, updated_at: 10s, history_events: 9, last_command: 0, tasks: {0: Task { name: "a", execution: g2, scheduled_at: 1s }} }; wakes never
        "#);
        insta::assert_snapshot!(life.turn(11, [done(0, 1)], []), @r"
        discarded: NotOutstanding
        unchanged
        ");
        insta::assert_snapshot!(life.turn(12, [done(0, 2)], [complete("1")]), @r"
        admitted
        + -1 12s OrchestratorStarted
        + -1 12s TaskCompleted { task_id: 0, result: Some(ok) }
        + -1 12s OrchestratorCompleted
        + -1 12s ExecutionCompleted { status: Completed, result: Some(1) }
        > Finished(Completed)
        = Completed State { phase: Finished { status: Completed, at: 12s, output: Some(1) }, updated_at: 12s, history_events: 13, last_command: 0 }; wakes never
        ");
    }

    #[test]
    fn after_retries_the_last_attempt_is_made_again() {
        let mut life = Life::begun([task(0, "a")])
            .then(2, [failed(0, 1)], [timer(1, 4)])
            .then(4, [], [task(2, "a")])
            .then(5, [failed(2, 1)], [fail("broke")]);
        insta::assert_snapshot!(rewound(&mut life), @r#"
        rewound
        + -1 10s ExecutionRewound { reason: Some(again), execution: g2, cut: 12 }
        > CallFunction(WorkItem { task_id: 2, execution: g2, name: "a" })
        = Running State { phase: Running, updated_at: 10s, history_events: 17, last_command: 2, tasks: {2: Task { name: "a", execution: g2, scheduled_at: 4s }} }; wakes never
        "#);
    }

    #[test]
    fn all_failures_of_a_fan_out_are_made_again_and_successes_are_not() {
        let mut life = Life::begun([task(0, "a"), task(1, "b"), task(2, "c"), task(3, "d")])
            .then(2, [done(3, 1)], [])
            .then(3, [failed(0, 1)], [])
            .then(4, [done(1, 1)], [])
            .then(5, [failed(2, 1)], [fail("two of four")]);
        insta::assert_snapshot!(rewound(&mut life), @r#"
        rewound
        + -1 10s ExecutionRewound { reason: Some(again), execution: g2, cut: 10 }
        > CallFunction(WorkItem { task_id: 0, execution: g2, name: "a" })
        > CallFunction(WorkItem { task_id: 2, execution: g2, name: "c" })
        = Running State { phase: Running, updated_at: 10s, history_events: 21, last_command: 3, tasks: {0: Task { name: "a", execution: g2, scheduled_at: 1s }, 1: Task { name: "b", execution: g1, scheduled_at: 1s }, 2: Task { name: "c", execution: g2, scheduled_at: 1s }}, pending: [TaskCompleted { task_id: 1, execution: g1, result: Some(ok) }] }; wakes 10s
        "#);
        insta::assert_snapshot!(life.turn(10, [], []), @r#"
        + -1 10s OrchestratorStarted
        + -1 10s TaskCompleted { task_id: 1, result: Some(ok) }
        + -1 10s OrchestratorCompleted
        = Running State { phase: Running, updated_at: 10s, history_events: 24, last_command: 3, tasks: {0: Task { name: "a", execution: g2, scheduled_at: 1s }, 2: Task { name: "c", execution: g2, scheduled_at: 1s }} }; wakes never
        "#);
    }

    #[test]
    fn a_fan_out_that_gives_up_at_once() {
        let mut life = Life::begun([task(0, "a"), task(1, "b")]).then(2, [failed(0, 1)], [fail("broke")]);
        life.turn(3, [done(1, 1)], []);
        insta::assert_snapshot!(rewound(&mut life), @r#"
        rewound
        + -1 10s ExecutionRewound { reason: Some(again), execution: g2, cut: 5 }
        > CallFunction(WorkItem { task_id: 0, execution: g2, name: "a" })
        > CallFunction(WorkItem { task_id: 1, execution: g2, name: "b" })
        = Running State { phase: Running, updated_at: 10s, history_events: 10, last_command: 1, tasks: {0: Task { name: "a", execution: g2, scheduled_at: 1s }, 1: Task { name: "b", execution: g2, scheduled_at: 1s }} }; wakes never
        "#);
    }

    #[test]
    fn a_failure_after_which_the_orchestrator_went_on_stays() {
        let mut life = Life::begun([task(0, "a"), task(1, "b")])
            .then(2, [failed(0, 1)], [])
            .then(3, [done(1, 1)], [task(2, "without a")])
            .then(4, [failed(2, 1)], [fail("broke")]);
        insta::assert_snapshot!(rewound(&mut life), @r#"
        rewound
        + -1 10s ExecutionRewound { reason: Some(again), execution: g2, cut: 12 }
        > CallFunction(WorkItem { task_id: 2, execution: g2, name: "without a" })
        = Running State { phase: Running, updated_at: 10s, history_events: 17, last_command: 2, tasks: {2: Task { name: "without a", execution: g2, scheduled_at: 3s }} }; wakes never
        "#);
        let counted = effective(&life.history);
        let failures = counted.iter().filter(|placed| placed.event.kind.kind() == "TaskFailed").count();
        assert_eq!(failures, 1, "the second turn saw `a` fail, and its replay must see it too");
    }

    #[test]
    fn a_failed_child_is_asked_to_go_back() {
        let mut life =
            Life::begun([child(0, "c"), task(1, "a")]).then(2, [child_failed(0, 1)], [fail("broke")]);
        insta::assert_snapshot!(rewound(&mut life), @r#"
        rewound
        + -1 10s ExecutionRewound { reason: Some(again), execution: g2, cut: 5 }
        > CallFunction(WorkItem { task_id: 1, execution: g2, name: "a" })
        > Send { target: "c", message: Rewind { reason: Some(again), otherwise: Some(Start { name: "sub", execution: 68e9fd3cfbcd6863db1f6ac4b44f2bc6, parent: Some(ParentLink { instance: "i", name: "flow", execution: g1, task_id: 0 }), replaceable: [Running, Completed, ContinuedAsNew, Failed, Canceled, Terminated, Pending, Suspended] }) } }
        = Running State { phase: Running, updated_at: 10s, history_events: 10, last_command: 1, tasks: {1: Task { name: "a", execution: g2, scheduled_at: 1s }}, children: {0: Child { instance: "c", name: "sub", execution: g1 }} }; wakes never
        "#);
        insta::assert_snapshot!(life.turn(11, [child_done(0, 1)], [complete("1")]), @r"
        admitted
        + -1 11s OrchestratorStarted
        + -1 11s SubOrchestrationCompleted { task_id: 0, result: Some(ok) }
        + -1 11s OrchestratorCompleted
        + -1 11s ExecutionCompleted { status: Completed, result: Some(1) }
        > CancelFunction { task_id: 1, execution: g2 }
        > Finished(Completed)
        = Completed State { phase: Finished { status: Completed, at: 11s, output: Some(1) }, updated_at: 11s, history_events: 14, last_command: 1 }; wakes never
        ");
    }

    #[test]
    fn without_a_failed_task_the_last_turn_runs_again() {
        let mut life = Life::begun([task(0, "a")]).then(2, [done(0, 1)], [task(1, "b")]).then(
            3,
            [done(1, 1), raised("x")],
            [fail("a bug")],
        );
        insta::assert_snapshot!(rewound(&mut life), @r#"
        rewound
        + -1 10s ExecutionRewound { reason: Some(again), execution: g2, cut: 8 }
        = Running State { phase: Running, updated_at: 10s, history_events: 14, last_command: 1, tasks: {1: Task { name: "b", execution: g1, scheduled_at: 2s }}, pending: [TaskCompleted { task_id: 1, execution: g1, result: Some(ok) }, EventRaised { name: "x", input: Some(1) }] }; wakes 10s
        "#);
        insta::assert_snapshot!(life.turn(10, [], [complete("1")]), @r#"
        + -1 10s OrchestratorStarted
        + -1 10s TaskCompleted { task_id: 1, result: Some(ok) }
        + -1 10s EventRaised { name: "x", input: Some(1) }
        + -1 10s OrchestratorCompleted
        + -1 10s ExecutionCompleted { status: Completed, result: Some(1) }
        > Finished(Completed)
        = Completed State { phase: Finished { status: Completed, at: 10s, output: Some(1) }, updated_at: 10s, history_events: 19, last_command: 1 }; wakes never
        "#);
    }

    #[test]
    fn a_failure_in_the_first_turn_undoes_everything() {
        let mut life = Life::accepted().then(1, [raised("x")], [fail("a bug")]);
        insta::assert_snapshot!(rewound(&mut life), @r#"
        rewound
        + -1 10s ExecutionRewound { reason: Some(again), execution: g2, cut: 0 }
        = Pending State { phase: Pending, updated_at: 10s, history_events: 6, last_command: -1, pending: [EventRaised { name: "x", input: Some(1) }] }; wakes 0s
        "#);
        insta::assert_snapshot!(life.turn(10, [], [complete("1")]), @r#"
        + -1 10s OrchestratorStarted
        + -1 10s ExecutionStarted { name: "flow", input: Some(0), execution: g2 }
        + -1 10s EventRaised { name: "x", input: Some(1) }
        + -1 10s OrchestratorCompleted
        + -1 10s ExecutionCompleted { status: Completed, result: Some(1) }
        > Finished(Completed)
        = Completed State { phase: Finished { status: Completed, at: 10s, output: Some(1) }, updated_at: 10s, history_events: 11, last_command: -1 }; wakes never
        "#);
        let counted: Vec<_> = effective(&life.history).iter().map(|placed| placed.index).collect();
        assert_eq!(counted, [5, 6, 7, 8, 9, 10]);
    }

    #[test]
    fn what_arrived_in_the_undone_part_comes_again_in_order() {
        let mut life = Life::begun([task(0, "a"), timer(1, 4), task(2, "b")])
            .then(2, [raised("x"), failed(0, 1), raised("y")], [task(3, "compensate")])
            .then(3, [done(3, 1), done(2, 1)], [])
            .then(4, [raised("z")], [fail("broke")]);
        insta::assert_snapshot!(rewound(&mut life), @r#"
        rewound
        + -1 10s ExecutionRewound { reason: Some(again), execution: g2, cut: 6 }
        > CallFunction(WorkItem { task_id: 0, execution: g2, name: "a" })
        = Running State { phase: Running, updated_at: 10s, history_events: 22, last_command: 2, tasks: {0: Task { name: "a", execution: g2, scheduled_at: 1s }, 2: Task { name: "b", execution: g1, scheduled_at: 1s }}, timers: {(4s, 1)}, pending: [EventRaised { name: "x", input: Some(1) }, EventRaised { name: "y", input: Some(1) }, TaskCompleted { task_id: 2, execution: g1, result: Some(ok) }, EventRaised { name: "z", input: Some(1) }] }; wakes 10s
        "#);
        insta::assert_snapshot!(life.turn(10, [], []), @r#"
        + -1 10s OrchestratorStarted
        + -1 10s EventRaised { name: "x", input: Some(1) }
        + -1 10s EventRaised { name: "y", input: Some(1) }
        + -1 10s TaskCompleted { task_id: 2, result: Some(ok) }
        + -1 10s EventRaised { name: "z", input: Some(1) }
        + -1 10s TimerFired { timer_id: 1, fire_at: 4s }
        + -1 10s OrchestratorCompleted
        = Running State { phase: Running, updated_at: 10s, history_events: 29, last_command: 2, tasks: {0: Task { name: "a", execution: g2, scheduled_at: 1s }} }; wakes never
        "#);
    }

    #[test]
    fn compensation_is_undone_with_its_timers_and_children() {
        let mut life = Life::begun([task(0, "a"), timer(1, 99)])
            .then(2, [failed(0, 1)], [cancel(2, 1), child(3, "undo"), timer(4, 50)])
            .then(3, [child_done(3, 1)], [fail("compensated")]);
        insta::assert_snapshot!(rewound(&mut life), @r#"
        rewound
        + -1 10s ExecutionRewound { reason: Some(again), execution: g2, cut: 5 }
        > CallFunction(WorkItem { task_id: 0, execution: g2, name: "a" })
        = Running State { phase: Running, updated_at: 10s, history_events: 16, last_command: 1, tasks: {0: Task { name: "a", execution: g2, scheduled_at: 1s }}, timers: {(99s, 1)} }; wakes 99s
        "#);
        insta::assert_snapshot!(life.turn(11, [child_done(3, 1), done(0, 2)], [task(2, "b")]), @r#"
        discarded: NotOutstanding
        admitted
        + -1 11s OrchestratorStarted
        + -1 11s TaskCompleted { task_id: 0, result: Some(ok) }
        + 2 11s TaskScheduled { name: "b" }
        + -1 11s OrchestratorCompleted
        > CallFunction(WorkItem { task_id: 2, execution: g2, name: "b" })
        = Running State { phase: Running, updated_at: 11s, history_events: 20, last_command: 2, tasks: {2: Task { name: "b", execution: g2, scheduled_at: 11s }}, timers: {(99s, 1)} }; wakes 99s
        "#);
    }

    #[test]
    fn twice() {
        let mut life = Life::begun([task(0, "a")]).then(2, [failed(0, 1)], [fail("broke")]);
        rewound(&mut life);
        life.turn(11, [done(0, 2)], [task(1, "b"), task(2, "c")]);
        life.turn(12, [failed(1, 2)], []);
        life.turn(13, [done(2, 2)], [fail("broke again")]);
        insta::assert_snapshot!(life.rewind(20, 3).expect("failed"), @r#"
        rewound
        + -1 20s ExecutionRewound { reason: Some(again), execution: g3, cut: 14 }
        > CallFunction(WorkItem { task_id: 1, execution: g3, name: "b" })
        = Running State { phase: Running, updated_at: 20s, history_events: 22, last_command: 2, tasks: {1: Task { name: "b", execution: g3, scheduled_at: 11s }, 2: Task { name: "c", execution: g2, scheduled_at: 11s }}, pending: [TaskCompleted { task_id: 2, execution: g2, result: Some(ok) }] }; wakes 20s
        "#);
        insta::assert_snapshot!(life.turn(21, [done(1, 3)], [complete("1")]), @r"
        admitted
        + -1 21s OrchestratorStarted
        + -1 21s TaskCompleted { task_id: 2, result: Some(ok) }
        + -1 21s TaskCompleted { task_id: 1, result: Some(ok) }
        + -1 21s OrchestratorCompleted
        + -1 21s ExecutionCompleted { status: Completed, result: Some(1) }
        > Finished(Completed)
        = Completed State { phase: Finished { status: Completed, at: 21s, output: Some(1) }, updated_at: 21s, history_events: 27, last_command: 2 }; wakes never
        ");
        let kinds: Vec<_> = effective(&life.history).iter().map(|placed| placed.event.kind.kind()).collect();
        insta::assert_snapshot!(kinds.join(" "), @"OrchestratorStarted ExecutionStarted TaskScheduled OrchestratorCompleted ExecutionRewound OrchestratorStarted TaskCompleted TaskScheduled TaskScheduled OrchestratorCompleted ExecutionRewound OrchestratorStarted TaskCompleted TaskCompleted OrchestratorCompleted ExecutionCompleted");
    }

    #[test]
    fn twice_at_the_same_place() {
        let mut life = Life::begun([task(0, "a")]).then(2, [failed(0, 1)], [fail("broke")]);
        rewound(&mut life);
        life.turn(11, [failed(0, 2)], [fail("broke")]);
        insta::assert_snapshot!(life.rewind(20, 3).expect("failed"), @r#"
        rewound
        + -1 20s ExecutionRewound { reason: Some(again), execution: g3, cut: 9 }
        > CallFunction(WorkItem { task_id: 0, execution: g3, name: "a" })
        = Running State { phase: Running, updated_at: 20s, history_events: 14, last_command: 0, tasks: {0: Task { name: "a", execution: g3, scheduled_at: 1s }} }; wakes never
        "#);
    }

    #[test]
    fn one_that_was_suspended_stays_so_unless_it_had_gone_on() {
        let stopped = Life::begun([task(0, "a")]).then(2, [suspend()], []);
        let mut in_one_turn = stopped.clone().then(3, [failed(0, 1), resume()], [fail("broke")]);
        insta::assert_snapshot!(rewound(&mut in_one_turn), @r#"
        rewound
        + -1 10s ExecutionRewound { reason: Some(again), execution: g2, cut: 7 }
        > CallFunction(WorkItem { task_id: 0, execution: g2, name: "a" })
        = Running State { phase: Suspended, updated_at: 10s, history_events: 13, last_command: 0, tasks: {0: Task { name: "a", execution: g2, scheduled_at: 1s }}, pending: [Resume { reason: Some(go) }] }; wakes 10s
        "#);
        let mut later = stopped.then(3, [failed(0, 1)], []).then(4, [resume()], [fail("broke")]);
        insta::assert_snapshot!(rewound(&mut later), @r#"
        rewound
        + -1 10s ExecutionRewound { reason: Some(again), execution: g2, cut: 7 }
        > CallFunction(WorkItem { task_id: 0, execution: g2, name: "a" })
        = Running State { phase: Suspended, updated_at: 10s, history_events: 15, last_command: 0, tasks: {0: Task { name: "a", execution: g2, scheduled_at: 1s }}, pending: [Resume { reason: Some(go) }] }; wakes 10s
        "#);
    }

    #[test]
    fn failures_taken_in_while_suspended_stay_when_they_were_acted_upon() {
        let mut life = Life::begun([task(0, "a")])
            .then(2, [suspend()], [])
            .then(3, [failed(0, 1)], [])
            .then(4, [resume()], [task(1, "a")])
            .then(5, [failed(1, 1)], [fail("broke")]);
        insta::assert_snapshot!(rewound(&mut life), @r#"
        rewound
        + -1 10s ExecutionRewound { reason: Some(again), execution: g2, cut: 14 }
        > CallFunction(WorkItem { task_id: 1, execution: g2, name: "a" })
        = Running State { phase: Running, updated_at: 10s, history_events: 19, last_command: 1, tasks: {1: Task { name: "a", execution: g2, scheduled_at: 4s }} }; wakes never
        "#);
    }

    #[test]
    fn answers_of_entities_come_again() {
        let mut life = Life::begun([entity_call(0, "r"), entity_call(1, "q"), lock(2, "s")]).then(
            2,
            [entity_done("r"), granted("s")],
            [fail("a bug")],
        );
        insta::assert_snapshot!(rewound(&mut life), @r#"
        rewound
        + -1 10s ExecutionRewound { reason: Some(again), execution: g2, cut: 6 }
        > Send { target: "@a@1", message: EntityLock { request: LockRequest { section: "s", lock_set: ["@a@1", "@b@1"], position: 0, holder: Caller { instance: "i", execution: g2 } } } }
        > Send { target: "@a@1", message: EntityOperation { operation: Operation { request_id: "q", name: "add", input: Some(5), caller: Some(Caller { instance: "i", execution: g2 }) } } }
        = Running State { phase: Running, updated_at: 10s, history_events: 12, last_command: 2, pending: [EntityOperationCompleted { request_id: "r", output: Some(ok) }], requests: {"q": EntityRequest { task_id: 1, target: "@a@1", operation: "add", asked_at: 1s }, "r": EntityRequest { task_id: 0, target: "@a@1", operation: "add", asked_at: 1s }}, sections: {"s": Section { task_id: 2, entities: ["@a@1", "@b@1"], asked_at: 1s }} }; wakes 10s
        "#);
    }

    #[test]
    fn entities_are_asked_again_where_they_failed_and_locked_again() {
        let mut life = Life::begun([lock(0, "s")]).then(2, [granted("s")], [entity_call(1, "r")]).then(
            3,
            [entity_failed("r")],
            [fail("gave up")],
        );
        insta::assert_snapshot!(rewound(&mut life), @r#"
        rewound
        + -1 10s ExecutionRewound { reason: Some(again), execution: g2, cut: 8 }
        > Send { target: "@a@1", message: EntityLock { request: LockRequest { section: "s", lock_set: ["@a@1", "@b@1"], position: 0, holder: Caller { instance: "i", execution: g2 } } } }
        > Send { target: "@a@1", message: EntityOperation { operation: Operation { request_id: "r", name: "add", input: Some(5), caller: Some(Caller { instance: "i", execution: g2 }) } } }
        = Running State { phase: Running, updated_at: 10s, history_events: 13, last_command: 1, requests: {"r": EntityRequest { task_id: 1, target: "@a@1", operation: "add", asked_at: 2s }}, sections: {"s": Section { task_id: 0, entities: ["@a@1", "@b@1"], held: true, asked_at: 1s }} }; wakes never
        "#);
        insta::assert_snapshot!(life.turn(11, [granted("s"), entity_done("r")], [unlock(2, "s", "@a@1")]), @r#"
        discarded: AlreadyHeld
        admitted
        + -1 11s OrchestratorStarted
        + -1 11s EntityOperationCompleted { request_id: "r", output: Some(ok) }
        + 2 11s EntityUnlockSent { section: "s", parent: Some("i"), target: Some("@a@1") }
        + -1 11s OrchestratorCompleted
        > Send { target: "@a@1", message: EntityUnlock { section: "s" } }
        = Running State { phase: Running, updated_at: 11s, history_events: 17, last_command: 2, sections: {"s": Section { task_id: 0, entities: ["@b@1"], held: true, asked_at: 1s }} }; wakes never
        "#);
    }

    #[test]
    fn the_custom_status_stays_and_what_it_waited_for_does_not() {
        let mut life = Life::accepted();
        life.answer(1, [], saying(Some("half"), &["x"])).expect("fine");
        life.turn(2, [raised("x")], [fail("a bug")]);
        rewound(&mut life);
        assert_eq!(life.instance.state.custom_status, payload("half"));
        assert_eq!(life.instance.state.waiting_for, Vec::<Name>::new());
    }

    #[test]
    fn a_later_generation_goes_back_to_its_own_beginning() {
        let mut life = Life::begun([again(5, &["x"])]).then(2, [], [fail("a bug")]);
        insta::assert_snapshot!(rewound(&mut life), @r#"
        rewound
        + -1 10s ExecutionRewound { reason: Some(again), execution: g2, cut: 0 }
        = Running State { phase: Pending, updated_at: 10s, history_events: 6, last_command: -1, pending: [EventRaised { name: "x", input: Some(carried) }] }; wakes 0s
        "#);
    }

    #[test]
    fn only_what_failed_goes_back() {
        for status in
            Status::ALL.into_iter().filter(|status| status.is_terminal() && *status != Status::Failed)
        {
            let end = Command::Complete { status, result: None, failure: None };
            assert_eq!(Life::begun([end]).rewind(3, 2), Err(Discard::NotFailed(status)));
        }
        assert_eq!(Life::accepted().rewind(3, 2), Err(Discard::NotFailed(Status::Pending)));
        assert_eq!(Life::begun([]).rewind(3, 2), Err(Discard::NotFailed(Status::Running)));
        let mut suspended = Life::begun([]).then(2, [suspend()], []);
        assert_eq!(suspended.rewind(3, 2), Err(Discard::NotFailed(Status::Suspended)));
    }

    #[test]
    fn a_child_made_again_is_of_another_generation() {
        let life = Life::begun([child(0, "c")]).then(2, [child_failed(0, 1)], [fail("broke")]);
        let otherwise = |execution| {
            let decision = rewind(life.instance.clone(), &life.history, None, generation(execution), at(3));
            match decision.expect("failed").effects.pop() {
                Some(Effect::Send { message: Message::Rewind { otherwise: Some(start), .. }, .. }) => start,
                other => panic!("no child is asked: {other:?}"),
            }
        };
        let (second, third) = (otherwise(2), otherwise(3));
        let first = crate::machine::first_generation(generation(1), 0);
        assert!(second.execution != first && second.execution != third.execution);
        assert_eq!(second.parent, third.parent, "it answers to the same request");
    }
}
