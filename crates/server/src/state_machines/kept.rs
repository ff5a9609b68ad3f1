//! What is kept of state machines in the store: an index of names, and for each name a machine with its
//! revisions.

use partita_engine::store::{Store, StoreError};
use partita_flow::asl::catalogue::{Catalogue, Entry, Snapshot};
use partita_flow::asl::limits::Limits;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The setting that names all machines and activities.
const INDEX: &str = "state-machines";
/// What the setting of a machine begins with.
const MACHINE: &str = "state-machine/";
/// The setting that holds the key of the tokens of tasks.
const KEY: &str = "state-machines/token-key";

/// State machines and activities.
#[derive(Clone, Debug, Default)]
pub(super) struct Kept {
    /// Also those that were deleted and may still run.
    pub(super) catalogue: Catalogue,
    pub(super) deleted: BTreeSet<String>,
    /// Activities with when they were created.
    pub(super) activities: BTreeMap<String, i64>,
}

#[derive(Default, Serialize, Deserialize)]
struct Index {
    machines: BTreeSet<String>,
    #[serde(default)]
    deleted: BTreeSet<String>,
    #[serde(default)]
    activities: BTreeMap<String, i64>,
}

impl Kept {
    pub(super) async fn load(store: &dyn Store, limits: &Limits) -> Result<Self, StoreError> {
        let Some(bytes) = store.setting(INDEX).await? else { return Ok(Self::default()) };
        let Index { machines, deleted, activities } = read(INDEX, &bytes)?;
        let mut whole = Snapshot::default();
        for name in machines {
            let key = format!("{MACHINE}{name}");
            if let Some(bytes) = store.setting(&key).await? {
                whole.merge(read(&key, &bytes)?);
            }
        }
        let (catalogue, lost) = Catalogue::restore(whole, limits);
        for (name, revision, problems) in lost {
            let why = problems.first().map(ToString::to_string).unwrap_or_default();
            tracing::error!(name, revision, why, "a kept state machine cannot be read any more");
        }
        Ok(Self { catalogue, deleted, activities })
    }

    /// Keeps a machine, or its absence.
    pub(super) async fn save(&self, store: &dyn Store, name: &str) -> Result<(), StoreError> {
        let key = format!("{MACHINE}{name}");
        match self.catalogue.snapshot_of(name) {
            // The machine first: an index that names it must find it.
            Some(snapshot) => {
                store.set_setting(&key, Some(&write(&snapshot)?)).await?;
                self.save_index(store).await
            }
            None => {
                self.save_index(store).await?;
                store.set_setting(&key, None).await
            }
        }
    }

    pub(super) async fn save_index(&self, store: &dyn Store) -> Result<(), StoreError> {
        let index = Index {
            machines: self.catalogue.list().map(|(name, _)| name.to_owned()).collect(),
            deleted: self.deleted.clone(),
            activities: self.activities.clone(),
        };
        store.set_setting(INDEX, Some(&write(&index)?)).await
    }

    /// A machine of which executions can begin.
    pub(super) fn get(&self, name: &str) -> Option<&Entry> {
        self.catalogue.get(name).filter(|_| !self.deleted.contains(name))
    }

    /// All machines of which executions can begin.
    pub(super) fn list(&self) -> impl Iterator<Item = (&str, &Entry)> {
        self.catalogue.list().filter(|(name, _)| !self.deleted.contains(*name))
    }

    pub(super) fn len(&self) -> usize {
        self.catalogue.list().count()
    }
}

/// The key of the tokens of tasks, made when it is first needed.
pub(super) async fn key(store: &dyn Store) -> Result<Vec<u8>, StoreError> {
    if let Some(key) = store.setting(KEY).await? {
        return Ok(key);
    }
    let key = [uuid::Uuid::new_v4().into_bytes(), uuid::Uuid::new_v4().into_bytes()].concat();
    store.set_setting(KEY, Some(&key)).await?;
    Ok(key)
}

fn read<T: for<'a> Deserialize<'a>>(key: &str, bytes: &[u8]) -> Result<T, StoreError> {
    serde_json::from_slice(bytes).map_err(|error| StoreError::Corrupt(format!("the setting {key}: {error}")))
}

fn write(value: &impl Serialize) -> Result<Vec<u8>, StoreError> {
    serde_json::to_vec(value).map_err(|error| StoreError::Corrupt(error.to_string()))
}
