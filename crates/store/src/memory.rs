//! A store in plain memory: for tests, simulation and trying things out.
//!
//! A commit is applied when it is called and its future is ready at once, so it needs no runtime and does
//! not disturb virtual time. It is also strict: it refuses batches that no correct caller makes.

use crate::{
    Batch, Counts, Epoch, Events, Filter, HeadRecord, HistoryPage, MessageId, Page, Put, Query, Row,
    StateRecord, Store, StoreError, StoreInfo, StoredInstance, StoredMessage, Write,
};
use async_trait::async_trait;
use futures::future::{BoxFuture, FutureExt, ready};
use parking_lot::Mutex;
use partita_kernel::{InstanceId, Partition, Status, Timestamp};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Bound;

/// A store that forgets everything when it is dropped.
pub struct MemoryStore {
    partitions: u16,
    tables: Mutex<Tables>,
}

impl MemoryStore {
    /// An empty store for a task hub of so many partitions.
    #[must_use]
    pub fn new(partitions: u16) -> Self {
        Self { partitions, tables: Mutex::new(Tables::new(partitions)) }
    }
}

struct Instance {
    head: HeadRecord,
    state: StateRecord,
    runs: Vec<Events>,
}

impl Instance {
    fn total(&self) -> u32 {
        self.runs.last().map_or(0, |run| run.first + run.count)
    }

    fn row(&self, id: &InstanceId, with_records: bool) -> Row {
        Row {
            id: id.clone(),
            name: self.head.name.clone(),
            version: self.head.version.clone(),
            status: self.state.status,
            created_at: self.head.created_at,
            updated_at: self.state.updated_at,
            completed_at: self.state.completed_at,
            parent: self.head.parent.clone(),
            tags: self.head.tags.clone(),
            custom_status: self.state.custom_status.clone(),
            set_aside: self.state.set_aside,
            records: with_records.then(|| (self.head.bytes.clone(), self.state.bytes.clone())),
        }
    }
}

#[derive(Default)]
struct Tables {
    partitions: u16,
    epochs: HashMap<Partition, Epoch>,
    instances: BTreeMap<InstanceId, Instance>,
    due: BTreeSet<(Partition, Timestamp, InstanceId)>,
    recover: BTreeSet<(Partition, InstanceId)>,
    inboxes: BTreeMap<(Partition, u64), StoredMessage>,
    places: HashMap<MessageId, (Partition, u64)>,
    messages_sent: u64,
    settings: BTreeMap<String, Vec<u8>>,
}

impl Tables {
    fn new(partitions: u16) -> Self {
        Self { partitions, ..Self::default() }
    }

    fn partition_of(&self, id: &InstanceId) -> Partition {
        Partition::of(id, self.partitions)
    }

    fn commit(&mut self, partition: Partition, epoch: Epoch, batch: Batch) -> Result<(), StoreError> {
        if self.epochs.get(&partition) != Some(&epoch) {
            return Err(StoreError::Fenced);
        }
        self.check(partition, &batch)?;
        for write in batch.writes {
            match write {
                Write::Put(put) => self.put(*put),
                Write::Delete(id) => self.delete(&id),
            }
        }
        for message in batch.sent {
            self.send(message);
        }
        for id in batch.consumed {
            self.consume(id);
        }
        Ok(())
    }

    /// Finds the mistakes of a caller before anything is applied.
    fn check(&self, partition: Partition, batch: &Batch) -> Result<(), StoreError> {
        let mut lengths: HashMap<&InstanceId, Option<u32>> = HashMap::new();
        for write in &batch.writes {
            let id = match write {
                Write::Put(put) => &put.id,
                Write::Delete(id) => id,
            };
            if self.partition_of(id) != partition {
                return Err(StoreError::Corrupt(format!(
                    "the instance {id} does not belong to {partition:?}"
                )));
            }
            let length = lengths.entry(id).or_insert_with(|| self.instances.get(id).map(Instance::total));
            *length = match write {
                Write::Put(put) => Some(length_after(put, *length)?),
                Write::Delete(_) => None,
            };
        }
        Ok(())
    }

    fn put(&mut self, put: Put) {
        let old = self.take(&put.id);
        let partition = self.partition_of(&put.id);
        let (old_head, old_runs) = old.map_or((None, Vec::new()), |old| (Some(old.head), old.runs));
        let Some(head) = put.head.or(old_head) else { return };
        let mut runs = if put.reset_history { Vec::new() } else { old_runs };
        if put.events.count > 0 {
            runs.push(put.events);
        }
        if let Some(at) = put.state.next_wake {
            self.due.insert((partition, at, put.id.clone()));
        }
        if put.state.recover {
            self.recover.insert((partition, put.id.clone()));
        }
        self.instances.insert(put.id, Instance { head, state: put.state, runs });
    }

    fn take(&mut self, id: &InstanceId) -> Option<Instance> {
        let old = self.instances.remove(id)?;
        let partition = self.partition_of(id);
        if let Some(at) = old.state.next_wake {
            self.due.remove(&(partition, at, id.clone()));
        }
        if old.state.recover {
            self.recover.remove(&(partition, id.clone()));
        }
        Some(old)
    }

    fn delete(&mut self, id: &InstanceId) {
        self.take(id);
    }

    fn send(&mut self, message: StoredMessage) {
        if self.places.contains_key(&message.id) {
            return;
        }
        let place = (self.partition_of(&message.target), self.messages_sent);
        self.messages_sent += 1;
        self.places.insert(message.id, place);
        self.inboxes.insert(place, message);
    }

    fn consume(&mut self, id: MessageId) {
        if let Some(place) = self.places.remove(&id) {
            self.inboxes.remove(&place);
        }
    }

