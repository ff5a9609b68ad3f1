//! What is noted of each request: a log line, a metric, the trace; and the headers that each answer has.

use crate::app::Shared;
use crate::extract::trace;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderName, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::Response;
use std::time::{Duration, Instant};

/// The route of a dialect that looks at paths itself; it goes with the response.
#[derive(Clone, Copy)]
pub(crate) struct RouteLabel(pub(crate) &'static str);

/// The route of requests for which there is none.
const UNMATCHED: &str = "unmatched";

pub(crate) async fn observe(State(app): State<Shared>, request: Request, next: Next) -> Response {
    let method = request.method().clone();
    let matched = request.extensions().get::<MatchedPath>().cloned();
    let trace = trace(request.headers());
    let began = Instant::now();
    let mut response = next.run(request).await;
    let label = response.extensions().get::<RouteLabel>().map(|label| label.0);
    let route = label.or(matched.as_ref().map(MatchedPath::as_str)).unwrap_or(UNMATCHED);
    let parent = trace.as_ref().map(|trace| &*trace.parent);
    note(&app, &method, route, response.status().as_u16(), began.elapsed(), parent);
    if let Some(value) = parent.and_then(|parent| HeaderValue::from_str(parent).ok()) {
        response.headers_mut().insert(HeaderName::from_static("traceparent"), value);
    }
    harden(&mut response);
    response
}

fn note(app: &Shared, method: &Method, route: &str, status: u16, took: Duration, parent: Option<&str>) {
    let method = match *method {
        Method::GET
        | Method::POST
        | Method::PUT
        | Method::PATCH
        | Method::DELETE
        | Method::HEAD
        | Method::OPTIONS => method.as_str(),
        _ => "other", // anybody can make methods up; the metrics must stay bounded
    };
    app.http.note(method, route, status, took);
    let ms = took.as_secs_f64() * 1000.0;
    match (status, route) {
        (500.., _) => {
            tracing::warn!(target: "partita::http", method, route, status, ms, traceparent = parent, "request");
        }
        (_, "/livez" | "/readyz" | "/metrics") => {
            tracing::debug!(target: "partita::http", method, route, status, ms, "request");
        }
        _ => {
            tracing::info!(target: "partita::http", method, route, status, ms, traceparent = parent, "request");
        }
    }
}

fn harden(response: &mut Response) {
    let is_json = response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|media| media.to_str().is_ok_and(|media| media.contains("json")));
    let headers = response.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if is_json && !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
}
