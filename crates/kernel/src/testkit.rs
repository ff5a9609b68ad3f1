//! Lives of instances, for tests: each step gives input and tells the whole output as text.

use crate::codec::Wire;
use crate::message::Start;
use crate::turn::{Begun, InvalidOutput, Next};
use crate::value::ParentLink;
use crate::{
    Admission, Command, CustomStatus, Decision, Discard, Event, ExecutionId, Failure, Head, Instance,
    InstanceId, Limits, Message, Payload, State, Status, Tags, Timestamp, Turn, TurnOutput,
};
use alloc::{borrow::ToOwned, boxed::Box, format, string::String, vec::Vec};
use core::fmt::{Debug, Write};

/// One instance and its history.
#[derive(Clone)]
pub(crate) struct Life {
    pub(crate) instance: Instance,
    pub(crate) history: Vec<Event>,
    pub(crate) limits: Limits,
}

impl Life {
    /// The instance `i` of the workflow `flow`, accepted at second 0 as generation 1.
    pub(crate) fn accepted() -> Self {
        Self::of(start())
    }

    pub(crate) fn of(start: Start) -> Self {
        let instance = Instance::create(id("i"), start, at(0));
        Self { instance, history: Vec::new(), limits: Limits::default() }
    }

    /// Begun at second 1, with the first commands carried out.
    pub(crate) fn begun(commands: impl Into<Vec<Command>>) -> Self {
        Self::accepted().then(1, [], commands)
    }

    /// A turn of whose output nothing is to be seen.
    pub(crate) fn then(
        mut self,
        second: i64,
        inbox: impl Into<Vec<Message>>,
        commands: impl Into<Vec<Command>>,
    ) -> Self {
        self.turn(second, inbox, commands);
        self
    }

    /// A whole turn; tells all that came of it.
    pub(crate) fn turn(
        &mut self,
        second: i64,
        inbox: impl Into<Vec<Message>>,
        commands: impl Into<Vec<Command>>,
    ) -> String {
        let output = TurnOutput { commands: commands.into(), ..TurnOutput::default() };
        self.answer(second, inbox, output).expect("the commands make sense")
    }

    /// A whole turn with all that an executor may say.
    pub(crate) fn answer(
        &mut self,
        second: i64,
        inbox: impl Into<Vec<Message>>,
        output: TurnOutput,
    ) -> Result<String, InvalidOutput> {
        let begun = Turn::begin(self.instance.clone(), inbox.into(), at(second), &self.limits);
        self.settle(begun, output)
    }

    /// Messages for an instance that cannot run now.
    pub(crate) fn hold(&mut self, second: i64, inbox: impl Into<Vec<Message>>) -> String {
        let begun = Turn::hold(self.instance.clone(), inbox.into(), at(second), &self.limits);
        self.settle(begun, TurnOutput::default()).expect("no commands")
    }

    /// The way back, into the generation `execution`.
    pub(crate) fn rewind(&mut self, second: i64, execution: u128) -> Result<String, Discard> {
        let reason = Some("again".into());
        let went = crate::rewind::rewind(
            self.instance.clone(),
            &self.history,
            reason,
            generation(execution),
            at(second),
        );
        match went {
            Ok(decision) => Ok(self.take("rewound\n".to_owned(), decision)),
            Err(refused) => Err(refused.1),
        }
    }

    fn settle(&mut self, begun: Begun, output: TurnOutput) -> Result<String, InvalidOutput> {
        let mut text = String::new();
        for admission in &begun.admissions {
            match admission {
                Admission::Admitted => text.push_str("admitted\n"),
                Admission::Discarded(rule) => writeln!(text, "discarded: {rule:?}").expect("text"),
            }
        }
        match begun.next {
            Next::Run(turn) => Ok(self.take(text, turn.finish(output)?)),
            Next::Settled(decision) => {
                assert_eq!(output, TurnOutput::default(), "no executor was asked");
                Ok(self.take(text + "settled without an executor\n", decision))
            }
            Next::Unchanged(instance) => {
                assert_eq!(output, TurnOutput::default(), "no executor was asked");
                assert_eq!(instance, self.instance, "unchanged");
                Ok(text + "unchanged")
            }
        }
    }

