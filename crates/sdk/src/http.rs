//! Durable HTTP: calls of HTTP endpoints from orchestrators, as in Durable Functions.
//!
//! Each request is an activity; while the endpoint answers 202 with a `Location`, that is polled by
//! durable timers. Which addresses may be reached is the [`HttpPolicy`]'s to say: a name is resolved
//! once, its addresses are checked, and one of those is connected to.

use crate::context::{CallOptions, OrchestrationContext};
use crate::error::{Error, Result};
use crate::retry::RetryPolicy;
use futures::future::BoxFuture;
use partita_engine::executor::{Function, FunctionCall};
use partita_kernel::{Failure, Payload};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

/// The name of the activity that makes the requests, as Durable Functions has it.
pub const ACTIVITY: &str = "BuiltIn::HttpActivity";

/// How long to wait before polling when the endpoint does not say.
const DEFAULT_POLL: Duration = Duration::from_secs(30);
/// How long a request may take when nothing is said.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(100);
/// Bytes of an answer that are read at most.
const MAX_ANSWER: usize = 4 << 20;

/// A request.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HttpRequest {
    /// GET, POST, …
    pub method: String,
    /// Where to.
    pub uri: String,
    /// Header fields.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// The body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<String>,
    /// Whether a 202 answer is polled.
    #[serde(default = "yes")]
    pub asynchronous_pattern_enabled: bool,
    /// How long one request may take, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_ms: Option<u64>,
    /// When and how often a request that cannot be made is tried again.
    #[serde(skip)]
    pub retry: Option<RetryPolicy>,
}

fn yes() -> bool {
    true
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HttpResponse {
    /// The status code.
    pub status_code: u16,
    /// Header fields, their names in lower case.
    pub headers: BTreeMap<String, String>,
    /// The body.
    pub content: String,
}

impl HttpRequest {
    /// A request without a body.
    pub fn new(method: &str, uri: impl Into<String>) -> Self {
        Self {
            method: method.to_owned(),
            uri: uri.into(),
            headers: BTreeMap::new(),
            content: None,
            asynchronous_pattern_enabled: true,
            timeout_ms: None,
            retry: None,
        }
    }
    /// Also with this header field.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.insert(name.to_owned(), value.to_owned());
        self
    }
    /// Also with this body, as JSON.
    ///
    /// # Errors
    /// When the value cannot be written as JSON.
    pub fn json(mut self, body: &impl Serialize) -> Result<Self> {
        self.content = Some(serde_json::to_string(body)?);
        Ok(self.header("content-type", "application/json"))
    }
    /// Leaves a 202 answer as it is.
    #[must_use]
    pub fn without_polling(mut self) -> Self {
        self.asynchronous_pattern_enabled = false;
        self
    }
    /// Tried again like this when it cannot be made.
    #[must_use]
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = Some(policy);
        self
    }
}

/// Makes a request, and polls while it is accepted and not done.
pub(crate) async fn call(ctx: &OrchestrationContext, request: HttpRequest) -> Result<HttpResponse> {
    let mut response = send(ctx, &request).await?;
    while response.status_code == 202 && request.asynchronous_pattern_enabled {
        let Some(location) = response.headers.get("location").cloned() else { break };
        let wait = response.headers.get("retry-after").and_then(|seconds| seconds.trim().parse().ok());
        ctx.create_timer(wait.map_or(DEFAULT_POLL, Duration::from_secs)).await;
        let mut poll = HttpRequest { method: "GET".to_owned(), content: None, ..request.clone() };
        poll.uri = join(&request.uri, &location);
        poll.headers.retain(|name, _| !name.eq_ignore_ascii_case("x-functions-key"));
        response = send(ctx, &poll).await?;
    }
    Ok(response)
}

async fn send(ctx: &OrchestrationContext, request: &HttpRequest) -> Result<HttpResponse> {
    let options = CallOptions { retry: request.retry.clone(), ..CallOptions::default() };
    ctx.call_activity_with(ACTIVITY, options, (request,)).await
}

