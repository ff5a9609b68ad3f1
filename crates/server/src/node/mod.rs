//! A process of Partita: a store, an engine over it, and what is offered to workflows.
//!
//! | module | holds |
//! | --- | --- |
//! | [`folder`] | an app's folder: its functions and state machines |
//! | `files` | its state machines as files: offering them, writing them anew |
//! | `appear` | functions that appear while it runs |
//! | `offer` | bringing what is in an app's folder into a running node |
//! | `watch` | bringing it in again when it changes |

mod appear;
pub(crate) mod files;
pub mod folder;
mod offer;
mod watch;

use crate::config::Config;
use crate::functions::catalogue::{Catalogue, CatalogueError};
use crate::functions::{Endpoint, Functions};
use crate::hubs::{self, Ground, HubError, Hubs, Place};
use crate::parts::Parts;
use appear::Surroundings;
pub use files::AppFiles;
pub use folder::AppFolder;
pub use offer::{AppEvent, Report};
use partita::dynamic::Name;
use partita::endpoint::HttpEndpoint;
use partita::http::HttpPolicy;
use partita::{EngineError, Runtime};
use partita_engine::store::{MemoryStore, Store, StoreError};
use partita_functions::{Host, HostConfig, HostError, SpecError};
use partita_store_embedded::EmbeddedStore;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;

/// The folder for the code and keys of functions, within the one in which everything is kept.
const CREATED: &str = "created-functions";

/// What a node is made of.
#[derive(Clone, Debug, Default)]
pub struct NodeOptions {
    /// The folder in which everything is kept; in memory when `None`.
    pub data: Option<PathBuf>,
    /// The app whose functions and state machines are offered.
    pub app: Option<PathBuf>,
    /// Bring files in again when they change.
    pub dev: bool,
    /// The program and first arguments that enter the launcher of functions; no functions are hosted when
    /// there is none.
    pub launcher: Vec<OsString>,
}

