//! The handle that everybody else holds: clients, dialects, the SDK.

use crate::clock::{Clock, SystemClock};
use crate::config::EngineConfig;
use crate::error::EngineError;
use crate::executor::{FunctionCall, Registry};
use crate::feed::Changes;
use crate::metrics::Metrics;
use crate::nearest::nearest;
use crate::partition::{
    Answer, Handle, Input, Owner, Queued, Request, RunningCalls, Shared, deliverable, perform, whole_history,
};
use crate::retention;
use crate::view::{HistoryView, InstancePage, InstanceView, decode_events, decode_stored};
use partita_kernel::message::Start;
use partita_kernel::{
    Admission, Discard, Event, ExecutionId, Failure, InstanceId, Limits, Message, Name, Partition, Payload,
    Status, Tags, Timestamp, Trace,
};
use partita_store::{Counts, Filter, Order, Query, Store, StoreError, StoreInfo};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::Duration;
use tokio::sync::{Semaphore, mpsc, oneshot, watch};

/// A running engine. Clones are the same engine.
#[derive(Clone)]
pub struct Engine {
    shared: Arc<Shared>,
}

/// What a new instance is made from.
#[derive(Clone, Debug, Default)]
pub struct StartRequest {
    /// The workflow's name.
    pub name: String,
    /// The workflow's version.
    pub version: Option<String>,
    /// The instance's id; one is made when none is given.
    pub id: Option<String>,
    /// The input.
    pub input: Option<Payload>,
    /// Tags.
    pub tags: Tags,
    /// When to begin; at once when `None` or past.
    pub scheduled_at: Option<Timestamp>,
    /// Statuses of an existing instance of this id that may be replaced.
    pub replaceable: Vec<Status>,
    /// The caller's trace.
    pub trace: Option<Trace>,
}

/// An instance that was accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Started {
    /// Its id.
    pub id: InstanceId,
    /// Its generation.
    pub execution: ExecutionId,
}

/// What to wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WaitFor {
    /// That it has begun.
    Start,
    /// That it has ended.
    End,
    /// That it has changed since it looked like this.
    Change {
        /// When it last changed.
        updated_at: Timestamp,
        /// How many events it had.
        history_events: u32,
    },
}

/// What a purge has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PurgeReport {
    /// How many instances are gone.
    pub deleted: u64,
    /// Whether none that pass the filter is left.
    pub complete: bool,
}

impl Engine {
    /// Takes a store over and goes on with everything that is in it.
    ///
    /// # Errors
    /// When the store cannot be taken over.
    pub async fn open(
        store: Arc<dyn Store>,
        registry: Registry,
        config: EngineConfig,
    ) -> Result<Self, EngineError> {
        Self::open_with_clock(store, registry, config, Arc::new(SystemClock)).await
    }

