//! Records and histories.

use super::Harness;
use super::build::{Owner, event_numbers, events, first, head, id, ids_of, put, state, turn};
use crate::{Batch, Events, HistoryPage, Put, Store, StoredInstance, Write};
use partita_kernel::{Partition, Status};

async fn start(harness: &dyn Harness) -> (Box<dyn Store>, Owner) {
    let store = harness.fresh().await;
    let owner = Owner::of(&*store).await;
    (store, owner)
}

async fn expect_records(store: &dyn Store, text: &str, head: &str, state: &str) {
    let expected =
        StoredInstance { id: id(text), head: head.as_bytes().to_vec(), state: state.as_bytes().to_vec() };
    assert_eq!(store.load(&id(text)).await, Ok(Some(expected)));
}

pub async fn an_unknown_instance_is_none(harness: &dyn Harness) {
    let (store, _) = start(harness).await;
    assert_eq!(store.load(&id("nobody")).await, Ok(None));
    assert_eq!(store.history(&id("nobody"), 0, 100).await, Ok(None));
}

pub async fn a_first_record_reads_back(harness: &dyn Harness) {
    let (store, owner) = start(harness).await;
    owner.write(&*store, [put(Put { events: events(0, 3), ..first("a") })]).await;
    expect_records(&*store, "a", "head of Order", "state at 1").await;
    let page = store.history(&id("a"), 0, usize::MAX).await;
    assert_eq!(page, Ok(Some(HistoryPage { runs: vec![events(0, 3)], total: 3 })));
}

pub async fn a_record_without_a_head_keeps_the_head(harness: &dyn Harness) {
    let (store, owner) = start(harness).await;
    owner.write(&*store, [put(first("a"))]).await;
    owner.write(&*store, [put(turn("a", 2, Events::default()))]).await;
    expect_records(&*store, "a", "head of Order", "state at 2").await;
}

pub async fn a_new_head_replaces_the_old_one(harness: &dyn Harness) {
    let (store, owner) = start(harness).await;
    owner.write(&*store, [put(first("a"))]).await;
    owner.write(&*store, [put(Put { head: Some(head("Bill", 1)), ..turn("a", 2, Events::default()) })]).await;
    expect_records(&*store, "a", "head of Bill", "state at 2").await;
}

pub async fn one_instance_several_times_in_a_batch(harness: &dyn Harness) {
    let (store, owner) = start(harness).await;
    owner
        .write(
            &*store,
            [
                put(Put { events: events(0, 2), ..first("a") }),
                put(turn("a", 2, events(2, 1))),
                put(turn("a", 3, events(3, 4))),
            ],
        )
        .await;
    expect_records(&*store, "a", "head of Order", "state at 3").await;
    assert_eq!(event_numbers(&*store, "a", usize::MAX).await, (0..7).collect::<Vec<_>>());
}

pub async fn writes_of_many_instances_in_one_batch(harness: &dyn Harness) {
    let (store, owner) = start(harness).await;
    let partition = Partition(0);
    let ids = ids_of(partition, store.partitions(), 50);
    let writes = ids.iter().map(|text| put(Put { events: events(0, 1), ..first(text) })).collect();
    owner.commit(&*store, partition, Batch { writes, ..Batch::default() }).await.unwrap();
    for text in &ids {
        expect_records(&*store, text, "head of Order", "state at 1").await;
        assert_eq!(event_numbers(&*store, text, 10).await, [0]);
    }
}

pub async fn batches_are_applied_in_the_order_of_their_calls(harness: &dyn Harness) {
    let (store, owner) = start(harness).await;
    let partition = Partition::of(&id("a"), store.partitions());
    let batch = |write| Batch { writes: vec![put(write)], ..Batch::default() };
    let mut commits = vec![owner.commit(&*store, partition, batch(first("a")))];
    for number in 0..20_u32 {
        let write = turn("a", i64::from(number) + 2, events(number, 1));
        commits.push(owner.commit(&*store, partition, batch(write)));
    }
    // Whether an earlier future is waited for must not matter.
    for commit in commits.into_iter().rev() {
        commit.await.unwrap();
    }
    expect_records(&*store, "a", "head of Order", "state at 21").await;
    assert_eq!(event_numbers(&*store, "a", usize::MAX).await, (0..20).collect::<Vec<_>>());
}

