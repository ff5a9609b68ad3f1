//! The host's end of a zygote: the Python process that forks workers.

use crate::error::Exit;
use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};
use serde::Deserialize;
use serde_json::json;
use std::collections::{BTreeMap, HashMap};
use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Interest, Lines};
use tokio::net::UnixStream;
use tokio::net::unix::OwnedReadHalf;
use tokio::sync::{mpsc, oneshot, watch};

/// The number of the next order.
static NEXT: AtomicU64 = AtomicU64::new(1);

/// Told from outside of a process: `Some` when it has ended.
pub(crate) type ExitWatch = watch::Receiver<Option<Exit>>;

/// The streams that a worker is given.
pub(crate) struct Streams {
    pub out: OwnedFd,
    pub err: OwnedFd,
    pub facts: OwnedFd,
}

/// What a worker is to run.
pub(crate) struct Order<'a> {
    pub file: &'a Path,
    pub handler: &'a str,
    pub folder: &'a Path,
    pub env: &'a BTreeMap<String, String>,
}

/// A worker that was forked.
pub(crate) struct Worker {
    pub pid: u32,
    pub exit: ExitWatch,
}

type Forked = oneshot::Sender<Result<Worker, String>>;

enum Ask {
    Fork { number: u64, order: String, streams: Streams, reply: Forked },
    Kill(u32),
}

/// A handle on a zygote. When the last one is dropped, the zygote and its workers end.
#[derive(Clone)]
pub(crate) struct Zygote {
    asks: mpsc::UnboundedSender<Ask>,
}

impl Zygote {
    /// Takes over the control socket of a zygote once it says that it is ready.
    pub(crate) async fn attach(control: UnixStream) -> io::Result<Self> {
        let (reader, writer) = control.into_split();
        let mut lines = BufReader::new(reader).lines();
        match lines.next_line().await? {
            Some(line) if line.contains("\"ready\"") => {}
            Some(line) => return Err(io::Error::other(format!("it said {line:?}"))),
            None => return Err(io::ErrorKind::UnexpectedEof.into()),
        }
        let (asks, receiver) = mpsc::unbounded_channel();
        let task = Task { writer, asks: receiver, forks: HashMap::new(), workers: HashMap::new() };
        tokio::spawn(task.run(lines));
        Ok(Self { asks })
    }

    /// Whether it can still fork.
    pub(crate) fn is_alive(&self) -> bool {
        !self.asks.is_closed()
    }

    /// Forks a worker.
    pub(crate) async fn fork(&self, order: &Order<'_>, streams: Streams) -> Result<Worker, String> {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let order = json!({
            "number": number, "file": order.file, "handler": order.handler, "folder": order.folder,
            "env": order.env,
        });
        let gone = || "the process that starts the function's processes ended".to_owned();
        let (reply, forked) = oneshot::channel();
        self.asks
            .send(Ask::Fork { number, order: format!("{order}\n"), streams, reply })
            .map_err(|_| gone())?;
        forked.await.map_err(|_| gone())?
    }

    /// Ends a worker, unless it has ended already.
    pub(crate) fn kill(&self, pid: u32) {
        let _ = self.asks.send(Ask::Kill(pid)); // without a zygote there are no workers
    }
}

/// What a zygote says.
#[derive(Deserialize)]
#[serde(untagged)]
enum Word {
    Forked { forked: u64, pid: u32 },
    Failed { failed: u64, reason: String },
    Ended { ended: u32, code: Option<i32>, signal: Option<i32> },
}

struct Task {
    writer: tokio::net::unix::OwnedWriteHalf,
    asks: mpsc::UnboundedReceiver<Ask>,
    forks: HashMap<u64, Forked>,
    workers: HashMap<u32, watch::Sender<Option<Exit>>>,
}

impl Task {
    /// Runs until nobody holds a handle any more, or the zygote is gone; the control socket is closed then.
    async fn run(mut self, mut lines: Lines<BufReader<OwnedReadHalf>>) {
        loop {
            let done = tokio::select! {
                line = lines.next_line() => match line {
                    Ok(Some(line)) => { self.hear(&line); false }
                    _ => true,
                },
                ask = self.asks.recv() => match ask {
                    Some(ask) => self.ask(ask).await.is_err(),
                    None => true,
                },
            };
            if done {
                break;
            }
        }
        for exit in self.workers.values() {
            exit.send_replace(Some(Exit::Unknown));
        }
    }

    fn hear(&mut self, line: &str) {
        match serde_json::from_str(line) {
            Ok(Word::Forked { forked, pid }) => {
                let (sender, exit) = watch::channel(None);
                self.workers.insert(pid, sender);
                if let Some(reply) = self.forks.remove(&forked) {
                    let _ = reply.send(Ok(Worker { pid, exit })); // who asked kills what it does not want
                }
            }
            Ok(Word::Failed { failed, reason }) => {
                if let Some(reply) = self.forks.remove(&failed) {
                    let _ = reply.send(Err(reason));
                }
            }
            Ok(Word::Ended { ended, code, signal }) => {
                let exit = match (code, signal) {
                    (Some(code), _) => Exit::Code(code),
                    (None, Some(signal)) => Exit::Signal(signal),
                    (None, None) => Exit::Unknown,
                };
                if let Some(sender) = self.workers.remove(&ended) {
                    sender.send_replace(Some(exit));
                }
            }
            Err(error) => tracing::warn!(%error, "a function's process starter said something unknown"),
        }
    }

    async fn ask(&mut self, ask: Ask) -> io::Result<()> {
        match ask {
            Ask::Kill(pid) => self.writer.write_all(format!("{{\"kill\":{pid}}}\n").as_bytes()).await,
            Ask::Fork { number, order, streams, reply } => {
                self.forks.insert(number, reply);
                self.send_with(
                    order.as_bytes(),
                    [streams.out.as_fd(), streams.err.as_fd(), streams.facts.as_fd()],
                )
                .await
            }
        }
    }

    /// Sends bytes, the first of them together with descriptors.
    async fn send_with(&mut self, bytes: &[u8], descriptors: [BorrowedFd<'_>; 3]) -> io::Result<()> {
        let stream: &UnixStream = self.writer.as_ref();
        let send = || {
            let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(3))];
            let mut ancillary = SendAncillaryBuffer::new(&mut space);
            ancillary.push(SendAncillaryMessage::ScmRights(&descriptors));
            Ok(sendmsg(stream, &[IoSlice::new(bytes)], &mut ancillary, SendFlags::NOSIGNAL)?)
        };
        let sent = stream.async_io(Interest::WRITABLE, send).await?;
        self.writer.write_all(bytes.get(sent..).unwrap_or_default()).await
    }
}
