//! Workflows as functions of what they were told, run here or elsewhere, and the hands of a test.
#![allow(dead_code)] // each test uses a part of it

use futures::future::BoxFuture;
use parking_lot::Mutex;
use partita_engine::executor::TurnInput;
use partita_engine::store::Store;
use partita_engine::{
    Engine, EngineConfig, Execution, Function, FunctionCall, InstanceInfo, InstanceView, Offers,
    Orchestrator, Registry, RemoteOrchestrator, RemoteOutput, RemoteTurn, StartRequest, VirtualClock,
    WaitFor,
};
use partita_kernel::{
    Command, Event, EventKind, ExecutionId, Failure, InstanceId, Name, Payload, Status, Timestamp, TurnOutput,
};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;

pub(crate) const LONG: Duration = Duration::from_secs(365 * 24 * 3600);
pub(crate) const ORIGIN: Timestamp = Timestamp(1_700_000_000_000_000_000);

/// All that a workflow asks for, from its begin on, given all that it was told.
pub(crate) type Script = fn(&Told<'_>) -> Vec<Command>;

/// What a workflow was told.
pub(crate) struct Told<'a> {
    pub(crate) input: String,
    pub(crate) began: Timestamp,
    pub(crate) next_execution: ExecutionId,
    /// Outcomes by task, timer or child.
    pub(crate) outcomes: BTreeMap<i32, Result<String, Failure>>,
    /// Events, as far as it has gone on.
    pub(crate) raised: Vec<String>,
    /// Events, also those that came while it stood still.
    pub(crate) all_raised: Vec<(Name, Option<Payload>)>,
    pub(crate) events: &'a [&'a Event],
}

fn text(payload: Option<&Payload>) -> String {
    payload.map(|payload| payload.as_str().to_owned()).unwrap_or_default()
}

pub(crate) fn payload(text: &str) -> Option<Payload> {
    Some(Payload::from(text))
}

impl<'a> Told<'a> {
    fn of(events: &'a [&'a Event], next_execution: ExecutionId) -> Self {
        let mut told = Self {
            input: String::new(),
            began: Timestamp(0),
            next_execution,
            outcomes: BTreeMap::new(),
            raised: Vec::new(),
            all_raised: Vec::new(),
            events,
        };
        let (mut stands, mut kept) = (false, Vec::new());
        for event in events {
            match &event.kind {
                EventKind::ExecutionSuspended { .. } => stands = true,
                EventKind::ExecutionResumed { .. } => {
                    stands = false;
                    kept.drain(..).for_each(|event| told.take_in(event));
                }
                EventKind::EventRaised { name, input } => {
                    told.all_raised.push((name.clone(), input.clone()));
                    if stands { kept.push(event) } else { told.take_in(event) }
                }
                _ if stands => kept.push(event),
                _ => told.take_in(event),
            }
        }
        told
    }

    fn take_in(&mut self, event: &Event) {
        match &event.kind {
            EventKind::ExecutionStarted { input, .. } => {
                (self.input, self.began) = (text(input.as_ref()), event.at);
            }
            EventKind::TaskCompleted { task_id, result }
            | EventKind::SubOrchestrationCompleted { task_id, result } => {
                assert!(self.outcomes.insert(*task_id, Ok(text(result.as_ref()))).is_none());
            }
            EventKind::TaskFailed { task_id, failure }
            | EventKind::SubOrchestrationFailed { task_id, failure } => {
                assert!(self.outcomes.insert(*task_id, Err((**failure).clone())).is_none());
            }
            EventKind::TimerFired { timer_id, .. } => {
                assert!(self.outcomes.insert(*timer_id, Ok("rang".into())).is_none());
            }
            EventKind::EventRaised { input, .. } => self.raised.push(text(input.as_ref())),
            other => panic!("nothing to be told: {other:?}"),
        }
    }
}

pub(crate) fn task(id: i32, input: &str) -> Command {
    let (name, input) = ("Work".into(), payload(input));
    Command::ScheduleTask { id, name, version: None, input, tags: Default::default(), trace: None }
}

pub(crate) fn complete(result: &str) -> Command {
    Command::Complete { status: Status::Completed, result: payload(result), failure: None }
}

fn fail(failure: &Failure) -> Command {
    Command::Complete { status: Status::Failed, result: None, failure: Some(Box::new(failure.clone())) }
}

/// Asks for things one after the other, or all at once, and ends with what came of them.
fn all(told: &Told<'_>, asked: Vec<Command>) -> Result<Vec<String>, Vec<Command>> {
    let mut results = Vec::new();
    for id in (0..).take(asked.len()) {
        match told.outcomes.get(&id) {
            Some(Ok(result)) => results.push(result.clone()),
            Some(Err(failure)) => return Err([asked, Vec::from([fail(failure)])].concat()),
            None => return Err(asked),
        }
    }
    Ok(results)
}

