//! The Step Functions API itself, called by a state.

use super::Calling;
use super::token::{heartbeat_event, outcome_event};
use crate::asl::definition::SdkCall;
use crate::asl::interpreter::fault::Fault;
use crate::asl::interpreter::frame::Frame;
use serde_json::{Value, json};
use std::sync::Arc;

/// The action's name in resources.
pub(super) fn action(call: SdkCall) -> &'static str {
    match call {
        SdkCall::StartExecution => "startExecution",
        SdkCall::SendTaskSuccess => "sendTaskSuccess",
        SdkCall::SendTaskFailure => "sendTaskFailure",
        SdkCall::SendTaskHeartbeat => "sendTaskHeartbeat",
    }
}

impl Frame<'_> {
    pub(super) fn sdk(&mut self, calling: &Calling, call: SdkCall) -> Result<Arc<Value>, Fault> {
        self.started(calling);
        let result = match call {
            SdkCall::StartExecution => self.start_plainly(&calling.input),
            _ => self.send(&calling.input, call),
        };
        match result {
            Ok(value) => Ok(self.succeeded(calling, value)),
            Err(fault) => Err(self.lost(calling, fault)),
        }
    }

    /// Tells a task's outcome, or that it is alive, to whichever execution waits for it.
    fn send(&self, parameters: &Value, call: SdkCall) -> Result<Value, Fault> {
        let token = parameters.get("TaskToken").and_then(Value::as_str).unwrap_or_default();
        let Some((instance, wait)) = self.run.env.mint.open(token) else {
            let request = self.run.ctx.new_guid();
            let cause = format!(
                "Invalid Token: 'Invalid token' (Service: Sfn, Status Code: 400, Request ID: {request}) \
                 (SDK Attempt Count: 1)"
            );
            return Err(Fault::new("Sfn.InvalidTokenException", cause));
        };
        let text = |name: &str| parameters.get(name).and_then(Value::as_str);
        let (event, data) = match call {
            SdkCall::SendTaskSuccess => {
                let output = match parameters.get("Output") {
                    Some(Value::String(text)) => serde_json::from_str(text).unwrap_or_else(|_| json!(text)),
                    other => other.cloned().unwrap_or_default(),
                };
                (outcome_event(wait), json!({ "outcome": "success", "output": output }))
            }
            SdkCall::SendTaskFailure => {
                let data = json!({ "outcome": "failure", "error": text("Error"), "cause": text("Cause") });
                (outcome_event(wait), data)
            }
            _ => (heartbeat_event(wait), Value::Null),
        };
        let sent = self.run.ctx.send_event(&instance, &event, data);
        sent.map(|()| json!({})).map_err(|error| Fault::new("Sfn.InvalidTokenException", error.to_string()))
    }
}
