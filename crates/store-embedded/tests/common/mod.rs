//! One instance whose history counts: what was acknowledged can be told from its length.

#![allow(dead_code, unreachable_pub, missing_docs)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use futures::executor::block_on;
use partita_kernel::{InstanceId, Partition, Status, Timestamp};
use partita_store::conformance::build::{event_numbers, events, first, put, turn};
use partita_store::{Batch, Epoch, Events, Filter, Put, Store, StoreError};
use partita_store_embedded::simulated::SimulatedDisk;
use partita_store_embedded::{EmbeddedStore, Options};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// Small segments, and nothing goes into the tables unless it is asked for.
pub fn options() -> Options {
    Options {
        partitions: 1,
        segment_bytes: 1024,
        fold_interval: Duration::from_secs(3600),
        ..Options::default()
    }
}

pub fn open_on(folder: &Path, disk: &SimulatedDisk) -> Result<EmbeddedStore, StoreError> {
    EmbeddedStore::open_on(folder, options(), Arc::new(disk.clone()))
}

pub fn acquire(store: &EmbeddedStore) -> Result<Epoch, StoreError> {
    block_on(store.acquire(Partition(0), "test"))
}

/// A batch that brings the history of `a` from `length` events to one more.
pub fn step(length: u32) -> Batch {
    let record = if length == 0 {
        Put { events: events(0, 1), ..first("a") }
    } else {
        turn("a", i64::from(length), events(length, 1))
    };
    Batch { writes: vec![put(record)], ..Batch::default() }
}

pub fn commit(store: &EmbeddedStore, epoch: Epoch, length: u32) -> Result<(), StoreError> {
    block_on(store.commit(Partition(0), epoch, step(length)))
}

/// Commits from `from` events to `to`.
pub fn grow(store: &EmbeddedStore, epoch: Epoch, from: u32, to: u32) {
    for length in from..to {
        commit(store, epoch, length).unwrap();
    }
}

/// How many events the history of `a` has; checks that they are the right ones.
pub fn length(store: &dyn Store) -> u32 {
    let id = InstanceId::trusted("a");
    if block_on(store.load(&id)).unwrap().is_none() {
        return 0;
    }
    let numbers = block_on(event_numbers(store, "a", 50));
    let length = u32::try_from(numbers.len()).unwrap();
    assert_eq!(numbers, (0..length).collect::<Vec<_>>());
    length
}

/// Lets everything go into the tables.
pub fn settle(store: &EmbeddedStore) -> Result<u64, StoreError> {
    block_on(store.count(&Filter::default())).map(|counts| counts.total())
}

/// Waits until the next segment is ready, so that what comes then is the journal's own work alone.
pub fn until_spare(disk: &SimulatedDisk, folder: &Path) {
    let spare = folder.join("journal/spare.log");
    while disk.read(&spare).is_none() {
        std::thread::yield_now();
    }
}

/// The journal's segments, in order.
pub fn segments(disk: &SimulatedDisk) -> Vec<PathBuf> {
    let is_segment = |path: &PathBuf| {
        path.extension().is_some_and(|extension| extension == "log") && !path.ends_with("spare.log")
    };
    disk.paths().into_iter().filter(is_segment).collect()
}

/// A finished instance.
pub fn finished(text: &str) -> Put {
    let mut record = Put { events: Events { first: 0, count: 1, bytes: vec![1; 400] }, ..first(text) };
    record.state.status = Status::Completed;
    record.state.completed_at = Some(Timestamp(1));
    record
}
