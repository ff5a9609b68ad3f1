//! What the console asks of a server that holds a million instances, and what 200 open tabs cost it. The server is a
//! process of its own.

use crate::machine::{cpu_seconds_of, disk_bytes, histogram, micros, rss_bytes_of};
use crate::report::Measure;
use partita::{Error, OrchestrationContext, Result, Runtime, RuntimeBuilder};
use partita_engine::engine::StartRequest;
use partita_engine::{Engine, EngineError};
use partita_server::{Server, ServerOptions};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

const INSTANCES: usize = 1_000_000;
/// Workflows, of which instances are made in turn.
const WORKFLOWS: usize = 20;
/// One in so many fails; one in so many waits.
const FAILS: usize = 100;
const WAITS: usize = 500;
/// Instances that are started together.
const TOGETHER: usize = 2_000;
const ASKED: usize = 300;
const TABS: usize = 200;
/// Instances that a busy server starts in a second while tabs are open.
const BUSY: u32 = 500;

/// What the console's lists ask, each by a name.
const QUESTIONS: [(&str, &str); 12] = [
    ("first page", "/api/v1/instances?limit=100"),
    ("status:failed", "/api/v1/instances?limit=100&status=Failed"),
    ("status:running", "/api/v1/instances?limit=100&status=Running"),
    ("status:suspended (none)", "/api/v1/instances?limit=100&status=Suspended"),
    ("name:Order07", "/api/v1/instances?limit=100&name=Order07"),
    ("name:Order*", "/api/v1/instances?limit=100&name=Order*"),
    ("name:Rare", "/api/v1/instances?limit=100&name=Rare"),
    ("status:failed name:Order0*", "/api/v1/instances?limit=100&status=Failed&name=Order0*"),
    ("last changed", "/api/v1/instances?limit=100&order=updated"),
    ("status:failed, last changed", "/api/v1/instances?limit=100&status=Failed&order=updated"),
    ("counts by status", "/api/v1/counts"),
    ("counts of name:Order*", "/api/v1/counts?name=Order*"),
];

async fn order(ctx: OrchestrationContext, number: usize) -> Result<usize> {
    if number.is_multiple_of(WAITS) {
        return ctx.wait_for_external_event("go").await;
    }
    if number.is_multiple_of(FAILS) {
        return Err(Error::new("Refused", "the card was refused"));
    }
    Ok(number)
}

fn workflows() -> RuntimeBuilder {
    let names = (0..WORKFLOWS).map(|number| format!("Order{number:02}"));
    names
        .chain(["Rare".to_owned()])
        .fold(Runtime::builder(), |builder, name| builder.orchestrator(&name, order))
}

/// The process of the server: says where it listens, and starts so many instances a second as lines of its input say,
/// until that ends.
pub(crate) async fn serve(folder: &Path) -> Result<()> {
    let runtime = workflows().data_dir(folder).start().await?;
    let options = ServerOptions { listen: ([127, 0, 0, 1], 0).into(), ..ServerOptions::default() };
    let server = Server::bind(runtime.engine().clone(), options).await?;
    writeln!(std::io::stdout(), "{}", server.address())?;
    let stop = CancellationToken::new();
    let ended = stop.clone();
    let (rate, rates) = tokio::sync::watch::channel(0);
    tokio::spawn(load(runtime.engine().clone(), rates));
    std::thread::spawn(move || {
        for line in std::io::stdin().lines().map_while(std::io::Result::ok) {
            rate.send_replace(line.trim().parse().unwrap_or(0));
        }
        ended.cancel();
    });
    server.serve(stop.cancelled_owned()).await?;
    Ok(runtime.shutdown(Duration::from_secs(5)).await?)
}

async fn load(engine: Engine, mut rates: tokio::sync::watch::Receiver<u32>) {
    let mut number = 1;
    loop {
        let rate = *rates.borrow_and_update();
        if rate == 0 {
            if rates.changed().await.is_err() {
                return;
            }
            continue;
        }
        tokio::time::sleep(Duration::from_secs(1) / rate).await;
        number += 1;
        let engine = engine.clone();
        tokio::spawn(async move { engine.start(request(number)).await });
    }
}

fn request(number: usize) -> StartRequest {
    let name = if number == 1 { "Rare".to_owned() } else { format!("Order{:02}", number % WORKFLOWS) };
    StartRequest { name, input: Some(number.to_string().as_str().into()), ..StartRequest::default() }
}

/// Makes a store with a million instances, each run by its workflow.
async fn fill(folder: &Path) -> Result<()> {
    let runtime = workflows().data_dir(folder).start().await?;
    let mut number = 0;
    while number < INSTANCES {
        let mut starts = JoinSet::new();
        for _ in 0..TOGETHER {
            number += 1;
            let engine = runtime.engine().clone();
            starts.spawn(async move { engine.start(request(number)).await });
        }
        while let Some(started) = starts.join_next().await {
            started.map_err(|error| Error::new("Join", error.to_string()))?.map_err(refused)?;
        }
    }
    Ok(runtime.shutdown(Duration::from_secs(30)).await?)
}

#[allow(clippy::needless_pass_by_value)] // made for `map_err`
fn refused(error: EngineError) -> Error {
    Error::new("Engine", error.to_string())
}

struct Site {
    child: Child,
    address: String,
}

