//! Which worker gets what. No input or output: streams are numbers with a waker, and time is an argument.
//!
//! Jobs wait in lanes, one for each kind, name and version. While a job waits, no stream that takes its lane has room:
//! whoever gets room takes from the lanes in turn, so that none starves.

use super::filter::Filters;
use super::job::{Input, Kind, Lane, Reply, TaskKey};
use partita_api::durable_task::proto::OrchestratorAction;
use partita_engine::kernel::Timestamp;
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;
use std::task::Waker;

/// Jobs that a stream is given before it has sent those it has.
const WINDOW: usize = 64;

/// Lanes that are remembered although nothing waits in them.
const IDLE_LANES: usize = 10_000;

pub(super) type JobId = u64;
pub(super) type StreamId = u64;

/// A connected worker.
#[derive(Debug)]
pub(super) struct Stream {
    /// What it is called.
    pub(super) label: String,
    /// Since when it is here.
    pub(super) since: Timestamp,
    /// What it takes; everything when `None`.
    pub(super) filters: Option<Filters>,
    /// Turns, activities, and entities, that it runs at a time; 0 for any number.
    pub(super) limits: [usize; KINDS],
    /// Whether it can ask for a history in pieces.
    pub(super) streams_history: bool,
    busy: [usize; KINDS],
    holding: BTreeSet<JobId>,
    inbox: VecDeque<JobId>,
    waker: Option<Waker>,
}

/// How many kinds there are.
pub(super) const KINDS: usize = 3;

fn place_of(kind: Kind) -> usize {
    match kind {
        Kind::Turn => 0,
        Kind::Activity => 1,
        Kind::Entity => 2,
    }
}

impl Stream {
    pub(super) fn new(
        label: String,
        since: Timestamp,
        filters: Option<Filters>,
        limits: [usize; KINDS],
        streams_history: bool,
    ) -> Self {
        Self {
            label,
            since,
            filters,
            limits,
            streams_history,
            busy: [0; KINDS],
            holding: BTreeSet::new(),
            inbox: VecDeque::new(),
            waker: None,
        }
    }

    fn takes(&self, lane: &Lane) -> bool {
        self.filters
            .as_ref()
            .is_none_or(|filters| filters.take(lane.kind, &lane.name, lane.version.as_deref()))
    }

    pub(super) fn busy(&self, kind: Kind) -> usize {
        self.busy.get(place_of(kind)).copied().unwrap_or_default()
    }

    fn has_room(&self, kind: Kind) -> bool {
        let limit = self.limits.get(place_of(kind)).copied().unwrap_or_default();
        self.inbox.len() < WINDOW && (limit == 0 || self.busy(kind) < limit)
    }

    fn count(&mut self, kind: Kind, change: isize) {
        if let Some(busy) = self.busy.get_mut(place_of(kind)) {
            *busy = busy.saturating_add_signed(change);
        }
    }
}

/// Something to do.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) input: Arc<Input>,
    pub(super) reply: Reply,
    pub(super) lane: Lane,
    pub(super) place: Place,
    /// What came of an answer that is sent in parts.
    pub(super) parts: Vec<OrchestratorAction>,
    /// How many times in a row it was given back.
    pub(super) abandonments: u32,
}

/// Where a job is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// In its lane.
    Waiting,
    /// With a stream, and sent to its worker when there is a time.
    With { stream: StreamId, taken: Option<Timestamp> },
    /// Its worker's stream is gone; the worker may still answer.
    Orphaned,
    /// It was given back, and rests before it is offered again.
    Resting,
}

#[derive(Debug, Default)]
struct Queue {
    waiting: VecDeque<JobId>,
    takers: Vec<StreamId>,
    epoch: u64,
    next: usize,
}

/// All streams and all jobs.
#[derive(Debug, Default)]
pub(super) struct Dispatch {
    streams: BTreeMap<StreamId, Stream>,
    jobs: HashMap<JobId, Job>,
    by_key: HashMap<TaskKey, JobId>,
    lanes: HashMap<Lane, Queue>,
    /// The lanes in which something waits, each once.
    backlog: VecDeque<Lane>,
    /// Changes when streams come and go.
    epoch: u64,
    last_stream: StreamId,
    last_job: JobId,
}

impl Dispatch {
    pub(super) fn connect(&mut self, stream: Stream) -> StreamId {
        self.last_stream += 1;
        self.epoch += 1;
        self.streams.insert(self.last_stream, stream);
        self.refill(self.last_stream);
        self.last_stream
    }

