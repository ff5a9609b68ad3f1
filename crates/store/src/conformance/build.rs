//! Short ways to make what the cases commit.

use crate::{
    Batch, Epoch, Events, HeadRecord, MessageId, Put, StateRecord, Store, StoreError, StoredMessage, Write,
};
use partita_kernel::{InstanceId, Partition, Status, Timestamp};
use std::collections::HashMap;

/// Owns the partitions of a store and commits to them.
pub struct Owner {
    /// The newest epochs.
    pub epochs: HashMap<Partition, Epoch>,
}

impl Owner {
    /// Acquires all partitions.
    pub async fn of(store: &dyn Store) -> Self {
        let mut epochs = HashMap::new();
        for number in 0..store.partitions() {
            epochs.insert(Partition(number), store.acquire(Partition(number), "suite").await.unwrap());
        }
        Self { epochs }
    }

    /// Commits writes, each to its own partition, in order.
    pub async fn write(&self, store: &dyn Store, writes: impl IntoIterator<Item = Write>) {
        let mut batches: HashMap<Partition, Batch> = HashMap::new();
        for write in writes {
            let id = match &write {
                Write::Put(put) => &put.id,
                Write::Delete(id) => id,
            };
            batches.entry(Partition::of(id, store.partitions())).or_default().writes.push(write);
        }
        let commits: Vec<_> =
            batches.into_iter().map(|(partition, batch)| self.commit(store, partition, batch)).collect();
        for commit in commits {
            commit.await.unwrap();
        }
    }

    /// Commits a batch.
    pub fn commit(
        &self,
        store: &dyn Store,
        partition: Partition,
        batch: Batch,
    ) -> futures::future::BoxFuture<'static, Result<(), StoreError>> {
        store.commit(partition, self.epochs[&partition], batch)
    }
}

/// An instance id.
#[must_use]
pub fn id(text: &str) -> InstanceId {
    InstanceId::trusted(text)
}

/// A head.
#[must_use]
pub fn head(name: &str, created_at: i64) -> HeadRecord {
    HeadRecord {
        name: name.into(),
        version: None,
        created_at: Timestamp(created_at),
        parent: None,
        tags: partita_kernel::Tags::new(),
        bytes: format!("head of {name}").into_bytes(),
    }
}

/// A state.
#[must_use]
pub fn state(status: Status, updated_at: i64) -> StateRecord {
    StateRecord {
        status,
        updated_at: Timestamp(updated_at),
        completed_at: status.is_terminal().then_some(Timestamp(updated_at)),
        next_wake: None,
        recover: false,
        set_aside: false,
        custom_status: None,
        bytes: format!("state at {updated_at}").into_bytes(),
    }
}

/// Events whose bytes tell their numbers, four bytes each.
#[must_use]
pub fn events(first: u32, count: u32) -> Events {
    Events { first, count, bytes: (first..first + count).flat_map(u32::to_le_bytes).collect() }
}

/// The first record of a running instance without events.
#[must_use]
pub fn first(text: &str) -> Put {
    Put {
        id: id(text),
        head: Some(head("Order", 1)),
        state: state(Status::Running, 1),
        reset_history: false,
        events: Events::default(),
    }
}

/// A later record of a running instance.
#[must_use]
pub fn turn(text: &str, updated_at: i64, events: Events) -> Put {
    Put { id: id(text), head: None, state: state(Status::Running, updated_at), reset_history: false, events }
}

/// A write.
#[must_use]
pub fn put(put: Put) -> Write {
    Write::Put(Box::new(put))
}

/// A message.
#[must_use]
pub fn message(number: u128, target: &str) -> StoredMessage {
    StoredMessage {
        id: MessageId(number),
        target: id(target),
        bytes: format!("message {number}").into_bytes(),
    }
}

/// Ids of one partition, in order, as many as asked for.
#[must_use]
pub fn ids_of(partition: Partition, partitions: u16, count: usize) -> Vec<String> {
    let all = (0..).map(|number| format!("w{number:05}"));
    all.filter(|text| Partition::of(&id(text), partitions) == partition).take(count).collect()
}

/// The numbers of all events of a history, read from its start in pages of `max_bytes`.
pub async fn event_numbers(store: &dyn Store, text: &str, max_bytes: usize) -> Vec<u32> {
    let mut numbers = Vec::new();
    loop {
        let from = u32::try_from(numbers.len()).unwrap();
        let page = store.history(&id(text), from, max_bytes).await.unwrap().unwrap();
        if page.runs.is_empty() {
            assert_eq!(page.total, from, "the history of {text} ends at its total");
            return numbers;
        }
        for run in page.runs {
            assert!(run.first <= from || !numbers.is_empty());
            assert_eq!(run.bytes.len(), 4 * run.count as usize, "a run of {text} has all its bytes");
            let skip = u32::try_from(numbers.len()).unwrap() - run.first;
            numbers.extend(
                run.bytes
                    .chunks_exact(4)
                    .skip(skip as usize)
                    .map(|b| u32::from_le_bytes(b.try_into().unwrap())),
            );
        }
    }
}
