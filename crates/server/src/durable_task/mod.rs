//! The Durable Task protocol (gRPC), as the published SDKs speak it.
//!
//! | module | holds |
//! | --- | --- |
//! | `service` | the service: every RPC and where it is handled |
//! | `clients`, `lists`, `history` | what clients ask for |
//! | `hubs` | making and deleting task hubs |
//! | `entities` | what clients ask of entities |
//! | `completions` | what workers answer |
//! | [`workers`] | connected workers, what they can run, what they are running |
//! | `status` | errors as gRPC statuses |

mod clients;
mod completions;
mod entities;
mod history;
mod hubs;
mod lists;
mod service;
mod status;
pub mod workers;

use crate::app::Shared;
use crate::guard;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::Response;
use partita_api::durable_task::proto::task_hub_sidecar_service_server::TaskHubSidecarServiceServer;
use service::Service;
use tonic::Status;

/// The RPCs of the protocol. They answer gRPC alone: over HTTP/2, with a content type of its own.
pub(crate) fn router(app: &Shared) -> Router {
    let receive =
        app.parts.workers.as_ref().map_or(workers::DEFAULT_RECEIVE_BYTES, |w| w.options().receive_bytes);
    let service = TaskHubSidecarServiceServer::new(Service::new(app.clone()))
        .max_decoding_message_size(receive)
        .max_encoding_message_size(usize::MAX);
    Router::new()
        .route_service("/TaskHubSidecarService/{rpc}", service)
        .layer(from_fn_with_state(app.clone(), guard::guard))
        .layer(from_fn(as_status))
}

/// Requests that make and delete task hubs.
pub(crate) fn is_about_hubs(path: &str) -> bool {
    let rpc = path.strip_prefix("/TaskHubSidecarService/");
    matches!(rpc, Some("CreateTaskHub" | "DeleteTaskHub"))
}

/// A refusal that was not made for gRPC, as a status.
async fn as_status(request: Request, next: Next) -> Response {
    const MOST: usize = 16 << 10;
    let asked = is_grpc(request.headers());
    let response = next.run(request).await;
    if !asked || is_grpc(response.headers()) {
        return response;
    }
    let code = response.status();
    let body = to_bytes(response.into_body(), MOST).await.unwrap_or_default();
    let problem: Option<partita_api::Problem> = serde_json::from_slice(&body).ok();
    let status = match problem {
        Some(problem) => status::of_problem(&problem),
        None => Status::unknown(code.to_string()),
    };
    status.into_http::<Body>()
}

fn is_grpc(headers: &HeaderMap) -> bool {
    let media = headers.get(CONTENT_TYPE).and_then(|media| media.to_str().ok());
    media.is_some_and(|media| media.starts_with("application/grpc"))
}
