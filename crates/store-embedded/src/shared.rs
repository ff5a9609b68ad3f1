//! What the store's threads share.

use crate::entry::Entry;
use crate::overlay::Overlay;
use futures::channel::oneshot;
use parking_lot::{Condvar, Mutex};
use partita_kernel::Partition;
use partita_store::order::{Answer, FailureGate, Owner};
use partita_store::{Epoch, StoreError};
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Instant;

/// What waits for the journal.
pub(crate) enum Job {
    /// Something to be made durable.
    Write {
        /// What.
        entry: Entry,
        /// In whose order it stands, if it is a batch.
        owner: Option<Owner>,
        /// Who waits for it.
        answer: oneshot::Sender<Answer>,
    },
    /// The store failed and is to be used again.
    Reopen(oneshot::Sender<Result<(), StoreError>>),
}

/// The journal's inbox, and who may put something into it.
#[derive(Default)]
pub(crate) struct Queue {
    pub(crate) jobs: VecDeque<Job>,
    /// The newest epoch of each partition, and whether its owner may commit.
    pub(crate) epochs: HashMap<Partition, (Epoch, bool)>,
    /// Why nothing more is accepted until the store is reopened.
    pub(crate) poisoned: Option<StoreError>,
    /// Nothing more is accepted; what waits is finished.
    pub(crate) closing: bool,
    /// What waits is given up too.
    pub(crate) abandoned: bool,
}

/// The layers over the tables.
#[derive(Default)]
pub(crate) struct Layers {
    /// What becomes durable is added here.
    pub(crate) active: Overlay,
    /// When the first of it was added.
    pub(crate) since: Option<Instant>,
    /// What the fold thread is putting into the tables.
    pub(crate) folding: Option<Arc<Overlay>>,
    /// How often `active` was swapped out. A reader that saw the same number before and after it read the
    /// tables saw one state of the store.
    pub(crate) swaps: u64,
    /// The last durable entry.
    pub(crate) durable: u64,
    /// The last entry that is in the tables.
    pub(crate) folded: u64,
    /// Who waits for the tables to be at an entry.
    pub(crate) waiters: Vec<(u64, oneshot::Sender<Result<(), StoreError>>)>,
    /// Why the last attempt to fold failed.
    pub(crate) failure: Option<StoreError>,
    /// Fold at once, whatever there is.
    pub(crate) hurry: bool,
    /// Fold everything, then stop.
    pub(crate) closing: bool,
    /// Stop.
    pub(crate) abandoned: bool,
}

impl Layers {
    /// Bytes that are durable and not yet in the tables.
    pub(crate) fn unfolded_bytes(&self) -> usize {
        self.active.bytes + self.folding.as_ref().map_or(0, |folding| folding.bytes)
    }
}

/// What the store's threads share.
pub(crate) struct Shared {
    pub(crate) partitions: u16,
    pub(crate) gate: FailureGate,
    pub(crate) queue: Mutex<Queue>,
    /// Something is in the queue.
    pub(crate) queued: Condvar,
    pub(crate) layers: Mutex<Layers>,
    /// There is something for the fold thread to do.
    pub(crate) work: Condvar,
    /// There may be room in the overlay.
    pub(crate) room: Condvar,
    /// Instances in the tables.
    pub(crate) instances: AtomicU64,
}

impl Shared {
    pub(crate) fn new(partitions: u16) -> Self {
        Self {
            partitions,
            gate: FailureGate::default(),
            queue: Mutex::default(),
            queued: Condvar::new(),
            layers: Mutex::default(),
            work: Condvar::new(),
            room: Condvar::new(),
            instances: AtomicU64::new(0),
        }
    }
}
