//! What hosting costs: the same FDK process called directly over a kept connection, and through the host.
//!
//! Run it with `cargo run --release -p partita-functions --example overhead`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, clippy::indexing_slicing)]

use partita_functions::{Call, FunctionSpec, Host, HostConfig};
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

const PYTHON: &str = "def handler(ctx, data=None):\n    return data.getvalue()\n";
const NODE: &str = "require('@fnproject/fdk').handle((input) => input)\n";
const CALLS: usize = 4000;
/// Callers at once of the one process: it is never without work then.
const CALLERS: usize = 4;
const ROUNDS: usize = 5;
const COLD: usize = 30;

#[tokio::main]
async fn main() {
    // The example is its own launcher.
    if std::env::args().nth(1).as_deref() == Some("launch-function") {
        std::process::exit(i32::from(partita_functions::launcher::main() != std::process::ExitCode::SUCCESS));
    }
    let folder = std::env::temp_dir().join("partita-overhead");
    let sockets = folder.join("s");
    let launcher = vec![std::env::current_exe().unwrap().into_os_string(), "launch-function".into()];
    let mut config = HostConfig::new(&folder, launcher);
    config.sockets = Some(sockets.clone());
    let host = Host::start(config).await.unwrap();
    println!("{:<8} {:<22} {:>9} {:>9} {:>9} {:>10}", "", "", "p50 us", "p90 us", "min us", "calls/s");
    for (name, code) in [("python", PYTHON), ("node", NODE)] {
        let mut spec = write(&folder.join("code"), name, code);
        spec.max_processes = 1;
        spec.idle_timeout = Duration::from_secs(600);
        host.deploy(spec.clone()).await.unwrap();
        hosted(&host, name, 200).await;
        let listener = listener(&sockets).expect("no process listens");
        bare(&listener, 200);
        let (mut direct, mut through) = (Vec::new(), Vec::new());
        // In turns, so that what else the machine does disturbs both alike.
        for _ in 0..ROUNDS {
            direct.extend(bare(&listener, CALLS / ROUNDS));
            through.extend(hosted(&host, name, CALLS / ROUNDS).await);
        }
        let (direct, through) = (Figures::of(direct), Figures::of(through));
        direct.print(name, "one process, directly");
        through.print(name, "through the host");
        println!(
            "{name:<8} {:<22} {:>9.1} {:>9.1} {:>9.1} {:>9.1}%",
            "difference",
            through.p50 - direct.p50,
            through.p90 - direct.p90,
            through.min - direct.min,
            (through.per_second / direct.per_second - 1.0) * 100.0
        );
        let begun = Instant::now();
        let callers = (0..CALLERS).map(|_| hosted(&host, name, CALLS / CALLERS));
        futures::future::join_all(callers).await;
        let queued = CALLS as f64 / begun.elapsed().as_secs_f64();
        println!("{name:<8} {:<22} {queued:>40.0}", format!("{CALLERS} callers, hosted"));
        cold(&host, &spec).await.print(name, "cold start and call");
        host.remove(name);
    }
    host.shutdown(Duration::ZERO).await;
}

/// Calls on a process that is killed after each.
async fn cold(host: &Host, spec: &FunctionSpec) -> Figures {
    let mut times = Vec::new();
    let mut spec = spec.clone();
    spec.idle_timeout = Duration::from_millis(1);
    host.deploy(spec.clone()).await.unwrap();
    for _ in 0..COLD {
        while host.functions().iter().any(|status| status.spec.name == spec.name && status.idle > 0) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        times.extend(hosted(host, &spec.name, 1).await);
    }
    Figures::of(times)
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

/// Calls from a task, as a service makes them.
async fn hosted(host: &Host, function: &str, calls: usize) -> Vec<Duration> {
    let (host, function) = (host.clone(), function.to_owned());
    tokio::spawn(async move { in_task(&host, &function, calls).await }).await.unwrap()
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

/// The least that a client can do: write a request, read an answer, with blocking calls on one connection.
fn bare(listener: &Path, calls: usize) -> Vec<Duration> {
    let mut stream = UnixStream::connect(listener).unwrap();
    let mut times = Vec::with_capacity(calls);
    let mut buffer = vec![0; 64 << 10];
    for number in 0..calls {
        let body = r#"{"a": 1}"#;
        let begun = Instant::now();
        let request = format!(
            "POST /call HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nFn-Call-Id: \
             call-{number:020}\r\nFn-Deadline: 2099-01-01T00:00:00.000Z\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut read = 0;
        loop {
            read += stream.read(&mut buffer[read..]).unwrap();
            if is_whole(&buffer[..read]) {
                break;
            }
        }
        times.push(begun.elapsed());
    }
    times
}

fn is_whole(answer: &[u8]) -> bool {
    let text = String::from_utf8_lossy(answer).to_lowercase();
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    match head.lines().find_map(|line| line.strip_prefix("content-length: ")) {
        Some(length) => body.len() >= length.trim().parse().unwrap(),
        None => body.ends_with("0\r\n\r\n"),
    }
}

/// The socket of the only process.
fn listener(folder: &Path) -> Option<PathBuf> {
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.file_name().is_some_and(|name| name == "l") {
                return Some(path);
            }
            if path.is_dir() {
                folders.push(path);
            }
        }
    }
    None
}

struct Figures {
    p50: f64,
    p90: f64,
    min: f64,
    per_second: f64,
}

impl Figures {
    fn of(mut times: Vec<Duration>) -> Self {
        times.sort_unstable();
        let at = |part: f64| times[((times.len() - 1) as f64 * part) as usize].as_secs_f64() * 1e6;
        let sum: Duration = times.iter().sum();
        Self { p50: at(0.5), p90: at(0.9), min: at(0.0), per_second: times.len() as f64 / sum.as_secs_f64() }
    }

    fn print(&self, runtime: &str, what: &str) {
        println!(
            "{runtime:<8} {what:<22} {:>9.1} {:>9.1} {:>9.1} {:>10.0}",
            self.p50, self.p90, self.min, self.per_second
        );
    }
}
