//! Opening, making and deleting hubs.

use super::ground::Ground;
use super::hub::{Hub, unfinished};
use super::place::Place;
use super::{DEFAULT, HubError, HubName};
use futures::future::join_all;
use parking_lot::RwLock;
use partita_engine::EngineError;
use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How many names are told to somebody who asked for a hub that there is not.
const TOLD: usize = 20;

/// What can be set for hubs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HubOptions {
    /// How many there may be beside the default one.
    pub max: usize,
    /// Whether one is made when it is first used, and clients of the Durable Task protocol may make and delete them;
    /// no when `None`.
    pub on_first_use: Option<bool>,
}

impl Default for HubOptions {
    fn default() -> Self {
        Self { max: 32, on_first_use: None }
    }
}

/// The task hubs of a process beside the default one.
pub struct Hubs {
    place: Place,
    ground: Ground,
    options: HubOptions,
    open: RwLock<BTreeMap<HubName, Arc<Hub>>>,
    /// Changes come one after the other; whoever wants the same hub at the same time finds it then.
    changing: tokio::sync::Mutex<()>,
    stopping: CancellationToken,
}

impl std::fmt::Debug for Hubs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hubs").field("place", &self.place).field("open", &self.open.read().keys()).finish()
    }
}

impl Hubs {
    /// Opens all that are there, and goes on with everything that is in them.
    pub(crate) async fn open(
        place: Place,
        ground: Ground,
        options: HubOptions,
    ) -> Result<Arc<Self>, HubError> {
        let hubs = Self {
            place,
            ground,
            options,
            open: RwLock::default(),
            changing: tokio::sync::Mutex::default(),
            stopping: CancellationToken::new(),
        };
        for name in hubs.place.found()? {
            if let Err(error) = hubs.open_one(&name).await {
                hubs.shutdown(Duration::ZERO).await;
                return Err(error);
            }
        }
        Ok(Arc::new(hubs))
    }

    /// The settings in force.
    #[must_use]
    pub fn options(&self) -> &HubOptions {
        &self.options
    }

    /// Whether a hub is made when it is first used.
    #[must_use]
    pub fn on_first_use(&self) -> bool {
        self.options.on_first_use == Some(true)
    }

    /// Whether a name means the default hub: that name, or the one by which the Durable Functions dialect calls it.
    #[must_use]
    pub fn is_default(&self, name: &str) -> bool {
        let own = &self.ground.config.settings.server.task_hub;
        name.eq_ignore_ascii_case(DEFAULT) || name.eq_ignore_ascii_case(own)
    }

    /// All of them, by name.
    #[must_use]
    pub fn list(&self) -> Vec<Arc<Hub>> {
        self.open.read().values().cloned().collect()
    }

    /// One of them.
    ///
    /// # Errors
    /// When there is none of that name.
    pub fn get(&self, name: &HubName) -> Result<Arc<Hub>, HubError> {
        let open = self.open.read();
        open.get(name).cloned().ok_or_else(|| {
            let mut known: Vec<&str> = Vec::from([DEFAULT]);
            known.extend(open.keys().take(TOLD - 1).map(HubName::as_str));
            let mut known = known.join(", ");
            if open.len() >= TOLD {
                known.push_str(", …");
            }
            HubError::Unknown { name: name.to_string(), known }
        })
    }

    /// Makes one, unless it is there. Says whether it is new.
    ///
    /// # Errors
    /// When there are too many, or it cannot be made.
    pub async fn create(self: &Arc<Self>, name: &HubName) -> Result<(Arc<Hub>, bool), HubError> {
        if let Ok(hub) = self.get(name) {
            return Ok((hub, false));
        }
        let (hubs, name) = (self.clone(), name.clone());
        self.change(async move { hubs.create_now(&name).await }).await
    }

    /// Deletes one with everything that is in it; with instances that have not ended only by `force`.
    ///
    /// # Errors
    /// When there is none, it is in use, or it cannot be deleted.
    pub async fn delete(self: &Arc<Self>, name: &HubName, force: bool) -> Result<(), HubError> {
        let (hubs, name) = (self.clone(), name.clone());
        self.change(async move { hubs.delete_now(&name, force).await }).await
    }

