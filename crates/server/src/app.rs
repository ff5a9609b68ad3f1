//! The router, and what all handlers share.

use crate::answer::Refusal;
use crate::guard::Hosts;
use crate::hubs::HubName;
use crate::live::{Live, Sampler};
use crate::metrics::HttpMetrics;
use crate::options::ServerOptions;
use crate::parts::Parts;
use crate::{
    console, durable_functions, durable_task, fn_project, guard, health, metrics, observe, oci_functions,
    partita, step_functions, triggers,
};
use axum::Router;
use axum::extract::{Request, State};
use axum::handler::Handler;
use axum::http::Method;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, on};
use partita_api::problem::ProblemKind;
use partita_engine::Engine;
use partita_engine::kernel::Timestamp;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// The description of the own API (OpenAPI 3.1), as it is served at `/api/openapi.json`.
pub const OPENAPI: &str = include_str!("../../../docs/openapi.json");

/// What all handlers share.
pub(crate) struct App {
    /// The hub whose requests these are; `None` for the default one.
    pub(crate) hub: Option<HubName>,
    pub(crate) engine: Engine,
    pub(crate) parts: Parts,
    pub(crate) options: ServerOptions,
    pub(crate) hosts: Hosts,
    pub(crate) http: HttpMetrics,
    /// For whoever watches what changes.
    pub(crate) live: Live,
    /// Figures of the last hour and day.
    pub(crate) sampler: Sampler,
    pub(crate) own: partita::Own,
    pub(crate) started_at: Timestamp,
    /// Cancelled when the server begins to stop: long polls and streams end.
    pub(crate) stopping: CancellationToken,
}

pub(crate) type Shared = Arc<App>;

impl App {
    pub(crate) fn new(
        engine: Engine,
        parts: Parts,
        options: ServerOptions,
        hosts: Hosts,
        stopping: CancellationToken,
    ) -> Self {
        let started_at = engine.now();
        let http = HttpMetrics::default();
        let (live, sampler) = (Live::default(), Sampler::default());
        let own = partita::Own::default();
        Self { hub: None, engine, parts, options, hosts, http, own, live, sampler, started_at, stopping }
    }

    /// For requests of a hub other than the default one.
    pub(crate) fn of_hub(self, hub: HubName) -> Self {
        Self { hub: Some(hub), ..self }
    }

    /// Bytes of a request's body.
    pub(crate) fn body_bytes(&self) -> usize {
        self.options.body_bytes.unwrap_or_else(|| self.engine.limits().payload_bytes.saturating_add(1 << 20))
    }

    /// Whether new work is taken in; says why not.
    pub(crate) fn ready(&self) -> Result<(), Refusal> {
        if self.stopping.is_cancelled() {
            return Err(partita_engine::EngineError::Stopping.into());
        }
        Ok(self.engine.ready()?)
    }
}

/// All that this server serves, to be merged into or nested under an axum application of one's own.
///
/// Which hosts may be addressed is then that application's affair, unless `allowed_hosts` is set.
/// Schedules are not run by the router: [`Schedules::spawn`](crate::Schedules::spawn) does.
pub fn router(engine: Engine, options: ServerOptions) -> Router {
    let hosts = Hosts::of_router(&options);
    let options = ServerOptions { console: false, ..options };
    of_app(&Arc::new(App::new(engine, Parts::default(), options, hosts, CancellationToken::new())))
}

pub(crate) fn of_app(app: &Shared) -> Router {
    Sampler::spawn(app);
    routes(app)
        .router
        .fallback(elsewhere)
        .method_not_allowed_fallback(wrong_method)
        .layer(axum::middleware::from_fn_with_state(app.clone(), guard::guard))
        .layer(axum::middleware::from_fn_with_state(app.clone(), observe::observe))
        .with_state(app.clone())
        .merge(durable_task::router(app))
}

/// Every route but those that only the dialects know.
pub(crate) fn routes(app: &Shared) -> Routes {
    let routes = Routes::default()
        .get("/livez", health::live)
        .get("/readyz", health::ready)
        .get("/metrics", metrics::metrics);
    let routes = partita::routes(routes);
    let routes = durable_functions::routes(routes);
    let routes = step_functions::routes(routes);
    triggers::routes(routes, &app.options.triggers)
}

