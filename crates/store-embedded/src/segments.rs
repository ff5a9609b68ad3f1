//! The journal's files: which there are, the next one made ready ahead of time, old ones used again.

use crate::disk::{Disk, SegmentFile};
use crate::frame::{FRAME_BYTES, HEADER_BYTES};
use parking_lot::{Condvar, Mutex};
use partita_store::StoreError;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A file of zeroes, waiting to become a segment.
const SPARE: &str = "spare.log";
/// The same while it is being made.
const UNFINISHED: &str = "spare.tmp";
/// How many bytes are written at a time to make one.
const ZEROES: usize = 1 << 20;
/// How many old segments are kept to be used again.
const RETIRED: usize = 1;

/// A segment whose last entry is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Closed {
    /// The number in its name.
    pub(crate) number: u64,
    /// The number of its last entry.
    pub(crate) last: u64,
    /// Its length in bytes.
    pub(crate) length: u64,
}

#[derive(Default)]
struct State {
    ready: Option<Box<dyn SegmentFile>>,
    wanted: bool,
    stopped: bool,
    failure: Option<StoreError>,
    closed: Vec<Closed>,
    retired: Vec<PathBuf>,
}

/// The journal's folder.
pub(crate) struct Segments {
    disk: Arc<dyn Disk>,
    folder: PathBuf,
    length: u64,
    state: Mutex<State>,
    changed: Condvar,
}

/// What an error of the operating system means for whoever called the store.
pub(crate) fn wrong(error: &io::Error, doing: &str) -> StoreError {
    let text = format!("{doing}: {error}");
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
            StoreError::Full(text)
        }
        _ => StoreError::Unavailable(text),
    }
}

/// The name of segment `number`.
pub(crate) fn file_name(number: u64) -> String {
    format!("{number:06}.log")
}

/// The number of the segment of that name.
pub(crate) fn number_of(name: &str) -> Option<u64> {
    let digits = name.strip_suffix(".log")?;
    (digits.len() >= 6 && digits.bytes().all(|byte| byte.is_ascii_digit()))
        .then(|| digits.parse().ok())
        .flatten()
}

impl Segments {
    /// `length` is what a usual segment takes, in bytes; `closed` what is there already.
    pub(crate) fn new(disk: Arc<dyn Disk>, folder: &Path, length: u64, closed: Vec<Closed>) -> Self {
        let state = State { closed, wanted: true, ..State::default() };
        Self { disk, folder: folder.to_owned(), length, state: Mutex::new(state), changed: Condvar::new() }
    }

    /// Makes segments ready until told to stop: the work of a thread of its own.
    pub(crate) fn run(&self) {
        let mut state = self.state.lock();
        loop {
            self.changed.wait_while(&mut state, |state| !state.stopped && !state.wanted);
            if state.stopped {
                return;
            }
            let retired = state.retired.pop();
            drop(state);
            let made = self.make_spare(retired);
            state = self.state.lock();
            state.wanted = false;
            match made {
                Ok(file) => state.ready = Some(file),
                Err(error) => state.failure = Some(wrong(&error, "making a journal segment")),
            }
            self.changed.notify_all();
        }
    }

    /// Lets [`Self::run`] return.
    pub(crate) fn stop(&self) {
        self.state.lock().stopped = true;
        self.changed.notify_all();
    }

    /// The file of segment `number`, with room for `needed` bytes; empty, its name durable.
    ///
    /// # Errors
    /// When there is no room for it; then nothing has changed.
    pub(crate) fn begin(&self, number: u64, needed: u64) -> Result<(Box<dyn SegmentFile>, u64), StoreError> {
        let path = self.folder.join(file_name(number));
        let doing = "beginning a journal segment";
        if needed > self.length {
            let length = needed.next_multiple_of(4096);
            let file = self.zeroed(&path, length).map_err(|error| wrong(&error, doing))?;
            self.disk.sync_folder(&self.folder).map_err(|error| wrong(&error, doing))?;
            return Ok((file, length));
        }
        let file = self.take_spare()?;
        let named = self.disk.rename(&self.folder.join(SPARE), &path);
        let named = named.and_then(|()| self.disk.sync_folder(&self.folder));
        self.want();
        named.map_err(|error| wrong(&error, doing))?;
        Ok((file, self.length))
    }

