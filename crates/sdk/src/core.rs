//! What an orchestrator, its futures and its execution share.

use parking_lot::{Mutex, MutexGuard};
use partita_kernel::value::ParentLink;
use partita_kernel::{
    Command, CustomStatus, Event, EventKind, ExecutionId, Failure, InstanceId, Name, Payload, Tags,
    Timestamp, Trace,
};
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;
use std::task::Waker;

/// Shared by one run of an orchestrator. Only one thread at a time ever uses it, so the lock is never
/// waited for.
pub(crate) struct Core {
    pub(crate) id: InstanceId,
    pub(crate) name: Name,
    state: Mutex<State>,
}

#[derive(Default)]
pub(crate) struct State {
    pub(crate) now: Timestamp,
    pub(crate) replaying: bool,
    /// The generation's first id: what deterministic values are drawn from.
    pub(crate) seed: u128,
    pub(crate) drawn: u64,
    pub(crate) version: Option<Name>,
    pub(crate) input: Option<Payload>,
    pub(crate) parent: Option<ParentLink>,
    pub(crate) tags: Tags,
    pub(crate) trace: Option<Trace>,
    pub(crate) commands: Vec<Command>,
    pub(crate) custom_status: CustomStatus,
    pub(crate) next: Option<NextGeneration>,
    last_command: i32,
    /// What was asked for and not answered.
    operations: HashMap<i32, Operation>,
    /// Which command an answer of entities belongs to.
    requests: HashMap<Name, i32>,
    /// The entities that are locked.
    pub(crate) locked: Option<Vec<InstanceId>>,
    events: Events,
    /// Set when the run is over or let go: dropped futures cancel nothing then.
    pub(crate) closing: bool,
}

/// What continue-as-new was called with.
pub(crate) struct NextGeneration {
    pub(crate) input: Option<Payload>,
    pub(crate) version: Option<Name>,
    pub(crate) keep_events: bool,
}

#[derive(Default)]
struct Operation {
    answer: Option<Answer>,
    waker: Option<Waker>,
}

/// What came back for something that was asked for.
pub(crate) type Answer = Result<Option<Payload>, Failure>;

/// External events that arrived, and whoever waits for some.
#[derive(Default)]
struct Events {
    arrived: u64,
    buffered: BTreeMap<String, VecDeque<(u64, Name, Option<Payload>)>>,
    waiting: BTreeMap<String, VecDeque<u64>>,
    waiters: HashMap<u64, Waiter>,
    last_waiter: u64,
}

struct Waiter {
    name: Name,
    event: Option<(u64, Name, Option<Payload>)>,
    waker: Option<Waker>,
}

impl Core {
    pub(crate) fn new(id: InstanceId, name: Name) -> Arc<Self> {
        let state = State { last_command: -1, ..State::default() };
        Arc::new(Self { id, name, state: Mutex::new(state) })
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }
}

impl State {
    /// The id of the next command.
    pub(crate) fn next_id(&mut self) -> i32 {
        self.last_command += 1;
        self.last_command
    }

    /// Something that will be answered.
    pub(crate) fn open(&mut self, id: i32) {
        self.operations.insert(id, Operation::default());
    }

    /// Something that entities will answer, under a name of its own.
    pub(crate) fn open_request(&mut self, id: i32) -> Name {
        self.open(id);
        let request: Name = self.draw().to_string().into();
        self.requests.insert(request.clone(), id);
        request
    }

    /// A unique id: the same on every replay.
    pub(crate) fn draw(&mut self) -> uuid::Uuid {
        self.drawn += 1;
        uuid::Uuid::new_v5(&uuid::Uuid::from_u128(self.seed), &self.drawn.to_le_bytes())
    }

    fn answer_request(&mut self, request: &str, answer: Answer) {
        if let Some(id) = self.requests.remove(request) {
            self.answer(id, answer);
        }
    }

    /// The answer, once it is there; else whoever is to be woken by it is noted.
    pub(crate) fn poll_operation(&mut self, id: i32, waker: &Waker) -> Option<Answer> {
        let operation = self.operations.get_mut(&id)?;
        match operation.answer.take() {
            Some(answer) => {
                self.operations.remove(&id);
                Some(answer)
            }
            None => {
                note(&mut operation.waker, waker);
                None
            }
        }
    }

    /// Nobody waits for the answer any more.
    pub(crate) fn drop_operation(&mut self, id: i32, cancel: bool) {
        let Some(operation) = self.operations.remove(&id) else { return };
        if cancel && operation.answer.is_none() && !self.closing {
            let command = Command::Cancel { id: self.next_id(), task_id: id };
            self.commands.push(command);
        }
    }

