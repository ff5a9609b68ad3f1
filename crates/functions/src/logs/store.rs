//! The logs that are in memory, and the way to those on disk.

use super::archive::Archive;
use super::{LogLine, LogStream};
use crate::call::is_call_id;
use futures::stream::{self, BoxStream, StreamExt};
use parking_lot::Mutex;
use std::collections::{HashMap, VecDeque};
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::sync::broadcast;

/// The least that a line counts for in a call's limit: a call may not fill the memory with empty lines.
const LEAST_LINE: usize = 64;
/// The most bytes of a function's last lines.
const TAIL_BYTES: usize = 1 << 20;
/// Lines that somebody who follows may lag behind.
const FOLLOWED: usize = 4096;

/// What functions printed.
#[derive(Clone)]
pub struct LogStore {
    inner: Arc<Inner>,
}

struct Inner {
    state: Mutex<State>,
    archive: Archive,
    live: broadcast::Sender<Live>,
    call_bytes: usize,
    tail_lines: usize,
}

#[derive(Default)]
struct State {
    running: HashMap<String, Running>,
    tails: HashMap<String, Tail>,
}

/// The last lines of a function.
#[derive(Default)]
struct Tail {
    lines: VecDeque<LogLine>,
    bytes: usize,
}

impl Tail {
    fn push(&mut self, line: LogLine, most: usize) {
        self.bytes += line.text.len();
        self.lines.push_back(line);
        while self.lines.len() > most.max(1) || (self.bytes > TAIL_BYTES && self.lines.len() > 1) {
            let gone = self.lines.pop_front();
            self.bytes -= gone.map_or(0, |line| line.text.len());
        }
    }
}

/// The log of a call that has not ended.
#[derive(Default)]
struct Running {
    lines: Vec<LogLine>,
    bytes: usize,
    dropped: usize,
    /// Calls of this id that run; a repeated call may overlap its predecessor.
    open: usize,
    function: String,
}

#[derive(Clone)]
enum Live {
    Line(Arc<LogLine>),
    Ended(Arc<str>),
}

/// Which lines somebody wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogFilter {
    /// Those of a call.
    Call(String),
    /// Those of a function.
    Function(String),
    /// All.
    All,
}

impl LogFilter {
    fn takes(&self, line: &LogLine) -> bool {
        match self {
            Self::Call(call) => line.call.as_deref() == Some(call),
            Self::Function(function) => line.function == *function,
            Self::All => true,
        }
    }
}

