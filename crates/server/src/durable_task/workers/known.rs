//! The names that workers are expected to run.
//!
//! A workflow or activity whose workers are not connected waits for one; a name that nobody ever ran is a mistake. To
//! tell them apart after a restart, before the first worker is back, the names are kept in the store.

use parking_lot::RwLock;
use partita_engine::store::{Store, StoreError};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::sync::Arc;

const KEY: &str = "durable-task/names";

/// Names of one kind that are kept; with more, any name is expected.
const NAMES: usize = 10_000;

/// What begins so is never left to workers that take everything: the engine has it, or nobody.
const RESERVED: [&str; 2] = ["BuiltIn::", "states."];

/// Names that workers run, or will.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Names {
    pub(crate) workflows: BTreeSet<String>,
    pub(crate) activities: BTreeSet<String>,
    pub(crate) entities: BTreeSet<String>,
    /// Whether there was a worker that takes everything.
    pub(crate) any: bool,
}

impl Names {
    fn covers(&self, other: &Self) -> bool {
        other.workflows.is_subset(&self.workflows)
            && other.activities.is_subset(&self.activities)
            && other.entities.is_subset(&self.entities)
            && (self.any || !other.any)
    }

    fn add(&mut self, other: Self) {
        self.workflows.extend(other.workflows);
        self.activities.extend(other.activities);
        self.entities.extend(other.entities);
        self.any |= other.any;
        for names in [&mut self.workflows, &mut self.activities, &mut self.entities] {
            if names.len() > NAMES {
                self.any = true;
                *names = std::mem::take(names).into_iter().take(NAMES).collect();
            }
        }
    }
}

/// The names, and where they are kept.
pub(super) struct Known {
    names: RwLock<Names>,
    store: Arc<dyn Store>,
    writing: tokio::sync::Mutex<()>,
    any: bool,
}

impl Known {
    /// What the store has; with `any`, all other names too.
    pub(super) async fn open(store: Arc<dyn Store>, any: bool) -> Result<Self, StoreError> {
        let names = match store.setting(KEY).await? {
            None => Names::default(),
            Some(bytes) => serde_json::from_slice(&bytes)
                .map_err(|error| StoreError::Corrupt(format!("the setting {KEY:?}: {error}")))?,
        };
        Ok(Self { names: RwLock::new(names), store, writing: tokio::sync::Mutex::new(()), any })
    }

    fn any(&self, names: &Names, name: &str) -> bool {
        (self.any || names.any) && !RESERVED.iter().any(|reserved| name.starts_with(reserved))
    }

    pub(super) fn workflow(&self, name: &str) -> bool {
        let names = self.names.read();
        names.workflows.contains(name) || self.any(&names, name)
    }

    pub(super) fn activity(&self, name: &str) -> bool {
        let names = self.names.read();
        names.activities.contains(name) || self.any(&names, name)
    }

    pub(super) fn entity(&self, name: &str) -> bool {
        let names = self.names.read();
        names.entities.contains(name) || self.any(&names, name)
    }

    pub(super) fn all(&self) -> Names {
        self.names.read().clone()
    }

    /// Expects these from now on; `Ok` means also after a restart.
    pub(super) async fn expect(&self, more: Names) -> Result<(), StoreError> {
        if self.names.read().covers(&more) {
            return Ok(());
        }
        let _alone = self.writing.lock().await;
        let mut names = self.names.read().clone();
        if names.covers(&more) || (names.any && !more.workflows.is_empty() && names.workflows.len() >= NAMES)
        {
            return Ok(());
        }
        names.add(more);
        let bytes = serde_json::to_vec(&names).map_err(|error| StoreError::Corrupt(error.to_string()))?;
        self.store.set_setting(KEY, Some(&bytes)).await?;
        *self.names.write() = names;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use partita_engine::store::MemoryStore;

    fn names(workflows: &[&str], activities: &[&str], any: bool) -> Names {
        let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Names { workflows: set(workflows), activities: set(activities), any, ..Names::default() }
    }

    #[tokio::test]
    async fn names_are_expected_for_good() {
        let store: Arc<dyn Store> = Arc::new(MemoryStore::new(1));
        let known = Known::open(store.clone(), false).await.unwrap();
        assert!(!known.workflow("W") && !known.activity("A"));
        known.expect(names(&["W"], &[], false)).await.unwrap();
        known.expect(names(&[], &["A"], false)).await.unwrap();
        let known = Known::open(store.clone(), false).await.unwrap();
        assert!(known.workflow("W") && known.activity("A") && !known.workflow("A"));
        known.expect(names(&[], &[], true)).await.unwrap();
        let known = Known::open(store, false).await.unwrap();
        assert!(known.workflow("X") && known.activity("X") && !known.activity("BuiltIn::HttpActivity"));
        assert_eq!(known.all(), names(&["W"], &["A"], true));
    }

    #[test]
    fn too_many_names_are_any_name() {
        let mut all = Names::default();
        let numbered = |count: usize| (0..count).map(|number| number.to_string()).collect();
        all.add(Names { workflows: numbered(NAMES), ..Names::default() });
        assert!(!all.any);
        all.add(Names { workflows: numbered(NAMES + 1), ..Names::default() });
        assert_eq!((all.any, all.workflows.len()), (true, NAMES));
    }
}
