//! Events in the shape of the Step Functions API.

use super::{Assigned, Call, EventKind, ExecutionEvent, Reason, TaskTerms};
use serde_json::{Map, Value, json};
use std::time::UNIX_EPOCH;

/// An event as `GetExecutionHistory` has it; the timestamp in seconds since 1970.
#[must_use]
pub fn event(event: &ExecutionEvent) -> Value {
    let since = event.timestamp.duration_since(UNIX_EPOCH).unwrap_or_default();
    let (type_name, details) = details(&event.kind);
    let mut object = Map::new();
    object.insert("timestamp".to_owned(), json!(since.as_secs_f64()));
    object.insert("type".to_owned(), type_name.into());
    object.insert("id".to_owned(), event.id.into());
    object.insert("previousEventId".to_owned(), event.previous_id.into());
    if let Some((name, details)) = details {
        object.insert(name, details);
    }
    Value::Object(object)
}

type Details = Option<(String, Value)>;

fn details(kind: &EventKind) -> (String, Details) {
    match kind {
        EventKind::ExecutionStarted { input, role_arn } => {
            let mut details = Map::new();
            text(&mut details, "input", input);
            details.insert("roleArn".to_owned(), role_arn.as_str().into());
            simple("ExecutionStarted", details)
        }
        EventKind::ExecutionSucceeded { output } => simple("ExecutionSucceeded", with_text("output", output)),
        EventKind::ExecutionFailed(reason) => simple("ExecutionFailed", with_reason(reason)),
        EventKind::ExecutionTimedOut(reason) => simple("ExecutionTimedOut", with_reason(reason)),
        EventKind::ExecutionAborted(reason) => simple("ExecutionAborted", with_reason(reason)),
        EventKind::StateEntered { state_type, name, input } => {
            let mut details = Map::new();
            details.insert("name".to_owned(), (**name).into());
            text(&mut details, "input", input);
            (
                format!("{state_type}StateEntered"),
                Some(("stateEnteredEventDetails".to_owned(), details.into())),
            )
        }
        EventKind::StateExited { state_type, name, output, assigned } => {
            let mut details = Map::new();
            details.insert("name".to_owned(), (**name).into());
            text(&mut details, "output", output);
            variables(&mut details, assigned);
            (format!("{state_type}StateExited"), Some(("stateExitedEventDetails".to_owned(), details.into())))
        }
        EventKind::EvaluationFailed { error, cause, location, state } => {
            let mut details = Map::new();
            details.insert("error".to_owned(), error.as_str().into());
            details.insert("cause".to_owned(), cause.as_str().into());
            if let Some(location) = location {
                details.insert("location".to_owned(), location.as_str().into());
            }
            details.insert("state".to_owned(), (**state).into());
            simple("EvaluationFailed", details)
        }
        EventKind::Scheduled { .. }
        | EventKind::Started { .. }
        | EventKind::Submitted { .. }
        | EventKind::Succeeded { .. }
        | EventKind::Failed { .. }
        | EventKind::TimedOut { .. } => call(kind),
        _ => map_or_parallel(kind),
    }
}

fn call(kind: &EventKind) -> (String, Details) {
    match kind {
        EventKind::Scheduled { call, resource, input, terms, region } => {
            called(call, "Scheduled", scheduled(call, resource, input, terms, region))
        }
        EventKind::Started { call: Call::Function, .. } => ("LambdaFunctionStarted".to_owned(), None),
        EventKind::Started { call, worker } => {
            let mut details = Map::new();
            if let Some(worker) = worker {
                details.insert("workerName".to_owned(), worker.as_str().into());
            }
            called(call, "Started", details)
        }
        EventKind::Submitted { call, output } => called(call, "Submitted", with_text("output", output)),
        EventKind::Succeeded { call, output } => called(call, "Succeeded", with_text("output", output)),
        EventKind::Failed { call, reason } => called(call, "Failed", with_reason(reason)),
        EventKind::TimedOut { call, reason } => called(call, "TimedOut", with_reason(reason)),
        _ => (String::new(), None),
    }
}