/// `location` as seen from `base`.
fn join(base: &str, location: &str) -> String {
    match reqwest::Url::parse(base).and_then(|base| base.join(location)) {
        Ok(url) => url.to_string(),
        Err(_) => location.to_owned(),
    }
}

/// Which endpoints may be reached.
#[derive(Clone, Debug, Default)]
pub struct HttpPolicy {
    private: bool,
    hosts: Option<Vec<String>>,
}

impl HttpPolicy {
    /// Also loopback, private and link-local addresses. Not for orchestrators that take URLs from
    /// strangers.
    #[must_use]
    pub fn allow_private_networks(mut self) -> Self {
        self.private = true;
        self
    }

    /// Only these hosts; `*.example.com` stands for all below it.
    #[must_use]
    pub fn only_hosts(mut self, hosts: &[&str]) -> Self {
        self.hosts = Some(hosts.iter().map(|host| host.to_lowercase()).collect());
        self
    }

    fn check_host(&self, host: &str) -> Result<(), String> {
        let host = host.to_lowercase();
        let allowed = |pattern: &String| match pattern.strip_prefix("*.") {
            Some(parent) => host.strip_suffix(parent).is_some_and(|left| left.ends_with('.')),
            None => *pattern == host,
        };
        match &self.hosts {
            Some(hosts) if !hosts.iter().any(allowed) => {
                Err(format!("the host {host:?} is not among the allowed ones"))
            }
            _ => match host.trim_matches(['[', ']']).parse::<IpAddr>() {
                Ok(address) => self.check_address(address),
                Err(_) => Ok(()), // a name: its addresses are checked when it is resolved
            },
        }
    }

    fn check_address(&self, address: IpAddr) -> Result<(), String> {
        if self.private || is_public(address) {
            return Ok(());
        }
        Err(format!("{address} is not a public address; allow it with HttpPolicy::allow_private_networks"))
    }
}

fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            let [a, b, ..] = v4.octets();
            let shared = a == 100 && (64..128).contains(&b);
            let benchmarks = a == 198 && (b == 18 || b == 19);
            let protocols = v4.octets().starts_with(&[192, 0, 0]);
            !(v4.is_private()
                || v4.is_loopback()
                || v4.is_link_local()
                || v4.is_broadcast()
                || v4.is_documentation()
                || v4.is_multicast()
                || shared
                || benchmarks
                || protocols
                || a == 0
                || a >= 240)
        }
        IpAddr::V6(v6) => match v6.to_ipv4() {
            Some(v4) => is_public(IpAddr::V4(v4)), // mapped and compatible addresses
            None => {
                let nat64 = v6.segments().starts_with(&[0x64, 0xff9b]);
                let six_to_four = v6.segments().starts_with(&[0x2002]);
                !(v6.is_unique_local()
                    || v6.is_unicast_link_local()
                    || v6.is_multicast()
                    || nat64
                    || six_to_four)
            }
        },
    }
}

/// Resolves a name once and gives only addresses that may be connected to.
struct CheckedResolver(HttpPolicy);

impl Resolve for CheckedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let policy = self.0.clone();
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            for address in &found {
                policy.check_address(address.ip())?;
            }
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

/// The activity that makes the requests.
#[derive(Clone)]
pub(crate) struct HttpFunction {
    policy: HttpPolicy,
    client: Result<reqwest::Client, String>,
}

impl HttpFunction {
    pub(crate) fn new(policy: HttpPolicy) -> Self {
        // Another part of the process may have installed a provider before: then that one is used.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy() // through a proxy, the address that is checked would be the proxy's
            .dns_resolver(Arc::new(CheckedResolver(policy.clone())))
            .build()
            .map_err(|error| describe(&error));
        Self { policy, client }
    }

    /// Makes one request.
    pub(crate) async fn send(&self, request: HttpRequest) -> Result<HttpResponse, Failure> {
        let client = self.client.clone();
        let client = client.map_err(|error| Failure::new("HttpClient", error).non_retriable())?;
        perform(&client, &self.policy, request).await
    }
}

