//! The few file operations that the journal needs, so that tests can put a lying disk under it.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

/// One file of the journal.
pub trait SegmentFile: Send + Sync {
    /// Writes all of `bytes` at `offset`. They may be lost until [`Self::sync`] has returned.
    ///
    /// # Errors
    /// When not all was written; how much was is not known.
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()>;

    /// Makes everything written so far durable, with the file's length.
    ///
    /// # Errors
    /// When that failed; then any write since the last success may be lost.
    fn sync(&self) -> io::Result<()>;

    /// Fills `bytes` with what lies at `offset`.
    ///
    /// # Errors
    /// When it cannot be read, or the file ends before.
    fn read_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<()>;
}

/// The folder in which the journal's files lie.
pub trait Disk: Send + Sync + 'static {
    /// Makes a folder and those above it, unless they exist.
    ///
    /// # Errors
    /// When it cannot be made.
    fn make_folder(&self, folder: &Path) -> io::Result<()>;

    /// The names and lengths in bytes of the files of a folder.
    ///
    /// # Errors
    /// When it cannot be read.
    fn list(&self, folder: &Path) -> io::Result<Vec<(String, u64)>>;

    /// Makes an empty file in place of what was there.
    ///
    /// # Errors
    /// When it cannot be made.
    fn create(&self, path: &Path) -> io::Result<Box<dyn SegmentFile>>;

    /// Opens a file to read and write.
    ///
    /// # Errors
    /// When there is none or it cannot be opened.
    fn open(&self, path: &Path) -> io::Result<Box<dyn SegmentFile>>;

    /// Gives a file another name; durable after [`Self::sync_folder`].
    ///
    /// # Errors
    /// When that failed.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Removes a file.
    ///
    /// # Errors
    /// When that failed.
    fn remove(&self, path: &Path) -> io::Result<()>;

    /// Makes the names of a folder durable.
    ///
    /// # Errors
    /// When that failed.
    fn sync_folder(&self, folder: &Path) -> io::Result<()>;
}

/// The operating system's files.
pub struct RealDisk;

struct RealFile(File);

impl SegmentFile for RealFile {
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.0.write_all_at(bytes, offset)
    }

    fn sync(&self) -> io::Result<()> {
        self.0.sync_data()
    }

    fn read_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<()> {
        self.0.read_exact_at(bytes, offset)
    }
}

impl Disk for RealDisk {
    fn make_folder(&self, folder: &Path) -> io::Result<()> {
        std::fs::create_dir_all(folder)
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<(String, u64)>> {
        let mut files = Vec::new();
        for entry in std::fs::read_dir(folder)? {
            let entry = entry?;
            if let Ok(name) = entry.file_name().into_string() {
                files.push((name, entry.metadata()?.len()));
            }
        }
        Ok(files)
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn SegmentFile>> {
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(true).open(path)?;
        Ok(Box::new(RealFile(file)))
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn SegmentFile>> {
        Ok(Box::new(RealFile(OpenOptions::new().read(true).write(true).open(path)?)))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        std::fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        std::fs::remove_file(path)
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        File::open(folder)?.sync_all()
    }
}
