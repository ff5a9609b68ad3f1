//! Definitions as they are shown.

use super::{StateMachines, timestamp};
use partita_engine::kernel::Timestamp;
use partita_flow::asl::check::{Format, Problem, inspect};
use partita_flow::asl::definition::{Kind, Machine};
use serde_json::Value;

/// The current definition of a machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CurrentDefinition {
    pub(crate) text: String,
    pub(crate) format: Format,
    pub(crate) revision: String,
    pub(crate) changed_at: Timestamp,
}

impl StateMachines {
    /// Everything that is wrong with a text.
    pub(crate) fn check(&self, text: &str, format: Format, express: bool) -> Vec<Problem> {
        inspect(text, format, &self.limits, express).problems
    }

    /// The definition with which new executions of a machine begin.
    pub(crate) fn current(&self, name: &str) -> Option<CurrentDefinition> {
        let kept = self.kept.read();
        let entry = kept.get(name)?;
        let revision = entry.revisions.get(&entry.current)?;
        Some(CurrentDefinition {
            text: revision.definition.clone(),
            format: revision.format,
            revision: entry.current.clone(),
            changed_at: timestamp(entry.updated),
        })
    }

    /// The revisions of a machine, the current one first, then the newer before the older.
    pub(crate) fn versions(&self, name: &str) -> Vec<String> {
        let kept = self.kept.read();
        let Some(entry) = kept.get(name) else { return Vec::new() };
        let mut versions: Vec<_> = entry.revisions.iter().collect();
        versions.sort_by_key(|(id, revision)| (**id != entry.current, std::cmp::Reverse(revision.created)));
        versions.into_iter().map(|(id, _)| id.clone()).collect()
    }

    /// The definition that an instance runs, and its revision; for the child of a distributed map that of the map's
    /// processor.
    pub(crate) fn definition_of(&self, workflow: &str, version: Option<&str>) -> Option<(Value, String)> {
        let (name, label) = match workflow.split_once('/') {
            Some((name, label)) => (name, Some(label)),
            None => (workflow, None),
        };
        let (text, format, machine, revision) = {
            let kept = self.kept.read();
            let entry = kept.catalogue.get(name)?;
            let id = version.unwrap_or(&entry.current);
            let revision = entry.revisions.get(id)?;
            (revision.definition.clone(), revision.format, revision.machine.clone(), id.to_owned())
        };
        let value = format.value(&text)?;
        let value = match label {
            None => value,
            Some(label) => processor(&machine, &value, label)?.clone(),
        };
        Some((value, revision))
    }
}

/// The definition of a distributed map's processor, wherever in a machine it is.
fn processor<'v>(machine: &Machine, definition: &'v Value, label: &str) -> Option<&'v Value> {
    let states = definition.get("States")?;
    machine.states.iter().find_map(|state| {
        let shown = states.get(&*state.name)?;
        match &state.kind {
            Kind::Parallel { branches } => {
                let shown = shown.get("Branches")?.as_array()?;
                branches.iter().zip(shown).find_map(|(branch, shown)| processor(branch, shown, label))
            }
            Kind::Map(map) => {
                let shown = shown.get("ItemProcessor").or_else(|| shown.get("Iterator"))?;
                match &map.distributed {
                    Some(distributed) if distributed.label == label => Some(shown),
                    _ => processor(&map.processor, shown, label),
                }
            }
            _ => None,
        }
    })
}
