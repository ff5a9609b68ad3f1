//! Workflows a second with turns that run here, and with turns that are handed out and answered at once.
//!
//! `cargo run --release -p partita-engine --example remote_turns [memory|embedded] [seconds]`
#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::indexing_slicing)]

use futures::StreamExt;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use partita_engine::executor::TurnInput;
use partita_engine::store::Store;
use partita_engine::store::memory::MemoryStore;
use partita_engine::{
    Engine, EngineConfig, Execution, Function, FunctionCall, InstanceInfo, Offers, Orchestrator, Registry,
    RemoteOrchestrator, RemoteOutput, RemoteTurn, StartRequest, WaitFor,
};
use partita_kernel::{Command, EventKind, Failure, Payload, Status, TurnOutput};
use partita_store_embedded::EmbeddedStore;
use std::sync::Arc;
use std::time::{Duration, Instant};

const STEPS: i32 = 5;
const IN_FLIGHT: usize = 256;

/// What the workflow asks for after so many results.
fn next(results: i32) -> TurnOutput {
    let command = if results < STEPS {
        let (name, input) = ("Echo".into(), Some(Payload::from("\"hello\"")));
        Command::ScheduleTask {
            id: results,
            name,
            version: None,
            input,
            tags: Default::default(),
            trace: None,
        }
    } else {
        Command::Complete { status: Status::Completed, result: Some(Payload::from("5")), failure: None }
    };
    TurnOutput { commands: Vec::from([command]), ..TurnOutput::default() }
}

struct Here;
struct Run(i32);

impl Orchestrator for Here {
    fn begin(&self, _: &InstanceInfo) -> Box<dyn Execution> {
        Box::new(Run(0))
    }
}

impl Execution for Run {
    fn turn(&mut self, turn: TurnInput<'_>) -> Result<TurnOutput, Failure> {
        let done = |kind: &EventKind| matches!(kind, EventKind::TaskCompleted { .. });
        self.0 += i32::try_from(turn.events.iter().filter(|event| done(&event.kind)).count()).unwrap();
        Ok(next(self.0))
    }
}

struct Elsewhere;

impl RemoteOrchestrator for Elsewhere {
    fn dispatch(&self, turn: RemoteTurn) {
        let events = turn.past.iter().chain(&turn.new_events);
        let results = events.filter(|event| matches!(event.kind, EventKind::TaskCompleted { .. })).count();
        let output = next(i32::try_from(results).unwrap());
        turn.reply.send(Ok(RemoteOutput { output, span: None }));
    }
}

impl Offers for Elsewhere {
    fn remote(&self, name: &str, _: Option<&str>) -> Option<Arc<dyn RemoteOrchestrator>> {
        (name == "Elsewhere").then(|| Arc::new(Self) as Arc<dyn RemoteOrchestrator>)
    }
}

struct Echo;

impl Function for Echo {
    fn call(&self, call: FunctionCall) -> BoxFuture<'static, Result<Option<Payload>, Failure>> {
        Box::pin(std::future::ready(Ok(call.input)))
    }
}

async fn one(engine: &Engine, name: &str) -> Duration {
    let since = Instant::now();
    let request = StartRequest { name: name.into(), ..StartRequest::default() };
    let started = engine.start(request).await.unwrap();
    let view = engine.wait(&started.id, WaitFor::End, None).await.unwrap().unwrap();
    assert_eq!(view.status, Status::Completed);
    since.elapsed()
}

async fn measure(engine: &Engine, name: &str, time: Duration) {
    let (begin, mut under_way, mut times) = (Instant::now(), FuturesUnordered::new(), Vec::new());
    let commits = engine.metrics().commits.get();
    for _ in 0..IN_FLIGHT {
        under_way.push(one(engine, name));
    }
    while let Some(took) = under_way.next().await {
        times.push(took);
        if begin.elapsed() < time {
            under_way.push(one(engine, name));
        }
    }
    let rate = times.len() as f64 / begin.elapsed().as_secs_f64();
    times.sort_unstable();
    let (middle, late) = (times[times.len() / 2], times[times.len() * 99 / 100]);
    let commits = engine.metrics().commits.get() - commits;
    println!("{name:>10}: {rate:>8.0} workflows/s, p50 {middle:?}, p99 {late:?}, {commits} commits");
}

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let kind = arguments.next().unwrap_or_else(|| "memory".into());
    let seconds = arguments.next().map_or(3, |seconds| seconds.parse().unwrap());
    let folder = std::env::temp_dir().join(format!("remote-turns-{}", std::process::id()));
    let store: Arc<dyn Store> = match kind.as_str() {
        "embedded" => Arc::new(EmbeddedStore::open(&folder, Default::default()).unwrap()),
        _ => Arc::new(MemoryStore::new(2)),
    };
    let mut registry = Registry::default();
    registry.add_orchestrator("Here", Arc::new(Here));
    registry.add_function("Echo", Arc::new(Echo));
    registry.add_offers(Arc::new(Elsewhere));
    let engine = Engine::open(store, registry, EngineConfig::default()).await.unwrap();
    for _ in 0..2 {
        for name in ["Here", "Elsewhere"] {
            measure(&engine, name, Duration::from_secs(seconds)).await;
        }
    }
    engine.shutdown(Duration::ZERO).await.unwrap();
    let _ = std::fs::remove_dir_all(folder); // there is none for a store in memory
}