    /// The same with another clock.
    ///
    /// # Errors
    /// When the store cannot be taken over.
    pub async fn open_with_clock(
        store: Arc<dyn Store>,
        registry: Registry,
        config: EngineConfig,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, EngineError> {
        let count = store.partitions();
        let (mut handles, mut inboxes) = (Vec::new(), Vec::new());
        for _ in 0..count {
            let (sender, receiver) = mpsc::unbounded_channel();
            handles.push(Handle { inbox: sender, running: Arc::new(RunningCalls::default()) });
            inboxes.push(receiver);
        }
        let run = u64::from_le_bytes(*first_half(uuid::Uuid::new_v4().as_bytes()));
        let shared = Arc::new(Shared {
            calls: Arc::new(Semaphore::new(config.concurrent_calls)),
            requests: Arc::new(Semaphore::new(config.concurrent_requests)),
            store,
            registry,
            config,
            clock,
            metrics: Metrics::default(),
            watchers: crate::watch::Watchers::default(),
            feed: crate::feed::Feed::default(),
            partitions: handles.clone(),
            stopping: AtomicBool::new(false),
            store_full: AtomicBool::new(false),
            run,
            counter: AtomicU64::new(0),
            reopenings: AtomicU64::new(0),
            reopening: tokio::sync::Mutex::new(()),
        });
        // All of them first: until then, an engine before this one may still send from one to another.
        let mut epochs = Vec::new();
        for number in 0..count {
            epochs.push(shared.store.acquire(Partition(number), &shared.config.owner).await?);
        }
        let owned = epochs.into_iter().zip(handles.into_iter().zip(inboxes));
        for (number, (epoch, (handle, inbox))) in (0..count).zip(owned) {
            let partition = Partition(number);
            deliver_stored(&shared, partition).await?;
            tokio::spawn(Owner::new(shared.clone(), partition, epoch, handle, inbox).run());
            tokio::spawn(recover(shared.clone(), partition));
        }
        let engine = Self { shared };
        if !engine.shared.config.retention.is_empty() {
            tokio::spawn(retention::run(Arc::downgrade(&engine.shared)));
        }
        Ok(engine)
    }

    pub(crate) fn of(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// The bounds on what users hand in.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.shared.config.limits
    }

    /// The settings in force.
    #[must_use]
    pub fn config(&self) -> &EngineConfig {
        &self.shared.config
    }

    /// Who offers what in this process.
    #[must_use]
    pub fn registry(&self) -> &Registry {
        &self.shared.registry
    }

    /// What is counted.
    #[must_use]
    pub fn metrics(&self) -> &Metrics {
        &self.shared.metrics
    }

    /// Follows the changes of all instances and entities, gathering the ids of at most so many between two looks.
    #[must_use]
    pub fn changes(&self, most: usize) -> Changes {
        self.shared.feed.follow(most)
    }

    /// The engine's time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.shared.now()
    }

