//! One instance, and lists of them.

use crate::answer::{Answer, Refusal, ok};
use crate::app::Shared;
use crate::extract::{Id, Pairs};
use axum::extract::State;
use partita_api::problem::Problem;
use partita_api::{
    Counts, Filter, InstanceDetail, InstancePage, InstanceSummary, ListQuery, PurgeReport, Why, cursor,
};
use partita_engine::kernel::InstanceId;
use partita_engine::store::Query;
use partita_engine::{EngineError, InstanceView};

/// Instances of a page when nothing is said, and at most.
const DEFAULT_LIMIT: usize = 100;
const LARGEST_LIMIT: usize = 1000;

/// `GET /api/v1/instances`
pub(crate) async fn list(State(app): State<Shared>, pairs: Pairs) -> Answer {
    let query = ListQuery::from_pairs(pairs.iter()).map_err(Refusal::invalid)?;
    page_of(&app, &query).await
}

/// `GET /api/v1/instances/{id}/children`
pub(crate) async fn children(State(app): State<Shared>, Id(id): Id, pairs: Pairs) -> Answer {
    let mut query = ListQuery::from_pairs(pairs.iter()).map_err(Refusal::invalid)?;
    existing(&app, &id).await?;
    query.filter.parent = Some(id.to_string());
    page_of(&app, &query).await
}

async fn page_of(app: &Shared, query: &ListQuery) -> Answer {
    let limit = query.limit.unwrap_or(DEFAULT_LIMIT);
    if limit == 0 || limit > LARGEST_LIMIT {
        return Err(Refusal::invalid(format!("limit={limit} is not between 1 and {LARGEST_LIMIT}")));
    }
    let after = query.cursor.as_deref().map(|text| cursor::decode(query.order, text)).transpose();
    let question = Query {
        filter: query.filter.to_store(),
        order: query.order.to_store(),
        after: after.map_err(Refusal::invalid)?,
        limit,
        with_records: query.payloads,
    };
    let page = app.engine.query(&question).await?;
    ok(&InstancePage {
        instances: page.instances.iter().map(InstanceSummary::from).collect(),
        next: page.next.map(|next| cursor::encode(query.order, &next)),
    })
}

/// `GET /api/v1/counts`
pub(crate) async fn counts(State(app): State<Shared>, pairs: Pairs) -> Answer {
    let filter = filter_of(&pairs)?;
    ok(&Counts::from(&app.engine.count(&filter.to_store()).await?))
}

/// The filter of a query that has nothing else.
pub(super) fn filter_of(pairs: &Pairs) -> Result<Filter, Refusal> {
    pairs.only(&Filter::KEYS)?;
    Ok(ListQuery::from_pairs(pairs.iter()).map_err(Refusal::invalid)?.filter)
}

/// `GET /api/v1/instances/{id}`
pub(crate) async fn get(State(app): State<Shared>, Id(id): Id) -> Answer {
    ok(&InstanceDetail::from(&existing(&app, &id).await?))
}

/// The instance, or the problem that there is none.
pub(crate) async fn existing(app: &Shared, id: &InstanceId) -> Result<InstanceView, Refusal> {
    Ok(app.engine.get(id).await?.ok_or_else(|| EngineError::NotFound(id.clone()))?)
}

/// `GET /api/v1/instances/{id}/why`
pub(crate) async fn why(State(app): State<Shared>, Id(id): Id) -> Answer {
    match app.engine.why(&id).await? {
        Some(why) => ok(&Why::from(&why)),
        None => Err(Problem::from(&EngineError::NotFound(id)).into()),
    }
}

/// `DELETE /api/v1/instances/{id}`
pub(crate) async fn purge(State(app): State<Shared>, Id(id): Id, pairs: Pairs) -> Answer {
    pairs.only(&["recurse"])?;
    let recurse = pairs.read("recurse", "true or false")?.unwrap_or(false);
    let deleted = app.engine.purge(&id, recurse).await?;
    ok(&PurgeReport { deleted, complete: true })
}
