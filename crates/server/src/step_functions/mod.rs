//! The API of AWS Step Functions: AWS JSON 1.0 at `POST /`.
//!
//! Requests name their operation in `X-Amz-Target`. Signatures are not looked at while nobody has to say who
//! they are. Any region and account are understood in ARNs.
//!
//! | module | operations |
//! | --- | --- |
//! | `machines` | state machines: create, update, delete, describe, list, validate |
//! | `executions` | start, start and wait, stop, describe, list |
//! | `history` | the events of an execution |
//! | `activities`, `tasks` | activities and their workers; success, failure and heartbeats of tasks |
//! | `arn`, `error`, `params`, `page` | names, errors, members of requests, pages |

mod activities;
mod arn;
mod error;
mod executions;
mod history;
mod machines;
mod page;
mod params;
mod tasks;

use crate::app::{Routes, Shared};
use crate::extract::read_body;
use crate::observe::RouteLabel;
use crate::state_machines::StateMachines;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use error::{AwsError, answer};
pub(crate) use executions::reason;
use params::Params;
use partita_engine::kernel::Timestamp;
use serde_json::Value;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// What the header `X-Amz-Target` begins with.
const TARGET: &str = "AWSStepFunctions.";

/// Adds the endpoint.
pub(crate) fn routes(routes: Routes) -> Routes {
    routes.post_undocumented("/", dispatch)
}

/// One request.
struct Call {
    app: Shared,
    machines: Arc<StateMachines>,
    params: Params,
}

async fn dispatch(State(app): State<Shared>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let operation = operation(&parts.headers).unwrap_or_default().to_owned();
    let label = label(&operation);
    let outcome = match (app.parts.state_machines.clone(), label) {
        (Some(machines), Some(_)) => match read_body(&parts.headers, body, app.body_bytes()).await {
            Ok(body) => match Params::read(&body) {
                Ok(params) => perform(&operation, &Call { app, machines, params }).await,
                Err(error) => Err(error),
            },
            Err(refusal) => Err(AwsError::new("ValidationException", refusal.0.detail.clone())),
        },
        (None, _) => Err(AwsError::new("UnknownOperationException", "this server runs no state machines")),
        (_, None) => {
            let text = format!("{operation:?} is no operation of Step Functions that this server knows");
            Err(AwsError::new("UnknownOperationException", text))
        }
    };
    let mut response = match outcome {
        Ok(body) => answer(StatusCode::OK, &body),
        Err(error) => error.into_response(),
    };
    response.extensions_mut().insert(RouteLabel(label.unwrap_or("POST /")));
    response
}

fn operation(headers: &HeaderMap) -> Option<&str> {
    headers.get("x-amz-target")?.to_str().ok()?.strip_prefix(TARGET)
}

macro_rules! operations {
    ($($name:literal => $function:path,)*) => {
        /// The operation's name for logs and metrics; `None` when there is no such operation.
        fn label(operation: &str) -> Option<&'static str> {
            match operation {
                $($name => Some(concat!("AWSStepFunctions.", $name)),)*
                _ => None,
            }
        }

        async fn perform(operation: &str, call: &Call) -> Result<Value, AwsError> {
            match operation {
                $($name => $function(call).await,)*
                _ => Err(AwsError::new("UnknownOperationException", operation)),
            }
        }
    };
}

operations! {
    "CreateStateMachine" => machines::create,
    "UpdateStateMachine" => machines::update,
    "DeleteStateMachine" => machines::delete,
    "DescribeStateMachine" => machines::describe,
    "DescribeStateMachineForExecution" => machines::describe_for_execution,
    "ListStateMachines" => machines::list,
    "ValidateStateMachineDefinition" => machines::validate,
    "StartExecution" => executions::start,
    "StartSyncExecution" => executions::start_sync,
    "StopExecution" => executions::stop,
    "DescribeExecution" => executions::describe,
    "ListExecutions" => executions::list,
    "RedriveExecution" => executions::redrive,
    "GetExecutionHistory" => history::get,
    "CreateActivity" => activities::create,
    "DeleteActivity" => activities::delete,
    "DescribeActivity" => activities::describe,
    "ListActivities" => activities::list,
    "GetActivityTask" => activities::get_task,
    "SendTaskSuccess" => tasks::success,
    "SendTaskFailure" => tasks::failure,
    "SendTaskHeartbeat" => tasks::heartbeat,
}

/// A time as the protocol has it: seconds since 1970, with a fraction.
fn seconds(at: Timestamp) -> Value {
    #[allow(clippy::cast_precision_loss)] // milliseconds of this millennium fit exactly
    let seconds = at.millis() as f64 / 1000.0;
    seconds.into()
}

/// A time as the interpreter has it.
fn system_time(at: Timestamp) -> SystemTime {
    UNIX_EPOCH + Duration::from_nanos(u64::try_from(at.0).unwrap_or(0))
}
