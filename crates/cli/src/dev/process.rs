//! Keeping one process running: started again when it crashes, and when it is told to.

use super::app::Process;
use crate::output::{Printer, Style, span};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// How long a process that was asked to end may take before it is made to.
const GRACE: Duration = Duration::from_secs(15);
/// The wait before a process that crashed is started again: at first, and at most.
const FIRST_WAIT: Duration = Duration::from_millis(500);
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// A process that ran for so long did not crash because of its start.
const SETTLED: Duration = Duration::from_secs(10);
/// How long the last words of a process that has ended are waited for.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// A process and what it says.
pub(super) struct Supervisor {
    process: Process,
    voice: Voice,
}

/// Writes lines behind a process's name.
#[derive(Clone)]
pub(super) struct Voice {
    printer: Printer,
    prefix: String,
}

impl Voice {
    pub(super) fn new(printer: &Printer, name: &str, width: usize, style: Style) -> Self {
        let prefix = printer.paint(style, &format!("{name:<width$} |"));
        Self { printer: *printer, prefix }
    }

    pub(super) fn say(&self, line: &str) {
        // When nobody reads any more, the processes go on.
        let _ = self.printer.line(&format!("{} {line}", self.prefix));
    }

    pub(super) fn tell(&self, line: &str) {
        self.say(&self.printer.paint(Style::Bold, line));
    }
}

/// Why a run of a process was over.
enum Over {
    Ended(std::io::Result<ExitStatus>),
    Changed,
    Stopping,
}

impl Supervisor {
    pub(super) fn new(process: Process, voice: Voice) -> Self {
        Self { process, voice }
    }

    /// Runs the process until `stopping`, and again after each of `changes`.
    pub(super) async fn run(self, mut changes: UnboundedReceiver<String>, stopping: CancellationToken) {
        let mut wait = FIRST_WAIT;
        while !stopping.is_cancelled() {
            let began = Instant::now();
            match self.once(&mut changes, &stopping).await {
                Over::Stopping => return,
                Over::Changed => wait = FIRST_WAIT,
                Over::Ended(how) => {
                    if began.elapsed() > SETTLED {
                        wait = FIRST_WAIT;
                    }
                    let how = how.map_or_else(|error| format!("could not be started: {error}"), described);
                    self.voice.tell(&format!("{how}; starting it again in {}", span(wait)));
                    tokio::select! {
                        () = tokio::time::sleep(wait) => wait = (wait * 2).min(LONGEST_WAIT),
                        Some(_) = changes.recv() => wait = FIRST_WAIT,
                        () = stopping.cancelled() => return,
                    }
                }
            }
        }
    }

    /// One run.
    async fn once(&self, changes: &mut UnboundedReceiver<String>, stopping: &CancellationToken) -> Over {
        let (mut child, words) = match self.start() {
            Ok(started) => started,
            Err(error) => return Over::Ended(Err(self.explained(&error))),
        };
        let over = tokio::select! {
            ended = child.wait() => Over::Ended(ended),
            Some(changed) = changes.recv() => {
                self.voice.tell(&format!("{changed} changed; starting it again"));
                self.end(&mut child).await;
                while changes.try_recv().is_ok() {} // what changed meanwhile is in the next run anyway
                Over::Changed
            }
            () = stopping.cancelled() => {
                self.end(&mut child).await;
                Over::Stopping
            }
        };
        // What the process has started itself may hold its streams open for ever.
        let _ = tokio::time::timeout(LAST_WORDS, words.join_all()).await;
        over
    }

    fn start(&self) -> std::io::Result<(Child, JoinSet<()>)> {
        let process = &self.process;
        let mut child = Command::new(&process.program)
            .args(&process.arguments)
            .current_dir(&process.directory)
            .envs(&process.env)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // A group of its own: Ctrl-C reaches this program alone, which then ends the others in order.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()?;
        let mut words = JoinSet::new();
        words.spawn(pass_on(child.stdout.take(), self.voice.clone()));
        words.spawn(pass_on(child.stderr.take(), self.voice.clone()));
        Ok((child, words))
    }

    fn explained(&self, error: &std::io::Error) -> std::io::Error {
        let (program, directory) = (&self.process.program, self.process.directory.display());
        std::io::Error::new(error.kind(), format!("{program:?} in {directory}: {error}"))
    }

    /// Asks the child to end, by its own pid, and makes it when it does not.
    async fn end(&self, child: &mut Child) {
        let pid = child.id().and_then(|pid| i32::try_from(pid).ok()).and_then(rustix::process::Pid::from_raw);
        let Some(pid) = pid else { return }; // it has ended
        let asked = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        if asked.is_ok() && tokio::time::timeout(GRACE, child.wait()).await.is_ok() {
            return;
        }
        self.voice.tell(&format!("it did not end within {}, and was killed", span(GRACE)));
        let _ = child.kill().await;
    }
}

/// Hands a process's lines on.
async fn pass_on(stream: Option<impl AsyncRead + Unpin>, voice: Voice) {
    let Some(stream) = stream else { return };
    let mut stream = BufReader::new(stream);
    let mut line = Vec::new();
    while matches!(stream.read_until(b'\n', &mut line).await, Ok(1..)) {
        voice.say(String::from_utf8_lossy(&line).trim_end_matches(['\n', '\r']));
        line.clear();
    }
}

fn described(status: ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt;
    match (status.code(), status.signal()) {
        (Some(0), _) => "it ended".to_owned(),
        (Some(code), _) => format!("it ended with exit code {code}"),
        (None, Some(signal)) => format!("it was ended by signal {signal}"),
        (None, None) => format!("it ended: {status}"),
    }
}
