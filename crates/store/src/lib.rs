//! What Partita asks of a store, and nothing else: a store keeps bytes and index fields, and never looks
//! inside an event.
//!
//! `Ok` means that it holds and is durable; `Err` means that it does not hold. What to do about an error
//! is in its variant, never in its text.

#![forbid(unsafe_code)]

pub mod conformance;
pub mod faulty;
pub mod memory;
pub mod order;
pub mod query;
pub mod record;

pub use faulty::{Fault, FaultyStore};
pub use memory::MemoryStore;
pub use query::{Counts, Cursor, Filter, Order, Page, Query, Row};
pub use record::{
    Batch, Events, HeadRecord, HistoryPage, MessageId, Put, StateRecord, StoredInstance, StoredMessage, Write,
};

use async_trait::async_trait;
use futures::future::BoxFuture;
use partita_kernel::{InstanceId, Partition, Timestamp};

/// A lease's fencing token: grows each time that a partition changes its owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Epoch(pub u64);

/// Why a store did not do what it was asked. The variant says what the caller must do.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum StoreError {
    /// There is no room. Nothing was written; try again when there is.
    #[error("the store is full: {0}")]
    Full(String),
    /// Somebody else owns the partition now. Stop working on it.
    #[error("the partition has another owner now")]
    Fenced,
    /// What is stored cannot be right. Do not go on; the text says what `partita store check` can do.
    #[error("the store is damaged: {0}")]
    Corrupt(String),
    /// Written by another version of Partita.
    #[error("the store is of another version: {0}")]
    Version(String),
    /// Somebody else holds the store.
    #[error("the store is in use: {0}")]
    Locked(String),
    /// A write may or may not have reached the disk: nothing more is accepted until the store is reopened.
    #[error("the store failed and must be reopened: {0}")]
    Poisoned(String),
    /// It cannot be reached now. Try again.
    #[error("the store cannot be reached: {0}")]
    Unavailable(String),
    /// This store cannot do it.
    #[error("this store cannot do that: {0}")]
    Unsupported(String),
}

/// The size and place of a store, to be shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoreInfo {
    /// `memory`, `embedded`, …
    pub kind: String,
    /// Its folder or address.
    pub location: String,
    /// Bytes on disk.
    pub disk_bytes: u64,
    /// Bytes that are durable but not yet in the tables.
    pub unfolded_bytes: u64,
    /// Instances, as far as it is cheap to know.
    pub instances: u64,
}

/// What a check of a store found that went on meanwhile.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CheckReport {
    /// Instances that were looked at.
    pub instances: u64,
    /// Pieces of histories that were looked at.
    pub pieces: u64,
    /// Events in them.
    pub events: u64,
    /// Whether everything was looked at; otherwise the time was up before.
    pub complete: bool,
    /// What is wrong, each in a sentence. Empty when all is well, as far as it was looked at.
    pub problems: Vec<String>,
}

/// A file of a store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileSize {
    /// Its path within the store's folder.
    pub name: String,
    /// Its size.
    pub bytes: u64,
}

/// Where instances, their histories and the messages between them are kept.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// How many partitions the task hub has; fixed when it was made.
    fn partitions(&self) -> u16;

    /// Becomes the owner of a partition. Any earlier owner is fenced off from now on.
    async fn acquire(&self, partition: Partition, owner: &str) -> Result<Epoch, StoreError>;

    /// Makes a batch durable, all of it or nothing. Batches of one partition are applied in the order in
    /// which this method was called. The returned future resolves when the batch is durable, and from
    /// then on every read sees it.
    ///
    /// A batch that goes to the store before the failure of an earlier one of the same partition was seen
    /// (its future resolved or dropped) fails with it, so that no batch is ever applied over a gap.
    fn commit(
        &self,
        partition: Partition,
        epoch: Epoch,
        batch: Batch,
    ) -> BoxFuture<'static, Result<(), StoreError>>;

    /// An instance without its history.
    async fn load(&self, id: &InstanceId) -> Result<Option<StoredInstance>, StoreError>;

    /// A part of an instance's history, from event number `from`: whole stored chunks, until `max_bytes`
    /// is passed or the history ends. `None` when there is no such instance.
    async fn history(
        &self,
        id: &InstanceId,
        from: u32,
        max_bytes: usize,
    ) -> Result<Option<HistoryPage>, StoreError>;

    /// Instances of a partition whose last record asked for recovery, in the order of their ids, after
    /// `after`.
    async fn recoverable(
        &self,
        partition: Partition,
        after: Option<&InstanceId>,
        limit: usize,
    ) -> Result<Vec<InstanceId>, StoreError>;

    /// Messages of a partition that were sent and not consumed, oldest first.
    async fn messages(&self, partition: Partition) -> Result<Vec<StoredMessage>, StoreError>;

    /// Instances of a partition with a wake-up time up to `until`, earliest first, equal times in any
    /// order.
    async fn due(
        &self,
        partition: Partition,
        until: Timestamp,
        limit: usize,
    ) -> Result<Vec<(Timestamp, InstanceId)>, StoreError>;

    /// The instances that pass a filter, a page of them. Sees every batch that was durable when it was
    /// called.
    async fn query(&self, query: &Query) -> Result<Page, StoreError>;

    /// How many instances pass a filter, by status. Sees every batch that was durable when it was called.
    async fn count(&self, filter: &Filter) -> Result<Counts, StoreError>;

    /// A named value that belongs to the task hub.
    async fn setting(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError>;

    /// Sets or removes a named value.
    async fn set_setting(&self, key: &str, value: Option<&[u8]>) -> Result<(), StoreError>;

    /// Its size and place.
    async fn info(&self) -> Result<StoreInfo, StoreError>;

    /// Makes a consistent copy in a new folder, while everything goes on.
    async fn backup(&self, folder: &std::path::Path) -> Result<(), StoreError> {
        let _ = folder;
        Err(StoreError::Unsupported("it has no files to copy".into()))
    }

    /// Its files, in any order; none for a store that has none of its own.
    async fn files(&self) -> Result<Vec<FileSize>, StoreError> {
        Ok(Vec::new())
    }

    /// Looks for damage while everything goes on, for a bounded time. Damage is no error here but stands in the
    /// report.
    async fn check(&self) -> Result<CheckReport, StoreError> {
        Err(StoreError::Unsupported("it keeps nothing that could be damaged".into()))
    }

    /// After a failure, makes the store usable again if that is possible now. A store that has not
    /// failed does nothing. Otherwise every partition has to be acquired again: what was known of it
    /// before the failure may be wrong, so older epochs are fenced off.
    async fn reopen(&self) -> Result<(), StoreError> {
        Ok(())
    }

    /// Finishes what is under way and lets go of files and locks.
    async fn close(&self) -> Result<(), StoreError>;
}
