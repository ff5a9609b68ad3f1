//! Why a state failed.

use crate::asl::events::Reason;
use crate::asl::expr::EvalError;
use serde_json::{Value, json};

/// Why a state failed.
#[derive(Clone, Debug)]
pub(crate) struct Fault {
    pub(crate) reason: Reason,
    /// What it can be caught as besides its name.
    pub(crate) kind: FaultKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FaultKind {
    /// It can be tried again and caught.
    Ordinary,
    /// A task was silent for too long: also `States.HeartbeatTimeout`.
    Heartbeat,
    /// Nothing tries it again or catches it: the execution fails.
    Fatal,
}

/// The error's name when a task takes too long.
pub(crate) const TIMEOUT: &str = "States.Timeout";
/// The error's name when something cannot work at all.
pub(crate) const RUNTIME: &str = "States.Runtime";
/// The error's name when a JSONata expression fails.
pub(crate) const QUERY: &str = "States.QueryEvaluationError";

impl Fault {
    pub(crate) fn new(error: impl Into<String>, cause: impl Into<String>) -> Self {
        Self::of(Some(error.into()), Some(cause.into()))
    }

    pub(crate) fn of(error: Option<String>, cause: Option<String>) -> Self {
        let fatal = error.as_deref() == Some(RUNTIME);
        let kind = if fatal { FaultKind::Fatal } else { FaultKind::Ordinary };
        Self { reason: Reason { error, cause }, kind }
    }

    pub(crate) fn timeout(heartbeat: bool) -> Self {
        let kind = if heartbeat { FaultKind::Heartbeat } else { FaultKind::Ordinary };
        Self { kind, ..Self::of(Some(TIMEOUT.to_owned()), None) }
    }

    pub(crate) fn runtime(cause: impl Into<String>) -> Self {
        Self::new(RUNTIME, cause)
    }

    pub(crate) fn too_large(what: &str) -> Self {
        let cause = format!(
            "The state/task '{what}' returned a result with a size exceeding the maximum number of bytes \
             service limit."
        );
        Self::new("States.DataLimitExceeded", cause)
    }

    /// What somebody else reported can always be tried again and caught, whatever it is called.
    pub(crate) fn ordinary(self) -> Self {
        Self { kind: FaultKind::Ordinary, ..self }
    }

    pub(crate) fn is_fatal(&self) -> bool {
        self.kind == FaultKind::Fatal
    }

    /// What a catcher sees of it.
    pub(crate) fn output(&self) -> Value {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        json!({ "Error": text(&self.reason.error), "Cause": text(&self.reason.cause) })
    }

    /// Whether a list of error names is for it.
    pub(crate) fn is_among(&self, names: &[String]) -> bool {
        let error = self.reason.error.as_deref();
        !self.is_fatal()
            && names.iter().any(|name| match name.as_str() {
                "States.ALL" => true,
                "States.TaskFailed" => error != Some(TIMEOUT),
                "States.HeartbeatTimeout" => self.kind == FaultKind::Heartbeat,
                name => error == Some(name),
            })
    }
}

/// The error of an expression that is not what its field needs.
pub(crate) fn not_usable(cause: impl Into<String>) -> EvalError {
    EvalError { error: RUNTIME, cause: cause.into() }
}

/// The error of a JSONata expression whose value has the wrong type.
pub(crate) fn unexpected(source: &str, field: &str, wanted: &str, value: &Value) -> EvalError {
    let got = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let cause = format!(
        "The JSONata expression '{source}' specified for the field '{field}' returned an unexpected result type. \
         Expected '{wanted}', but was '{got}' for value: {value}"
    );
    EvalError { error: QUERY, cause }
}
