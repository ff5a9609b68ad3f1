//! One step of an instance, in two halves: the executor works between them, at once or much later.

use crate::command::{Command, CustomStatus, TurnOutput};
use crate::effect::Effect;
use crate::event::{Event, EventKind};
use crate::ids::InstanceId;
use crate::instance::{Head, Instance, Phase, State, Status};
use crate::limits::Limits;
use crate::machine;
use crate::message::{Admission, Discard, Message};
use crate::output;
use crate::value::{Failure, Payload, Timestamp};
use alloc::{boxed::Box, vec::Vec};
use core::fmt;

/// The first half: what became of the inbox, and what comes next.
#[derive(Debug)]
pub struct Begun {
    /// What became of each message, in order.
    pub admissions: Vec<Admission>,
    /// What comes next.
    pub next: Next,
}

/// What comes after the first half of a turn.
#[derive(Debug)]
pub enum Next {
    /// An executor has to see the new events.
    Run(Turn),
    /// The turn is decided without one.
    Settled(Decision),
    /// Nothing changed.
    Unchanged(Instance),
}

/// A turn between its halves.
#[derive(Debug)]
pub struct Turn {
    pub(crate) instance: Instance,
    pub(crate) now: Timestamp,
    pub(crate) events: Vec<Event>,
    pub(crate) effects: Vec<Effect>,
    pub(crate) limits: Limits,
    ended: Option<Ended>,
}

/// An end that no executor asked for.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) output: Option<Payload>,
    pub(crate) recurse: bool,
}

/// What a turn decided: to be made durable as a whole, then acted upon.
#[derive(Debug, PartialEq, Eq)]
pub struct Decision {
    /// The instance as it is now.
    pub instance: Instance,
    /// What its history gains.
    pub events: Vec<Event>,
    /// What leaves once that is durable.
    pub effects: Vec<Effect>,
    /// Whether a new generation began: the head changed and the history before it goes.
    pub new_generation: bool,
}

/// An executor's answer that cannot be carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InvalidOutput {
    /// Ids must grow with each command of a turn.
    IdNotFresh {
        /// The command's id.
        id: i32,
        /// The id before it.
        last: i32,
    },
    /// The instance still waits for what this id stood for before.
    IdInUse(i32),
    /// An instance ends once, and with its last command.
    CommandAfterEnd,
    /// An instance cannot complete with this status.
    NotAnEnd(Status),
    /// Not a fact that can be sent to an entity.
    NotAnEntityFact(&'static str),
    /// Not an entity, to which something was to be sent.
    NotAnEntity(InstanceId),
    /// Something was to be sent to no entity at all.
    NoEntity,
}

impl fmt::Display for InvalidOutput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::IdNotFresh { id, last } => {
                write!(f, "the command {id} comes after the command {last}; ids must grow")
            }
            Self::IdInUse(id) => {
                write!(f, "the command {id} is used again while the instance waits for what it asked for")
            }
            Self::CommandAfterEnd => f.write_str("a command follows the one that ended the instance"),
            Self::NotAnEnd(status) => write!(f, "an instance cannot complete as {status}"),
            Self::NotAnEntityFact(kind) => write!(f, "{kind} cannot be sent to an entity"),
            Self::NotAnEntity(id) => {
                write!(f, "{id} is not an entity; the id of an entity has the form '@name@key'")
            }
            Self::NoEntity => f.write_str("nothing says for which entity it is"),
        }
    }
}
impl core::error::Error for InvalidOutput {}

impl Turn {
    /// Admits the messages of an inbox, and fires what is due.
    #[must_use]
    pub fn begin(instance: Instance, inbox: Vec<Message>, now: Timestamp, limits: &Limits) -> Begun {
        let now = now.max(instance.state.updated_at);
        match &instance.state.phase {
            Phase::Finished { .. } => Self::hold(instance, inbox, now, limits),
            Phase::Pending if instance.head.scheduled_at.is_some_and(|at| at > now) => {
                Self::hold(instance, inbox, now, limits)
            }
            _ => Self::open(instance, now, limits).admit_all(inbox),
        }
    }