    /// Begins to wait for an external event.
    pub(crate) fn open_waiter(&mut self, name: &str) -> u64 {
        let events = &mut self.events;
        events.last_waiter += 1;
        let id = events.last_waiter;
        let key = name.to_lowercase();
        let event = events.buffered.get_mut(&key).and_then(VecDeque::pop_front);
        if event.is_none() {
            events.waiting.entry(key).or_default().push_back(id);
        }
        events.waiters.insert(id, Waiter { name: name.into(), event, waker: None });
        id
    }

    pub(crate) fn poll_waiter(&mut self, id: u64, waker: &Waker) -> Option<Option<Payload>> {
        let waiter = self.events.waiters.get_mut(&id)?;
        match waiter.event.take() {
            Some((_, _, input)) => {
                self.events.waiters.remove(&id);
                Some(input)
            }
            None => {
                note(&mut waiter.waker, waker);
                None
            }
        }
    }

    /// Nobody waits any more; an event that had been given to it goes back to the head of the line.
    pub(crate) fn drop_waiter(&mut self, id: u64) {
        let Some(waiter) = self.events.waiters.remove(&id) else { return };
        let key = waiter.name.to_lowercase();
        if let Some(waiting) = self.events.waiting.get_mut(&key) {
            waiting.retain(|waiting| *waiting != id);
        }
        if let Some(event) = waiter.event {
            self.events.buffered.entry(key).or_default().push_front(event);
        }
    }

    fn raise(&mut self, name: &Name, input: Option<Payload>) {
        let events = &mut self.events;
        events.arrived += 1;
        let key = name.to_lowercase();
        let event = (events.arrived, name.clone(), input);
        let first = events.waiting.get_mut(&key).and_then(VecDeque::pop_front);
        match first.and_then(|id| events.waiters.get_mut(&id)) {
            Some(waiter) => {
                waiter.event = Some(event);
                wake(&mut waiter.waker);
            }
            None => events.buffered.entry(key).or_default().push_back(event),
        }
    }

    fn answer(&mut self, id: i32, answer: Answer) {
        if let Some(operation) = self.operations.get_mut(&id) {
            operation.answer = Some(answer);
            wake(&mut operation.waker);
        }
    }

    /// Takes a fact in.
    pub(crate) fn deliver(&mut self, event: &Event) {
        match &event.kind {
            EventKind::ExecutionStarted { version, input, execution, parent, tags, trace, .. } => {
                self.seed = ExecutionId::clone(execution).0;
                self.version.clone_from(version);
                self.input.clone_from(input);
                self.parent = parent.as_deref().cloned();
                self.tags.clone_from(tags);
                self.trace.clone_from(trace);
            }
            EventKind::TaskCompleted { task_id, result }
            | EventKind::SubOrchestrationCompleted { task_id, result } => {
                self.answer(*task_id, Ok(result.clone()));
            }
            EventKind::TaskFailed { task_id, failure }
            | EventKind::SubOrchestrationFailed { task_id, failure } => {
                self.answer(*task_id, Err((**failure).clone()));
            }
            EventKind::EntityOperationCompleted { request_id, output } => {
                self.answer_request(request_id, Ok(output.clone()));
            }
            EventKind::EntityOperationFailed { request_id, failure } => {
                self.answer_request(request_id, Err((**failure).clone()));
            }
            EventKind::EntityLockGranted { section } => self.answer_request(section, Ok(None)),
            EventKind::TimerFired { timer_id, .. } => self.answer(*timer_id, Ok(None)),
            EventKind::EventRaised { name, input } => self.raise(name, input.clone()),
            _ => {}
        }
    }

    /// Whether anything durable is being waited for.
    pub(crate) fn waits(&self) -> bool {
        self.operations.values().any(|operation| operation.waker.is_some())
            || self.events.waiters.values().any(|waiter| waiter.waker.is_some())
    }

    /// The events that are waited for, each name once.
    pub(crate) fn waiting_for(&self) -> Vec<Name> {
        let waiting = self.events.waiting.values().filter_map(VecDeque::front);
        waiting.filter_map(|id| self.events.waiters.get(id)).map(|waiter| waiter.name.clone()).collect()
    }

    /// Events that nobody took, in the order in which they arrived.
    pub(crate) fn take_buffered(&mut self) -> Vec<(Name, Option<Payload>)> {
        let events = &mut self.events;
        let given = events.waiters.drain().filter_map(|(_, waiter)| waiter.event);
        let mut left: Vec<_> =
            std::mem::take(&mut events.buffered).into_values().flatten().chain(given).collect();
        left.sort_unstable_by_key(|(number, ..)| *number);
        left.into_iter().map(|(_, name, input)| (name, input)).collect()
    }
}

fn note(slot: &mut Option<Waker>, waker: &Waker) {
    match slot {
        Some(known) if known.will_wake(waker) => {}
        _ => *slot = Some(waker.clone()),
    }
}

fn wake(slot: &mut Option<Waker>) {
    if let Some(waker) = slot.take() {
        waker.wake();
    }
}
