//! Rules by which finished instances are deleted some time after their end.

use crate::config::RetentionRule;
use crate::engine::Engine;
use crate::partition::Shared;
use partita_store::Filter;
use std::sync::Weak;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

/// How long one rule may keep the engine busy before the next one has its turn.
const SLICE: Duration = Duration::from_secs(10);

/// Applies the rules until the engine is gone.
pub(crate) async fn run(shared: Weak<Shared>) {
    loop {
        let Some(engine) = shared.upgrade().filter(|shared| !shared.stopping.load(Relaxed)).map(Engine::of)
        else {
            return;
        };
        for rule in engine.config().retention.clone() {
            apply(&engine, &rule).await;
        }
        let pause = engine.config().retention_interval;
        drop(engine);
        tokio::time::sleep(pause).await;
    }
}

async fn apply(engine: &Engine, rule: &RetentionRule) {
    let filter = Filter {
        statuses: rule.statuses.clone(),
        names: rule.names.clone(),
        completed_to: Some(engine.now().before(rule.keep)),
        ..Filter::default()
    };
    match engine.purge_where(filter, SLICE).await {
        Ok(report) if report.deleted > 0 => tracing::info!(deleted = report.deleted, "retention"),
        Ok(_) => {}
        Err(error) => tracing::warn!(%error, "a retention rule could not be applied; trying again later"),
    }
}
