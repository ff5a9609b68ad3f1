//! What hosting costs: the same FDK processes called directly over kept connections, and through the host.
//!
//! Run it with `cargo run --release -p partita-functions --example overhead`.
//!
//! Both sides take turns in short blocks, on the same processes, so that whatever else the machine does disturbs them
//! alike; each pair of blocks gives one difference (or one ratio), and the table shows the medians of those. What the
//! processes do with their output is the same on both sides, because they are the same processes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, clippy::indexing_slicing)]

use partita_functions::{Call, FunctionSpec, Host, HostConfig};
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

const PYTHON: &str = "def handler(ctx, data=None):\n    return data.getvalue()\n";
const NODE: &str = "require('@fnproject/fdk').handle((input) => input)\n";
/// Processes, and callers on each side, when throughput is measured.
const SIDE_BY_SIDE: usize = 2;
/// Pairs of blocks.
const ROUNDS: usize = 60;
/// Calls of a block, by each caller.
const BLOCK: usize = 150;
const COLD: usize = 30;

#[tokio::main]
async fn main() {
    // The example is its own launcher.
    if std::env::args().nth(1).as_deref() == Some("launch-function") {
        std::process::exit(i32::from(partita_functions::launcher::main() != std::process::ExitCode::SUCCESS));
    }
    let only = std::env::args().nth(1);
    let folder = std::env::temp_dir().join("partita-overhead");
    let sockets = folder.join("s");
    let launcher = vec![std::env::current_exe().unwrap().into_os_string(), "launch-function".into()];
    let mut config = HostConfig::new(&folder, launcher);
    config.sockets = Some(sockets.clone());
    let host = Host::start(config).await.unwrap();
    for (name, code) in [("python", PYTHON), ("node", NODE)] {
        if only.as_ref().is_some_and(|only| only != name) {
            continue;
        }
        let spec = write(&folder.join("code"), name, code);
        for callers in [1, SIDE_BY_SIDE] {
            compare(&host, &spec, callers, &sockets).await;
        }
        cold(&host, &spec).await;
        host.remove(name);
    }
    host.shutdown(Duration::ZERO).await;
}

/// Calls both ways in turns, with as many processes as callers.
async fn compare(host: &Host, spec: &FunctionSpec, callers: usize, sockets: &Path) {
    let mut spec = spec.clone();
    (spec.min_processes, spec.max_processes) = (callers, callers);
    spec.idle_timeout = Duration::from_secs(600);
    host.deploy(spec.clone()).await.unwrap();
    let name = spec.name;
    while host.functions().iter().any(|status| status.spec.name == name && status.idle < callers) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let listeners = listeners(sockets);
    assert_eq!(listeners.len(), callers);
    let mut lines: Vec<_> = listeners.iter().map(|path| Line::open(path)).collect();
    (lines, _) = directly(lines).await;
    hosted(host, &name, callers).await;
    let (mut direct, mut through) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let block;
        (lines, block) = directly(lines).await;
        direct.push(block);
        through.push(hosted(host, &name, callers).await);
    }
    print(&name, callers, &direct, &through);
}

/// One side's part of a round.
struct Block {
    p50: f64,
    p90: f64,
    per_second: f64,
    /// Of this process alone.
    cpu: f64,
}

impl Block {
    fn of(mut times: Vec<Duration>, took: Duration, cpu: Duration) -> Self {
        times.sort_unstable();
        let at = |part: f64| times[((times.len() - 1) as f64 * part) as usize].as_secs_f64() * 1e6;
        let calls = times.len() as f64;
        Self {
            p50: at(0.5),
            p90: at(0.9),
            per_second: calls / took.as_secs_f64(),
            cpu: cpu.as_secs_f64() * 1e6 / calls,
        }
    }
}

