//! Task states.
//!
//! | file | holds |
//! | --- | --- |
//! | `function.rs` | functions, also by `lambda:invoke` |
//! | `token.rs` | outcomes that come by a task token: activities and `.waitForTaskToken` |
//! | `child.rs` | other executions |
//! | `http.rs` | HTTP endpoints |
//! | `sdk.rs` | the Step Functions API itself |
//! | `timed.rs` | what may take only so long |

mod child;
mod function;
mod http;
mod sdk;
mod timed;
mod token;

use super::fault::{Fault, not_usable};
use super::frame::{Frame, Visit};
use super::sees::Sees;
use crate::asl::definition::{Amount, ChildMode, Lookup, Resource, Task};
use crate::asl::events::{Call, EventKind, Reason, TaskTerms};
use crate::asl::expr::EvalError;
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

/// A call that is about to be made.
pub(super) struct Calling {
    pub(super) call: Call,
    pub(super) input: Arc<Value>,
    pub(super) terms: TaskTerms,
    /// The wait that a token is for.
    pub(super) wait: Option<Uuid>,
}

impl Calling {
    fn timeout(&self) -> Option<Duration> {
        self.terms.timeout_seconds.map(Duration::from_secs)
    }
}

impl<'a> Frame<'a> {
    /// Calls what the state calls, once.
    pub(crate) async fn task(&mut self, visit: &mut Visit<'a>, task: &'a Task) -> Result<Arc<Value>, Fault> {
        let effective = self.effective(visit)?;
        let wait = self.open_wait(visit, task);
        let input = self.parameters(visit, &effective)?;
        let terms = self.terms(visit, task, &effective)?;
        let calling = Calling { call: call(&task.resource), input, terms, wait };
        self.emit(|| EventKind::Scheduled {
            call: calling.call.clone(),
            resource: task.resource_text.clone(),
            input: calling.input.clone(),
            terms: calling.terms.clone(),
            region: self.run.env.place.region.clone(),
        });
        self.run.waits_in(&visit.state.name);
        let result = match &task.resource {
            Resource::Function { name, version } => {
                self.function(name, version.as_deref(), &calling, &task.resource_text).await
            }
            Resource::LambdaInvoke { callback } => self.invoke(visit, &calling, *callback).await,
            Resource::Activity { name } => self.activity(name, &calling).await,
            Resource::StartExecution(mode) => self.start_execution(&calling, *mode).await,
            Resource::Http => self.http(visit, &calling).await,
            Resource::Sdk(call) => self.sdk(&calling, *call),
        };
        visit.token = None;
        self.run.waited();
        result
    }

    /// Draws the id of a wait, and its token, which the parameters may hand on.
    fn open_wait(&mut self, visit: &mut Visit<'_>, task: &Task) -> Option<Uuid> {
        let waits = matches!(task.resource, Resource::Activity { .. }) || task.resource.waits_for_token();
        let wait = waits.then(|| self.run.ctx.new_guid());
        visit.token = wait.map(|wait| self.run.env.mint.mint(self.run.ctx.instance_id().as_str(), wait));
        wait
    }

    fn terms(&mut self, visit: &Visit<'_>, task: &Task, dollar: &Value) -> Result<TaskTerms, Fault> {
        let timeout_seconds = self.term(visit, task.timeout.as_ref(), dollar, "TimeoutSeconds")?;
        let heartbeat_seconds = self.term(visit, task.heartbeat.as_ref(), dollar, "HeartbeatSeconds")?;
        let role_arn = match &task.credentials {
            None => None,
            Some(credentials) => {
                let sees = Sees { input: &visit.input, ..Sees::only(dollar) };
                let value = self.payload(visit, credentials, sees, "Credentials");
                self.told(visit, value)?.get_mut("RoleArn").map(|role| Arc::new(role.take()))
            }
        };
        Ok(TaskTerms { timeout_seconds, heartbeat_seconds, role_arn })
    }

