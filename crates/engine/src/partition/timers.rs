//! The timers of the near horizon. Those beyond it cost no memory: the store finds them.

use super::{Input, Owner, Queued};
use partita_kernel::{InstanceId, Message, Timestamp};
use partita_store::StoreError;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

/// How many timers one question to the store may bring.
const REFILL: usize = 4096;

pub(crate) struct Timers {
    heap: BinaryHeap<Reverse<(Timestamp, InstanceId)>>,
    horizon: Duration,
    /// Timers up to here are in the heap.
    known_until: Timestamp,
    refilling: bool,
}

/// Timers that came from the store.
pub(crate) struct Refill {
    due: Vec<(Timestamp, InstanceId)>,
    until: Timestamp,
}

impl Timers {
    pub(super) fn new(now: Timestamp, horizon: Duration) -> Self {
        Self {
            heap: BinaryHeap::new(),
            horizon,
            known_until: now.before(Duration::from_nanos(1)),
            refilling: false,
        }
    }

    /// Remembers a timer if it is near. One that lies a little beyond the horizon is remembered as well,
    /// because its record may not be durable when the store is asked next.
    pub(super) fn add(&mut self, at: Timestamp, id: &InstanceId) -> bool {
        let near = at <= self.known_until.after(self.horizon);
        if near {
            self.heap.push(Reverse((at, id.clone())));
        }
        near
    }

    pub(super) fn take_due(&mut self, now: Timestamp) -> Option<InstanceId> {
        match self.heap.peek() {
            Some(Reverse((at, _))) if *at <= now => self.heap.pop().map(|Reverse((_, id))| id),
            _ => None,
        }
    }

    /// When there is something to do next.
    pub(super) fn next(&self) -> Option<Timestamp> {
        let fire = self.heap.peek().map(|Reverse((at, _))| *at);
        let refill = (!self.refilling).then(|| self.refill_at());
        [fire, refill].into_iter().flatten().min()
    }

    fn refill_at(&self) -> Timestamp {
        self.known_until.before(self.horizon / 2)
    }
}

impl Owner {
    pub(super) fn fire_timers(&mut self, now: Timestamp) {
        if !self.timers.refilling && self.timers.refill_at() <= now {
            self.refill_timers();
        }
        while let Some(id) = self.timers.take_due(now) {
            self.shared.metrics.wakes.add(1);
            self.enqueue(id, Queued::message(Message::Wake), false);
        }
    }

    /// Asks the store for the timers of the next horizon.
    pub(super) fn refill_timers(&mut self) {
        self.timers.refilling = true;
        let until = self.shared.now().after(self.timers.horizon);
        let (store, partition) = (self.shared.store.clone(), self.partition);
        let inbox = self.handle.inbox.clone();
        tokio::spawn(async move {
            let refill = store.due(partition, until, REFILL).await.map(|due| {
                let until = if due.len() < REFILL { until } else { due.last().map_or(until, |(at, _)| *at) };
                Refill { due, until }
            });
            let _ = inbox.send(Input::Due(refill));
        });
    }

    pub(super) fn refilled(&mut self, refill: Result<Refill, StoreError>) {
        self.timers.refilling = false;
        match refill {
            Ok(Refill { due, until }) => {
                self.timers.known_until = self.timers.known_until.max(until);
                for (at, id) in due {
                    let known = match self.slots.get(&id) {
                        Some(super::slot::Slot::Hot(hot)) => hot.wake == Some(at),
                        Some(super::slot::Slot::Entity(hot)) => hot.wake == Some(at),
                        _ => false,
                    };
                    if !known {
                        self.timers.heap.push(Reverse((at, id)));
                    }
                }
            }
            Err(error) => {
                tracing::warn!(%error, partition = self.partition.0, "cannot read timers; trying again");
                let retry = self.shared.now().after(self.timers.horizon / 2 + Duration::from_secs(1));
                self.timers.known_until = self.timers.known_until.max(retry);
            }
        }
    }
}
