//! One request to this API.

use super::error::FnError;
use super::operation::{Act, Operation};
use super::{FN_VERSION, apps, fns, invoke, triggers};
use crate::app::Shared;
use crate::extract::{base, read_body};
use crate::functions::catalogue::Catalogue;
use crate::oci_functions::authenticate;
use axum::body::{Body, Bytes};
use axum::extract::Query;
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use std::sync::Arc;

/// Bytes of a body.
const BODY_BYTES: usize = 6 << 20;
const DEFAULT_PAGE: usize = 30;
const LARGEST_PAGE: usize = 100;

pub(super) type Outcome = Result<Response, FnError>;

/// A request that was let in.
pub(super) struct Call {
    pub(super) catalogue: Arc<Catalogue>,
    pub(super) parts: Parts,
    pub(super) body: Bytes,
    /// `http://host/…`
    pub(super) base: String,
    query: Vec<(String, String)>,
}

impl Call {
    /// Lets a request in and carries it out.
    pub(super) async fn perform(app: Shared, parts: Parts, body: Body, operation: Operation) -> Outcome {
        let catalogue = app.parts.catalogue.clone();
        let now_s = jiff::Timestamp::now().as_second();
        let caller = authenticate(&app.parts.keys, catalogue.as_deref(), &parts, now_s)
            .map_err(|reason| FnError::not_authenticated(&reason))?;
        if operation.changes() {
            caller.may_change()?;
        }
        let catalogue = catalogue.ok_or_else(FnError::no_path)?;
        let body =
            read_body(&parts.headers, body, BODY_BYTES).await.map_err(|refusal| match refusal.0.status {
                413 => FnError::new(StatusCode::PAYLOAD_TOO_LARGE, "Request content too large"),
                _ => FnError::invalid(refusal.0.detail.clone()),
            })?;
        caller.check(&body).map_err(|reason| FnError::not_authenticated(&reason))?;
        let query =
            Query::<Vec<(String, String)>>::try_from_uri(&parts.uri).map(|query| query.0).unwrap_or_default();
        let base = base(&app, &parts);
        Self { catalogue, parts, body, base, query }.dispatch(operation).await
    }

    async fn dispatch(&self, operation: Operation) -> Outcome {
        match operation {
            Operation::Version => shown(&json!({ "version": FN_VERSION })),
            Operation::Invoke { id } => invoke::invoke(self, &id).await,
            Operation::Trigger { app, source } => invoke::trigger(self, &app, &source).await,
            Operation::Apps(Act::List) => apps::list(self),
            Operation::Apps(Act::Create) => apps::create(self).await,
            Operation::Apps(Act::Get(id)) => apps::get(self, &id),
            Operation::Apps(Act::Update(id)) => apps::update(self, &id).await,
            Operation::Apps(Act::Delete(id)) => apps::delete(self, &id).await,
            Operation::Fns(Act::List) => fns::list(self),
            Operation::Fns(Act::Create) => fns::create(self).await,
            Operation::Fns(Act::Get(id)) => fns::get(self, &id),
            Operation::Fns(Act::Update(id)) => fns::update(self, &id).await,
            Operation::Fns(Act::Delete(id)) => fns::delete(self, &id).await,
            Operation::Triggers(Act::List) => triggers::list(self),
            Operation::Triggers(Act::Create) => triggers::create(self).await,
            Operation::Triggers(Act::Get(id)) => triggers::get(self, &id),
            Operation::Triggers(Act::Update(id)) => triggers::update(self, &id).await,
            Operation::Triggers(Act::Delete(id)) => triggers::delete(self, &id).await,
        }
    }

    /// The value of a parameter of the query that says something.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let found = self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        found.filter(|value| !value.is_empty())
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.parts.headers.get(name)?.to_str().ok()
    }

    /// Whether a parameter of the query is absent, or is that value.
    pub(super) fn is(&self, name: &str, value: &str) -> bool {
        self.get(name).is_none_or(|wanted| wanted == value)
    }

    /// The page of a list that is asked for, by name and id.
    pub(super) fn page<T>(
        &self,
        mut items: Vec<T>,
        key: impl Fn(&T) -> (String, String),
        show: impl Fn(&T) -> Value,
    ) -> Outcome {
        let limit = self.get("per_page").and_then(|text| text.parse().ok()).unwrap_or(DEFAULT_PAGE);
        let limit = limit.clamp(1, LARGEST_PAGE);
        items.sort_by_cached_key(&key);
        if let Some(cursor) = self.get("cursor") {
            let after = decode(cursor)
                .ok_or_else(|| FnError::invalid("the cursor is not one that this server gave"))?;
            items.retain(|item| key(item) > after);
        }
        let more = items.len() > limit;
        items.truncate(limit);
        let next = items.last().filter(|_| more).map(|last| encode(&key(last)));
        let items: Vec<Value> = items.iter().map(show).collect();
        shown(&json!({ "items": items, "next_cursor": next.unwrap_or_default() }))
    }
}

fn encode((name, id): &(String, String)) -> String {
    URL_SAFE_NO_PAD.encode(format!("{id}\n{name}"))
}

fn decode(cursor: &str) -> Option<(String, String)> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
    let (id, name) = text.split_once('\n')?;
    Some((name.to_owned(), id.to_owned()))
}

/// `200` with JSON.
#[allow(clippy::unnecessary_wraps)] // the last word of a handler
pub(super) fn shown(body: &Value) -> Outcome {
    Ok(crate::answer::json(StatusCode::OK, body))
}

/// A time as the Fn server writes it.
pub(super) fn time(ms: i64) -> String {
    format!("{:.3}", jiff::Timestamp::from_millisecond(ms).unwrap_or_default())
}