    fn take(&mut self, mut text: String, decision: Decision) -> String {
        if decision.new_generation {
            text.push_str("new generation\n");
            self.history.clear();
        }
        for event in &decision.events {
            let Event { id, at, kind } = event;
            writeln!(text, "+ {id} {} {}", short(at), short(kind)).expect("text");
        }
        for effect in &decision.effects {
            writeln!(text, "> {}", short(effect)).expect("text");
        }
        self.history.extend(decision.events);
        self.instance = decision.instance;
        self.check_invariants();
        text + &self.shown()
    }

    /// The instance as it is.
    pub(crate) fn shown(&self) -> String {
        let state = short(&self.instance.state);
        let wake = self.instance.next_wake().map_or("never".to_owned(), |at| short(&at));
        format!("= {} {state}; wakes {wake}", self.instance.status())
    }

    fn check_invariants(&self) {
        assert_eq!(self.instance.state.history_events as usize, self.history.len(), "history length");
        assert_eq!(State::from_bytes(&self.instance.state.to_bytes()).as_ref(), Ok(&self.instance.state));
        assert_eq!(Head::from_bytes(&self.instance.head.to_bytes()).as_ref(), Ok(&self.instance.head));
        for event in &self.history {
            assert_eq!(Event::from_bytes(&event.to_bytes()).as_ref(), Ok(event));
        }
    }
}

/// The debug form of a value without what is absent, empty or false, with short times and generations.
pub(crate) fn short(value: &impl Debug) -> String {
    let mut text = format!("{value:?}");
    for absent in [": None", ": {}", ": []", ": false"] {
        while let Some(end) = text.find(absent) {
            let start = text[..end].rfind([' ', '{']).map_or(0, |before| before + 1);
            let mut stop = end + absent.len();
            if text[stop..].starts_with(", ") {
                stop += 2;
            }
            text.replace_range(start..stop, "");
        }
    }
    for (long, brief) in [(" {  }", ""), (" { }", ""), (",  }", " }")] {
        text = text.replace(long, brief);
    }
    shorten_times(shorten_generations(text))
}

fn shorten_times(mut text: String) -> String {
    while let Some(start) = text.find("Timestamp(") {
        let digits = start + "Timestamp(".len();
        let end = digits + text[digits..].find(')').expect("closed");
        let nanoseconds: i64 = text[digits..end].parse().expect("digits");
        text.replace_range(start..=end, &format!("{}s", nanoseconds / 1_000_000_000));
    }
    text
}

fn shorten_generations(mut text: String) -> String {
    let zeros = "0".repeat(24);
    while let Some(start) = text.find(&zeros) {
        let digits = text[start..start + 32].trim_start_matches('0').to_owned();
        text.replace_range(start..start + 32, &format!("g{digits}"));
    }
    text
}

pub(crate) fn at(second: i64) -> Timestamp {
    Timestamp(second * 1_000_000_000)
}

pub(crate) fn generation(number: u128) -> ExecutionId {
    ExecutionId(number)
}

pub(crate) fn id(text: &str) -> InstanceId {
    InstanceId::trusted(text)
}

pub(crate) fn payload(text: &str) -> Option<Payload> {
    Some(text.into())
}

pub(crate) fn failure(message: &str) -> Box<Failure> {
    Box::new(Failure::new("E", message))
}

/// A start of `flow` as generation 1.
pub(crate) fn start() -> Start {
    Start {
        name: "flow".into(),
        version: None,
        input: payload("0"),
        execution: generation(1),
        parent: None,
        scheduled_at: None,
        tags: Tags::new(),
        trace: None,
        replaceable: Vec::new(),
    }
}

/// As `start`, asked for by the parent `p` as its task 7.
pub(crate) fn child_start() -> Start {
    Start { parent: Some(Box::new(parent())), ..start() }
}

pub(crate) fn parent() -> ParentLink {
    ParentLink {
        instance: id("p"),
        name: "parent".into(),
        version: None,
        execution: generation(9),
        task_id: 7,
        detached: false,
    }
}

pub(crate) fn task(id: i32, name: &str) -> Command {
    Command::ScheduleTask {
        id,
        name: name.into(),
        version: None,
        input: None,
        tags: Tags::new(),
        trace: None,
    }
}

pub(crate) fn child(number: i32, instance: &str) -> Command {
    Command::CreateSubOrchestration {
        id: number,
        instance: Some(id(instance)),
        name: "sub".into(),
        version: None,
        input: None,
        tags: Tags::new(),
        trace: None,
        detached: false,
    }
}

pub(crate) fn timer(id: i32, second: i64) -> Command {
    Command::CreateTimer { id, fire_at: at(second) }
}

