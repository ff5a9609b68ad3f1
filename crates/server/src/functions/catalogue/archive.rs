//! Code that comes as a zip archive.
//!
//! An archive comes from outside. Everything in it has a limit, nothing in it may leave the folder, and links are
//! refused: a link could lead anywhere once the function runs.

use super::error::CatalogueError;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::digest::{SHA256, digest};
use std::fs::File;
use std::io::{Cursor, Read, Write};
use std::path::{Component, Path, PathBuf};

/// Files and folders of an archive.
const MOST_ENTRIES: usize = 5000;
/// Bytes of all its files together.
const MOST_BYTES: u64 = 128 << 20;
/// Parts of a path.
const DEEPEST: usize = 32;
/// Characters of a path.
const LONGEST_PATH: usize = 512;

const FIELD: &str = "sourceDetails.archiveSourceDetails.archiveFile";

/// An archive that was handed in.
pub(crate) struct Archive {
    bytes: Vec<u8>,
    /// Its hash, in hexadecimal digits.
    pub(crate) sha256: String,
}

impl Archive {
    /// Takes an archive as text in base64.
    pub(crate) fn from_base64(text: &str) -> Result<Self, CatalogueError> {
        let packed: String = text.split_ascii_whitespace().collect();
        let bytes = STANDARD.decode(packed).map_err(|error| invalid(format!("it is not base64: {error}")))?;
        Ok(Self::new(bytes))
    }

    pub(crate) fn new(bytes: Vec<u8>) -> Self {
        let hash = digest(&SHA256, &bytes);
        Self { bytes, sha256: hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect() }
    }

    /// Unpacks it as the folder `target`, which appears whole or not at all and is durable then.
    pub(super) fn unpack(&self, target: &Path) -> Result<(), CatalogueError> {
        if target.is_dir() {
            return Ok(());
        }
        let parent = target.parent().unwrap_or(Path::new("."));
        std::fs::create_dir_all(parent).map_err(CatalogueError::io(parent.display().to_string()))?;
        let temporary = parent.join(format!(".unpacking-{}", uuid::Uuid::new_v4().simple()));
        let moved = |()| {
            std::fs::rename(&temporary, target)
                .and_then(|()| File::open(parent)?.sync_all())
                .map_err(CatalogueError::io(target.display().to_string()))
        };
        let outcome = self.unpack_into(&temporary).and_then(moved);
        if outcome.is_err() {
            let _ = std::fs::remove_dir_all(&temporary);
        }
        outcome
    }

    fn unpack_into(&self, folder: &Path) -> Result<(), CatalogueError> {
        let unreadable = |error: zip::result::ZipError| invalid(format!("it is no zip archive: {error}"));
        let mut archive = zip::ZipArchive::new(Cursor::new(&self.bytes)).map_err(unreadable)?;
        if archive.len() > MOST_ENTRIES {
            return Err(invalid(format!("it has {} entries, and may have {MOST_ENTRIES}", archive.len())));
        }
        std::fs::create_dir_all(folder).map_err(CatalogueError::io(folder.display().to_string()))?;
        let mut left = MOST_BYTES;
        for index in 0..archive.len() {
            let mut entry = archive.by_index(index).map_err(unreadable)?;
            let path = folder.join(check_path(&entry)?);
            if entry.is_dir() {
                std::fs::create_dir_all(&path).map_err(CatalogueError::io(path.display().to_string()))?;
            } else {
                write(&mut entry, &path, &mut left)?;
            }
        }
        sync(folder).map_err(CatalogueError::io(folder.display().to_string()))
    }
}

/// Makes the entries of a folder and of all folders in it durable.
fn sync(folder: &Path) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            sync(&entry.path())?;
        }
    }
    File::open(folder)?.sync_all()
}

fn invalid(reason: String) -> CatalogueError {
    CatalogueError::invalid(FIELD, reason)
}

/// The path of an entry, if it stays in the folder.
fn check_path(entry: &zip::read::ZipFile<'_, Cursor<&Vec<u8>>>) -> Result<PathBuf, CatalogueError> {
    let name = entry.name().map_err(|error| invalid(format!("a name in it cannot be read: {error}")))?;
    let kind = entry.unix_mode().unwrap_or(0) & 0o170_000;
    if entry.is_symlink() || !matches!(kind, 0 | 0o040_000 | 0o100_000) {
        return Err(invalid(format!("{name:?} is neither a file nor a folder")));
    }
    let plain = !name.starts_with('/') && !name.contains(['\0', '\\', ':']);
    let inside = entry.enclosed_name().filter(|_| plain);
    let inside = inside.filter(|path| path.components().all(|part| matches!(part, Component::Normal(_))));
    let Some(path) = inside else { return Err(invalid(format!("{name:?} leaves the folder"))) };
    if name.len() > LONGEST_PATH || path.components().count() > DEEPEST {
        return Err(invalid(format!("the path {name:?} is too long")));
    }
    Ok(path)
}

