//! The journal's thread: everything that waits becomes durable with one write and one sync.

use crate::disk::SegmentFile;
use crate::entry::Entry;
use crate::frame::{self, HEADER_BYTES, SegmentHeader};
use crate::segments::{Closed, Segments};
use crate::shared::{Job, Shared};
use futures::channel::oneshot;
use partita_kernel::Partition;
use partita_kernel::codec::Writer;
use partita_store::order::{Answer, Owner};
use partita_store::{Epoch, StoreError};
use std::io;
use std::sync::Arc;
use std::time::Instant;

/// A group takes in no more once it has so many bytes.
const GROUP_BYTES: usize = 4 << 20;

/// In whose order everything stands that is not a batch: nobody commits under this name.
const NOBODY: Owner = (Partition(u16::MAX), Epoch(0));

struct Waiting {
    entry: Entry,
    owner: Option<Owner>,
    answer: oneshot::Sender<Answer>,
}

struct Active {
    header: SegmentHeader,
    file: Box<dyn SegmentFile>,
    offset: u64,
    length: u64,
}

/// The state of the journal's thread.
pub(crate) struct Journal {
    shared: Arc<Shared>,
    segments: Arc<Segments>,
    active: Option<Active>,
    next_number: u64,
    next_sequence: u64,
    unfolded_limit: usize,
    buffer: Vec<u8>,
}

enum Taken {
    Group(Vec<Waiting>),
    Reopen(oneshot::Sender<Result<(), StoreError>>),
    Stop,
}

impl Journal {
    /// Goes on after the entry `durable`, in a segment of its own: what an earlier life may have left
    /// behind its last whole frame can then never be taken for entries.
    pub(crate) fn new(
        shared: Arc<Shared>,
        segments: Arc<Segments>,
        durable: u64,
        next_number: u64,
        unfolded_limit: usize,
    ) -> Self {
        Self {
            shared,
            segments,
            active: None,
            next_number,
            next_sequence: durable + 1,
            unfolded_limit,
            buffer: Vec::new(),
        }
    }

    /// Writes groups until the store is closed: the work of a thread of its own.
    pub(crate) fn run(mut self) {
        loop {
            match self.take() {
                Taken::Group(group) => self.commit(group),
                Taken::Reopen(answer) => {
                    let reopened = self.reopen();
                    let _ = answer.send(reopened);
                }
                Taken::Stop => break,
            }
        }
        self.shared.queue.lock().jobs.clear();
        if let Some(active) = self.active.take() {
            self.segments.close(self.closed(&active));
        }
    }

    fn take(&self) -> Taken {
        let mut queue = self.shared.queue.lock();
        self.shared.queued.wait_while(&mut queue, |queue| queue.jobs.is_empty() && !queue.closing);
        if queue.abandoned || queue.jobs.is_empty() {
            return Taken::Stop;
        }
        let mut group = Vec::with_capacity(queue.jobs.len());
        let mut bytes = 0;
        while bytes < GROUP_BYTES {
            match queue.jobs.pop_front() {
                Some(Job::Write { entry, owner, answer }) => {
                    bytes += entry.size();
                    group.push(Waiting { entry, owner, answer });
                }
                Some(Job::Reopen(answer)) if group.is_empty() => return Taken::Reopen(answer),
                Some(reopen @ Job::Reopen(_)) => {
                    queue.jobs.push_front(reopen);
                    break;
                }
                None => break,
            }
        }
        Taken::Group(group)
    }

    fn commit(&mut self, group: Vec<Waiting>) {
        let outcome = self.wait_for_room().and_then(|()| self.write(&group));
        match outcome {
            Ok(()) => self.publish(group),
            Err(error) => self.fail(group, &error),
        }
    }

    /// Waits until the fold has made room. Memory never grows without bound: when the tables cannot take
    /// anything, neither can the journal.
    fn wait_for_room(&self) -> Result<(), StoreError> {
        let mut layers = self.shared.layers.lock();
        while layers.unfolded_bytes() > self.unfolded_limit {
            if let Some(failure) = &layers.failure {
                return Err(failure.clone());
            }
            if layers.abandoned {
                return Err(StoreError::Unavailable("the store was closed".into()));
            }
            layers.hurry = true;
            self.shared.work.notify_all();
            self.shared.room.wait(&mut layers);
        }
        Ok(())
    }

    fn write(&mut self, group: &[Waiting]) -> Result<(), StoreError> {
        self.encode(group);
        self.make_active()?;
        let Some(active) = &mut self.active else {
            return Err(StoreError::Unavailable("the journal has no segment".into()));
        };
        let too_large = || StoreError::Unsupported("a batch of more than 4 GiB".into());
        let count = u32::try_from(group.len()).map_err(|_| too_large())?;
        frame::finish(&mut self.buffer, HEADER_BYTES, active.header, self.next_sequence, count)
            .ok_or_else(too_large)?;
        let written = if active.offset == 0 {
            for (slot, byte) in self.buffer.iter_mut().zip(active.header.encode()) {
                *slot = byte;
            }
            append(active, &self.buffer)
        } else {
            append(active, self.buffer.get(HEADER_BYTES..).unwrap_or_default())
        };
        written.map_err(|error| poison(&error))?;
        self.next_sequence += u64::from(count);
        Ok(())
    }

