//! Functions that are hosted here, and functions behind URLs, as activities.
//!
//! | module | holds |
//! | --- | --- |
//! | [`catalogue`] | applications and functions with ids, as the cloud's APIs have them |
//! | `hosted` | one function of the host as the engine calls it |
//! | `outcome` | what a call gives, as a result or a failure that is recorded |
//! | `logs` | `GET /api/v1/functions/{name}/logs`, `GET /api/v1/instances/{id}/logs` |

pub mod catalogue;
mod hosted;
pub(crate) mod logs;
mod outcome;

use axum::http::Uri;
use hosted::Hosted;
pub(crate) use hosted::id_of;
use parking_lot::RwLock;
use partita::dynamic::{Function as Callable, Name, Offers};
use partita_api::function::{ColdStarts, Configuration, EndpointDetail, HostedDetail, Processes};
use partita_api::{FunctionKind, HostedFunction};
use partita_functions::{DeployError, FunctionSpec, FunctionState, FunctionStatus, Host, Runtime};
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::watch;

/// Where a deployment stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Deployment {
    /// It is being built; calls wait.
    Building,
    /// It was handed to the host, which answers for it.
    Done,
    /// It could not even be handed to the host.
    Failed(String),
}

/// A function behind a URL.
#[derive(Clone)]
pub struct Endpoint {
    /// Where it is.
    pub url: String,
    /// What calls it.
    pub function: Arc<dyn Callable>,
}

/// All functions that this process offers beside those written in Rust.
pub struct Functions {
    host: Option<Host>,
    endpoints: BTreeMap<Name, Endpoint>,
    hosted: RwLock<BTreeMap<Name, watch::Sender<Deployment>>>,
}

impl std::fmt::Debug for Functions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Functions")
            .field("endpoints", &self.endpoints.keys())
            .field("hosted", &self.hosted.read().keys())
            .finish()
    }
}

impl Functions {
    /// Functions behind URLs, and those of a host, if there is one.
    #[must_use]
    pub fn new(host: Option<Host>, endpoints: BTreeMap<Name, Endpoint>) -> Arc<Self> {
        Arc::new(Self { host, endpoints, hosted: RwLock::default() })
    }

    /// The host, if functions can be hosted here.
    #[must_use]
    pub fn host(&self) -> Option<&Host> {
        self.host.as_ref()
    }

    /// Whether the function is one behind a URL.
    #[must_use]
    pub fn is_endpoint(&self, name: &str) -> bool {
        self.endpoints.contains_key(name)
    }

    /// From now on calls of that function wait for its deployment instead of failing.
    pub fn announce(&self, name: &str) {
        let mut hosted = self.hosted.write();
        hosted.entry(Name::from(name)).or_insert_with(|| watch::Sender::new(Deployment::Building));
    }

    /// Builds a function's environment and starts it. A function whose code cannot be loaded is deployed
    /// all the same: calls say what is wrong with it.
    ///
    /// # Errors
    /// When it was not deployed; calls then fail with the same reason.
    pub async fn deploy(&self, spec: FunctionSpec) -> Result<(), DeployError> {
        let name = Name::from(spec.name.as_str());
        self.announce(&name);
        let outcome = match &self.host {
            Some(host) => host.deploy(spec).await,
            None => Err(DeployError::Stopping),
        };
        let state = match &outcome {
            Ok(()) | Err(DeployError::Start(_)) => Deployment::Done,
            Err(error) => Deployment::Failed(error.to_string()),
        };
        if let Some(sender) = self.hosted.read().get(&name) {
            sender.send_replace(state);
        }
        outcome
    }

    /// Takes a function away. Calls under way end.
    pub fn remove(&self, name: &str) {
        self.hosted.write().remove(name);
        if let Some(host) = &self.host {
            host.remove(name);
        }
    }

    /// A function as it is shown; `None` for those that are not among these.
    pub(crate) fn describe(&self, name: &str) -> Option<(FunctionKind, Option<HostedFunction>)> {
        if self.is_endpoint(name) {
            return Some((FunctionKind::Endpoint, None));
        }
        self.hosted.read().get(name)?;
        Some((FunctionKind::Hosted, self.status(name).as_ref().map(describe)))
    }

    /// More about a function that is hosted.
    pub(crate) fn hosted_detail(&self, name: &str) -> Option<HostedDetail> {
        self.hosted.read().get(name)?;
        self.status(name).as_ref().map(detail)
    }