    fn rows<'a>(&'a self, filter: &'a Filter, with_records: bool) -> impl Iterator<Item = Row> + 'a {
        self.instances
            .iter()
            .map(move |(id, instance)| instance.row(id, with_records))
            .filter(|row| filter.matches(row))
    }

    fn query(&self, query: &Query) -> Page {
        let mut rows: Vec<Row> = self.rows(&query.filter, query.with_records).collect();
        if let Some(after) = &query.after {
            rows.retain(|row| query.order.compare(&query.order.place(row), after).is_gt());
        }
        rows.sort_by_cached_key(|row| query.order.place(row));
        if query.order.is_descending() {
            rows.reverse();
        }
        Page::cut(query, rows)
    }

    fn history(&self, id: &InstanceId, from: u32, max_bytes: usize) -> Option<HistoryPage> {
        let instance = self.instances.get(id)?;
        let mut page = HistoryPage { runs: Vec::new(), total: instance.total() };
        let mut bytes = 0;
        for run in instance.runs.iter().filter(|run| run.first + run.count > from) {
            if bytes > max_bytes {
                break;
            }
            bytes += run.bytes.len();
            page.runs.push(run.clone());
        }
        Some(page)
    }
}

/// How many events a history has after `put`, when it has `before` now.
fn length_after(put: &Put, before: Option<u32>) -> Result<u32, StoreError> {
    let wrong = |why: &str| Err(StoreError::Corrupt(format!("the instance {}: {why}", put.id)));
    if before.is_none() && put.head.is_none() {
        return wrong("its first record has no head");
    }
    let expected = if put.reset_history { 0 } else { before.unwrap_or(0) };
    match put.events.count {
        0 => Ok(expected),
        count if put.events.first == expected => Ok(expected + count),
        _ => wrong(&format!("its history has {expected} events and would go on at {}", put.events.first)),
    }
}

#[async_trait]
impl Store for MemoryStore {
    fn partitions(&self) -> u16 {
        self.partitions
    }

    async fn acquire(&self, partition: Partition, _owner: &str) -> Result<Epoch, StoreError> {
        let mut tables = self.tables.lock();
        let epoch = tables.epochs.entry(partition).or_insert(Epoch(0));
        epoch.0 += 1;
        Ok(*epoch)
    }

    fn commit(
        &self,
        partition: Partition,
        epoch: Epoch,
        batch: Batch,
    ) -> BoxFuture<'static, Result<(), StoreError>> {
        ready(self.tables.lock().commit(partition, epoch, batch)).boxed()
    }

    async fn load(&self, id: &InstanceId) -> Result<Option<StoredInstance>, StoreError> {
        Ok(self.tables.lock().instances.get(id).map(|instance| StoredInstance {
            id: id.clone(),
            head: instance.head.bytes.clone(),
            state: instance.state.bytes.clone(),
        }))
    }

    async fn history(
        &self,
        id: &InstanceId,
        from: u32,
        max_bytes: usize,
    ) -> Result<Option<HistoryPage>, StoreError> {
        Ok(self.tables.lock().history(id, from, max_bytes))
    }

    async fn recoverable(
        &self,
        partition: Partition,
        after: Option<&InstanceId>,
        limit: usize,
    ) -> Result<Vec<InstanceId>, StoreError> {
        let start = match after {
            Some(id) => Bound::Excluded((partition, id.clone())),
            None => Bound::Included((partition, InstanceId::trusted(""))),
        };
        let tables = self.tables.lock();
        let of_partition =
            tables.recover.range((start, Bound::Unbounded)).take_while(|(of, _)| *of == partition);
        Ok(of_partition.take(limit).map(|(_, id)| id.clone()).collect())
    }

    async fn messages(&self, partition: Partition) -> Result<Vec<StoredMessage>, StoreError> {
        let tables = self.tables.lock();
        Ok(tables
            .inboxes
            .range((partition, 0)..=(partition, u64::MAX))
            .map(|(_, message)| message.clone())
            .collect())
    }

    async fn due(
        &self,
        partition: Partition,
        until: Timestamp,
        limit: usize,
    ) -> Result<Vec<(Timestamp, InstanceId)>, StoreError> {
        let tables = self.tables.lock();
        let from = (partition, Timestamp(i64::MIN), InstanceId::trusted(""));
        let due = tables.due.range(from..).take_while(|(of, at, _)| *of == partition && *at <= until);
        Ok(due.take(limit).map(|(_, at, id)| (*at, id.clone())).collect())
    }

    async fn query(&self, query: &Query) -> Result<Page, StoreError> {
        Ok(self.tables.lock().query(query))
    }

    async fn count(&self, filter: &Filter) -> Result<Counts, StoreError> {
        let tables = self.tables.lock();
        let mut by_status: BTreeMap<Status, u64> = BTreeMap::new();
        for row in tables.rows(filter, false) {
            *by_status.entry(row.status).or_default() += 1;
        }
        Ok(Counts { by_status: by_status.into_iter().collect() })
    }

    async fn setting(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.tables.lock().settings.get(key).cloned())
    }

    async fn set_setting(&self, key: &str, value: Option<&[u8]>) -> Result<(), StoreError> {
        let mut tables = self.tables.lock();
        match value {
            Some(value) => tables.settings.insert(key.to_owned(), value.to_vec()),
            None => tables.settings.remove(key),
        };
        Ok(())
    }

    async fn info(&self) -> Result<StoreInfo, StoreError> {
        let instances = self.tables.lock().instances.len();
        Ok(StoreInfo { kind: "memory".into(), instances: instances as u64, ..StoreInfo::default() })
    }

    async fn close(&self) -> Result<(), StoreError> {
        Ok(())
    }
}
