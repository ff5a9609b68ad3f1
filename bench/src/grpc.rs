//! Workers over gRPC: the server is a process of its own, the worker and the clients are this one, all on the same cores.

use crate::machine::{cpu_seconds_of, disk_bytes, histogram, micros, rss_bytes_of};
use crate::report::Measure;
use crate::workloads::{INPUT, closed_loop_of, offers};
use partita::{Error, InstanceId, Result, Runtime};
use partita_api::durable_task::proto;
use partita_api::durable_task::proto::task_hub_sidecar_service_client::TaskHubSidecarServiceClient;
use partita_remote::{Client, Worker};
use partita_server::durable_task::workers::{WorkerOffers, WorkerOptions, Workers};
use partita_server::parts::Parts;
use partita_server::{Server, ServerOptions};
use partita_store::Store;
use partita_store_embedded::{EmbeddedStore, Options};
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tonic::transport::{Channel, Endpoint};

/// Unary calls that a run needs: start, wait, one for each turn and each activity, and the event of an order.
const SEQUENCE_CALLS: f64 = 13.0;
const ORDER_CALLS: f64 = 19.0;

type Hub = TaskHubSidecarServiceClient<Channel>;

/// The process of the server: says where it listens, and serves until its input ends.
pub(crate) async fn serve(folder: &Path) -> Result<()> {
    let store: Arc<dyn Store> = Arc::new(EmbeddedStore::open(folder, Options::default())?);
    let workers = Workers::open(store.clone(), WorkerOptions::default()).await?;
    let offers = Arc::new(WorkerOffers::new(workers.clone()));
    let runtime = Runtime::builder()
        .offers(offers)
        .store(store)
        .configure(|config| config.concurrent_requests = 1_000_000)
        .start()
        .await?;
    let parts = Parts { workers: Some(workers), ..Parts::default() };
    let options = ServerOptions { listen: ([127, 0, 0, 1], 0).into(), ..ServerOptions::default() };
    let server = Server::bind_with(runtime.engine().clone(), parts, options).await?;
    writeln!(std::io::stdout(), "{}", server.address())?;
    let stop = CancellationToken::new();
    let ended = stop.clone();
    std::thread::spawn(move || {
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        ended.cancel();
    });
    server.serve(stop.cancelled_owned()).await?;
    Ok(runtime.shutdown(Duration::from_secs(5)).await?)
}

/// That process, seen from this one. It ends with its input.
struct Site {
    child: Child,
    url: String,
}

impl Site {
    fn start(folder: &Path) -> Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("--serve-grpc").arg(folder).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn()?;
        let output = child.stdout.take().ok_or_else(|| Error::new("Output", "the server has none"))?;
        let mut address = String::new();
        BufReader::new(output).read_line(&mut address)?;
        Ok(Self { child, url: format!("http://{}", address.trim()) })
    }

    fn rss_bytes(&self) -> u64 {
        rss_bytes_of(&self.child.id().to_string())
    }

    async fn hub(&self) -> Result<Hub> {
        let endpoint = Endpoint::from_shared(self.url.clone())?.tcp_nodelay(true);
        Ok(Hub::new(endpoint.connect().await?))
    }

    fn stop(mut self) -> Result<()> {
        drop(self.child.stdin.take());
        self.child.wait()?;
        Ok(())
    }
}