fn map_or_parallel(kind: &EventKind) -> (String, Details) {
    let iteration = |what: &str, name: &str, index: usize| {
        let details = json!({ "name": name, "index": index });
        let name = format!("mapIteration{what}EventDetails");
        (format!("MapIteration{what}"), Some((name, details)))
    };
    let plain = |name: &str| (name.to_owned(), None);
    match kind {
        EventKind::MapStateStarted { length } => {
            let details = ("mapStateStartedEventDetails".to_owned(), json!({ "length": length }));
            ("MapStateStarted".to_owned(), Some(details))
        }
        EventKind::MapIterationStarted { name, index } => iteration("Started", name, *index),
        EventKind::MapIterationSucceeded { name, index } => iteration("Succeeded", name, *index),
        EventKind::MapIterationFailed { name, index } => iteration("Failed", name, *index),
        EventKind::MapIterationAborted { name, index } => iteration("Aborted", name, *index),
        EventKind::MapRunStarted { arn } => {
            let details = ("mapRunStartedEventDetails".to_owned(), json!({ "mapRunArn": arn }));
            ("MapRunStarted".to_owned(), Some(details))
        }
        EventKind::MapRunFailed(reason) => simple("MapRunFailed", with_reason(reason)),
        EventKind::MapStateSucceeded => plain("MapStateSucceeded"),
        EventKind::MapStateFailed => plain("MapStateFailed"),
        EventKind::MapRunSucceeded => plain("MapRunSucceeded"),
        EventKind::ParallelStateStarted => plain("ParallelStateStarted"),
        EventKind::ParallelStateSucceeded => plain("ParallelStateSucceeded"),
        _ => plain("ParallelStateFailed"),
    }
}

fn scheduled(
    call: &Call,
    resource: &str,
    input: &Value,
    terms: &TaskTerms,
    region: &str,
) -> Map<String, Value> {
    let mut details = Map::new();
    match call {
        Call::Service { .. } => {
            details.insert("region".to_owned(), region.into());
            details.insert("parameters".to_owned(), input.to_string().into());
        }
        _ => {
            details.insert("resource".to_owned(), resource.into());
            text(&mut details, "input", input);
        }
    }
    if let Some(seconds) = terms.timeout_seconds {
        details.insert("timeoutInSeconds".to_owned(), seconds.into());
    }
    if let (Some(seconds), false) = (terms.heartbeat_seconds, matches!(call, Call::Function)) {
        details.insert("heartbeatInSeconds".to_owned(), seconds.into());
    }
    if let Some(role) = &terms.role_arn {
        details.insert("taskCredentials".to_owned(), json!({ "roleArn": **role }));
    }
    details
}

/// `lambdaFunctionFailedEventDetails`, `activity...`, `task...`; the last say which integration it was.
fn called(call: &Call, what: &str, mut details: Map<String, Value>) -> (String, Details) {
    let (kind, member) = match call {
        Call::Function => ("LambdaFunction", "lambdaFunction"),
        Call::Activity => ("Activity", "activity"),
        Call::Service { resource_type, resource } => {
            details.insert("resourceType".to_owned(), (*resource_type).into());
            details.insert("resource".to_owned(), (*resource).into());
            ("Task", "task")
        }
    };
    (format!("{kind}{what}"), Some((format!("{member}{what}EventDetails"), Value::Object(details))))
}

fn simple(name: &str, details: Map<String, Value>) -> (String, Details) {
    let mut member: String = name.to_owned();
    if let Some(first) = member.get_mut(..1) {
        first.make_ascii_lowercase();
    }
    (name.to_owned(), Some((format!("{member}EventDetails"), Value::Object(details))))
}

fn with_text(name: &str, value: &Value) -> Map<String, Value> {
    let mut details = Map::new();
    text(&mut details, name, value);
    details
}

fn text(details: &mut Map<String, Value>, name: &str, value: &Value) {
    details.insert(name.to_owned(), value.to_string().into());
    details.insert(format!("{name}Details"), json!({ "truncated": false }));
}

fn with_reason(reason: &Reason) -> Map<String, Value> {
    let mut details = Map::new();
    for (name, text) in [("error", &reason.error), ("cause", &reason.cause)] {
        if let Some(text) = text {
            details.insert(name.to_owned(), text.as_str().into());
        }
    }
    details
}

fn variables(details: &mut Map<String, Value>, assigned: &Assigned) {
    if assigned.is_empty() {
        return;
    }
    let texts: Map<String, Value> =
        assigned.iter().map(|(name, value)| (name.clone(), value.to_string().into())).collect();
    details.insert("assignedVariables".to_owned(), texts.into());
    details.insert("assignedVariablesDetails".to_owned(), json!({ "truncated": false }));
}
