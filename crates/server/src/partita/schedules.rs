//! The schedules: shown, paused, resumed, run by hand, made up for.

use crate::answer::{Answer, Refusal, ok};
use crate::app::{App, Shared};
use crate::extract::{JsonBody, Pairs, PathParams};
use crate::schedules::{ByHand, HandError, Schedule};
use axum::extract::State;
use partita_api::problem::ProblemKind;
use partita_api::{Backfill, ScheduleList, ScheduleRun};

/// `GET /api/v1/schedules`
pub(crate) async fn list(State(app): State<Shared>, pairs: Pairs) -> Answer {
    pairs.only(&[])?;
    let mut list = ScheduleList::default();
    for schedule in app.options.schedules.iter() {
        list.schedules.push(ByHand { schedule, engine: &app.engine }.show().await?);
    }
    ok(&list)
}

/// `GET /api/v1/schedules/{name}`
pub(crate) async fn get(State(app): State<Shared>, params: PathParams) -> Answer {
    ok(&named(&app, &params)?.show().await?)
}

/// `POST /api/v1/schedules/{name}/pause`
pub(crate) async fn pause(State(app): State<Shared>, params: PathParams) -> Answer {
    set_paused(&app, &params, true).await
}

/// `POST /api/v1/schedules/{name}/resume`
pub(crate) async fn resume(State(app): State<Shared>, params: PathParams) -> Answer {
    set_paused(&app, &params, false).await
}

async fn set_paused(app: &App, params: &PathParams, paused: bool) -> Answer {
    let schedule = named(app, params)?;
    schedule.set_paused(paused).await?;
    ok(&schedule.show().await?)
}

/// `POST /api/v1/schedules/{name}/run`
pub(crate) async fn run(State(app): State<Shared>, params: PathParams) -> Answer {
    let instance = named(&app, &params)?.run().await?;
    ok(&ScheduleRun { instance })
}

#[derive(Default, serde::Deserialize)]
#[serde(transparent)]
pub(crate) struct BackfillBody(Option<Backfill>);

/// `POST /api/v1/schedules/{name}/backfill`
pub(crate) async fn backfill(
    State(app): State<Shared>,
    params: PathParams,
    JsonBody(BackfillBody(body)): JsonBody<BackfillBody>,
) -> Answer {
    let schedule = named(&app, &params)?;
    let span =
        body.ok_or_else(|| Refusal::invalid("the body names no span: {\"from\": \"...\", \"to\": \"...\"}"))?;
    match schedule.backfill(&span).await {
        Ok(report) => ok(&report),
        Err(HandError::Span(detail)) => Err(Refusal::invalid(detail)),
        Err(HandError::Engine(error)) => Err(error.into()),
    }
}

fn named<'a>(app: &'a App, params: &PathParams) -> Result<ByHand<'a>, Refusal> {
    let name = params.get("name");
    let schedules = &app.options.schedules;
    let schedule = schedules.get(name).ok_or_else(|| {
        let known: Vec<&str> = schedules.iter().map(Schedule::name).collect();
        let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        let detail = format!("there is no schedule {name:?} here; there are {known}");
        Refusal::new(ProblemKind::ScheduleNotFound, detail)
    })?;
    Ok(ByHand { schedule, engine: &app.engine })
}
