//! What a server runs beside the engine.

use crate::durable_task::workers::Workers;
use crate::functions::Functions;
use crate::functions::catalogue::Catalogue;
use crate::hubs::Hubs;
use crate::node::AppFiles;
use crate::oci_functions::Keys;
use crate::state_machines::StateMachines;
use std::sync::Arc;

/// What a server runs beside the engine. Each part brings its routes with it.
#[derive(Clone, Debug, Default)]
pub struct Parts {
    /// Hosted functions and functions behind URLs.
    pub functions: Option<Arc<Functions>>,
    /// Hosted functions with their applications and ids, as the APIs of clouds have them.
    pub catalogue: Option<Arc<Catalogue>>,
    /// Who may call these APIs.
    pub keys: Arc<Keys>,
    /// Workers that connect, for an engine that was told of them by their [`WorkerOffers`].
    ///
    /// [`WorkerOffers`]: crate::durable_task::workers::WorkerOffers
    pub workers: Option<Arc<Workers>>,
    /// The files of an app's state machines.
    pub app: Option<Arc<AppFiles>>,
    /// State machines.
    pub state_machines: Option<Arc<StateMachines>>,
    /// Task hubs beside the one that this is about; without them, a server has one, by whatever name it is called.
    pub hubs: Option<Arc<Hubs>>,
}