    /// The store, for what only it can do (backup, settings).
    #[must_use]
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.shared.store
    }

    /// The store's size and place.
    ///
    /// # Errors
    /// When the store cannot say.
    pub async fn store_info(&self) -> Result<StoreInfo, EngineError> {
        Ok(self.shared.store.info().await?)
    }

    /// Whether new work is taken in.
    ///
    /// # Errors
    /// Says why it is not.
    pub fn ready(&self) -> Result<(), EngineError> {
        if self.shared.stopping.load(Relaxed) {
            return Err(EngineError::Stopping);
        }
        if self.shared.store_full.load(Relaxed) {
            return Err(EngineError::Store(StoreError::Full("commits are refused at the moment".into())));
        }
        Ok(())
    }

    /// Calls a function once, now, for no instance: nothing of it is recorded, and nobody tries again. It is
    /// counted like others and needs a place like others. Whoever drops the future or cancels the call's token
    /// gives up the wait.
    ///
    /// # Errors
    /// When nothing new is begun. Inside, how the call failed.
    pub async fn call(&self, call: FunctionCall) -> Result<Result<Option<Payload>, Failure>, EngineError> {
        if self.shared.stopping.load(Relaxed) {
            return Err(EngineError::Stopping);
        }
        Ok(perform(&self.shared, call).await)
    }

    /// Checks a text that shall be an instance id.
    ///
    /// # Errors
    /// Says what is wrong with it.
    pub fn instance_id(&self, text: &str) -> Result<InstanceId, EngineError> {
        InstanceId::parse(text, self.limits().instance_id_chars)
            .map_err(|invalid| EngineError::Invalid(invalid.to_string()))
    }

    /// Starts an instance. `Ok` means that it is durable and will run.
    ///
    /// # Errors
    /// When it was not accepted; then nothing is left of it.
    pub async fn start(&self, request: StartRequest) -> Result<Started, EngineError> {
        let known = &self.shared.registry;
        if !known.starts(&request.name) && !self.shared.config.accept_unknown {
            let known = nearest(&request.name, &known.orchestrators());
            return Err(EngineError::UnknownWorkflow { name: request.name, known });
        }
        let (id, fresh) = match &request.id {
            Some(id) => (self.instance_id(id)?, false),
            None => (InstanceId::trusted(&uuid::Uuid::new_v4().simple().to_string()), true),
        };
        let execution = ExecutionId(uuid::Uuid::new_v4().as_u128());
        let start = Start {
            name: Name::from(request.name),
            version: request.version.map(Name::from),
            input: request.input,
            execution,
            parent: None,
            scheduled_at: request.scheduled_at,
            tags: request.tags,
            trace: request.trace,
            replaceable: request.replaceable,
        };
        let answer = self.ask(&id, Message::Start { start: Box::new(start) }, fresh).await?;
        match answer.admission {
            Admission::Admitted => Ok(Started { id, execution: answer.execution.unwrap_or(execution) }),
            Admission::Discarded(Discard::AlreadyExists(status)) => {
                Err(EngineError::AlreadyExists { id, status })
            }
            Admission::Discarded(rule) => Err(EngineError::Invalid(rule.to_string())),
        }
    }

    /// Raises an external event. `Ok` means that it is part of the instance for good.
    ///
    /// # Errors
    /// When there is no such instance, or it has ended.
    pub async fn raise_event(
        &self,
        id: &InstanceId,
        name: &str,
        input: Option<Payload>,
    ) -> Result<(), EngineError> {
        if name.is_empty() {
            return Err(EngineError::Invalid("the event has no name".into()));
        }
        self.signal(id, Message::EventRaised { name: name.into(), input }).await
    }

    /// Stops an instance for now. Stopping a stopped one is fine.
    ///
    /// # Errors
    /// When there is no such instance, or it has ended.
    pub async fn suspend(&self, id: &InstanceId, reason: Option<Payload>) -> Result<(), EngineError> {
        self.signal(id, Message::Suspend { reason }).await
    }

    /// Lets an instance go on that was suspended, or tries one again that was set aside. Resuming one that
    /// runs is fine.
    ///
    /// # Errors
    /// When there is no such instance, or it has ended.
    pub async fn resume(&self, id: &InstanceId, reason: Option<Payload>) -> Result<(), EngineError> {
        self.signal(id, Message::Resume { reason }).await
    }

    /// Ends an instance, and with `recurse` every sub-orchestration that it waits for.
    ///
    /// # Errors
    /// When there is no such instance, or it has ended.
    pub async fn terminate(
        &self,
        id: &InstanceId,
        output: Option<Payload>,
        recurse: bool,
    ) -> Result<(), EngineError> {
        self.signal(id, Message::Terminate { output, recurse }).await
    }

    /// Takes a failed instance back to its last good state, from which it goes on.
    ///
    /// # Errors
    /// When there is no such instance, or it has not failed.
    pub async fn rewind(&self, id: &InstanceId, reason: Option<Payload>) -> Result<(), EngineError> {
        self.signal(id, Message::Rewind { reason, otherwise: None }).await
    }

    pub(crate) async fn signal(&self, id: &InstanceId, message: Message) -> Result<(), EngineError> {
        match self.ask(id, message, false).await?.admission {
            Admission::Admitted | Admission::Discarded(Discard::AlreadySuspended | Discard::NotSuspended) => {
                Ok(())
            }
            Admission::Discarded(rule) => Err(refusal(id, rule)),
        }
    }

    /// Starts an instance again with the workflow, version, input and tags that it had first: as a new
    /// instance, or in its own place once it has ended.
    ///
    /// # Errors
    /// When there is no such instance, or it has not ended and would be replaced.
    pub async fn restart(&self, id: &InstanceId, new_id: bool) -> Result<Started, EngineError> {
        let view = self.get(id).await?.ok_or_else(|| EngineError::NotFound(id.clone()))?;
        self.start_again(view, new_id).await
    }

    /// Starts a new instance with the workflow, version and tags that one had first, and with another input.
    ///
    /// # Errors
    /// When there is no such instance.
    pub async fn restart_with(&self, id: &InstanceId, input: Payload) -> Result<Started, EngineError> {
        let view = self.get(id).await?.ok_or_else(|| EngineError::NotFound(id.clone()))?;
        self.start_again(InstanceView { input: Some(input), ..view }, true).await
    }

    async fn start_again(&self, view: InstanceView, new_id: bool) -> Result<Started, EngineError> {
        let id = &view.id;
        if !new_id && !view.status.is_terminal() {
            let rule = "only an instance that has ended can be restarted in its own place".to_owned();
            return Err(EngineError::WrongStatus { id: id.clone(), status: view.status, rule });
        }
        let ended = Vec::from([Status::Completed, Status::Failed, Status::Terminated, Status::Canceled]);
        self.start(StartRequest {
            name: view.name.to_string(),
            version: view.version.map(|version| version.to_string()),
            id: (!new_id).then(|| id.to_string()),
            input: view.input,
            tags: view.tags,
            replaceable: ended,
            ..StartRequest::default()
        })
        .await
    }

    /// Deletes an instance that has ended, with its history; with `recurse` also the sub-orchestrations
    /// that it had. Says how many are gone.
    ///
    /// # Errors
    /// When there is no such instance, or it has not ended.
    pub async fn purge(&self, id: &InstanceId, recurse: bool) -> Result<u64, EngineError> {
        self.purge_one(id).await?;
        let mut deleted = 1;
        let mut parents = Vec::from([id.clone()]);
        while let (true, Some(parent)) = (recurse, parents.pop()) {
            let filter = Filter { parent: Some(parent), ..Filter::default() };
            for child in self.ids(filter, usize::MAX).await? {
                if self.purge_one(&child).await.is_ok() {
                    deleted += 1;
                    parents.push(child);
                }
            }
        }
        Ok(deleted)
    }

    async fn purge_one(&self, id: &InstanceId) -> Result<(), EngineError> {
        match self.request(id, Request::Purge, false).await?.admission {
            Admission::Admitted => Ok(()),
            Admission::Discarded(Discard::AlreadyExists(status)) => Err(EngineError::WrongStatus {
                id: id.clone(),
                status,
                rule: "only an instance that has ended can be purged; terminate it first".to_owned(),
            }),
            Admission::Discarded(rule) => Err(refusal(id, rule)),
        }
    }

    /// Deletes all instances that pass a filter and have ended, until none is left or time is up.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn purge_where(&self, filter: Filter, time: Duration) -> Result<PurgeReport, EngineError> {
        const AT_ONCE: usize = 500;
        let until = tokio::time::Instant::now() + time;
        let mut filter = filter;
        if filter.statuses.is_empty() {
            filter.statuses =
                Vec::from([Status::Completed, Status::Failed, Status::Terminated, Status::Canceled]);
        }
        filter.statuses.retain(|status| status.is_terminal());
        let mut report = PurgeReport { deleted: 0, complete: filter.statuses.is_empty() };
        while !report.complete && tokio::time::Instant::now() < until {
            let ids = self.ids(filter.clone(), AT_ONCE).await?;
            let purged = futures::future::join_all(ids.iter().map(|id| self.purge_one(id))).await;
            let deleted = purged.iter().filter(|outcome| outcome.is_ok()).count();
            report.deleted += deleted as u64;
            report.complete = ids.len() < AT_ONCE || deleted == 0;
        }
        Ok(report)
    }

    pub(crate) async fn ids(&self, filter: Filter, limit: usize) -> Result<Vec<InstanceId>, EngineError> {
        let mut query =
            Query { filter, order: Order::IdAscending, limit: limit.min(1000), ..Query::default() };
        let mut ids = Vec::new();
        loop {
            let page = self.shared.store.query(&query).await?;
            ids.extend(page.rows.into_iter().map(|row| row.id));
            match page.next {
                Some(next) if ids.len() < limit => query.after = Some(next),
                _ => return Ok(ids),
            }
        }
    }

    /// An instance as it is.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn get(&self, id: &InstanceId) -> Result<Option<InstanceView>, EngineError> {
        let stored = self.shared.store.load(id).await?.filter(|_| !id.is_entity());
        stored.map(|stored| decode_stored(&stored).map(|instance| InstanceView::of(&instance))).transpose()
    }

    /// Waits for an instance. After `timeout`, the instance as it is then; `None` when there is no such
    /// instance.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn wait(
        &self,
        id: &InstanceId,
        what: WaitFor,
        timeout: Option<Duration>,
    ) -> Result<Option<InstanceView>, EngineError> {
        let mut watching = Watching::begin(&self.shared, id);
        // Many may wait for long, so nothing is kept meanwhile that can be had again.
        let waiting = async {
            let mut current = self.look(id).await?;
            loop {
                match current {
                    Some(view) if !reached(&view, what) => drop(view),
                    current => return Ok(current),
                }
                if watching.changes.changed().await.is_err() {
                    return self.look(id).await;
                }
                let changed = watching.changes.borrow_and_update().clone();
                current = match changed {
                    Some(view) => Some(view),
                    None => self.look(id).await?,
                };
            }
        };
        let outcome = match timeout {
            None => Some(waiting.await),
            Some(timeout) => tokio::time::timeout(timeout, waiting).await.ok(),
        };
        drop(watching);
        let view = match outcome {
            Some(outcome) => outcome?,
            None => self.look(id).await?,
        };
        Ok(view.map(Arc::unwrap_or_clone))
    }

    /// An instance as it is, at the price of an allocation instead of a large future.
    async fn look(&self, id: &InstanceId) -> Result<Option<Arc<InstanceView>>, EngineError> {
        Ok(Box::pin(self.get(id)).await?.map(Arc::new))
    }

    /// A part of an instance's history, from event number `from`, of about `max_bytes`.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn history(
        &self,
        id: &InstanceId,
        from: u32,
        max_bytes: usize,
    ) -> Result<Option<HistoryView>, EngineError> {
        let Some(page) = self.shared.store.history(id, from, max_bytes).await? else { return Ok(None) };
        let first = page.runs.first().map_or(from, |run| run.first);
        let mut events = decode_events(id, &page.runs)?;
        let skip = usize::try_from(from.saturating_sub(first)).unwrap_or(0).min(events.len());
        events.drain(..skip);
        Ok(Some(HistoryView { first: first.max(from), events, total: page.total }))
    }

    /// An instance's whole history.
    ///
    /// # Errors
    /// When there is no such instance, or the store fails.
    pub async fn whole_history(&self, id: &InstanceId) -> Result<Vec<Event>, EngineError> {
        if self.shared.store.load(id).await?.is_none() {
            return Err(EngineError::NotFound(id.clone()));
        }
        whole_history(&self.shared, id).await
    }

    /// A page of instances.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn query(&self, query: &Query) -> Result<InstancePage, EngineError> {
        let page = self.shared.store.query(query).await?;
        let instances = page.rows.into_iter().map(InstanceView::of_row).collect::<Result<_, _>>()?;
        Ok(InstancePage { instances, next: page.next })
    }

    /// How many instances pass a filter, by status.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn count(&self, filter: &Filter) -> Result<Counts, EngineError> {
        Ok(self.shared.store.count(filter).await?)
    }

    /// Function calls under way in this process.
    #[must_use]
    pub fn calls_running(&self) -> usize {
        self.shared.partitions.iter().map(|partition| partition.running.len()).sum()
    }

    async fn ask(&self, id: &InstanceId, message: Message, fresh: bool) -> Result<Answer, EngineError> {
        message.check(self.limits())?;
        self.request(id, Request::Message(message), fresh).await
    }

    pub(crate) async fn request(
        &self,
        id: &InstanceId,
        request: Request,
        fresh: bool,
    ) -> Result<Answer, EngineError> {
        self.ready()?;
        let Ok(_place) = self.shared.requests.try_acquire() else {
            self.shared.metrics.requests_refused.add(1);
            let limit = self.shared.config.concurrent_requests;
            return Err(EngineError::Overloaded(format!(
                "{limit} requests are under way, as many as are allowed"
            )));
        };
        let (reply, answer) = oneshot::channel();
        self.shared.deliver(id.clone(), Queued { request, id: None, reply: Some(reply) }, fresh);
        answer.await.unwrap_or(Err(EngineError::Stopping))
    }

    /// Takes nothing new in, gives functions under way `grace` to end, makes everything durable and lets
    /// the store go.
    ///
    /// # Errors
    /// When the store cannot be closed cleanly; nothing acknowledged is lost all the same.
    pub async fn shutdown(&self, grace: Duration) -> Result<(), EngineError> {
        self.shared.stopping.store(true, Relaxed);
        let until = tokio::time::Instant::now() + grace;
        while self.calls_running() > 0 && tokio::time::Instant::now() < until {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        for partition in &self.shared.partitions {
            partition.running.cancel_all();
        }
        for partition in &self.shared.partitions {
            let (stopped, done) = oneshot::channel();
            if partition.inbox.send(Input::Stop(stopped)).is_ok() {
                let _ = done.await; // a partition that was fenced has stopped before
            }
        }
        Ok(self.shared.store.close().await?)
    }
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").field("partitions", &self.shared.partitions.len()).finish_non_exhaustive()
    }
}