/// Why a node did not open.
#[derive(Debug, thiserror::Error)]
pub enum NodeError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The engine.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The host of functions.
    #[error("functions cannot be hosted: {0}")]
    Host(#[from] HostError),
    /// A function of the app.
    #[error(transparent)]
    Function(#[from] SpecError),
    /// The functions that were made through an API.
    #[error(transparent)]
    Catalogue(#[from] CatalogueError),
    /// A task hub.
    #[error(transparent)]
    Hub(#[from] HubError),
    /// A file operation.
    #[error("{0}: {1}")]
    Io(String, std::io::Error),
}

/// A process of Partita.
#[derive(Debug)]
pub struct Node {
    runtime: Runtime,
    parts: Parts,
    offering: JoinSet<()>,
    /// Where functions keep what they need, when there is no other place.
    _temporary: Option<tempfile::TempDir>,
}

impl Node {
    /// Opens the store and goes on with everything that is in it. The app's functions are built meanwhile;
    /// calls of them wait. What happens to the app is told to `report`.
    ///
    /// # Errors
    /// Says what could not be opened.
    pub async fn open(config: &Config, options: NodeOptions, report: Report) -> Result<Self, NodeError> {
        let app = options.app.as_deref().map(AppFolder::read).transpose()?;
        let store: Arc<dyn Store> = match &options.data {
            Some(folder) => Arc::new(EmbeddedStore::open(folder, Default::default())?),
            None => Arc::new(MemoryStore::new(partitions())),
        };
        let temporary = options.data.is_none().then(tempfile::tempdir).transpose();
        let temporary = temporary.map_err(|error| NodeError::Io("a temporary folder".into(), error))?;
        let place = temporary.as_ref().map(tempfile::TempDir::path).or(options.data.as_deref());
        let place = place.unwrap_or(Path::new("."));
        let functions = functions(config, &options, place).await?;
        let machines = hubs::machines(config, store.clone()).await?;
        let mut offering = JoinSet::new();
        if let Some(host) = functions.host() {
            offering.spawn(offer::tell_of(host.events(), report.clone()));
        }
        let created = std::path::absolute(place).unwrap_or_else(|_| place.to_owned()).join(CREATED);
        let catalogue = Catalogue::open(store.clone(), functions.clone(), created).await?;
        let files = app
            .as_ref()
            .map(|app| AppFiles::new(app.folder.clone(), options.dev, machines.clone(), report.clone()));
        if let (Some(app), Some(files)) = (&app, &files) {
            if let Some(functions) = app.functions.clone() {
                offer::functions(functions, config, place, &catalogue, &report).await?;
            }
            files.offer(app).await?;
        }
        let ground = Ground {
            config: config.clone(),
            http: http_policy(config),
            functions: functions.clone(),
            catalogue: catalogue.clone(),
            keys: Arc::new(config.oci_keys()),
        };
        let (runtime, parts) = ground.begin_with(store, machines.clone()).await?;
        // A workflow that is named by the configuration is no mistake: whoever runs it may connect later.
        for name in config.workflows() {
            if let Some(workers) =
                parts.workers.as_ref().filter(|_| !runtime.engine().registry().starts(name))
            {
                workers.expect_workflow(name).await?;
            }
        }
        let kept = Place::within(options.data.as_deref());
        let hubs = match Hubs::open(kept, ground, config.settings.hubs.clone()).await {
            Ok(hubs) => hubs,
            Err(error) => {
                runtime.shutdown(Duration::ZERO).await?;
                return Err(error.into());
            }
        };
        offering.spawn(offer::deploy(catalogue.clone(), functions.clone(), report.clone()));
        if let Some(app) = app.filter(|_| options.dev) {
            let around = Surroundings {
                config: config.clone(),
                place: place.to_owned(),
                catalogue: catalogue.clone(),
                report: report.clone(),
            };
            offering.spawn(appear::functions(app, around));
            if let Some(files) = &files {
                offering.spawn(watch::workflows(files.clone()));
            }
        }
        let parts = Parts { hubs: Some(hubs), app: files, ..parts };
        Ok(Self { runtime, parts, offering, _temporary: temporary })
    }

    /// The engine with what is offered.
    #[must_use]
    pub fn runtime(&self) -> &Runtime {
        &self.runtime
    }

    /// What a server serves beside the engine.
    #[must_use]
    pub fn parts(&self) -> &Parts {
        &self.parts
    }

    /// Ends: takes nothing new in, gives functions under way `grace` to end, closes the store.
    ///
    /// # Errors
    /// When the store cannot be closed cleanly; nothing acknowledged is lost all the same.
    pub async fn shutdown(mut self, grace: Duration) -> Result<(), NodeError> {
        self.offering.shutdown().await;
        if let Some(hubs) = &self.parts.hubs {
            hubs.shutdown(grace).await;
        }
        let ended = self.runtime.shutdown(grace).await;
        if let Some(host) = self.parts.functions.as_ref().and_then(|functions| functions.host()) {
            host.shutdown(Duration::ZERO).await;
        }
        Ok(ended?)
    }
}

/// Functions behind URLs, and a host for others.
async fn functions(
    config: &Config,
    options: &NodeOptions,
    place: &Path,
) -> Result<Arc<Functions>, NodeError> {
    let host = match options.launcher.is_empty() {
        true => None,
        false => Some(Host::start(host_config(place, options)?).await?),
    };
    Ok(Functions::new(host, endpoints(config)))
}

fn host_config(place: &Path, options: &NodeOptions) -> Result<HostConfig, NodeError> {
    let folder = std::path::absolute(place.join("functions"))
        .map_err(|error| NodeError::Io(place.display().to_string(), error))?;
    Ok(HostConfig { dev: options.dev, ..HostConfig::new(folder, options.launcher.clone()) })
}

fn endpoints(config: &Config) -> BTreeMap<Name, Endpoint> {
    let policy = http_policy(config);
    let endpoints = config.functions.iter().filter_map(|(name, function)| {
        let mut endpoint = HttpEndpoint::new(function.url.clone()?);
        endpoint.method = function.method.clone().unwrap_or(endpoint.method);
        endpoint.headers = function.headers.clone();
        endpoint.timeout = function.timeout().unwrap_or(endpoint.timeout);
        let url = endpoint.url.clone();
        let function = endpoint.function(policy.clone());
        Some((Name::from(name.as_str()), Endpoint { url, function }))
    });
    endpoints.collect()
}

fn http_policy(config: &Config) -> HttpPolicy {
    let settings = &config.settings.http;
    let mut policy = HttpPolicy::default();
    if settings.private {
        policy = policy.allow_private_networks();
    }
    if !settings.hosts.is_empty() {
        policy = policy.only_hosts(&settings.hosts.iter().map(String::as_str).collect::<Vec<_>>());
    }
    policy
}

/// A partition for each core.
fn partitions() -> u16 {
    std::thread::available_parallelism().ok().and_then(|cores| u16::try_from(cores.get()).ok()).unwrap_or(4)
}
