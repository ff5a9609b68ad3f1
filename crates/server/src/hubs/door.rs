//! Which hub a request is for: it comes to the server's door, and goes on into the routes of that hub.
//!
//! A hub is named by the header `taskhub` (gRPC metadata is headers too), and in the addresses of the Durable Functions
//! dialect and of the own API also by the parameter `taskHub`, in any case. Whoever names none means the default hub, and
//! takes no detour.

use super::hub::Frame;
use super::{HubError, HubName, Hubs, InvalidHubName};
use crate::answer::Refusal;
use crate::guard;
use crate::{durable_functions, durable_task, partita};
use axum::Router;
use axum::body::{Body, Bytes, HttpBody};
use axum::extract::Request;
use axum::http::uri::PathAndQuery;
use axum::http::{HeaderMap, Method, Uri};
use axum::response::Response;
use axum::routing::future::RouteFuture;
use futures::future::{BoxFuture, Either};
use partita_api::Problem;
use std::convert::Infallible;
use std::sync::Arc;
use std::task::{Context, Poll};
use tower::{Service, ServiceExt};

/// The header that names a hub.
pub(crate) const HEADER: &str = "taskhub";
/// The parameter that does, in lower case.
const PARAMETER: &str = "taskhub";

/// A request that is not let in. It goes into the default hub's routes all the same, where it is answered as all
/// refusals are, noted, and told in the language of its dialect.
#[derive(Clone, Debug)]
pub(crate) struct Refused(pub(crate) Problem);

/// Where all requests come in.
#[derive(Clone)]
pub(crate) struct Door {
    default: Router,
    hubs: Option<Arc<Behind>>,
}

struct Behind {
    hubs: Arc<Hubs>,
    frame: Frame,
}

impl Door {
    /// A server with one hub, whatever requests call it.
    pub(crate) fn alone(default: Router) -> Self {
        Self { default, hubs: None }
    }

    /// A server with several.
    pub(crate) fn with(
        default: Router,
        hubs: Arc<Hubs>,
        options: crate::ServerOptions,
        hosts: guard::Hosts,
        stopping: tokio_util::sync::CancellationToken,
    ) -> Self {
        let frame = Frame { options, hosts, stopping };
        Self { default, hubs: Some(Arc::new(Behind { hubs, frame })) }
    }
}

impl<B> Service<axum::http::Request<B>> for Door
where
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<axum::BoxError>,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Either<RouteFuture<Infallible>, BoxFuture<'static, Result<Response, Infallible>>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(())) // as routers are
    }

    fn call(&mut self, request: axum::http::Request<B>) -> Self::Future {
        match &self.hubs {
            Some(behind) if may_name_one(&request) => {
                let (behind, default) = (behind.clone(), self.default.clone());
                Either::Right(Box::pin(async move {
                    let (router, request) = behind.way(default, request.map(Body::new)).await;
                    router.oneshot(request).await
                }))
            }
            _ => Either::Left(self.default.call(request)),
        }
    }
}

fn may_name_one<B>(request: &axum::http::Request<B>) -> bool {
    request.uri().query().is_some() || request.headers().contains_key(HEADER)
}

impl Behind {
    /// Where a request goes on, and as what.
    async fn way(&self, default: Router, mut request: Request) -> (Router, Request) {
        match self.hub_of(&mut request).await {
            Ok(None) => (default, request),
            Ok(Some(router)) => (router, request),
            Err(refusal) => {
                request.extensions_mut().insert(Refused(*refusal.0));
                (default, request)
            }
        }
    }

    /// The routes of the hub that a request names; `None` for the default one.
    async fn hub_of(&self, request: &mut Request) -> Result<Option<Router>, Refusal> {
        if is_about_hubs(request.uri().path()) {
            return Ok(None);
        }
        let Some(name) = named(request)? else { return Ok(None) };
        if self.hubs.is_default(&name) {
            return Ok(None);
        }
        let name = HubName::parse(&name).map_err(HubError::from)?;
        // Before anything is made for it: a page of another site must not have hubs made.
        guard::check(&self.frame.hosts, request)?;
        let changes = !matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
        let hub = match self.hubs.get(&name) {
            Err(HubError::Unknown { .. }) if self.hubs.on_first_use() && changes => {
                self.hubs.create(&name).await?.0
            }
            found => found?,
        };
        Ok(Some(hub.router(&self.frame)))
    }
}

/// Requests that make and delete hubs; the default hub answers them.
fn is_about_hubs(path: &str) -> bool {
    path.strip_prefix(partita_api::paths::HUBS).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        || durable_task::is_about_hubs(path)
}

