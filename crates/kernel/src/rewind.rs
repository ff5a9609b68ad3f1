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
use crate::event::{Event, EventKind};
use crate::history::{Placed, RecordedTurn, effective, turns};
use crate::ids::{ExecutionId, InstanceId};
use crate::instance::{Child, Instance, Phase, State, Status, Task, Timers};
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
        matches!(placed.event.kind, EventKind::TaskFailed { .. } | EventKind::SubOrchestrationFailed { .. })
    })
}

/// What the kept part of the history leaves open.
struct Open<'a> {
    tasks: BTreeMap<i32, (Task, &'a Event)>,
    children: BTreeMap<i32, (Child, &'a Event)>,
    timers: Timers,
    /// Entity operations and critical sections that were asked for.
    requests: BTreeSet<Name>,
    suspended: bool,
    /// Which of the tasks and children are answered by what comes again.
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
            requests: BTreeSet::new(),
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
            | EventKind::OperationCanceled { task_id }
            | EventKind::TimerFired { timer_id: task_id, .. } => {
                self.tasks.remove(task_id);
                self.children.remove(task_id);
                self.timers.cancel(*task_id);
            }
            EventKind::EntityOperationCalled { request_id: request, .. }
            | EventKind::EntityLockRequested { section: request, .. } => {
                self.requests.insert(request.clone());
            }
            EventKind::ExecutionSuspended { .. } => self.suspended = true,
            EventKind::ExecutionResumed { .. } => self.suspended = false,
            _ => {}
        }
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
            other => self.redeliver_answer(other),
        }
    }

    /// An entity is not asked again, so its answer comes again, whatever it was.
    fn redeliver_answer(&self, kind: &EventKind) -> Option<Message> {
        let (request, message) = match kind {
            EventKind::EntityOperationCompleted { request_id, output } => (
                request_id,
                Message::EntityOperationCompleted { request_id: request_id.clone(), output: output.clone() },
            ),
            EventKind::EntityOperationFailed { request_id, failure } => (
                request_id,
                Message::EntityOperationFailed { request_id: request_id.clone(), failure: failure.clone() },
            ),
            EventKind::EntityLockGranted { section } => {
                (section, Message::EntityLockGranted { section: section.clone() })
            }
            _ => return None,
        };
        self.requests.contains(request).then_some(message)
    }

    /// Functions are called again, under the new generation; children are asked to go back themselves.
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
        effects
    }
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