/// `n` activities, one after the other.
fn sequence(told: &Told<'_>) -> Vec<Command> {
    let n: i32 = told.input.parse().unwrap();
    let mut asked = Vec::new();
    for id in 0..n {
        asked.push(task(id, &id.to_string()));
        match told.outcomes.get(&id) {
            Some(Ok(_)) => {}
            Some(Err(failure)) => return [asked, Vec::from([fail(failure)])].concat(),
            None => return asked,
        }
    }
    asked.push(complete(&told.outcomes.values().flatten().cloned().collect::<Vec<_>>().join(",")));
    asked
}

/// `n` activities at once.
fn fan(told: &Told<'_>) -> Vec<Command> {
    let n: i32 = told.input.parse().unwrap();
    let asked: Vec<Command> = (0..n).map(|id| task(id, &id.to_string())).collect();
    match all(told, asked.clone()) {
        Ok(results) => [asked, Vec::from([complete(&results.len().to_string())])].concat(),
        Err(asked) => asked,
    }
}

fn timer(told: &Told<'_>) -> Vec<Command> {
    let seconds: u64 = told.input.parse().unwrap();
    let mut asked =
        vec![Command::CreateTimer { id: 0, fire_at: told.began.after(Duration::from_secs(seconds)) }];
    asked.extend(told.outcomes.get(&0).map(|_| complete("rang")));
    asked
}

/// Waits for `n` external events.
fn events(told: &Told<'_>) -> Vec<Command> {
    let n: usize = told.input.parse().unwrap();
    if told.raised.len() < n { Vec::new() } else { vec![complete(&told.raised[..n].join(","))] }
}

fn child(id: i32, name: &str, input: &str) -> Command {
    Command::CreateSubOrchestration {
        id,
        instance: None,
        name: name.into(),
        version: None,
        input: payload(input),
        tags: Default::default(),
        trace: None,
        detached: false,
    }
}

fn parent(told: &Told<'_>) -> Vec<Command> {
    let asked = vec![child(0, "Sequence", &told.input)];
    match all(told, asked.clone()) {
        Ok(results) => [asked, vec![complete(&results[0])]].concat(),
        Err(asked) => asked,
    }
}

/// Begins again `n` times, after an activity each.
fn again(told: &Told<'_>) -> Vec<Command> {
    let n: u32 = told.input.parse().unwrap();
    let mut asked = vec![task(0, &told.input)];
    if told.outcomes.contains_key(&0) {
        asked.push(match n {
            0 => complete(&told.raised.join(",")),
            n => begin_again(told, &(n - 1).to_string()),
        });
    }
    asked
}

fn begin_again(told: &Told<'_>, input: &str) -> Command {
    let (carry_over, execution) = (told.all_raised.clone(), told.next_execution);
    Command::ContinueAsNew { input: payload(input), version: None, carry_over, execution }
}

/// Some of everything: an activity; a timer, a child and five activities at once; an external event; and
/// again, until it was told of four different events.
fn mixed(told: &Told<'_>) -> Vec<Command> {
    let raised: BTreeSet<&str> = told.raised.iter().map(String::as_str).collect();
    let mut asked = vec![task(0, "first")];
    if !told.outcomes.contains_key(&0) {
        return asked;
    }
    if told.input == "1" {
        if raised.len() == 4 {
            asked.push(complete(&raised.into_iter().collect::<Vec<_>>().join(",")));
        }
        return asked;
    }
    asked.push(Command::CreateTimer { id: 1, fire_at: told.began.after(Duration::from_secs(1)) });
    asked.push(child(2, "Sequence", "2"));
    asked.extend((3..8).map(|id| task(id, &id.to_string())));
    if told.outcomes.len() == 8 && !raised.is_empty() {
        asked.push(begin_again(told, "1"));
    }
    asked
}

pub(crate) const SCRIPTS: [(&str, Script); 7] = [
    ("Sequence", sequence),
    ("Fan", fan),
    ("Timer", timer),
    ("Events", events),
    ("Parent", parent),
    ("Again", again),
    ("Mixed", mixed),
];

pub(crate) fn script(name: &str) -> Script {
    SCRIPTS.iter().find(|(known, _)| *known == name).unwrap().1
}