pub async fn a_deleted_instance_is_gone_everywhere(harness: &dyn Harness) {
    let (store, owner) = start(harness).await;
    let mut whole = Put { events: events(0, 3), ..first("a") };
    whole.state.recover = true;
    whole.state.next_wake = Some(partita_kernel::Timestamp(5));
    if let Some(head) = &mut whole.head {
        head.tags.insert("k".into(), "v".into());
    }
    owner.write(&*store, [put(whole)]).await;
    assert_eq!(store.count(&crate::Filter::default()).await.unwrap().total(), 1);
    owner.write(&*store, [Write::Delete(id("a")), Write::Delete(id("never was"))].into_iter().take(1)).await;

    let partition = Partition::of(&id("a"), store.partitions());
    assert_eq!(store.load(&id("a")).await, Ok(None));
    assert_eq!(store.history(&id("a"), 0, 100).await, Ok(None));
    assert_eq!(store.recoverable(partition, None, 10).await, Ok(vec![]));
    assert_eq!(store.due(partition, partita_kernel::Timestamp::MAX, 10).await, Ok(vec![]));
    assert_eq!(store.query(&crate::Query::default()).await.unwrap().rows, []);
    let tags = [("k".into(), "v".into())].into();
    let tagged = crate::Filter { tags, ..crate::Filter::default() };
    assert_eq!(store.count(&tagged).await.unwrap().total(), 0);
}

pub async fn deleted_and_begun_again_in_one_batch(harness: &dyn Harness) {
    let (store, owner) = start(harness).await;
    owner.write(&*store, [put(Put { events: events(0, 9), ..first("a") })]).await;
    store.count(&crate::Filter::default()).await.unwrap();
    let again = Put { head: Some(head("Again", 7)), events: events(0, 2), ..turn("a", 8, Events::default()) };
    owner.write(&*store, [Write::Delete(id("a")), put(again)]).await;
    for _ in 0..2 {
        expect_records(&*store, "a", "head of Again", "state at 8").await;
        assert_eq!(event_numbers(&*store, "a", usize::MAX).await, [0, 1]);
        assert_eq!(store.count(&crate::Filter::default()).await.unwrap().total(), 1);
    }
}

/// A history in runs of 1, 2, 3, … events, with the tables caught up now and then.
async fn long_history(store: &dyn Store, owner: &Owner, text: &str, runs: u32) -> u32 {
    owner.write(store, [put(first(text))]).await;
    let mut total = 0;
    for run in 1..=runs {
        owner.write(store, [put(turn(text, 1 + i64::from(run), events(total, run)))]).await;
        total += run;
        if run % 3 == 0 {
            store.count(&crate::Filter::default()).await.unwrap();
        }
    }
    total
}

pub async fn a_history_grows_turn_by_turn(harness: &dyn Harness) {
    let (store, owner) = start(harness).await;
    let total = long_history(&*store, &owner, "a", 10).await;
    assert_eq!(event_numbers(&*store, "a", usize::MAX).await, (0..total).collect::<Vec<_>>());
    assert_eq!(store.history(&id("a"), 0, 0).await.unwrap().unwrap().total, total);
}

pub async fn a_history_can_be_read_from_the_middle_of_a_run(harness: &dyn Harness) {
    let (store, owner) = start(harness).await;
    let total = long_history(&*store, &owner, "a", 8).await;
    for from in 0..total {
        let page = store.history(&id("a"), from, usize::MAX).await.unwrap().unwrap();
        let start = page.runs[0].first;
        assert!(start <= from && from < start + page.runs[0].count, "the first run holds the event {from}");
        let last = page.runs.last().unwrap();
        assert_eq!((page.total, last.first + last.count), (total, total));
        for pair in page.runs.windows(2) {
            assert_eq!(pair[0].first + pair[0].count, pair[1].first, "runs are consecutive");
        }
    }
}

pub async fn a_history_page_stops_after_max_bytes(harness: &dyn Harness) {
    let (store, owner) = start(harness).await;
    let total = long_history(&*store, &owner, "a", 9).await;
    for max_bytes in [0, 1, 4, 20, 100] {
        let page = store.history(&id("a"), 0, max_bytes).await.unwrap().unwrap();
        let sizes: Vec<usize> = page.runs.iter().map(|run| run.bytes.len()).collect();
        let before_last: usize = sizes.iter().rev().skip(1).sum();
        assert!(
            !sizes.is_empty() && before_last <= max_bytes,
            "a page ends with the run that passes {max_bytes}"
        );
        assert_eq!(event_numbers(&*store, "a", max_bytes).await, (0..total).collect::<Vec<_>>());
    }
}

