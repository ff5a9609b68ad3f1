//! What is said to one instance.

use super::call::{Call, bad_json};
use super::instances::existing;
use super::said;
use crate::answer::{Answer, Refusal, accepted};
use crate::extract::{media_type, payload};
use axum::body::Body;
use partita_api::Json;
use partita_api::problem::ProblemKind;
use partita_engine::kernel::{InstanceId, Payload, Status};
use partita_engine::{EngineError, InstanceView};

/// The instance, which must not have ended.
async fn open(call: &Call, id: &str) -> Result<InstanceView, Refusal> {
    let view = existing(call, id).await?;
    if view.status.is_terminal() {
        return Err(EngineError::Finished { id: view.id, status: view.status }.into());
    }
    Ok(view)
}

/// The reason given, as a JSON string.
fn reason(call: &Call) -> Option<Payload> {
    call.get("reason").map(|reason| Json::from(serde_json::Value::from(reason)).to_payload())
}

/// `POST /instances/{instanceId}/raiseEvent/{eventName}`
pub(super) async fn raise_event(call: &Call, body: Body, id: &str, event: &str) -> Answer {
    let id: InstanceId = open(call, id).await?.id;
    let media = media_type(&call.headers);
    if !media.is_some_and(|media| media.eq_ignore_ascii_case("application/json")) {
        return Err(said(ProblemKind::Invalid, "Only application/json request content is supported"));
    }
    let data = payload(&call.read_body(body).await?).map_err(|refusal| bad_json(&refusal))?;
    call.app.engine.raise_event(&id, event, data.as_ref().map(Json::to_payload)).await?;
    accepted()
}

/// `POST /instances/{instanceId}/terminate`
pub(super) async fn terminate(call: &Call, id: &str) -> Answer {
    let view = open(call, id).await?;
    call.app.engine.terminate(&view.id, reason(call), false).await?;
    accepted()
}

/// `POST /instances/{instanceId}/suspend`
pub(super) async fn suspend(call: &Call, id: &str) -> Answer {
    let view = open(call, id).await?;
    call.app.engine.suspend(&view.id, reason(call)).await?;
    accepted()
}

/// `POST /instances/{instanceId}/resume`
pub(super) async fn resume(call: &Call, id: &str) -> Answer {
    let view = open(call, id).await?;
    call.app.engine.resume(&view.id, reason(call)).await?;
    accepted()
}

/// `POST /instances/{instanceId}/rewind`
pub(super) async fn rewind(call: &Call, id: &str) -> Answer {
    let view = existing(call, id).await?;
    match view.status {
        Status::Failed => {}
        status if status.is_terminal() => {
            return Err(EngineError::Finished { id: view.id, status }.into());
        }
        status => {
            let message = format!(
                "This orchestration has status {status}, but only orchestrations in the \"Failed\" state can be rewound."
            );
            return Err(said(ProblemKind::Internal, &message));
        }
    }
    call.app.engine.rewind(&view.id, reason(call)).await?;
    accepted()
}
