//! Task hubs: which there are, making and deleting them.

use crate::answer::{Answer, Refusal, json, ok, with_header};
use crate::app::Shared;
use crate::durable_task::workers::Workers;
use crate::extract::{Pairs, PathParams};
use crate::hubs::{DEFAULT, Hub as Opened, HubError, HubName, Hubs, unfinished};
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use partita_api::{Hub, HubList, Time, paths};
use std::sync::Arc;

/// `GET /api/v1/hubs`
pub(crate) async fn list(State(app): State<Shared>, pairs: Pairs) -> Answer {
    pairs.only(&[])?;
    let mut list = HubList { hubs: Vec::from([default(&app).await?]) };
    for hub in app.parts.hubs.iter().flat_map(|hubs| hubs.list()) {
        list.hubs.push(shown(&hub).await?);
    }
    ok(&list)
}

/// `PUT /api/v1/hubs/{name}`: makes it, unless it is there.
pub(crate) async fn create(State(app): State<Shared>, params: PathParams, pairs: Pairs) -> Answer {
    pairs.only(&[])?;
    let name = params.get("name");
    if is_default(&app, name) {
        return ok(&default(&app).await?);
    }
    let (hub, is_new) = of(&app)?.create(&HubName::parse(name).map_err(HubError::from)?).await?;
    let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
    let answer = json(status, &shown(&hub).await?);
    Ok(with_header(answer, header::LOCATION, &paths::hub(hub.name().as_str())))
}

/// `DELETE /api/v1/hubs/{name}`: deletes it with everything that is in it.
pub(crate) async fn delete(State(app): State<Shared>, params: PathParams, pairs: Pairs) -> Answer {
    pairs.only(&["force"])?;
    let force = pairs.read("force", "true or false")?.unwrap_or(false);
    let name = params.get("name");
    if is_default(&app, name) {
        return Err(HubError::Default("the default task hub cannot be deleted").into());
    }
    of(&app)?.delete(&HubName::parse(name).map_err(HubError::from)?, force).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

fn of(app: &Shared) -> Result<&Arc<Hubs>, HubError> {
    app.parts.hubs.as_ref().ok_or(HubError::Alone)
}

fn is_default(app: &Shared, name: &str) -> bool {
    match &app.parts.hubs {
        Some(hubs) => hubs.is_default(name),
        None => name.eq_ignore_ascii_case(DEFAULT),
    }
}

async fn default(app: &Shared) -> Result<Hub, Refusal> {
    Ok(Hub {
        name: DEFAULT.to_owned(),
        created_at: None,
        unfinished: unfinished(&app.engine).await?,
        workers: connected(app.parts.workers.as_ref()),
    })
}

async fn shown(hub: &Opened) -> Result<Hub, Refusal> {
    Ok(Hub {
        name: hub.name().to_string(),
        created_at: Some(Time(hub.created_at())),
        unfinished: unfinished(hub.engine()).await?,
        workers: connected(hub.parts().workers.as_ref()),
    })
}

fn connected(workers: Option<&Arc<Workers>>) -> usize {
    workers.map_or(0, |workers| workers.list().len())
}
