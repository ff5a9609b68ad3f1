//! Logs of ended calls on disk.
//!
//! They are appended to numbered files, a line of JSON for each call, and found again through an index in memory that
//! is rebuilt when the host starts. When all files together are too large, the oldest goes.

use super::LogLine;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, HashMap};
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};

/// Files are this many in all, so that a file is this part of the whole.
const FILES: u64 = 16;
/// Calls whose logs are kept; each takes some memory.
const CALLS: u64 = 300_000;
/// Logs that wait to be written; more are dropped rather than hold up calls.
const WAITING: usize = 4096;
/// The most bytes of logs that wait to be written.
const WAITING_BYTES: usize = 32 << 20;

/// The first half of the hash of a call's id.
type Key = [u8; 16];

pub(super) struct Archive {
    shared: Arc<Shared>,
    work: SyncSender<(String, Arc<Vec<LogLine>>)>,
}

struct Shared {
    folder: PathBuf,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    places: HashMap<Key, Vec<Place>>,
    /// Logs that are not written yet, and their bytes.
    waiting: HashMap<Key, Vec<Arc<Vec<LogLine>>>>,
    waiting_bytes: usize,
    dropped: u64,
}

#[derive(Clone, Copy)]
struct Place {
    file: u64,
    offset: u64,
    length: u32,
}

#[derive(Serialize, Deserialize)]
struct Record {
    call: String,
    lines: Vec<LogLine>,
}

impl Archive {
    /// Opens the files of a folder, and makes it if need be.
    pub(super) fn open(folder: PathBuf, total: u64) -> io::Result<Self> {
        std::fs::create_dir_all(&folder)?;
        let mut state = State::default();
        let mut sizes = BTreeMap::new();
        for entry in std::fs::read_dir(&folder)? {
            let path = entry?.path();
            if let Some(number) = number_of(&path) {
                sizes.insert(number, index(&path, number, &mut state)?);
            }
        }
        let next = sizes.keys().next_back().map_or(1, |last| last + 1);
        let shared = Arc::new(Shared { folder, state: Mutex::new(state) });
        let (work, receiver) = sync_channel(WAITING);
        let writer = Writer { shared: shared.clone(), total, sizes, number: next, file: None };
        std::thread::Builder::new().name("function-logs".to_owned()).spawn(move || writer.run(&receiver))?;
        Ok(Self { shared, work })
    }

    /// Takes the log of a call; it can be read from now on, and is on disk soon.
    pub(super) fn add(&self, call: &str, lines: Vec<LogLine>) {
        let (key, lines) = (key(call), Arc::new(lines));
        let bytes = size(&lines);
        let mut state = self.shared.state.lock();
        if state.waiting_bytes + bytes > WAITING_BYTES {
            state.note_dropped();
            return;
        }
        state.waiting_bytes += bytes;
        state.waiting.entry(key).or_default().push(lines.clone());
        if let Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) =
            self.work.try_send((call.to_owned(), lines))
        {
            state.note_dropped();
            state.written(key, bytes);
        }
    }

    /// Where the logs of a call are.
    pub(super) fn find(&self, call: &str) -> Found {
        let key = key(call);
        let state = self.shared.state.lock();
        Found {
            places: state.places.get(&key).cloned().unwrap_or_default(),
            waiting: state.waiting.get(&key).cloned().unwrap_or_default(),
        }
    }

    /// The logs of a call that were found.
    pub(super) fn load(&self, call: &str, found: Found) -> io::Result<Vec<LogLine>> {
        let mut lines = Vec::new();
        for place in found.places {
            match self.shared.read_at(place) {
                Ok(record) if record.call == call => lines.extend(record.lines),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::NotFound => {} // it became too old this moment
                Err(error) => return Err(error),
            }
        }
        for waiting in found.waiting {
            lines.extend(waiting.iter().cloned());
        }
        Ok(lines)
    }
}

/// Where the logs of a call are.
pub(super) struct Found {
    places: Vec<Place>,
    waiting: Vec<Arc<Vec<LogLine>>>,
}

