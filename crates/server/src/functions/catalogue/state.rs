//! All that the catalogue holds at one moment, and the rules about names.

use super::error::CatalogueError;
use super::record::{Application, Function, Kind, Trigger};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The most of each that are kept.
pub(super) const MOST_APPLICATIONS: usize = 1000;
pub(super) const MOST_FUNCTIONS: usize = 1000;
pub(super) const MOST_TRIGGERS: usize = 1000;
/// The most characters of a name.
const LONGEST_NAME: usize = 255;
/// What stands between the names of an application and of a function whose own name another one has.
const BETWEEN: char = '.';

/// All that the catalogue holds, by id.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct State {
    pub(super) applications: BTreeMap<String, Arc<Application>>,
    pub(super) functions: BTreeMap<String, Arc<Function>>,
    pub(super) triggers: BTreeMap<String, Arc<Trigger>>,
}

impl State {
    pub(super) fn application(&self, id: &str) -> Result<&Arc<Application>, CatalogueError> {
        self.applications.get(id).ok_or_else(|| CatalogueError::missing(Kind::Application, id))
    }

    pub(super) fn function(&self, id: &str) -> Result<&Arc<Function>, CatalogueError> {
        self.functions.get(id).ok_or_else(|| CatalogueError::missing(Kind::Function, id))
    }

    pub(super) fn trigger(&self, id: &str) -> Result<&Arc<Trigger>, CatalogueError> {
        self.triggers.get(id).ok_or_else(|| CatalogueError::missing(Kind::Trigger, id))
    }

    pub(super) fn of_application(&self, id: &str) -> impl Iterator<Item = &Arc<Function>> {
        self.functions.values().filter(move |function| function.application == id)
    }

    pub(super) fn application_called(&self, name: &str) -> Option<&Arc<Application>> {
        self.applications.values().find(|application| application.name == name)
    }

    /// The name by which a new function is called: its own, unless another function is called so already; then the
    /// application's name goes before it.
    pub(super) fn free_address(&self, application: &str, name: &str) -> String {
        let mut address = name.to_owned();
        while self.functions.values().any(|function| function.address == address) {
            address = format!("{application}{BETWEEN}{address}");
        }
        address
    }

    /// Whether an application may be added.
    pub(super) fn admit_application(&self, name: &str) -> Result<(), CatalogueError> {
        check_name("displayName", name)?;
        if self.application_called(name).is_some() {
            return Err(CatalogueError::Taken { kind: Kind::Application, name: name.to_owned() });
        }
        below(self.applications.len(), Kind::Application, MOST_APPLICATIONS)
    }

    /// Whether a function may be added to an application.
    pub(super) fn admit_function(&self, application: &str, name: &str) -> Result<(), CatalogueError> {
        check_name("displayName", name)?;
        if self.of_application(application).any(|function| function.name == name) {
            return Err(CatalogueError::Taken { kind: Kind::Function, name: name.to_owned() });
        }
        below(self.functions.len(), Kind::Function, MOST_FUNCTIONS)
    }

    /// Whether a trigger may be added, or changed to what it is now.
    pub(super) fn admit_trigger(&self, trigger: &Trigger) -> Result<(), CatalogueError> {
        check_name("name", &trigger.name)?;
        let function = self.function(&trigger.function)?;
        if function.application != trigger.application {
            return Err(CatalogueError::invalid("fn_id", "that function is not of that application"));
        }
        let others = || {
            self.triggers
                .values()
                .filter(|other| other.id != trigger.id && other.application == trigger.application)
        };
        for other in others() {
            if other.name == trigger.name || other.source == trigger.source {
                return Err(CatalogueError::Taken { kind: Kind::Trigger, name: other.name.clone() });
            }
        }
        below(self.triggers.len(), Kind::Trigger, MOST_TRIGGERS + 1)
    }

    /// What has to be kept: all that no file says.
    pub(super) fn kept(&self) -> Self {
        let mut kept = self.clone();
        kept.applications.retain(|_, application| !application.fixed);
        kept.functions.retain(|_, function| function.fixed.is_none());
        kept
    }
}

fn below(count: usize, kind: Kind, limit: usize) -> Result<(), CatalogueError> {
    if count < limit { Ok(()) } else { Err(CatalogueError::TooMany { kind, limit }) }
}

/// Checks a name that a client chose.
fn check_name(field: &'static str, name: &str) -> Result<(), CatalogueError> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let length = name.chars().count();
    if length == 0 || length > LONGEST_NAME || !name.chars().all(allowed) || name.starts_with('.') {
        let reason = format!(
            "{name:?} is no name: it needs 1 to {LONGEST_NAME} letters, digits, '-', '_' or '.', and no '.' first"
        );
        return Err(CatalogueError::invalid(field, reason));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::record::tests::{application, function};
    use super::*;

    fn state() -> State {
        let mut state = State::default();
        let shop = application("shop");
        let charge = function("charge");
        state.applications.insert(shop.id.clone(), Arc::new(shop));
        state.functions.insert(charge.id.clone(), Arc::new(charge));
        state
    }

    #[test]
    fn a_name_is_free_once_and_then_goes_with_the_application() {
        let state = state();
        assert_eq!(state.free_address("shop", "refund"), "refund");
        assert_eq!(state.free_address("other", "charge"), "other.charge");
    }

    #[test]
    fn names_are_checked() {
        let state = state();
        assert!(state.admit_application("other").is_ok());
        assert!(matches!(state.admit_application("shop"), Err(CatalogueError::Taken { .. })));
        let shop = application("shop").id;
        assert!(matches!(state.admit_function(&shop, "charge"), Err(CatalogueError::Taken { .. })));
        assert!(state.admit_function("another", "charge").is_ok());
        for wrong in ["", "a b", ".a", "a/b", "ä", &"x".repeat(256)] {
            assert!(matches!(state.admit_application(wrong), Err(CatalogueError::Invalid { .. })), "{wrong}");
        }
    }

    #[test]
    fn what_files_say_is_not_kept() {
        let mut state = state();
        let mut fixed = application("fixed");
        fixed.fixed = true;
        state.applications.insert(fixed.id.clone(), Arc::new(fixed));
        let kept = serde_json::to_vec(&state.kept()).unwrap();
        let read: State = serde_json::from_slice(&kept).unwrap();
        assert_eq!((read.applications.len(), read.functions.len()), (1, 1));
    }
}
