//! What a process offers, and the engine under it.

use crate::activity::{ActivityContext, ActivityOptions, RustActivity};
use crate::client::Client;
use crate::context::OrchestrationContext;
use crate::entity::EntityType;
use crate::error::{Error, Result};
use crate::execution::{RustOrchestrator, Start};
use crate::http::{self, HttpPolicy};
use crate::serial::{from_payload, to_payload};
use partita_engine::{Clock, Engine, EngineConfig, EngineError, Offers, Registry, SystemClock};
use partita_kernel::Failure;
use partita_store::Store;
use partita_store::memory::MemoryStore;
use partita_store_embedded::EmbeddedStore;
use serde::{Serialize, de::DeserializeOwned};
use std::future::Future;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// An engine with the workflows and activities of this process.
#[derive(Clone, Debug)]
pub struct Runtime {
    engine: Engine,
}

/// Collects what a process offers.
#[must_use]
pub struct RuntimeBuilder {
    registry: Registry,
    config: EngineConfig,
    place: Place,
    clock: Arc<dyn Clock>,
    http: HttpPolicy,
}

enum Place {
    Memory,
    Folder(PathBuf),
    Store(Arc<dyn Store>),
}

impl Runtime {
    /// Begins to collect what this process offers. Without another word, everything is kept in memory.
    pub fn builder() -> RuntimeBuilder {
        RuntimeBuilder {
            registry: Registry::default(),
            config: EngineConfig::default(),
            place: Place::Memory,
            clock: Arc::new(SystemClock),
            http: HttpPolicy::default(),
        }
    }

    /// A client of this engine.
    #[must_use]
    pub fn client(&self) -> Client {
        Client::new(self.engine.clone())
    }

    /// The engine.
    #[must_use]
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Takes nothing new in, gives running activities `grace` to end, and closes the store.
    ///
    /// # Errors
    /// When the store cannot be closed cleanly; nothing acknowledged is lost all the same.
    pub async fn shutdown(&self, grace: Duration) -> Result<(), EngineError> {
        self.engine.shutdown(grace).await
    }
}

impl RuntimeBuilder {
    /// Offers a workflow: an `async fn(OrchestrationContext, Input) -> Result<Output>`.
    pub fn orchestrator<F, Fut, I, O, E>(mut self, name: &str, function: F) -> Self
    where
        F: Fn(OrchestrationContext, I) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<O, E>> + Send + 'static,
        I: DeserializeOwned + Send + 'static,
        O: Serialize + Send + 'static,
        E: Into<Error>,
    {
        self.registry.add_orchestrator(name, Arc::new(RustOrchestrator(erase(name, function))));
        self
    }

    /// Offers an activity: an `async fn(ActivityContext, Input) -> Result<Output>`.
    pub fn activity<F, Fut, I, O, E>(self, name: &str, function: F) -> Self
    where
        F: Fn(ActivityContext, I) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<O, E>> + Send + 'static,
        I: DeserializeOwned + Send + 'static,
        O: Serialize + Send + 'static,
        E: Into<Error>,
    {
        self.activity_with(name, ActivityOptions::default(), function)
    }

    /// Offers an activity with more said about it.
    pub fn activity_with<F, Fut, I, O, E>(mut self, name: &str, options: ActivityOptions, function: F) -> Self
    where
        F: Fn(ActivityContext, I) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<O, E>> + Send + 'static,
        I: DeserializeOwned + Send + 'static,
        O: Serialize + Send + 'static,
        E: Into<Error>,
    {
        self.registry.add_function(name, Arc::new(RustActivity::new(name, options, function)));
        self
    }

    /// Offers an activity that blocks its thread: a plain `fn(ActivityContext, Input) -> Result<Output>`.
    pub fn blocking_activity<F, I, O, E>(mut self, name: &str, options: ActivityOptions, function: F) -> Self
    where
        F: Fn(ActivityContext, I) -> Result<O, E> + Send + Sync + 'static,
        I: DeserializeOwned + Send + 'static,
        O: Serialize + Send + 'static,
        E: Into<Error> + 'static,
    {
        self.registry.add_function(name, Arc::new(RustActivity::blocking(name, options, function)));
        self
    }

    /// Offers the code of entities of that name, which is the same in any case.
    pub fn entity<S>(mut self, name: &str, entity: EntityType<S>) -> Self
    where
        S: Serialize + DeserializeOwned + Default + Send + 'static,
    {
        self.registry.add_entity(name, entity.code());
        self
    }

    /// Offers whatever somebody offers at the time.
    pub fn offers(mut self, offers: Arc<dyn Offers>) -> Self {
        self.registry.add_offers(offers);
        self
    }

    /// Keeps everything in a folder, durably.
    pub fn data_dir(mut self, folder: impl Into<PathBuf>) -> Self {
        self.place = Place::Folder(folder.into());
        self
    }

    /// Keeps everything in memory: gone when the process ends.
    pub fn in_memory(mut self) -> Self {
        self.place = Place::Memory;
        self
    }

    /// Keeps everything in a store of yours.
    pub fn store(mut self, store: Arc<dyn Store>) -> Self {
        self.place = Place::Store(store);
        self
    }

    /// Changes the engine's settings.
    pub fn configure(mut self, change: impl FnOnce(&mut EngineConfig)) -> Self {
        change(&mut self.config);
        self
    }

    /// Says which endpoints [`call_http`](OrchestrationContext::call_http) may reach.
    pub fn http_policy(mut self, policy: HttpPolicy) -> Self {
        self.http = policy;
        self
    }

    /// Reads the time elsewhere.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// What was collected so far.
    #[must_use]
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// Opens the store and goes on with everything that is in it.
    ///
    /// # Errors
    /// When the store cannot be opened.
    pub async fn start(mut self) -> Result<Runtime, EngineError> {
        let store: Arc<dyn Store> = match self.place {
            Place::Memory => Arc::new(MemoryStore::new(partitions())),
            Place::Folder(folder) => Arc::new(EmbeddedStore::open(&folder, Default::default())?),
            Place::Store(store) => store,
        };
        if self.registry.function(http::ACTIVITY).is_none() {
            self.registry.add_function(http::ACTIVITY, Arc::new(http::HttpFunction::new(self.http)));
        }
        let engine = Engine::open_with_clock(store, self.registry, self.config, self.clock).await?;
        Ok(Runtime { engine })
    }
}

/// A partition for each core, for stores that can have any number.
fn partitions() -> u16 {
    std::thread::available_parallelism().ok().and_then(|cores| u16::try_from(cores.get()).ok()).unwrap_or(4)
}

/// Takes the types off an orchestrator.
fn erase<F, Fut, I, O, E>(name: &str, function: F) -> Start
where
    F: Fn(OrchestrationContext, I) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<O, E>> + Send + 'static,
    I: DeserializeOwned + Send + 'static,
    O: Serialize + Send + 'static,
    E: Into<Error>,
{
    let name: Arc<str> = name.into();
    Arc::new(move |context, input| {
        let input = match from_payload::<I>(&format!("the input of {name:?}"), input.as_ref()) {
            Ok(input) => input,
            Err(failure) => return Box::pin(std::future::ready(Err(Failure::into(failure)))),
        };
        let (run, name) = (function(context, input), name.clone());
        Box::pin(async move {
            match run.await {
                Ok(output) => Ok(to_payload(&format!("the output of {name:?}"), &output)?),
                Err(error) => Err(error.into()),
            }
        })
    })
}
