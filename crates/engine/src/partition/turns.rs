//! What one instance does with its inbox.

use super::group::{Ticket, absent};
use super::loading::not_registered;
use super::slot::{Answer, Executor, Hot, Queued, Request, Slot};
use super::{Owner, Reply};
use crate::executor::{InstanceInfo, TurnInput};
use crate::replaying::{begin, run};
use partita_kernel::arrival::{self, Arrival};
use partita_kernel::codec::Wire;
use partita_kernel::instance::SetAside;
use partita_kernel::message::Start;
use partita_kernel::turn::Next;
use partita_kernel::{
    Admission, Begun, Decision, Discard, Effect, Event, ExecutionId, Failure, Instance, InstanceId, Message,
    Payload, Phase, State, Status, Timestamp, Turn, TurnOutput,
};

impl Owner {
    /// Takes in what an instance's inbox holds, as far as it goes in one step.
    pub(super) fn process(&mut self, id: &InstanceId, now: Timestamp) {
        let mut hot = match self.slots.remove(id) {
            Some(Slot::Hot(hot)) => hot,
            Some(Slot::Entity(hot)) => return self.process_entity(id, hot, now),
            Some(Slot::Loading(waiting)) => {
                self.slots.insert(id.clone(), Slot::Loading(waiting));
                return;
            }
            None => return,
        };
        hot.queued = false;
        if hot.executor.is_answered() {
            self.answered(id, &mut hot, now);
        }
        if self.must_be_loaded(&hot) {
            self.reload(id, hot);
            return;
        }
        self.clock_hand += 1;
        hot.last_used = self.clock_hand;
        let mut inbox = std::mem::take(&mut hot.inbox).into_iter().peekable();
        let mut wait = false;
        while !wait && let Some(queued) = inbox.next_if(|queued| !is_plain(queued, &hot)) {
            wait = self.structural(id, &mut hot, queued, now) == Structural::Wait;
        }
        let mut plain = Vec::new();
        while !wait && let Some(queued) = inbox.next_if(|queued| is_plain(queued, &hot)) {
            plain.push(queued);
        }
        hot.inbox.extend(inbox);
        if !wait {
            self.turn(id, &mut hot, plain, now);
        }
        self.keep(id, hot, now);
    }

    /// Whether the orchestrator must be brought here before anything can be done.
    fn must_be_loaded(&self, hot: &Hot) -> bool {
        let Some(instance) = &hot.instance else { return false };
        let rewinds =
            hot.inbox.iter().any(|queued| matches!(queued.request, Request::Message(Message::Rewind { .. })));
        let recovers = hot.inbox.iter().any(|queued| matches!(queued.request, Request::Recover));
        match &instance.state.phase {
            Phase::Running | Phase::Suspended => {
                (absent(&hot.executor) && !waits_for_somebody(instance))
                    || (recovers && !instance.state.tasks.is_empty() && !hot.recovered)
            }
            Phase::Finished { status, .. } => rewinds && *status == Status::Failed && hot.history.is_empty(),
            Phase::Pending => false,
        }
    }

    /// Lets the instance go and fetches it again, with its history; once its last record is durable.
    fn reload(&mut self, id: &InstanceId, mut hot: Box<Hot>) {
        if hot.uncommitted > 0 {
            self.after_commit.push(id.clone());
            self.slots.insert(id.clone(), Slot::Hot(hot));
            return;
        }
        self.shared.metrics.hot_instances.sub(1);
        self.load(id.clone(), hot.take_inbox());
    }

    /// Puts the instance back in its place.
    fn keep(&mut self, id: &InstanceId, mut hot: Box<Hot>, now: Timestamp) {
        let gone = hot.instance.as_ref().is_none_or(|instance| instance.status().is_terminal());
        if gone && hot.uncommitted == 0 && hot.inbox.is_empty() {
            self.shared.metrics.hot_instances.sub(1);
            return;
        }
        let wake = hot.instance.as_ref().and_then(Instance::next_wake);
        let waits = self.waits_elsewhere(&hot, now);
        let due = !waits && wake.is_some_and(|at| at <= now);
        if !due
            && !waits
            && let (Some(at), true) = (wake, wake != hot.wake)
        {
            hot.wake = self.timers.add(at, id).then_some(at);
        }
        if due || !hot.inbox.is_empty() {
            hot.queued = true;
            self.ready.push_back(id.clone());
        }
        self.slots.insert(id.clone(), Slot::Hot(hot));
    }

