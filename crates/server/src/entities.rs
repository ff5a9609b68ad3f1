//! Entities, as all dialects ask for them.

use crate::app::App;
use partita_engine::kernel::InstanceId;
use partita_engine::{EngineError, EntitySignal};
use std::time::Duration;

/// How long a look at an entity waits for what was asked of it before.
pub(crate) const PATIENCE: Duration = Duration::from_millis(200);
/// How long one request tidies up.
pub(crate) const CLEANING_TIME: Duration = Duration::from_secs(10);

/// The id of an entity.
pub(crate) fn entity_id(app: &App, name: &str, key: &str) -> Result<InstanceId, EngineError> {
    InstanceId::entity(name, key, app.engine.limits().instance_id_chars)
        .map_err(|invalid| EngineError::Invalid(invalid.to_string()))
}

/// Has an operation run. Like workflows, entities may be asked before the worker that runs them is there: where workers
/// connect, the name is expected from now on.
pub(crate) async fn signal(app: &App, id: &InstanceId, signal: EntitySignal) -> Result<(), EngineError> {
    if let Some(workers) = &app.parts.workers {
        let (name, _) = id.entity_parts().unwrap_or_default();
        let fits = name.chars().count() <= app.engine.limits().name_chars;
        if fits && app.engine.registry().entity(name).is_none() {
            workers.expect_entity(name).await?;
        }
    }
    app.engine.signal_entity(id, signal).await
}
