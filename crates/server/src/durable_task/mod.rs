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

use crate::answer::Refusal;
use crate::app::Shared;
use crate::guard;
use crate::hubs::Refused;
use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use futures::FutureExt;
use futures::future::{BoxFuture, Either, Ready, ready};
use partita_api::durable_task::proto::task_hub_sidecar_service_server::TaskHubSidecarServiceServer;
use service::Service;
use std::convert::Infallible;
use std::task::{Context, Poll};

/// The RPCs of the protocol. They answer gRPC alone: over HTTP/2, with a content type of its own.
pub(crate) fn router(app: &Shared) -> Router {
    let receive =
        app.parts.workers.as_ref().map_or(workers::DEFAULT_RECEIVE_BYTES, |w| w.options().receive_bytes);
    let service = TaskHubSidecarServiceServer::new(Service::new(app.clone()))
        .max_decoding_message_size(receive)
        .max_encoding_message_size(usize::MAX);
    Router::new().route_service("/TaskHubSidecarService/{rpc}", Rpcs { app: app.clone(), service })
}

/// Requests that make and delete task hubs.
pub(crate) fn is_about_hubs(path: &str) -> bool {
    let rpc = path.strip_prefix("/TaskHubSidecarService/");
    matches!(rpc, Some("CreateTaskHub" | "DeleteTaskHub"))
}

/// The service behind the guard. Workers come here many times for each step of a workflow, so there are no layers in
/// between.
#[derive(Clone)]
struct Rpcs {
    app: Shared,
    service: TaskHubSidecarServiceServer<Service>,
}

type Outcome = Result<Response, Infallible>;

impl tower::Service<Request> for Rpcs {
    type Response = Response;
    type Error = Infallible;
    type Future = Either<Ready<Outcome>, BoxFuture<'static, Outcome>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(())) // as the service itself
    }

    fn call(&mut self, request: Request) -> Self::Future {
        if let Err(refusal) = self.check(&request) {
            return Either::Left(ready(Ok(told(refusal, request.headers()))));
        }
        let answer = tower::Service::call(&mut self.service, request);
        Either::Right(answer.map(|response| response.map(IntoResponse::into_response)).boxed())
    }
}

impl Rpcs {
    fn check(&self, request: &Request) -> Result<(), Refusal> {
        if let Some(Refused(problem)) = request.extensions().get() {
            return Err(problem.clone().into());
        }
        guard::check(&self.app.hosts, request)
    }
}

/// A refusal in the language of whoever asked.
fn told(refusal: Refusal, asked: &HeaderMap) -> Response {
    let media = asked.get(CONTENT_TYPE).and_then(|media| media.to_str().ok());
    if media.is_some_and(|media| media.starts_with("application/grpc")) {
        return status::of_problem(&refusal.0).into_http::<Body>();
    }
    refusal.into_response()
}
