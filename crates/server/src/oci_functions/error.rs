//! Errors as the cloud's APIs have them: a code for programs and a message.

use super::Unfit;
use crate::functions::catalogue::{CatalogueError, InvokeError, Refused, TokenError};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use partita_functions::CallError;
use serde_json::json;

/// Seconds after which to try again when all processes are busy.
const RETRY_AFTER: u64 = 15;

/// A refusal, or a failure.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct OciError {
    pub(super) status: StatusCode,
    pub(super) code: &'static str,
    message: String,
    /// What is known beside what the cloud says.
    detail: Option<String>,
}

impl OciError {
    pub(super) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), detail: None }
    }

    fn with_detail(self, detail: impl Into<String>) -> Self {
        Self { detail: Some(detail.into()), ..self }
    }

    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "InvalidParameter", message)
    }

    pub(super) fn missing(field: &str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "MissingParameter", format!("{field} is missing"))
    }

    pub(super) fn unparseable(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "CannotParseRequest", message)
    }

    pub(super) fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "NotAuthorizedOrNotFound", message)
    }

    pub(super) fn no_operation(method: &Method, path: &str) -> Self {
        Self::not_found(format!("the Functions API has no {method} {path}"))
    }

    /// The cloud says the same whatever is wrong; the reason comes after it.
    pub(super) fn not_authenticated(reason: &str) -> Self {
        let message = format!(
            "The required information to complete authentication was not provided or was incorrect: {reason}"
        );
        Self::new(StatusCode::UNAUTHORIZED, "NotAuthenticated", message)
    }

    pub(super) fn request_too_large() -> Self {
        Self::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "FunctionInvokeRequestContentTooLarge",
            "Request content too large",
        )
    }
}

impl From<Unfit> for OciError {
    fn from(unfit: Unfit) -> Self {
        match unfit {
            Unfit::Unsigned => Self::not_authenticated(&unfit.to_string()),
            Unfit::Function => Self::not_found(unfit.to_string()),
        }
    }
}

impl From<CatalogueError> for OciError {
    fn from(error: CatalogueError) -> Self {
        let (status, code) = match &error {
            CatalogueError::Missing { .. } => (StatusCode::NOT_FOUND, "NotAuthorizedOrNotFound"),
            CatalogueError::Taken { .. } => (StatusCode::CONFLICT, "NotAuthorizedOrResourceAlreadyExists"),
            CatalogueError::Stale { .. } => (StatusCode::PRECONDITION_FAILED, "NoEtagMatch"),
            CatalogueError::InUse { .. } | CatalogueError::Fixed { .. } => {
                // Not `IncorrectState`: the SDKs would try again for minutes, and nothing changes by that.
                (StatusCode::CONFLICT, "Conflict")
            }
            CatalogueError::Invalid { .. } => (StatusCode::BAD_REQUEST, "InvalidParameter"),
            CatalogueError::TooMany { .. } => (StatusCode::BAD_REQUEST, "LimitExceeded"),
            CatalogueError::Store(_) | CatalogueError::Unreadable(_) | CatalogueError::Io { .. } => {
                tracing::warn!(%error, "a request failed");
                let message = "the server could not do it; its log says why";
                return Self::new(StatusCode::INTERNAL_SERVER_ERROR, "InternalServerError", message);
            }
        };
        Self::new(status, code, error.to_string())
    }
}

impl From<Refused> for OciError {
    fn from(refused: Refused) -> Self {
        let busy = |message: &str| Self::new(StatusCode::TOO_MANY_REQUESTS, "TooManyRequests", message);
        match refused {
            Refused::Token(TokenError::OfAnotherRequest) => {
                let message = "the opc-retry-token came with another request before";
                Self::new(StatusCode::CONFLICT, "InvalidatedRetryToken", message)
            }
            Refused::Token(TokenError::TooMany) => busy("too many calls with retry tokens are under way"),
            Refused::TooManyDetached => busy("too many detached calls are under way"),
        }
    }
}