/// A router that remembers what is in it.
#[derive(Default)]
pub(crate) struct Routes {
    pub(crate) router: Router<Shared>,
    #[allow(dead_code)] // read by the test that compares it with the OpenAPI document
    pub(crate) known: Vec<(Method, String)>,
}

impl Routes {
    pub(crate) fn get<H: Handler<T, Shared>, T: 'static>(self, path: &str, handler: H) -> Self {
        self.on(Method::GET, path, handler)
    }
    pub(crate) fn post<H: Handler<T, Shared>, T: 'static>(self, path: &str, handler: H) -> Self {
        self.on(Method::POST, path, handler)
    }
    pub(crate) fn delete<H: Handler<T, Shared>, T: 'static>(self, path: &str, handler: H) -> Self {
        self.on(Method::DELETE, path, handler)
    }
    pub(crate) fn on<H: Handler<T, Shared>, T: 'static>(
        mut self,
        method: Method,
        path: &str,
        handler: H,
    ) -> Self {
        let filter = MethodFilter::try_from(method.clone()).unwrap_or(MethodFilter::GET);
        self.router = self.router.route(path, on(filter, handler));
        self.known.push((method, path.to_owned()));
        self
    }
    pub(crate) fn put<H: Handler<T, Shared>, T: 'static>(self, path: &str, handler: H) -> Self {
        self.on(Method::PUT, path, handler)
    }
    /// Posts to a path of a dialect; not remembered.
    pub(crate) fn post_undocumented<H: Handler<T, Shared>, T: 'static>(
        mut self,
        path: &str,
        handler: H,
    ) -> Self {
        self.router = self.router.route(path, axum::routing::post(handler));
        self
    }
    /// All methods of a path; not remembered.
    pub(crate) fn any<H: Handler<T, Shared>, T: 'static>(mut self, path: &str, handler: H) -> Self {
        self.router = self.router.route(path, axum::routing::any(handler));
        self
    }
}

/// What no route takes. Dialects with whole trees of paths begin here, so that none of their paths takes one away from
/// a trigger, or from an application around this router.
async fn elsewhere(State(app): State<Shared>, request: Request) -> Response {
    let path = request.uri().path();
    if oci_functions::owns(path) {
        return oci_functions::answer(app, request).await;
    }
    if fn_project::owns(path) {
        return fn_project::answer(app, request).await;
    }
    let (parts, _) = request.into_parts();
    if let Some(page) = shown(&app, &parts) {
        return page;
    }
    let path = parts.uri.path();
    let detail = format!("there is no {} {path}; the API is described at /api/openapi.json", parts.method);
    Refusal::new(ProblemKind::NoRoute, detail).into_response()
}

/// What a route does not take because of its method. At `/` this is a browser's first request: posts there are the API
/// of Step Functions.
async fn wrong_method(State(app): State<Shared>, parts: axum::http::request::Parts) -> Response {
    if let Some(page) = shown(&app, &parts).filter(|_| parts.uri.path() == "/") {
        return page;
    }
    let (method, path) = (&parts.method, parts.uri.path());
    let detail = format!("{path} does not know {method}; the header Allow names what it knows");
    Refusal::new(ProblemKind::MethodNotAllowed, detail).into_response()
}

fn shown(app: &App, parts: &axum::http::request::Parts) -> Option<Response> {
    if app.options.console { console::answer(parts) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use partita_engine::store::MemoryStore;
    use partita_engine::{EngineConfig, Registry};
    use std::collections::BTreeSet;

    #[tokio::test]
    async fn the_document_describes_every_route_and_no_other() {
        let store = Arc::new(MemoryStore::new(1));
        let engine = Engine::open(store, Registry::default(), EngineConfig::default()).await.unwrap();
        let app = App::new(
            engine,
            Parts::default(),
            ServerOptions::default(),
            Hosts::Any,
            CancellationToken::new(),
        );
        let known = routes(&Arc::new(app)).known;
        let served: BTreeSet<_> = known.iter().map(|(method, path)| format!("{method} {path}")).collect();
        let document: serde_json::Value = serde_json::from_str(OPENAPI).unwrap();
        let mut described = BTreeSet::new();
        for (path, operations) in document["paths"].as_object().unwrap() {
            for method in operations.as_object().unwrap().keys() {
                described.insert(format!("{} {path}", method.to_uppercase()));
            }
        }
        assert_eq!(served, described);
    }
}