pub async fn a_history_read_past_its_end(harness: &dyn Harness) {
    let (store, owner) = start(harness).await;
    let total = long_history(&*store, &owner, "a", 4).await;
    for from in [total, total + 1, u32::MAX] {
        let page = store.history(&id("a"), from, 100).await.unwrap().unwrap();
        assert_eq!(page, HistoryPage { runs: vec![], total });
    }
    store.count(&crate::Filter::default()).await.unwrap();
    let page = store.history(&id("a"), total, 100).await.unwrap().unwrap();
    assert_eq!(page, HistoryPage { runs: vec![], total });
}

pub async fn an_instance_without_events_has_an_empty_history(harness: &dyn Harness) {
    let (store, owner) = start(harness).await;
    owner.write(&*store, [put(first("a"))]).await;
    for _ in 0..2 {
        let page = store.history(&id("a"), 0, 100).await;
        assert_eq!(page, Ok(Some(HistoryPage { runs: vec![], total: 0 })));
        store.count(&crate::Filter::default()).await.unwrap();
    }
}

pub async fn reset_history_drops_what_was_before(harness: &dyn Harness) {
    let (store, owner) = start(harness).await;
    long_history(&*store, &owner, "a", 6).await;
    owner.write(&*store, [put(Put { reset_history: true, ..turn("a", 50, events(0, 2)) })]).await;
    for _ in 0..2 {
        assert_eq!(event_numbers(&*store, "a", usize::MAX).await, [0, 1]);
        store.count(&crate::Filter::default()).await.unwrap();
    }
    owner.write(&*store, [put(Put { reset_history: true, ..turn("a", 51, Events::default()) })]).await;
    for _ in 0..2 {
        assert_eq!(event_numbers(&*store, "a", usize::MAX).await, [0_u32; 0]);
        store.count(&crate::Filter::default()).await.unwrap();
    }
}

pub async fn reset_history_and_more_in_one_batch(harness: &dyn Harness) {
    let (store, owner) = start(harness).await;
    long_history(&*store, &owner, "a", 6).await;
    owner
        .write(
            &*store,
            [
                put(turn("a", 50, events(21, 2))),
                put(Put { reset_history: true, ..turn("a", 51, events(0, 2)) }),
                put(turn("a", 52, events(2, 3))),
            ],
        )
        .await;
    owner.write(&*store, [put(turn("a", 53, events(5, 1)))]).await;
    for _ in 0..2 {
        assert_eq!(event_numbers(&*store, "a", 4).await, (0..6).collect::<Vec<_>>());
        expect_records(&*store, "a", "head of Order", "state at 53").await;
        store.count(&crate::Filter::default()).await.unwrap();
    }
}

pub async fn large_records_and_histories(harness: &dyn Harness) {
    let (store, owner) = start(harness).await;
    let mut large = Put { events: events(0, 300_000), ..first("a") };
    let noise: Vec<u8> = (0..200_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    large.state.bytes.clone_from(&noise);
    owner.write(&*store, [put(large)]).await;
    for _ in 0..2 {
        assert_eq!(store.load(&id("a")).await.unwrap().unwrap().state, noise);
        assert_eq!(event_numbers(&*store, "a", 100_000).await.len(), 300_000);
        store.count(&crate::Filter::default()).await.unwrap();
    }
}

pub async fn everything_is_still_there_after_reopening(harness: &dyn Harness) {
    let (store, owner) = start(harness).await;
    let total = long_history(&*store, &owner, "a", 7).await;
    let mut parked = first("b");
    parked.state = state(Status::Suspended, 9);
    owner.write(&*store, [put(parked), put(first("gone"))]).await;
    owner.write(&*store, [Write::Delete(id("gone"))]).await;
    let Some(store) = harness.reopen(store).await else { return };
    expect_records(&*store, "a", "head of Order", "state at 8").await;
    assert_eq!(event_numbers(&*store, "a", 30).await, (0..total).collect::<Vec<_>>());
    expect_records(&*store, "b", "head of Order", "state at 9").await;
    assert_eq!(store.load(&id("gone")).await, Ok(None));
}

pub async fn a_long_life_with_reopening_in_between(harness: &dyn Harness) {
    let (mut store, mut owner) = start(harness).await;
    owner.write(&*store, [put(first("a"))]).await;
    for number in 0..12 {
        owner.write(&*store, [put(turn("a", 2 + i64::from(number), events(number * 2, 2)))]).await;
        if number % 4 == 3 {
            let Some(reopened) = harness.reopen(store).await else { return };
            store = reopened;
            owner = Owner::of(&*store).await;
        }
        assert_eq!(event_numbers(&*store, "a", 5).await, (0..number * 2 + 2).collect::<Vec<_>>());
    }
}
