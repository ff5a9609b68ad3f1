//! Running operations of an entity.

use super::answer::{Answer, Delivered};
use super::items::Workshop;
use futures::FutureExt;
use partita_api::durable_task::{Invalid, proto, worker};
use partita_engine::kernel::Failure;
use partita_engine::kernel::entity::BatchOutput;
use partita_engine::replaying::panicked;
use partita_engine::{EntityBatch, EntityFailure};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use tokio::sync::OwnedSemaphorePermit;

/// Operations as a server tells of them, and what it wants back with their outcome.
pub(super) struct Told {
    batch: Result<EntityBatch, Invalid>,
    destinations: Vec<proto::OperationInfo>,
}

impl Told {
    /// Operations with their callers.
    pub(super) fn batch(request: proto::EntityRequest) -> Self {
        let batch = worker::batch(request);
        let destinations = batch.as_ref().map(|batch| worker::destinations(&batch.operations));
        Self { destinations: destinations.unwrap_or_default(), batch }
    }

    /// Operations without callers: the server remembers who they are.
    pub(super) fn old_batch(request: proto::EntityBatchRequest) -> Self {
        Self { batch: worker::old_batch(request), destinations: Vec::new() }
    }
}

/// Runs operations and hands their outcome in; gives them back when nobody here can run them to their end.
pub(super) async fn run_batch(shop: Arc<Workshop>, told: Told, token: String, place: OwnedSemaphorePermit) {
    let Told { batch, destinations } = told;
    let batch = match batch {
        Ok(batch) => batch,
        Err(invalid) => {
            tracing::error!(%invalid, "operations of an entity make no sense, and are given back");
            Box::pin(shop.tell(Answer::GiveEntityBack(token))).await;
            return;
        }
    };
    let entity = batch.id.clone();
    let Some(outcome) = perform(&shop, batch).await else {
        Box::pin(shop.tell(Answer::GiveEntityBack(token))).await;
        return;
    };
    let answer = Answer::Batch(worker::operated(outcome, destinations, token.clone()));
    if let Delivered::TooLarge = shop.tell(answer).await {
        let text = format!(
            "what came of operations of entity {entity} is larger than the server takes: keep its state and answers small"
        );
        let failure = Failure::new("ResultTooLarge", text).non_retriable();
        Box::pin(shop.tell(Answer::Batch(worker::operated(Err(failure), Vec::new(), token)))).await;
    }
    drop(place);
}

/// Runs a batch; `None` when it is to be given back.
async fn perform(shop: &Workshop, batch: EntityBatch) -> Option<Result<BatchOutput, Failure>> {
    let name = batch.id.entity_parts().map_or("", |(name, _)| name);
    let Some(code) = shop.registry.entity(name) else {
        tracing::error!(entity = %batch.id, "operations of an entity that this worker does not offer are given back");
        return None;
    };
    let cancellation = batch.cancellation.clone();
    let work = AssertUnwindSafe(async move { code.run(batch).await }).catch_unwind();
    let ran = tokio::select! {
        ran = work => ran,
        () = shop.late.cancelled() => {
            cancellation.cancel();
            return None;
        }
    };
    match ran {
        Ok(Ok(output)) => Some(Ok(output)),
        Ok(Err(EntityFailure::Failed(failure))) => Some(Err(failure)),
        Ok(Err(EntityFailure::Abandoned)) => None,
        Err(panic) => Some(Err(panicked(panic.as_ref()))),
    }
}