    fn open(instance: Instance, now: Timestamp, limits: &Limits) -> Self {
        Self { instance, now, events: Vec::new(), effects: Vec::new(), limits: limits.clone(), ended: None }
    }

    /// Keeps the messages of an instance that cannot run now: nothing acknowledged is lost. A request to
    /// terminate is carried out nevertheless, and one that has ended keeps nothing.
    #[must_use]
    pub fn hold(mut instance: Instance, inbox: Vec<Message>, now: Timestamp, limits: &Limits) -> Begun {
        let now = now.max(instance.state.updated_at);
        let finished = matches!(instance.state.phase, Phase::Finished { .. });
        if !finished && inbox.iter().any(|message| matches!(message, Message::Terminate { .. })) {
            return Self::open(instance, now, limits).admit_all(inbox);
        }
        let admissions = machine::keep_all(&mut instance, inbox, limits);
        let changed = admissions.contains(&Admission::Admitted);
        let next = if changed {
            instance.state.updated_at = now;
            Next::Settled(Decision {
                instance,
                events: Vec::new(),
                effects: Vec::new(),
                new_generation: false,
            })
        } else {
            Next::Unchanged(instance)
        };
        Begun { admissions, next }
    }

    fn admit_all(mut self, inbox: Vec<Message>) -> Begun {
        let held = core::mem::take(&mut self.instance.state.pending);
        let had_held = !held.is_empty();
        let starts = matches!(self.instance.state.phase, Phase::Pending);
        self.record(EventKind::OrchestratorStarted);
        if starts {
            self.start();
        }
        for message in held {
            let _ = self.admit(message);
        }
        let admissions = inbox.into_iter().map(|message| self.admit(message)).collect();
        if self.ended.is_none() {
            self.fire_timers();
        }
        let next = if let Some(ended) = self.ended.take() {
            Next::Settled(self.end(ended))
        } else if self.events.len() > 1 {
            Next::Run(self)
        } else if had_held {
            self.events.clear();
            Next::Settled(self.decide())
        } else {
            Next::Unchanged(self.instance)
        };
        Begun { admissions, next }
    }

    fn start(&mut self) {
        let Head { name, version, input, execution, parent, scheduled_at, tags, trace, .. } =
            &self.instance.head;
        let kind = EventKind::ExecutionStarted {
            name: name.clone(),
            version: version.clone(),
            input: input.clone(),
            execution: *execution,
            parent: parent.clone(),
            scheduled_at: *scheduled_at,
            tags: tags.clone(),
            trace: trace.clone(),
        };
        self.record(kind);
        self.instance.state.phase = Phase::Running;
    }

    fn admit(&mut self, message: Message) -> Admission {
        let verdict = if self.ended.is_some() {
            Err(Discard::Finished(Status::Terminated))
        } else {
            machine::admit(self, message)
        };
        match verdict {
            Ok(()) => Admission::Admitted,
            Err(rule) => Admission::Discarded(rule),
        }
    }

    /// The events that the executor has not seen, the turn's start first.
    #[must_use]
    pub fn new_events(&self) -> &[Event] {
        &self.events
    }

    /// The orchestrator's current time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// The instance.
    #[must_use]
    pub fn instance(&self) -> &Instance {
        &self.instance
    }

    /// The same turn, whose answer came later than it began: what it asks for happens then.
    #[must_use]
    pub fn answered_at(mut self, now: Timestamp) -> Self {
        self.now = self.now.max(now);
        self
    }

    /// Carries out what the executor asks for. Whatever breaks a limit ends the instance as failed,
    /// with the limit in its failure.
    ///
    /// # Errors
    /// When the answer makes no sense; the turn did not happen.
    pub fn finish(mut self, output: TurnOutput) -> Result<Decision, InvalidOutput> {
        output::check_sense(&self, &output.commands)?;
        let output = match output::check_limits(&self, &output) {
            Ok(()) => output,
            Err(exceeded) => output::broken_limit(exceeded),
        };
        if let CustomStatus::Set(status) = output.custom_status {
            self.instance.state.custom_status = status;
        }
        self.instance.state.waiting_for = output.waiting_for;
        for command in output.commands {
            match command {
                Command::Complete { status, result, failure } => {
                    return Ok(self.complete(status, result, failure, false));
                }
                Command::ContinueAsNew { input, version, carry_over, execution } => {
                    return Ok(machine::continue_as_new(self, input, version, carry_over, execution));
                }
                command => machine::carry_out(&mut self, command),
            }
        }
        self.record(EventKind::OrchestratorCompleted);
        Ok(self.decide())
    }

