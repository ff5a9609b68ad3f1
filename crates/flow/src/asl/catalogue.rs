//! The machines that are known, with their revisions.

use super::check::{Checked, Format, Problem, inspect};
use super::definition::Machine;
use super::limits::Limits;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::SystemTime;

/// Whether executions last or pass.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum MachineType {
    /// Durable, for as long as it takes.
    #[default]
    Standard,
    /// Short.
    Express,
}

/// What is said of a machine when it is put into the catalogue.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Put {
    /// The definition's text.
    pub definition: String,
    /// How it is written.
    pub format: Format,
    /// Its type; a machine keeps the one it was created with.
    pub machine_type: MachineType,
    /// The role that its executions run under.
    pub role_arn: String,
    /// Tags; those of an existing machine stay when none are given.
    pub tags: BTreeMap<String, String>,
}

/// A machine of the catalogue.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The revision that new executions start with.
    pub current: String,
    /// When it was created.
    pub created: SystemTime,
    /// When it was last changed.
    pub updated: SystemTime,
    /// Its type.
    pub machine_type: MachineType,
    /// The role that its executions run under.
    pub role_arn: String,
    /// Tags.
    pub tags: BTreeMap<String, String>,
    /// All revisions that are kept, by their ids.
    pub revisions: BTreeMap<String, Revision>,
}

/// A revision of a machine.
#[derive(Clone, Debug)]
pub struct Revision {
    /// The definition's text.
    pub definition: String,
    /// How it is written.
    pub format: Format,
    /// When it was put.
    pub created: SystemTime,
    /// The compiled definition.
    pub machine: Arc<Machine>,
}

/// All machines. A clone shares them.
#[derive(Clone, Debug, Default)]
pub struct Catalogue {
    machines: BTreeMap<String, Arc<Entry>>,
}

