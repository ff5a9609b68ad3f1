//! What becomes of tasks: their success, failure, heartbeats.

use super::Call;
use super::error::AwsError;
use partita_engine::EngineError;
use partita_engine::kernel::{InstanceId, Payload};
use partita_engine::why::Reason;
use serde_json::{Value, json};

pub(super) async fn success(call: &Call) -> Result<Value, AwsError> {
    let output = call.params.required("output")?;
    let output: Value = serde_json::from_str(output)
        .map_err(|error| AwsError::new("InvalidOutput", format!("Invalid Output: '{error}'")))?;
    tell(call, "task", &json!({ "outcome": "success", "output": output })).await
}

pub(super) async fn failure(call: &Call) -> Result<Value, AwsError> {
    let (error, cause) = (call.params.text("error")?, call.params.text("cause")?);
    tell(call, "task", &json!({ "outcome": "failure", "error": error, "cause": cause })).await
}

pub(super) async fn heartbeat(call: &Call) -> Result<Value, AwsError> {
    tell(call, "heartbeat", &json!({})).await
}

/// Raises the event for which the instance waits that the token is for.
async fn tell(call: &Call, what: &str, data: &Value) -> Result<Value, AwsError> {
    let token = call.params.required("taskToken")?;
    let Some((instance, guid)) = call.machines.open_token(token) else {
        return Err(AwsError::new("InvalidToken", format!("Invalid Token: '{}'", shortened(token))));
    };
    let id = call.app.engine.instance_id(&instance)?;
    // What counts is whether the outcome is waited for: heartbeats are listened to only when there is a limit.
    if !waits(call, &id, &format!("states.task/{guid}")).await? {
        return Err(timed_out());
    }
    let event = format!("states.{what}/{guid}");
    if what == "heartbeat" && !waits(call, &id, &event).await? {
        return Ok(json!({}));
    }
    let payload = Payload::from(data.to_string());
    match call.app.engine.raise_event(&id, &event, Some(payload)).await {
        Ok(()) => Ok(json!({})),
        Err(EngineError::NotFound(_) | EngineError::Finished { .. }) => Err(timed_out()),
        Err(error) => Err(error.into()),
    }
}

/// Whether an instance waits for an event.
async fn waits(call: &Call, id: &InstanceId, event: &str) -> Result<bool, AwsError> {
    let Some(why) = call.app.engine.why(id).await? else { return Ok(false) };
    let waited =
        |reason: &Reason| matches!(reason, Reason::Event { name, .. } if name.eq_ignore_ascii_case(event));
    // A suspended instance takes events in when it goes on.
    Ok(why.reasons.iter().any(|reason| waited(reason) || matches!(reason, Reason::Suspended | Reason::Ready)))
}

fn timed_out() -> AwsError {
    AwsError::new("TaskTimedOut", "Task Timed Out: 'Provided task does not exist anymore'")
}

fn shortened(token: &str) -> String {
    token.chars().take(64).collect()
}
