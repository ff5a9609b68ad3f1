//! Calls, and HTTP requests that triggers take in.

use super::call::{Call, Outcome};
use super::error::FnError;
use crate::extract::trace;
use crate::functions::catalogue::Function;
use crate::guard::is_of_another_site;
use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use partita_functions::{Answer, GatewayRequest};
use std::sync::Arc;

const CALL_ID: &str = "fn-call-id";
/// What a function answers a browser with is a page of no origin, so that its scripts cannot use this server's own API.
const SANDBOX: &str = "sandbox allow-forms allow-popups allow-scripts";
/// Headers that are between the caller and this server alone.
const OWN: [&str; 10] = [
    "accept-encoding",
    "authorization",
    "connection",
    "content-length",
    "expect",
    "fn-invoke-type",
    "host",
    "te",
    "traceparent",
    "transfer-encoding",
];

pub(super) async fn invoke(call: &Call, id: &str) -> Outcome {
    let function = call.catalogue.find(id)?;
    let request = request(call, &function, None);
    if call.header("fn-invoke-type").is_some_and(|kind| kind.eq_ignore_ascii_case("detached")) {
        let call_id = request.call_id.clone();
        call.catalogue.detach(&function, request, None)?;
        return Ok(with_call_id(StatusCode::ACCEPTED.into_response(), &call_id));
    }
    perform(call, &function, request).await
}

pub(super) async fn trigger(call: &Call, app: &str, source: &str) -> Outcome {
    if is_of_another_site(&call.parts) {
        let message = "a page of another site may not call functions here";
        return Err(FnError::new(StatusCode::FORBIDDEN, message));
    }
    let function = call.catalogue.triggered(app, source)?;
    let inner = call.parts.uri.path_and_query().map_or("/", axum::http::uri::PathAndQuery::as_str);
    let gateway = GatewayRequest {
        method: call.parts.method.as_str().to_owned(),
        url: format!("{}{inner}", call.base),
        headers: headers(&call.parts.headers, &["authorization"]),
    };
    let request = request(call, &function, Some(gateway));
    let mut response = perform(call, &function, request).await?;
    response.headers_mut().append(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(SANDBOX));
    Ok(response)
}

async fn perform(call: &Call, function: &Arc<Function>, request: partita_functions::Call) -> Outcome {
    let call_id = request.call_id.clone();
    let outcome = call.catalogue.invoke(function, request, None).await?;
    let response = match outcome {
        Ok(answer) => answered(answer),
        Err(error) => super::error::FnError::from(error).into_response(),
    };
    Ok(with_call_id(response, &call_id))
}

/// The call that a request stands for. That of a trigger has the request's headers inside.
fn request(call: &Call, function: &Function, gateway: Option<GatewayRequest>) -> partita_functions::Call {
    let own = if gateway.is_some() { Vec::new() } else { headers(&call.parts.headers, &[]) };
    partita_functions::Call {
        function: function.address.clone(),
        call_id: uuid::Uuid::new_v4().simple().to_string(),
        body: call.body.clone(),
        content_type: call.header("content-type").map(str::to_owned),
        headers: own,
        deadline: None,
        gateway,
        traceparent: trace(&call.parts.headers).map(|trace| trace.parent.to_string()),
    }
}

/// A request's headers, except those that stay here.
fn headers(headers: &HeaderMap, kept: &[&str]) -> Vec<(String, String)> {
    let passed =
        headers.iter().filter(|(name, _)| kept.contains(&name.as_str()) || !OWN.contains(&name.as_str()));
    let text = |value: &HeaderValue| value.to_str().ok().map(str::to_owned);
    passed.filter_map(|(name, value)| Some((name.as_str().to_owned(), text(value)?))).collect()
}

fn answered(answer: Answer) -> Response {
    let mut response = Response::new(Body::from(answer.body));
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK);
    for (name, value) in &answer.headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name.as_str()), HeaderValue::from_str(value))
            && !OWN.contains(&name.as_str())
        {
            response.headers_mut().append(name, value);
        }
    }
    if let Some(media) = answer.content_type.and_then(|media| HeaderValue::from_str(&media).ok()) {
        response.headers_mut().insert(header::CONTENT_TYPE, media);
    }
    response
}

fn with_call_id(mut response: Response, call_id: &str) -> Response {
    if let Ok(value) = HeaderValue::from_str(call_id) {
        response.headers_mut().insert(HeaderName::from_static(CALL_ID), value);
    }
    response
}
