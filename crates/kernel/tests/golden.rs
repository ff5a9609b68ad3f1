//! Stored forms that were written once must be read for ever, and written again identically.
//!
//! Each line of a file in `tests/golden` is a kind and the bytes of one sample of it. Lines are added, never
//! changed: run this test with `PARTITA_BLESS=1` after adding a variant or a schema version.
#![allow(clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // helpers of tests fail their test

use partita_kernel::codec::Wire;
use partita_kernel::entity::{Caller, EntityState, Item, Lock, LockRequest, Operation, Waiting};
use partita_kernel::instance::{Child, EntityRequest, Section, SetAside, Task, Timers};
use partita_kernel::message::Start;
use partita_kernel::value::ParentLink;
use partita_kernel::{
    Event, EventKind, ExecutionId, Failure, Head, InstanceId, Message, Name, Payload, Phase, State, Status,
    Tags, Timestamp, Trace,
};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{Debug, Write as _};
use std::path::PathBuf;

/// Compares a file with samples of everything of which it must hold one.
fn check<T: Wire + PartialEq + Debug>(file: &str, samples: &[(&str, T)]) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(file);
    let stored = std::fs::read_to_string(&path).unwrap_or_default();
    let known: BTreeSet<&str> = stored.lines().collect();
    for line in &known {
        let (kind, bytes) = line.split_once(' ').expect("a kind and its bytes");
        let bytes = unhex(bytes);
        let value = T::from_bytes(&bytes).unwrap_or_else(|error| panic!("{file}: {kind}: {error}"));
        assert_eq!(value.to_bytes(), bytes, "{file}: {kind} is written differently now");
    }
    let lines = samples.iter().map(|(kind, sample)| format!("{kind} {}", hex(&sample.to_bytes())));
    let missing: Vec<String> = lines.filter(|line| !known.contains(line.as_str())).collect();
    if std::env::var_os("PARTITA_BLESS").is_some() {
        let all = missing.iter().fold(stored.clone(), |text, line| text + line + "\n");
        std::fs::write(&path, all).expect("the file can be written");
    } else {
        assert_eq!(missing, [""; 0], "{file} lacks these; their stored form is new or has changed");
    }
}

fn kinds<'a, T>(samples: &[(&'a str, T)]) -> BTreeSet<&'a str> {
    samples.iter().map(|(kind, _)| *kind).collect()
}