impl State {
    fn note_dropped(&mut self) {
        self.dropped += 1;
        if self.dropped.is_power_of_two() {
            tracing::warn!(dropped = self.dropped, "logs of calls come faster than they can be written");
        }
    }

    /// The oldest log of a call that waited is written, or never will be.
    fn written(&mut self, key: Key, bytes: usize) {
        self.waiting_bytes = self.waiting_bytes.saturating_sub(bytes);
        if let Some(waiting) = self.waiting.get_mut(&key) {
            if !waiting.is_empty() {
                waiting.remove(0);
            }
            if waiting.is_empty() {
                self.waiting.remove(&key);
            }
        }
    }
}

impl Shared {
    fn path(&self, number: u64) -> PathBuf {
        self.folder.join(format!("calls-{number:08}.jsonl"))
    }

    fn read_at(&self, place: Place) -> io::Result<Record> {
        let file = File::open(self.path(place.file))?;
        let mut bytes = vec![0; place.length as usize];
        file.read_exact_at(&mut bytes, place.offset)?;
        serde_json::from_slice(&bytes).map_err(io::Error::from)
    }
}

/// What a file holds.
#[derive(Clone, Copy, Default)]
struct Size {
    bytes: u64,
    calls: u64,
}

struct Writer {
    shared: Arc<Shared>,
    total: u64,
    sizes: BTreeMap<u64, Size>,
    number: u64,
    file: Option<File>,
}

impl Writer {
    fn run(mut self, work: &Receiver<(String, Arc<Vec<LogLine>>)>) {
        while let Ok((call, lines)) = work.recv() {
            let bytes = size(&lines);
            let written = self.write(&call, &lines);
            let mut state = self.shared.state.lock();
            match written {
                Ok(place) => state.places.entry(key(&call)).or_default().push(place),
                Err(error) => {
                    tracing::warn!(%error, "the log of a call cannot be written");
                    self.file = None;
                }
            }
            state.written(key(&call), bytes);
        }
    }

    fn write(&mut self, call: &str, lines: &[LogLine]) -> io::Result<Place> {
        let mut bytes = serde_json::to_vec(&Record { call: call.to_owned(), lines: lines.to_vec() })?;
        let length = u32::try_from(bytes.len()).map_err(io::Error::other)?;
        bytes.push(b'\n');
        if self.file.is_none() {
            self.file = Some(self.begin_file()?);
        }
        let Some(file) = self.file.as_mut() else { return Err(io::ErrorKind::NotFound.into()) };
        let size = self.sizes.get(&self.number).copied().unwrap_or_default();
        let offset = size.bytes;
        let place = Place { file: self.number, offset, length };
        let result = file.write_all(&bytes);
        if result.is_err() {
            self.number += 1; // what is at the end of this file is not known any more
        }
        result?;
        let size = Size { bytes: offset + bytes.len() as u64, calls: size.calls + 1 };
        self.sizes.insert(place.file, size);
        self.turn_over();
        Ok(place)
    }

    /// Makes a file that no other host of this folder writes to.
    fn begin_file(&mut self) -> io::Result<File> {
        loop {
            let path = self.shared.path(self.number);
            match OpenOptions::new().create_new(true).append(true).mode(0o600).open(path) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => self.number += 1,
                opened => return opened,
            }
        }
    }

    fn is_too_much(&self) -> bool {
        let sum = |part: fn(&Size) -> u64| self.sizes.values().map(part).sum::<u64>();
        sum(|size| size.bytes) > self.total || sum(|size| size.calls) > CALLS
    }

    /// Begins another file when this one is large, and deletes the oldest when all together are.
    fn turn_over(&mut self) {
        let is_full = |size: &Size| size.bytes >= self.total / FILES || size.calls >= CALLS / FILES;
        if self.sizes.get(&self.number).is_some_and(is_full) {
            self.number += 1;
            self.file = None;
        }
        while self.is_too_much() && self.sizes.len() > 1 {
            let Some((number, _)) = self.sizes.pop_first() else { return };
            let mut state = self.shared.state.lock();
            state.places.retain(|_, places| {
                places.retain(|place| place.file != number);
                !places.is_empty()
            });
            drop(state);
            if let Err(error) = std::fs::remove_file(self.shared.path(number)) {
                tracing::warn!(%error, "an old log cannot be deleted");
            }
        }
    }
}