impl Function for HttpFunction {
    fn call(&self, call: FunctionCall) -> BoxFuture<'static, Result<Option<Payload>, Failure>> {
        let this = self.clone();
        Box::pin(async move {
            let what = "the request of an HTTP call";
            let (request,): (HttpRequest,) = crate::serial::from_payload(what, call.input.as_ref())?;
            let response = this.send(request).await?;
            crate::serial::to_payload("the answer of an HTTP call", &response)
        })
    }
}

async fn perform(
    client: &reqwest::Client,
    policy: &HttpPolicy,
    request: HttpRequest,
) -> Result<HttpResponse, Failure> {
    let invalid = |text: String| Failure::new("InvalidHttpRequest", text).non_retriable();
    let url =
        reqwest::Url::parse(&request.uri).map_err(|error| invalid(format!("{:?}: {error}", request.uri)))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(invalid(format!("{:?} is neither http nor https", request.uri)));
    }
    policy
        .check_host(url.host_str().unwrap_or_default())
        .map_err(|refusal| Failure::new("HttpNotAllowed", refusal).non_retriable())?;
    let method = reqwest::Method::from_bytes(request.method.to_uppercase().as_bytes())
        .map_err(|_| invalid(format!("{:?} is not a method", request.method)))?;
    let timeout = request.timeout_ms.map_or(DEFAULT_TIMEOUT, Duration::from_millis);
    let mut builder = client.request(method, url).timeout(timeout);
    for (name, value) in &request.headers {
        builder = builder.header(name, value);
    }
    if let Some(content) = request.content {
        builder = builder.body(content);
    }
    let response = builder.send().await.map_err(|error| Failure::new("HttpError", describe(&error)))?;
    read(response).await
}

async fn read(mut response: reqwest::Response) -> Result<HttpResponse, Failure> {
    let headers = response.headers().iter();
    let headers = headers
        .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
        .collect();
    let status_code = response.status().as_u16();
    let mut content = Vec::new();
    while let Some(chunk) =
        response.chunk().await.map_err(|error| Failure::new("HttpError", describe(&error)))?
    {
        content.extend_from_slice(&chunk);
        if content.len() > MAX_ANSWER {
            let text = format!("the answer has more than {MAX_ANSWER} bytes, the most that is read");
            return Err(Failure::new("LimitExceeded", text).non_retriable());
        }
    }
    Ok(HttpResponse { status_code, headers, content: String::from_utf8_lossy(&content).into_owned() })
}

/// An error with its causes: the outer one alone often only says that something went wrong.
fn describe(error: &dyn std::error::Error) -> String {
    match error.source() {
        Some(source) => format!("{error}: {}", describe(source)),
        None => error.to_string(),
    }
}

impl From<HttpResponse> for Error {
    fn from(response: HttpResponse) -> Self {
        let text: String = response.content.chars().take(500).collect();
        Self::new("HttpStatus", format!("the endpoint answered {}: {text}", response.status_code))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_public_addresses_by_default() {
        let policy = HttpPolicy::default();
        for private in [
            "127.0.0.1",
            "10.1.2.3",
            "169.254.169.254",
            "[::1]",
            "[::ffff:127.0.0.1]",
            "100.64.0.1",
            "[fd00::1]",
            "198.18.0.1",
            "[2002:7f00:1::]",
        ] {
            assert!(policy.check_host(private).is_err(), "{private}");
            assert!(policy.clone().allow_private_networks().check_host(private).is_ok(), "{private}");
        }
        for public in ["8.8.8.8", "[2001:4860:4860::8888]", "example.com"] {
            assert!(policy.check_host(public).is_ok(), "{public}");
        }
    }

    #[test]
    fn hosts_can_be_listed() {
        let policy = HttpPolicy::default().only_hosts(&["api.example.com", "*.shop.example"]);
        for (host, allowed) in [
            ("API.example.com", true),
            ("cart.shop.example", true),
            ("shop.example", false),
            ("evilshop.example", false),
            ("example.com", false),
        ] {
            assert_eq!(policy.check_host(host).is_ok(), allowed, "{host}");
        }
    }

    #[test]
    fn locations_may_be_relative() {
        assert_eq!(join("http://a/b/c", "/d"), "http://a/d");
        assert_eq!(join("http://a/b/c", "http://e/f"), "http://e/f");
    }
}
