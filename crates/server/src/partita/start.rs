//! Starting and restarting.

use crate::answer::{Answer, Refusal, json, with_header};
use crate::app::Shared;
use crate::extract::{Base, Id, JsonBody, PathParams, text, trace};
use crate::start::{Outcome, id_of_key, start_once};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use partita_api::instance::to_kernel_tags;
use partita_api::{Json, Links, Restart, Start, Started};
use partita_engine::StartRequest;

/// `POST /api/v1/workflows/{name}/instances`
pub(crate) async fn start(
    State(app): State<Shared>,
    params: PathParams,
    Base(base): Base,
    headers: HeaderMap,
    JsonBody(body): JsonBody<Start>,
) -> Answer {
    let name = params.get("name");
    let key = text(&headers, &HeaderName::from_static("idempotency-key"));
    let id = match (key, &body.id) {
        (Some(_), Some(_)) => {
            return Err(Refusal::invalid(
                "give an id or an Idempotency-Key, not both: the key becomes the id",
            ));
        }
        (Some(key), None) => Some(id_of_key(name, key)?),
        (None, id) => id.clone(),
    };
    let request = StartRequest {
        name: name.to_owned(),
        version: body.version,
        id,
        input: body.input.as_ref().map(Json::to_payload),
        tags: to_kernel_tags(&body.tags),
        scheduled_at: body.scheduled_at.map(Into::into),
        replaceable: body.replace.iter().map(|status| status.0).collect(),
        trace: trace(&headers),
    };
    let outcome = match key {
        Some(_) => start_once(&app, request).await?,
        None => Outcome::New(app.engine.start(request).await?),
    };
    Ok(answer(&app, &outcome, &base))
}

/// `POST /api/v1/instances/{id}/restart`
pub(crate) async fn restart(
    State(app): State<Shared>,
    Id(id): Id,
    Base(base): Base,
    JsonBody(body): JsonBody<Restart>,
) -> Answer {
    let started = match (&body.input, body.new_id) {
        (None, new_id) => app.engine.restart(&id, new_id).await?,
        (Some(input), true) => app.engine.restart_with(&id, input.to_payload()).await?,
        (Some(_), false) => {
            let detail = "another input is for a run with an id of its own; leave newId out, or the input";
            return Err(Refusal::invalid(detail));
        }
    };
    Ok(answer(&app, &Outcome::New(started), &base))
}

fn answer(app: &Shared, outcome: &Outcome, base: &str) -> axum::response::Response {
    let (status, execution) = match outcome {
        Outcome::New(started) => (StatusCode::ACCEPTED, Some(started.execution.to_string())),
        Outcome::Repeated(_) => (StatusCode::OK, None),
    };
    let links = Links::new(base, outcome.id().as_str());
    let links = match &app.hub {
        Some(hub) => links.of_hub(hub.as_str()),
        None => links,
    };
    let location = links.instance.clone();
    let created = execution.is_some();
    let body = Started { id: outcome.id().to_string(), execution_id: execution, created, links };
    with_header(json(status, &body), header::LOCATION, &location)
}
