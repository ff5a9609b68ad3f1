//! Operations on all instances that pass a filter.

use crate::answer::{Answer, Refusal, ok};
use crate::app::Shared;
use crate::extract::{JsonBody, Pairs, PathParams};
use crate::partita::instances::filter_of;
use axum::extract::State;
use futures::StreamExt;
use futures::stream::iter;
use partita_api::problem::{Problem, ProblemKind};
use partita_api::{Bulk, BulkFailure, BulkOperation, BulkReport, Json, PurgeReport};
use partita_engine::EngineError;
use partita_engine::kernel::{InstanceId, Status};
use partita_engine::store::{Filter, Order, Query};
use partita_engine::why::reason_payload;
use std::time::Duration;
use tokio::time::Instant;

/// How many are under way at a time.
const AT_A_TIME: usize = 64;
const PAGE: usize = 500;
/// How many refusals are told.
const TOLD: usize = 20;
/// How long one request may go on.
const SLICE: Duration = Duration::from_secs(30);

/// `DELETE /api/v1/instances`
pub(crate) async fn purge_where(State(app): State<Shared>, pairs: Pairs) -> Answer {
    let filter = filter_of(&pairs)?;
    if filter.is_empty() {
        return Err(no_filter());
    }
    let report = app.engine.purge_where(filter.to_store(), SLICE).await?;
    ok(&PurgeReport { deleted: report.deleted, complete: report.complete })
}

fn no_filter() -> Refusal {
    Refusal::invalid(
        "no filter was given, which would mean every instance; if that is meant, name all statuses",
    )
}

/// `POST /api/v1/bulk/{operation}`
pub(crate) async fn bulk(
    State(app): State<Shared>,
    params: PathParams,
    JsonBody(body): JsonBody<Bulk>,
) -> Answer {
    let name = params.get("operation");
    let operation = BulkOperation::parse(name).ok_or_else(|| {
        let names = BulkOperation::ALL.map(BulkOperation::name);
        let detail = format!("there is no bulk operation {name:?}; there are {}", names.join(", "));
        Refusal::new(ProblemKind::NoRoute, detail)
    })?;
    if body.filter.is_empty() {
        return Err(no_filter());
    }
    let filter = meant(operation, body.filter.to_store());
    let matched = if filter.statuses.is_empty() { 0 } else { app.engine.count(&filter).await?.total() };
    let mut report = BulkReport {
        operation,
        matched,
        done: 0,
        failed: 0,
        complete: matched == 0,
        dry_run: body.dry_run,
        failures: Vec::new(),
    };
    if !body.dry_run && matched > 0 {
        run(&app, &body, filter, &mut report).await?;
    }
    ok(&report)
}

/// The filter, narrowed to the statuses in which the operation makes sense. When none is left, nothing is
/// meant.
fn meant(operation: BulkOperation, mut filter: Filter) -> Filter {
    let live = [Status::Running, Status::Pending, Status::Suspended, Status::ContinuedAsNew];
    let ended = [Status::Completed, Status::Failed, Status::Terminated, Status::Canceled];
    let sensible: &[Status] = match operation {
        BulkOperation::Terminate => &live,
        BulkOperation::Suspend => &[Status::Running, Status::Pending],
        BulkOperation::Resume if filter.set_aside == Some(true) => &live,
        BulkOperation::Resume => &[Status::Suspended],
        BulkOperation::Rewind => &[Status::Failed],
        BulkOperation::Purge => &ended,
    };
    if filter.statuses.is_empty() {
        filter.statuses = sensible.to_vec();
    }
    filter.statuses.retain(|status| sensible.contains(status));
    filter
}

async fn run(app: &Shared, body: &Bulk, filter: Filter, report: &mut BulkReport) -> Result<(), Refusal> {
    let limit = body.limit.unwrap_or(usize::MAX).min(app.options.bulk_limit);
    let until = Instant::now() + SLICE;
    let mut query = Query { filter, order: Order::IdAscending, ..Query::default() };
    let mut touched = 0;
    while touched < limit && Instant::now() < until && !app.stopping.is_cancelled() {
        query.limit = PAGE.min(limit - touched);
        let page = app.engine.query(&query).await?;
        touched += page.instances.len();
        let ids = page.instances.into_iter().map(|view| view.id);
        let outcomes = iter(ids.map(|id| async { (one(app, body, report.operation, &id).await, id) }));
        let outcomes: Vec<_> = outcomes.buffer_unordered(AT_A_TIME).collect().await;
        for (outcome, id) in outcomes {
            note(report, outcome, &id);
        }
        query.after = page.next;
        if query.after.is_none() {
            report.complete = true;
            break;
        }
    }
    Ok(())
}

async fn one(
    app: &Shared,
    body: &Bulk,
    operation: BulkOperation,
    id: &InstanceId,
) -> Result<(), EngineError> {
    let reason = reason_payload(body.reason.as_deref());
    match operation {
        BulkOperation::Terminate => {
            let output =
                body.reason.as_deref().map(|reason| Json::from(serde_json::Value::from(reason)).to_payload());
            app.engine.terminate(id, output, body.recurse).await
        }
        BulkOperation::Suspend => app.engine.suspend(id, reason).await,
        BulkOperation::Resume => app.engine.resume(id, reason).await,
        BulkOperation::Rewind => app.engine.rewind(id, reason).await,
        BulkOperation::Purge => app.engine.purge(id, body.recurse).await.map(drop),
    }
}

fn note(report: &mut BulkReport, outcome: Result<(), EngineError>, id: &InstanceId) {
    match outcome {
        Ok(()) => report.done += 1,
        Err(error) => {
            report.failed += 1;
            if report.failures.len() < TOLD {
                report.failures.push(BulkFailure { id: id.to_string(), problem: Problem::from(&error) });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_statuses_in_which_it_makes_sense_are_meant() {
        let of = |operation, statuses: &[Status], set_aside| {
            let filter = Filter { statuses: statuses.to_vec(), set_aside, ..Filter::default() };
            meant(operation, filter).statuses
        };
        assert_eq!(of(BulkOperation::Rewind, &[], None), [Status::Failed]);
        assert_eq!(of(BulkOperation::Terminate, &[Status::Running, Status::Failed], None), [Status::Running]);
        assert_eq!(of(BulkOperation::Purge, &[Status::Running], None), []);
        assert_eq!(of(BulkOperation::Resume, &[], None), [Status::Suspended]);
        assert_eq!(of(BulkOperation::Resume, &[Status::Running], Some(true)), [Status::Running]);
    }
}
