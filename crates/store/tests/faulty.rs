//! The store that fails on purpose does it as told.

#![allow(clippy::unwrap_used)]

use futures::executor::block_on;
use partita_kernel::{InstanceId, Partition};
use partita_store::conformance::build::{events, first, put, turn};
use partita_store::{Batch, Epoch, Fault, FaultyStore, MemoryStore, Put, Store, StoreError};
use std::sync::Arc;

fn store() -> (FaultyStore, Epoch) {
    let store = FaultyStore::new(Arc::new(MemoryStore::new(1)));
    let epoch = block_on(store.acquire(Partition(0), "test")).unwrap();
    (store, epoch)
}

fn batch(record: Put) -> Batch {
    Batch { writes: vec![put(record)], ..Batch::default() }
}

fn commit(store: &FaultyStore, epoch: Epoch, record: Put) -> Result<(), StoreError> {
    block_on(store.commit(Partition(0), epoch, batch(record)))
}

fn is_there(store: &FaultyStore) -> bool {
    block_on(store.load(&InstanceId::trusted("a"))).unwrap().is_some()
}

#[test]
fn the_nth_commit_is_refused_and_not_applied() {
    for fault in [Fault::full(), Fault::unavailable()] {
        let (store, epoch) = store();
        store.fail_commit(2, fault.clone());
        assert_eq!(commit(&store, epoch, first("b")), Ok(()));
        assert_eq!(Fault::Refuse(commit(&store, epoch, first("a")).unwrap_err()), fault);
        assert!(!is_there(&store));
        assert_eq!(commit(&store, epoch, first("a")), Ok(()));
        assert!(is_there(&store));
        assert_eq!(store.commits(), 3);
    }
}

#[test]
fn a_lost_answer_is_applied_and_poisons() {
    let (store, epoch) = store();
    store.fail_next(Fault::LoseAnswer);
    assert!(matches!(commit(&store, epoch, first("a")), Err(StoreError::Poisoned(_))));
    assert!(is_there(&store));
    assert!(matches!(commit(&store, epoch, first("b")), Err(StoreError::Poisoned(_))));
    assert!(matches!(block_on(store.acquire(Partition(0), "test")), Err(StoreError::Poisoned(_))));
    block_on(store.reopen()).unwrap();
    assert_eq!(commit(&store, epoch, first("b")), Err(StoreError::Fenced));
    let epoch = block_on(store.acquire(Partition(0), "test")).unwrap();
    assert_eq!(commit(&store, epoch, first("b")), Ok(()));
}

#[test]
fn what_was_sent_behind_a_failure_fails_with_it() {
    let (store, epoch) = store();
    store.fail_next(Fault::full());
    let send = |record| store.commit(Partition(0), epoch, batch(record));
    let refused = send(first("a"));
    let behind = send(turn("a", 2, events(0, 1)));
    assert!(block_on(refused).is_err() && block_on(behind).is_err());
    assert_eq!(block_on(send(first("a"))), Ok(()));
    // A future that nobody waits for is seen when it is given up.
    store.fail_next(Fault::full());
    drop(send(first("a")));
    assert_eq!(block_on(send(first("a"))), Ok(()));
}
