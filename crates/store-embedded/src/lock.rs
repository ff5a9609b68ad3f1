//! One process owns a store's folder.

use partita_store::StoreError;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::Path;
use std::time::{Duration, Instant};

/// The name of the lock's file in a store's folder.
pub(crate) const LOCK: &str = "lock";
/// How long a lock that somebody has is tried for.
const MOMENT: Duration = Duration::from_millis(500);
const PAUSE: Duration = Duration::from_millis(5);

/// Holds a store's folder until it is dropped.
#[derive(Debug)]
pub(crate) struct FolderLock {
    _file: File,
}

impl FolderLock {
    /// # Errors
    /// [`StoreError::Locked`] with the holder's process id when somebody else has it.
    pub(crate) fn take(folder: &Path) -> Result<Self, StoreError> {
        let path = folder.join(LOCK);
        let failed = |error: std::io::Error| StoreError::Unavailable(format!("{}: {error}", path.display()));
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(failed)?;
        match try_for_a_moment(&file) {
            Ok(()) => {
                write_pid(&mut file).map_err(failed)?;
                Ok(Self { _file: file })
            }
            Err(TryLockError::WouldBlock) => Err(held(&mut file, folder)),
            Err(TryLockError::Error(error)) => Err(failed(error)),
        }
    }
}

/// A process that is being started from this one has what is open here for a moment, and with it a lock that was just
/// given up.
fn try_for_a_moment(file: &File) -> Result<(), TryLockError> {
    let until = Instant::now() + MOMENT;
    loop {
        match file.try_lock() {
            Err(TryLockError::WouldBlock) if Instant::now() < until => std::thread::sleep(PAUSE),
            outcome => return outcome,
        }
    }
}

fn write_pid(file: &mut File) -> std::io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    writeln!(file, "{}", std::process::id())
}

fn held(file: &mut File, folder: &Path) -> StoreError {
    let mut holder = String::new();
    // Whoever has just taken it may not have written its id yet.
    let _ = file.read_to_string(&mut holder);
    let holder = match holder.trim() {
        "" => "another process".to_owned(),
        pid => format!("process {pid}"),
    };
    StoreError::Locked(format!("{} belongs to {holder}; stop that first", folder.display()))
}
