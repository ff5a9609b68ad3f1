//! One function of the host as the engine calls it.

use super::outcome::{failure, not_json, result};
use super::{Deployment, Functions};
use futures::future::BoxFuture;
use partita::Failure;
use partita::dynamic::{Function, FunctionCall, Payload};
use partita_functions::{Call, CallError, Host};
use std::sync::Arc;
use std::time::Duration;

/// The waits before a call is made again that could not even begin: doubled from the first to the last.
const FIRST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_secs(5);
/// How often a process that does not start is tried again.
const STARTS: u32 = 3;

/// The function that a call names.
pub(super) struct Hosted {
    pub(super) functions: Arc<Functions>,
}

impl Function for Hosted {
    fn call(&self, call: FunctionCall) -> BoxFuture<'static, Result<Option<Payload>, Failure>> {
        let functions = self.functions.clone();
        Box::pin(async move { perform(&functions, &call).await })
    }
}

async fn perform(functions: &Functions, call: &FunctionCall) -> Result<Option<Payload>, Failure> {
    if let Deployment::Failed(reason) = functions.deployed(&call.name).await {
        return Err(Failure::new("Function.NotDeployed", reason));
    }
    let Some(host) = functions.host() else {
        return Err(Failure::new("Function.NotDeployed", "no functions are hosted here"));
    };
    let request = request(call);
    let error = match persist(host, &request, call).await {
        Ok(answer) => return result(&answer).map_err(|text| not_json(text, &request.call_id)),
        Err(error) => error,
    };
    Err(failure(&error, &request.call_id, &log(host, &request.call_id).await))
}

/// What the call has printed.
async fn log(host: &Host, call_id: &str) -> String {
    let lines = host.logs().call(call_id).await.ok().flatten().unwrap_or_default();
    lines.into_iter().map(|line| line.text).collect::<Vec<_>>().join("\n")
}

/// Calls until it either answered or may have run: what never began can be tried again without harm.
async fn persist(
    host: &Host,
    request: &Call,
    call: &FunctionCall,
) -> Result<partita_functions::Answer, CallError> {
    let (mut wait, mut starts) = (FIRST_WAIT, 0);
    loop {
        let error = match host.call(request.clone(), call.cancellation.clone()).await {
            Ok(answer) => return Ok(answer),
            Err(error) => error,
        };
        match &error {
            CallError::Busy { .. } | CallError::NotBuilt { .. } => {}
            CallError::StartFailed { .. } | CallError::StartTimeout { .. } if starts + 1 < STARTS => {
                starts += 1;
            }
            _ => return Err(error),
        }
        tokio::select! {
            () = tokio::time::sleep(wait) => wait = (wait * 2).min(LONGEST_WAIT),
            () = call.cancellation.cancelled() => return Err(error),
        }
    }
}

fn request(call: &FunctionCall) -> Call {
    Call {
        content_type: Some("application/json".to_owned()),
        traceparent: call.trace.as_ref().map(|trace| trace.parent.to_string()),
        ..Call::new(&*call.name, call_id(call), call.input.as_ref().map_or("", Payload::as_str).to_owned())
    }
}

/// The id of a call: the same whenever this very call is made again, after a crash for example.
pub(super) fn call_id(call: &FunctionCall) -> String {
    id_of(call.instance.as_str(), call.execution.0, call.task_id)
}

/// What identifies a task of an instance to functions, and in their logs.
pub(crate) fn id_of(instance: &str, execution: u128, task_id: i32) -> String {
    let plain: String =
        instance.chars().map(|c| if c.is_ascii_graphic() { c } else { '_' }).take(200).collect();
    format!("{plain}:{:08x}:{task_id}", execution & 0xffff_ffff)
}
