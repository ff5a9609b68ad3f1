//! The workloads.

use crate::machine::{disk_bytes, histogram, micros, rss_bytes};
use crate::machines;
use crate::report::Measure;
use crate::{console, grpc};
use futures_alias::BoxFuture;
use partita::durable::Either3;
use partita::{
    ActivityContext, Client, OrchestrationContext, Result, Runtime, RuntimeBuilder, Status, select3,
    try_join_all,
};
use partita_store::{Filter, Store};
use partita_store_embedded::{EmbeddedStore, Options};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

mod futures_alias {
    /// A future on the heap.
    pub(crate) type BoxFuture<T> = std::pin::Pin<Box<dyn Future<Output = T>>>;
}

/// A workload by its name.
pub(crate) struct Workload {
    pub(crate) name: &'static str,
    pub(crate) run: fn(PathBuf, f64) -> BoxFuture<Result<Vec<Measure>>>,
}

pub(crate) const ALL: [Workload; 10] = [
    Workload { name: "sequence-5", run: |folder, seconds| Box::pin(sequence(folder, seconds)) },
    Workload { name: "sequence-5-alone", run: |folder, _| Box::pin(alone(folder)) },
    Workload { name: "fan-out-1000", run: |folder, _| Box::pin(fan_out(folder)) },
    Workload { name: "order", run: |folder, seconds| Box::pin(order(folder, seconds)) },
    Workload { name: "sleepers", run: |folder, _| Box::pin(sleepers(folder)) },
    Workload { name: "long-history", run: |folder, _| Box::pin(long_history(folder)) },
    Workload { name: "machine-pass-5", run: |folder, seconds| Box::pin(machines::pass(folder, seconds)) },
    Workload { name: "machine-map-10000", run: |folder, _| Box::pin(machines::map(folder)) },
    Workload { name: "grpc", run: |folder, seconds| Box::pin(grpc::run(folder, seconds)) },
    Workload { name: "console", run: |folder, seconds| Box::pin(console::run(folder, seconds)) },
];

pub(crate) const INPUT: &str = r#"{"order":"A-1001","qty":2,"note":"hello world"}"#;
const HOUR: Duration = Duration::from_secs(3600);

async fn echo(_: ActivityContext, value: String) -> Result<String> {
    Ok(value)
}

async fn five(ctx: OrchestrationContext, mut value: String) -> Result<String> {
    for _ in 0..5 {
        value = ctx.call_activity("Echo", value).await?;
    }
    Ok(value)
}

async fn fan(ctx: OrchestrationContext, n: u32) -> Result<usize> {
    let calls = (0..n).map(|i| ctx.call_activity::<String>("Echo", i.to_string()));
    Ok(try_join_all(calls).await?.len())
}

async fn buy(ctx: OrchestrationContext, value: String) -> Result<String> {
    let mut value = value;
    for _ in 0..5 {
        value = ctx.call_activity("Echo", value).await?;
    }
    ctx.call_sub_orchestrator("Pay", value).await
}

async fn pay(ctx: OrchestrationContext, value: String) -> Result<String> {
    let success = ctx.wait_for_external_event::<String>("success");
    let failure = ctx.wait_for_external_event::<String>("failure");
    let deadline = ctx.create_timer(Duration::from_secs(60));
    ctx.call_activity::<String>("StartPayment", ctx.instance_id().as_str()).await?;
    Ok(match select3(success, failure, deadline).await {
        Either3::First(receipt) => receipt?,
        Either3::Second(_) => "refused".into(),
        Either3::Third(()) => value,
    })
}

async fn sleeper(ctx: OrchestrationContext, value: String) -> Result<String> {
    ctx.create_timer(HOUR).await;
    Ok(value)
}

async fn long(ctx: OrchestrationContext, n: u32) -> Result<u32> {
    for i in 0..n {
        ctx.call_activity::<u32>("Number", i).await?;
    }
    ctx.wait_for_external_event::<u32>("end").await
}

async fn number(_: ActivityContext, value: u32) -> Result<u32> {
    Ok(value)
}

/// All workflows and activities; who is to be paid goes to `asks`.
pub(crate) fn offers(asks: tokio::sync::mpsc::UnboundedSender<String>) -> RuntimeBuilder {
    let start_payment = move |_: ActivityContext, id: String| {
        let asks = asks.clone();
        async move {
            asks.send(id.clone())?;
            Ok::<_, partita::Error>(id)
        }
    };
    Runtime::builder()
        .orchestrator("Five", five)
        .orchestrator("Fan", fan)
        .orchestrator("Buy", buy)
        .orchestrator("Pay", pay)
        .orchestrator("Sleeper", sleeper)
        .orchestrator("Long", long)
        .activity("Echo", echo)
        .activity("Number", number)
        .activity("StartPayment", start_payment)
}