    /// Notes that a segment is full.
    pub(crate) fn close(&self, closed: Closed) {
        self.state.lock().closed.push(closed);
    }

    /// How many closed segments are still needed.
    pub(crate) fn closed_count(&self) -> usize {
        self.state.lock().closed.len()
    }

    /// Gives up the segments whose entries are all in the synced tables: up to `position`.
    pub(crate) fn retire(&self, position: u64) {
        let mut state = self.state.lock();
        let (gone, kept): (Vec<_>, Vec<_>) =
            state.closed.drain(..).partition(|closed| closed.last <= position);
        state.closed = kept;
        for closed in gone {
            let path = self.folder.join(file_name(closed.number));
            if closed.length == self.length && state.retired.len() < RETIRED {
                state.retired.push(path);
            } else if let Err(error) = self.disk.remove(&path) {
                tracing::warn!(%error, path = %path.display(), "an old journal segment could not be removed");
            }
        }
    }

    fn want(&self) {
        self.state.lock().wanted = true;
        self.changed.notify_all();
    }

    fn take_spare(&self) -> Result<Box<dyn SegmentFile>, StoreError> {
        let mut state = self.state.lock();
        loop {
            if let Some(file) = state.ready.take() {
                return Ok(file);
            }
            if let Some(failure) = state.failure.take() {
                return Err(failure);
            }
            if state.stopped {
                return Err(StoreError::Unavailable("the store was closed".into()));
            }
            state.wanted = true;
            self.changed.notify_all();
            self.changed.wait(&mut state);
        }
    }

    fn make_spare(&self, retired: Option<PathBuf>) -> io::Result<Box<dyn SegmentFile>> {
        let spare = self.folder.join(SPARE);
        if let Some(old) = retired {
            // The old header goes, and the beginning of the first frame: without them a segment was never begun.
            let file = self.disk.open(&old)?;
            file.write_at(&[0; HEADER_BYTES + FRAME_BYTES], 0)?;
            file.sync()?;
            self.disk.rename(&old, &spare)?;
            return Ok(file);
        }
        let there = self.disk.list(&self.folder)?;
        if there.iter().any(|(name, length)| name == SPARE && *length == self.length) {
            return self.disk.open(&spare);
        }
        let unfinished = self.folder.join(UNFINISHED);
        let file = self.zeroed(&unfinished, self.length)?;
        self.disk.rename(&unfinished, &spare)?;
        Ok(file)
    }

    /// Really writes zeroes, so that later writes find their blocks in place and need no metadata.
    fn zeroed(&self, path: &Path, length: u64) -> io::Result<Box<dyn SegmentFile>> {
        let file = self.disk.create(path)?;
        let filled = self.fill(&*file, length);
        if filled.is_err() {
            // What was written of it is the very room that is missing.
            let _ = self.disk.remove(path);
        }
        filled.map(|()| file)
    }

    fn fill(&self, file: &dyn SegmentFile, length: u64) -> io::Result<()> {
        let zeroes = vec![0; ZEROES];
        let mut offset = 0;
        while offset < length {
            let part = usize::try_from(length - offset).map_or(ZEROES, |left| left.min(ZEROES));
            file.write_at(zeroes.get(..part).unwrap_or(&zeroes), offset)?;
            offset += part as u64;
        }
        file.sync()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers() {
        assert_eq!(file_name(42), "000042.log");
        assert_eq!(number_of("000042.log"), Some(42));
        assert_eq!(number_of("12345678.log"), Some(12_345_678));
        for other in ["spare.log", "spare.tmp", "42.log", "-00042.log"] {
            assert_eq!(number_of(other), None);
        }
    }
}
