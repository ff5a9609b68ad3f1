//! A copy of a function's files for each generation of its code.
//!
//! Processes run from the copy. So a process that loads a file late gets the one that belongs to its generation, the
//! function's user can read files in folders that it cannot enter, and nothing can write into the sources.

use crate::isolation::open_folder;
use std::fs::Permissions;
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// What is never part of a function's code.
const IGNORED: [&str; 8] =
    [".git", ".hg", ".partita", ".pytest_cache", ".venv", "__pycache__", "node_modules", "venv"];
/// The most files of a function.
const MOST_FILES: usize = 20_000;

/// Whether a name in a function's folder is not part of its code: caches, repositories, and what editors leave behind.
pub(crate) fn is_ignored(name: &str) -> bool {
    IGNORED.contains(&name)
        || name.ends_with('~')
        || name.ends_with(".pyc")
        || name.ends_with(".swp")
        || name.ends_with(".swx")
        || name.ends_with(".tmp")
        || name.starts_with(".#")
        || (name.starts_with('#') && name.ends_with('#'))
        || name == "4913" // what Vim writes to find out whether it can write
}

/// A staged copy; it is deleted when it is dropped.
#[derive(Debug)]
pub(crate) struct Stage {
    /// Where the code is.
    pub folder: PathBuf,
    /// Where it came from.
    pub source: PathBuf,
}

impl Stage {
    /// Copies a function's files.
    ///
    /// # Errors
    /// With the path in the text.
    pub(crate) fn copy(
        source: &Path,
        folder: PathBuf,
        most_bytes: u64,
        excluded: impl Fn(&Path) -> bool,
    ) -> io::Result<Self> {
        let stage = Self { folder, source: source.to_owned() };
        let mut copy = Copy { files: 0, bytes: 0, most_bytes, excluded: &excluded };
        copy.folder(source, &stage.folder, 0)?;
        Ok(stage)
    }

    /// The two paths under which a line of output names the code, and under which its author knows it.
    pub(crate) fn paths(&self) -> (String, String) {
        (self.folder.to_string_lossy().into_owned(), self.source.to_string_lossy().into_owned())
    }

    /// A text with the author's paths.
    pub(crate) fn translate(&self, text: &str) -> String {
        let (inside, outside) = self.paths();
        text.replace(&inside, &outside)
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.folder)
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::debug!(folder = %self.folder.display(), %error, "staged code cannot be deleted");
        }
    }
}

struct Copy<'a> {
    files: usize,
    bytes: u64,
    most_bytes: u64,
    excluded: &'a dyn Fn(&Path) -> bool,
}

impl Copy<'_> {
    fn folder(&mut self, from: &Path, to: &Path, depth: usize) -> io::Result<()> {
        if depth > 32 {
            return Err(io::Error::other(format!("{}: folders lie too deep in one another", from.display())));
        }
        open_folder(to)?;
        for entry in std::fs::read_dir(from).map_err(|error| named(from, &error))? {
            let entry = entry?;
            let path = entry.path();
            if is_ignored(&entry.file_name().to_string_lossy()) || (self.excluded)(&path) {
                continue;
            }
            // A link is copied as what it leads to: the function may not be able to go there.
            let Ok(data) = path.metadata() else { continue };
            let target = to.join(entry.file_name());
            if data.is_dir() {
                self.folder(&path, &target, depth + 1)?;
            } else if data.is_file() {
                self.file(&path, &target, data.len(), data.mode())?;
            }
        }
        Ok(())
    }

    fn file(&mut self, from: &Path, to: &Path, bytes: u64, mode: u32) -> io::Result<()> {
        self.files += 1;
        self.bytes += bytes;
        if self.files > MOST_FILES || self.bytes > self.most_bytes {
            let text = format!("the function has more than {MOST_FILES} files or {} bytes", self.most_bytes);
            return Err(io::Error::other(text));
        }
        std::fs::copy(from, to).map_err(|error| named(from, &error))?;
        let executable = if mode & 0o100 == 0 { 0o644 } else { 0o755 };
        std::fs::set_permissions(to, Permissions::from_mode(executable))
    }
}

fn named(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_is_copied_and_the_rest_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let (source, target) = (folder.path().join("source"), folder.path().join("target"));
        for (file, text) in [("func.py", "x"), ("lib/a.py", "yy"), ("node_modules/b/c.js", ""), ("d.py~", "")]
        {
            let file = source.join(file);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, text).unwrap();
        }
        let stage = Stage::copy(&source, target.clone(), 3, |_| false).unwrap();
        assert!(target.join("lib/a.py").is_file() && target.join("func.py").is_file());
        assert!(!target.join("node_modules").exists() && !target.join("d.py~").exists());
        assert_eq!(
            stage.translate(&format!("File \"{}/func.py\"", target.display())),
            format!("File \"{}/func.py\"", source.display())
        );
        drop(stage);
        assert!(!target.exists());
        let error = Stage::copy(&source, target, 2, |_| false).unwrap_err().to_string();
        assert!(error.starts_with("the function has more than"), "{error}");
    }
}