async fn runtime(folder: &Path) -> Result<(Runtime, Arc<dyn Store>)> {
    let store: Arc<dyn Store> = Arc::new(EmbeddedStore::open(folder, Options::default())?);
    let (asks, mut asked) = tokio::sync::mpsc::unbounded_channel::<String>();
    let runtime = offers(asks).store(store.clone()).start().await?;
    let client = runtime.client();
    tokio::spawn(async move {
        while let Some(id) = asked.recv().await {
            let client = client.clone();
            tokio::spawn(async move {
                let id = client.engine().instance_id(&id)?;
                client.raise_event(&id, "success", "paid").await
            });
        }
    });
    Ok((runtime, store))
}

/// `in_flight` clients, each starting one instance after another and waiting for its end.
pub(crate) async fn closed_loop(
    client: &Client,
    name: &'static str,
    in_flight: usize,
    seconds: f64,
) -> Result<Measure> {
    let client = client.clone();
    let once = move || {
        let client = client.clone();
        async move {
            let id = client.start(name, INPUT).await?;
            client.result::<String>(&id).await.map(drop)
        }
    };
    closed_loop_of(in_flight, seconds, once).await
}

/// `in_flight` times one after another, again and again.
pub(crate) async fn closed_loop_of<F, Fut>(in_flight: usize, seconds: f64, once: F) -> Result<Measure>
where
    F: Fn() -> Fut + Clone + Send + 'static,
    Fut: Future<Output = Result<()>> + Send + 'static,
{
    let (counting, stop) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
    let mut loops = tokio::task::JoinSet::new();
    for _ in 0..in_flight {
        let (once, counting, stop) = (once.clone(), counting.clone(), stop.clone());
        loops.spawn(async move {
            let mut taken = histogram();
            while !stop.load(Relaxed) {
                let start = Instant::now();
                once().await?;
                if counting.load(Relaxed) && !stop.load(Relaxed) {
                    let _ = taken.record(micros(start.elapsed()));
                }
            }
            Ok::<_, partita::Error>(taken)
        });
    }
    tokio::time::sleep(Duration::from_secs(2)).await;
    counting.store(true, Relaxed);
    let began = Instant::now();
    tokio::time::sleep(Duration::from_secs_f64(seconds)).await;
    stop.store(true, Relaxed);
    let seconds = began.elapsed().as_secs_f64();
    let mut all = histogram();
    while let Some(taken) = loops.join_next().await {
        all.add(taken??)?;
    }
    #[allow(clippy::cast_precision_loss)] // far below 2^52
    let per_s = all.len() as f64 / seconds;
    Ok(Measure {
        in_flight,
        per_s,
        p50_us: all.value_at_quantile(0.5),
        p99_us: all.value_at_quantile(0.99),
        seconds,
        rss_bytes: rss_bytes(),
        ..Measure::default()
    })
}

/// One client alone: how long one instance takes.
pub(crate) async fn closed_loop_alone(client: &Client, name: &'static str) -> Result<Measure> {
    closed_loop(client, name, 1, 4.0).await
}

async fn sequence(folder: PathBuf, seconds: f64) -> Result<Vec<Measure>> {
    let (runtime, _) = runtime(&folder).await?;
    let mut measures = Vec::new();
    for in_flight in [64, 256] {
        let measure = closed_loop(&runtime.client(), "Five", in_flight, seconds).await?;
        measures.push(Measure { workload: "sequence-5", disk_bytes: disk_bytes(&folder), ..measure });
    }
    runtime.shutdown(Duration::from_secs(5)).await?;
    Ok(measures)
}

async fn alone(folder: PathBuf) -> Result<Vec<Measure>> {
    let (runtime, _) = runtime(&folder).await?;
    let measure = closed_loop_alone(&runtime.client(), "Five").await?;
    runtime.shutdown(Duration::from_secs(5)).await?;
    Ok(vec![Measure { workload: "sequence-5-alone", disk_bytes: disk_bytes(&folder), ..measure }])
}

async fn order(folder: PathBuf, seconds: f64) -> Result<Vec<Measure>> {
    let (runtime, _) = runtime(&folder).await?;
    let measure = closed_loop(&runtime.client(), "Buy", 64, seconds).await?;
    runtime.shutdown(Duration::from_secs(5)).await?;
    Ok(vec![Measure { workload: "order", disk_bytes: disk_bytes(&folder), ..measure }])
}

/// One run after the other.
pub(crate) async fn one_by_one(
    workload: &'static str,
    folder: &Path,
    runs: u32,
    run: impl AsyncFn() -> Result<()>,
) -> Result<Measure> {
    let mut taken = histogram();
    let began = Instant::now();
    for _ in 0..runs {
        let start = Instant::now();
        run().await?;
        taken.record(micros(start.elapsed()))?;
    }
    let seconds = began.elapsed().as_secs_f64();
    Ok(Measure {
        workload,
        in_flight: 1,
        per_s: f64::from(runs) / seconds,
        p50_us: taken.value_at_quantile(0.5),
        p99_us: taken.value_at_quantile(0.99),
        seconds,
        rss_bytes: rss_bytes(),
        disk_bytes: disk_bytes(folder),
        note: String::new(),
    })
}

