//! What a worker takes.

use super::job::Kind;
use partita_api::durable_task::proto;
use std::collections::{BTreeMap, BTreeSet};

/// Names, each with the versions that are taken; any version when there are none.
type Names = BTreeMap<String, BTreeSet<String>>;

/// What a worker takes of each kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Filters {
    pub(crate) orchestrations: Names,
    pub(crate) activities: Names,
    pub(crate) entities: Names,
}

impl Filters {
    /// What a worker asks for; `None` when it takes everything.
    pub(crate) fn read(filters: Option<proto::WorkItemFilters>) -> Option<Self> {
        let filters = filters?;
        let mut own = Self::default();
        for filter in filters.orchestrations {
            add(&mut own.orchestrations, filter.name, filter.versions);
        }
        for filter in filters.activities {
            add(&mut own.activities, filter.name, filter.versions);
        }
        for filter in filters.entities {
            add(&mut own.entities, filter.name.to_lowercase(), Vec::new());
        }
        Some(own)
    }

    /// Whether something of that kind, name and version is taken.
    pub(super) fn take(&self, kind: Kind, name: &str, version: Option<&str>) -> bool {
        let names = match kind {
            Kind::Turn => &self.orchestrations,
            Kind::Activity => &self.activities,
            Kind::Entity => &self.entities,
        };
        // SDKs that take one version alone say so of activities too, and then call them without any.
        let any = kind == Kind::Activity && version.is_none();
        names.get(name).is_some_and(|versions| {
            any || versions.is_empty() || versions.contains(version.unwrap_or_default())
        })
    }
}

/// A name that is there twice is taken in the versions of both; once without versions means any.
fn add(names: &mut Names, name: String, versions: Vec<String>) {
    match names.entry(name) {
        std::collections::btree_map::Entry::Vacant(entry) => {
            entry.insert(versions.into_iter().collect());
        }
        std::collections::btree_map::Entry::Occupied(mut entry) => {
            let any = entry.get().is_empty() || versions.is_empty();
            let known = entry.get_mut();
            known.extend(versions);
            if any {
                known.clear();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filter(name: &str, versions: &[&str]) -> proto::OrchestrationFilter {
        let versions = versions.iter().map(|version| (*version).to_owned()).collect();
        proto::OrchestrationFilter { name: name.into(), versions }
    }

    #[test]
    fn names_and_versions() {
        assert_eq!(Filters::read(None), None);
        let orchestrations = vec![
            filter("any", &[]),
            filter("some", &["1"]),
            filter("some", &["2", ""]),
            filter("both", &["1"]),
            filter("both", &[]),
        ];
        let read =
            Filters::read(Some(proto::WorkItemFilters { orchestrations, ..Default::default() })).unwrap();
        let takes = |name, version| read.take(Kind::Turn, name, version);
        assert!(takes("any", None) && takes("any", Some("7")));
        assert!(takes("some", Some("1")) && takes("some", Some("2")) && takes("some", None));
        assert!(!takes("some", Some("3")) && !takes("other", None));
        assert!(takes("both", Some("3")));
        assert!(!read.take(Kind::Activity, "any", None), "a kind without an entry is not taken at all");
        let activities = vec![proto::ActivityFilter { name: "a".into(), versions: vec!["1".into()] }];
        let read = Filters::read(Some(proto::WorkItemFilters { activities, ..Default::default() })).unwrap();
        let takes = |version| read.take(Kind::Activity, "a", version);
        assert!(takes(None) && takes(Some("1")) && !takes(Some("2")));
    }
}