fn all(kinds: &[&'static str]) -> BTreeSet<&'static str> {
    kinds.iter().copied().collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn unhex(text: &str) -> Vec<u8> {
    let digit = |at| u8::from_str_radix(&text[at..at + 2], 16).expect("two digits");
    (0..text.len()).step_by(2).map(digit).collect()
}

fn name(text: &str) -> Name {
    text.into()
}

fn payload(text: &str) -> Option<Payload> {
    Some(text.into())
}

fn tags() -> Tags {
    Tags::from([(name("colour"), name("blue")), (name("size"), name("ü"))])
}

fn trace() -> Option<Trace> {
    Some(Trace { parent: name("00-0af7-b7ad-01"), state: Some(name("vendor=1")) })
}

fn execution(number: u128) -> ExecutionId {
    ExecutionId(0x0123_4567_89ab_cdef_0000_0000_0000_0000 | number)
}

fn id(text: &str) -> InstanceId {
    InstanceId::trusted(text)
}

fn at(nanoseconds: i64) -> Timestamp {
    Timestamp(1_700_000_000_000_000_000 + nanoseconds)
}

fn failure() -> Box<Failure> {
    let mut failure = Failure::new("OrderError", "no stock").caused_by(Failure::new("Io", "reset"));
    failure.stack_trace = payload("at order.rs:7");
    failure.properties = tags();
    Box::new(failure.non_retriable())
}

fn parent() -> Option<Box<ParentLink>> {
    Some(Box::new(ParentLink {
        instance: id("parent-1"),
        name: name("Parent"),
        version: Some(name("2")),
        execution: execution(9),
        task_id: 300,
        detached: true,
    }))
}

fn start() -> Box<Start> {
    Box::new(Start {
        name: name("Order"),
        version: Some(name("1.0")),
        input: payload("{\"id\":1}"),
        execution: execution(1),
        parent: parent(),
        scheduled_at: Some(at(5)),
        tags: tags(),
        trace: trace(),
        replaceable: Status::ALL.into(),
    })
}

fn with_kind<T>(samples: Vec<T>, kind: impl Fn(&T) -> &'static str) -> Vec<(&'static str, T)> {
    samples.into_iter().map(|sample| (kind(&sample), sample)).collect()
}

fn executions() -> Vec<EventKind> {
    let Start { name, version, input, execution: first, parent, scheduled_at, tags, trace, .. } = *start();
    vec![
        EventKind::OrchestratorStarted,
        EventKind::OrchestratorCompleted,
        EventKind::ExecutionStarted {
            name,
            version,
            input,
            execution: first,
            parent,
            scheduled_at,
            tags,
            trace,
        },
        EventKind::ExecutionCompleted {
            status: Status::Failed,
            result: payload("1"),
            failure: Some(failure()),
        },
        EventKind::ExecutionTerminated { output: payload("enough"), recurse: true },
        EventKind::ExecutionSuspended { reason: payload("lunch") },
        EventKind::ExecutionResumed { reason: None },
        EventKind::ExecutionRewound {
            reason: payload("fixed"),
            execution: execution(2),
            cut: 300,
            dropped: vec![1, 200],
        },
        EventKind::Generic { data: payload("[]") },
    ]
}

fn tasks() -> Vec<EventKind> {
    vec![
        EventKind::TaskScheduled {
            name: name("charge"),
            version: Some(name("3")),
            input: payload("5"),
            tags: tags(),
            trace: trace(),
        },
        EventKind::TaskCompleted { task_id: 0, result: payload(&"x".repeat(200)) },
        EventKind::TaskFailed { task_id: i32::MAX, failure: failure() },
        EventKind::SubOrchestrationCreated {
            instance: id("child-1"),
            name: name("Ship"),
            version: None,
            input: payload(""),
            tags: tags(),
            trace: trace(),
            detached: true,
        },
        EventKind::SubOrchestrationCompleted { task_id: 64, result: None },
        EventKind::SubOrchestrationFailed { task_id: 1, failure: failure() },
        EventKind::TimerCreated { fire_at: at(1) },
        EventKind::TimerFired { timer_id: 3, fire_at: at(-1) },
        EventKind::EventSent { target: id("other"), name: name("paid"), input: payload("1") },
        EventKind::EventRaised { name: name("paid"), input: payload("1") },
        EventKind::OperationCanceled { task_id: i32::MIN },
    ]
}

fn lock_set() -> Vec<InstanceId> {
    vec![id("@counter@1"), id("@counter@2")]
}

fn caller() -> Caller {
    Caller { instance: id("order-1"), execution: execution(1) }
}

fn operation() -> Operation {
    Operation {
        request_id: name("r3"),
        name: name("add"),
        input: payload("1"),
        caller: Some(Box::new(caller())),
        scheduled_at: Some(at(7)),
        trace: trace(),
    }
}

fn lock_request() -> LockRequest {
    LockRequest { section: name("s1"), lock_set: lock_set(), position: 1, holder: caller() }
}

fn entities() -> Vec<EventKind> {
    vec![
        EventKind::EntityOperationSignaled {
            request_id: name("r1"),
            operation: name("add"),
            scheduled_at: Some(at(0)),
            input: payload("1"),
            target: Some(id("@counter@1")),
        },
        EventKind::EntityOperationCalled {
            request_id: name("r2"),
            operation: name("get"),
            scheduled_at: None,
            input: None,
            parent: Some(id("order-1")),
            parent_execution: Some(execution(1)),
            target: Some(id("@counter@1")),
        },
        EventKind::EntityOperationCompleted { request_id: name("r2"), output: payload("7") },
        EventKind::EntityOperationFailed { request_id: name("r2"), failure: failure() },
        EventKind::EntityLockRequested {
            section: name("s1"),
            lock_set: lock_set(),
            position: 1,
            parent: Some(id("order-1")),
        },
        EventKind::EntityLockGranted { section: name("s1") },
        EventKind::EntityUnlockSent {
            section: name("s1"),
            parent: Some(id("order-1")),
            target: Some(id("@counter@1")),
        },
    ]
}

fn messages() -> Vec<Message> {
    let execution = execution(1);
    vec![
        Message::Start { start: start() },
        Message::TaskCompleted { task_id: 5, execution, result: payload("1") },
        Message::TaskFailed { task_id: 5, execution, failure: failure() },
        Message::SubOrchestrationCompleted { task_id: 5, execution, result: None },
        Message::SubOrchestrationFailed { task_id: 5, execution, failure: failure() },
        Message::EventRaised { name: name("paid"), input: payload("1") },
        Message::Suspend { reason: payload("lunch") },
        Message::Resume { reason: None },
        Message::Terminate { output: payload("enough"), recurse: true },
        Message::Rewind { reason: payload("fixed"), otherwise: Some(start()) },
        Message::Wake,
        Message::EntityOperationCompleted { request_id: name("r2"), output: payload("7") },
        Message::EntityOperationFailed { request_id: name("r2"), failure: failure() },
        Message::EntityLockGranted { section: name("s1"), lock_set: lock_set() },
        Message::EntityOperation { operation: Box::new(operation()) },
        Message::EntityLock { request: Box::new(lock_request()) },
        Message::EntityUnlock { section: name("s1") },
    ]
}

fn phases() -> Vec<Phase> {
    vec![
        Phase::Pending,
        Phase::Running,
        Phase::Suspended,
        Phase::Finished { status: Status::Failed, at: at(8), output: payload("1"), failure: Some(failure()) },
    ]
}

fn head() -> Head {
    let Start { name, version, input, execution, parent, scheduled_at, tags, trace, .. } = *start();
    let created_at = at(0);
    Head { name, version, input, execution, generation: 4, created_at, scheduled_at, parent, tags, trace }
}

fn state() -> State {
    let mut timers = Timers::default();
    timers.add(at(9), 2);
    timers.add(at(7), 3);
    let task = Task { name: name("charge"), execution: execution(1), scheduled_at: at(1) };
    let child = Child { instance: id("child-1"), name: name("Ship"), execution: execution(1) };
    State {
        phase: Phase::Suspended,
        updated_at: at(6),
        custom_status: payload("half"),
        history_events: 300,
        last_command: 70,
        tasks: BTreeMap::from([(0, task)]),
        children: BTreeMap::from([(1, child)]),
        timers,
        pending: messages(),
        waiting_for: vec![name("paid")],
        set_aside: Some(Box::new(SetAside {
            reason: *failure(),
            attempts: 3,
            at: at(6),
            retry_at: Some(at(60)),
        })),
        requests: BTreeMap::new(),
        sections: BTreeMap::new(),
    }
}

fn state_with_entities() -> State {
    let request =
        EntityRequest { task_id: 5, target: id("@counter@1"), operation: name("get"), asked_at: at(6) };
    let section = Section { task_id: 6, entities: lock_set(), held: true, asked_at: at(6) };
    State {
        requests: BTreeMap::from([(name("r2"), request)]),
        sections: BTreeMap::from([(name("s1"), section)]),
        ..state()
    }
}

fn entity() -> EntityState {
    let waiting = |number, item| Waiting { number, item };
    EntityState {
        created_at: at(1),
        updated_at: at(2),
        state: payload("{\"count\":7}"),
        queue: vec![
            waiting(3, Item::Operation { operation: Box::new(operation()) }),
            waiting(4, Item::Lock { request: Box::new(lock_request()) }),
        ],
        delayed: BTreeMap::from([((at(7), 2), operation())]),
        lock: Some(Box::new(Lock { section: name("s0"), holder: caller(), since: at(2) })),
        next_number: 5,
    }
}

#[test]
fn events() {
    let samples = [executions(), tasks(), entities()].concat();
    let samples = with_kind(samples, EventKind::kind);
    assert_eq!(kinds(&samples), all(EventKind::KINDS));
    let event = |(kind, sample)| (kind, Event { id: 12, at: at(3), kind: sample });
    check("events.hex", &samples.into_iter().map(event).collect::<Vec<_>>());
}

#[test]
fn messages_of_all_kinds() {
    let samples = with_kind(messages(), Message::kind);
    assert_eq!(kinds(&samples), all(Message::KINDS));
    check("messages.hex", &samples);
}

#[test]
fn phases_of_all_kinds() {
    let samples = with_kind(phases(), Phase::kind);
    assert_eq!(kinds(&samples), all(Phase::KINDS));
    check("phases.hex", &samples);
}

#[test]
fn heads() {
    let plain = Head {
        version: None,
        input: None,
        scheduled_at: None,
        parent: None,
        tags: Tags::new(),
        trace: None,
        ..head()
    };
    check("heads.hex", &[("full", head()), ("plain", plain)]);
}

#[test]
fn states() {
    check("states.hex", &[("full", state()), ("with-entities", state_with_entities())]);
}

#[test]
fn entities_of_all_kinds() {
    let void = EntityState {
        state: None,
        queue: Vec::new(),
        delayed: BTreeMap::new(),
        lock: None,
        next_number: 0,
        ..entity()
    };
    check("entities.hex", &[("full", entity()), ("void", void)]);
}