    /// Adds an incoming fact.
    pub(crate) fn record(&mut self, kind: EventKind) {
        self.events.push(Event::incoming(self.now, kind));
    }

    /// Adds the fact that records a command.
    pub(crate) fn record_command(&mut self, id: i32, kind: EventKind) {
        let last = &mut self.instance.state.last_command;
        *last = id.max(*last);
        self.events.push(Event { id, at: self.now, kind });
    }

    fn fire_timers(&mut self) {
        while let Some((fire_at, timer_id)) = self.instance.state.timers.take_due(self.now) {
            self.record(EventKind::TimerFired { timer_id, fire_at });
        }
    }

    pub(crate) fn end_by_request(&mut self, ended: Ended) {
        self.ended = Some(ended);
    }

    fn end(self, ended: Ended) -> Decision {
        self.complete(Status::Terminated, ended.output, None, ended.recurse)
    }

    fn complete(
        mut self,
        status: Status,
        result: Option<Payload>,
        failure: Option<Box<Failure>>,
        recurse: bool,
    ) -> Decision {
        self.record(EventKind::OrchestratorCompleted);
        self.record(EventKind::ExecutionCompleted {
            status,
            result: result.clone(),
            failure: failure.clone(),
        });
        self.release_outstanding(recurse);
        if let Some(link) = self.instance.head.parent.as_ref().filter(|link| !link.detached) {
            let message = Message::child_outcome(link, status, result.clone(), failure.as_deref());
            self.effects.push(Effect::Send { target: link.instance.clone(), message });
        }
        self.effects.push(Effect::Finished(status));
        self.instance.state.phase = Phase::Finished { status, at: self.now, output: result, failure };
        self.decide()
    }

    /// Nothing that was asked for matters any more.
    pub(crate) fn release_outstanding(&mut self, recurse: bool) {
        let State { tasks, children, timers, waiting_for, .. } = &mut self.instance.state;
        for (task_id, task) in core::mem::take(tasks) {
            self.effects.push(Effect::CancelFunction { task_id, execution: task.execution });
        }
        for (_, child) in core::mem::take(children) {
            if recurse {
                let message = Message::Terminate { output: None, recurse: true };
                self.effects.push(Effect::Send { target: child.instance, message });
            }
        }
        timers.clear();
        waiting_for.clear();
        let released = machine::release_all(&mut self.instance.state);
        self.effects.extend(released);
    }

