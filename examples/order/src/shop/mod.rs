//! All the microservices of the shop in one process, in memory: carts, users, warehouse, shipping, pricing, and
//! a payment provider that calls back.
//!
//! | module | holds |
//! | --- | --- |
//! | `goods` | the microservices that answer at once |
//! | `payments` | the payment provider |
//! | `behaviour` | trouble on demand: slow, failing, refusing, silent |
//! | `ledger` | what was done, and under which key |
//! | `admin` | how the two are reached |
//!
//! What changes anything is idempotent by the `Idempotency-Key` of the request: the same key gets the same
//! answer, and nothing happens twice.

mod admin;
mod behaviour;
mod goods;
mod ledger;
mod payments;

pub use behaviour::Behaviour;
pub use ledger::{Charge, ChargeState, Ledger, Reserved, Shipped};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use behaviour::Behaviours;
use parking_lot::Mutex;
use std::sync::Arc;
use uuid::Uuid;

/// What the shop's handlers share.
#[derive(Debug)]
struct Shop {
    ledger: Mutex<Ledger>,
    behaviours: Mutex<Behaviours>,
    callbacks: reqwest::Client,
}

type Shared = Arc<Shop>;

/// All the shop serves.
///
/// # Errors
/// When no HTTP client can be made for the callbacks.
pub fn router() -> Result<Router, reqwest::Error> {
    let callbacks = crate::clients::http_client(std::time::Duration::from_secs(5))?;
    let shop = Arc::new(Shop { ledger: Mutex::default(), behaviours: Mutex::default(), callbacks });
    let services = Router::new()
        .route("/cart/{id}", get(goods::cart))
        .route("/users/{id}", get(goods::user))
        .route("/warehouse/reservations", post(goods::reserve))
        .route("/warehouse/reservations/{id}", delete(goods::release))
        .route("/shipping/cost", post(goods::shipping_cost))
        .route("/shipping/orders", post(goods::ship))
        .route("/pricing/final", post(goods::price))
        .route("/payments", post(payments::start))
        .layer(from_fn_with_state(shop.clone(), behave));
    let admin = Router::new()
        .route("/admin/behave", get(admin::behaviours).post(admin::behave))
        .route("/admin/ledger", get(admin::ledger))
        .route("/admin/reset", post(admin::reset))
        .route("/livez", get(|| async { "ok" }));
    Ok(services.merge(admin).with_state(shop))
}

/// Lets a service be as troublesome as was asked for. A request that fails `after` has done its work.
async fn behave(State(shop): State<Shared>, request: Request, next: Next) -> Response {
    let service = service_of(request.uri().path());
    let path = request.uri().path().to_owned();
    let (turn, delay) = shop.behaviours.lock().next(service);
    let failure = turn.map(|failure| (failure.status, failure.after));
    let response = match failure {
        Some((status, false)) => sorry(service, status),
        Some((status, true)) => {
            let _done = next.run(request).await;
            sorry(service, status)
        }
        None => next.run(request).await,
    };
    shop.ledger.lock().asked(service, &path, response.status().as_u16());
    tokio::time::sleep(delay).await;
    response
}

fn sorry(service: &str, status: u16) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, format!("the {service} service was told to fail")).into_response()
}

/// The microservice that a path belongs to. Ordering parcels counts as one of its own, `shipments`.
fn service_of(path: &str) -> &'static str {
    const SERVICES: [(&str, &str); 7] = [
        ("/cart/", "cart"),
        ("/users/", "users"),
        ("/warehouse/", "warehouse"),
        ("/shipping/cost", "shipping"),
        ("/shipping/orders", "shipments"),
        ("/pricing/", "pricing"),
        ("/payments", "payment"),
    ];
    SERVICES.iter().find(|(prefix, _)| path.starts_with(prefix)).map_or("unknown", |(_, service)| service)
}

/// The key of a request; a new one when it has none, so that it counts as a request of its own.
fn key(headers: &HeaderMap) -> String {
    let given = headers.get("idempotency-key").and_then(|key| key.to_str().ok());
    given.map_or_else(|| Uuid::new_v4().to_string(), str::to_owned)
}
