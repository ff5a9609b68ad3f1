//! Keeping batches in order over failures.

use futures::future::BoxFuture;
use parking_lot::Mutex;
use partita_kernel::Partition;
use std::collections::HashMap;
use std::sync::Arc;

use crate::{Epoch, StoreError};

/// Whose batches are kept in order: those of one owner of one partition.
pub type Owner = (Partition, Epoch);

/// Remembers failures that the caller has not seen yet, so that what the caller sent in the meantime fails
/// as well instead of being applied over a gap.
#[derive(Clone, Default)]
pub struct FailureGate {
    unseen: Arc<Mutex<HashMap<Owner, (usize, StoreError)>>>,
}

impl FailureGate {
    /// The failure of an earlier batch of the owner that its caller has not seen yet.
    #[must_use]
    pub fn unseen(&self, owner: Owner) -> Option<StoreError> {
        let unseen = self.unseen.lock();
        if unseen.is_empty() { None } else { unseen.get(&owner).map(|(_, error)| error.clone()) }
    }

    /// Notes that a batch of the owner failed; it counts as unseen until the receipt is dropped.
    #[must_use]
    pub fn failed(&self, owner: Owner, error: &StoreError) -> Seen {
        self.unseen.lock().entry(owner).or_insert_with(|| (0, error.clone())).0 += 1;
        Seen { gate: self.clone(), owner }
    }

    fn seen(&self, owner: Owner) {
        let mut unseen = self.unseen.lock();
        if let Some((count, _)) = unseen.get_mut(&owner) {
            *count -= 1;
            if *count == 0 {
                unseen.remove(&owner);
            }
        }
    }

    /// A future that fails with `error`, and counts as unseen until it was polled or dropped.
    #[must_use]
    pub fn fail(&self, owner: Owner, error: StoreError) -> BoxFuture<'static, Result<(), StoreError>> {
        let seen = self.failed(owner, &error);
        Box::pin(async move {
            let _seen = seen;
            Err(error)
        })
    }
}

/// A receipt, dropped when the caller has seen a failure.
pub struct Seen {
    gate: FailureGate,
    owner: Owner,
}

impl Drop for Seen {
    fn drop(&mut self) {
        self.gate.seen(self.owner);
    }
}

/// What a store's own thread answers: success, or a failure with its receipt.
pub type Answer = Result<(), (StoreError, Seen)>;
