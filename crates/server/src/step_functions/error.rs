//! Errors as the AWS JSON protocol has them.

use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use partita_engine::EngineError;
use partita_engine::store::StoreError;
use serde_json::json;

/// The protocol's media type.
pub(super) const MEDIA_TYPE: &str = "application/x-amz-json-1.0";

/// A refusal, or a failure of the server.
#[derive(Debug)]
pub(super) struct AwsError {
    /// The error's name in the service's model.
    code: &'static str,
    message: String,
    status: StatusCode,
}

impl AwsError {
    pub(super) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), status: StatusCode::BAD_REQUEST }
    }

    pub(super) fn invalid_arn(arn: &str) -> Self {
        Self::new("InvalidArn", format!("Invalid Arn: 'Invalid ARN prefix: {arn}'"))
    }

    pub(super) fn validation(message: impl Into<String>) -> Self {
        Self::new("ValidationException", message)
    }

    /// A member breaks one of the model's constraints.
    pub(super) fn constraint(value: &str, member: &str, constraint: &str) -> Self {
        let text = format!(
            "1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: {constraint}"
        );
        Self::validation(text)
    }

    pub(super) fn no_machine(arn: &str) -> Self {
        Self::new("StateMachineDoesNotExist", format!("State Machine Does Not Exist: '{arn}'"))
    }

    pub(super) fn no_execution(arn: &str) -> Self {
        Self::new("ExecutionDoesNotExist", format!("Execution Does Not Exist: '{arn}'"))
    }

    pub(super) fn no_activity(arn: &str) -> Self {
        Self::new("ActivityDoesNotExist", format!("Activity Does Not Exist: '{arn}'"))
    }

    fn internal(error: &impl std::fmt::Display) -> Self {
        tracing::warn!(%error, "a request failed");
        Self {
            code: "InternalFailure",
            message: error.to_string(),
            status: StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

impl From<EngineError> for AwsError {
    fn from(error: EngineError) -> Self {
        match &error {
            EngineError::Invalid(_) | EngineError::Limit(_) => Self::validation(error.to_string()),
            EngineError::Stopping => Self {
                code: "ServiceUnavailable",
                message: error.to_string(),
                status: StatusCode::SERVICE_UNAVAILABLE,
            },
            _ => Self::internal(&error),
        }
    }
}

impl From<StoreError> for AwsError {
    fn from(error: StoreError) -> Self {
        EngineError::Store(error).into()
    }
}

impl From<serde_json::Error> for AwsError {
    fn from(error: serde_json::Error) -> Self {
        Self::internal(&error)
    }
}

impl IntoResponse for AwsError {
    fn into_response(self) -> Response {
        answer(self.status, &json!({ "__type": self.code, "message": self.message }))
    }
}

/// An answer with the protocol's headers.
pub(super) fn answer(status: StatusCode, body: &serde_json::Value) -> Response {
    let mut response = (status, body.to_string()).into_response();
    let headers = response.headers_mut();
    headers.insert(axum::http::header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
    let id = uuid::Uuid::new_v4().to_string();
    if let Ok(id) = HeaderValue::from_str(&id) {
        headers.insert(HeaderName::from_static("x-amzn-requestid"), id);
    }
    response
}
