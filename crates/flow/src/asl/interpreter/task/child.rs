//! Other executions.

use super::Calling;
use super::timed::timed;
use crate::asl::arn::name_and_version;
use crate::asl::definition::ChildMode;
use crate::asl::interpreter::fault::Fault;
use crate::asl::interpreter::frame::Frame;
use crate::asl::interpreter::run::millis;
use futures::future::BoxFuture;
use partita::context::SubOrchestrationOptions;
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// An execution that is to be started.
struct Child {
    machine: String,
    version: Option<String>,
    machine_arn: String,
    name: String,
    arn: String,
    input: Value,
}

impl Frame<'_> {
    pub(super) async fn start_execution(
        &mut self,
        calling: &Calling,
        mode: ChildMode,
    ) -> Result<Arc<Value>, Fault> {
        self.started(calling);
        let child = self.child(&calling.input).map_err(|fault| self.lost(calling, fault))?;
        match mode {
            ChildMode::Sync | ChildMode::SyncJson => self.run_child(calling, child, mode).await,
            ChildMode::Detached => {
                let started = self.detach_child(&child).map_err(|fault| self.lost(calling, fault))?;
                Ok(self.succeeded(calling, started))
            }
            ChildMode::Callback => {
                let started = self.detach_child(&child).map_err(|fault| self.lost(calling, fault))?;
                let handing: BoxFuture<'static, partita::Result<Value>> =
                    Box::pin(std::future::ready(Ok(started)));
                self.callback(calling, handing, |value, _| value).await
            }
        }
    }

    /// `aws-sdk:sfn:startExecution`.
    pub(super) fn start_plainly(&self, parameters: &Value) -> Result<Value, Fault> {
        let child = self.child(parameters)?;
        self.detach_child(&child)?;
        Ok(json!({ "ExecutionArn": child.arn, "StartDate": millis(self.run.ctx.now()) }))
    }

    fn child(&self, parameters: &Value) -> Result<Child, Fault> {
        let Some(machine_arn) = parameters.get("StateMachineArn").and_then(Value::as_str) else {
            return Err(Fault::runtime("The field 'StateMachineArn' is required but was missing"));
        };
        let (machine, version) = name_and_version(machine_arn);
        let name = match parameters.get("Name").and_then(Value::as_str) {
            Some(name) => name.to_owned(),
            None => self.run.ctx.new_guid().to_string(),
        };
        let input = match parameters.get("Input") {
            None | Some(Value::Null) => json!({}),
            Some(Value::String(text)) => serde_json::from_str(text).unwrap_or_else(|_| json!(text)),
            Some(input) => input.clone(),
        };
        Ok(Child {
            machine: machine.to_owned(),
            version: version.map(str::to_owned),
            machine_arn: machine_arn.to_owned(),
            arn: self.run.env.place.execution(machine, &name),
            name,
            input,
        })
    }

    fn options(&self, child: &Child) -> SubOrchestrationOptions {
        SubOrchestrationOptions {
            id: Some((self.run.env.instance_id)(&child.machine, &child.name)),
            version: child.version.clone(),
            ..SubOrchestrationOptions::default()
        }
    }

    fn detach_child(&self, child: &Child) -> Result<Value, Fault> {
        let started = self.run.ctx.start_detached(&child.machine, &self.options(child), &child.input);
        started.map_err(|error| Fault::new("StepFunctions.AWSStepFunctionsException", error.to_string()))?;
        Ok(self.start_answer(child))
    }

    async fn run_child(
        &mut self,
        calling: &Calling,
        child: Child,
        mode: ChildMode,
    ) -> Result<Arc<Value>, Fault> {
        let ctx = self.run.ctx.clone();
        let started = ctx.now();
        let running =
            ctx.call_sub_orchestrator_with::<Value>(&child.machine, self.options(&child), &child.input);
        let submitted = self.start_answer(&child);
        self.submitted(calling, submitted);
        let Some(ended) = timed(&ctx, running, calling.timeout()).await else {
            return Err(self.timed_out(calling, false));
        };
        let mut told = describe(&child, mode, millis(started), millis(ctx.now()));
        match ended {
            Ok(output) => {
                succeeded(&mut told, output, mode);
                Ok(self.succeeded(calling, Value::Object(sorted(told))))
            }
            Err(error) => {
                failed(&mut told, &error);
                let cause = Value::Object(sorted(told)).to_string();
                Err(self.lost(calling, Fault::new("States.TaskFailed", cause)))
            }
        }
    }

    /// What `StartExecution` answers.
    fn start_answer(&self, child: &Child) -> Value {
        let request = self.run.ctx.new_guid().to_string();
        let length = (child.arn.len() + 55).to_string();
        let date = "Thu, 01 Jan 1970 00:00:00 GMT";
        json!({
            "ExecutionArn": child.arn,
            "SdkHttpMetadata": {
                "AllHttpHeaders": {
                    "x-amzn-RequestId": [request],
                    "connection": ["keep-alive"],
                    "Content-Length": [length],
                    "Date": [date],
                    "Content-Type": ["application/x-amz-json-1.0"],
                },
                "HttpHeaders": {
                    "connection": "keep-alive",
                    "Content-Length": length,
                    "Content-Type": "application/x-amz-json-1.0",
                    "Date": date,
                    "x-amzn-RequestId": request,
                },
                "HttpStatusCode": 200,
            },
            "SdkResponseMetadata": { "RequestId": request },
            "StartDate": millis(self.run.ctx.now()),
        })
    }
}

/// `DescribeExecution`, as far as it is the same for all ends.
fn describe(child: &Child, mode: ChildMode, started: u64, stopped: u64) -> Map<String, Value> {
    let input = data(child.input.clone(), mode);
    let described = json!({
        "ExecutionArn": child.arn,
        "Input": input,
        "InputDetails": { "Included": true },
        "Name": child.name,
        "RedriveCount": 0,
        "StartDate": started,
        "StateMachineArn": child.machine_arn,
        "StopDate": stopped,
    });
    match described {
        Value::Object(described) => described,
        _ => Map::new(),
    }
}

fn data(value: Value, mode: ChildMode) -> Value {
    if mode == ChildMode::SyncJson { value } else { Value::String(value.to_string()) }
}

fn succeeded(told: &mut Map<String, Value>, output: Value, mode: ChildMode) {
    told.insert("Status".to_owned(), "SUCCEEDED".into());
    told.insert("Output".to_owned(), data(output, mode));
    told.insert("OutputDetails".to_owned(), json!({ "Included": true }));
    told.insert("RedriveStatus".to_owned(), "NOT_REDRIVABLE".into());
    let why = "Execution is SUCCEEDED and cannot be redriven";
    told.insert("RedriveStatusReason".to_owned(), why.into());
}

fn failed(told: &mut Map<String, Value>, error: &partita::Error) {
    let Some(failure) = error.failure() else { return };
    let reported = failure.inner.as_deref().unwrap_or(failure);
    told.insert("Status".to_owned(), "FAILED".into());
    told.insert("RedriveStatus".to_owned(), "REDRIVABLE".into());
    for (name, text) in [("Error", &reported.error_type), ("Cause", &reported.message)] {
        if !text.is_empty() {
            told.insert(name.to_owned(), (**text).into());
        }
    }
}

fn sorted(told: Map<String, Value>) -> Map<String, Value> {
    let mut members: Vec<(String, Value)> = told.into_iter().collect();
    members.sort_by(|one, other| one.0.cmp(&other.0));
    members.into_iter().collect()
}
