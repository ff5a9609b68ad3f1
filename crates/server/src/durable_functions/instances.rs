//! One instance, lists of them, and purging them.

use super::call::Call;
use super::history;
use super::said;
use super::status::{ShownEvent, StatusPayload, code};
use crate::answer::{Answer, Refusal, json, ok, with_header};
use crate::extract::text;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use partita_api::problem::ProblemKind;
use partita_api::{Order, cursor};
use partita_engine::kernel::{InstanceId, Timestamp};
use partita_engine::store::{Filter, Query};
use partita_engine::{EngineError, InstanceView};
use serde_json::json;
use std::time::Duration;

pub(super) const CONTINUATION: HeaderName = HeaderName::from_static("x-ms-continuation-token");
const DEFAULT_TOP: usize = 100;
const LARGEST_TOP: usize = 1000;
/// How long a purge by filter may go on.
const PURGE_TIME: Duration = Duration::from_secs(60);

/// The instance that a path names.
pub(super) async fn existing(call: &Call, id: &str) -> Result<InstanceView, Refusal> {
    let id = InstanceId::trusted(id); // whatever it is: what does not exist is not found
    Ok(call.app.engine.get(&id).await?.ok_or(EngineError::NotFound(id))?)
}

/// `GET /instances/{instanceId}`
pub(super) async fn get(call: &Call, id: &str) -> Answer {
    let view = existing(call, id).await?;
    let history = match call.flag("showHistory") {
        Some(true) => {
            let events = call.app.engine.whole_history(&view.id).await?;
            Some(history::shown(&events, show_input(call), call.flag("showHistoryOutput").unwrap_or(false)))
        }
        _ => None,
    };
    respond(call, &view, history)
}

fn show_input(call: &Call) -> bool {
    call.flag("showInput").unwrap_or(true)
}

/// An instance as the answer to a question for its status.
pub(super) fn respond(call: &Call, view: &InstanceView, history: Option<Vec<ShownEvent>>) -> Answer {
    let fail_loudly = call.flag("returnInternalServerErrorOnFailure").unwrap_or(false);
    let code = code(view.status, fail_loudly);
    let mut response = json(code, &StatusPayload::new(view, show_input(call), history));
    if code == StatusCode::ACCEPTED {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
        response = with_header(response, header::LOCATION, &call.uri);
    }
    Ok(response)
}

/// `GET /instances`
pub(super) async fn list(call: &Call) -> Answer {
    let after = text(&call.headers, &CONTINUATION).filter(|token| !token.is_empty());
    let after = after.map(|token| cursor::decode(Order::Id, token)).transpose().map_err(Refusal::invalid)?;
    let query = Query {
        filter: Filter { id_prefix: call.get("instanceIdPrefix").map(str::to_owned), ..filter(call)? },
        order: Order::Id.to_store(),
        after,
        limit: top(call),
        with_records: true,
    };
    let page = call.app.engine.query(&query).await?;
    let show_input = show_input(call);
    let list: Vec<_> = page.instances.iter().map(|view| StatusPayload::new(view, show_input, None)).collect();
    let response = json(StatusCode::OK, &list);
    Ok(match page.next {
        Some(next) => with_header(response, CONTINUATION, &cursor::encode(Order::Id, &next)),
        None => response,
    })
}

/// How many are listed at once. What is no number counts as not given, as the extension has it.
pub(super) fn top(call: &Call) -> usize {
    let top = call.get("top").and_then(|top| top.parse().ok()).filter(|top| *top > 0);
    top.unwrap_or(DEFAULT_TOP).min(LARGEST_TOP)
}

/// The end of a span of time: the extension's include both ends.
pub(super) fn including(time: Timestamp) -> Timestamp {
    time.after(Duration::from_nanos(1))
}

fn filter(call: &Call) -> Result<Filter, Refusal> {
    Ok(Filter {
        statuses: call.statuses()?,
        created_from: call.time("createdTimeFrom")?,
        created_to: call.time("createdTimeTo")?.map(including),
        ..Filter::default()
    })
}

/// `DELETE /instances/{instanceId}`
pub(super) async fn purge(call: &Call, id: &str) -> Answer {
    let view = existing(call, id).await?;
    if !view.status.is_terminal() {
        let message = format!(
            "Only orchestrations in a terminal state can be purged, but the orchestration with instance ID {id} has \
             status {}",
            view.status
        );
        return Err(said(ProblemKind::PreconditionFailed, &message));
    }
    let deleted = call.app.engine.purge(&view.id, false).await?;
    ok(&json!({ "instancesDeleted": deleted }))
}

/// `DELETE /instances`
pub(super) async fn purge_where(call: &Call) -> Answer {
    let filter = filter(call)?;
    if filter.created_from.is_none() {
        return Err(said(ProblemKind::Invalid, "Please provide value for 'createdTimeFrom' parameter."));
    }
    let report = call.app.engine.purge_where(filter, PURGE_TIME).await?;
    if report.deleted == 0 {
        return Err(Refusal::new(
            ProblemKind::InstanceNotFound,
            "no instance passes the filter and has ended",
        ));
    }
    ok(&json!({ "instancesDeleted": report.deleted }))
}
