//! Functions, also by `lambda:invoke`.

use super::timed::timed;
use super::{Calling, reason};
use crate::asl::arn::name_and_version;
use crate::asl::interpreter::fault::{Fault, not_usable};
use crate::asl::interpreter::frame::{Frame, Visit};
use crate::asl::interpreter::{json_size, spaced_size};
use futures::future::BoxFuture;
use partita::context::CallOptions;
use serde_json::{Value, json};
use std::sync::Arc;

/// What `lambda:invoke` is called in messages.
const LAMBDA: &str = "lambda";

impl Frame<'_> {
    pub(super) async fn function(
        &mut self,
        name: &str,
        version: Option<&str>,
        calling: &Calling,
        resource: &str,
    ) -> Result<Arc<Value>, Fault> {
        let answer = self.ask(name, version, &calling.input);
        self.started(calling);
        match timed(&self.run.ctx, answer, calling.timeout()).await {
            None => Err(self.timed_out(calling, false)),
            Some(answer) => {
                let value = self.answered(answer, resource).map_err(|fault| self.lost(calling, fault))?;
                Ok(self.succeeded(calling, value))
            }
        }
    }

    /// `lambda:invoke`.
    pub(super) async fn invoke(
        &mut self,
        visit: &Visit<'_>,
        calling: &Calling,
        callback: bool,
    ) -> Result<Arc<Value>, Fault> {
        let Some(function) = calling.input.get("FunctionName").and_then(Value::as_str) else {
            let error = not_usable("The field 'FunctionName' is required but was missing");
            return Err(self.failed(visit, error));
        };
        let (name, version) = name_and_version(function);
        let payload = payload(&calling.input);
        let answer = self.ask(name, version, &payload);
        self.started(calling);
        if callback {
            return self.callback(calling, answer, invoked).await;
        }
        match timed(&self.run.ctx, answer, calling.timeout()).await {
            None => Err(self.timed_out(calling, false)),
            Some(answer) => {
                let value = self.answered(answer, LAMBDA).map_err(|fault| self.lost(calling, fault))?;
                let request = self.run.ctx.new_guid().to_string();
                Ok(self.succeeded(calling, invoked(value, &request)))
            }
        }
    }

    pub(super) fn ask(
        &self,
        name: &str,
        version: Option<&str>,
        input: &Value,
    ) -> BoxFuture<'static, partita::Result<Value>> {
        let version = version.filter(|version| *version != "$LATEST").map(str::to_owned);
        let options = CallOptions { version, ..CallOptions::default() };
        self.run.ctx.call_activity_with(name, options, input)
    }

    fn answered(&self, answer: partita::Result<Value>, what: &str) -> Result<Value, Fault> {
        let value = answer.map_err(|error| {
            let reason = reason(&error);
            Fault::of(reason.error, reason.cause).ordinary()
        })?;
        if json_size(&value) > self.run.env.limits.payload_bytes {
            return Err(Fault::too_large(what));
        }
        Ok(value)
    }
}

/// `Payload`. A text is the body of the request as it stands, so JSON text is what it says.
fn payload(parameters: &Value) -> Value {
    match parameters.get("Payload") {
        None => json!({}),
        Some(Value::String(text)) => {
            serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.clone()))
        }
        Some(payload) => payload.clone(),
    }
}

/// The result of `lambda:invoke`.
#[allow(clippy::needless_pass_by_value)] // the form that callbacks have
fn invoked(payload: Value, request: &str) -> Value {
    let length = spaced_size(&payload).to_string();
    let date = "Thu, 01 Jan 1970 00:00:00 GMT";
    let trace = format!("Root=1-00000000-{}", request.replace('-', "").get(..24).unwrap_or_default());
    json!({
        "ExecutedVersion": "$LATEST",
        "Payload": payload,
        "SdkHttpMetadata": {
            "AllHttpHeaders": {
                "X-Amz-Executed-Version": ["$LATEST"],
                "x-amzn-Remapped-Content-Length": ["0"],
                "Connection": ["keep-alive"],
                "x-amzn-RequestId": [request],
                "Content-Length": [length],
                "Date": [date],
                "X-Amzn-Trace-Id": [trace],
                "Content-Type": ["application/json"],
            },
            "HttpHeaders": {
                "Connection": "keep-alive",
                "Content-Length": length,
                "Content-Type": "application/json",
                "Date": date,
                "X-Amz-Executed-Version": "$LATEST",
                "x-amzn-Remapped-Content-Length": "0",
                "x-amzn-RequestId": request,
                "X-Amzn-Trace-Id": trace,
            },
            "HttpStatusCode": 200,
        },
        "SdkResponseMetadata": { "RequestId": request },
        "StatusCode": 200,
    })
}