/// The hub that a request names, if it names one. A parameter is taken out where the route would not know it.
fn named(request: &mut Request) -> Result<Option<String>, Refusal> {
    let header = in_header(request.headers())?;
    let parameter = if takes_parameter(request.uri().path()) { in_query(request.uri()) } else { None };
    if partita::owns(request.uri().path()) && parameter.is_some() {
        *request.uri_mut() = without_parameter(request.uri());
    }
    match (header, parameter.filter(|name| !name.is_empty())) {
        (Some(header), Some(parameter)) if !header.eq_ignore_ascii_case(&parameter) => {
            let detail = format!(
                "the header {HEADER} names the task hub {header:?}, and the parameter taskHub {parameter:?}; name one"
            );
            Err(Refusal::invalid(detail))
        }
        (header, parameter) => Ok(header.or(parameter)),
    }
}

fn in_header(headers: &HeaderMap) -> Result<Option<String>, HubError> {
    let Some(value) = headers.get(HEADER) else { return Ok(None) };
    match value.to_str() {
        Ok("") => Ok(None),
        Ok(name) => Ok(Some(name.to_owned())),
        Err(_) => Err(InvalidHubName::of(&String::from_utf8_lossy(value.as_bytes())).into()),
    }
}

/// Whether an address is one of those whose parameters are this server's, and not a function's or a workflow's.
fn takes_parameter(path: &str) -> bool {
    partita::owns(path) || durable_functions::owns(path)
}

fn in_query(uri: &Uri) -> Option<String> {
    pairs(uri).into_iter().find(|(key, _)| is_parameter(key)).map(|(_, value)| value)
}

fn pairs(uri: &Uri) -> Vec<(String, String)> {
    // What cannot be read is for the route to refuse.
    axum::extract::Query::try_from_uri(uri).map(|query| query.0).unwrap_or_default()
}

fn is_parameter(key: &str) -> bool {
    key.eq_ignore_ascii_case(PARAMETER)
}

/// The address without the parameter; the others stay as they were written.
fn without_parameter(uri: &Uri) -> Uri {
    let is_it = |pair: &&str| {
        let key = pair.split('=').next().unwrap_or_default();
        crate::extract::decode(key).is_some_and(|key| is_parameter(&key))
    };
    let kept: Vec<&str> = uri.query().unwrap_or_default().split('&').filter(|pair| !is_it(pair)).collect();
    let whole = match kept.as_slice() {
        [] => uri.path().to_owned(),
        kept => format!("{}?{}", uri.path(), kept.join("&")),
    };
    let mut parts = uri.clone().into_parts();
    match PathAndQuery::try_from(whole) {
        Ok(whole) => parts.path_and_query = Some(whole),
        Err(_) => return uri.clone(),
    }
    Uri::from_parts(parts).unwrap_or_else(|_| uri.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(uri: &str, header: Option<&str>) -> (Result<Option<String>, String>, String) {
        let mut request = Request::builder().uri(uri);
        if let Some(header) = header {
            request = request.header(HEADER, header);
        }
        let mut request = request.body(Body::empty()).unwrap();
        let name = named(&mut request).map_err(|refusal| refusal.0.detail);
        (name, request.uri().to_string())
    }

    #[test]
    fn hubs_are_named_by_a_header_or_where_the_server_owns_the_parameters_by_one() {
        let functions = "/runtime/webhooks/durabletask/instances";
        for (uri, header, name, left) in [
            ("/api/v1/about", None, None, "/api/v1/about"),
            ("/t/app/hook?taskHub=a", None, None, "/t/app/hook?taskHub=a"),
            ("/t/app/hook?taskHub=a", Some("b"), Some("b"), "/t/app/hook?taskHub=a"),
            ("/api/v1/counts?TASKHUB=a", None, Some("a"), "/api/v1/counts"),
            ("/api/v1/counts?x=%20&task%48ub=a&y", None, Some("a"), "/api/v1/counts?x=%20&y"),
            ("/api/v1/counts?taskHub=A", Some("a"), Some("a"), "/api/v1/counts"),
            ("/api/v1/counts?taskHub=", Some(""), None, "/api/v1/counts"),
        ] {
            let (named, kept) = of(uri, header);
            assert_eq!((named.unwrap().as_deref(), kept.as_str()), (name, left), "{uri}");
        }
        let (named, kept) = of(&format!("{functions}?code=x&taskHub=Shop"), None);
        assert_eq!(named.unwrap().as_deref(), Some("Shop"));
        assert!(kept.ends_with("taskHub=Shop"), "links repeat it");
        let (named, _) = of("/api/v1/counts?taskHub=a", Some("b"));
        assert!(named.unwrap_err().ends_with("name one"));
    }

    #[test]
    fn requests_about_hubs_are_for_the_default_one() {
        assert!(is_about_hubs("/api/v1/hubs") && is_about_hubs("/api/v1/hubs/a"));
        assert!(is_about_hubs("/TaskHubSidecarService/CreateTaskHub"));
        assert!(!is_about_hubs("/api/v1/hubsx") && !is_about_hubs("/TaskHubSidecarService/Hello"));
    }
}
