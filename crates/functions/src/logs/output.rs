//! Reads what a process prints.
//!
//! A process has one call at a time, so what it prints between the start and the end of a call belongs to that call. What
//! a handler printed is in the pipe before its answer is in the socket: reading the pipes empty when the answer is there
//! makes the log whole, and a handler that prints nothing costs nothing. So FDKs are not asked to frame their output,
//! which would wake the host twice in each call.

use super::{LogStore, LogStream};
use parking_lot::Mutex;
use std::collections::VecDeque;
use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::net::unix::pipe::Receiver;
use tokio::task::JoinHandle;

/// The most bytes of a line; a longer one is cut into several.
const LINE_BYTES: usize = 16 << 10;
/// Lines that are kept for the text of an error.
const LAST_LINES: usize = 30;
/// The most bytes of each of them.
const LAST_LINE_BYTES: usize = 2 << 10;
/// The most reads for what a process had written before it answered; a process that goes on writing is not waited for.
const DRAINED_READS: usize = 64;
/// How long the streams of a process that has ended may stay open because something that it started holds them.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// The output of one process.
pub(crate) struct Output {
    shared: Arc<Shared>,
    tasks: [JoinHandle<()>; 2],
}

struct Shared {
    store: LogStore,
    function: String,
    /// Where the function's code runs, and where the user sees it.
    paths: (String, String),
    call: Mutex<Option<String>>,
    last: Mutex<VecDeque<String>>,
    streams: [Stream; 2],
}

struct Stream {
    kind: LogStream,
    pipe: Receiver,
    parser: Mutex<Parser>,
    ended: AtomicUsize,
}

#[derive(Default)]
struct Parser {
    partial: Vec<u8>,
    /// The call has printed all that is kept of it.
    full: bool,
}

impl Output {
    /// Begins to read the two streams of a process.
    pub(crate) fn read(
        store: LogStore,
        function: &str,
        paths: (String, String),
        out: OwnedFd,
        err: OwnedFd,
    ) -> io::Result<Self> {
        let stream = |kind, pipe| -> io::Result<Stream> {
            let pipe = Receiver::from_owned_fd(pipe)?;
            Ok(Stream { kind, pipe, parser: Mutex::default(), ended: AtomicUsize::new(0) })
        };
        let shared = Arc::new(Shared {
            store,
            function: function.to_owned(),
            paths,
            call: Mutex::default(),
            last: Mutex::default(),
            streams: [stream(LogStream::Out, out)?, stream(LogStream::Err, err)?],
        });
        let tasks = [0, 1].map(|index| tokio::spawn(follow(shared.clone(), index)));
        Ok(Self { shared, tasks })
    }

    /// What was printed so far, while the process started, is taken in.
    pub(crate) fn started(&self) {
        self.shared.drain();
    }

    /// What is printed from now on belongs to a call.
    pub(crate) fn begin(&self, call: &str) {
        self.shared.flush();
        *self.shared.call.lock() = Some(call.to_owned());
    }

    /// Everything that was printed so far is taken in; what comes now belongs to no call.
    pub(crate) fn end(&self) {
        self.shared.drain();
        self.shared.flush();
        *self.shared.call.lock() = None;
        for stream in &self.shared.streams {
            stream.parser.lock().full = false;
        }
    }

    /// Waits until the streams of a process that has ended are read.
    pub(crate) async fn finish(&self) {
        let ended = || self.shared.streams.iter().all(|stream| stream.ended.load(Ordering::Acquire) > 0);
        let waiting = async {
            while !ended() {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        let _ = tokio::time::timeout(LAST_WORDS, waiting).await; // a grandchild may hold them for long
        self.shared.drain();
        self.shared.flush();
    }

    /// The last lines.
    pub(crate) fn last_lines(&self) -> String {
        let last = self.shared.last.lock();
        last.iter().map(String::as_str).collect::<Vec<_>>().join("\n")
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
        self.shared.drain();
        self.shared.flush();
    }
}

async fn follow(shared: Arc<Shared>, index: usize) {
    let Some(stream) = shared.streams.get(index) else { return };
    while stream.pipe.readable().await.is_ok() {
        if !shared.take_in(stream, |buffer| stream.pipe.try_read(buffer)) {
            break;
        }
        // Whoever prints without end must not keep a thread of the host for itself.
        tokio::task::yield_now().await;
    }
    stream.ended.store(1, Ordering::Release);
}

impl Shared {
    /// Reads what is in the pipes at this moment, whether or not the runtime has noticed it.
    fn drain(&self) {
        for stream in &self.streams {
            self.take_in(stream, |buffer| Ok(rustix::io::read(&stream.pipe, buffer)?));
        }
    }

    /// Reads what is there. False when the stream has ended.
    fn take_in(&self, stream: &Stream, read: impl Fn(&mut [u8]) -> io::Result<usize>) -> bool {
        let mut parser = stream.parser.lock();
        let mut buffer = [0; 16 << 10];
        for _ in 0..DRAINED_READS {
            match read(&mut buffer) {
                Ok(0) => return false,
                Ok(length) => self.feed(stream.kind, &mut parser, buffer.get(..length).unwrap_or_default()),
                Err(error) => return error.kind() == io::ErrorKind::WouldBlock,
            }
        }
        true
    }

    fn feed(&self, kind: LogStream, parser: &mut Parser, bytes: &[u8]) {
        let call = self.call.lock().clone();
        if parser.full && call.is_some() {
            self.store.drop_bytes(call.as_deref(), bytes.len());
            return;
        }
        let mut lines = Vec::new();
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            parser.partial.extend_from_slice(piece);
            if piece.ends_with(b"\n") || parser.partial.len() >= LINE_BYTES {
                self.line(parser, &mut lines);
            }
        }
        self.keep(kind, parser, call.as_deref(), lines);
    }

    fn keep(&self, kind: LogStream, parser: &mut Parser, call: Option<&str>, lines: Vec<String>) {
        if lines.is_empty() {
            return;
        }
        {
            let mut last = self.last.lock();
            for line in lines.iter().skip(lines.len().saturating_sub(LAST_LINES)) {
                if last.len() == LAST_LINES {
                    last.pop_front();
                }
                last.push_back(cut(line));
            }
        }
        parser.full = !self.store.append(&self.function, call, kind, lines);
        if parser.full {
            self.store.drop_bytes(call, std::mem::take(&mut parser.partial).len());
        }
    }

    /// Takes a whole line, with the paths that the function's author knows.
    fn line(&self, parser: &mut Parser, lines: &mut Vec<String>) {
        let bytes = std::mem::take(&mut parser.partial);
        let text = String::from_utf8_lossy(&bytes);
        let text = text.trim_end_matches(['\r', '\n']);
        let (inside, outside) = &self.paths;
        let known = !inside.is_empty() && text.contains(inside.as_str());
        lines.push(if known { text.replace(inside, outside) } else { text.to_owned() });
    }

    /// Takes in a last line without an end.
    fn flush(&self) {
        let call = self.call.lock().clone();
        for stream in &self.streams {
            let mut parser = stream.parser.lock();
            let mut lines = Vec::new();
            if !parser.partial.is_empty() {
                self.line(&mut parser, &mut lines);
            }
            self.keep(stream.kind, &mut parser, call.as_deref(), lines);
        }
    }
}

fn cut(line: &str) -> String {
    let mut end = line.len().min(LAST_LINE_BYTES);
    while !line.is_char_boundary(end) {
        end -= 1;
    }
    line.get(..end).unwrap_or_default().to_owned()
}
