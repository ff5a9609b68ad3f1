//! The description of the own API.

use crate::answer::Answer;
use axum::http::{HeaderValue, header};
use axum::response::IntoResponse;

/// `GET /api/openapi.json`
pub(crate) async fn document() -> Answer {
    let mut response = crate::app::OPENAPI.into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(response)
}