    /// Encodes a group as a frame, behind room for a segment's header.
    fn encode(&mut self, group: &[Waiting]) {
        let mut buffer = std::mem::take(&mut self.buffer);
        if buffer.capacity() > 2 * GROUP_BYTES {
            buffer = Vec::new();
        }
        buffer.clear();
        buffer.resize(HEADER_BYTES, 0);
        frame::begin(&mut buffer);
        let mut writer = Writer::append_to(buffer);
        for waiting in group {
            waiting.entry.put(&mut writer);
        }
        self.buffer = writer.into_bytes();
    }

    /// Sees to it that the active segment has room for what is in the buffer.
    fn make_active(&mut self) -> Result<(), StoreError> {
        let needed = self.buffer.len().next_multiple_of(8) as u64;
        if self.active.as_ref().is_some_and(|active| active.offset + needed <= active.length) {
            return Ok(());
        }
        let (file, length) = self.segments.begin(self.next_number, needed)?;
        let header = SegmentHeader { number: self.next_number, first: self.next_sequence };
        self.next_number += 1;
        if let Some(full) = self.active.replace(Active { header, file, offset: 0, length }) {
            self.segments.close(self.closed(&full));
        }
        Ok(())
    }

    fn closed(&self, active: &Active) -> Closed {
        Closed { number: active.header.number, last: self.next_sequence - 1, length: active.length }
    }

    /// Lets readers see a group that is durable, then tells those who wait.
    fn publish(&self, group: Vec<Waiting>) {
        let first = self.next_sequence - group.len() as u64;
        let mut answers = Vec::with_capacity(group.len());
        let mut layers = self.shared.layers.lock();
        let was_empty = layers.active.is_empty();
        for (sequence, waiting) in (first..).zip(group) {
            layers.active.apply(sequence, waiting.entry, self.shared.partitions);
            layers.durable = sequence;
            answers.push(waiting.answer);
        }
        if was_empty {
            layers.since = Some(Instant::now());
        }
        let over = layers.unfolded_bytes() > self.unfolded_limit / 2;
        layers.hurry |= over;
        drop(layers);
        for answer in answers {
            let _ = answer.send(Ok(()));
        }
        if was_empty || over {
            self.shared.work.notify_all();
        }
    }

    /// Fails a group and all that came after it: they were meant for a state that will not be.
    fn fail(&self, mut group: Vec<Waiting>, error: &StoreError) {
        let mut queue = self.shared.queue.lock();
        if matches!(error, StoreError::Poisoned(_)) {
            queue.poisoned = Some(error.clone());
            for (_, may_commit) in queue.epochs.values_mut() {
                *may_commit = false;
            }
        }
        let mut others = Vec::new();
        for job in queue.jobs.drain(..) {
            match job {
                Job::Write { entry, owner, answer } => group.push(Waiting { entry, owner, answer }),
                reopen @ Job::Reopen(_) => others.push(reopen),
            }
        }
        queue.jobs.extend(others);
        let receipts: Vec<_> = group
            .into_iter()
            .map(|waiting| {
                let owner = waiting.owner.unwrap_or(NOBODY);
                (waiting.answer, self.shared.gate.failed(owner, error))
            })
            .collect();
        drop(queue);
        for (answer, receipt) in receipts {
            let _ = answer.send(Err((error.clone(), receipt)));
        }
    }

    /// Begins a segment that says after which entry it goes on. Whatever the failed write left behind in
    /// the old one is thereby void.
    fn reopen(&mut self) -> Result<(), StoreError> {
        if self.shared.queue.lock().poisoned.is_none() {
            return Ok(());
        }
        let (file, length) = self.segments.begin(self.next_number, HEADER_BYTES as u64)?;
        let header = SegmentHeader { number: self.next_number, first: self.next_sequence };
        self.next_number += 1;
        let mut active = Active { header, file, offset: 0, length };
        append(&mut active, &header.encode()).map_err(|error| poison(&error))?;
        if let Some(failed) = self.active.replace(active) {
            self.segments.close(self.closed(&failed));
        }
        self.shared.queue.lock().poisoned = None;
        Ok(())
    }
}

fn append(active: &mut Active, bytes: &[u8]) -> io::Result<()> {
    active.file.write_at(bytes, active.offset)?;
    active.file.sync()?;
    active.offset += bytes.len() as u64;
    Ok(())
}

fn poison(error: &io::Error) -> StoreError {
    StoreError::Poisoned(format!(
        "writing to the journal failed: {error}; it is not known what reached the disk"
    ))
}