fn key(call: &str) -> Key {
    let mut key = Key::default();
    for (to, from) in key.iter_mut().zip(Sha256::digest(call.as_bytes())) {
        *to = from;
    }
    key
}

fn size(lines: &[LogLine]) -> usize {
    lines.iter().map(|line| line.text.len() + 100).sum()
}

fn number_of(path: &Path) -> Option<u64> {
    let name = path.file_name()?.to_str()?;
    name.strip_prefix("calls-")?.strip_suffix(".jsonl")?.parse().ok()
}

/// Reads which calls a file holds, and says its size. A last line that was never finished counts for nothing.
fn index(path: &Path, file: u64, state: &mut State) -> io::Result<Size> {
    #[derive(Deserialize)]
    struct Head {
        call: String,
    }
    let mut reader = BufReader::new(File::open(path)?);
    let (mut offset, mut calls, mut line) = (0, 0, Vec::new());
    loop {
        line.clear();
        let length = reader.read_until(b'\n', &mut line)?;
        if length == 0 {
            return Ok(Size { bytes: offset, calls });
        }
        let place = u32::try_from(length.saturating_sub(1)).ok().map(|length| Place { file, offset, length });
        if let (Some(place), Ok(head)) = (place, serde_json::from_slice::<Head>(&line)) {
            state.places.entry(key(&head.call)).or_default().push(place);
            calls += 1;
        }
        offset += length as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logs::LogStream;

    fn lines(text: &str) -> Vec<LogLine> {
        let (function, text) = ("f".to_owned(), text.to_owned());
        vec![LogLine { function, call: Some("c".to_owned()), at_ms: 1, stream: LogStream::Out, text }]
    }

    fn read(archive: &Archive, call: &str) -> Vec<LogLine> {
        archive.load(call, archive.find(call)).unwrap()
    }

    fn written(archive: &Archive) {
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(10);
        while !archive.shared.state.lock().waiting.is_empty() {
            assert!(std::time::Instant::now() < deadline, "the log was not written");
            std::thread::yield_now();
        }
    }

    #[test]
    fn a_log_is_found_at_once_later_and_after_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let archive = Archive::open(folder.path().to_owned(), 1 << 20).unwrap();
        let other = Archive::open(folder.path().to_owned(), 1 << 20).unwrap();
        other.add("other", lines("of another host in the same folder"));
        written(&other);
        archive.add("call", lines("first"));
        archive.add("call", lines("second"));
        let both = [lines("first"), lines("second")].concat();
        assert_eq!(read(&archive, "call"), both);
        written(&archive);
        assert_eq!(read(&archive, "call"), both);
        let archive = Archive::open(folder.path().to_owned(), 1 << 20).unwrap();
        assert_eq!(read(&archive, "call"), both);
        assert_eq!(read(&archive, "other").len(), 1);
        assert_eq!(read(&archive, "../call"), []);
    }

    #[test]
    fn the_oldest_logs_go_when_there_are_too_many() {
        let folder = tempfile::tempdir().unwrap();
        let total = 64 << 10;
        let archive = Archive::open(folder.path().to_owned(), total).unwrap();
        for number in 0..200 {
            archive.add(&format!("call-{number}"), lines(&"x".repeat(1000)));
        }
        written(&archive);
        let kept: u64 =
            std::fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().metadata().unwrap().len()).sum();
        assert!(kept <= total, "{kept}");
        assert_eq!(read(&archive, "call-0"), []);
        assert_eq!(read(&archive, "call-199").len(), 1);
    }
}