    /// A stream is gone. What was not sent yet goes to others at once; gives what was.
    pub(super) fn disconnect(&mut self, id: StreamId) -> Vec<JobId> {
        let Some(stream) = self.streams.remove(&id) else { return Vec::new() };
        self.epoch += 1;
        let mut orphans = Vec::new();
        for job_id in stream.holding.into_iter().rev() {
            let Some(job) = self.jobs.get_mut(&job_id) else { continue };
            if matches!(job.place, Place::With { taken: Some(_), .. }) {
                job.place = Place::Orphaned;
                orphans.push(job_id);
            } else {
                self.offer(job_id, true);
            }
        }
        orphans
    }

    pub(super) fn add(&mut self, input: Input, reply: Reply) -> JobId {
        self.last_job += 1;
        let (id, lane) = (self.last_job, input.lane());
        self.by_key.insert(input.key(), id);
        let job = Job {
            input: Arc::new(input),
            reply,
            lane,
            place: Place::Waiting,
            parts: Vec::new(),
            abandonments: 0,
        };
        self.jobs.insert(id, job);
        self.offer(id, false);
        id
    }

    /// Gives a job to a stream that has room, or lets it wait: before all others if it was with a worker before.
    fn offer(&mut self, id: JobId, first: bool) {
        let Some(job) = self.jobs.get_mut(&id) else { return };
        job.place = Place::Waiting;
        let lane = job.lane.clone();
        if self.lanes.len() > IDLE_LANES {
            self.lanes.retain(|_, queue| !queue.waiting.is_empty());
        }
        let queue = self.lanes.entry(lane.clone()).or_default();
        if queue.epoch != self.epoch {
            let takers = self.streams.iter().filter(|(_, stream)| stream.takes(&lane));
            queue.takers = takers.map(|(id, _)| *id).collect();
            queue.epoch = self.epoch;
        }
        let count = queue.takers.len();
        let mut turns = (0..count).filter_map(|turn| queue.takers.get((queue.next + turn) % count).copied());
        let free = |id: &StreamId| self.streams.get(id).is_some_and(|stream| stream.has_room(lane.kind));
        if let Some(stream) = turns.find(free) {
            queue.next = queue.takers.iter().position(|taker| *taker == stream).map_or(0, |place| place + 1);
            self.give(id, stream);
            return;
        }
        if queue.waiting.is_empty() {
            self.backlog.push_back(lane);
        }
        if first {
            queue.waiting.push_front(id);
        } else {
            queue.waiting.push_back(id);
        }
    }

    fn give(&mut self, id: JobId, to: StreamId) {
        let (Some(job), Some(stream)) = (self.jobs.get_mut(&id), self.streams.get_mut(&to)) else { return };
        job.place = Place::With { stream: to, taken: None };
        stream.count(job.lane.kind, 1);
        stream.holding.insert(id);
        stream.inbox.push_back(id);
        if let Some(waker) = stream.waker.take() {
            waker.wake();
        }
    }

    /// Gives a stream what it has room for, from the lanes in turn.
    fn refill(&mut self, id: StreamId) {
        let mut passed = 0;
        while passed < self.backlog.len() {
            let Some(stream) = self.streams.get(&id) else { return };
            if stream.inbox.len() >= WINDOW {
                return;
            }
            let Some(lane) = self.backlog.pop_front() else { return };
            let takes = stream.has_room(lane.kind) && stream.takes(&lane);
            if !takes {
                self.backlog.push_back(lane);
                passed += 1;
                continue;
            }
            passed = 0;
            let Some(queue) = self.lanes.get_mut(&lane) else { continue };
            let next = queue.waiting.pop_front();
            if !queue.waiting.is_empty() {
                self.backlog.push_back(lane);
            }
            let waits = |job: &JobId| self.jobs.get(job).is_some_and(|job| job.place == Place::Waiting);
            if let Some(job) = next.filter(waits) {
                self.give(job, id);
            }
        }
    }

    /// The next job for a stream's worker. Without one, the waker is called when there is.
    pub(super) fn take(
        &mut self,
        id: StreamId,
        now: Timestamp,
        waker: &Waker,
    ) -> Option<(JobId, Arc<Input>, bool)> {
        loop {
            let stream = self.streams.get_mut(&id)?;
            let Some(job_id) = stream.inbox.pop_front() else {
                stream.waker = Some(waker.clone());
                return None;
            };
            let held = Place::With { stream: id, taken: None };
            let Some(job) = self.jobs.get_mut(&job_id).filter(|job| job.place == held) else { continue };
            if !job.reply.is_wanted() {
                self.finish(job_id);
                continue;
            }
            job.place = Place::With { stream: id, taken: Some(now) };
            job.reply.taken_by(&stream.label, now);
            let (input, streams) = (job.input.clone(), stream.streams_history);
            self.refill(id);
            return Some((job_id, input, streams));
        }
    }