    /// A request that is about the instance as a whole.
    fn structural(&mut self, id: &InstanceId, hot: &mut Hot, queued: Queued, now: Timestamp) -> Structural {
        let Queued { request, id: message_id, reply } = queued;
        match request {
            Request::Recover => {
                if let Some(reply) = reply {
                    let _ = reply.send(Ok(Answer::admitted(None)));
                }
                Structural::Done
            }
            Request::Purge => {
                self.purge(id, hot, reply);
                Structural::Done
            }
            Request::Message(message) => {
                let again = reply.is_none().then(|| message.clone());
                let ticket = Ticket { id: message_id, reply, again };
                let (arrival, reason) = match message {
                    Message::Start { start } => (arrival::start(hot.instance.as_ref(), start), None),
                    Message::Rewind { reason, otherwise } => {
                        (arrival::rewind(hot.instance.as_ref(), otherwise), reason)
                    }
                    message => return self.try_again(id, hot, message, ticket),
                };
                self.arrive(id, hot, arrival, reason, ticket, now)
            }
        }
    }

    /// An operator resumes an instance that was set aside: its code may have been mended. If it was suspended
    /// as well, it goes on.
    fn try_again(&mut self, id: &InstanceId, hot: &mut Hot, resume: Message, ticket: Ticket) -> Structural {
        let Some(mut instance) = hot.instance.take() else { return Structural::Done };
        if instance.will_be_suspended() {
            instance.state.pending.push(resume);
        }
        hot.inbox = hot.take_inbox();
        instance.state.set_aside = None;
        hot.executor = Executor::Absent;
        self.settle(id, ticket, Answer::admitted(Some(instance.head.execution)));
        self.record(hot, &instance, &[]);
        hot.instance = Some(instance);
        Structural::Wait
    }

    fn arrive(
        &mut self,
        id: &InstanceId,
        hot: &mut Hot,
        arrival: Arrival,
        reason: Option<Payload>,
        ticket: Ticket,
        now: Timestamp,
    ) -> Structural {
        match arrival {
            Arrival::Create(start) => self.create(id, hot, *start, ticket, now),
            Arrival::Replace(start) => {
                self.terminate_before_replacing(id, hot, now);
                hot.reset_history = true;
                self.create(id, hot, *start, ticket, now);
            }
            Arrival::Rewind => return self.rewind(id, hot, reason, ticket, now),
            Arrival::Answer(link, message, rule) => {
                self.add_effects(id, Vec::from([Effect::Send { target: link.instance, message }]));
                self.settle(id, ticket, Answer::discarded(rule));
            }
            Arrival::Discard(rule) => {
                let execution = hot.instance.as_ref().map(|instance| instance.head.execution);
                self.settle(id, ticket, Answer { admission: Admission::Discarded(rule), execution });
            }
        }
        Structural::Done
    }

    fn create(&mut self, id: &InstanceId, hot: &mut Hot, mut start: Start, ticket: Ticket, now: Timestamp) {
        if start.version.is_none() {
            // From here on the instance keeps the version that is current when it is made.
            start.version = self.shared.registry.current_version(&start.name);
        }
        let instance = Instance::create(id.clone(), start, now);
        self.shared.metrics.instances_started.add(1);
        self.shared.metrics.of_workflow(&instance.head.name).started.add(1);
        self.settle(id, ticket, Answer::admitted(Some(instance.head.execution)));
        self.discard_unrecorded(id, hot);
        hot.head_stored = false;
        hot.executor = Executor::Absent;
        hot.wake = None;
        hot.checkpoint = Vec::new();
        hot.recovered = true;
        // Its first record is that of its first turn, unless that comes later.
        if self.is_remote(hot, &instance) || instance.head.scheduled_at.is_some() {
            self.record(hot, &instance, &[]);
        }
        hot.instance = Some(instance);
    }

    fn terminate_before_replacing(&mut self, id: &InstanceId, hot: &mut Hot, now: Timestamp) {
        let Some(old) = hot.instance.take() else { return };
        if old.status().is_terminal() {
            return;
        }
        let message = Message::Terminate { output: Some(Payload::from("\"replaced\"")), recurse: true };
        if let Next::Settled(decision) =
            Turn::begin(old, Vec::from([message]), now, &self.shared.config.limits).next
        {
            self.add_effects(id, decision.effects);
        }
    }

