//! Whatever is done to it, the embedded store answers as the in-memory store does.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use futures::executor::block_on;
use partita_kernel::{InstanceId, Partition, Status, Timestamp};
use partita_store::conformance::build::{Owner, event_numbers, events, head, state};
use partita_store::{
    Batch, Events, Filter, MemoryStore, MessageId, Order, Put, Query, Store, StoredMessage, Write,
};
use partita_store_embedded::{EmbeddedStore, Options};
use proptest::prelude::*;
use std::time::Duration;
use tempfile::TempDir;

const PARTITIONS: u16 = 2;
const INSTANCES: u8 = 8;

#[derive(Clone, Debug)]
enum Step {
    /// Instances written or deleted, each with how many events it gains.
    Commit(Vec<Change>),
    Send(Vec<(u8, u8)>),
    Consume(Vec<u8>),
    Setting(u8, Option<u8>),
    /// Lets everything go into the tables.
    Settle,
    Reopen {
        close: bool,
    },
}

#[derive(Clone, Debug)]
struct Change {
    instance: u8,
    gains: u32,
    kind: u8,
    status: u8,
    wake: Option<u8>,
    recover: bool,
    tag: u8,
}

fn change() -> impl Strategy<Value = Change> {
    let parts =
        (0..INSTANCES, 0..4_u32, 0..10_u8, 0..8_u8, proptest::option::of(0..20_u8), any::<bool>(), 0..3_u8);
    parts.prop_map(|(instance, gains, kind, status, wake, recover, tag)| Change {
        instance,
        gains,
        kind,
        status,
        wake,
        recover,
        tag,
    })
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => proptest::collection::vec(change(), 1..6).prop_map(Step::Commit),
        2 => proptest::collection::vec((0..INSTANCES, 0..30_u8), 1..4).prop_map(Step::Send),
        2 => proptest::collection::vec(0..30_u8, 1..4).prop_map(Step::Consume),
        1 => (0..3_u8, proptest::option::of(any::<u8>())).prop_map(|(key, value)| Step::Setting(key, value)),
        2 => Just(Step::Settle),
        1 => any::<bool>().prop_map(|close| Step::Reopen { close }),
    ]
}

fn name(instance: u8) -> String {
    format!("instance-{instance}")
}

struct Pair {
    folder: TempDir,
    real: Option<EmbeddedStore>,
    real_owner: Owner,
    model: MemoryStore,
    model_owner: Owner,
    time: i64,
}

