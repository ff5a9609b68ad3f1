//! Entities: one, lists of them, their operations, and tidying up.

use crate::answer::{Answer, Refusal, accepted, ok};
use crate::app::Shared;
use crate::entities::{CLEANING_TIME, PATIENCE, entity_id, signal};
use crate::extract::{JsonBody, Pairs, PathParams, PayloadBody, trace};
use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use partita_api::problem::ProblemKind;
use partita_api::{
    CleanEntities, Entity, EntityCleaning, EntityListQuery, EntityPage, Json, Time, cursor, paths,
};
use partita_engine::kernel::InstanceId;
use partita_engine::{EntitySignal, EntityView};

/// Entities of a page when nothing is said, and at most.
const DEFAULT_LIMIT: usize = 100;
const LARGEST_LIMIT: usize = 1000;

/// The path's `{name}` and `{key}`, checked.
pub(crate) struct EntityId(InstanceId);

impl FromRequestParts<Shared> for EntityId {
    type Rejection = Refusal;
    async fn from_request_parts(parts: &mut Parts, app: &Shared) -> Result<Self, Refusal> {
        let params = PathParams::from_request_parts(parts, app).await?;
        Ok(Self(entity_id(app, params.get("name"), paths::entity_key(params.get("key")))?))
    }
}

/// `GET /api/v1/entities`
pub(crate) async fn list(State(app): State<Shared>, pairs: Pairs) -> Answer {
    let query = EntityListQuery::from_pairs(pairs.iter()).map_err(Refusal::invalid)?;
    let limit = query.limit.unwrap_or(DEFAULT_LIMIT);
    if limit == 0 || limit > LARGEST_LIMIT {
        return Err(Refusal::invalid(format!("limit={limit} is not between 1 and {LARGEST_LIMIT}")));
    }
    let question = query.to_engine(limit, after(query.cursor.as_deref())?).map_err(Refusal::invalid)?;
    let page = app.engine.entities(&question).await?;
    ok(&EntityPage {
        entities: page.entities.iter().map(|view| Entity::new(view, query.state)).collect(),
        next: page.next.as_ref().map(cursor::encode_entity),
    })
}

fn after(cursor: Option<&str>) -> Result<Option<InstanceId>, Refusal> {
    cursor.map(cursor::decode_entity).transpose().map_err(Refusal::invalid)
}

/// `GET /api/v1/entities/{name}/{key}`
pub(crate) async fn get(State(app): State<Shared>, EntityId(id): EntityId, pairs: Pairs) -> Answer {
    pairs.only(&[])?;
    match app.engine.entity_settled(&id, PATIENCE).await? {
        Some(view) => ok(&Entity::new(&view, true)),
        None => Err(not_found(&id)),
    }
}

fn not_found(id: &InstanceId) -> Refusal {
    Refusal::new(ProblemKind::EntityNotFound, format!("there is no entity {id}"))
        .with("entityId", id.as_str())
}

/// `POST /api/v1/entities/{name}/{key}/signals/{operation}`
pub(crate) async fn signal_one(
    State(app): State<Shared>,
    EntityId(id): EntityId,
    params: PathParams,
    pairs: Pairs,
    headers: HeaderMap,
    PayloadBody(body): PayloadBody,
) -> Answer {
    pairs.only(&["at"])?;
    let at = pairs.read::<Time>("at", "a time; write it like 2026-03-01T12:00:00Z (RFC 3339)")?;
    let asked = EntitySignal {
        operation: params.get("operation").to_owned(),
        input: body.as_ref().map(Json::to_payload),
        scheduled_at: at.map(Into::into),
        trace: trace(&headers),
        ..EntitySignal::default()
    };
    signal(&app, &id, asked).await?;
    accepted()
}

/// `DELETE /api/v1/entities/{name}/{key}`: removes it at once, with its state.
pub(crate) async fn remove(State(app): State<Shared>, EntityId(id): EntityId, pairs: Pairs) -> Answer {
    pairs.only(&[])?;
    if app.engine.remove_entity(&id).await? {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    match app.engine.entity(&id).await? {
        None => Err(not_found(&id)),
        Some(view) => Err(in_use(&view)),
    }
}

fn in_use(view: &EntityView) -> Refusal {
    let EntityView { id, backlog, .. } = view;
    let why = match &view.lock {
        Some((holder, ..)) => format!("the instance {holder:?} has it locked"),
        None => format!("operations or lock requests wait for it ({backlog})"),
    };
    let detail = format!("the entity {id} is in use: {why}; try again later, or signal the operation delete");
    let refusal = Refusal::new(ProblemKind::EntityInUse, detail).with("entityId", id.as_str());
    match &view.lock {
        Some((holder, ..)) => refusal.with("lockedBy", holder.as_str()),
        None => refusal.with("queueLength", *backlog),
    }
}

/// `POST /api/v1/entities/clean`
pub(crate) async fn clean(State(app): State<Shared>, JsonBody(body): JsonBody<CleanEntities>) -> Answer {
    let after = after(body.cursor.as_deref())?;
    let cleaned =
        app.engine.clean_entities(body.remove_empty, body.release_orphaned_locks, after, CLEANING_TIME);
    let (cleaning, next) = cleaned.await?;
    ok(&EntityCleaning::new(cleaning, next.as_ref().map(cursor::encode_entity)))
}
