//! Owners, inboxes, timers, recovery, settings.

use super::Harness;
use super::build::{Owner, events, first, id, ids_of, message, put, turn};
use crate::{Batch, Events, MessageId, Put, Store, StoreError, StoredMessage, Write};
use partita_kernel::{InstanceId, Partition, Timestamp};

async fn start(harness: &dyn Harness) -> (Box<dyn Store>, Owner) {
    let store = harness.fresh().await;
    let owner = Owner::of(&*store).await;
    (store, owner)
}

/// Lets a store that keeps its newest changes apart put them away.
async fn settle(store: &dyn Store) {
    store.count(&crate::Filter::default()).await.unwrap();
}

fn writes(writes: impl IntoIterator<Item = Write>) -> Batch {
    Batch { writes: writes.into_iter().collect(), ..Batch::default() }
}

fn sent(sent: impl IntoIterator<Item = StoredMessage>) -> Batch {
    Batch { sent: sent.into_iter().collect(), ..Batch::default() }
}

fn consumed(consumed: impl IntoIterator<Item = u128>) -> Batch {
    Batch { consumed: consumed.into_iter().map(MessageId).collect(), ..Batch::default() }
}

pub async fn a_commit_needs_the_newest_epoch(harness: &dyn Harness) {
    let store = harness.fresh().await;
    let partition = Partition::of(&id("a"), store.partitions());
    let old = store.acquire(partition, "one").await.unwrap();
    store.commit(partition, old, writes([put(first("a"))])).await.unwrap();
    let new = store.acquire(partition, "two").await.unwrap();
    let late = writes([put(turn("a", 9, events(0, 1)))]);
    assert_eq!(store.commit(partition, old, late.clone()).await, Err(StoreError::Fenced));
    assert_eq!(store.load(&id("a")).await.unwrap().unwrap().state, b"state at 1");
    assert_eq!(store.commit(partition, new, late).await, Ok(()));
    assert_eq!(store.load(&id("a")).await.unwrap().unwrap().state, b"state at 9");
}

pub async fn epochs_grow(harness: &dyn Harness) {
    let store = harness.fresh().await;
    let mut last = None;
    for _ in 0..5 {
        let epoch = store.acquire(Partition(0), "suite").await.unwrap();
        assert!(last.is_none_or(|last| epoch > last));
        last = Some(epoch);
    }
}

pub async fn epochs_grow_over_reopening(harness: &dyn Harness) {
    let store = harness.fresh().await;
    store.acquire(Partition(0), "suite").await.unwrap();
    let old = store.acquire(Partition(0), "suite").await.unwrap();
    let Some(store) = harness.reopen(store).await else { return };
    assert_eq!(store.commit(Partition(0), old, Batch::default()).await, Err(StoreError::Fenced));
    assert!(store.acquire(Partition(0), "suite").await.unwrap() > old);
}

pub async fn one_partition_fenced_off_does_not_touch_another(harness: &dyn Harness) {
    let (store, owner) = start(harness).await;
    store.acquire(Partition(0), "thief").await.unwrap();
    assert_eq!(owner.commit(&*store, Partition(0), Batch::default()).await, Err(StoreError::Fenced));
    assert_eq!(owner.commit(&*store, Partition(1), Batch::default()).await, Ok(()));
}

pub async fn messages_are_read_by_their_targets_partition(harness: &dyn Harness) {
    let (store, owner) = start(harness).await;
    let here = ids_of(Partition(0), store.partitions(), 1);
    let there = ids_of(Partition(1), store.partitions(), 1);
    let both = [message(1, &here[0]), message(2, &there[0])];
    owner.commit(&*store, Partition(0), sent(both.clone())).await.unwrap();
    for _ in 0..2 {
        assert_eq!(store.messages(Partition(0)).await.unwrap(), both[..1]);
        assert_eq!(store.messages(Partition(1)).await.unwrap(), both[1..]);
        settle(&*store).await;
    }
}

