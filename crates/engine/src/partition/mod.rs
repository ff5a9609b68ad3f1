//! One partition: the single writer of a slice of the instances.
//!
//! | file | holds |
//! | --- | --- |
//! | `mod` | the loop |
//! | `slot` | an instance in memory |
//! | `turns` | what one instance does with its inbox |
//! | `group` | what gathers for the next commit, and what follows it |
//! | `calls` | function calls under way |
//! | `entities` | what an entity does with its inbox |
//! | `remote` | instances whose turns somebody else runs |
//! | `loading` | instances that come from the store |
//! | `timers` | the near horizon |

mod calls;
mod entities;
mod group;
mod loading;
mod remote;
mod slot;
mod timers;
mod turns;

pub(crate) use calls::{RunningCalls, perform};
pub(crate) use loading::{deliverable, whole_history};
pub(crate) use slot::{Answer, Queued, Reply, Request};

use crate::clock::Clock;
use crate::config::EngineConfig;
use crate::error::EngineError;
use crate::executor::Registry;
use crate::feed::Feed;
use crate::metrics::Metrics;
use crate::remote::RemoteResult;
use crate::watch::Watchers;
use futures::future::BoxFuture;
use group::Group;
use loading::Loaded;
use partita_kernel::{ExecutionId, InstanceId, Partition, Timestamp};
use partita_store::{Epoch, MessageId, Store, StoreError, StoredMessage};
use remote::TurnOut;
use rustc_hash::{FxHashMap, FxHashSet};
use slot::Slot;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::Duration;
use timers::Timers;
use tokio::sync::{Semaphore, mpsc, oneshot};

/// What all partitions of an engine share.
pub(crate) struct Shared {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) registry: Registry,
    pub(crate) config: EngineConfig,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) metrics: Metrics,
    pub(crate) watchers: Watchers,
    pub(crate) feed: Feed,
    pub(crate) partitions: Vec<Handle>,
    pub(crate) calls: Arc<Semaphore>,
    pub(crate) requests: Arc<Semaphore>,
    /// Nothing new is taken from clients, and no function is called any more.
    pub(crate) stopping: AtomicBool,
    /// The store has no room.
    pub(crate) store_full: AtomicBool,
    /// Distinguishes this run's messages and generations from every other run's.
    pub(crate) run: u64,
    pub(crate) counter: AtomicU64,
    /// How many times the store was reopened after a failure.
    pub(crate) reopenings: AtomicU64,
    pub(crate) reopening: tokio::sync::Mutex<()>,
}

/// How others reach a partition.
#[derive(Clone)]
pub(crate) struct Handle {
    pub(crate) inbox: mpsc::UnboundedSender<Input>,
    pub(crate) running: Arc<RunningCalls>,
}

/// What reaches a partition.
pub(crate) enum Input {
    /// Something for an instance. `fresh` promises that its id was never used.
    Deliver { target: InstanceId, queued: Queued, fresh: bool },
    /// An instance came from the store.
    Loaded(Box<Loaded>),
    /// The store was reopened: the partition's new lease, as of that reopening.
    Epoch { epoch: Epoch, reopening: u64 },
    /// A commit somewhere had an unknown outcome: look for messages that it may have sent.
    Rescan,
    /// Undelivered messages came from the store.
    Stored(Result<Vec<StoredMessage>, StoreError>),
    /// Timers came from the store.
    Due(Result<timers::Refill, StoreError>),
    /// The answer to a turn that was handed out.
    Answered { id: InstanceId, token: ExecutionId, result: Box<RemoteResult> },
    /// Somebody wants to know of an instance's turn that was handed out.
    Look { target: InstanceId, reply: oneshot::Sender<Option<TurnOut>> },
    /// What came of a batch of an entity's operations.
    Operated { id: InstanceId, token: ExecutionId, outcome: Box<entities::Outcome> },
    /// Stop when nothing is under way.
    Stop(oneshot::Sender<()>),
}

