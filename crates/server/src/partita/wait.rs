//! Long polls.

use crate::answer::{Answer, Refusal, json};
use crate::app::Shared;
use crate::extract::{Id, Pairs};
use crate::partita::instances::existing;
use axum::extract::State;
use axum::http::StatusCode;
use partita_api::{InstanceDetail, WaitUntil};
use partita_engine::kernel::{InstanceId, Status};
use partita_engine::{EngineError, InstanceView, WaitFor};
use std::time::Duration;

/// Seconds to wait when nothing is said, and at most.
const DEFAULT_SECONDS: f64 = 30.0;
const LONGEST_SECONDS: f64 = 300.0;

/// `GET /api/v1/instances/{id}/wait`: 200 when it is as was waited for, 202 when time is up.
pub(crate) async fn wait(State(app): State<Shared>, Id(id): Id, pairs: Pairs) -> Answer {
    pairs.only(&["waitFor", "timeout", "historyEvents"])?;
    let until = until(pairs.get("waitFor"))?;
    let timeout = seconds(pairs.read("timeout", "a number of seconds")?)?;
    let view = existing(&app, &id).await?;
    let seen = pairs.read("historyEvents", "a whole number")?.unwrap_or(view.history_events);
    let (what, reached): (WaitFor, fn(&InstanceView, u32) -> bool) = match until {
        WaitUntil::End => (WaitFor::End, |view, _| view.status.is_terminal()),
        WaitUntil::Start => (WaitFor::Start, |view, _| view.status != Status::Pending),
        WaitUntil::Change => {
            (WaitFor::Change { updated_at: view.updated_at, history_events: seen }, |view, seen| {
                view.history_events != seen
            })
        }
    };
    let before = view.updated_at;
    let view = wait_for(&app, &id, what, timeout).await?;
    let changed = until == WaitUntil::Change && view.updated_at != before;
    let done = changed || reached(&view, seen);
    let status = if done { StatusCode::OK } else { StatusCode::ACCEPTED };
    Ok(json(status, &InstanceDetail::from(&view)))
}

/// Waits for an instance until time is up or the server stops; gives it as it is then.
pub(crate) async fn wait_for(
    app: &Shared,
    id: &InstanceId,
    what: WaitFor,
    timeout: Duration,
) -> Result<InstanceView, Refusal> {
    let view = tokio::select! {
        view = app.engine.wait(id, what, Some(timeout)) => view?,
        () = app.stopping.cancelled() => app.engine.get(id).await?,
    };
    Ok(view.ok_or_else(|| EngineError::NotFound(id.clone()))?)
}

fn until(name: Option<&str>) -> Result<WaitUntil, Refusal> {
    match name {
        None | Some("end") => Ok(WaitUntil::End),
        Some("start") => Ok(WaitUntil::Start),
        Some("change") => Ok(WaitUntil::Change),
        Some(other) => {
            Err(Refusal::invalid(format!("waitFor={other:?} is unknown; there are end, start, change")))
        }
    }
}

fn seconds(asked: Option<f64>) -> Result<Duration, Refusal> {
    let seconds = asked.unwrap_or(DEFAULT_SECONDS);
    if !(0.0..=LONGEST_SECONDS).contains(&seconds) {
        return Err(Refusal::invalid(format!(
            "timeout={seconds} is not between 0 and {LONGEST_SECONDS} seconds"
        )));
    }
    Ok(Duration::from_secs_f64(seconds))
}