pub async fn messages_keep_the_order_in_which_they_were_sent(harness: &dyn Harness) {
    let (store, owner) = start(harness).await;
    let target = ids_of(Partition(1), store.partitions(), 1).remove(0);
    let mut expected = Vec::new();
    for round in 0..6_u128 {
        let from = Partition(u16::try_from(round % 2).unwrap());
        let batch: Vec<_> = [9, 3, 7].into_iter().map(|n| message(100 * (10 - round) + n, &target)).collect();
        expected.extend(batch.clone());
        owner.commit(&*store, from, sent(batch)).await.unwrap();
        assert_eq!(store.messages(Partition(1)).await.unwrap(), expected);
        if round % 2 == 1 {
            settle(&*store).await;
        }
    }
    assert_eq!(store.messages(Partition(1)).await.unwrap(), expected);
}

pub async fn a_consumed_message_is_gone(harness: &dyn Harness) {
    let (store, owner) = start(harness).await;
    let target = ids_of(Partition(1), store.partitions(), 1).remove(0);
    let all: Vec<_> = (1..=6).map(|number| message(number, &target)).collect();
    owner.commit(&*store, Partition(0), sent(all.clone())).await.unwrap();
    owner.commit(&*store, Partition(1), consumed([2])).await.unwrap();
    settle(&*store).await;
    owner.commit(&*store, Partition(1), consumed([4, 77])).await.unwrap();
    for _ in 0..2 {
        let left: Vec<_> = all.iter().filter(|m| ![2, 4].contains(&m.id.0)).cloned().collect();
        assert_eq!(store.messages(Partition(1)).await.unwrap(), left);
        settle(&*store).await;
    }
    owner.commit(&*store, Partition(1), consumed([1, 3, 5, 6])).await.unwrap();
    assert_eq!(store.messages(Partition(1)).await, Ok(vec![]));
    settle(&*store).await;
    assert_eq!(store.messages(Partition(1)).await, Ok(vec![]));
}

pub async fn a_message_sent_twice_is_there_once(harness: &dyn Harness) {
    let (store, owner) = start(harness).await;
    let target = ids_of(Partition(0), store.partitions(), 1).remove(0);
    for _ in 0..3 {
        owner.commit(&*store, Partition(0), sent([message(1, &target), message(1, &target)])).await.unwrap();
        assert_eq!(store.messages(Partition(0)).await.unwrap(), [message(1, &target)]);
        settle(&*store).await;
    }
    assert_eq!(store.messages(Partition(0)).await.unwrap(), [message(1, &target)]);
    owner.commit(&*store, Partition(0), consumed([1])).await.unwrap();
    assert_eq!(store.messages(Partition(0)).await.unwrap(), []);
}

pub async fn sent_and_consumed_in_one_batch(harness: &dyn Harness) {
    let (store, owner) = start(harness).await;
    let target = ids_of(Partition(0), store.partitions(), 1).remove(0);
    let batch = Batch {
        sent: vec![message(1, &target), message(2, &target)],
        consumed: vec![MessageId(1)],
        ..Batch::default()
    };
    owner.commit(&*store, Partition(0), batch).await.unwrap();
    for _ in 0..2 {
        assert_eq!(store.messages(Partition(0)).await.unwrap(), [message(2, &target)]);
        settle(&*store).await;
    }
}

pub async fn messages_outlive_their_target(harness: &dyn Harness) {
    let (store, owner) = start(harness).await;
    let target = ids_of(Partition(0), store.partitions(), 1).remove(0);
    owner.write(&*store, [put(first(&target))]).await;
    owner.commit(&*store, Partition(0), sent([message(1, &target)])).await.unwrap();
    owner.write(&*store, [Write::Delete(id(&target))]).await;
    for _ in 0..2 {
        assert_eq!(store.messages(Partition(0)).await.unwrap(), [message(1, &target)]);
        settle(&*store).await;
    }
}

