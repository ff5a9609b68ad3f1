//! From JSON to the model.

use super::model::{Machine, QueryLanguage, State, StateIndex};
use crate::asl::check::{NO_TARGET, Problem, fields, meant};
use crate::asl::limits::Limits;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Compiles a definition, and collects all that is wrong with it.
pub(crate) struct Loader<'l> {
    pub(super) limits: &'l Limits,
    pub(super) problems: Vec<Problem>,
    pub(super) language: QueryLanguage,
    pub(super) labels: BTreeMap<String, String>,
    depth: usize,
    states: usize,
}

/// The states of the machine that is being read, by name.
pub(super) type Names<'a> = BTreeMap<&'a str, StateIndex>;

impl<'l> Loader<'l> {
    pub(crate) fn new(limits: &'l Limits) -> Self {
        Self {
            limits,
            problems: Vec::new(),
            language: QueryLanguage::default(),
            labels: BTreeMap::new(),
            depth: 0,
            states: 0,
        }
    }

    pub(crate) fn into_problems(self) -> Vec<Problem> {
        self.problems
    }

    /// The machine itself.
    pub(crate) fn whole(&mut self, definition: &Value) -> Option<Machine> {
        let object = definition.as_object()?;
        self.language = self.query_language(object, "").unwrap_or_default();
        let known = ["Comment", "StartAt", "States", "Version", "TimeoutSeconds", "QueryLanguage"];
        fields::members("a state machine", &known, object, "", &mut self.problems);
        self.machine(object, "")
    }

    /// A machine, at the top or within a state.
    pub(super) fn machine(&mut self, object: &Map<String, Value>, pointer: &str) -> Option<Machine> {
        let missing: Vec<&str> =
            ["States", "StartAt"].into_iter().filter(|name| !object.contains_key(*name)).collect();
        if !missing.is_empty() {
            let message = format!("These fields are required: [{}]", missing.join(", "));
            self.problems.push(Problem::error(pointer, message));
            return None;
        }
        if self.depth >= self.limits.nesting {
            let message = format!("Machines are nested more than {} deep", self.limits.nesting);
            self.problems.push(Problem::error(pointer, message));
            return None;
        }
        self.depth += 1;
        let machine = self.states(object, pointer);
        self.depth -= 1;
        machine
    }

    fn states(&mut self, object: &Map<String, Value>, pointer: &str) -> Option<Machine> {
        let place = format!("{pointer}/States");
        let Some(members) = object.get("States").and_then(Value::as_object) else {
            self.problems.push(Problem::error(place, "Expected an object of states"));
            return None;
        };
        if members.is_empty() {
            self.problems.push(Problem::error(place.clone(), "Value cannot be empty"));
        }
        self.states += members.len();
        if self.states > self.limits.states {
            let message = format!("The machine has more than {} states", self.limits.states);
            self.problems.push(Problem::error(place, message));
            return None;
        }
        let names: Names<'_> =
            members.keys().enumerate().map(|(index, name)| (name.as_str(), index)).collect();
        let start_at = self.start_at(object, pointer, &names);
        let timeout_seconds = self.machine_timeout(object, pointer);
        let states: Vec<Option<State>> = members
            .iter()
            .map(|(name, state)| self.state(name, state, &format!("{place}/{name}"), &names))
            .collect();
        Some(Machine {
            comment: text(object, "Comment"),
            start_at: start_at?,
            states: states.into_iter().collect::<Option<_>>()?,
            version: text(object, "Version"),
            timeout_seconds,
            query_language: self.language,
            child: false,
        })
    }

    fn start_at(
        &mut self,
        object: &Map<String, Value>,
        pointer: &str,
        names: &Names<'_>,
    ) -> Option<StateIndex> {
        let Some(name) = object.get("StartAt").and_then(Value::as_str) else {
            self.problems.push(Problem::error(format!("{pointer}/StartAt"), "Expected the name of a state"));
            return None;
        };
        self.target(name, &format!("{pointer}/StartAt"), names)
    }

    fn machine_timeout(&mut self, object: &Map<String, Value>, pointer: &str) -> Option<u64> {
        let value = object.get("TimeoutSeconds")?;
        let seconds = value.as_u64().filter(|seconds| (1..=99_999_999).contains(seconds));
        if seconds.is_none() {
            let message = "'TimeoutSeconds' must be a whole number from 1 to 99999999";
            self.problems.push(Problem::error(format!("{pointer}/TimeoutSeconds"), message));
        }
        seconds
    }

    /// The state of that name, in the machine that is being read.
    pub(super) fn target(&mut self, name: &str, place: &str, names: &Names<'_>) -> Option<StateIndex> {
        let found = names.get(name).copied();
        if found.is_none() {
            let message = format!("Missing 'Next' target: {name}");
            let hint = meant(name, names.keys().copied());
            self.problems.push(Problem::error(place, message).code(NO_TARGET).hint(hint));
        }
        found
    }

    /// `QueryLanguage`, when the object has one.
    pub(super) fn query_language(
        &mut self,
        object: &Map<String, Value>,
        pointer: &str,
    ) -> Option<QueryLanguage> {
        match object.get("QueryLanguage")?.as_str() {
            Some("JSONPath") => Some(QueryLanguage::JsonPath),
            Some("JSONata") => Some(QueryLanguage::Jsonata),
            _ => {
                let message =
                    "The field 'QueryLanguage' should have one of these values: [JSONPath, JSONata]";
                self.problems.push(Problem::error(format!("{pointer}/QueryLanguage"), message));
                None
            }
        }
    }
}

fn text(object: &Map<String, Value>, name: &str) -> Option<String> {
    object.get(name)?.as_str().map(str::to_owned)
}
