//! Starting the launcher.

use crate::error::Exit;
use crate::plan::{LENGTH_DIGITS, Plan};
use crate::zygote::ExitWatch;
use std::ffi::OsString;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream as StdStream;
use std::os::unix::process::ExitStatusExt;
use std::process::{ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use tokio::io::AsyncWriteExt;
use tokio::net::UnixStream;
use tokio::process::{Child, Command};
use tokio::runtime::Handle;
use tokio::sync::{oneshot, watch};

type Work = (Command, oneshot::Sender<io::Result<Child>>);

/// A thread that starts processes.
///
/// Processes ask the system to end them when their parent ends, and the system takes the *thread* that made them for
/// the parent. Threads of a runtime come and go; this one lives as long as the host.
#[derive(Debug)]
pub(crate) struct Spawner {
    work: Sender<Work>,
    launcher: Vec<OsString>,
}

/// A launcher that was started.
pub(crate) struct Spawned {
    pub pid: u32,
    pub control: UnixStream,
    pub out: OwnedFd,
    pub err: OwnedFd,
    pub exit: ExitWatch,
    /// Dropping it ends the process.
    pub end: oneshot::Sender<()>,
}

impl Spawner {
    pub(crate) fn start(launcher: Vec<OsString>) -> io::Result<Self> {
        let (work, receiver) = channel();
        let runtime = Handle::current();
        std::thread::Builder::new().name("functions".to_owned()).spawn(move || run(&receiver, &runtime))?;
        Ok(Self { work, launcher })
    }

    /// Starts the launcher and gives it its plan.
    pub(crate) async fn spawn(&self, plan: &Plan) -> io::Result<Spawned> {
        let (control, theirs) = StdStream::pair()?;
        let ((out, their_out), (err, their_err)) = (io::pipe()?, io::pipe()?);
        let mut words = self.launcher.iter();
        let program = words.next().ok_or_else(|| io::Error::other("no launcher is configured"))?;
        let mut command = Command::new(program);
        command.args(words).env_clear().process_group(0).kill_on_drop(true);
        command.stdin(Stdio::from(OwnedFd::from(theirs))).stdout(their_out).stderr(their_err);
        let (reply, spawned) = oneshot::channel();
        let stopped = || io::Error::other("the host is stopping");
        self.work.send((command, reply)).map_err(|_| stopped())?;
        let child = spawned.await.map_err(|_| stopped())??;
        let pid = child.id().ok_or_else(|| io::Error::other("it ended at once"))?;
        control.set_nonblocking(true)?;
        let mut control = UnixStream::from_std(control)?;
        let (end, ended) = oneshot::channel();
        let (sender, exit) = watch::channel(None);
        tokio::spawn(reap(child, pid, ended, sender));
        write_plan(&mut control, plan).await?;
        Ok(Spawned { pid, control, out: out.into(), err: err.into(), exit, end })
    }
}

fn run(work: &Receiver<Work>, runtime: &Handle) {
    let _entered = runtime.enter();
    while let Ok((mut command, reply)) = work.recv() {
        let _ = reply.send(command.spawn()); // a child that nobody waits for any more ends when it is dropped
    }
}

async fn write_plan(control: &mut UnixStream, plan: &Plan) -> io::Result<()> {
    let json = serde_json::to_vec(plan)?;
    control.write_all(format!("{:0LENGTH_DIGITS$}", json.len()).as_bytes()).await?;
    control.write_all(&json).await
}

/// Waits for the end of a child, or brings it about, with all that it has started in its group.
async fn reap(mut child: Child, pid: u32, end: oneshot::Receiver<()>, exit: watch::Sender<Option<Exit>>) {
    let status = tokio::select! {
        status = child.wait() => { kill_group(pid); status }
        _ = end => { kill_group(pid); let _ = child.start_kill(); child.wait().await }
    };
    exit.send_replace(Some(status.map_or(Exit::Unknown, of)));
}

fn kill_group(pid: u32) {
    let group = i32::try_from(pid).ok().and_then(rustix::process::Pid::from_raw);
    if let Some(group) = group {
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL); // it may be gone
    }
}

fn of(status: ExitStatus) -> Exit {
    match (status.code(), status.signal()) {
        (Some(code), _) => Exit::Code(code),
        (None, Some(signal)) => Exit::Signal(signal),
        (None, None) => Exit::Unknown,
    }
}