pub async fn messages_over_reopening(harness: &dyn Harness) {
    let (store, owner) = start(harness).await;
    let target = ids_of(Partition(0), store.partitions(), 1).remove(0);
    let all: Vec<_> = (1..=4).map(|number| message(number, &target)).collect();
    owner.commit(&*store, Partition(0), sent(all.clone())).await.unwrap();
    owner.commit(&*store, Partition(0), consumed([3])).await.unwrap();
    let Some(store) = harness.reopen(store).await else { return };
    let left = [all[0].clone(), all[1].clone(), all[3].clone()];
    assert_eq!(store.messages(Partition(0)).await.unwrap(), left);
    let owner = Owner::of(&*store).await;
    owner.commit(&*store, Partition(0), consumed([1])).await.unwrap();
    owner.commit(&*store, Partition(0), sent([message(9, &target)])).await.unwrap();
    let left = [all[1].clone(), all[3].clone(), message(9, &target)];
    assert_eq!(store.messages(Partition(0)).await.unwrap(), left);
}

fn recovering(text: &str, recover: bool) -> Write {
    let mut record = first(text);
    record.state.recover = recover;
    put(record)
}

fn as_ids(texts: &[String]) -> Vec<InstanceId> {
    texts.iter().map(|text| id(text)).collect()
}

pub async fn recoverable_is_what_the_last_record_says(harness: &dyn Harness) {
    let (store, owner) = start(harness).await;
    let ids = ids_of(Partition(0), store.partitions(), 6);
    let other = ids_of(Partition(1), store.partitions(), 1);
    owner.write(&*store, ids.iter().chain(&other).map(|text| recovering(text, true))).await;
    for _ in 0..2 {
        assert_eq!(store.recoverable(Partition(0), None, 100).await.unwrap(), as_ids(&ids));
        settle(&*store).await;
    }
    owner.write(&*store, [recovering(&ids[1], false), recovering(&ids[4], false)]).await;
    owner.write(&*store, [recovering(&ids[1], true), Write::Delete(id(&ids[0]))]).await;
    let left = [ids[1].clone(), ids[2].clone(), ids[3].clone(), ids[5].clone()];
    for _ in 0..2 {
        assert_eq!(store.recoverable(Partition(0), None, 100).await.unwrap(), as_ids(&left));
        settle(&*store).await;
    }
}

pub async fn recoverable_goes_on_after_an_id(harness: &dyn Harness) {
    let (store, owner) = start(harness).await;
    let ids = ids_of(Partition(0), store.partitions(), 20);
    owner.write(&*store, ids.iter().step_by(2).map(|text| recovering(text, true))).await;
    settle(&*store).await;
    owner.write(&*store, ids.iter().skip(1).step_by(2).map(|text| recovering(text, true))).await;
    let mut found: Vec<InstanceId> = Vec::new();
    loop {
        let page = store.recoverable(Partition(0), found.last(), 3).await.unwrap();
        assert!(page.len() <= 3);
        if page.is_empty() {
            break;
        }
        found.extend(page);
    }
    assert_eq!(found, as_ids(&ids));
}

fn waking(text: &str, at: Option<i64>) -> Write {
    let mut record = first(text);
    record.state.next_wake = at.map(Timestamp);
    put(record)
}

pub async fn due_comes_earliest_first_up_to_a_time(harness: &dyn Harness) {
    let (store, owner) = start(harness).await;
    let ids = ids_of(Partition(0), store.partitions(), 10);
    let other = ids_of(Partition(1), store.partitions(), 1);
    owner.write(&*store, [waking(&other[0], Some(1))]).await;
    for (number, text) in (0..).zip(&ids) {
        owner.write(&*store, [waking(text, Some(100 - 10 * number))]).await;
        if number == 4 {
            settle(&*store).await;
        }
    }
    for _ in 0..2 {
        let due = store.due(Partition(0), Timestamp(40), 100).await.unwrap();
        let times: Vec<i64> = due.iter().map(|(at, _)| at.0).collect();
        assert_eq!(times, [10, 20, 30, 40]);
        assert_eq!(due[0].1, id(&ids[9]));
        assert_eq!(store.due(Partition(0), Timestamp(9), 100).await, Ok(vec![]));
        assert_eq!(store.due(Partition(0), Timestamp::MAX, 100).await.unwrap().len(), 10);
        settle(&*store).await;
    }
}

