//! Entities.

use super::call::{Call, bad_json};
use super::instances::{CONTINUATION, including, top};
use super::said;
use crate::answer::{Answer, Refusal, accepted, json, with_header};
use crate::entities::{PATIENCE, entity_id};
use crate::extract::{media_type, payload, text, trace};
use axum::body::Body;
use axum::http::StatusCode;
use partita_api::problem::ProblemKind;
use partita_api::{Json, Time, cursor};
use partita_engine::kernel::{InstanceId, Payload};
use partita_engine::{EntityQuery, EntitySignal, EntityView};
use serde::Serialize;

/// What is signalled to have an entity deleted.
const DELETE: &str = "delete";

/// The id of the entity that a path names; the key `$` stands for the empty one.
fn id_of(call: &Call, name: &str, key: &str) -> Result<InstanceId, Refusal> {
    Ok(entity_id(&call.app, name, if key == "$" { "" } else { key })?)
}

/// `GET /entities/{entityName}/{entityKey}`: the state alone, as it was written.
pub(super) async fn get(call: &Call, name: &str, key: &str) -> Answer {
    let id = id_of(call, name, key)?;
    let view = call.app.engine.entity_settled(&id, PATIENCE).await?;
    match view.and_then(|view| view.state) {
        Some(state) => Ok(json(StatusCode::OK, &Json::of_payload(&state))),
        None => Err(Refusal::new(ProblemKind::EntityNotFound, format!("there is no entity {id}"))),
    }
}

/// `POST /entities/{entityName}/{entityKey}?op=…`
pub(super) async fn signal(call: &Call, body: Body, name: &str, key: &str) -> Answer {
    let id = id_of(call, name, key)?;
    let Some(operation) = call.get("op") else {
        return Err(said(ProblemKind::Invalid, "Please name the entity's operation in the parameter 'op'."));
    };
    let input = input(call, body).await?;
    ask(call, &id, operation, input).await
}

/// `DELETE /entities/{entityName}/{entityKey}`
pub(super) async fn delete(call: &Call, name: &str, key: &str) -> Answer {
    ask(call, &id_of(call, name, key)?, DELETE, None).await
}

async fn ask(call: &Call, id: &InstanceId, operation: &str, input: Option<Payload>) -> Answer {
    let signal = EntitySignal {
        operation: operation.to_owned(),
        input,
        trace: trace(&call.headers),
        ..EntitySignal::default()
    };
    crate::entities::signal(&call.app, id, signal).await?;
    accepted()
}

/// The operation's input: JSON where the request says that it is, otherwise text.
async fn input(call: &Call, body: Body) -> Result<Option<Payload>, Refusal> {
    let bytes = call.read_body(body).await?;
    if media_type(&call.headers).is_some_and(|media| media.eq_ignore_ascii_case("application/json")) {
        let input = payload(&bytes).map_err(|refusal| bad_json(&refusal))?;
        return Ok(input.as_ref().map(Json::to_payload));
    }
    let text = std::str::from_utf8(&bytes)
        .map_err(|_| said(ProblemKind::Invalid, "The content is not UTF-8 text"))?;
    Ok((!text.is_empty()).then(|| Json::from(serde_json::Value::from(text)).to_payload()))
}

/// An entity in a list.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Listed<'a> {
    entity_id: Id<'a>,
    last_operation_time: Time,
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<Json>,
}

#[derive(Serialize)]
struct Id<'a> {
    name: &'a str,
    key: &'a str,
}

impl<'a> Listed<'a> {
    fn new(view: &'a EntityView, with_state: bool) -> Self {
        let (name, key) = view.id.entity_parts().unwrap_or_default();
        Self {
            entity_id: Id { name, key },
            last_operation_time: Time(view.updated_at),
            state: view.state.as_ref().filter(|_| with_state).map(Json::of_payload),
        }
    }
}

/// `GET /entities` and `GET /entities/{entityName}`
pub(super) async fn list(call: &Call, name: Option<&str>) -> Answer {
    let after = text(&call.headers, &CONTINUATION).filter(|token| !token.is_empty());
    let query = EntityQuery {
        // A name that ends with * would be a pattern; as the beginning of ids it is what it says.
        id_prefix: name.map(|name| format!("@{}@", name.to_lowercase())),
        updated_from: call.time("lastOperationTimeFrom")?,
        updated_to: call.time("lastOperationTimeTo")?.map(including),
        after: after.map(cursor::decode_entity).transpose().map_err(Refusal::invalid)?,
        limit: top(call),
        ..EntityQuery::default()
    };
    let page = call.app.engine.entities(&query).await?;
    let with_state = call.flag("fetchState").unwrap_or(false);
    let list: Vec<_> = page.entities.iter().map(|view| Listed::new(view, with_state)).collect();
    let response = json(StatusCode::OK, &list);
    Ok(match page.next {
        Some(next) => with_header(response, CONTINUATION, &cursor::encode_entity(&next)),
        None => response,
    })
}
