//! What a server runs beside the engine.

use crate::functions::Functions;
use crate::state_machines::StateMachines;
use std::sync::Arc;

/// What a server runs beside the engine. Each part brings its routes with it.
#[derive(Clone, Debug, Default)]
pub struct Parts {
    /// Hosted functions and functions behind URLs.
    pub functions: Option<Arc<Functions>>,
    /// State machines.
    pub state_machines: Option<Arc<StateMachines>>,
}