/// Somebody who waits for changes of an instance, and may go at any time. What is first is dropped first.
struct Watching<'a> {
    changes: watch::Receiver<Option<Arc<InstanceView>>>,
    _release: Release<'a>,
}

struct Release<'a> {
    shared: &'a Shared,
    id: &'a InstanceId,
}

impl<'a> Watching<'a> {
    fn begin(shared: &'a Shared, id: &'a InstanceId) -> Self {
        Self { changes: shared.watchers.subscribe(id), _release: Release { shared, id } }
    }
}

impl Drop for Release<'_> {
    fn drop(&mut self) {
        self.shared.watchers.release(self.id);
    }
}

fn first_half(bytes: &[u8; 16]) -> &[u8; 8] {
    bytes.first_chunk().unwrap_or(&[0; 8])
}

fn reached(view: &InstanceView, what: WaitFor) -> bool {
    match what {
        WaitFor::Start => view.status != Status::Pending,
        WaitFor::End => view.status.is_terminal(),
        WaitFor::Change { updated_at, history_events } => {
            view.updated_at != updated_at || view.history_events != history_events
        }
    }
}

fn refusal(id: &InstanceId, rule: Discard) -> EngineError {
    let id = id.clone();
    match rule {
        Discard::NoInstance => EngineError::NotFound(id),
        Discard::Finished(status) => EngineError::Finished { id, status },
        Discard::NotFailed(status) => {
            let rule = "only an instance that has failed can be rewound".to_owned();
            EngineError::WrongStatus { id, status, rule }
        }
        Discard::InboxFull => EngineError::Overloaded(rule.to_string()),
        rule => EngineError::Invalid(rule.to_string()),
    }
}

