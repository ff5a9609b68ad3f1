//! All workers behind one lock, and what happens to them by the clock.

use super::dispatch::{Dispatch, Job, JobId, KINDS, Stream, StreamId};
use super::filter::Filters;
use super::job::{Input, Kind, Reply, TaskKey};
use super::known::{Known, Names};
use super::stream::WorkStream;
use super::token::Tokens;
use parking_lot::Mutex;
use partita_api::durable_task::proto;
use partita_engine::kernel::{Failure, InstanceId};
use partita_engine::store::{Store, StoreError};
use partita_engine::{Clock, SystemClock};
use std::collections::BTreeSet;
use std::sync::{Arc, Weak};
use std::task::Waker;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// What can be set for workers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkerOptions {
    /// Bytes of one message that is taken from a client or worker.
    pub receive_bytes: usize,
    /// Whether workflows and activities that nobody ever ran wait for a worker, instead of being mistakes.
    pub expect_any: bool,
    /// In which form workers are told of entities' operations.
    pub entity_messages: EntityMessages,
    /// How long what a worker was doing is left to it after its stream was lost.
    pub grace: Duration,
    /// How often a worker that has nothing to do gets a sign of life.
    pub ping: Duration,
    /// How long an activity rests that a worker gave back; doubles with each time in a row.
    pub rest: Duration,
    /// How long it rests at most.
    pub longest_rest: Duration,
}

impl Default for WorkerOptions {
    fn default() -> Self {
        Self {
            receive_bytes: super::DEFAULT_RECEIVE_BYTES,
            expect_any: false,
            entity_messages: EntityMessages::default(),
            grace: Duration::from_secs(5),
            ping: Duration::from_secs(30),
            rest: Duration::from_millis(100),
            longest_rest: Duration::from_secs(30),
        }
    }
}

/// The forms of work items for entities. All published SDKs take both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EntityMessages {
    /// Operations alone.
    V1,
    /// Operations with their callers, as events.
    #[default]
    V2,
}

impl std::str::FromStr for EntityMessages {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "v1" => Ok(Self::V1),
            "v2" => Ok(Self::V2),
            _ => Err(format!("{text:?} is neither v1 nor v2")),
        }
    }
}

impl std::fmt::Display for EntityMessages {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::V1 => "v1",
            Self::V2 => "v2",
        })
    }
}

/// How often what nobody wants any more is looked for.
const SWEEP: Duration = Duration::from_secs(30);

/// Connected workers, what they can run, what they are running, and what waits for one.
pub struct Workers {
    state: Mutex<Dispatch>,
    known: Known,
    tokens: Tokens,
    options: WorkerOptions,
    stopping: CancellationToken,
    own: Weak<Self>,
}

/// A worker that connects.
pub(crate) struct Newcomer {
    pub(crate) label: String,
    pub(crate) filters: Option<Filters>,
    pub(crate) limits: [usize; KINDS],
    pub(crate) streams_history: bool,
}

/// What a token or a task stands for.
#[derive(Clone, Copy)]
pub(crate) enum Found {
    /// Something that somebody waits for.
    Job(JobId),
    /// Something that was done, given to another, or is wanted no more.
    Past,
    /// Nothing that was ever given out by this process.
    Nothing,
}

