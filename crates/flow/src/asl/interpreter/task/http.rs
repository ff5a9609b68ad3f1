//! HTTP endpoints.

use super::timed::timed;
use super::{Calling, reason};
use crate::asl::interpreter::fault::{Fault, not_usable};
use crate::asl::interpreter::frame::{Frame, Visit};
use partita::http::{HttpRequest, HttpResponse};
use serde_json::{Map, Value, json};
use std::sync::Arc;

impl Frame<'_> {
    /// `http:invoke`.
    pub(super) async fn http(&mut self, visit: &Visit<'_>, calling: &Calling) -> Result<Arc<Value>, Fault> {
        let request = match request(&calling.input) {
            Ok(request) => request,
            Err(what) => return Err(self.failed(visit, not_usable(what))),
        };
        let ctx = self.run.ctx.clone();
        self.started(calling);
        let answer = Box::pin(ctx.call_http(request));
        match timed(&ctx, answer, calling.timeout()).await {
            None => Err(self.timed_out(calling, false)),
            Some(Err(error)) => {
                let cause = reason(&error).cause;
                Err(self.lost(calling, Fault::of(Some("States.Http.Socket".to_owned()), cause)))
            }
            Some(Ok(answer)) if (200..300).contains(&answer.status_code) => {
                let told = told(&answer);
                Ok(self.succeeded(calling, told))
            }
            Some(Ok(answer)) => {
                let error = format!("States.Http.StatusCode.{}", answer.status_code);
                Err(self.lost(calling, Fault::new(error, answer.content)))
            }
        }
    }
}

/// The request that the parameters describe.
fn request(parameters: &Value) -> Result<HttpRequest, String> {
    let text = |name: &str| parameters.get(name).and_then(Value::as_str);
    let endpoint = text("ApiEndpoint").ok_or("The field 'ApiEndpoint' is required but was missing")?;
    let method = text("Method").ok_or("The field 'Method' is required but was missing")?;
    let mut request =
        HttpRequest::new(method, with_query(endpoint, parameters.get("QueryParameters"))).without_polling();
    for (name, value) in members(parameters.get("Headers")) {
        request = request.header(name, &joined(value, ","));
    }
    match parameters.get("RequestBody") {
        None | Some(Value::Null) => Ok(request),
        Some(Value::String(body)) => Ok(HttpRequest { content: Some(body.clone()), ..request }),
        Some(body) => request.json(body).map_err(|error| error.to_string()),
    }
}

fn members(value: Option<&Value>) -> impl Iterator<Item = (&str, &Value)> {
    value.and_then(Value::as_object).into_iter().flatten().map(|(name, value)| (name.as_str(), value))
}

/// A text as it stands, a list joined, anything else as JSON.
fn joined(value: &Value, by: &str) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(|item| joined(item, by)).collect::<Vec<_>>().join(by),
        other => other.to_string(),
    }
}

fn with_query(endpoint: &str, query: Option<&Value>) -> String {
    let mut endpoint = endpoint.to_owned();
    for (name, value) in members(query) {
        let values = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
        for value in values {
            endpoint.push(if endpoint.contains('?') { '&' } else { '?' });
            endpoint.push_str(&escaped(name));
            endpoint.push('=');
            endpoint.push_str(&escaped(&joined(value, ",")));
        }
    }
    endpoint
}

/// Percent-encoded, but for what RFC 3986 calls unreserved.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                escaped.push(char::from(byte));
            }
            _ => escaped.push_str(&format!("%{byte:02X}")),
        }
    }
    escaped
}

fn told(answer: &HttpResponse) -> Value {
    let headers: Map<String, Value> =
        answer.headers.iter().map(|(name, value)| (name.clone(), json!([value]))).collect();
    let body =
        serde_json::from_str(&answer.content).unwrap_or_else(|_| Value::String(answer.content.clone()));
    json!({
        "Headers": headers,
        "ResponseBody": body,
        "StatusCode": answer.status_code,
        "StatusText": status_text(answer.status_code),
    })
}

fn status_text(code: u16) -> &'static str {
    match code {
        200 => "OK",
        201 => "Created",
        202 => "Accepted",
        203 => "Non-Authoritative Information",
        204 => "No Content",
        205 => "Reset Content",
        206 => "Partial Content",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_made_of_the_parameters() {
        let request = request(&json!({
            "ApiEndpoint": "https://example.org/x?a=1",
            "Method": "POST",
            "Headers": { "accept": ["a", "b"], "n": 1 },
            "QueryParameters": { "q": "ä b", "r": ["1", 2] },
            "RequestBody": { "x": 1 },
        }))
        .unwrap();
        assert_eq!(request.uri, "https://example.org/x?a=1&q=%C3%A4%20b&r=1&r=2");
        assert_eq!(request.headers.get("accept").map(String::as_str), Some("a,b"));
        assert_eq!(request.content.as_deref(), Some(r#"{"x":1}"#));
        assert!(super::request(&json!({ "Method": "GET" })).unwrap_err().contains("ApiEndpoint"));
    }
}
