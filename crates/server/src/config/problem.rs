//! What is wrong with a configuration.

use std::fmt;

/// One thing that is wrong, where, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigProblem {
    /// Where, such as `trigger[0].route`.
    pub place: String,
    /// What is wrong, and what to do.
    pub message: String,
}

impl ConfigProblem {
    /// A problem at a place.
    pub fn new(place: impl Into<String>, message: impl Into<String>) -> Self {
        Self { place: place.into(), message: message.into() }
    }
}

impl fmt::Display for ConfigProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.message)
    }
}

/// All that is wrong with a configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConfigProblems(pub Vec<ConfigProblem>);

impl fmt::Display for ConfigProblems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.0.len();
        write!(f, "the configuration has {count} problem{}:", if count == 1 { "" } else { "s" })?;
        self.0.iter().try_for_each(|problem| write!(f, "\n  {problem}"))
    }
}
impl std::error::Error for ConfigProblems {}

/// Collects problems.
#[derive(Debug, Default)]
pub(crate) struct Collector(Vec<ConfigProblem>);

impl Collector {
    pub(crate) fn add(&mut self, place: impl Into<String>, message: impl Into<String>) {
        self.0.push(ConfigProblem::new(place, message));
    }

    /// The value, or its problem noted.
    pub(crate) fn take<T>(&mut self, place: impl Into<String>, outcome: Result<T, String>) -> Option<T> {
        outcome.map_err(|message| self.add(place, message)).ok()
    }

    pub(crate) fn extend(&mut self, problems: ConfigProblems) {
        self.0.extend(problems.0);
    }

    pub(crate) fn finish<T>(self, value: T) -> Result<T, ConfigProblems> {
        if self.0.is_empty() { Ok(value) } else { Err(ConfigProblems(self.0)) }
    }
}
