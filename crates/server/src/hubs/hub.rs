//! One hub.

use super::ground::Ground;
use super::{HubError, HubName};
use crate::app::{App, of_app};
use crate::guard::Hosts;
use crate::options::ServerOptions;
use crate::parts::Parts;
use crate::schedules::Schedules;
use crate::triggers::Triggers;
use axum::Router;
use partita::Runtime;
use partita_engine::kernel::{Status, Timestamp};
use partita_engine::store::{Filter, Store, StoreError};
use partita_engine::{Clock, Engine, EngineError, SystemClock};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// The setting of a hub's store that says when it was made, in nanoseconds since 1970.
const CREATED: &str = "hub/created-at";

/// A task hub beside the default one: a store, an engine over it, and its own workers.
#[derive(Debug)]
pub struct Hub {
    name: HubName,
    created_at: Timestamp,
    runtime: Runtime,
    parts: Parts,
    served: OnceLock<Served>,
}

/// A hub as a server serves it.
#[derive(Debug)]
struct Served {
    router: Router,
    stopping: CancellationToken,
}

/// What the server of a hub's requests says of itself.
#[derive(Debug)]
pub(super) struct Frame {
    pub(super) options: ServerOptions,
    pub(super) hosts: Hosts,
    pub(super) stopping: CancellationToken,
}

impl Hub {
    /// Goes on with everything that is in a store.
    pub(super) async fn open(
        name: HubName,
        store: Arc<dyn Store>,
        ground: &Ground,
    ) -> Result<Self, EngineError> {
        let created_at = created_at(&*store, SystemClock.now()).await?;
        let (runtime, parts) = ground.begin(store).await?;
        Ok(Self { name, created_at, runtime, parts, served: OnceLock::new() })
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &HubName {
        &self.name
    }

    /// When it was made.
    #[must_use]
    pub fn created_at(&self) -> Timestamp {
        self.created_at
    }

    /// Its engine.
    #[must_use]
    pub fn engine(&self) -> &Engine {
        self.runtime.engine()
    }

    /// What a server serves beside its engine.
    #[must_use]
    pub fn parts(&self) -> &Parts {
        &self.parts
    }

    /// All its routes; made when they are first needed. Triggers and schedules are those of the default hub alone.
    pub(super) fn router(&self, frame: &Frame) -> Router {
        let served = self.served.get_or_init(|| {
            let options = ServerOptions {
                task_hub: self.name.to_string(),
                triggers: Triggers::default(),
                schedules: Schedules::default(),
                ..frame.options.clone()
            };
            let stopping = frame.stopping.child_token();
            let engine = self.engine().clone();
            let app = App::new(engine, self.parts.clone(), options, frame.hosts.clone(), stopping.clone());
            Served { router: of_app(&Arc::new(app.of_hub(self.name.clone()))), stopping }
        });
        served.router.clone()
    }

    /// Ends the streams of its workers: they may look for another server.
    pub(super) fn stop_workers(&self) {
        if let Some(workers) = &self.parts.workers {
            workers.stop();
        }
    }

    /// Takes nothing new in, ends what waits, gives functions under way `grace`, closes the store.
    pub(super) async fn close(&self, grace: Duration) -> Result<(), HubError> {
        self.stop_workers();
        if let Some(served) = self.served.get() {
            served.stopping.cancel();
        }
        Ok(self.runtime.shutdown(grace).await?)
    }
}

/// When a hub was made: now, if its store is new.
async fn created_at(store: &dyn Store, now: Timestamp) -> Result<Timestamp, StoreError> {
    let kept = store.setting(CREATED).await?;
    let kept = kept.and_then(|bytes| std::str::from_utf8(&bytes).ok()?.parse().ok());
    match kept {
        Some(nanos) => Ok(Timestamp(nanos)),
        None => {
            store.set_setting(CREATED, Some(now.0.to_string().as_bytes())).await?;
            Ok(now)
        }
    }
}

/// How many instances of a hub have not ended.
pub(crate) async fn unfinished(engine: &Engine) -> Result<u64, EngineError> {
    let statuses = Status::ALL.into_iter().filter(|status| !status.is_terminal()).collect();
    Ok(engine.count(&Filter { statuses, ..Filter::default() }).await?.total())
}