    fn rewind(
        &mut self,
        id: &InstanceId,
        hot: &mut Hot,
        reason: Option<Payload>,
        ticket: Ticket,
        now: Timestamp,
    ) -> Structural {
        let Some(instance) = hot.instance.take() else { return Structural::Done };
        let history = std::mem::take(&mut hot.history);
        let execution = ExecutionId(self.shared.unique());
        match partita_kernel::rewind::rewind(instance, &history, reason, execution, now) {
            Ok(decision) => {
                hot.head_stored = false;
                hot.executor = Executor::Absent;
                self.settle(id, ticket, Answer::admitted(Some(execution)));
                self.decided(id, hot, decision);
                Structural::Wait
            }
            Err(refused) => {
                let (instance, rule) = *refused;
                hot.instance = Some(instance);
                self.settle(id, ticket, Answer::discarded(rule));
                Structural::Done
            }
        }
    }

    fn purge(&mut self, id: &InstanceId, hot: &mut Hot, reply: Option<Reply>) {
        let answer = match &hot.instance {
            None => Answer::discarded(Discard::NoInstance),
            Some(instance) if !instance.status().is_terminal() => {
                Answer::discarded(Discard::AlreadyExists(instance.status()))
            }
            Some(_) => {
                hot.instance = None;
                self.record_deletion(hot, id);
                Answer::admitted(None)
            }
        };
        self.settle(id, Ticket { id: None, reply, again: None }, answer);
    }

    /// One turn: admits the messages, lets the orchestrator go on, and records what it decides.
    fn turn(&mut self, id: &InstanceId, hot: &mut Hot, requests: Vec<Queued>, now: Timestamp) {
        let Some(instance) = hot.instance.take() else {
            for ticket in split(requests).1 {
                self.settle(id, ticket, Answer::discarded(Discard::NoInstance));
            }
            return;
        };
        let due = instance.next_wake().is_some_and(|at| at <= now) || hot.executor.is_due(now);
        if requests.is_empty() && !due {
            hot.instance = Some(instance);
            return;
        }
        if !waits_for_somebody(&instance) && self.is_remote(hot, &instance) {
            return self.remote_turn(id, hot, instance, requests, now);
        }
        let (messages, tickets) = split(requests);
        let kept = messages.clone();
        let (head, execution) = (instance.head.clone(), instance.head.execution);
        let Begun { admissions, next } = if waits_for_somebody(&instance) {
            Turn::hold(instance, messages, now, &self.shared.config.limits)
        } else {
            Turn::begin(instance, messages, now, &self.shared.config.limits)
        };
        let admitted = kept.into_iter().zip(&admissions);
        let admitted: Vec<Message> = admitted
            .filter(|(_, admission)| **admission == Admission::Admitted)
            .map(|(message, _)| message)
            .collect();
        for (ticket, admission) in tickets.into_iter().zip(admissions) {
            self.settle(id, ticket, Answer { admission, execution: Some(execution) });
        }
        match next {
            Next::Unchanged(instance) => hot.instance = Some(instance),
            Next::Settled(decision) => self.decided(id, hot, decision),
            Next::Run(turn) => match self.execute(hot, turn) {
                Ok(decision) => self.decided(id, hot, decision),
                Err(failure) => {
                    let instance = checkpoint(id, hot, head, admitted, now);
                    self.set_aside(id, hot, instance, failure, now);
                }
            },
        }
    }

    /// Lets the orchestrator go on.
    fn execute(&mut self, hot: &mut Hot, turn: Turn) -> Result<Decision, Failure> {
        let instance = turn.instance();
        if absent(&hot.executor) {
            let name = &instance.head.name;
            let orchestrator =
                self.shared.registry.orchestrator(name).ok_or_else(|| not_registered(&self.shared, name))?;
            hot.executor = Executor::Live(begin(orchestrator.as_ref(), &info_of(instance))?);
        }
        let output: TurnOutput = match &mut hot.executor {
            Executor::Live(execution) => {
                let events: Vec<&Event> =
                    turn.new_events().iter().filter(|event| event.kind.is_incoming()).collect();
                let next_execution = ExecutionId(self.shared.unique());
                let input = TurnInput { now: turn.now(), events: &events, replaying: false, next_execution };
                run(execution.as_mut(), input)?
            }
            Executor::Broken(failure) => return Err(failure.clone()),
            Executor::Absent | Executor::Remote(_) => {
                return Err(Failure::new("Internal", "the orchestrator is not here"));
            }
        };
        turn.finish(output).map_err(|invalid| Failure::new("InvalidCommand", invalid.to_string()))
    }

