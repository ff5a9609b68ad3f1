//! Errors as the Fn server has them: a message.

use crate::functions::catalogue::{CatalogueError, InvokeError, Kind, Refused, TokenError};
use crate::oci_functions::Unfit;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use partita_functions::CallError;
use serde_json::json;

/// Seconds after which to try again when all processes are busy.
const RETRY_AFTER: u64 = 15;

/// A refusal, or a failure.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct FnError {
    status: StatusCode,
    message: String,
    /// What is known beside what the Fn server says.
    detail: Option<String>,
}

impl FnError {
    pub(super) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, message: message.into(), detail: None }
    }

    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    pub(super) fn no_path() -> Self {
        Self::new(StatusCode::NOT_FOUND, "Path not found")
    }

    pub(super) fn not_authenticated(reason: &str) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, format!("the request must be signed: {reason}"))
    }

    fn with_detail(self, detail: impl Into<String>) -> Self {
        Self { detail: Some(detail.into()), ..self }
    }
}

impl From<Unfit> for FnError {
    fn from(unfit: Unfit) -> Self {
        let status = match unfit {
            Unfit::Unsigned => StatusCode::UNAUTHORIZED,
            Unfit::Function => StatusCode::FORBIDDEN,
        };
        Self::new(status, unfit.to_string())
    }
}

impl From<CatalogueError> for FnError {
    fn from(error: CatalogueError) -> Self {
        let (status, message) = match &error {
            CatalogueError::Missing { kind, .. } => (StatusCode::NOT_FOUND, missing(*kind)),
            CatalogueError::Taken { kind, .. } => (StatusCode::CONFLICT, taken(*kind)),
            CatalogueError::Stale { .. } | CatalogueError::InUse { .. } | CatalogueError::Fixed { .. } => {
                return Self::new(StatusCode::CONFLICT, error.to_string());
            }
            CatalogueError::Invalid { .. } | CatalogueError::TooMany { .. } => {
                return Self::invalid(error.to_string());
            }
            CatalogueError::Store(_) | CatalogueError::Unreadable(_) | CatalogueError::Io { .. } => {
                tracing::warn!(%error, "a request failed");
                return Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal server error");
            }
        };
        Self::new(status, message).with_detail(error.to_string())
    }
}

fn missing(kind: Kind) -> &'static str {
    match kind {
        Kind::Application => "App not found",
        Kind::Function => "Fn not found",
        Kind::Trigger => "Trigger not found",
        Kind::WorkRequest => "Path not found",
    }
}

fn taken(kind: Kind) -> &'static str {
    match kind {
        Kind::Function => "Fn with specified name already exists",
        Kind::Trigger => "Trigger already exists",
        Kind::Application | Kind::WorkRequest => "App already exists",
    }
}

impl From<Refused> for FnError {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Token(TokenError::OfAnotherRequest) => {
                Self::new(StatusCode::CONFLICT, "the retry token came with another request before")
            }
            Refused::Token(TokenError::TooMany) | Refused::TooManyDetached => {
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "Timed out - server too busy")
            }
        }
    }
}

impl From<InvokeError> for FnError {
    fn from(error: InvokeError) -> Self {
        let gateway = StatusCode::BAD_GATEWAY;
        let error = match error {
            InvokeError::NotDeployed(reason) => {
                return Self::new(gateway, "Container failed to initialize").with_detail(reason);
            }
            InvokeError::Call(error) => error,
        };
        let (status, message) = match &error {
            CallError::NoFunction { .. } => (StatusCode::NOT_FOUND, "Fn not found"),
            CallError::InvalidCall(_) => (StatusCode::BAD_REQUEST, "Invalid payload"),
            CallError::Busy { .. }
            | CallError::NotBuilt { .. }
            | CallError::Stopping
            | CallError::Cancelled { .. } => (StatusCode::SERVICE_UNAVAILABLE, "Timed out - server too busy"),
            CallError::Broken { .. } | CallError::StartFailed { .. } => {
                (gateway, "Container failed to initialize, please ensure you are using the latest fdk")
            }
            CallError::StartTimeout { .. } => {
                (StatusCode::GATEWAY_TIMEOUT, "Container initialization timed out")
            }
            CallError::RequestTooLarge { .. } => (StatusCode::PAYLOAD_TOO_LARGE, "Request content too large"),
            CallError::HandlerFailed { .. } => (gateway, "function failed"),
            CallError::HandlerTimedOut { .. } | CallError::Deadline { .. } => {
                (StatusCode::GATEWAY_TIMEOUT, "Timed out")
            }
            CallError::Crashed { .. } | CallError::NoAnswer { .. } => {
                (gateway, "error receiving function response")
            }
            CallError::InvalidAnswer { .. } => (gateway, "invalid function response"),
            CallError::AnswerTooLarge { .. } => (gateway, "function response too large"),
        };
        Self::new(status, message).with_detail(error.to_string())
    }
}

impl IntoResponse for FnError {
    fn into_response(self) -> Response {
        let mut body = json!({ "message": self.message });
        if let (Some(detail), Some(body)) = (self.detail, body.as_object_mut()) {
            body.insert("detail".to_owned(), detail.into());
        }
        let mut response = crate::answer::json(self.status, &body);
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(RETRY_AFTER));
        }
        response
    }
}