pub async fn due_has_a_limit(harness: &dyn Harness) {
    let (store, owner) = start(harness).await;
    let ids = ids_of(Partition(0), store.partitions(), 12);
    owner.write(&*store, ids[..6].iter().map(|text| waking(text, Some(5)))).await;
    settle(&*store).await;
    owner.write(&*store, ids[6..].iter().map(|text| waking(text, Some(5)))).await;
    assert_eq!(store.due(Partition(0), Timestamp(5), 7).await.unwrap().len(), 7);
    assert_eq!(store.due(Partition(0), Timestamp(5), 0).await.unwrap().len(), 0);
    // Whoever takes in what is due comes to an end.
    let mut taken = 0;
    loop {
        let due = store.due(Partition(0), Timestamp(5), 5).await.unwrap();
        if due.is_empty() {
            break;
        }
        taken += due.len();
        owner.write(&*store, due.iter().map(|(_, id)| waking(id.as_str(), None))).await;
    }
    assert_eq!(taken, 12);
}

pub async fn due_follows_the_last_record(harness: &dyn Harness) {
    let (store, owner) = start(harness).await;
    let ids = ids_of(Partition(0), store.partitions(), 3);
    owner.write(&*store, ids.iter().map(|text| waking(text, Some(10)))).await;
    settle(&*store).await;
    owner.write(&*store, [waking(&ids[0], Some(30)), waking(&ids[1], None)]).await;
    for _ in 0..2 {
        let due = store.due(Partition(0), Timestamp(100), 10).await.unwrap();
        assert_eq!(due, [(Timestamp(10), id(&ids[2])), (Timestamp(30), id(&ids[0]))]);
        settle(&*store).await;
    }
    let later = Put { ..turn(&ids[0], 2, Events::default()) };
    owner.write(&*store, [put(later)]).await;
    assert_eq!(store.due(Partition(0), Timestamp(100), 10).await.unwrap(), [(Timestamp(10), id(&ids[2]))]);
}

pub async fn settings_are_set_changed_and_removed(harness: &dyn Harness) {
    let store = harness.fresh().await;
    assert_eq!(store.setting("k").await, Ok(None));
    for value in [b"one".as_slice(), b"", b"three"] {
        store.set_setting("k", Some(value)).await.unwrap();
        assert_eq!(store.setting("k").await, Ok(Some(value.to_vec())));
        settle(&*store).await;
        assert_eq!(store.setting("k").await, Ok(Some(value.to_vec())));
    }
    assert_eq!(store.setting("other").await, Ok(None));
    store.set_setting("k", None).await.unwrap();
    assert_eq!(store.setting("k").await, Ok(None));
    settle(&*store).await;
    assert_eq!(store.setting("k").await, Ok(None));
    store.set_setting("k", None).await.unwrap();
}

pub async fn settings_over_reopening(harness: &dyn Harness) {
    let store = harness.fresh().await;
    store.set_setting("stays", Some(b"here")).await.unwrap();
    store.set_setting("goes", Some(b"away")).await.unwrap();
    store.set_setting("goes", None).await.unwrap();
    let Some(store) = harness.reopen(store).await else { return };
    assert_eq!(store.setting("stays").await, Ok(Some(b"here".to_vec())));
    assert_eq!(store.setting("goes").await, Ok(None));
}

pub async fn info_tells_the_kind(harness: &dyn Harness) {
    let (store, owner) = start(harness).await;
    owner.write(&*store, [put(first("a"))]).await;
    settle(&*store).await;
    let info = store.info().await.unwrap();
    assert!(!info.kind.is_empty());
    assert_eq!(info.instances, 1);
}
