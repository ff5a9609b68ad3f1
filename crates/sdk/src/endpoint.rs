//! Functions that are HTTP endpoints: a name for a URL.

use crate::http::{HttpFunction, HttpPolicy, HttpRequest, HttpResponse};
use futures::future::BoxFuture;
use partita_engine::executor::{Function, FunctionCall};
use partita_kernel::{Failure, Payload};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// A function behind a URL: its input is posted as JSON, a 2xx answer is its result, as JSON or as a text.
///
/// An answer of 408, 425, 429 or 5xx, or none at all, is a failure that trying again may mend; any other
/// status is one that it does not.
#[derive(Clone, Debug)]
pub struct HttpEndpoint {
    /// Where it is.
    pub url: String,
    /// The method.
    pub method: String,
    /// Header fields that every call has.
    pub headers: BTreeMap<String, String>,
    /// How long a call may take.
    pub timeout: Duration,
}

impl HttpEndpoint {
    /// An endpoint that is posted to.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            method: "POST".to_owned(),
            headers: BTreeMap::new(),
            timeout: Duration::from_secs(100),
        }
    }

    /// The function; it reaches only what the policy allows.
    #[must_use]
    pub fn function(self, policy: HttpPolicy) -> Arc<dyn Function> {
        Arc::new(EndpointFunction { endpoint: self, http: Arc::new(HttpFunction::new(policy)) })
    }

    fn request(&self, call: &FunctionCall) -> HttpRequest {
        let mut headers = self.headers.clone();
        headers.insert("content-type".to_owned(), "application/json".to_owned());
        // The same for every attempt at this call, so that the endpoint can tell a repetition.
        let key = format!("{}/{:032x}/{}", call.instance, call.execution.0, call.task_id);
        headers.insert("idempotency-key".to_owned(), key);
        if let Some(trace) = &call.trace {
            headers.insert("traceparent".to_owned(), trace.parent.to_string());
        }
        HttpRequest {
            content: Some(call.input.as_ref().map_or("null", Payload::as_str).to_owned()),
            headers,
            timeout_ms: u64::try_from(self.timeout.as_millis()).ok(),
            ..HttpRequest::new(&self.method, &self.url)
        }
    }
}

struct EndpointFunction {
    endpoint: HttpEndpoint,
    http: Arc<HttpFunction>,
}

impl Function for EndpointFunction {
    fn call(&self, call: FunctionCall) -> BoxFuture<'static, Result<Option<Payload>, Failure>> {
        let (http, request) = (self.http.clone(), self.endpoint.request(&call));
        Box::pin(async move { result(&call.name, http.send(request).await?) })
    }
}

fn result(name: &str, response: HttpResponse) -> Result<Option<Payload>, Failure> {
    let HttpResponse { status_code, content, .. } = response;
    if (200..300).contains(&status_code) {
        let is_json = serde_json::from_str::<serde::de::IgnoredAny>(&content).is_ok();
        return Ok(match content.is_empty() {
            true => None,
            false if is_json => Some(Payload::from(content)),
            false => Some(Payload::from(serde_json::Value::String(content).to_string())),
        });
    }
    let begins: String = content.chars().take(500).collect();
    let failure = Failure::new("HttpStatus", format!("{name:?} answered {status_code}: {begins}"));
    let may_help = matches!(status_code, 408 | 425 | 429 | 500..);
    Err(if may_help { failure } else { failure.non_retriable() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status_code: u16, content: &str) -> Result<Option<String>, (String, bool)> {
        let response = HttpResponse { status_code, headers: BTreeMap::new(), content: content.to_owned() };
        result("f", response)
            .map(|result| result.map(|payload| payload.as_str().to_owned()))
            .map_err(|failure| (failure.message.to_string(), failure.non_retriable))
    }

    #[test]
    fn answers_become_results_and_failures() {
        assert_eq!(answer(200, r#"{"a": 1}"#), Ok(Some(r#"{"a": 1}"#.to_owned())));
        assert_eq!(answer(200, "hello"), Ok(Some(r#""hello""#.to_owned())));
        assert_eq!(answer(204, ""), Ok(None));
        assert_eq!(answer(404, "no"), Err((r#""f" answered 404: no"#.to_owned(), true)));
        assert_eq!(answer(503, "busy"), Err((r#""f" answered 503: busy"#.to_owned(), false)));
    }
}
