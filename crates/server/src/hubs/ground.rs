//! What all hubs of a process share, and engines on it.

use crate::config::Config;
use crate::durable_task::workers::{WorkerOffers, WorkerOptions, Workers};
use crate::functions::catalogue::Catalogue;
use crate::functions::{FunctionOffers, Functions};
use crate::oci_functions::Keys;
use crate::parts::Parts;
use crate::state_machines::{MachineOffers, StateMachines};
use partita::http::HttpPolicy;
use partita::{EngineError, Runtime};
use partita_engine::store::{Store, StoreError};
use partita_flow::asl::items::Buckets;
use std::sync::Arc;

/// What all hubs of a process share: its configuration and its functions.
#[derive(Clone, Debug)]
pub(crate) struct Ground {
    pub(crate) config: Config,
    pub(crate) http: HttpPolicy,
    pub(crate) functions: Arc<Functions>,
    pub(crate) catalogue: Arc<Catalogue>,
    pub(crate) keys: Arc<Keys>,
}

impl Ground {
    /// Begins an engine over a store, and goes on with everything that is in it.
    pub(super) async fn begin(&self, store: Arc<dyn Store>) -> Result<(Runtime, Parts), EngineError> {
        let machines = machines(&self.config, store.clone()).await?;
        self.begin_with(store, machines).await
    }

    /// The same with state machines that are offered already.
    pub(crate) async fn begin_with(
        &self,
        store: Arc<dyn Store>,
        machines: Arc<StateMachines>,
    ) -> Result<(Runtime, Parts), EngineError> {
        let settings = &self.config.settings;
        let taking = WorkerOptions { expect_any: settings.engine.accept_unknown, ..settings.workers.clone() };
        let workers = Workers::open(store.clone(), taking).await?;
        let engine = self.config.engine_config();
        let builder = Runtime::builder()
            .configure(|settings| *settings = engine)
            .http_policy(self.http.clone())
            .offers(Arc::new(FunctionOffers(self.functions.clone())))
            .offers(Arc::new(MachineOffers(machines.clone())))
            .offers(Arc::new(WorkerOffers::new(workers.clone()))) // last: what is in this process comes first
            .store(store);
        let runtime = builder.start().await?;
        let parts = Parts {
            functions: Some(self.functions.clone()),
            catalogue: Some(self.catalogue.clone()),
            keys: self.keys.clone(),
            workers: Some(workers),
            state_machines: Some(machines),
            ..Parts::default()
        };
        Ok((runtime, parts))
    }
}

/// The state machines that a store keeps.
pub(crate) async fn machines(
    config: &Config,
    store: Arc<dyn Store>,
) -> Result<Arc<StateMachines>, StoreError> {
    let buckets = Buckets::new(config.buckets.clone());
    StateMachines::open(store, config.settings.machines.clone(), buckets).await
}
