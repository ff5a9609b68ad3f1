//! What is wrong with a definition.

use std::fmt;

/// How bad a problem is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The definition cannot run.
    Error,
    /// The definition runs, but hardly as somebody meant.
    Warning,
}

/// Something wrong with a definition, where, and what was probably meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// How bad it is.
    pub severity: Severity,
    /// What kind of problem: `SCHEMA_VALIDATION_FAILED`, `INVALID_JSON_DESCRIPTION`, `MISSING_TRANSITION_TARGET`, ...
    pub code: &'static str,
    /// Where: names of members and positions in lists, each after a slash. `/` is the definition itself;
    /// empty when the text could not be read at all.
    pub pointer: String,
    /// What is wrong.
    pub message: String,
    /// What was probably meant.
    pub hint: Option<String>,
}

/// The code of nearly everything that is wrong.
pub const SCHEMA: &str = "SCHEMA_VALIDATION_FAILED";
/// The text is not JSON (or YAML).
pub const NOT_JSON: &str = "INVALID_JSON_DESCRIPTION";
/// A transition leads to a state that does not exist.
pub const NO_TARGET: &str = "MISSING_TRANSITION_TARGET";
/// No way leads to a state.
pub const UNREACHABLE: &str = "UNREACHABLE_STATE";

impl Problem {
    /// An error of the usual code.
    pub fn error(pointer: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            code: SCHEMA,
            pointer: at_least_root(pointer.into()),
            message: message.into(),
            hint: None,
        }
    }

    /// A warning.
    pub fn warning(code: &'static str, pointer: impl Into<String>, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, code, ..Self::error(pointer, message) }
    }

    /// Another code.
    #[must_use]
    pub fn code(mut self, code: &'static str) -> Self {
        self.code = code;
        self
    }

    /// What was probably meant.
    #[must_use]
    pub fn hint(mut self, hint: Option<String>) -> Self {
        self.hint = hint;
        self
    }

    /// The text that an API gives: `CODE: message at /pointer`.
    #[must_use]
    pub fn text(&self) -> String {
        match self.pointer.as_str() {
            "" => format!("{}: {}", self.code, self.message),
            pointer => format!("{}: {} at {pointer}", self.code, self.message),
        }
    }
}

fn at_least_root(pointer: String) -> String {
    if pointer.is_empty() { "/".to_owned() } else { pointer }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text())?;
        match &self.hint {
            Some(hint) => write!(f, " ({hint})"),
            None => Ok(()),
        }
    }
}
