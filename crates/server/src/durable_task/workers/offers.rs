//! Workers as the engine sees them.

use super::hub::Workers;
use super::job::{Input, Operations, Reply, Turn};
use futures::future::BoxFuture;
use partita_engine::kernel::entity::BatchOutput;
use partita_engine::kernel::{Failure, Name};
use partita_engine::{
    Clock, EntityBatch, EntityCode, EntityFailure, Function, FunctionCall, Offers, RemoteOrchestrator,
    RemoteTurn, SystemClock,
};
use std::sync::Arc;
use tokio::sync::oneshot;

/// Offers to the engine what workers run. To be asked last: what is in this process comes first.
pub struct WorkerOffers(Arc<Elsewhere>);

impl WorkerOffers {
    /// What these workers run.
    #[must_use]
    pub fn new(workers: Arc<Workers>) -> Self {
        Self(Arc::new(Elsewhere(workers)))
    }
}

impl Offers for WorkerOffers {
    fn remote(&self, name: &str, _: Option<&str>) -> Option<Arc<dyn RemoteOrchestrator>> {
        self.0.0.known().workflow(name).then(|| self.0.clone() as Arc<dyn RemoteOrchestrator>)
    }
    fn function(&self, name: &str) -> Option<Arc<dyn Function>> {
        self.0.0.known().activity(name).then(|| self.0.clone() as Arc<dyn Function>)
    }
    fn entity(&self, name: &str) -> Option<Arc<dyn EntityCode>> {
        self.0.0.known().entity(name).then(|| self.0.clone() as Arc<dyn EntityCode>)
    }
    fn entities(&self) -> Vec<Name> {
        self.0.0.known().all().entities.into_iter().map(Name::from).collect()
    }
    fn orchestrators(&self) -> Vec<Name> {
        self.0.0.known().all().workflows.into_iter().map(Name::from).collect()
    }
    fn functions(&self) -> Vec<Name> {
        self.0.0.known().all().activities.into_iter().map(Name::from).collect()
    }
}

/// Whatever a worker runs.
struct Elsewhere(Arc<Workers>);

impl RemoteOrchestrator for Elsewhere {
    fn dispatch(&self, turn: RemoteTurn) {
        let (turn, reply) = Turn::of(turn);
        self.0.add(Input::Turn(turn), Reply::Turn(reply));
    }
}

impl Function for Elsewhere {
    fn call(
        &self,
        call: FunctionCall,
    ) -> BoxFuture<'static, Result<Option<partita_engine::kernel::Payload>, Failure>> {
        let workers = self.0.clone();
        Box::pin(async move {
            let unwanted = call.cancellation.clone();
            let (reply, outcome) = oneshot::channel();
            let place = Held { job: workers.add(Input::Activity(call), Reply::Activity(reply)), workers };
            let cancelled = async {
                unwanted.cancelled().await;
                if place.workers.is_stopping() {
                    // The next process on this store has it done; an outcome now would be taken for a failure.
                    std::future::pending::<()>().await;
                }
            };
            tokio::select! {
                outcome = outcome => match outcome {
                    Ok(outcome) => outcome,
                    Err(_) => std::future::pending().await, // the hub is gone, and the process with it
                },
                () = cancelled => Err(Failure::new("ActivityCanceled", "nobody waits for this call any more")),
            }
        })
    }

    fn is_bounded(&self) -> bool {
        false // the workers say how much they take
    }
}

impl EntityCode for Elsewhere {
    fn run(&self, batch: EntityBatch) -> BoxFuture<'static, Result<BatchOutput, EntityFailure>> {
        let workers = self.0.clone();
        Box::pin(async move {
            let unwanted = batch.cancellation.clone();
            let (reply, outcome) = oneshot::channel();
            let messages = workers.options().entity_messages;
            let input = Input::Entity(Operations { batch, at: SystemClock.now(), messages });
            let _place = Held { job: workers.add(input, Reply::Entity(reply)), workers };
            tokio::select! {
                outcome = outcome => match outcome {
                    Ok(outcome) => outcome.map_err(EntityFailure::Failed),
                    Err(_) => Err(EntityFailure::Abandoned),
                },
                () = unwanted.cancelled() => Err(EntityFailure::Abandoned),
            }
        })
    }

    fn is_bounded(&self) -> bool {
        false // the workers say how much they take
    }
}

/// A job that goes when nobody waits for it.
struct Held {
    workers: Arc<Workers>,
    job: u64,
}

impl Drop for Held {
    fn drop(&mut self) {
        self.workers.forget(self.job);
    }
}
