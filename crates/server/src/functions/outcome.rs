//! What a call of a hosted function gives, as a result or a failure that is recorded.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use partita::Failure;
use partita::dynamic::Payload;
use partita_functions::{Answer, CallError};
use serde_json::Value;

/// Bytes of the call's log that go with a failure.
const LOG_BYTES: usize = 4 << 10;

/// How much of an answer is shown that is not what it says.
const SHOWN: usize = 80;

/// An answer as JSON: JSON as it is, another text as a string, anything else as base64. What says that it is JSON
/// and is not is an error.
pub(super) fn result(answer: &Answer) -> Result<Option<Payload>, String> {
    if answer.body.is_empty() {
        return Ok(None);
    }
    let says_json = answer.content_type.as_deref().is_some_and(is_json);
    let text = match std::str::from_utf8(&answer.body) {
        Ok(text) => text,
        Err(error) if says_json => return Err(format!("its answer says that it is JSON, but {error}")),
        Err(_) => return Ok(Some(Payload::from(Value::String(STANDARD.encode(&answer.body)).to_string()))),
    };
    match serde_json::from_str::<serde::de::IgnoredAny>(text) {
        Ok(_) => Ok(Some(Payload::from(text))),
        Err(error) if says_json => {
            let shown: String = text.chars().take(SHOWN).collect();
            Err(format!("its answer says that it is JSON, but {error}: {shown:?}"))
        }
        Err(_) => Ok(Some(Payload::from(Value::String(text.to_owned()).to_string()))),
    }
}

/// Whether a media type is JSON's, or of something written in it.
fn is_json(content_type: &str) -> bool {
    let media_type = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    media_type == "application/json" || media_type.ends_with("+json")
}

/// What is recorded of an answer that is not what it says.
pub(super) fn not_json(text: String, call_id: &str) -> Failure {
    let mut failure = Failure::new("Function.InvalidAnswer", text);
    for (key, value) in [
        ("callId", call_id.into()),
        ("outcome", "invalid-answer".into()),
        ("neverStarted", Value::Bool(false)),
    ] {
        failure.properties.insert(key.into(), value.to_string().into());
    }
    failure
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