/// The catalogue as it is stored: texts alone, compiled again when it is read.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Snapshot {
    machines: BTreeMap<String, StoredEntry>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct StoredEntry {
    current: String,
    created: SystemTime,
    updated: SystemTime,
    machine_type: MachineType,
    role_arn: String,
    tags: BTreeMap<String, String>,
    revisions: BTreeMap<String, StoredRevision>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct StoredRevision {
    definition: String,
    yaml: bool,
    created: SystemTime,
}

impl Snapshot {
    /// Adds the machines of another.
    pub fn merge(&mut self, other: Self) {
        self.machines.extend(other.machines);
    }
}

/// The id of the revision that a text is: the first 16 hexadecimal digits of its SHA-256.
#[must_use]
pub fn revision_id(definition: &str) -> String {
    let hash = Sha256::digest(definition.as_bytes());
    hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

impl Catalogue {
    /// Creates a machine, or gives an existing one a new revision. Gives the id of the revision, which is
    /// current from now on.
    ///
    /// # Errors
    /// All that is wrong with the definition; the catalogue is as it was then.
    pub fn put(
        &mut self,
        name: &str,
        put: Put,
        limits: &Limits,
        now: SystemTime,
    ) -> Result<String, Vec<Problem>> {
        let Put { definition, format, machine_type, role_arn, tags } = put;
        let known = self.machines.get(name);
        let machine_type = known.map_or(machine_type, |known| known.machine_type);
        let express = machine_type == MachineType::Express;
        let Checked { machine, problems } = inspect(&definition, format, limits, express);
        let machine = machine.ok_or(problems)?;
        let id = revision_id(&definition);
        let entry = self.machines.entry(name.to_owned()).or_insert_with(|| {
            Arc::new(Entry {
                current: id.clone(),
                created: now,
                updated: now,
                machine_type,
                role_arn: role_arn.clone(),
                tags: BTreeMap::new(),
                revisions: BTreeMap::new(),
            })
        });
        let entry = Arc::make_mut(entry);
        entry.updated = now;
        entry.role_arn = role_arn;
        if !tags.is_empty() {
            entry.tags = tags;
        }
        entry.current.clone_from(&id);
        entry.revisions.entry(id.clone()).or_insert(Revision { definition, format, created: now, machine });
        Ok(id)
    }

    /// Makes a deleted machine ready to be created again. Its revisions stay: executions may still run them.
    pub fn renew(&mut self, name: &str, machine_type: MachineType, now: SystemTime) {
        if let Some(entry) = self.get_mut(name) {
            (entry.created, entry.machine_type) = (now, machine_type);
            entry.tags.clear();
        }
    }

    /// Forgets a machine with all its revisions; whether there was one.
    pub fn delete(&mut self, name: &str) -> bool {
        self.machines.remove(name).is_some()
    }

    /// Forgets a revision that is not current; whether there was one. Nobody may still run it.
    pub fn forget_revision(&mut self, name: &str, revision: &str) -> bool {
        let entry = self.get_mut(name).filter(|entry| entry.current != revision);
        entry.is_some_and(|entry| entry.revisions.remove(revision).is_some())
    }

    /// A machine.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Entry> {
        self.machines.get(name).map(Arc::as_ref)
    }

    /// A machine, for changing its tags.
    pub fn get_mut(&mut self, name: &str) -> Option<&mut Entry> {
        self.machines.get_mut(name).map(Arc::make_mut)
    }

    /// All machines, in the order of their names.
    pub fn list(&self) -> impl Iterator<Item = (&str, &Entry)> {
        self.machines.iter().map(|(name, entry)| (name.as_str(), entry.as_ref()))
    }

    /// What runs under a workflow's name: `NAME`, or `NAME/LABEL` for a distributed map's processor. Without a
    /// version the current revision.
    #[must_use]
    pub fn resolve(&self, name: &str, version: Option<&str>) -> Option<Arc<Machine>> {
        let (name, label) = match name.split_once('/') {
            Some((name, label)) => (name, Some(label)),
            None => (name, None),
        };
        let entry = self.machines.get(name)?;
        let revision = entry.revisions.get(version.unwrap_or(&entry.current))?;
        match label {
            None => Some(revision.machine.clone()),
            Some(label) => revision.machine.processor(label),
        }
    }

    /// The catalogue as it is stored.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        let machines = self.machines.iter().map(|(name, entry)| (name.clone(), stored(entry))).collect();
        Snapshot { machines }
    }

    /// One machine as it is stored.
    #[must_use]
    pub fn snapshot_of(&self, name: &str) -> Option<Snapshot> {
        let entry = self.machines.get(name)?;
        Some(Snapshot { machines: BTreeMap::from([(name.to_owned(), stored(entry))]) })
    }

    /// The stored catalogue, and what could not be compiled any more: the machine's name, its revision, and
    /// what is wrong with it.
    #[must_use]
    pub fn restore(snapshot: Snapshot, limits: &Limits) -> (Self, Vec<(String, String, Vec<Problem>)>) {
        let (mut catalogue, mut lost) = (Self::default(), Vec::new());
        for (name, stored) in snapshot.machines {
            let mut revisions = BTreeMap::new();
            for (id, StoredRevision { definition, yaml, created }) in stored.revisions {
                let format = if yaml { Format::Yaml } else { Format::Json };
                let Checked { machine, problems } = inspect(&definition, format, limits, false);
                match machine {
                    Some(machine) => {
                        revisions.insert(id, Revision { definition, format, created, machine });
                    }
                    None => lost.push((name.clone(), id, problems)),
                }
            }
            let StoredEntry { current, created, updated, machine_type, role_arn, tags, .. } = stored;
            let entry = Entry { current, created, updated, machine_type, role_arn, tags, revisions };
            catalogue.machines.insert(name, Arc::new(entry));
        }
        (catalogue, lost)
    }
}

fn stored(entry: &Entry) -> StoredEntry {
    let revision = |revision: &Revision| StoredRevision {
        definition: revision.definition.clone(),
        yaml: revision.format == Format::Yaml,
        created: revision.created,
    };
    StoredEntry {
        current: entry.current.clone(),
        created: entry.created,
        updated: entry.updated,
        machine_type: entry.machine_type,
        role_arn: entry.role_arn.clone(),
        tags: entry.tags.clone(),
        revisions: entry.revisions.iter().map(|(id, kept)| (id.clone(), revision(kept))).collect(),
    }
}