pub(crate) async fn run(folder: PathBuf, seconds: f64) -> Result<Vec<Measure>> {
    let site = Site::start(&folder)?;
    let about = |measure: Measure| Measure {
        rss_bytes: site.rss_bytes(),
        disk_bytes: disk_bytes(&folder),
        ..measure
    };
    let loops =
        Loops { site: &site, ceiling: loop_of(&site, 64, seconds.min(4.0), hello(&site).await?).await? };
    let mut measures = vec![about(loops.bare())];
    let client = Client::connect(&site.url).await?;
    let (asks, asked) = tokio::sync::mpsc::unbounded_channel();
    let stop = CancellationToken::new();
    let builder = offers(asks);
    let working = tokio::spawn(Worker::connect(&site.url)?.registry(builder.registry()).run(stop.clone()));
    tokio::spawn(pay(client.clone(), asked));
    for (workload, workflow, in_flight, calls) in [
        ("grpc-sequence-5", "Five", 64, SEQUENCE_CALLS),
        ("grpc-sequence-5", "Five", 256, SEQUENCE_CALLS),
        ("grpc-order", "Buy", 64, ORDER_CALLS),
        ("grpc-alone", "Five", 1, SEQUENCE_CALLS),
    ] {
        let measure = loops.run(workload, in_flight, calls, seconds, once(&client, workflow)).await?;
        measures.push(about(measure));
    }
    stop.cancel();
    working.await??;
    measures.push(about(idle_workers(&site).await?));
    measures.push(about(waiting_clients(&site, &client).await?));
    site.stop()?;
    Ok(measures)
}

/// Starts an instance and waits for its end.
fn once(client: &Client, name: &'static str) -> impl Fn() -> Once + Clone + Send + 'static {
    let client = client.clone();
    move || -> Once {
        let client = client.clone();
        Box::pin(async move {
            let id = client.start(name, INPUT).await?;
            client.result::<String>(&id).await.map(drop)
        })
    }
}

type Once = std::pin::Pin<Box<dyn Future<Output = Result<()>> + Send>>;

async fn pay(client: Client, mut asked: tokio::sync::mpsc::UnboundedReceiver<String>) {
    while let Some(id) = asked.recv().await {
        let client = client.clone();
        tokio::spawn(async move { client.raise_event(&InstanceId::trusted(&id), "success", "paid").await });
    }
}

/// An empty unary call, on one connection for all.
async fn hello(site: &Site) -> Result<impl Fn() -> Once + Clone + Send + 'static> {
    let hub = site.hub().await?;
    Ok(move || -> Once {
        let mut hub = hub.clone();
        Box::pin(async move { Ok(hub.hello(()).await.map(drop)?) })
    })
}

/// A closed loop, and the microseconds of a core that one round costs the server and this process.
async fn loop_of<F>(site: &Site, in_flight: usize, seconds: f64, once: F) -> Result<(Measure, [f64; 2])>
where
    F: Fn() -> Once + Clone + Send + 'static,
{
    let server = site.child.id().to_string();
    let used = || (cpu_seconds_of(&server), cpu_seconds_of("self"));
    let (began, before) = (Instant::now(), used());
    let measure = closed_loop_of(in_flight, seconds, once).await?;
    let (elapsed, after) = (began.elapsed().as_secs_f64(), used());
    let each = |after: f64, before: f64| (after - before) / (measure.per_s * elapsed) * 1e6;
    let cpu = [each(after.0, before.0), each(after.1, before.1)];
    Ok((measure, cpu))
}

/// Loops, each beside as many empty calls as it needs.
struct Loops<'a> {
    site: &'a Site,
    ceiling: (Measure, [f64; 2]),
}

impl Loops<'_> {
    fn bare(&self) -> Measure {
        let (measure, cpu) = &self.ceiling;
        Measure { workload: "grpc-hello", note: cost(*cpu), ..measure.clone() }
    }

    async fn run<F>(
        &self,
        workload: &'static str,
        in_flight: usize,
        calls: f64,
        seconds: f64,
        once: F,
    ) -> Result<Measure>
    where
        F: Fn() -> Once + Clone + Send + 'static,
    {
        let (measure, cpu) = loop_of(self.site, in_flight, seconds, once).await?;
        let (bare, bare_cpu) = &self.ceiling;
        let total = |cpu: &[f64; 2]| cpu.iter().sum::<f64>();
        let note = format!(
            "{calls} calls each: {:.0}% of the rate of as many empty ones, {:.1} times their CPU; {}",
            measure.per_s * calls / bare.per_s * 100.0,
            total(&cpu) / (total(bare_cpu) * calls),
            cost(cpu)
        );
        Ok(Measure { workload, note, ..measure })
    }
}