    pub(crate) fn decide(mut self) -> Decision {
        let state = &mut self.instance.state;
        state.set_aside = None;
        state.updated_at = self.now;
        state.history_events =
            state.history_events.saturating_add(u32::try_from(self.events.len()).unwrap_or(u32::MAX));
        Decision {
            instance: self.instance,
            events: self.events,
            effects: self.effects,
            new_generation: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Tags;
    use crate::testkit::*;
    use alloc::string::ToString;

    fn refused(commands: impl Into<Vec<Command>>) -> InvalidOutput {
        let output = TurnOutput { commands: commands.into(), ..TurnOutput::default() };
        Life::begun([task(3, "a")]).answer(2, [raised("x")], output).expect_err("makes no sense")
    }

    #[test]
    fn the_first_turn() {
        let mut start = start();
        start.version = Some("2".into());
        start.tags = Tags::from([("k".into(), "v".into())]);
        start.trace = Some(crate::Trace { parent: "00-1-2-01".into(), state: None });
        insta::assert_snapshot!(Life::of(start).turn(1, [], [complete("1")]), @r#"
        + -1 1s OrchestratorStarted
        + -1 1s ExecutionStarted { name: "flow", version: Some("2"), input: Some(0), execution: g1, tags: {"k": "v"}, trace: Some(Trace { parent: "00-1-2-01" }) }
        + -1 1s OrchestratorCompleted
        + -1 1s ExecutionCompleted { status: Completed, result: Some(1) }
        > Finished(Completed)
        = Completed State { phase: Finished { status: Completed, at: 1s, output: Some(1) }, updated_at: 1s, history_events: 4, last_command: -1 }; wakes never
        "#);
    }

    #[test]
    fn a_first_turn_with_messages() {
        insta::assert_snapshot!(Life::accepted().turn(1, [raised("x"), Message::Wake], []), @r#"
        admitted
        discarded: NothingDue
        + -1 1s OrchestratorStarted
        + -1 1s ExecutionStarted { name: "flow", input: Some(0), execution: g1 }
        + -1 1s EventRaised { name: "x", input: Some(1) }
        + -1 1s OrchestratorCompleted
        = Running State { phase: Running, updated_at: 1s, history_events: 4, last_command: -1 }; wakes never
        "#);
    }

    #[test]
    fn nothing_reaches_what_has_ended() {
        let mut life = Life::begun([complete("1")]);
        insta::assert_snapshot!(life.turn(2, [raised("x"), terminate(true), Message::Wake], []), @r"
        discarded: Finished(Completed)
        discarded: Finished(Completed)
        discarded: Finished(Completed)
        unchanged
        ");
    }

    #[test]
    fn what_it_waited_for_no_longer_matters_when_it_ends() {
        let mut life = Life::begun([task(0, "a"), child(1, "c"), timer(2, 9)]);
        insta::assert_snapshot!(life.turn(2, [raised("x")], [fail("broke")]), @r#"
        admitted
        + -1 2s OrchestratorStarted
        + -1 2s EventRaised { name: "x", input: Some(1) }
        + -1 2s OrchestratorCompleted
        + -1 2s ExecutionCompleted { status: Failed, failure: Some(Failure { error_type: "E", message: "broke" }) }
        > CancelFunction { task_id: 0, execution: g1 }
        > Finished(Failed)
        = Failed State { phase: Finished { status: Failed, at: 2s, failure: Some(Failure { error_type: "E", message: "broke" }) }, updated_at: 2s, history_events: 10, last_command: 2 }; wakes never
        "#);
    }

    #[test]
    fn a_turn_without_news_changes_nothing() {
        insta::assert_snapshot!(Life::begun([task(0, "a")]).turn(2, [], []), @"unchanged");
    }

    #[test]
    fn the_executor_sees_the_new_events_alone() {
        let life = Life::begun([task(0, "a")]);
        let begun = Turn::begin(life.instance.clone(), Vec::from([done(0, 1)]), at(0), &life.limits);
        let Next::Run(turn) = begun.next else { panic!("nothing to run") };
        assert_eq!(turn.now(), at(1), "time never goes back");
        assert_eq!(turn.instance().id, life.instance.id);
        let kinds: Vec<_> = turn.new_events().iter().map(|event| event.kind.kind()).collect();
        assert_eq!(kinds, ["OrchestratorStarted", "TaskCompleted"]);
    }

    #[test]
    fn ids_must_grow() {
        assert_eq!(refused([task(4, "b"), timer(4, 9)]), InvalidOutput::IdNotFresh { id: 4, last: 4 });
        assert_eq!(refused([cancel(-1, 3)]), InvalidOutput::IdNotFresh { id: -1, last: -1 });
        insta::assert_snapshot!(refused([task(5, "b"), send(4, "o")]).to_string(), @"the command 4 comes after the command 5; ids must grow");
    }

    #[test]
    fn an_id_is_free_again_when_what_it_stood_for_is_over() {
        insta::assert_snapshot!(refused([task(3, "b")]).to_string(), @"the command 3 is used again while the instance waits for what it asked for");
        let mut life = Life::begun([task(3, "a"), child(4, "c"), timer(5, 9)]);
        for id in 3..=5 {
            let output = TurnOutput { commands: Vec::from([timer(id, 9)]), ..TurnOutput::default() };
            assert_eq!(life.clone().answer(2, [raised("x")], output), Err(InvalidOutput::IdInUse(id)));
        }
        insta::assert_snapshot!(life.turn(9, [failed(3, 1), child_failed(4, 1)], [task(3, "a"), child(4, "c"), timer(5, 20)]), @r#"
        admitted
        admitted
        + -1 9s OrchestratorStarted
        + -1 9s TaskFailed { task_id: 3, failure: Failure { error_type: "E", message: "broke" } }
        + -1 9s SubOrchestrationFailed { task_id: 4, failure: Failure { error_type: "E", message: "broke" } }
        + -1 9s TimerFired { timer_id: 5, fire_at: 9s }
        + 3 9s TaskScheduled { name: "a" }
        + 4 9s SubOrchestrationCreated { instance: "c", name: "sub" }
        + 5 9s TimerCreated { fire_at: 20s }
        + -1 9s OrchestratorCompleted
        > CallFunction(WorkItem { task_id: 3, execution: g1, name: "a" })
        > Send { target: "c", message: Start { start: Start { name: "sub", execution: 868e06f68ffd47fe3e475de0e20ff086, parent: Some(ParentLink { instance: "i", name: "flow", execution: g1, task_id: 4 }) } } }
        = Running State { phase: Running, updated_at: 9s, history_events: 14, last_command: 5, tasks: {3: Task { name: "a", execution: g1, scheduled_at: 9s }}, children: {4: Child { instance: "c", name: "sub", execution: g1 }}, timers: {(20s, 5)} }; wakes 20s
        "#);
        insta::assert_snapshot!(life.turn(20, [done(3, 1), child_done(4, 1)], []), @r#"
        admitted
        admitted
        + -1 20s OrchestratorStarted
        + -1 20s TaskCompleted { task_id: 3, result: Some(ok) }
        + -1 20s SubOrchestrationCompleted { task_id: 4, result: Some(ok) }
        + -1 20s TimerFired { timer_id: 5, fire_at: 20s }
        + -1 20s OrchestratorCompleted
        = Running State { phase: Running, updated_at: 20s, history_events: 19, last_command: 5 }; wakes never
        "#);
    }

    #[test]
    fn nothing_follows_the_end() {
        assert_eq!(refused([complete("1"), task(4, "b")]), InvalidOutput::CommandAfterEnd);
        assert_eq!(refused([again(2, &[]), complete("1")]), InvalidOutput::CommandAfterEnd);
        insta::assert_snapshot!(InvalidOutput::CommandAfterEnd.to_string(), @"a command follows the one that ended the instance");
    }

    #[test]
    fn only_an_end_is_an_end() {
        for status in Status::ALL {
            let end = Command::Complete { status, result: None, failure: None };
            let output = TurnOutput { commands: Vec::from([end]), ..TurnOutput::default() };
            let went = Life::accepted().answer(1, [], output);
            assert_eq!(went.is_ok(), status.is_terminal(), "{status}");
        }
        insta::assert_snapshot!(InvalidOutput::NotAnEnd(Status::Running).to_string(), @"an instance cannot complete as Running");
        insta::assert_snapshot!(InvalidOutput::NotAnEntityFact("TimerFired").to_string(), @"TimerFired cannot be sent to an entity");
    }

    #[test]
    fn an_answer_without_sense_leaves_no_trace() {
        let mut life = Life::begun([task(3, "a")]);
        let before = life.shown();
        let output =
            TurnOutput { commands: Vec::from([task(4, "b"), task(4, "c")]), ..TurnOutput::default() };
        life.answer(2, [done(3, 1)], output).expect_err("makes no sense");
        assert_eq!(life.shown(), before);
        insta::assert_snapshot!(life.turn(2, [done(3, 1)], [task(4, "b")]), @r#"
        admitted
        + -1 2s OrchestratorStarted
        + -1 2s TaskCompleted { task_id: 3, result: Some(ok) }
        + 4 2s TaskScheduled { name: "b" }
        + -1 2s OrchestratorCompleted
        > CallFunction(WorkItem { task_id: 4, execution: g1, name: "b" })
        = Running State { phase: Running, updated_at: 2s, history_events: 8, last_command: 4, tasks: {4: Task { name: "b", execution: g1, scheduled_at: 2s }} }; wakes never
        "#);
    }
}