/// What a workflow asks for that it has not asked for before.
fn asked(script: Script, told: &[&Event], last: i32, next_execution: ExecutionId) -> TurnOutput {
    let mut commands = script(&Told::of(told, next_execution));
    commands.retain(|command| match command {
        Command::ScheduleTask { id, .. }
        | Command::CreateTimer { id, .. }
        | Command::CreateSubOrchestration { id, .. } => *id > last,
        _ => true,
    });
    TurnOutput { commands, ..TurnOutput::default() }
}

/// What a worker does that keeps nothing: it is told all, each time.
pub(crate) fn work(turn: &RemoteTurn) -> RemoteOutput {
    check(turn);
    let told: Vec<&Event> =
        turn.past.iter().chain(&turn.new_events).filter(|event| event.kind.is_incoming()).collect();
    let last = turn.past.iter().map(|event| event.id).max().unwrap_or(-1);
    let output = asked(script(&turn.info.name), &told, last, turn.next_execution);
    RemoteOutput { output, span: None }
}

/// What every worker may rely on.
fn check(turn: &RemoteTurn) {
    assert!(matches!(turn.new_events[0].kind, EventKind::OrchestratorStarted), "{turn:?}");
    assert!(turn.new_events.len() > 1 && turn.new_events[1..].iter().all(|event| event.kind.is_incoming()));
    let starts = turn.past.iter().chain(&turn.new_events);
    let starts = starts.filter(|event| matches!(event.kind, EventKind::ExecutionStarted { .. })).count();
    assert_eq!(starts, 1, "one start: {turn:?}");
    let count = |kind: fn(&EventKind) -> bool| turn.past.iter().filter(|event| kind(&event.kind)).count();
    assert_eq!(
        count(|kind| matches!(kind, EventKind::OrchestratorStarted)),
        count(|kind| matches!(kind, EventKind::OrchestratorCompleted)),
        "whole turns: {turn:?}"
    );
}

/// The same workflows, run here.
struct Here(Script);

struct Run {
    script: Script,
    told: Vec<Event>,
    last: i32,
}

impl Orchestrator for Here {
    fn begin(&self, _: &InstanceInfo) -> Box<dyn Execution> {
        Box::new(Run { script: self.0, told: Vec::new(), last: -1 })
    }
}

impl Execution for Run {
    fn turn(&mut self, turn: TurnInput<'_>) -> Result<TurnOutput, Failure> {
        self.told.extend(turn.events.iter().map(|event| (*event).clone()));
        let told: Vec<&Event> = self.told.iter().collect();
        let output = asked(self.script, &told, self.last, turn.next_execution);
        let ids = output.commands.iter().filter_map(|command| match command {
            Command::ScheduleTask { id, .. }
            | Command::CreateTimer { id, .. }
            | Command::CreateSubOrchestration { id, .. } => Some(*id),
            _ => None,
        });
        self.last = ids.max().unwrap_or(self.last);
        Ok(output)
    }
}

/// An activity that takes as long as it is told.
pub(crate) struct Work {
    pub(crate) takes: fn(&FunctionCall) -> Duration,
    /// How many calls are still to fail.
    pub(crate) failures: Mutex<u32>,
    pub(crate) calls: Mutex<u32>,
}

impl Function for Work {
    fn call(&self, call: FunctionCall) -> BoxFuture<'static, Result<Option<Payload>, Failure>> {
        *self.calls.lock() += 1;
        let mut failures = self.failures.lock();
        let fails = *failures > 0;
        *failures = failures.saturating_sub(1);
        let takes = (self.takes)(&call);
        Box::pin(async move {
            if !takes.is_zero() {
                tokio::time::sleep(takes).await;
            }
            if fails { Err(Failure::new("Broken", "on purpose")) } else { Ok(call.input) }
        })
    }
    fn is_bounded(&self) -> bool {
        false
    }
}

/// Workers: whoever receives the turns.
pub(crate) struct Workers {
    names: Vec<Name>,
    turns: mpsc::UnboundedSender<RemoteTurn>,
}

#[derive(Clone)]
struct Queue(mpsc::UnboundedSender<RemoteTurn>);

impl RemoteOrchestrator for Queue {
    fn dispatch(&self, turn: RemoteTurn) {
        let _ = self.0.send(turn);
    }
}

impl Offers for Workers {
    fn remote(&self, name: &str, _: Option<&str>) -> Option<Arc<dyn RemoteOrchestrator>> {
        let known = self.names.iter().any(|known| &**known == name);
        known.then(|| Arc::new(Queue(self.turns.clone())) as Arc<dyn RemoteOrchestrator>)
    }
}

/// An engine and the turns that it hands out.
pub(crate) struct Hub {
    pub(crate) engine: Engine,
    pub(crate) turns: mpsc::UnboundedReceiver<RemoteTurn>,
    back: mpsc::UnboundedSender<RemoteTurn>,
    pub(crate) work: Arc<Work>,
}