fn cost([server, here]: [f64; 2]) -> String {
    format!("CPU each: server {server:.0} us, worker and clients {here:.0} us")
}

/// Opens `connections` times `each` of something that stays open; gives the seconds it took, and what is open.
async fn open<T, F, Fut>(
    site: &Site,
    connections: usize,
    each: usize,
    one: F,
) -> Result<(f64, JoinSet<Result<T>>)>
where
    T: Send + 'static,
    F: Fn(Hub) -> Fut,
    Fut: Future<Output = Result<T>> + Send + 'static,
{
    let began = Instant::now();
    let mut all = JoinSet::new();
    for _ in 0..connections {
        let hub = site.hub().await?;
        for _ in 0..each {
            all.spawn(one(hub.clone()));
        }
    }
    Ok((began.elapsed().as_secs_f64(), all))
}

/// Workers that have nothing to do.
async fn idle_workers(site: &Site) -> Result<Measure> {
    const CONNECTIONS: usize = 50;
    const EACH: usize = 200;
    let before = site.rss_bytes();
    let connect = |mut hub: Hub| async move {
        let filter = proto::OrchestrationFilter { name: "Idle".into(), versions: Vec::new() };
        let filters = proto::WorkItemFilters { orchestrations: vec![filter], ..Default::default() };
        let asks = proto::GetWorkItemsRequest { work_item_filters: Some(filters), ..Default::default() };
        Ok(hub.get_work_items(asks).await?.into_inner())
    };
    let (seconds, mut opening) = open(site, CONNECTIONS, EACH, connect).await?;
    let mut streams = Vec::new();
    while let Some(stream) = opening.join_next().await {
        streams.push(stream??);
    }
    let note = growth(site, before, streams.len(), "stream", CONNECTIONS);
    Ok(Measure {
        workload: "grpc-idle-workers",
        in_flight: streams.len(),
        seconds,
        note,
        ..Measure::default()
    })
}

/// Clients that wait for instances that do not end.
async fn waiting_clients(site: &Site, client: &Client) -> Result<Measure> {
    const CONNECTIONS: usize = 50;
    const EACH: usize = 2_000;
    let id = client.start("Idle", INPUT).await?;
    let before = site.rss_bytes();
    let wait = |mut hub: Hub| {
        let asks = proto::GetInstanceRequest { instance_id: id.to_string(), get_inputs_and_outputs: true };
        async move { Ok(hub.wait_for_instance_completion(asks).await.map(drop)?) }
    };
    let (seconds, mut waits) = open(site, CONNECTIONS, EACH, wait).await?;
    let settled = settle(site).await;
    let note = growth(site, before, waits.len(), "wait", CONNECTIONS);
    let mut taken = histogram();
    let began = Instant::now();
    client.terminate(&id, "enough").await?;
    while let Some(ended) = waits.join_next().await {
        ended??;
        taken.record(micros(began.elapsed()))?;
    }
    let note = format!(
        "{note}; settled in {settled:.1} s; all told of the end in {:.1} s",
        began.elapsed().as_secs_f64()
    );
    Ok(Measure {
        workload: "grpc-waiting-clients",
        in_flight: CONNECTIONS * EACH,
        p50_us: taken.value_at_quantile(0.5),
        p99_us: taken.value_at_quantile(0.99),
        seconds,
        note,
        ..Measure::default()
    })
}

/// Waits until the server's memory grows no more; says how long that took.
async fn settle(site: &Site) -> f64 {
    let began = Instant::now();
    let mut last = 0;
    loop {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let now = site.rss_bytes();
        if now <= last + (1 << 20) {
            return began.elapsed().as_secs_f64();
        }
        last = now;
    }
}

fn growth(site: &Site, before: u64, count: usize, what: &str, connections: usize) -> String {
    let each = site.rss_bytes().saturating_sub(before) / u64::try_from(count).unwrap_or(1).max(1);
    format!("{each} B of the server's memory a {what}, on {connections} connections")
}
