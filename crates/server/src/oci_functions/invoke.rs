//! Calls of functions.

use super::call::{Call, Outcome, REQUEST_ID, add_header};
use super::error::OciError;
use crate::extract::trace;
use crate::functions::catalogue::{Function, Kind};
use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use partita_functions::{Answer, GatewayRequest};
use std::sync::Arc;

pub(super) const CALL_ID: &str = "fn-call-id";
/// The most characters of a token by which the same call is recognised.
const LONGEST_TOKEN: usize = 64;
/// What begins the headers of the HTTP request that a call stands for.
const GATEWAY: &str = "fn-http-h-";
/// Headers that are between the caller and this server alone.
const OWN: [&str; 12] = [
    "accept-encoding",
    "authorization",
    "connection",
    "content-length",
    "content-type",
    "expect",
    "host",
    "is-dry-run",
    "opc-client-info",
    "opc-retry-token",
    "traceparent",
    "x-content-sha256",
];

pub(super) async fn invoke(call: &Call, key: &str, request_id: &str) -> Outcome {
    let function = call.catalogue.find(key)?;
    if flag(call, "is-dry-run") {
        return Ok(StatusCode::OK.into_response());
    }
    let token = call.header("opc-retry-token").filter(|token| !token.is_empty());
    if token.is_some_and(|token| token.len() > LONGEST_TOKEN) {
        return Err(OciError::invalid(format!("opc-retry-token has more than {LONGEST_TOKEN} characters")));
    }
    let mut request = request(call, &function, token);
    request.headers.retain(|(name, _)| name != REQUEST_ID);
    request.headers.push((REQUEST_ID.to_owned(), request_id.to_owned()));
    let call_id = request.call_id.clone();
    let outcome = match call.header("fn-invoke-type").map(str::to_lowercase).as_deref() {
        None | Some("" | "sync") => wait(call, &function, request, token).await,
        Some("detached") => detach(call, &function, request, token),
        Some(other) => {
            Err(OciError::invalid(format!("fn-invoke-type {other:?} is neither sync nor detached")))
        }
    };
    let mut response = outcome.unwrap_or_else(IntoResponse::into_response);
    add_header(response.headers_mut(), CALL_ID, &call_id);
    Ok(response)
}

async fn wait(
    call: &Call,
    function: &Arc<Function>,
    request: partita_functions::Call,
    token: Option<&str>,
) -> Outcome {
    let gateway = request.gateway.is_some();
    let answer = call.catalogue.invoke(function, request, token).await??;
    Ok(answered(answer, gateway))
}

fn detach(
    call: &Call,
    function: &Arc<Function>,
    request: partita_functions::Call,
    token: Option<&str>,
) -> Outcome {
    call.catalogue.detach(function, request, token)?;
    Ok(StatusCode::ACCEPTED.into_response())
}

/// The call that a request stands for. A call with a token has an id that follows from it.
fn request(call: &Call, function: &Function, token: Option<&str>) -> partita_functions::Call {
    let call_id = match token {
        Some(token) => Kind::Function.id_of(&[&function.id, token]).rsplit('.').next().map(str::to_owned),
        None => None,
    };
    let headers = headers(&call.parts.headers);
    let gateway = call.header("fn-intent").is_some_and(|intent| intent.eq_ignore_ascii_case("httprequest"));
    partita_functions::Call {
        function: function.address.clone(),
        call_id: call_id.unwrap_or_else(|| uuid::Uuid::new_v4().simple().to_string()),
        body: call.body.clone(),
        content_type: call.header("content-type").map(str::to_owned),
        gateway: gateway.then(|| stands_for(call, &headers)),
        headers,
        deadline: None,
        traceparent: trace(&call.parts.headers).map(|trace| trace.parent.to_string()),
    }
}

fn headers(headers: &HeaderMap) -> Vec<(String, String)> {
    let text = |value: &HeaderValue| value.to_str().ok().map(str::to_owned);
    let passed = headers.iter().filter(|(name, _)| !OWN.contains(&name.as_str()));
    passed.filter_map(|(name, value)| Some((name.as_str().to_owned(), text(value)?))).collect()
}

/// The HTTP request that a gateway has put into headers.
fn stands_for(call: &Call, headers: &[(String, String)]) -> GatewayRequest {
    let inner = headers
        .iter()
        .filter_map(|(name, value)| Some((name.strip_prefix(GATEWAY)?.to_owned(), value.clone())));
    GatewayRequest {
        method: call.header("fn-http-method").unwrap_or("POST").to_owned(),
        url: call.header("fn-http-request-url").unwrap_or("/").to_owned(),
        headers: inner.collect(),
    }
}

fn flag(call: &Call, name: &str) -> bool {
    call.header(name).is_some_and(|value| value.eq_ignore_ascii_case("true"))
}

/// An answer with the headers that the function set; a gateway finds those of its own answer among them.
fn answered(answer: Answer, gateway: bool) -> Response {
    let mut response = Response::new(Body::from(answer.body));
    let headers = response.headers_mut();
    let mut add = |name: &str, value: &str| {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::from_str(value)) {
            headers.append(name, value);
        }
    };
    for (name, value) in &answer.headers {
        if gateway { add(&format!("{GATEWAY}{name}"), value) } else { add(name, value) }
    }
    if gateway {
        add("fn-http-status", &answer.status.to_string());
    }
    if let Some(media) = answer.content_type.and_then(|media| HeaderValue::from_str(&media).ok()) {
        headers.insert(header::CONTENT_TYPE, media);
    }
    response
}