    /// More about a function behind a URL.
    pub(crate) fn endpoint_detail(&self, name: &str) -> Option<EndpointDetail> {
        self.endpoints.get(name).map(|endpoint| EndpointDetail { url: plain_url(&endpoint.url) })
    }

    fn status(&self, name: &str) -> Option<FunctionStatus> {
        self.host.as_ref()?.status(name)
    }

    /// Resolves when a function is deployed, or cannot be.
    async fn deployed(&self, name: &str) -> Deployment {
        let receiver = self.hosted.read().get(name).map(watch::Sender::subscribe);
        let Some(mut receiver) = receiver else { return Deployment::Done };
        let settled = receiver.wait_for(|state| *state != Deployment::Building).await;
        settled.map_or(Deployment::Done, |state| state.clone())
    }
}

fn describe(status: &FunctionStatus) -> HostedFunction {
    let (state, reason) = match &status.state {
        FunctionState::Building => ("building", None),
        FunctionState::Ready => ("ready", None),
        FunctionState::Broken { reason } => ("broken", Some(reason.clone())),
    };
    let spec = &status.spec;
    HostedFunction {
        state: state.to_owned(),
        reason,
        app: spec.app.clone(),
        runtime: runtime(spec.runtime).to_owned(),
        timeout_seconds: spec.timeout.as_secs(),
        memory_mb: spec.memory_mb,
        idle: status.idle,
        busy: status.busy,
        starting: status.starting,
        max_processes: spec.max_processes,
        waiting: status.waiting,
        calls: status.calls,
        failures: status.failures,
        cold_starts: status.cold_starts,
        reloads: status.reloads,
        last_error: status.last_error.clone(),
    }
}

fn runtime(runtime: Runtime) -> &'static str {
    match runtime {
        Runtime::Python => "python",
        Runtime::Node => "node",
    }
}

fn detail(status: &FunctionStatus) -> HostedDetail {
    let spec = &status.spec;
    let file = spec.entrypoint.file.display();
    HostedDetail {
        runtime: runtime(spec.runtime).to_owned(),
        entry: match spec.runtime {
            Runtime::Python => format!("{file}:{}", spec.entrypoint.handler),
            Runtime::Node => file.to_string(), // which names its handler itself
        },
        processes: Processes {
            max: spec.max_processes,
            starting: status.starting,
            idle: status.idle,
            busy: status.busy,
        },
        cold_starts: ColdStarts {
            total: status.cold_starts,
            last_seconds: status.last_cold_start.map(|duration| duration.as_secs_f64()),
        },
        memory: Some(spec.memory_mb.saturating_mul(1 << 20)),
        timeout_seconds: spec.timeout.as_secs_f64(),
        configuration: Configuration { keys: spec.config.keys().cloned().collect() },
    }
}

/// A URL without what could be a secret in it: user, password and query.
fn plain_url(url: &str) -> String {
    let Ok(uri) = url.parse::<Uri>() else { return "(not shown)".to_owned() };
    let scheme = uri.scheme_str().unwrap_or("http");
    let authority = uri.authority().map_or("", |authority| authority.as_str());
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    format!("{scheme}://{host}{}", uri.path())
}

/// The functions as the engine asks for them.
pub struct FunctionOffers(pub Arc<Functions>);

impl Offers for FunctionOffers {
    fn function(&self, name: &str) -> Option<Arc<dyn Callable>> {
        if let Some(endpoint) = self.0.endpoints.get(name) {
            return Some(endpoint.function.clone());
        }
        let known = self.0.hosted.read().contains_key(name);
        known.then(|| Arc::new(Hosted { functions: self.0.clone() }) as Arc<dyn Callable>)
    }

    fn functions(&self) -> Vec<Name> {
        let hosted = self.0.hosted.read();
        self.0.endpoints.keys().chain(hosted.keys()).cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_secrets_of_urls_are_shown() {
        for (url, shown) in [
            ("https://api.example/charge", "https://api.example/charge"),
            ("https://me:secret@api.example:8443/v1?key=secret", "https://api.example:8443/v1"),
            ("http://api.example", "http://api.example/"),
            ("not a url?key=secret", "(not shown)"),
        ] {
            assert_eq!(plain_url(url), shown, "{url}");
        }
    }
}
