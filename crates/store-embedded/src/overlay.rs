//! What is durable in the journal and not yet in the tables: the newest state only.

use crate::entry::Entry;
use partita_kernel::{InstanceId, Partition, Timestamp};
use partita_store::{Batch, Events, HeadRecord, MessageId, Put, StateRecord, StoredMessage, Write};
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::{BTreeMap, BTreeSet};

/// What an instance costs in memory beside its own bytes, roughly.
const CELL_BYTES: usize = 256;
/// Runs shorter than this are joined, so that many small turns do not make many small pieces.
const JOIN_BYTES: usize = 32 << 10;

/// The newest of one instance.
#[derive(Debug)]
pub(crate) enum Cell {
    /// It was deleted.
    Gone,
    /// It was written.
    Live(Box<Live>),
}

/// An instance that was written since the last fold.
#[derive(Debug)]
pub(crate) struct Live {
    /// Whether the instance's older layers do not count: neither its history nor its head.
    pub(crate) wiped: Wiped,
    /// Its head, if that was written since the last fold.
    pub(crate) head: Option<HeadRecord>,
    /// Its newest state.
    pub(crate) state: StateRecord,
    /// What its history gained, in order.
    pub(crate) runs: Vec<Events>,
}

/// How much of what lies below counts no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Wiped {
    /// Nothing.
    Nothing,
    /// The history.
    History,
    /// The whole instance: it was deleted and began anew.
    Everything,
}

impl Live {
    fn new(put: Put, wiped: Wiped) -> Self {
        let wiped = if put.reset_history { wiped.max(Wiped::History) } else { wiped };
        let runs = if put.events.count > 0 { vec![put.events] } else { Vec::new() };
        Self { wiped, head: put.head, state: put.state, runs }
    }

    fn add(&mut self, put: Put) {
        if put.reset_history {
            self.wiped = self.wiped.max(Wiped::History);
            self.runs.clear();
        }
        if put.head.is_some() {
            self.head = put.head;
        }
        self.state = put.state;
        if put.events.count > 0 {
            self.add_run(put.events);
        }
    }

    fn add_run(&mut self, events: Events) {
        match self.runs.last_mut() {
            Some(last) if last.bytes.len() + events.bytes.len() <= JOIN_BYTES => {
                last.bytes.extend_from_slice(&events.bytes);
                last.count += events.count;
            }
            _ => self.runs.push(events),
        }
    }

    /// The number of the first event that this layer knows of.
    pub(crate) fn first(&self) -> Option<u32> {
        match self.runs.first() {
            Some(first) => Some(first.first),
            None => (self.wiped != Wiped::Nothing).then_some(0),
        }
    }
}

/// Where a message stands among those of its partition: batch by batch, in the order in which it was sent.
pub(crate) type Place = (Partition, u64);

/// How many messages one batch may send, so that their places fit between those of two batches.
pub(crate) const MESSAGES_PER_BATCH: u64 = 1 << 20;

/// A layer of changes over the tables.
#[derive(Debug, Default)]
pub(crate) struct Overlay {
    /// The last sequence number in it; zero when it is empty.
    pub(crate) through: u64,
    /// About how much memory it takes, in bytes.
    pub(crate) bytes: usize,
    /// Instances.
    pub(crate) cells: FxHashMap<InstanceId, Cell>,
    /// The wake-up times of `cells`.
    pub(crate) wakes: BTreeSet<(Partition, Timestamp, InstanceId)>,
    /// Messages sent and not consumed within this layer.
    pub(crate) sent: BTreeMap<Place, StoredMessage>,
    places: FxHashMap<MessageId, Place>,
    /// Every message consumed since the last fold.
    pub(crate) consumed: FxHashSet<MessageId>,
    /// Named values, set or removed.
    pub(crate) settings: BTreeMap<String, Option<Vec<u8>>>,
    /// The newest epochs.
    pub(crate) epochs: BTreeMap<Partition, u64>,
}

impl Overlay {
    pub(crate) fn is_empty(&self) -> bool {
        self.through == 0
    }

    /// Applies the entry with the number `sequence`.
    pub(crate) fn apply(&mut self, sequence: u64, entry: Entry, partitions: u16) {
        self.through = sequence;
        self.bytes += entry.size();
        match entry {
            Entry::Batch(batch) => self.apply_batch(sequence, batch, partitions),
            Entry::Setting(key, value) => {
                self.settings.insert(key, value);
            }
            Entry::Epoch(partition, epoch) => {
                self.epochs.insert(partition, epoch);
            }
        }
    }

    fn apply_batch(&mut self, sequence: u64, batch: Batch, partitions: u16) {
        for write in batch.writes {
            match write {
                Write::Put(put) => self.put(*put, partitions),
                Write::Delete(id) => self.delete(id, partitions),
            }
        }
        for (ordinal, message) in (sequence * MESSAGES_PER_BATCH..).zip(batch.sent) {
            self.send((Partition::of(&message.target, partitions), ordinal), message);
        }
        for id in batch.consumed {
            if let Some(place) = self.places.remove(&id) {
                self.sent.remove(&place);
            }
            self.consumed.insert(id);
        }
    }

    fn send(&mut self, place: Place, message: StoredMessage) {
        if self.places.contains_key(&message.id) {
            return;
        }
        self.places.insert(message.id, place);
        self.sent.insert(place, message);
    }

    fn put(&mut self, put: Put, partitions: u16) {
        let wake = put.state.next_wake;
        let id = put.id.clone();
        let old_wake = match self.cells.get_mut(&id) {
            Some(Cell::Live(live)) => {
                let old = live.state.next_wake;
                live.add(put);
                old
            }
            Some(gone @ Cell::Gone) => {
                *gone = Cell::Live(Box::new(Live::new(put, Wiped::Everything)));
                None
            }
            None => {
                self.bytes += CELL_BYTES;
                self.cells.insert(id.clone(), Cell::Live(Box::new(Live::new(put, Wiped::Nothing))));
                None
            }
        };
        if old_wake != wake {
            self.move_wake(id, old_wake, wake, partitions);
        }
    }

    fn delete(&mut self, id: InstanceId, partitions: u16) {
        if let Some(Cell::Live(live)) = self.cells.insert(id.clone(), Cell::Gone) {
            self.move_wake(id, live.state.next_wake, None, partitions);
        }
    }

    fn move_wake(&mut self, id: InstanceId, old: Option<Timestamp>, new: Option<Timestamp>, partitions: u16) {
        let partition = Partition::of(&id, partitions);
        if let Some(at) = old {
            self.wakes.remove(&(partition, at, id.clone()));
        }
        if let Some(at) = new {
            self.wakes.insert((partition, at, id));
        }
    }
}