/// The codes and messages are those of the service ("Troubleshooting: invoking functions").
impl From<InvokeError> for OciError {
    fn from(error: InvokeError) -> Self {
        let init_failed =
            "Container failed to initialize, please ensure you are using the latest fdk and check the logs";
        let init_timeout = "Container initialization timed out, please ensure you are using the latest fdk and check the logs";
        let gateway = StatusCode::BAD_GATEWAY;
        let error = match error {
            InvokeError::NotDeployed(reason) => {
                return Self::new(gateway, "FunctionInvokeContainerInitFail", init_failed)
                    .with_detail(reason);
            }
            InvokeError::Call(error) => error,
        };
        let said = match &error {
            CallError::NoFunction { .. } => Self::not_found("the function is not there"),
            CallError::InvalidCall(reason) => Self::invalid(reason.clone()),
            CallError::Busy { .. }
            | CallError::NotBuilt { .. }
            | CallError::Stopping
            | CallError::Cancelled { .. } => {
                let message = "Timed out - server too busy";
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "FunctionInvokeServiceUnavailable", message)
            }
            CallError::Broken { .. } | CallError::StartFailed { .. } => {
                Self::new(gateway, "FunctionInvokeContainerInitFail", init_failed)
            }
            CallError::StartTimeout { .. } => {
                Self::new(StatusCode::GATEWAY_TIMEOUT, "FunctionInvokeContainerInitTimeout", init_timeout)
            }
            CallError::RequestTooLarge { .. } => Self::request_too_large(),
            CallError::HandlerFailed { .. } => {
                Self::new(gateway, "FunctionInvokeExecutionFailed", "function failed")
            }
            CallError::HandlerTimedOut { .. } | CallError::Deadline { .. } => {
                Self::new(StatusCode::GATEWAY_TIMEOUT, "FunctionInvokeTimeout", "Timed out")
            }
            CallError::Crashed { .. } | CallError::NoAnswer { .. } => {
                Self::new(gateway, "FunctionInvokeExecutionError", "error receiving function response")
            }
            CallError::InvalidAnswer { .. } => {
                Self::new(gateway, "FunctionInvokeInvalidResponse", "invalid function response")
            }
            CallError::AnswerTooLarge { .. } => {
                Self::new(gateway, "FunctionInvokeResponseBodyTooLarge", "function response body too large")
            }
        };
        said.with_detail(error.to_string())
    }
}

impl IntoResponse for OciError {
    fn into_response(self) -> Response {
        let mut body = json!({ "code": self.code, "message": self.message });
        if let (Some(detail), Some(body)) = (self.detail, body.as_object_mut()) {
            body.insert("detail".to_owned(), detail.into());
        }
        let mut response = crate::answer::json(self.status, &body);
        if matches!(self.status, StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS) {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(RETRY_AFTER));
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use partita_functions::{Exception, Exit};

    #[test]
    fn every_outcome_has_the_services_code() {
        let function = || "f".to_owned();
        let exception = || Box::new(Exception { error_type: "E".to_owned(), ..Exception::default() });
        let text = String::new;
        let limit = std::time::Duration::from_secs(1);
        for (error, expected) in [
            (
                CallError::NoFunction { name: function(), nearest: Vec::new() },
                (404, "NotAuthorizedOrNotFound"),
            ),
            (CallError::InvalidCall(text()), (400, "InvalidParameter")),
            (CallError::NotBuilt { function: function() }, (503, "FunctionInvokeServiceUnavailable")),
            (
                CallError::Busy { function: function(), reason: text() },
                (503, "FunctionInvokeServiceUnavailable"),
            ),
            (
                CallError::Broken { function: function(), reason: text(), exception: None, output: text() },
                (502, "FunctionInvokeContainerInitFail"),
            ),
            (
                CallError::StartFailed {
                    function: function(),
                    reason: text(),
                    exception: None,
                    output: text(),
                },
                (502, "FunctionInvokeContainerInitFail"),
            ),
            (
                CallError::StartTimeout { function: function(), limit, output: text() },
                (504, "FunctionInvokeContainerInitTimeout"),
            ),
            (
                CallError::RequestTooLarge { function: function(), bytes: 2, limit: 1 },
                (413, "FunctionInvokeRequestContentTooLarge"),
            ),
            (
                CallError::HandlerFailed { function: function(), exception: exception() },
                (502, "FunctionInvokeExecutionFailed"),
            ),
            (
                CallError::HandlerTimedOut { function: function(), exception: exception() },
                (504, "FunctionInvokeTimeout"),
            ),
            (CallError::Deadline { function: function(), limit }, (504, "FunctionInvokeTimeout")),
            (
                CallError::Crashed {
                    function: function(),
                    exit: Exit::Code(1),
                    exception: None,
                    output: text(),
                },
                (502, "FunctionInvokeExecutionError"),
            ),
            (
                CallError::NoAnswer { function: function(), returned: "null".to_owned() },
                (502, "FunctionInvokeExecutionError"),
            ),
            (
                CallError::InvalidAnswer { function: function(), what: text() },
                (502, "FunctionInvokeInvalidResponse"),
            ),
            (
                CallError::AnswerTooLarge { function: function(), limit: 1 },
                (502, "FunctionInvokeResponseBodyTooLarge"),
            ),
            (
                CallError::Cancelled { function: function(), started: true },
                (503, "FunctionInvokeServiceUnavailable"),
            ),
            (CallError::Stopping, (503, "FunctionInvokeServiceUnavailable")),
        ] {
            let said = OciError::from(InvokeError::Call(error.clone()));
            assert_eq!((said.status.as_u16(), said.code), expected, "{error:?}");
        }
    }
}
