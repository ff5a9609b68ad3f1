//! Starting and restarting, with or without waiting.

use super::call::{Call, bad_json};
use super::instances::respond;
use super::links::check_status;
use super::said;
use super::status::output;
use crate::answer::{Answer, Refusal, json};
use crate::extract::{payload, trace};
use crate::partita::wait_for;
use axum::body::Body;
use axum::http::StatusCode;
use partita_api::Json;
use partita_api::problem::ProblemKind;
use partita_engine::kernel::{InstanceId, Status};
use partita_engine::{EngineError, StartRequest, WaitFor};
use std::time::Duration;

/// Statuses in which an instance of the same id gives way to a new one, as in the extension.
const REPLACEABLE: [Status; 4] = [Status::Completed, Status::Failed, Status::Terminated, Status::Canceled];

/// `POST /orchestrators/{functionName}/{instanceId?}`
pub(super) async fn start(call: &Call, body: Body, function: String, id: Option<String>) -> Answer {
    let patience = patience(call)?;
    let input = payload(&call.read_body(body).await?).map_err(|refusal| bad_json(&refusal))?;
    let request = StartRequest {
        name: function,
        version: call.get("version").map(str::to_owned),
        id,
        input: input.as_ref().map(Json::to_payload),
        replaceable: REPLACEABLE.to_vec(),
        trace: trace(&call.headers),
        ..StartRequest::default()
    };
    let started = call.app.engine.start(request).await.map_err(not_started)?;
    answer(call, &started.id, patience).await
}

/// `POST /instances/{instanceId}/restart`
pub(super) async fn restart(call: &Call, id: &str) -> Answer {
    let patience = patience(call)?;
    let new_id = call.flag("restartWithNewInstanceId").unwrap_or(true);
    let id = call.app.engine.instance_id(id)?;
    let started = call.app.engine.restart(&id, new_id).await.map_err(|error| match error {
        EngineError::NotFound(_) => {
            said(ProblemKind::Invalid, "InstanceId does not match a valid orchestration instance.")
        }
        EngineError::WrongStatus { .. } => {
            said(ProblemKind::WrongStatus, "A non-terminal instance with this instance ID already exists.")
        }
        other => not_started(other),
    })?;
    answer(call, &started.id, patience).await
}

/// How long the caller waits for the end, if it does.
fn patience(call: &Call) -> Result<Option<Duration>, Refusal> {
    let (timeout, interval) = (call.seconds("timeout")?, call.seconds("pollingInterval")?);
    let (Some(timeout), Some(interval)) = (timeout, interval) else { return Ok(None) };
    if interval > timeout {
        let message = format!(
            "Total timeout {} should be bigger than retry timeout {}",
            timeout.as_secs_f64(),
            interval.as_secs_f64()
        );
        return Err(said(ProblemKind::Invalid, &message));
    }
    Ok(Some(timeout))
}

async fn answer(call: &Call, id: &InstanceId, patience: Option<Duration>) -> Answer {
    let Some(timeout) = patience else { return Ok(check_status(call, id.as_str())) };
    let view = wait_for(&call.app, id, WaitFor::End, timeout).await?;
    match view.status {
        Status::Completed => Ok(json(StatusCode::OK, &output(&view))),
        status if status.is_terminal() => respond(call, &view, None),
        _ => Ok(check_status(call, id.as_str())),
    }
}

/// Here an unknown function is a bad argument, not a missing page.
fn not_started(error: EngineError) -> Refusal {
    let unknown = matches!(error, EngineError::UnknownWorkflow { .. });
    let mut refusal = Refusal::from(error);
    if unknown {
        refusal.0.status = 400;
    }
    refusal
}