/// Messages that were sent and not consumed when the engine before this one ended.
async fn deliver_stored(shared: &Shared, partition: Partition) -> Result<(), EngineError> {
    for stored in shared.store.messages(partition).await? {
        let (target, queued) = deliverable(stored)?;
        shared.deliver(target, queued, false);
    }
    Ok(())
}

/// Goes on with the instances for which functions were being called, a page at a time.
async fn recover(shared: Arc<Shared>, partition: Partition) {
    const PAGE: usize = 256;
    let mut after: Option<InstanceId> = None;
    loop {
        let ids = match shared.store.recoverable(partition, after.as_ref(), PAGE).await {
            Ok(ids) => ids,
            Err(error) => {
                tracing::error!(partition = partition.0, %error, "cannot read what is to be recovered; trying again");
                tokio::time::sleep(Duration::from_secs(1)).await;
                continue;
            }
        };
        let mut answers = Vec::with_capacity(ids.len());
        for id in &ids {
            let (reply, answer) = oneshot::channel();
            shared.deliver(
                id.clone(),
                Queued { request: Request::Recover, id: None, reply: Some(reply) },
                false,
            );
            answers.push(answer);
        }
        futures::future::join_all(answers).await;
        match ids.into_iter().last() {
            Some(last) => after = Some(last),
            None => return,
        }
    }
}