    fn term(
        &mut self,
        visit: &Visit<'_>,
        amount: Option<&Amount>,
        dollar: &Value,
        field: &str,
    ) -> Result<Option<u64>, Fault> {
        let Some(amount) = amount else { return Ok(None) };
        let seconds = self.amount(visit, amount, dollar, field, positive);
        let seconds = self.told(visit, seconds)?;
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // clamped
        Ok(Some(seconds.clamp(0.0, 99_999_999.0) as u64))
    }

    pub(super) fn started(&mut self, calling: &Calling) {
        self.emit(|| EventKind::Started { call: calling.call.clone(), worker: None });
    }

    pub(super) fn succeeded(&mut self, calling: &Calling, output: Value) -> Arc<Value> {
        let output = Arc::new(output);
        self.emit(|| EventKind::Succeeded { call: calling.call.clone(), output: output.clone() });
        output
    }

    pub(super) fn submitted(&mut self, calling: &Calling, output: Value) {
        self.emit(|| EventKind::Submitted { call: calling.call.clone(), output: Arc::new(output) });
    }

    pub(super) fn lost(&mut self, calling: &Calling, fault: Fault) -> Fault {
        self.emit(|| EventKind::Failed { call: calling.call.clone(), reason: fault.reason.clone() });
        fault
    }

    pub(super) fn timed_out(&mut self, calling: &Calling, heartbeat: bool) -> Fault {
        let fault = Fault::timeout(heartbeat);
        self.emit(|| EventKind::TimedOut { call: calling.call.clone(), reason: fault.reason.clone() });
        fault
    }
}

fn positive(lookup: &Lookup, value: &Value) -> Result<f64, EvalError> {
    let whole = value.as_u64().filter(|seconds| *seconds > 0).and_then(|_| value.as_f64());
    whole.ok_or_else(|| {
        not_usable(format!(
            "The {} parameter must reference a positive whole number: {} == {value}",
            lookup.field, lookup.text
        ))
    })
}

fn call(resource: &Resource) -> Call {
    let service = |resource_type, resource| Call::Service { resource_type, resource };
    match resource {
        Resource::Function { .. } => Call::Function,
        Resource::Activity { .. } => Call::Activity,
        Resource::LambdaInvoke { callback: false } => service("lambda", "invoke"),
        Resource::LambdaInvoke { callback: true } => service("lambda", "invoke.waitForTaskToken"),
        Resource::StartExecution(ChildMode::Detached) => service("states", "startExecution"),
        Resource::StartExecution(ChildMode::Sync) => service("states", "startExecution.sync"),
        Resource::StartExecution(ChildMode::SyncJson) => service("states", "startExecution.sync:2"),
        Resource::StartExecution(ChildMode::Callback) => service("states", "startExecution.waitForTaskToken"),
        Resource::Http => service("http", "invoke"),
        Resource::Sdk(call) => service("aws-sdk:sfn", sdk::action(*call)),
    }
}

/// Why a function or an execution failed, as the one that called it is told.
pub(super) fn reason(error: &partita::Error) -> Reason {
    let Some(failure) = error.failure() else { return Reason::default() };
    let reported = failure.inner.as_deref().unwrap_or(failure);
    let told = reported.properties.get("cause").and_then(|text| serde_json::from_str::<String>(text).ok());
    let cause = told.unwrap_or_else(|| {
        let mut cause = serde_json::json!({
            "errorMessage": &*reported.message,
            "errorType": &*reported.error_type,
        });
        if let (Some(trace), Some(cause)) = (&reported.stack_trace, cause.as_object_mut()) {
            let lines: Vec<&str> = trace.as_str().lines().collect();
            cause.insert("stackTrace".to_owned(), lines.into());
        }
        cause.to_string()
    });
    Reason { error: Some(reported.error_type.to_string()), cause: Some(cause) }
}