impl Site {
    fn start(folder: &Path) -> Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("--serve-console").arg(folder).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn()?;
        let output = child.stdout.take().ok_or_else(|| Error::new("Output", "the server has none"))?;
        let mut address = String::new();
        BufReader::new(output).read_line(&mut address)?;
        Ok(Self { child, address: address.trim().to_owned() })
    }

    fn busy(&mut self, rate: u32) -> Result<()> {
        if let Some(input) = &mut self.child.stdin {
            writeln!(input, "{rate}")?;
        }
        Ok(())
    }

    fn process(&self) -> String {
        self.child.id().to_string()
    }

    async fn ask(&self, connection: &mut TcpStream, path: &str) -> Result<usize> {
        let head = format!("GET {path} HTTP/1.1\r\nHost: {}\r\nAccept: */*\r\n\r\n", self.address);
        connection.write_all(head.as_bytes()).await?;
        let mut got = Vec::new();
        loop {
            let ends = got.windows(4).position(|four| four == b"\r\n\r\n");
            if let Some(ends) = ends {
                let text = String::from_utf8_lossy(got.get(..ends).unwrap_or_default()).to_lowercase();
                if !text.starts_with("http/1.1 200") {
                    return Err(Error::new("Answer", text));
                }
                let length = text.split("content-length: ").nth(1).and_then(|rest| rest.lines().next());
                let length: usize = length.and_then(|length| length.trim().parse().ok()).unwrap_or(0);
                if got.len() >= ends + 4 + length {
                    return Ok(length);
                }
            }
            if connection.read_buf(&mut got).await? == 0 {
                return Err(Error::new("Answer", "the connection was closed"));
            }
        }
    }

    /// An open tab: reads what comes.
    async fn tab(&self, received: Arc<AtomicU64>) -> Result<tokio::task::JoinHandle<()>> {
        let mut connection = TcpStream::connect(&self.address).await?;
        let head = format!("GET /api/v1/changes?instances=true HTTP/1.1\r\nHost: {}\r\n\r\n", self.address);
        connection.write_all(head.as_bytes()).await?;
        Ok(tokio::spawn(async move {
            let mut buffer = vec![0; 64 << 10];
            while let Ok(read @ 1..) = connection.read(&mut buffer).await {
                received.fetch_add(read as u64, Relaxed);
            }
        }))
    }

    fn stop(mut self) -> Result<()> {
        drop(self.child.stdin.take());
        self.child.wait()?;
        Ok(())
    }
}

pub(crate) async fn run(folder: PathBuf, seconds: f64) -> Result<Vec<Measure>> {
    let began = Instant::now();
    fill(&folder).await?;
    let filled = began.elapsed().as_secs_f64();
    let mut site = Site::start(&folder)?;
    let mut measures = Vec::new();
    for (name, path) in QUESTIONS {
        measures.push(question(&site, &folder, name, path).await?);
    }
    measures.push(tabs(&mut site, seconds).await?);
    if let Some(first) = measures.first_mut() {
        first.note = format!("{}; {INSTANCES} instances made in {filled:.0} s", first.note);
    }
    site.stop()?;
    Ok(measures)
}

async fn question(site: &Site, folder: &Path, name: &str, path: &str) -> Result<Measure> {
    let mut connection = TcpStream::connect(&site.address).await?;
    connection.set_nodelay(true)?;
    let (mut times, mut bytes) = (histogram(), 0);
    let began = Instant::now();
    for _ in 0..ASKED {
        let asked = Instant::now();
        bytes = site.ask(&mut connection, path).await?;
        times += micros(asked.elapsed());
    }
    let seconds = began.elapsed().as_secs_f64();
    let p95 = times.value_at_quantile(0.95);
    Ok(Measure {
        workload: "console-list",
        in_flight: 1,
        per_s: f64::from(u32::try_from(ASKED).unwrap_or(0)) / seconds,
        p50_us: times.value_at_quantile(0.5),
        p99_us: times.value_at_quantile(0.99),
        seconds,
        rss_bytes: rss_bytes_of(&site.process()),
        disk_bytes: disk_bytes(folder),
        note: format!(
            "{name}: p95 {:.1} ms, {} KiB",
            f64::from(u32::try_from(p95).unwrap_or(0)) / 1e3,
            bytes >> 10
        ),
    })
}

/// What open tabs cost a busy server: the processor's time with them less that without them, twice in turn.
async fn tabs(site: &mut Site, seconds: f64) -> Result<Measure> {
    site.busy(BUSY)?;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let (mut without, mut with) = (0.0, 0.0);
    let received = Arc::new(AtomicU64::new(0));
    for _ in 0..2 {
        without += cpu_share(site, seconds).await;
        let mut tabs = Vec::new();
        for _ in 0..TABS {
            tabs.push(site.tab(received.clone()).await?);
        }
        tokio::time::sleep(Duration::from_secs(2)).await;
        with += cpu_share(site, seconds).await;
        for tab in tabs {
            tab.abort();
        }
        tokio::time::sleep(Duration::from_secs(2)).await;
    }
    site.busy(0)?;
    let cost = (with - without) / 2.0 * 100.0;
    let note = format!(
        "{TABS} tabs beside {BUSY} starts a second: {cost:.1}% of a core more, {:.1}% without them; each got {} KiB",
        without / 2.0 * 100.0,
        (received.load(Relaxed) / (2 * TABS as u64)) >> 10
    );
    Ok(Measure {
        workload: "console-tabs",
        in_flight: TABS,
        seconds: seconds * 4.0,
        note,
        ..Measure::default()
    })
}

/// Which share of a core the server used over some seconds.
async fn cpu_share(site: &Site, seconds: f64) -> f64 {
    let (before, began) = (cpu_seconds_of(&site.process()), Instant::now());
    tokio::time::sleep(Duration::from_secs_f64(seconds)).await;
    (cpu_seconds_of(&site.process()) - before) / began.elapsed().as_secs_f64()
}
