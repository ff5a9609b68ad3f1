//! What can be wrong with an expression: when it is loaded, and when it is evaluated.

use std::fmt;

/// A value could not be computed. The state fails with this error and cause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EvalError {
    /// The error name of the States Language, for example `States.Runtime`.
    pub error: &'static str,
    /// What happened, in the service's words, without the sentence that names the state.
    pub cause: String,
}

/// `States.Runtime`: a path or a value is not what the state needs.
pub(crate) const RUNTIME: &str = "States.Runtime";
/// `States.IntrinsicFailure`: an intrinsic function refused its arguments.
pub(crate) const INTRINSIC: &str = "States.IntrinsicFailure";
/// `States.QueryEvaluationError`: a JSONata expression failed or gave nothing.
pub(crate) const QUERY: &str = "States.QueryEvaluationError";
/// `States.ResultPathMatchFailure`: a result cannot be put where `ResultPath` says.
pub(crate) const RESULT_PATH: &str = "States.ResultPathMatchFailure";
/// `States.ReferencePathConflict`: a reference path does not apply to the input.
pub(crate) const REFERENCE_PATH: &str = "States.ReferencePathConflict";

impl EvalError {
    /// An error with the given States Language name.
    pub fn new(error: &'static str, cause: impl Into<String>) -> Self {
        Self { error, cause: cause.into() }
    }

    pub(crate) fn runtime(cause: impl Into<String>) -> Self {
        Self::new(RUNTIME, cause)
    }
}

impl fmt::Display for EvalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.error, self.cause)
    }
}

impl std::error::Error for EvalError {}

/// A text is not an expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseError {
    /// What is wrong, without the place.
    pub message: String,
    /// The byte offset in the text at which it is wrong.
    pub at: usize,
}

impl ParseError {
    pub(crate) fn new(at: usize, message: impl Into<String>) -> Self {
        Self { message: message.into(), at }
    }

    /// The same error in a text that has `offset` more bytes in front.
    pub(crate) fn shifted(mut self, offset: usize) -> Self {
        self.at = self.at.saturating_add(offset);
        self
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (at character {})", self.message, self.at + 1)
    }
}

impl std::error::Error for ParseError {}

/// A member of a definition that the service would refuse.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where the member is, like `/States/Pay/Parameters`.
    pub pointer: String,
    /// What is wrong with it.
    pub message: String,
    /// What was probably meant.
    pub hint: Option<String>,
    /// The diagnostic code of the service, for example `SCHEMA_VALIDATION_FAILED`.
    pub code: &'static str,
}

/// The code of most diagnostics.
pub(crate) const SCHEMA: &str = "SCHEMA_VALIDATION_FAILED";

impl Problem {
    /// A problem with the code `SCHEMA_VALIDATION_FAILED` and no hint.
    pub fn schema(pointer: impl Into<String>, message: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), message: message.into(), hint: None, code: SCHEMA }
    }

    /// The same problem with what was probably meant.
    #[must_use]
    pub fn with_hint(mut self, hint: Option<String>) -> Self {
        self.hint = hint;
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} at {}", self.code, self.message, self.pointer)?;
        self.hint.iter().try_for_each(|hint| write!(f, " ({hint})"))
    }
}