    /// Deletes one, if it is there, with everything that is in it, and makes it anew.
    ///
    /// # Errors
    /// When it cannot be deleted or made.
    pub async fn recreate(self: &Arc<Self>, name: &HubName) -> Result<(), HubError> {
        let (hubs, name) = (self.clone(), name.clone());
        self.change(async move {
            match hubs.delete_now(&name, true).await {
                Ok(()) | Err(HubError::Unknown { .. }) => hubs.create_now(&name).await.map(drop),
                Err(error) => Err(error),
            }
        })
        .await
    }

    /// Makes no more, and ends the streams of all workers.
    pub fn stop(&self) {
        self.stopping.cancel();
        for hub in self.list() {
            hub.stop_workers();
        }
    }

    /// Closes all of them, one beside the other; what goes wrong is logged, and nothing acknowledged is lost by it.
    pub(crate) async fn shutdown(&self, grace: Duration) {
        self.stop();
        let _alone = self.changing.lock().await;
        let open = std::mem::take(&mut *self.open.write());
        let closed = open.values().map(|hub| async { (hub.name(), hub.close(grace).await) });
        for (name, closed) in join_all(closed).await {
            if let Err(error) = closed {
                tracing::error!(hub = %name, %error, "a task hub was not closed cleanly");
            }
        }
    }

    /// Changes something alone, and to the end, even if the request that asked for it is broken off: half an engine
    /// would hold a store that nobody can open.
    async fn change<T: Send + 'static>(
        self: &Arc<Self>,
        change: impl Future<Output = Result<T, HubError>> + Send + 'static,
    ) -> Result<T, HubError> {
        let hubs = self.clone();
        let done = tokio::spawn(async move {
            let _alone = hubs.changing.lock().await;
            change.await
        });
        done.await.unwrap_or(Err(HubError::Engine(EngineError::Stopping)))
    }

    async fn create_now(&self, name: &HubName) -> Result<(Arc<Hub>, bool), HubError> {
        if let Ok(hub) = self.get(name) {
            return Ok((hub, false));
        }
        if self.stopping.is_cancelled() {
            return Err(EngineError::Stopping.into());
        }
        if self.open.read().len() >= self.options.max {
            return Err(HubError::TooMany(self.options.max));
        }
        let hub = self.open_one(name).await?;
        tracing::info!(hub = %name, "a task hub was made");
        Ok((hub, true))
    }

    async fn open_one(&self, name: &HubName) -> Result<Arc<Hub>, HubError> {
        let store = self.apart(name, Place::store).await?;
        let hub = Hub::open(name.clone(), store, &self.ground).await;
        let hub = Arc::new(hub.map_err(|cause| HubError::Open { name: name.to_string(), cause })?);
        self.open.write().insert(name.clone(), hub.clone());
        Ok(hub)
    }

    /// Works on files where nobody else has to wait for it.
    async fn apart<T: Send + 'static>(
        &self,
        name: &HubName,
        work: fn(&Place, &HubName) -> Result<T, HubError>,
    ) -> Result<T, HubError> {
        let (place, name) = (self.place.clone(), name.clone());
        let done = tokio::task::spawn_blocking(move || work(&place, &name)).await;
        done.unwrap_or(Err(HubError::Engine(EngineError::Stopping)))
    }

    async fn delete_now(&self, name: &HubName, force: bool) -> Result<(), HubError> {
        let hub = self.get(name)?;
        let unfinished = if force { 0 } else { unfinished(hub.engine()).await? };
        if unfinished > 0 {
            return Err(HubError::Busy { name: name.to_string(), unfinished });
        }
        self.open.write().remove(name);
        if let Err(error) = hub.close(Duration::ZERO).await {
            tracing::warn!(hub = %name, %error, "a task hub that is deleted was not closed cleanly");
        }
        self.apart(name, Place::remove).await?;
        tracing::info!(hub = %name, "a task hub was deleted");
        Ok(())
    }
}
