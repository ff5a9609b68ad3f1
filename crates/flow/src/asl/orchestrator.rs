//! A machine as an orchestrator: the one function that an engine calls.

use super::definition::Machine;
use super::events::{EventKind, Reason};
use super::interpreter::{Fault, Frame, Run, machine};
use partita::{Either, Error, Failure, OrchestrationContext, select};
use serde_json::{Map, Value};
use std::sync::Arc;
use std::time::Duration;

pub use super::interpreter::Environment;

/// The property of a failure that says that the execution had no error name.
pub const NO_ERROR: &str = "states.no-error";
/// The property of a failure that says that the execution had no cause.
pub const NO_CAUSE: &str = "states.no-cause";
/// The property of a failure that says that the execution took longer than the machine's `TimeoutSeconds`.
pub const TIMED_OUT: &str = "states.timed-out";

/// Runs a machine to its end, and gives its output.
///
/// The instance's input is the execution's input; an absent one is `{}`. The machine is fixed for the whole
/// run: whoever calls this keeps the definition that the execution started with.
///
/// # Errors
/// Of the type that is the name of the execution's error, with its cause as the message. As a text cannot be
/// absent, the failure's properties [`NO_ERROR`], [`NO_CAUSE`] and [`TIMED_OUT`] say what is.
pub async fn run(
    machine: Arc<Machine>,
    env: Arc<Environment>,
    ctx: OrchestrationContext,
    input: Value,
) -> partita::Result<Value> {
    let input = match input {
        Value::Null if !machine.child => Value::Object(Map::new()),
        input => input,
    };
    let input = Arc::new(input);
    let run = Run::new(ctx, env, input.clone());
    run.event(0, || EventKind::ExecutionStarted { input: input.clone(), role_arn: run.env.role_arn.clone() });
    match within_time(&run, &machine, input).await {
        Ok((previous, output)) => {
            run.event(previous, || EventKind::ExecutionSucceeded { output: output.clone() });
            Ok(Arc::unwrap_or_clone(output))
        }
        Err(Some((previous, fault))) => {
            run.event(previous, || EventKind::ExecutionFailed(fault.reason.clone()));
            Err(failure(&fault.reason, false))
        }
        Err(None) => {
            let reason = Reason::default();
            run.event(0, || EventKind::ExecutionTimedOut(reason.clone()));
            Err(failure(&reason, true))
        }
    }
}

type Ended = Result<(u64, Arc<Value>), Option<(u64, Fault)>>;

/// Runs it for as long as the machine lets it run; the error is nothing when it took longer.
async fn within_time(run: &Run, definition: &Machine, input: Arc<Value>) -> Ended {
    let Some(seconds) = definition.timeout_seconds else { return from_start(run, definition, input).await };
    let timer = run.ctx.create_timer(Duration::from_secs(seconds));
    match select(Box::pin(from_start(run, definition, input)), timer).await {
        Either::First(ended) => ended,
        Either::Second(()) => Err(None),
    }
}

async fn from_start(run: &Run, definition: &Machine, input: Arc<Value>) -> Ended {
    let mut frame = Frame::new(run, definition);
    let ended = machine(&mut frame, input).await;
    ended.map(|output| (frame.previous, output)).map_err(|fault| Some((frame.previous, fault)))
}

fn failure(reason: &Reason, timed_out: bool) -> Error {
    let error = reason.error.as_deref().unwrap_or(if timed_out { "States.Timeout" } else { "" });
    let mut failure = Failure::new(error, reason.cause.as_deref().unwrap_or_default());
    let marks =
        [(NO_ERROR, reason.error.is_none()), (NO_CAUSE, reason.cause.is_none()), (TIMED_OUT, timed_out)];
    for (name, _) in marks.into_iter().filter(|(_, holds)| *holds) {
        failure.properties.insert(name.into(), "true".into());
    }
    failure.into()
}

/// What [`run`] told of an execution that did not succeed: the error's name and its cause, as far as it has them.
#[must_use]
pub fn reason_of(failure: &Failure) -> (Option<String>, Option<String>) {
    let absent = |mark: &str| failure.properties.contains_key(mark);
    let error = (!absent(NO_ERROR)).then(|| failure.error_type.to_string());
    let cause = (!absent(NO_CAUSE)).then(|| failure.message.to_string());
    (error, cause)
}