    /// Takes a job out: it is done, or nobody wants it.
    pub(super) fn finish(&mut self, id: JobId) -> Option<Job> {
        let job = self.jobs.remove(&id)?;
        let key = job.input.key();
        if self.by_key.get(&key) == Some(&id) {
            self.by_key.remove(&key);
        }
        self.let_go(id, job.lane.kind, job.place);
        Some(job)
    }

    /// The stream that had a job has room again.
    fn let_go(&mut self, id: JobId, kind: Kind, place: Place) {
        let Place::With { stream: from, .. } = place else { return };
        if let Some(stream) = self.streams.get_mut(&from)
            && stream.holding.remove(&id)
        {
            stream.count(kind, -1);
            self.refill(from);
        }
    }

    /// A worker gave a job back. Says how many times in a row; it rests until it is offered again.
    pub(super) fn rest(&mut self, id: JobId) -> Option<u32> {
        let job = self.jobs.get_mut(&id)?;
        let (kind, place) = (job.lane.kind, std::mem::replace(&mut job.place, Place::Resting));
        job.abandonments = job.abandonments.saturating_add(1);
        job.parts.clear();
        job.reply.put_back();
        let abandonments = job.abandonments;
        self.let_go(id, kind, place);
        Some(abandonments)
    }

    /// Offers a job again that rests, or whose worker did not come back.
    pub(super) fn offer_again(&mut self, id: JobId) {
        let Some(job) = self.jobs.get_mut(&id) else { return };
        if !job.reply.is_wanted() {
            self.finish(id);
            return;
        }
        if matches!(job.place, Place::Orphaned | Place::Resting) {
            job.parts.clear();
            job.reply.put_back();
            self.offer(id, true);
        }
    }

    /// Forgets what nobody wants any more and no worker has.
    pub(super) fn sweep(&mut self) {
        let unwanted = |job: &Job| !matches!(job.place, Place::With { .. }) && !job.reply.is_wanted();
        let gone: Vec<JobId> = self.jobs.iter().filter(|(_, job)| unwanted(job)).map(|(id, _)| *id).collect();
        for id in gone {
            self.finish(id);
        }
        let jobs = &self.jobs;
        for queue in self.lanes.values_mut() {
            queue.waiting.retain(|id| jobs.get(id).is_some_and(|job| job.place == Place::Waiting));
        }
        let lanes = &self.lanes;
        self.backlog.retain(|lane| lanes.get(lane).is_some_and(|queue| !queue.waiting.is_empty()));
    }

    pub(super) fn job(&mut self, id: JobId) -> Option<&mut Job> {
        self.jobs.get_mut(&id)
    }

    pub(super) fn of_key(&self, key: &TaskKey) -> Option<JobId> {
        self.by_key.get(key).copied()
    }

    pub(super) fn streams(&self) -> impl Iterator<Item = (StreamId, &Stream)> {
        self.streams.iter().map(|(id, stream)| (*id, stream))
    }

    /// What a stream's worker was sent and has not answered, the oldest first.
    pub(super) fn running<'a>(&'a self, stream: &'a Stream) -> impl Iterator<Item = (&'a Job, Timestamp)> {
        let sent = |job: &'a Job| match job.place {
            Place::With { taken: Some(taken), .. } => Some((job, taken)),
            _ => None,
        };
        stream.holding.iter().filter_map(|id| self.jobs.get(id)).filter_map(sent)
    }

    /// How many jobs wait for a worker.
    pub(super) fn waiting(&self) -> usize {
        self.idle().count()
    }

    /// How many wait of each lane, the longest queue first.
    pub(super) fn waiting_by_lane(&self) -> Vec<(Lane, usize)> {
        let mut counts: BTreeMap<&Lane, usize> = BTreeMap::new();
        self.idle().for_each(|job| *counts.entry(&job.lane).or_default() += 1);
        let mut counts: Vec<_> = counts.into_iter().map(|(lane, count)| (lane.clone(), count)).collect();
        counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        counts
    }

    fn idle(&self) -> impl Iterator<Item = &Job> {
        self.jobs.values().filter(|job| !matches!(job.place, Place::With { .. }))
    }
}

#[cfg(test)]
#[path = "dispatch_tests.rs"]
mod tests;
