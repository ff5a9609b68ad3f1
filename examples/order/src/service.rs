//! The order service's own HTTP routes: what customers and the payment provider see.

use crate::domain::StartOrder;
use crate::settings::Settings;
use crate::workflow::{NEW_ORDER, PAYMENT_FAIL, PAYMENT_SUCCESS, payment_id};
use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use partita::{Client, EngineError, InstanceView, StartOptions};
use partita_api::Json;
use partita_api::problem::{MEDIA_TYPE, Problem, ProblemKind};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use uuid::Uuid;

/// What the handlers share.
struct Orders {
    client: Client,
    public_url: String,
    payment_timeout_seconds: u64,
}

/// The routes; the management API is served beside them.
pub fn routes(client: Client, settings: &Settings) -> Router {
    let orders = Orders {
        client,
        public_url: settings.public_url.trim_end_matches('/').to_owned(),
        payment_timeout_seconds: settings.payment_timeout_seconds,
    };
    Router::new()
        .route("/order/start", post(start_without_session))
        .route("/order/start/", post(start_without_session))
        .route("/order/start/{sessionId}", post(start))
        .route("/order/{id}/status", get(status))
        .route("/order/{id}/payment-accepted", get(payment_accepted))
        .route("/order/{id}/payment-rejected", get(payment_rejected))
        .with_state(Arc::new(orders))
}

/// What went wrong, as `application/problem+json`.
struct Refusal(Box<Problem>);

impl Refusal {
    fn new(kind: ProblemKind, detail: impl Into<String>) -> Self {
        Self(Box::new(Problem::new(kind, detail)))
    }
}

impl From<EngineError> for Refusal {
    fn from(error: EngineError) -> Self {
        Self(Box::new(Problem::from(&error)))
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.0.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let media = [(header::CONTENT_TYPE, MEDIA_TYPE)];
        (status, media, axum::Json(self.0)).into_response()
    }
}

/// What may be said with a start.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct StartBody {
    /// Who buys; somebody new when left out.
    user_id: Option<Uuid>,
}

/// `POST /order/start/{sessionId}`: the session is the cart that is bought.
async fn start(
    State(orders): State<Arc<Orders>>,
    Path(session): Path<String>,
    body: Bytes,
) -> Result<Response, Refusal> {
    let invalid = |detail: String| Refusal::new(ProblemKind::Invalid, detail);
    let shopping_cart_id = Uuid::parse_str(&session)
        .map_err(|error| invalid(format!("the sessionId {session:?} is not a UUID: {error}")))?;
    if shopping_cart_id.is_nil() {
        return Err(invalid(
            "the sessionId is the empty UUID: it must name the session whose cart is bought".into(),
        ));
    }
    let StartBody { user_id } = match body.is_empty() {
        true => StartBody::default(),
        false => serde_json::from_slice(&body)
            .map_err(|error| Refusal::new(ProblemKind::MalformedJson, format!("the body: {error}")))?,
    };
    let order = StartOrder {
        correlation_id: Uuid::new_v4(),
        shopping_cart_id,
        user_id: user_id.unwrap_or_else(Uuid::new_v4),
        payment_timeout_seconds: orders.payment_timeout_seconds,
    };
    let options = StartOptions::default().tag("session", &session);
    let id = orders.client.start_with(NEW_ORDER, &order, options).await;
    let id = id.map_err(|error| Refusal::new(ProblemKind::NotReady, error.to_string()))?;
    tracing::info!(order = %id, correlation = %order.correlation_id, "an order was started");
    Ok(accepted(&Management::new(&orders.public_url, id.as_str())))
}

/// `POST /order/start/` and `/order/start`.
async fn start_without_session() -> Refusal {
    Refusal::new(ProblemKind::Invalid, "the sessionId is missing: POST /order/start/{sessionId}, with a UUID")
}

fn accepted(management: &Management) -> Response {
    let mut response = (StatusCode::ACCEPTED, axum::Json(management)).into_response();
    let headers = response.headers_mut();
    headers.insert(header::RETRY_AFTER, HeaderValue::from_static("10"));
    if let Ok(location) = HeaderValue::from_str(&management.status_query_get_uri) {
        headers.insert(header::LOCATION, location);
    }
    response
}

/// Where an order is managed: the body that Durable Functions clients expect of a 202.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Management {
    id: String,
    status_query_get_uri: String,
    send_event_post_uri: String,
    terminate_post_uri: String,
    purge_history_delete_uri: String,
    restart_post_uri: String,
    suspend_post_uri: String,
    resume_post_uri: String,
}

impl Management {
    fn new(public_url: &str, id: &str) -> Self {
        let at = format!("{public_url}/runtime/webhooks/durabletask/instances/{id}");
        let hub = "taskHub=default&connection=Storage";
        Self {
            id: id.to_owned(),
            status_query_get_uri: format!("{at}?{hub}"),
            send_event_post_uri: format!("{at}/raiseEvent/{{eventName}}?{hub}"),
            terminate_post_uri: format!("{at}/terminate?reason={{text}}&{hub}"),
            purge_history_delete_uri: format!("{at}?{hub}"),
            restart_post_uri: format!("{at}/restart?{hub}"),
            suspend_post_uri: format!("{at}/suspend?reason={{text}}&{hub}"),
            resume_post_uri: format!("{at}/resume?reason={{text}}&{hub}"),
        }
    }
}

impl Orders {
    /// An order by its id; other workflows are none of the customers' business.
    async fn find(&self, id: &str) -> Result<InstanceView, Refusal> {
        let unknown = || Refusal::new(ProblemKind::InstanceNotFound, format!("there is no order {id:?}"));
        let id = self.client.engine().instance_id(id).map_err(|_| unknown())?;
        let view = self.client.get(&id).await?;
        view.filter(|view| &*view.name == NEW_ORDER).ok_or_else(unknown)
    }

    /// Tells the order's payment what the provider has said.
    async fn tell(&self, id: &str, event: &str) -> Result<Response, Refusal> {
        let order = self.find(id).await?;
        if order.status.is_terminal() {
            let detail = format!("the order {id:?} has ended: it is {}", order.status);
            return Err(Refusal::new(ProblemKind::Finished, detail));
        }
        let payment = self.client.engine().instance_id(&payment_id(id))?;
        match self.client.engine().raise_event(&payment, event, None).await {
            Ok(()) => Ok("Thank you!".into_response()),
            Err(EngineError::NotFound(_)) => {
                let detail = format!("the order {id:?} does not wait for a payment yet");
                Err(Refusal::new(ProblemKind::WrongStatus, detail))
            }
            Err(EngineError::Finished { .. }) => {
                let detail = format!("the payment of the order {id:?} was decided before");
                Err(Refusal::new(ProblemKind::Finished, detail))
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// `GET /order/{id}/status`: how far it has come, as a JSON string; `null` before it has begun.
async fn status(
    State(orders): State<Arc<Orders>>,
    Path(id): Path<String>,
) -> Result<axum::Json<Option<Json>>, Refusal> {
    let order = orders.find(&id).await?;
    Ok(axum::Json(order.custom_status.as_ref().map(Json::of_payload)))
}

/// `GET /order/{id}/payment-accepted`: called by the payment provider.
async fn payment_accepted(
    State(orders): State<Arc<Orders>>,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    orders.tell(&id, PAYMENT_SUCCESS).await
}

/// `GET /order/{id}/payment-rejected`: called by the payment provider.
async fn payment_rejected(
    State(orders): State<Arc<Orders>>,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    orders.tell(&id, PAYMENT_FAIL).await
}