pub(crate) fn quick(_: &FunctionCall) -> Duration {
    Duration::ZERO
}

pub(crate) fn here() -> Registry {
    let mut registry = Registry::default();
    for (name, script) in SCRIPTS {
        registry.add_orchestrator(name, Arc::new(Here(script)));
    }
    registry
}

pub(crate) struct Setup {
    pub(crate) elsewhere: bool,
    pub(crate) takes: fn(&FunctionCall) -> Duration,
    pub(crate) failures: u32,
    pub(crate) config: EngineConfig,
}

impl Default for Setup {
    fn default() -> Self {
        Self { elsewhere: true, takes: quick, failures: 0, config: EngineConfig::default() }
    }
}

impl Hub {
    pub(crate) async fn open(store: Arc<dyn Store>) -> Self {
        Self::open_with(store, Setup::default()).await
    }

    pub(crate) async fn open_with(store: Arc<dyn Store>, setup: Setup) -> Self {
        let (sender, turns) = mpsc::unbounded_channel();
        let mut registry = if setup.elsewhere { Registry::default() } else { here() };
        let (failures, calls) = (Mutex::new(setup.failures), Mutex::new(0));
        let work = Arc::new(Work { takes: setup.takes, failures, calls });
        registry.add_function("Work", work.clone());
        let names = SCRIPTS.iter().map(|(name, _)| Name::from(*name)).collect();
        registry.add_offers(Arc::new(Workers { names, turns: sender.clone() }));
        let now = EPOCH.with(|epoch| *epoch.get_or_init(tokio::time::Instant::now)).elapsed();
        let clock = Arc::new(VirtualClock::starting_at(ORIGIN.after(now)));
        let engine = Engine::open_with_clock(store, registry, setup.config, clock).await.unwrap();
        Self { engine, turns, back: sender, work }
    }

    pub(crate) async fn start(&self, name: &str, id: &str, input: &str) -> InstanceId {
        let (name, id, input) = (name.to_owned(), Some(id.to_owned()), payload(input));
        self.engine.start(StartRequest { name, id, input, ..StartRequest::default() }).await.unwrap().id
    }

    /// The next turn that is handed out.
    pub(crate) async fn turn(&mut self) -> RemoteTurn {
        tokio::time::timeout(LONG, self.turns.recv()).await.expect("no turn is handed out").unwrap()
    }

    /// Lets a turn be the next one again.
    pub(crate) fn turns_back(&self, turn: RemoteTurn) {
        self.back.send(turn).unwrap();
    }

    /// Nothing is handed out for `time`.
    pub(crate) async fn quiet(&mut self, time: Duration) {
        let turn = tokio::time::timeout(time, self.turns.recv()).await;
        assert!(turn.is_err(), "handed out: {turn:?}");
    }

    /// Answers every turn at once until the instance has ended.
    pub(crate) async fn until_end(&mut self, id: &InstanceId) -> InstanceView {
        let engine = self.engine.clone();
        let end = engine.wait(id, WaitFor::End, Some(LONG));
        tokio::pin!(end);
        loop {
            tokio::select! {
                biased;
                view = &mut end => return view.unwrap().unwrap(),
                Some(turn) = self.turns.recv() => answer(turn),
            }
        }
    }

    pub(crate) async fn run(&mut self, name: &str, id: &str, input: &str) -> InstanceView {
        let id = self.start(name, id, input).await;
        self.until_end(&id).await
    }

    pub(crate) async fn view(&self, id: &InstanceId) -> InstanceView {
        self.engine.get(id).await.unwrap().unwrap()
    }

    /// Every promise about what was recorded: the code repeats it, and nothing has two outcomes.
    pub(crate) async fn audit(&self, id: &InstanceId) {
        let history = self.engine.whole_history(id).await.unwrap();
        partita_engine::check_history(&here(), id, &history).unwrap();
        assert_eq!(history.len(), self.view(id).await.history_events as usize);
    }
}

thread_local! {
    /// When this test began: one engine goes on where the last one's time ended.
    static EPOCH: std::cell::OnceCell<tokio::time::Instant> = const { std::cell::OnceCell::new() };
}

/// Answers a turn as the workflow would.
pub(crate) fn answer(turn: RemoteTurn) {
    let output = work(&turn);
    turn.reply.send(Ok(output));
}

/// Runs a test in virtual time.
pub(crate) fn virtual_time<F: Future<Output = ()>>(test: F) {
    let tokio = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build();
    tokio.unwrap().block_on(test);
}