fn print(name: &str, callers: usize, direct: &[Block], through: &[Block]) {
    let show = |what: &str, blocks: &[Block]| {
        let of = |part: fn(&Block) -> f64| median(blocks.iter().map(part));
        println!(
            "  {what:<20} p50 {:>7.1} us   p90 {:>7.1} us   {:>7.0} calls/s   {:>6.1} us of the caller's CPU",
            of(|block| block.p50),
            of(|block| block.p90),
            of(|block| block.per_second),
            of(|block| block.cpu),
        );
    };
    let pairs = || direct.iter().zip(through);
    println!("{name}: {callers} process(es), as many callers, {ROUNDS} rounds of {BLOCK} calls each");
    show("directly", direct);
    show("through the host", through);
    println!(
        "  {:<20} p50 {:>+7.1} us   p90 {:>+7.1} us   {:>+7.1} %\n",
        "difference",
        median(pairs().map(|(direct, through)| through.p50 - direct.p50)),
        median(pairs().map(|(direct, through)| through.p90 - direct.p90)),
        median(pairs().map(|(direct, through)| (through.per_second / direct.per_second - 1.0) * 100.0)),
    );
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_unstable_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Calls on processes of which each is new.
async fn cold(host: &Host, spec: &FunctionSpec) {
    let mut spec = spec.clone();
    spec.idle_timeout = Duration::from_millis(1);
    host.deploy(spec.clone()).await.unwrap();
    let mut times = Vec::new();
    for _ in 0..COLD {
        while host.functions().iter().any(|status| status.spec.name == spec.name && status.idle > 0) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        times.extend(in_task(host, &spec.name, 1).await);
    }
    println!(
        "{}: a call that needs a new process: p50 {:.1} ms\n",
        spec.name,
        median(times.iter().map(Duration::as_secs_f64)) * 1e3
    );
}

/// Writes a function that does nothing but answer.
fn write(folder: &Path, name: &str, code: &str) -> FunctionSpec {
    let folder = folder.join(name);
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("func.yaml"), format!("name: {name}\nruntime: {name}\n")).unwrap();
    let file = if name == "python" { "func.py" } else { "func.js" };
    std::fs::write(folder.join(file), code).unwrap();
    FunctionSpec::read(folder).unwrap()
}

/// Each caller is a task, as in a service.
async fn hosted(host: &Host, function: &str, callers: usize) -> Block {
    let (begun, cpu) = (Instant::now(), cpu());
    let tasks: Vec<_> = (0..callers)
        .map(|_| {
            let (host, function) = (host.clone(), function.to_owned());
            tokio::spawn(async move { in_task(&host, &function, BLOCK).await })
        })
        .collect();
    let mut times = Vec::new();
    for task in tasks {
        times.extend(task.await.unwrap());
    }
    Block::of(times, begun.elapsed(), self::cpu() - cpu)
}

async fn in_task(host: &Host, function: &str, calls: usize) -> Vec<Duration> {
    let mut times = Vec::with_capacity(calls);
    for number in 0..calls {
        let call = Call::new(function, format!("call-{number:020}"), r#"{"a": 1}"#);
        let begun = Instant::now();
        host.call(call, CancellationToken::new()).await.unwrap();
        times.push(begun.elapsed());
    }
    times
}

/// Each caller is a thread with a connection to a process of its own.
async fn directly(lines: Vec<Line>) -> (Vec<Line>, Block) {
    let (begun, cpu) = (Instant::now(), cpu());
    let threads: Vec<_> = lines
        .into_iter()
        .map(|mut line| {
            tokio::task::spawn_blocking(move || {
                let times: Vec<_> = (0..BLOCK).map(|number| line.call(number)).collect();
                (line, times)
            })
        })
        .collect();
    let (mut lines, mut times) = (Vec::new(), Vec::new());
    for thread in threads {
        let (line, more) = thread.await.unwrap();
        lines.push(line);
        times.extend(more);
    }
    (lines, Block::of(times, begun.elapsed(), self::cpu() - cpu))
}

/// The least that a client can do: write a request, read an answer, with blocking calls on one connection.
struct Line {
    stream: UnixStream,
    buffer: Vec<u8>,
}

impl Line {
    fn open(listener: &Path) -> Self {
        Self { stream: UnixStream::connect(listener).unwrap(), buffer: vec![0; 64 << 10] }
    }

    fn call(&mut self, number: usize) -> Duration {
        let body = r#"{"a": 1}"#;
        let begun = Instant::now();
        let request = format!(
            "POST /call HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nFn-Call-Id: \
             call-{number:020}\r\nFn-Deadline: 2099-01-01T00:00:00.000Z\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        self.stream.write_all(request.as_bytes()).unwrap();
        let mut read = 0;
        while !is_whole(&self.buffer[..read]) {
            read += self.stream.read(&mut self.buffer[read..]).unwrap();
        }
        begun.elapsed()
    }
}

fn is_whole(answer: &[u8]) -> bool {
    let text = String::from_utf8_lossy(answer).to_lowercase();
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    match head.lines().find_map(|line| line.strip_prefix("content-length: ")) {
        Some(length) => body.len() >= length.trim().parse().unwrap(),
        None => body.ends_with("0\r\n\r\n"),
    }
}

/// The sockets of all processes.
fn listeners(folder: &Path) -> Vec<PathBuf> {
    let (mut folders, mut found) = (vec![folder.to_owned()], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.file_name().is_some_and(|name| name == "l") {
                found.push(path);
            } else if path.is_dir() {
                folders.push(path);
            }
        }
    }
    found
}

/// The processor time that this process has used, all of its threads together.
fn cpu() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap())
}
