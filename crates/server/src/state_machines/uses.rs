//! Which state machines call a function.

use super::StateMachines;
use partita_flow::asl::definition::{Kind, Machine, Resource};

impl StateMachines {
    /// The state machines whose current definition calls a function: as a resource, or by `lambda:invoke` in a
    /// definition that has its name somewhere.
    pub(crate) fn calling(&self, function: &str) -> Vec<String> {
        let kept = self.kept.read();
        let calling = kept.list().filter(|(_, entry)| {
            let Some(revision) = entry.revisions.get(&entry.current) else { return false };
            let named = || names(&revision.definition, function);
            uses(&revision.machine, &|resource| match resource {
                Resource::Function { name, .. } => name == function,
                Resource::LambdaInvoke { .. } => named(),
                _ => false,
            })
        });
        calling.map(|(name, _)| name.to_owned()).collect()
    }
}

/// Whether a resource of that kind is in a machine, or in one within it.
fn uses(machine: &Machine, wanted: &dyn Fn(&Resource) -> bool) -> bool {
    machine.states.iter().any(|state| match &state.kind {
        Kind::Task(task) => wanted(&task.resource),
        Kind::Parallel { branches } => branches.iter().any(|branch| uses(branch, wanted)),
        Kind::Map(map) => uses(&map.processor, wanted),
        _ => false,
    })
}

/// Whether a text has a name in it that is not a part of a longer one.
fn names(text: &str, name: &str) -> bool {
    let within = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_');
    text.match_indices(name).any(|(at, _)| {
        let before = text.get(..at).and_then(|text| text.chars().next_back());
        let after = text.get(at + name.len()..).and_then(|text| text.chars().next());
        !before.is_some_and(within) && !after.is_some_and(within)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_not_found_in_a_longer_one() {
        for (text, expected) in [
            (r#"{"FunctionName": "charge"}"#, true),
            (r#"{"FunctionName": "arn:aws:lambda:eu:1:function:charge:2"}"#, true),
            ("FunctionName: charge\n", true),
            (r#"{"FunctionName": "charge-card"}"#, false),
            (r#"{"FunctionName": "recharge"}"#, false),
        ] {
            assert_eq!(names(text, "charge"), expected, "{text}");
        }
    }
}