async fn fan_out(folder: PathBuf) -> Result<Vec<Measure>> {
    let (runtime, _) = runtime(&folder).await?;
    let client = runtime.client();
    let measure = one_by_one("fan-out-1000", &folder, 30, async || {
        let id = client.start("Fan", &1000).await?;
        client.result::<usize>(&id).await.map(drop)
    });
    let measure = measure.await?;
    runtime.shutdown(Duration::from_secs(5)).await?;
    Ok(vec![measure])
}

async fn sleepers(folder: PathBuf) -> Result<Vec<Measure>> {
    const SLEEPERS: usize = 100_000;
    let (first, store) = runtime(&folder).await?;
    let client = first.client();
    let (rss, disk) = (rss_bytes(), disk_bytes(&folder));
    let began = Instant::now();
    for _ in 0..SLEEPERS / 500 {
        futures_join((0..500).map(|_| client.start("Sleeper", INPUT))).await?;
    }
    let seconds = began.elapsed().as_secs_f64();
    store.count(&Filter::default()).await?; // everything is in the tables now
    let parked = rss_bytes().saturating_sub(rss) / SLEEPERS as u64;
    first.shutdown(Duration::from_secs(5)).await?;
    let on_disk = disk_bytes(&folder).saturating_sub(disk) / SLEEPERS as u64;
    drop((first, store, client));
    let opening = Instant::now();
    let (second, _) = runtime(&folder).await?;
    let opened = opening.elapsed();
    let left = second.client().count(&Filter::default()).await?;
    let note = format!(
        "{parked} B of memory and {on_disk} B of disk a sleeper; opened again in {} ms with {} of them",
        opened.as_millis(),
        left.of(Status::Running)
    );
    #[allow(clippy::cast_precision_loss)] // far below 2^52
    let per_s = SLEEPERS as f64 / seconds;
    let measure = Measure {
        workload: "sleepers",
        in_flight: SLEEPERS,
        per_s,
        seconds,
        rss_bytes: rss_bytes(),
        disk_bytes: disk_bytes(&folder),
        note,
        ..Measure::default()
    };
    second.shutdown(Duration::from_secs(5)).await?;
    Ok(vec![measure])
}

async fn futures_join<F, T>(futures: impl Iterator<Item = F>) -> Result<Vec<T>>
where
    F: Future<Output = Result<T>>,
{
    try_join_all(futures).await
}

/// What a turn costs as the history grows, and how fast a cold load replays it.
async fn long_history(folder: PathBuf) -> Result<Vec<Measure>> {
    const CALLS: u32 = 10_000;
    let (first, _) = runtime(&folder).await?;
    let client = first.client();
    let began = Instant::now();
    let id = client.start("Long", &CALLS).await?;
    let mut marks = Vec::new();
    let mut seen = 0;
    while seen < CALLS * 4 {
        tokio::time::sleep(Duration::from_millis(2)).await;
        let now = client.get(&id).await?.map_or(0, |view| view.history_events);
        if now / 10_000 > seen / 10_000 {
            marks.push(began.elapsed());
        }
        seen = now;
    }
    let seconds = began.elapsed().as_secs_f64();
    let slices: Vec<String> = marks
        .iter()
        .scan(Duration::ZERO, |last, mark| {
            Some((*mark - std::mem::replace(last, *mark)).as_millis().to_string())
        })
        .collect();
    let history = client.history(&id).await?;
    let replaying = Instant::now();
    partita_engine::check_history(first.engine().registry(), &id, &history)?;
    #[allow(clippy::cast_precision_loss)] // far below 2^52
    let per_s = history.len() as f64 / replaying.elapsed().as_secs_f64();
    first.shutdown(Duration::from_secs(5)).await?;
    let (second, _) = runtime(&folder).await?;
    let cold = Instant::now();
    second.client().raise_event(&id, "end", &1).await?;
    second.client().result::<u32>(&id).await?;
    let note = format!(
        "ms for each 10,000 events: {}; replays {:.1} million events/s; first turn after a restart {} ms",
        slices.join(" "),
        per_s / 1e6,
        cold.elapsed().as_millis()
    );
    second.shutdown(Duration::from_secs(5)).await?;
    Ok(vec![Measure {
        workload: "long-history",
        in_flight: 1,
        per_s: f64::from(CALLS) / seconds,
        seconds,
        rss_bytes: rss_bytes(),
        disk_bytes: disk_bytes(&folder),
        note,
        ..Measure::default()
    }])
}