    /// Takes a decision over: it is part of the next commit.
    pub(super) fn decided(&mut self, id: &InstanceId, hot: &mut Hot, decision: Decision) {
        let Decision { instance, events, effects, new_generation } = decision;
        self.shared.metrics.turns.add(1);
        if new_generation {
            self.shared.metrics.instances_continued.add(1);
            hot.head_stored = false;
            hot.reset_history = true;
            hot.executor = match hot.executor {
                Executor::Remote(_) => Executor::Remote(Box::default()),
                _ => Executor::Absent,
            };
        }
        if instance.status().is_terminal() {
            hot.executor = Executor::Absent;
        }
        self.record(hot, &instance, &events);
        self.note_end(&instance, &effects);
        if let Some(run) = hot.executor.remote_mut() {
            run.grow(events);
        }
        self.add_effects(id, effects);
        hot.instance = Some(instance);
    }

    /// A turn failed. What it had taken in is kept in the instance, which is tried again a few times and
    /// then waits for somebody.
    pub(super) fn set_aside(
        &mut self,
        id: &InstanceId,
        hot: &mut Hot,
        mut instance: Instance,
        failure: Failure,
        now: Timestamp,
    ) {
        self.shared.metrics.turns_failed.add(1);
        let attempts = instance.state.set_aside.as_ref().map_or(0, |aside| aside.attempts) + 1;
        let config = &self.shared.config;
        let gives_up = failure.non_retriable || attempts >= config.turn_attempts;
        let wait = config.turn_retry.saturating_mul(1 << attempts.min(16));
        tracing::warn!(instance = %id, attempts, gives_up, %failure, "a turn failed");
        let retry_at = (!gives_up).then(|| now.after(wait));
        instance.state.set_aside = Some(Box::new(SetAside { reason: failure, attempts, at: now, retry_at }));
        hot.executor = Executor::Absent;
        self.record(hot, &instance, &[]);
        hot.instance = Some(instance);
    }
}

#[derive(PartialEq, Eq)]
enum Structural {
    /// Go on with what comes next.
    Done,
    /// Nothing more until the record is durable.
    Wait,
}

/// An instance as it was before the turn that failed, with what that turn had taken in.
fn checkpoint(
    id: &InstanceId,
    hot: &Hot,
    head: partita_kernel::Head,
    admitted: Vec<Message>,
    now: Timestamp,
) -> Instance {
    let fresh = hot.checkpoint.is_empty();
    let state = if fresh { None } else { State::from_bytes(&hot.checkpoint).ok() };
    let mut instance = Instance::create(id.clone(), start_of(&head), now);
    instance.head = head;
    if let Some(state) = state {
        instance.state = state;
    }
    instance.state.pending.extend(admitted);
    instance
}

/// The messages of requests, and who waits for what becomes of each.
pub(super) fn split(requests: Vec<Queued>) -> (Vec<Message>, Vec<Ticket>) {
    let each = requests.into_iter().filter_map(|queued| {
        let Queued { request: Request::Message(message), id, reply } = queued else { return None };
        let again = reply.is_none().then(|| message.clone());
        Some((message, Ticket { id, reply, again }))
    });
    each.unzip()
}

/// Whether a request goes through a turn.
fn is_plain(queued: &Queued, hot: &Hot) -> bool {
    match &queued.request {
        Request::Message(Message::Start { .. } | Message::Rewind { .. })
        | Request::Purge
        | Request::Recover => false,
        Request::Message(Message::Resume { .. }) => {
            // While a turn is out, one that was set aside is being tried again.
            let aside = hot.instance.as_ref().is_some_and(|instance| instance.state.set_aside.is_some());
            !aside || hot.executor.is_out()
        }
        Request::Message(_) => true,
    }
}

/// Whether an instance was set aside and is not to be tried again by itself.
fn waits_for_somebody(instance: &Instance) -> bool {
    instance.state.set_aside.as_ref().is_some_and(|aside| aside.retry_at.is_none())
}

/// What an orchestrator may know of an instance before its first event.
pub(super) fn info_of(instance: &Instance) -> InstanceInfo {
    let head = &instance.head;
    InstanceInfo { id: instance.id.clone(), name: head.name.clone(), version: head.version.clone() }
}

fn start_of(head: &partita_kernel::Head) -> Start {
    Start {
        name: head.name.clone(),
        version: head.version.clone(),
        input: head.input.clone(),
        execution: head.execution,
        parent: head.parent.clone(),
        scheduled_at: head.scheduled_at,
        tags: head.tags.clone(),
        trace: head.trace.clone(),
        replaceable: Vec::new(),
    }
}