impl Shared {
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) fn partition_of(&self, id: &InstanceId) -> Option<&Handle> {
        let count = u16::try_from(self.partitions.len()).unwrap_or(u16::MAX);
        self.partitions.get(usize::from(Partition::of(id, count).0))
    }

    /// Puts something into an instance's inbox.
    pub(crate) fn deliver(&self, target: InstanceId, queued: Queued, fresh: bool) {
        if let Some(handle) = self.partition_of(&target) {
            // A partition that has stopped recovers what it missed from the store.
            let _ = handle.inbox.send(Input::Deliver { target, queued, fresh });
        }
    }

    /// Makes a store usable again that failed during the reopening `seen`, and takes all leases anew.
    pub(crate) async fn reopen(&self, seen: u64) {
        let _alone = self.reopening.lock().await;
        if self.reopenings.load(Relaxed) != seen {
            return; // somebody else was first
        }
        let reopening = seen + 1;
        self.reopenings.store(reopening, Relaxed);
        while let Err(error) = self.store.reopen().await {
            tracing::warn!(%error, "the store cannot be reopened yet; trying again");
            if self.stopping.load(Relaxed) {
                return;
            }
            tokio::time::sleep(STALL * 4).await;
        }
        for (number, handle) in (0_u16..).zip(&self.partitions) {
            // A partition whose lease cannot be had stays stalled and says so.
            match self.store.acquire(Partition(number), &self.config.owner).await {
                Ok(epoch) => {
                    let _ = handle.inbox.send(Input::Epoch { epoch, reopening });
                    let _ = handle.inbox.send(Input::Rescan);
                }
                Err(error) => tracing::error!(partition = number, %error, "cannot take the lease again"),
            }
        }
    }

    /// A number that no run of any engine on this store gives twice.
    pub(crate) fn unique(&self) -> u128 {
        let count = self.counter.fetch_add(1, Relaxed);
        (u128::from(self.run) << 64) | u128::from(count)
    }
}

/// The owner of one partition.
pub(crate) struct Owner {
    shared: Arc<Shared>,
    partition: Partition,
    epoch: Epoch,
    /// The reopening of the store that the lease belongs to.
    reopening: u64,
    inbox: mpsc::UnboundedReceiver<Input>,
    handle: Handle,
    slots: FxHashMap<InstanceId, Slot>,
    ready: VecDeque<InstanceId>,
    /// Instances that wait for a commit before they can go on.
    after_commit: Vec<InstanceId>,
    timers: Timers,
    /// When to look at instances whose turns are run elsewhere. Some of it is out of date when it comes.
    deadlines: BinaryHeap<Reverse<(Timestamp, InstanceId)>>,
    /// Stored messages that were delivered and are not durably consumed: none is taken in twice.
    delivered: FxHashSet<MessageId>,
    /// While stored messages are read again: those that were consumed meanwhile.
    consumed_meanwhile: Option<FxHashSet<MessageId>>,
    gathering: Group,
    committing: Option<Committing>,
    /// No turns until then: the store refused a commit.
    stalled_until: Option<Timestamp>,
    /// Counts uses, to know what was used last.
    clock_hand: u64,
    /// With how many instances in memory it is worth looking for some to let go.
    evict_above: usize,
    stop: Option<oneshot::Sender<()>>,
    fenced: bool,
}

enum Woken {
    Committed(Result<(), StoreError>),
    Inputs(usize),
    Time,
}

struct Committing {
    future: BoxFuture<'static, Result<(), StoreError>>,
    group: Group,
    since: std::time::Instant,
}

const STALL: Duration = Duration::from_millis(250);
const INPUTS_AT_ONCE: usize = 512;

impl Owner {
    pub(crate) fn new(
        shared: Arc<Shared>,
        partition: Partition,
        epoch: Epoch,
        handle: Handle,
        inbox: mpsc::UnboundedReceiver<Input>,
    ) -> Self {
        let now = shared.now();
        let timers = Timers::new(now, shared.config.timer_horizon);
        Self {
            shared,
            partition,
            epoch,
            reopening: 0,
            inbox,
            handle,
            slots: FxHashMap::default(),
            ready: VecDeque::new(),
            after_commit: Vec::new(),
            timers,
            deadlines: BinaryHeap::new(),
            delivered: FxHashSet::default(),
            consumed_meanwhile: None,
            gathering: Group::default(),
            committing: None,
            stalled_until: None,
            clock_hand: 0,
            evict_above: 0,
            stop: None,
            fenced: false,
        }
    }

    /// Works until it is told to stop and nothing is under way.
    pub(crate) async fn run(mut self) {
        self.refill_timers();
        let mut inputs = Vec::with_capacity(INPUTS_AT_ONCE);
        loop {
            let now = self.shared.now();
            self.fire_timers(now);
            self.fire_deadlines(now);
            self.run_ready(now);
            self.commit();
            self.evict();
            if self.finished() {
                break;
            }
            self.wait(&mut inputs).await;
            for input in inputs.drain(..) {
                self.accept(input);
            }
        }
        if let Some(stopped) = self.stop.take() {
            let _ = stopped.send(());
        }
    }

