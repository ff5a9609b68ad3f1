//! How the shop is told to make trouble, and what it has done.

use super::Shared;
use super::behaviour::{Behaviour, Behaviours};
use super::ledger::{Ledger, STOCK};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use std::collections::BTreeMap;

#[derive(Deserialize)]
pub(super) struct Behave {
    service: String,
    #[serde(flatten)]
    behaviour: BTreeMap<String, serde_json::Value>,
}

/// `POST /admin/behave {"service": "cart", "failTimes": 2}`.
pub(super) async fn behave(
    State(shop): State<Shared>,
    Json(Behave { service, behaviour }): Json<Behave>,
) -> Result<Json<Behaviour>, (StatusCode, String)> {
    let known = Behaviours::SERVICES;
    if !known.contains(&service.as_str()) {
        let detail = format!("there is no service {service:?}; there are {}", known.join(", "));
        return Err((StatusCode::BAD_REQUEST, detail));
    }
    // Flattening and refusing unknown names do not go together in serde; so it is read in two steps.
    let read = serde_json::from_value(serde_json::json!(behaviour));
    let behaviour: Behaviour = read.map_err(|error| (StatusCode::BAD_REQUEST, error.to_string()))?;
    shop.behaviours.lock().set(&service, behaviour.clone());
    Ok(Json(behaviour))
}

/// `GET /admin/behave`.
pub(super) async fn behaviours(State(shop): State<Shared>) -> Json<BTreeMap<String, Behaviour>> {
    Json(shop.behaviours.lock().all().clone())
}

/// `GET /admin/ledger`.
pub(super) async fn ledger(State(shop): State<Shared>) -> Json<Ledger> {
    Json(shop.ledger.lock().clone())
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Reset {
    stock: Option<u32>,
}

/// `POST /admin/reset`, with `{"stock": 5}` for another stock: forgets everything and behaves.
pub(super) async fn reset(State(shop): State<Shared>, body: Option<Json<Reset>>) -> StatusCode {
    let Json(Reset { stock }) = body.unwrap_or_default();
    *shop.behaviours.lock() = Behaviours::default();
    *shop.ledger.lock() = Ledger::with_stock(stock.unwrap_or(STOCK));
    StatusCode::NO_CONTENT
}
