//! Keeping batches in order over failures.

use futures::future::BoxFuture;
use parking_lot::Mutex;
use partita_kernel::Partition;
use std::collections::HashMap;
use std::sync::Arc;

use crate::StoreError;

/// Remembers failures that the caller has not seen yet, so that what the caller sent in the meantime fails
/// as well instead of being applied over a gap.
#[derive(Clone, Default)]
pub struct FailureGate {
    unseen: Arc<Mutex<HashMap<Partition, (usize, StoreError)>>>,
}

impl FailureGate {
    /// The failure of an earlier batch of the partition that its caller has not seen yet.
    #[must_use]
    pub fn unseen(&self, partition: Partition) -> Option<StoreError> {
        let unseen = self.unseen.lock();
        if unseen.is_empty() { None } else { unseen.get(&partition).map(|(_, error)| error.clone()) }
    }

    /// Notes that a batch of the partition failed; it counts as unseen until the receipt is dropped.
    #[must_use]
    pub fn failed(&self, partition: Partition, error: &StoreError) -> Seen {
        self.unseen.lock().entry(partition).or_insert_with(|| (0, error.clone())).0 += 1;
        Seen { gate: self.clone(), partition }
    }

    fn seen(&self, partition: Partition) {
        let mut unseen = self.unseen.lock();
        if let Some((count, _)) = unseen.get_mut(&partition) {
            *count -= 1;
            if *count == 0 {
                unseen.remove(&partition);
            }
        }
    }

    /// A future that fails with `error`, and counts as unseen until it was polled or dropped.
    #[must_use]
    pub fn fail(
        &self,
        partition: Partition,
        error: StoreError,
    ) -> BoxFuture<'static, Result<(), StoreError>> {
        let seen = self.failed(partition, &error);
        Box::pin(async move {
            let _seen = seen;
            Err(error)
        })
    }
}

/// A receipt, dropped when the caller has seen a failure.
pub struct Seen {
    gate: FailureGate,
    partition: Partition,
}

impl Drop for Seen {
    fn drop(&mut self) {
        self.gate.seen(self.partition);
    }
}

/// What a store's own thread answers: success, or a failure with its receipt.
pub type Answer = Result<(), (StoreError, Seen)>;