impl Pair {
    async fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let real = open(&folder);
        let model = MemoryStore::new(PARTITIONS);
        let (real_owner, model_owner) = (Owner::of(&real).await, Owner::of(&model).await);
        Self { folder, real: Some(real), real_owner, model, model_owner, time: 0 }
    }

    fn real(&self) -> &EmbeddedStore {
        self.real.as_ref().unwrap()
    }

    async fn run(&mut self, step: Step) {
        match step {
            Step::Commit(changes) => {
                for partition in 0..PARTITIONS {
                    let batch = self.batch(Partition(partition), &changes).await;
                    self.commit(Partition(partition), batch).await;
                }
            }
            Step::Send(messages) => {
                let sent = messages.into_iter().map(|(target, number)| StoredMessage {
                    id: MessageId(number.into()),
                    target: InstanceId::trusted(&name(target % 2 + number % 4)),
                    bytes: vec![number; 3],
                });
                // A message's name stands for one message for ever.
                let sent = sent.map(|message| StoredMessage {
                    target: InstanceId::trusted(&name((message.id.0 % 8) as u8)),
                    ..message
                });
                self.commit(Partition(0), Batch { sent: sent.collect(), ..Batch::default() }).await;
            }
            Step::Consume(numbers) => {
                let consumed = numbers.into_iter().map(|number| MessageId(number.into())).collect();
                self.commit(Partition(1), Batch { consumed, ..Batch::default() }).await;
            }
            Step::Setting(key, value) => {
                let (key, value) = (key.to_string(), value.map(|value| [value]));
                let value = value.as_ref().map(<[u8; 1]>::as_slice);
                self.real().set_setting(&key, value).await.unwrap();
                self.model.set_setting(&key, value).await.unwrap();
            }
            Step::Settle => {
                self.real().count(&Filter::default()).await.unwrap();
            }
            Step::Reopen { close } => {
                if close {
                    self.real().close().await.unwrap();
                }
                self.real = None;
                self.real = Some(open(&self.folder));
                self.real_owner = Owner::of(self.real()).await;
            }
        }
    }

    async fn commit(&self, partition: Partition, batch: Batch) {
        self.model_owner.commit(&self.model, partition, batch.clone()).await.unwrap();
        self.real_owner.commit(self.real(), partition, batch).await.unwrap();
    }

    async fn batch(&mut self, partition: Partition, changes: &[Change]) -> Batch {
        let mut lengths = std::collections::HashMap::new();
        let mut writes = Vec::new();
        for change in changes {
            let id = InstanceId::trusted(&name(change.instance));
            if Partition::of(&id, PARTITIONS) != partition {
                continue;
            }
            let before = match lengths.get(&id) {
                Some(known) => *known,
                None => self.model.history(&id, 0, 0).await.unwrap().map(|page| page.total),
            };
            let (write, after) = self.write(&id, change, before);
            lengths.insert(id, after);
            writes.push(write);
        }
        Batch { writes, ..Batch::default() }
    }

    fn write(&mut self, id: &InstanceId, change: &Change, before: Option<u32>) -> (Write, Option<u32>) {
        if change.kind == 0 {
            return (Write::Delete(id.clone()), None);
        }
        self.time += 1;
        let reset = change.kind == 1;
        let from = if reset { 0 } else { before.unwrap_or(0) };
        let mut record = Put {
            id: id.clone(),
            head: None,
            state: state(Status::ALL[usize::from(change.status)], self.time / 3),
            reset_history: reset,
            events: if change.gains == 0 { Events::default() } else { events(from, change.gains) },
        };
        record.state.next_wake = change.wake.map(|at| Timestamp(at.into()));
        record.state.recover = change.recover;
        record.state.set_aside = change.kind == 5;
        if before.is_none() || change.kind == 2 {
            let mut its_head = head(["A", "B", "AB"][usize::from(change.tag)], self.time / 2);
            its_head.tags.insert("t".into(), change.tag.to_string().into());
            its_head.parent = (change.tag == 1).then(|| InstanceId::trusted("parent"));
            record.head = Some(its_head);
        }
        (Write::Put(Box::new(record)), Some(from + change.gains))
    }

    /// Compares all that can be asked without settling, then the lists.
    async fn compare(&self) {
        for instance in 0..INSTANCES {
            let id = InstanceId::trusted(&name(instance));
            assert_eq!(self.real().load(&id).await, self.model.load(&id).await);
            let total = |page: Option<partita_store::HistoryPage>| page.map(|page| page.total);
            let found = total(self.real().history(&id, 1, 4).await.unwrap());
            assert_eq!(found, total(self.model.history(&id, 1, 4).await.unwrap()));
            if found.is_some() {
                let numbers = event_numbers(self.real(), &name(instance), 8).await;
                assert_eq!(numbers, event_numbers(&self.model, &name(instance), 8).await);
            }
        }
        for number in 0..PARTITIONS {
            let partition = Partition(number);
            let until = Timestamp(10);
            let sorted = |mut due: Vec<_>| {
                due.sort();
                due
            };
            let due = self.real().due(partition, until, 100).await.unwrap();
            assert_eq!(sorted(due), sorted(self.model.due(partition, until, 100).await.unwrap()));
            let real = self.real().recoverable(partition, None, 3).await;
            assert_eq!(real, self.model.recoverable(partition, None, 3).await);
            assert_eq!(self.real().messages(partition).await, self.model.messages(partition).await);
        }
        for key in ["0", "1", "2"] {
            assert_eq!(self.real().setting(key).await, self.model.setting(key).await);
        }
    }

    async fn compare_lists(&self) {
        let tags = [("t".into(), "1".into())].into();
        for filter in [
            Filter::default(),
            Filter { tags, ..Filter::default() },
            Filter { names: vec!["A*".into()], set_aside: Some(false), ..Filter::default() },
            Filter { parent: Some(InstanceId::trusted("parent")), ..Filter::default() },
        ] {
            for order in [Order::CreatedDescending, Order::UpdatedDescending, Order::IdAscending] {
                let query =
                    Query { filter: filter.clone(), order, limit: 5, with_records: true, after: None };
                assert_eq!(self.real().query(&query).await, self.model.query(&query).await);
            }
            assert_eq!(self.real().count(&filter).await, self.model.count(&filter).await);
        }
        assert_eq!(self.real().info().await.unwrap().instances, self.model.info().await.unwrap().instances);
    }
}

fn open(folder: &TempDir) -> EmbeddedStore {
    let options = Options {
        partitions: PARTITIONS,
        segment_bytes: 8 << 10,
        fold_interval: Duration::from_secs(3600),
        ..Options::default()
    };
    EmbeddedStore::open(folder.path(), options).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn the_embedded_store_answers_as_the_model(steps in proptest::collection::vec(step(), 1..40)) {
        block_on(async {
            let mut pair = Pair::new().await;
            for step in steps {
                pair.run(step).await;
                pair.compare().await;
            }
            pair.compare_lists().await;
        });
    }
}