pub(crate) fn send(number: i32, target: &str) -> Command {
    Command::SendEvent { id: number, target: id(target), name: "ping".into(), input: payload("1") }
}

pub(crate) fn cancel(id: i32, task_id: i32) -> Command {
    Command::Cancel { id, task_id }
}

pub(crate) fn complete(result: &str) -> Command {
    Command::Complete { status: Status::Completed, result: payload(result), failure: None }
}

pub(crate) fn fail(message: &str) -> Command {
    Command::Complete { status: Status::Failed, result: None, failure: Some(failure(message)) }
}

pub(crate) fn again(execution: u128, carry_over: &[&str]) -> Command {
    Command::ContinueAsNew {
        input: payload("next"),
        version: None,
        carry_over: carry_over.iter().map(|name| ((*name).into(), payload("carried"))).collect(),
        execution: generation(execution),
    }
}

pub(crate) fn done(task_id: i32, execution: u128) -> Message {
    Message::TaskCompleted { task_id, execution: generation(execution), result: payload("ok") }
}

pub(crate) fn failed(task_id: i32, execution: u128) -> Message {
    Message::TaskFailed { task_id, execution: generation(execution), failure: failure("broke") }
}

pub(crate) fn child_done(task_id: i32, execution: u128) -> Message {
    Message::SubOrchestrationCompleted { task_id, execution: generation(execution), result: payload("ok") }
}

pub(crate) fn child_failed(task_id: i32, execution: u128) -> Message {
    Message::SubOrchestrationFailed { task_id, execution: generation(execution), failure: failure("broke") }
}

pub(crate) fn raised(name: &str) -> Message {
    Message::EventRaised { name: name.into(), input: payload("1") }
}

pub(crate) fn suspend() -> Message {
    Message::Suspend { reason: payload("stop") }
}

pub(crate) fn resume() -> Message {
    Message::Resume { reason: payload("go") }
}

pub(crate) fn terminate(recurse: bool) -> Message {
    Message::Terminate { output: payload("enough"), recurse }
}

/// An instance that ended at second 1 in this way.
pub(crate) fn ended(start: Start, status: Status) -> Instance {
    let command = match status {
        Status::Failed => fail("broke"),
        status => Command::Complete { status, result: payload("out"), failure: None },
    };
    Life::of(start).then(1, [], [command]).instance
}

/// What an executor says beside its commands.
pub(crate) fn saying(status: Option<&str>, waiting_for: &[&str]) -> TurnOutput {
    TurnOutput {
        custom_status: CustomStatus::Set(status.map(Payload::from)),
        waiting_for: waiting_for.iter().map(|name| (*name).into()).collect(),
        commands: Vec::new(),
    }
}

fn to_entity(id: i32, fact: crate::EventKind) -> Command {
    Command::Entity { id, fact: Box::new(fact) }
}

/// Asks the entity `@a@1` for `add`.
pub(crate) fn entity_call(task_id: i32, request: &str) -> Command {
    to_entity(
        task_id,
        crate::EventKind::EntityOperationCalled {
            request_id: request.into(),
            operation: "add".into(),
            scheduled_at: None,
            input: payload("5"),
            parent: None,
            parent_execution: None,
            target: Some(id("@a@1")),
        },
    )
}

/// Asks for the lock of `@b@1` and `@a@1`.
pub(crate) fn lock(task_id: i32, section: &str) -> Command {
    let lock_set = Vec::from([id("@b@1"), id("@a@1")]);
    to_entity(
        task_id,
        crate::EventKind::EntityLockRequested {
            section: section.into(),
            lock_set,
            position: 0,
            parent: None,
        },
    )
}

pub(crate) fn unlock(task_id: i32, section: &str, target: &str) -> Command {
    to_entity(
        task_id,
        crate::EventKind::EntityUnlockSent {
            section: section.into(),
            parent: None,
            target: Some(id(target)),
        },
    )
}

pub(crate) fn entity_done(request: &str) -> Message {
    Message::EntityOperationCompleted { request_id: request.into(), output: payload("ok") }
}

pub(crate) fn entity_failed(request: &str) -> Message {
    Message::EntityOperationFailed { request_id: request.into(), failure: failure("broke") }
}

pub(crate) fn granted(section: &str) -> Message {
    Message::EntityLockGranted { section: section.into(), lock_set: Vec::from([id("@a@1"), id("@b@1")]) }
}