    fn finished(&self) -> bool {
        self.fenced || (self.stop.is_some() && self.committing.is_none() && self.gathering.is_empty())
    }

    /// Until there is something to do.
    async fn wait(&mut self, inputs: &mut Vec<Input>) {
        let open = self.gathering.len() < self.shared.config.group_writes;
        let busy = open && self.stalled_until.is_none() && !self.ready.is_empty();
        let pause = self.pause();
        let Self { committing, inbox, .. } = self;
        let committed = async {
            match committing {
                Some(committing) => (&mut committing.future).await,
                None => std::future::pending().await,
            }
        };
        let idle =
            async { if busy { tokio::task::yield_now().await } else { tokio::time::sleep(pause).await } };
        let woken = tokio::select! {
            biased;
            result = committed => Woken::Committed(result),
            count = inbox.recv_many(inputs, INPUTS_AT_ONCE), if open => Woken::Inputs(count),
            () = idle => Woken::Time,
        };
        match woken {
            Woken::Committed(result) => self.committed(result),
            Woken::Inputs(0) => self.fenced = true, // the engine is gone
            Woken::Inputs(_) | Woken::Time => {}
        }
    }

    /// How long nothing needs to be done, as far as is known.
    fn pause(&self) -> Duration {
        let now = self.shared.now();
        let longest = self.shared.clock.longest_sleep();
        let deadline = self.deadlines.peek().map(|Reverse((at, _))| *at);
        let next = [self.timers.next(), self.stalled_until, deadline].into_iter().flatten().min();
        // One more millisecond, because sleeps are counted in them and must not end early.
        let until =
            |at: Timestamp| if at <= now { Duration::ZERO } else { at.since(now) + Duration::from_millis(1) };
        next.map_or(longest, until).min(longest)
    }

    fn accept(&mut self, input: Input) {
        match input {
            Input::Deliver { target, queued, fresh } => self.enqueue(target, queued, fresh),
            Input::Loaded(loaded) => self.loaded(*loaded),
            Input::Due(refill) => self.refilled(refill),
            Input::Epoch { epoch, reopening } => {
                self.epoch = epoch;
                self.reopening = reopening;
            }
            Input::Rescan => self.rescan(),
            Input::Stored(messages) => self.rescanned(messages),
            Input::Answered { id, token, result } => self.take_answer(id, token, *result),
            Input::Operated { id, token, outcome } => self.operated(id, token, *outcome),
            Input::Look { target, reply } => self.look(&target, reply),
            Input::Stop(stopped) => {
                self.record_all();
                self.stop = Some(stopped);
            }
        }
    }

    fn enqueue(&mut self, target: InstanceId, queued: Queued, fresh: bool) {
        if let Request::Message(message) = &queued.request {
            self.handle.running.note_outcome(&target, message);
        }
        if self.stalled_until.is_some() && queued.reply.is_some() {
            let why = StoreError::Full("commits are refused at the moment".into());
            queued.answer(Err(EngineError::Store(why)));
            return;
        }
        if queued.id.is_some_and(|id| !self.delivered.insert(id)) {
            return; // it is here already
        }
        self.place(target, queued, fresh);
    }

    fn place(&mut self, target: InstanceId, queued: Queued, fresh: bool) {
        match self.slots.get_mut(&target) {
            Some(Slot::Hot(hot)) => {
                hot.inbox.push(queued);
                if !std::mem::replace(&mut hot.queued, true) {
                    self.ready.push_back(target);
                }
            }
            Some(Slot::Entity(hot)) => {
                hot.inbox.push(queued);
                if !std::mem::replace(&mut hot.queued, true) {
                    self.ready.push_back(target);
                }
            }
            Some(Slot::Loading(waiting)) => waiting.push(queued),
            None if fresh => {
                self.slots.insert(target.clone(), Slot::fresh(queued));
                self.shared.metrics.hot_instances.add(1);
                self.ready.push_back(target);
            }
            None => self.load(target, Vec::from([queued])),
        }
    }

    fn run_ready(&mut self, now: Timestamp) {
        if self.stalled_until.is_some_and(|until| until > now) {
            return;
        }
        if self.reopening != self.shared.reopenings.load(Relaxed) {
            self.stalled_until = Some(now.after(STALL)); // the new lease is on its way
            return;
        }
        if self.stalled_until.take().is_some() {
            self.shared.store_full.store(false, Relaxed);
        }
        for _ in 0..self.ready.len() {
            if self.gathering.len() >= self.shared.config.group_writes {
                break;
            }
            let Some(id) = self.ready.pop_front() else { break };
            self.process(&id, now);
        }
    }
}
