//! What handlers answer with.

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use partita_api::problem::{MEDIA_TYPE, Problem, ProblemKind};
use partita_engine::EngineError;
use serde::Serialize;

/// What a handler gives.
pub(crate) type Answer = Result<Response, Refusal>;

/// A problem on its way out.
#[derive(Debug)]
pub(crate) struct Refusal(pub(crate) Box<Problem>);

impl Refusal {
    pub(crate) fn new(kind: ProblemKind, detail: impl Into<String>) -> Self {
        Self::from(Problem::new(kind, detail))
    }
    pub(crate) fn invalid(detail: impl Into<String>) -> Self {
        Self::new(ProblemKind::Invalid, detail)
    }
    pub(crate) fn with(self, key: &str, value: impl Into<serde_json::Value>) -> Self {
        Self::from((*self.0).with(key, value))
    }
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        Self(Box::new(problem))
    }
}
impl From<EngineError> for Refusal {
    fn from(error: EngineError) -> Self {
        let problem = Problem::from(&error);
        if problem.status >= 500 {
            tracing::warn!(%error, "a request failed");
        }
        Self::from(problem)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let Self(problem) = self;
        let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = with_json(status, MEDIA_TYPE, &*problem);
        if let Some(seconds) = problem.retry_after() {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

/// A JSON answer.
pub(crate) fn json(status: StatusCode, body: &impl Serialize) -> Response {
    with_json(status, "application/json", body)
}

/// `200` with JSON.
#[allow(clippy::unnecessary_wraps)] // the last word of a handler
pub(crate) fn ok(body: &impl Serialize) -> Answer {
    Ok(json(StatusCode::OK, body))
}

/// `202` without a body.
#[allow(clippy::unnecessary_wraps)] // the last word of a handler
pub(crate) fn accepted() -> Answer {
    Ok(StatusCode::ACCEPTED.into_response())
}

fn with_json(status: StatusCode, media: &'static str, body: &impl Serialize) -> Response {
    match serde_json::to_vec(body) {
        Ok(bytes) => {
            let mut response = Response::new(Body::from(bytes));
            *response.status_mut() = status;
            response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(media));
            response
        }
        Err(error) => {
            tracing::error!(%error, "an answer could not be written as JSON");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// Adds a header; one that cannot be written is left out.
pub(crate) fn with_header(mut response: Response, name: header::HeaderName, value: &str) -> Response {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
    response
}
