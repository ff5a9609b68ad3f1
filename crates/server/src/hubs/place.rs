//! Where hubs are kept: each in a folder of its own within the data folder, or in memory.

use super::{HubError, HubName};
use partita_engine::store::{MemoryStore, Store};
use partita_store_embedded::{EmbeddedStore, Options};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The folder of hubs, within that of everything.
const FOLDER: &str = "hubs";
/// What the names of folders begin with that are being deleted; no hub is called so.
const DELETED: &str = ".deleted-";
/// Partitions of a hub: a few, because each is a task and a row, and hubs are many and small.
const PARTITIONS: u16 = 4;
/// Bytes of a segment of a hub's journal; two of them are on the disk from the beginning.
const SEGMENT_BYTES: u64 = 2 << 20;

/// Where hubs are kept.
#[derive(Clone, Debug)]
pub(crate) enum Place {
    /// In this folder.
    Folder(PathBuf),
    /// Nowhere: they are gone when the process ends.
    Memory,
}

impl Place {
    /// Beside everything else that is kept in a data folder.
    pub(crate) fn within(data: Option<&Path>) -> Self {
        data.map_or(Self::Memory, |data| Self::Folder(data.join(FOLDER)))
    }

    /// The hubs that are there. Sweeps away what is left of deleted ones.
    pub(super) fn found(&self) -> Result<Vec<HubName>, HubError> {
        let Self::Folder(folder) = self else { return Ok(Vec::new()) };
        if !folder.exists() {
            return Ok(Vec::new());
        }
        let mut found = Vec::new();
        for entry in fs::read_dir(folder).map_err(failed(folder))? {
            let path = entry.map_err(failed(folder))?.path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            match HubName::parse(name) {
                Ok(hub) if hub.as_str() == name && path.is_dir() => found.push(hub),
                _ if name.starts_with(DELETED) => fs::remove_dir_all(&path).map_err(failed(&path))?,
                _ => tracing::warn!(path = %path.display(), "what is here is no task hub"),
            }
        }
        found.sort();
        Ok(found)
    }

    /// The store of a hub, made when there is none. Its name is durable with it.
    pub(super) fn store(&self, name: &HubName) -> Result<Arc<dyn Store>, HubError> {
        let Self::Folder(folder) = self else { return Ok(Arc::new(MemoryStore::new(PARTITIONS))) };
        let own = folder.join(name.as_str());
        let is_new = !own.exists();
        let options = Options { partitions: PARTITIONS, segment_bytes: SEGMENT_BYTES, ..Options::default() };
        let store = EmbeddedStore::open(&own, options)
            .map_err(|error| HubError::Open { name: name.to_string(), cause: error.into() })?;
        if is_new {
            sync(folder)?;
            folder.parent().map_or(Ok(()), sync)?;
        }
        Ok(Arc::new(store))
    }

    /// Deletes a hub that is closed. Once its folder has another name it is gone, whatever happens then.
    pub(super) fn remove(&self, name: &HubName) -> Result<(), HubError> {
        let Self::Folder(folder) = self else { return Ok(()) };
        let own = folder.join(name.as_str());
        let gone = folder.join(format!("{DELETED}{name}-{}", uuid::Uuid::new_v4().simple()));
        fs::rename(&own, &gone).map_err(failed(&own))?;
        sync(folder)?;
        if let Err(error) = fs::remove_dir_all(&gone) {
            tracing::warn!(path = %gone.display(), %error, "a deleted task hub is swept away at the next start");
        }
        Ok(())
    }
}

/// Makes the names in a folder durable.
fn sync(folder: &Path) -> Result<(), HubError> {
    fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed(folder))
}

fn failed(path: &Path) -> impl Fn(std::io::Error) -> HubError {
    move |error| HubError::Io(path.display().to_string(), error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_found_are_hubs_and_what_was_being_deleted_goes() {
        let data = tempfile::tempdir().unwrap();
        let place = Place::within(Some(data.path()));
        assert_eq!(place.found().unwrap(), []);
        let (a, b) = (HubName::parse("a").unwrap(), HubName::parse("B").unwrap());
        for name in [&b, &a] {
            place.store(name).unwrap().close().await.unwrap();
        }
        let hubs = data.path().join(FOLDER);
        for stranger in [".deleted-x-1", "9", "Upper"] {
            fs::create_dir(hubs.join(stranger)).unwrap();
        }
        assert_eq!(place.found().unwrap(), [a.clone(), b.clone()]);
        assert!(!hubs.join(".deleted-x-1").exists() && hubs.join("9").exists());
        place.remove(&a).unwrap();
        assert_eq!(place.found().unwrap(), [b]);
        assert!(place.remove(&a).is_err());
    }
}
