//! The server's own API, as this program asks it.

use crate::args::GlobalArgs;
use crate::exit::{Exit, Failure, Result};
use partita_api::problem::Problem;
use reqwest::header::HeaderValue;
use reqwest::{Method, RequestBuilder, Response, Url};
use serde::{Serialize, de::DeserializeOwned};
use std::time::Duration;

/// How long a request may take that does not wait for anything.
const USUAL: Duration = Duration::from_secs(60);
/// How long connecting may take.
const CONNECT: Duration = Duration::from_secs(5);
/// How much of an answer is shown that is not what was expected.
const SHOWN: usize = 200;

/// The header that names a task hub.
const HUB: &str = "taskhub";

/// A server.
#[derive(Clone, Debug)]
pub(crate) struct Api {
    base: String,
    http: reqwest::Client,
    /// The task hub that is meant.
    hub: Option<HeaderValue>,
}

impl Api {
    /// The server, and in it the task hub, that are meant.
    ///
    /// # Errors
    /// When it is no address, or no hub can be called so.
    pub(crate) fn new(global: &GlobalArgs) -> Result<Self> {
        let server = &global.server;
        let hub = global.hub.as_deref().map(HeaderValue::from_str).transpose();
        let hub = hub.map_err(|_| Failure::usage("--hub is not the name of a task hub"))?;
        let wrong = |why: String| {
            Failure::usage(format!("--server {server:?} is not the address of a server: {why}"))
                .advise("write it like http://127.0.0.1:4001")
        };
        let url = Url::parse(server).map_err(|error| wrong(error.to_string()))?;
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
            return Err(wrong("it does not begin with http:// or https://".to_owned()));
        }
        // Another part of the process may have installed a provider before: then that one is used.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut builder = reqwest::Client::builder().connect_timeout(CONNECT);
        if is_loopback(&url) {
            builder = builder.no_proxy(); // no proxy can reach this machine's own addresses
        }
        let http = builder.build().map_err(|error| Failure::new(Exit::Failed, error.to_string()))?;
        Ok(Self { base: server.trim_end_matches('/').to_owned(), http, hub })
    }

    /// Where it is.
    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    /// Asks, and reads the answer.
    pub(crate) async fn get<T: DeserializeOwned>(&self, path: &str, query: &[(&str, String)]) -> Result<T> {
        self.get_within(path, query, USUAL).await
    }

    /// Asks, and reads an answer that may take so long.
    pub(crate) async fn get_within<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &[(&str, String)],
        timeout: Duration,
    ) -> Result<T> {
        let request = self.request(Method::GET, path).query(query).timeout(timeout);
        self.read(self.send(request).await?).await
    }

    /// Posts, and reads the answer.
    pub(crate) async fn post<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Result<T> {
        let request = self.request(Method::POST, path).json(body).timeout(USUAL);
        self.read(self.send(request).await?).await
    }

    /// Posts something that the server accepts without a word.
    pub(crate) async fn tell(&self, path: &str, body: Option<&impl Serialize>) -> Result<()> {
        let mut request = self.request(Method::POST, path).timeout(USUAL);
        if let Some(body) = body {
            request = request.json(body);
        }
        self.send(request).await.map(drop)
    }

    /// Deletes, and reads the answer.
    pub(crate) async fn delete<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &[(&str, String)],
    ) -> Result<T> {
        // A purge of many works for up to half a minute before it answers that there is more.
        let request = self.request(Method::DELETE, path).query(query).timeout(USUAL * 2);
        self.read(self.send(request).await?).await
    }

    /// Puts something, and reads the answer.
    pub(crate) async fn put<T: DeserializeOwned>(&self, path: &str) -> Result<T> {
        let request = self.request(Method::PUT, path).timeout(USUAL);
        self.read(self.send(request).await?).await
    }

    /// Deletes what the server deletes without a word.
    pub(crate) async fn remove(&self, path: &str, query: &[(&str, String)]) -> Result<()> {
        let request = self.request(Method::DELETE, path).query(query).timeout(USUAL);
        self.send(request).await.map(drop)
    }

    /// Opens a stream of server-sent events.
    pub(crate) async fn stream(&self, path: &str) -> Result<Response> {
        self.send(self.request(Method::GET, path).header("accept", "text/event-stream")).await
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.base));
        match &self.hub {
            Some(hub) => request.header(HUB, hub),
            None => request,
        }
    }

    async fn send(&self, request: RequestBuilder) -> Result<Response> {
        let answer = request.send().await.map_err(|error| self.unreachable(&error))?;
        if answer.status().is_success() {
            return Ok(answer);
        }
        let status = answer.status();
        let text = answer.text().await.map_err(|error| self.unreachable(&error))?;
        Err(match serde_json::from_str::<Problem>(&text) {
            Ok(problem) if !problem.type_uri.is_empty() => Failure::of_problem(problem),
            _ => self.strange(&format!("{status}: {}", beginning(&text))),
        })
    }

    async fn read<T: DeserializeOwned>(&self, answer: Response) -> Result<T> {
        let text = answer.text().await.map_err(|error| self.unreachable(&error))?;
        serde_json::from_str(&text)
            .map_err(|error| self.strange(&format!("something unexpected ({error}): {}", beginning(&text))))
    }

    fn strange(&self, what: &str) -> Failure {
        Failure::new(Exit::Failed, format!("{} answered {what}", self.base))
            .advise("is it a Partita server, and of this version? `partita version` asks it")
    }

    /// Why there was no answer.
    pub(crate) fn unreachable(&self, error: &reqwest::Error) -> Failure {
        let base = &self.base;
        if error.is_timeout() && !error.is_connect() {
            return Failure::new(Exit::TimedOut, format!("the server at {base} did not answer in time"));
        }
        Failure::new(Exit::Unreachable, format!("cannot reach the server at {base}: {}", root_cause(error)))
            .advise(
                "start one with `partita dev FOLDER` or `partita serve`, or name another with --server URL",
            )
    }
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// The last of an error's causes: what really went wrong.
fn root_cause(error: &dyn std::error::Error) -> String {
    let mut last = error;
    while let Some(cause) = last.source() {
        last = cause;
    }
    last.to_string()
}

fn beginning(text: &str) -> String {
    text.trim().chars().take(SHOWN).collect()
}