impl Workers {
    /// No workers yet, and the names that are expected of them from before.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn open(store: Arc<dyn Store>, options: WorkerOptions) -> Result<Arc<Self>, StoreError> {
        let known = Known::open(store, options.expect_any).await?;
        let workers = Arc::new_cyclic(|own| Self {
            state: Mutex::default(),
            known,
            tokens: Tokens::new(),
            options,
            stopping: CancellationToken::new(),
            own: own.clone(),
        });
        tokio::spawn(sweep(Arc::downgrade(&workers)));
        Ok(workers)
    }

    /// The settings in force.
    #[must_use]
    pub fn options(&self) -> &WorkerOptions {
        &self.options
    }

    /// Ends all streams: the workers may look for another server.
    pub fn stop(&self) {
        self.stopping.cancel();
    }

    pub(super) fn stopping(&self) -> &CancellationToken {
        &self.stopping
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.stopping.is_cancelled()
    }

    pub(super) fn known(&self) -> &Known {
        &self.known
    }

    pub(super) fn state(&self) -> parking_lot::MutexGuard<'_, Dispatch> {
        self.state.lock()
    }

    /// Expects that a worker will run this workflow.
    pub(crate) async fn expect_workflow(&self, name: &str) -> Result<(), StoreError> {
        self.expect(Names { workflows: BTreeSet::from([name.to_owned()]), ..Names::default() }).await
    }

    /// Expects that a worker will run such entities.
    pub(crate) async fn expect_entity(&self, name: &str) -> Result<(), StoreError> {
        self.expect(Names { entities: BTreeSet::from([name.to_owned()]), ..Names::default() }).await
    }

    /// Expects that workers will run these.
    pub(crate) async fn expect(&self, names: Names) -> Result<(), StoreError> {
        self.known.expect(names).await
    }

    /// A worker connects. Its stream begins when what it takes is noted for good.
    pub(crate) async fn connect(&self, newcomer: Newcomer) -> Result<Option<WorkStream>, StoreError> {
        let Newcomer { label, filters, limits, streams_history } = newcomer;
        let names = match &filters {
            None => Names { any: true, ..Names::default() },
            Some(filters) => Names {
                workflows: filters.orchestrations.keys().cloned().collect(),
                activities: filters.activities.keys().cloned().collect(),
                entities: filters.entities.keys().cloned().collect(),
                any: false,
            },
        };
        self.known.expect(names).await?;
        let Some(own) = self.own.upgrade() else { return Ok(None) };
        tracing::info!(worker = %label, "a worker connected");
        let stream = Stream::new(label, SystemClock.now(), filters, limits, streams_history);
        let id = self.state.lock().connect(stream);
        Ok(Some(WorkStream::new(own, id)))
    }

    /// A stream is gone. What its worker was doing is left to it for a while.
    pub(super) fn disconnected(&self, id: StreamId) {
        let orphans = self.state.lock().disconnect(id);
        tracing::info!(stream = id, left = orphans.len(), "a worker's stream ended");
        if orphans.is_empty() || self.is_stopping() {
            return;
        }
        self.later(self.options.grace, move |state| orphans.iter().for_each(|job| state.offer_again(*job)));
    }

    fn later(&self, wait: Duration, act: impl FnOnce(&mut Dispatch) + Send + 'static) {
        let own = self.own.clone();
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        runtime.spawn(async move {
            tokio::time::sleep(wait).await;
            if let Some(own) = own.upgrade() {
                act(&mut own.state.lock());
            }
        });
    }

    pub(super) fn add(&self, input: Input, reply: Reply) -> JobId {
        self.state.lock().add(input, reply)
    }

    /// Nobody waits for this any more.
    pub(super) fn forget(&self, id: JobId) {
        let job = self.state.lock().finish(id);
        drop(job); // outside of the lock
    }

    /// The next work item for a stream.
    pub(super) fn next(&self, id: StreamId, waker: &Waker) -> Option<proto::WorkItem> {
        loop {
            let (job, input, streams) = self.state.lock().take(id, SystemClock.now(), waker)?;
            match input.item(self.tokens.write(job), streams) {
                Ok(item) => return Some(item),
                Err(failure) => self.refuse(job, failure),
            }
        }
    }

    fn refuse(&self, id: JobId, failure: Failure) {
        let job = self.state.lock().finish(id);
        if let Some(job) = job {
            tracing::warn!(%failure, "something cannot be sent to a worker");
            job.reply.refuse(failure);
        }
    }

    /// What a completion is about: its token says, or without one the instance and the task.
    pub(crate) fn find(&self, token: &str, instance: &str, task: Option<i32>) -> Found {
        let mut state = self.state.lock();
        if token.is_empty() {
            let key: TaskKey = (InstanceId::trusted(instance), task);
            return state.of_key(&key).map_or(Found::Nothing, Found::Job);
        }
        match self.tokens.read(token) {
            None => Found::Nothing,
            Some(id) if state.job(id).is_some() => Found::Job(id),
            Some(_) => Found::Past,
        }
    }

    /// Looks at a job or changes it.
    pub(super) fn with<T>(&self, id: JobId, look: impl FnOnce(&mut Job) -> T) -> Option<T> {
        self.state.lock().job(id).map(look)
    }

    /// Takes a job of that kind out, to be answered.
    pub(super) fn finish(&self, id: JobId, kind: Kind) -> Option<Job> {
        let mut state = self.state.lock();
        state.job(id).filter(|job| job.lane.kind == kind)?;
        state.finish(id)
    }

    /// A worker gives something back. Turns and entities go back to the engine, which lets them rest; an activity
    /// rests here.
    pub(crate) fn give_back(&self, id: JobId) {
        for kind in [Kind::Turn, Kind::Entity] {
            if self.finish(id, kind).is_some() {
                return; // dropped without an answer, it is abandoned
            }
        }
        let Some(times) = self.state.lock().rest(id) else { return };
        let doubled = self.options.rest.saturating_mul(1 << times.saturating_sub(1).min(16));
        self.later(doubled.min(self.options.longest_rest), move |state| state.offer_again(id));
    }

    /// The past of a turn that is with a worker, for a worker that asks for it in pieces.
    pub(crate) fn past(&self, instance: &InstanceId, execution: &str) -> Option<Vec<proto::HistoryEvent>> {
        let input = {
            let mut state = self.state.lock();
            let id = state.of_key(&(instance.clone(), None))?;
            state.job(id)?.input.clone()
        };
        match &*input {
            Input::Turn(turn) if execution.is_empty() || turn.execution.to_string() == execution => {
                Some(turn.past())
            }
            _ => None,
        }
    }
}

impl std::fmt::Debug for Workers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Workers").field("options", &self.options).finish_non_exhaustive()
    }
}

async fn sweep(workers: Weak<Workers>) {
    loop {
        tokio::time::sleep(SWEEP).await;
        let Some(workers) = workers.upgrade() else { return };
        workers.state.lock().sweep();
    }
}
