//! What is said to one instance.

use crate::answer::{Answer, accepted};
use crate::app::Shared;
use crate::extract::{Id, JsonBody, PathParams, PayloadBody};
use axum::extract::State;
use partita_api::{Json, Reason, Terminate};
use partita_engine::kernel::Payload;
use partita_engine::why::reason_payload;

/// `POST /api/v1/instances/{id}/events/{event}`
pub(crate) async fn raise_event(
    State(app): State<Shared>,
    Id(id): Id,
    params: PathParams,
    PayloadBody(body): PayloadBody,
) -> Answer {
    app.engine.raise_event(&id, params.get("event"), body.as_ref().map(Json::to_payload)).await?;
    accepted()
}

/// `POST /api/v1/instances/{id}/suspend`
pub(crate) async fn suspend(
    State(app): State<Shared>,
    Id(id): Id,
    JsonBody(body): JsonBody<Reason>,
) -> Answer {
    app.engine.suspend(&id, payload(&body)).await?;
    accepted()
}

/// `POST /api/v1/instances/{id}/resume`
pub(crate) async fn resume(
    State(app): State<Shared>,
    Id(id): Id,
    JsonBody(body): JsonBody<Reason>,
) -> Answer {
    app.engine.resume(&id, payload(&body)).await?;
    accepted()
}

/// `POST /api/v1/instances/{id}/rewind`
pub(crate) async fn rewind(
    State(app): State<Shared>,
    Id(id): Id,
    JsonBody(body): JsonBody<Reason>,
) -> Answer {
    app.engine.rewind(&id, payload(&body)).await?;
    accepted()
}

/// `POST /api/v1/instances/{id}/terminate`
pub(crate) async fn terminate(
    State(app): State<Shared>,
    Id(id): Id,
    JsonBody(body): JsonBody<Terminate>,
) -> Answer {
    app.engine.terminate(&id, body.output.as_ref().map(Json::to_payload), body.recurse).await?;
    accepted()
}

fn payload(reason: &Reason) -> Option<Payload> {
    reason_payload(reason.reason.as_deref())
}