/// Writes one file. What an entry says of its size is not believed.
fn write(entry: &mut impl Read, path: &Path, left: &mut u64) -> Result<(), CatalogueError> {
    let io = |error| CatalogueError::Io { what: path.display().to_string(), error };
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent).map_err(io)?;
    }
    let mut file = File::options().write(true).create_new(true).open(path).map_err(|error| {
        if error.kind() == std::io::ErrorKind::AlreadyExists {
            return invalid(format!("{:?} is in it twice", path.file_name().unwrap_or_default()));
        }
        io(error)
    })?;
    let mut buffer = vec![0; 64 << 10];
    loop {
        let count =
            entry.read(&mut buffer).map_err(|error| invalid(format!("it cannot be unpacked: {error}")))?;
        let Some(part) = buffer.get(..count).filter(|part| !part.is_empty()) else { break };
        *left = left
            .checked_sub(count as u64)
            .ok_or_else(|| invalid(format!("its files have more than {} MiB", MOST_BYTES >> 20)))?;
        file.write_all(part).map_err(io)?;
    }
    file.sync_all().map_err(io)
}

#[cfg(test)]
mod tests {
    use super::*;
    use zip::write::{SimpleFileOptions, ZipWriter};

    fn zipped(entries: &[(&str, &[u8])]) -> Archive {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, bytes) in entries {
            writer.start_file(*name, SimpleFileOptions::default()).unwrap();
            writer.write_all(bytes).unwrap();
        }
        Archive::new(writer.finish().unwrap().into_inner())
    }

    fn refusal(archive: &Archive) -> String {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("a/code");
        let error = archive.unpack(&target).unwrap_err();
        assert!(!target.exists(), "nothing is left of it");
        let inside: Vec<_> = std::fs::read_dir(folder.path().join("a")).unwrap().collect();
        assert!(inside.is_empty(), "{inside:?}");
        error.to_string().split_once(": ").unwrap().1.to_owned()
    }

    #[test]
    fn an_archive_becomes_a_folder() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("code");
        let archive = zipped(&[("func.py", b"code"), ("lib/part.py", b"")]);
        archive.unpack(&target).unwrap();
        archive.unpack(&target).unwrap();
        assert_eq!(std::fs::read(target.join("func.py")).unwrap(), b"code");
        assert!(target.join("lib/part.py").is_file());
        let text = STANDARD.encode(&archive.bytes);
        assert_eq!(Archive::from_base64(&text).unwrap().sha256, archive.sha256);
    }

    #[test]
    fn nothing_leaves_the_folder() {
        for name in ["../x", "a/../../x", "/etc/x", "a\\..\\x", "C:\\x"] {
            let refused = refusal(&zipped(&[(name, b"")]));
            assert!(refused.contains("leaves the folder"), "{name}: {refused}");
        }
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        writer.add_symlink("link", "/etc/passwd", SimpleFileOptions::default()).unwrap();
        let archive = Archive::new(writer.finish().unwrap().into_inner());
        assert_eq!(refusal(&archive), "\"link\" is neither a file nor a folder");
    }

    #[test]
    fn there_is_a_limit_to_everything() {
        let many: Vec<String> = (0..=MOST_ENTRIES).map(|number| format!("f{number}")).collect();
        let many: Vec<(&str, &[u8])> = many.iter().map(|name| (name.as_str(), &b""[..])).collect();
        assert!(refusal(&zipped(&many)).contains("may have 5000"));
        let bomb = vec![0; usize::try_from(MOST_BYTES).unwrap() / 2 + 1];
        assert_eq!(refusal(&zipped(&[("a", &bomb), ("b", &bomb)])), "its files have more than 128 MiB");
        let deep = "d/".repeat(DEEPEST) + "f";
        assert!(refusal(&zipped(&[(&deep, b"")])).contains("is too long"));
        assert!(refusal(&zipped(&[("a", b""), ("a/", b"")])).len() > 5);
    }

    #[test]
    fn what_is_no_archive_is_refused() {
        assert!(refusal(&Archive::new(b"no zip".to_vec())).starts_with("it is no zip archive"));
        let whole = zipped(&[("a", &[7; 1000])]);
        let cut = whole.bytes.get(..whole.bytes.len() / 2).unwrap().to_vec();
        assert!(refusal(&Archive::new(cut)).starts_with("it is no zip archive"));
        assert!(Archive::from_base64("%").is_err());
    }
}
