//! Function calls under way in this process.

use super::{Owner, Queued};
use crate::executor::FunctionCall;
use crate::metrics::{FunctionMetrics, Metrics};
use crate::nearest;
use crate::replaying::panicked;
use futures::FutureExt;
use parking_lot::Mutex;
use partita_kernel::effect::WorkItem;
use partita_kernel::limits::LIMIT_EXCEEDED;
use partita_kernel::{ExecutionId, Failure, InstanceId, Message, Name, Payload, Timestamp};
use rustc_hash::FxHashMap;
use std::collections::BTreeSet;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::Ordering::Relaxed;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

type Key = (InstanceId, i32, ExecutionId);

/// Stands for the task of a batch.
const BATCH: i32 = -1;

/// The calls of one partition.
#[derive(Default)]
pub(crate) struct RunningCalls(Mutex<FxHashMap<Key, Running>>);

/// One call.
#[derive(Clone, Debug)]
pub(crate) struct Running {
    pub(crate) since: Timestamp,
    cancellation: CancellationToken,
}

impl RunningCalls {
    /// Forgets a call whose outcome has arrived.
    pub(crate) fn note_outcome(&self, target: &InstanceId, message: &Message) {
        if let Message::TaskCompleted { task_id, execution, .. }
        | Message::TaskFailed { task_id, execution, .. } = message
        {
            self.0.lock().remove(&(target.clone(), *task_id, *execution));
        }
    }

    /// A batch of an entity's operations begins, which has no task of its own.
    pub(super) fn begin(
        &self,
        entity: &InstanceId,
        token: ExecutionId,
        since: Timestamp,
        cancellation: CancellationToken,
    ) {
        self.0.lock().insert((entity.clone(), BATCH, token), Running { since, cancellation });
    }

    pub(super) fn end(&self, entity: &InstanceId, token: ExecutionId) {
        self.0.lock().remove(&(entity.clone(), BATCH, token));
    }

    pub(crate) fn of(&self, id: &InstanceId) -> Vec<(i32, Running)> {
        let calls = self.0.lock();
        calls
            .iter()
            .filter(|((instance, ..), _)| instance == id)
            .map(|((_, task, _), call)| (*task, call.clone()))
            .collect()
    }

    pub(crate) fn len(&self) -> usize {
        self.0.lock().len()
    }

    pub(crate) fn cancel_all(&self) {
        for call in self.0.lock().values() {
            call.cancellation.cancel();
        }
    }
}

impl Owner {
    pub(super) fn is_running(&self, id: &InstanceId, item: &WorkItem) -> bool {
        self.handle.running.0.lock().contains_key(&(id.clone(), item.task_id, item.execution))
    }

    pub(super) fn cancel_call(&self, id: &InstanceId, task_id: i32, execution: ExecutionId) {
        if let Some(call) = self.handle.running.0.lock().remove(&(id.clone(), task_id, execution)) {
            call.cancellation.cancel();
        }
    }

    /// Calls a function, once a place is free. Its outcome comes back as a message.
    pub(super) fn call(&self, instance: InstanceId, item: WorkItem) {
        if self.shared.stopping.load(Relaxed) {
            return; // the next engine on this store finds it outstanding
        }
        let cancellation = CancellationToken::new();
        let running = Running { since: self.shared.now(), cancellation: cancellation.clone() };
        self.handle.running.0.lock().insert((instance.clone(), item.task_id, item.execution), running);
        let (shared, inbox) = (self.shared.clone(), self.handle.inbox.clone());
        tokio::spawn(async move {
            let WorkItem { task_id, execution, name, version, input, tags, trace } = item;
            let asked = instance.clone();
            let call = FunctionCall {
                instance: asked,
                execution,
                task_id,
                name,
                version,
                input,
                tags,
                trace,
                cancellation,
            };
            let outcome = perform(&shared, call).await;
            let message = match outcome {
                Ok(result) => Message::TaskCompleted { task_id, execution, result },
                Err(failure) => Message::TaskFailed { task_id, execution, failure: Box::new(failure) },
            };
            // An outcome must not be lost because it is too large to be kept: then that is the outcome.
            let checked = message.check(&shared.config.limits).map(|()| message);
            let queued = Queued::message(checked.unwrap_or_else(|exceeded| {
                let failure = Failure::new(LIMIT_EXCEEDED, exceeded.to_string()).non_retriable();
                Message::TaskFailed { task_id, execution, failure: Box::new(failure) }
            }));
            let _ = inbox.send(super::Input::Deliver { target: instance, queued, fresh: false });
        });
    }
}

/// Calls a function, once a place is free, and counts it.
pub(crate) async fn perform(shared: &super::Shared, call: FunctionCall) -> Result<Option<Payload>, Failure> {
    let Some(function) = shared.registry.function(&call.name) else {
        return Err(nobody_offers(
            "activity",
            "ActivityNotRegistered",
            &call.name,
            &shared.registry.functions(),
        ));
    };
    let _place = match function.is_bounded() {
        true => Some(shared.calls.acquire().await),
        false => None,
    };
    let counted = shared.metrics.of_function(&call.name);
    shared.metrics.calls_started.add(1);
    counted.started.add(1);
    let under_way = UnderWay::begin(&shared.metrics, &counted);
    let began = Instant::now();
    let outcome = AssertUnwindSafe(function.call(call)).catch_unwind().await;
    let outcome = outcome.unwrap_or_else(|panic| Err(panicked(panic.as_ref())));
    counted.durations.observe(began.elapsed());
    drop(under_way);
    match outcome {
        Ok(result) => {
            shared.metrics.calls_completed.add(1);
            Ok(result)
        }
        Err(failure) => {
            shared.metrics.calls_failed.add(1);
            counted.failed.add(1);
            Err(failure)
        }
    }
}

/// A call that is counted as running, until it has ended or whoever waits for it gives up.
struct UnderWay<'a>(&'a Metrics, &'a FunctionMetrics);

impl<'a> UnderWay<'a> {
    fn begin(all: &'a Metrics, function: &'a FunctionMetrics) -> Self {
        all.calls_running.add(1);
        function.running.add(1);
        Self(all, function)
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.calls_running.sub(1);
        self.1.running.sub(1);
    }
}

/// Why something cannot be run that nobody in this process offers.
pub(super) fn nobody_offers(what: &str, error_type: &str, name: &str, offered: &BTreeSet<Name>) -> Failure {
    let known = nearest::nearest(name, offered);
    let known = if known.is_empty() { "none is registered".to_owned() } else { known.join(", ") };
    let text = format!("no {what} is called {name:?} in this process; the nearest known names: {known}");
    Failure::new(error_type, text).non_retriable()
}