impl LogStore {
    pub(crate) fn open(
        folder: PathBuf,
        call_bytes: usize,
        total_bytes: u64,
        tail_lines: usize,
    ) -> io::Result<Self> {
        let inner = Inner {
            state: Mutex::default(),
            archive: Archive::open(folder, total_bytes)?,
            live: broadcast::Sender::new(FOLLOWED),
            call_bytes,
            tail_lines,
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// All that a call printed and that is kept; `None` if nothing is.
    ///
    /// # Errors
    /// When the file of an ended call cannot be read.
    pub async fn call(&self, id: &str) -> io::Result<Option<Vec<LogLine>>> {
        if !is_call_id(id) {
            return Ok(None);
        }
        let (store, id) = (self.clone(), id.to_owned());
        let read = tokio::task::spawn_blocking(move || store.read(&id));
        read.await.map_err(io::Error::other)?
    }

    fn read(&self, id: &str) -> io::Result<Option<Vec<LogLine>>> {
        let (running, archived) = {
            // Under one lock, because a call that ends moves from the one to the other.
            let state = self.inner.state.lock();
            let running = state.running.get(id).map(|running| running.lines.clone());
            (running, self.inner.archive.find(id))
        };
        let is_running = running.is_some();
        let mut lines = self.inner.archive.load(id, archived)?;
        lines.extend(running.unwrap_or_default());
        Ok((is_running || !lines.is_empty()).then_some(lines))
    }

    /// The last lines of a function, at most `lines`, and no more than the host keeps.
    #[must_use]
    pub fn tail(&self, function: &str, lines: usize) -> Vec<LogLine> {
        let state = self.inner.state.lock();
        let Some(tail) = state.tails.get(function) else { return Vec::new() };
        tail.lines.iter().skip(tail.lines.len().saturating_sub(lines)).cloned().collect()
    }

    /// The lines from now on. Those of a call that runs begin with what it has printed, and end with it.
    #[must_use]
    pub fn follow(&self, filter: LogFilter) -> BoxStream<'static, LogLine> {
        let state = self.inner.state.lock();
        let receiver = self.inner.live.subscribe();
        let before = match &filter {
            LogFilter::Call(call) => state.running.get(call).map(|running| running.lines.clone()),
            LogFilter::Function(_) | LogFilter::All => None,
        };
        drop(state);
        let coming = stream::unfold((receiver, filter), |(mut receiver, filter)| async move {
            loop {
                match receiver.recv().await {
                    Ok(Live::Line(line)) if filter.takes(&line) => {
                        return Some((LogLine::clone(&line), (receiver, filter)));
                    }
                    Ok(Live::Ended(call)) if filter == LogFilter::Call(call.to_string()) => return None,
                    Ok(_) => {}
                    Err(broadcast::error::RecvError::Lagged(lines)) => {
                        let text = format!("{lines} lines came too fast to be followed");
                        return Some((note("", None, text), (receiver, filter)));
                    }
                    Err(broadcast::error::RecvError::Closed) => return None,
                }
            }
        });
        stream::iter(before.unwrap_or_default()).chain(coming).boxed()
    }

    /// A call begins.
    pub(crate) fn begin(&self, function: &str, call: &str) {
        let mut state = self.inner.state.lock();
        let running = state.running.entry(call.to_owned()).or_default();
        running.open += 1;
        if running.function.is_empty() {
            function.clone_into(&mut running.function);
        }
    }

    /// Adds lines. False when the call has as many as it may have.
    pub(crate) fn append(
        &self,
        function: &str,
        call: Option<&str>,
        stream: LogStream,
        texts: Vec<String>,
    ) -> bool {
        let at_ms = jiff::Timestamp::now().as_millisecond();
        let mut state = self.inner.state.lock();
        let mut room = true;
        for text in texts {
            let line =
                LogLine { function: function.to_owned(), call: call.map(str::to_owned), at_ms, stream, text };
            room = state.add(line, &self.inner) && room;
        }
        room
    }

    /// Adds what the host itself has to say.
    pub(crate) fn note(&self, function: &str, call: Option<&str>, text: String) {
        self.inner.state.lock().add(note(function, call, text), &self.inner);
    }

    /// Counts what a call printed over its limit.
    pub(crate) fn drop_bytes(&self, call: Option<&str>, bytes: usize) {
        let mut state = self.inner.state.lock();
        if let Some(running) = call.and_then(|call| state.running.get_mut(call)) {
            running.dropped += bytes;
        }
    }

    /// A call has ended; its log goes to disk.
    pub(crate) fn end(&self, call: &str) {
        let mut state = self.inner.state.lock();
        let Some(running) = state.running.get_mut(call) else { return };
        running.open = running.open.saturating_sub(1);
        if running.open > 0 {
            return;
        }
        if running.dropped > 0 {
            let text = format!(
                "{} bytes more were printed and dropped: a call may log {} bytes",
                running.dropped, self.inner.call_bytes
            );
            let function = running.function.clone();
            running.bytes = 0; // the note itself always has room
            state.add(note(&function, Some(call), text), &self.inner);
        }
        if let Some(ended) = state.running.remove(call)
            && !ended.lines.is_empty()
        {
            self.inner.archive.add(call, ended.lines);
        }
        if self.inner.live.receiver_count() > 0 {
            let _ = self.inner.live.send(Live::Ended(call.into()));
        }
    }

    /// Forgets the lines in memory of a function that was removed.
    pub(crate) fn forget(&self, function: &str) {
        self.inner.state.lock().tails.remove(function);
    }
}

impl State {
    /// Adds a line to its call, its function and whoever follows. False when its call has no room left.
    fn add(&mut self, line: LogLine, inner: &Inner) -> bool {
        if let Some(running) = line.call.as_ref().and_then(|call| self.running.get_mut(call)) {
            running.bytes += (line.text.len() + 1).max(LEAST_LINE);
            if running.bytes > inner.call_bytes {
                running.dropped += line.text.len() + 1;
                return false;
            }
            running.lines.push(line.clone());
        }
        if inner.live.receiver_count() > 0 {
            let _ = inner.live.send(Live::Line(Arc::new(line.clone()))); // nobody may follow any more
        }
        if let Some(tail) = self.tails.get_mut(&line.function) {
            tail.push(line, inner.tail_lines);
        } else {
            self.tails.entry(line.function.clone()).or_default().push(line, inner.tail_lines);
        }
        true
    }
}

fn note(function: &str, call: Option<&str>, text: String) -> LogLine {
    LogLine {
        function: function.to_owned(),
        call: call.map(str::to_owned),
        at_ms: jiff::Timestamp::now().as_millisecond(),
        stream: LogStream::Host,
        text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_calls_log_and_a_functions_tail_are_bounded() {
        let folder = tempfile::tempdir().unwrap();
        let store = LogStore::open(folder.path().to_owned(), 10 * LEAST_LINE, 1 << 20, 500).unwrap();
        store.begin("f", "c");
        for number in 0..12 {
            let room = store.append("f", Some("c"), LogStream::Out, vec![String::new()]);
            assert_eq!(room, number < 10, "{number}");
        }
        assert_eq!(store.read("c").unwrap().unwrap().len(), 10);
        store.append("f", None, LogStream::Out, vec!["x".repeat(LEAST_LINE); 600]);
        assert_eq!(store.tail("f", 1000).len(), 500);
        store.append("f", None, LogStream::Out, vec!["x".repeat(TAIL_BYTES / 4); 6]);
        assert_eq!(store.tail("f", 1000).len(), 4);
        store.forget("f");
        assert_eq!(store.tail("f", 1000), []);
    }
}
