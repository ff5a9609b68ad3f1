//! A disk in memory that loses, tears and refuses writes, to test what the journal withstands.

use crate::disk::{Disk, SegmentFile};
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What happens to writes that were not synced when the power goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unsynced {
    /// All of them are there: the system's cache outlived the process.
    Kept,
    /// All of them are lost.
    Lost,
    /// Only so many bytes of the first one are there.
    Torn(usize),
    /// The last sector that was written is there, and the others are not.
    LastSectorOnly,
}

/// Which operation fails, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Operations that change the disk are counted from 1; this is the first one that fails.
    pub at: u64,
    /// How many fail in a row; everything works again afterwards.
    pub times: u64,
    /// With which error.
    pub kind: io::ErrorKind,
}

const SECTOR: usize = 512;

#[derive(Clone, Default)]
struct Content {
    durable: Vec<u8>,
    unsynced: Vec<(usize, Vec<u8>)>,
}

impl Content {
    fn apply(bytes: &mut Vec<u8>, offset: usize, write: &[u8]) {
        let end = offset + write.len();
        if bytes.len() < end {
            bytes.resize(end, 0);
        }
        for (slot, byte) in bytes.iter_mut().skip(offset).zip(write) {
            *slot = *byte;
        }
    }

    fn visible(&self) -> Vec<u8> {
        let mut bytes = self.durable.clone();
        for (offset, write) in &self.unsynced {
            Self::apply(&mut bytes, *offset, write);
        }
        bytes
    }

    fn crash(&mut self, unsynced: Unsynced) {
        let writes = std::mem::take(&mut self.unsynced);
        for (offset, write) in &writes {
            match unsynced {
                Unsynced::Kept => Self::apply(&mut self.durable, *offset, write),
                Unsynced::Lost => {}
                Unsynced::Torn(bytes) => {
                    let kept = write.get(..bytes.min(write.len())).unwrap_or_default();
                    Self::apply(&mut self.durable, *offset, kept);
                    break;
                }
                Unsynced::LastSectorOnly => {
                    let end = offset + write.len();
                    let start = (end.saturating_sub(1) / SECTOR * SECTOR).max(*offset);
                    let kept = write.get(start - offset..).unwrap_or_default();
                    Self::apply(&mut self.durable, start, kept);
                }
            }
        }
    }
}

#[derive(Default)]
struct State {
    files: BTreeMap<PathBuf, Arc<Mutex<Content>>>,
    operations: u64,
    failure: Option<Failure>,
    capacity: Option<u64>,
}

/// The disk. Clones are the same disk.
#[derive(Clone, Default)]
pub struct SimulatedDisk {
    state: Arc<Mutex<State>>,
}

impl SimulatedDisk {
    /// Lets operations fail from now on, counted from the next one.
    pub fn fail(&self, failure: Failure) {
        let mut state = self.state.lock();
        state.operations = 0;
        state.failure = Some(failure);
    }

    /// Lets everything work again.
    pub fn heal(&self) {
        self.state.lock().failure = None;
    }

    /// How many operations changed the disk since [`Self::fail`] or the start.
    #[must_use]
    pub fn operations(&self) -> u64 {
        self.state.lock().operations
    }

    /// How many bytes all files together may have; `None` for no bound.
    pub fn set_capacity(&self, bytes: Option<u64>) {
        self.state.lock().capacity = bytes;
    }

    /// The disk as it is found after the power went.
    #[must_use]
    pub fn after_crash(&self, unsynced: Unsynced) -> Self {
        let state = self.state.lock();
        let files = state.files.iter().map(|(path, content)| {
            let mut content = content.lock().clone();
            content.crash(unsynced);
            (path.clone(), Arc::new(Mutex::new(content)))
        });
        Self { state: Arc::new(Mutex::new(State { files: files.collect(), ..State::default() })) }
    }

    /// A file's bytes as a reader finds them.
    #[must_use]
    pub fn read(&self, path: &Path) -> Option<Vec<u8>> {
        self.state.lock().files.get(path).map(|content| content.lock().visible())
    }

    /// Puts a file there, or other bytes into one.
    pub fn write(&self, path: &Path, bytes: Vec<u8>) {
        let content = Content { durable: bytes, unsynced: Vec::new() };
        self.state.lock().files.insert(path.to_owned(), Arc::new(Mutex::new(content)));
    }

    /// The paths of all files.
    #[must_use]
    pub fn paths(&self) -> Vec<PathBuf> {
        self.state.lock().files.keys().cloned().collect()
    }

    fn operate(&self) -> io::Result<()> {
        let mut state = self.state.lock();
        state.operations += 1;
        match state.failure {
            Some(failure)
                if (failure.at..failure.at.saturating_add(failure.times)).contains(&state.operations) =>
            {
                Err(failure.kind.into())
            }
            _ => Ok(()),
        }
    }

    fn check_room(&self, file: &Mutex<Content>, end: usize) -> io::Result<()> {
        let state = self.state.lock();
        let Some(capacity) = state.capacity else { return Ok(()) };
        let used: usize = state.files.values().map(|content| content.lock().visible().len()).sum();
        let grows = end.saturating_sub(file.lock().visible().len());
        if (used + grows) as u64 > capacity { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
    }

    fn find(&self, path: &Path) -> io::Result<Arc<Mutex<Content>>> {
        self.state.lock().files.get(path).cloned().ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

struct SimulatedFile {
    disk: SimulatedDisk,
    content: Arc<Mutex<Content>>,
}

impl SegmentFile for SimulatedFile {
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let offset = usize::try_from(offset).map_err(io::Error::other)?;
        self.disk.check_room(&self.content, offset + bytes.len())?;
        let allowed = self.disk.operate();
        let written = if allowed.is_ok() { bytes } else { bytes.get(..bytes.len() / 2).unwrap_or_default() };
        self.content.lock().unsynced.push((offset, written.to_vec()));
        allowed
    }

    fn sync(&self) -> io::Result<()> {
        self.disk.operate()?;
        self.content.lock().crash(Unsynced::Kept);
        Ok(())
    }

    fn read_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<()> {
        let visible = self.content.lock().visible();
        let offset = usize::try_from(offset).map_err(io::Error::other)?;
        let end = offset.saturating_add(bytes.len());
        let found = visible.get(offset..end).ok_or(io::ErrorKind::UnexpectedEof)?;
        bytes.copy_from_slice(found);
        Ok(())
    }
}

impl Disk for SimulatedDisk {
    fn make_folder(&self, _folder: &Path) -> io::Result<()> {
        Ok(())
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<(String, u64)>> {
        let state = self.state.lock();
        let inside = state.files.iter().filter(|(path, _)| path.parent() == Some(folder));
        Ok(inside
            .filter_map(|(path, content)| {
                let name = path.file_name()?.to_str()?.to_owned();
                Some((name, content.lock().visible().len() as u64))
            })
            .collect())
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn SegmentFile>> {
        self.operate()?;
        let content = Arc::new(Mutex::new(Content::default()));
        self.state.lock().files.insert(path.to_owned(), content.clone());
        Ok(Box::new(SimulatedFile { disk: self.clone(), content }))
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn SegmentFile>> {
        Ok(Box::new(SimulatedFile { disk: self.clone(), content: self.find(path)? }))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.operate()?;
        let content = self.find(from)?;
        let mut state = self.state.lock();
        state.files.remove(from);
        state.files.insert(to.to_owned(), content);
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.operate()?;
        self.state.lock().files.remove(path).map(|_| ()).ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn sync_folder(&self, _folder: &Path) -> io::Result<()> {
        self.operate()
    }
}
