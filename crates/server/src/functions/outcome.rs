//! What a call of a hosted function gives, as a result or a failure that is recorded.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use partita::Failure;
use partita::dynamic::Payload;
use partita_functions::{Answer, CallError};
use serde_json::Value;

/// Bytes of the call's log that go with a failure.
const LOG_BYTES: usize = 4 << 10;

/// An answer as JSON: JSON as it is, another text as a string, anything else as base64.
pub(super) fn result(answer: &Answer) -> Option<Payload> {
    if answer.body.is_empty() {
        return None;
    }
    let Ok(text) = std::str::from_utf8(&answer.body) else {
        return Some(Payload::from(Value::String(STANDARD.encode(&answer.body)).to_string()));
    };
    match serde_json::from_str::<serde::de::IgnoredAny>(text) {
        Ok(_) => Some(Payload::from(text)),
        Err(_) => Some(Payload::from(Value::String(text.to_owned()).to_string())),
    }
}

/// What is recorded of a call without an answer.
pub(super) fn failure(error: &CallError, call_id: &str, log: &str) -> Failure {
    let exception = error.exception();
    let mut failure = match (error, exception) {
        (CallError::HandlerFailed { .. } | CallError::HandlerTimedOut { .. }, Some(exception)) => {
            Failure::new(&exception.error_type, exception.message.as_str())
        }
        _ => Failure::new(error_type(error), error.to_string()),
    };
    failure.stack_trace = exception
        .filter(|exception| !exception.traceback.is_empty())
        .map(|exception| Payload::from(exception.traceback.as_str()));
    let mut property =
        |key: &str, value: Value| failure.properties.insert(key.into(), value.to_string().into());
    property("callId", call_id.into());
    property("outcome", error.kind().into());
    property("neverStarted", error.never_started().into());
    if !log.is_empty() {
        property("log", tail(log).into());
    }
    match error {
        CallError::RequestTooLarge { .. }
        | CallError::AnswerTooLarge { .. }
        | CallError::NoFunction { .. } => failure.non_retriable(),
        _ => failure,
    }
}

/// The last part of a log, from the beginning of a line.
fn tail(log: &str) -> &str {
    if log.len() <= LOG_BYTES {
        return log;
    }
    let mut from = log.len() - LOG_BYTES;
    while !log.is_char_boundary(from) {
        from += 1;
    }
    let rest = log.get(from..).unwrap_or_default();
    rest.split_once('\n').map_or(rest, |(_, rest)| rest)
}

/// The name by which a workflow can catch it.
fn error_type(error: &CallError) -> &'static str {
    match error {
        CallError::NoFunction { .. } => "Function.NotFound",
        CallError::InvalidCall(_) => "Function.InvalidCall",
        CallError::NotBuilt { .. } => "Function.NotBuilt",
        CallError::Broken { .. } => "Function.Broken",
        CallError::Busy { .. } => "Function.Busy",
        CallError::StartFailed { .. } => "Function.StartFailed",
        CallError::StartTimeout { .. } => "Function.StartTimeout",
        CallError::RequestTooLarge { .. } => "Function.RequestTooLarge",
        CallError::HandlerFailed { .. } => "Function.Failed",
        CallError::HandlerTimedOut { .. } => "Function.TimedOut",
        CallError::Deadline { .. } => "Function.Deadline",
        CallError::Crashed { .. } => "Function.Crashed",
        CallError::NoAnswer { .. } => "Function.NoAnswer",
        CallError::InvalidAnswer { .. } => "Function.InvalidAnswer",
        CallError::AnswerTooLarge { .. } => "Function.AnswerTooLarge",
        CallError::Cancelled { .. } => "Function.Cancelled",
        CallError::Stopping => "Function.Stopping",
    }
}
