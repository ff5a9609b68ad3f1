//! Instances that come from the store.

use super::entities::HotEntity;
use super::remote::RemoteRun;
use super::slot::{Executor, Hot, Slot};
use super::{Input, Owner, Queued, Request, Shared};
use crate::entities::decode_entity;
use crate::error::EngineError;
use crate::executor::Workflow;
use crate::replaying::replay;
use crate::view::{decode_events, decode_stored};
use partita_kernel::codec::Wire;
use partita_kernel::effect::WorkItem;
use partita_kernel::history::effective;
use partita_kernel::{Entity, Event, EventKind, Failure, Instance, InstanceId, Message, Phase, Status};
use partita_store::{StoreError, StoredMessage};
use rustc_hash::FxHashSet;

/// How much of a history is read at a time.
const PAGE_BYTES: usize = 4 << 20;

/// What came for a slot.
pub(crate) struct Loaded {
    id: InstanceId,
    result: Result<Fetched, EngineError>,
}

enum Fetched {
    Instance(Option<Box<Arrived>>),
    Entity(Option<Entity>),
}

struct Arrived {
    instance: Instance,
    executor: Executor,
    /// The whole history, if a rewind needs it.
    history: Vec<Event>,
}

impl Owner {
    /// Brings an instance here; `waiting` is what it has to do then.
    pub(super) fn load(&mut self, id: InstanceId, waiting: Vec<Queued>) {
        let rewinds =
            waiting.iter().any(|queued| matches!(queued.request, Request::Message(Message::Rewind { .. })));
        self.slots.insert(id.clone(), Slot::Loading(waiting));
        self.shared.metrics.cold_loads.add(1);
        let (shared, inbox) = (self.shared.clone(), self.handle.inbox.clone());
        tokio::spawn(async move {
            let result = fetch(&shared, &id, rewinds).await;
            let _ = inbox.send(Input::Loaded(Box::new(Loaded { id, result })));
        });
    }

    pub(super) fn loaded(&mut self, loaded: Loaded) {
        let Loaded { id, result } = loaded;
        let Some(Slot::Loading(waiting)) = self.slots.remove(&id) else { return };
        let mut hot = Hot::absent();
        match result {
            Ok(Fetched::Entity(entity)) => {
                let mut hot = HotEntity::of(entity);
                hot.inbox = waiting;
                hot.queued = true;
                self.shared.metrics.hot_instances.add(1);
                self.slots.insert(id.clone(), Slot::Entity(Box::new(hot)));
                self.ready.push_back(id);
                return;
            }
            Ok(Fetched::Instance(None)) => {}
            Ok(Fetched::Instance(Some(arrived))) => {
                if waiting.iter().any(|queued| matches!(queued.request, Request::Recover)) {
                    self.call_again(&arrived, &waiting);
                    hot.recovered = true;
                }
                hot.checkpoint = arrived.instance.state.to_bytes();
                hot.head_stored = true;
                hot.executor = arrived.executor;
                let finished = matches!(arrived.instance.state.phase, Phase::Finished { .. });
                hot.history = if finished { arrived.history } else { Vec::new() };
                hot.instance = Some(arrived.instance);
            }
            Err(error) => {
                self.load_failed(id, waiting, &error);
                return;
            }
        }
        hot.inbox = waiting;
        hot.queued = true;
        self.shared.metrics.hot_instances.add(1);
        self.slots.insert(id.clone(), Slot::Hot(Box::new(hot)));
        self.ready.push_back(id);
    }

    /// Clients hear of it; what the engine itself has to deliver is tried again.
    fn load_failed(&mut self, id: InstanceId, waiting: Vec<Queued>, error: &EngineError) {
        tracing::error!(instance = %id, %error, "cannot load an instance");
        let (clients, own): (Vec<_>, Vec<_>) = waiting.into_iter().partition(|queued| queued.reply.is_some());
        for queued in clients {
            queued.answer(Err(error.clone()));
        }
        if own.is_empty() {
            return;
        }
        let shared = self.shared.clone();
        tokio::spawn(async move {
            tokio::time::sleep(super::STALL * 4).await;
            for queued in own {
                shared.deliver(id.clone(), queued, false);
            }
        });
    }

    /// Calls the functions that were being called when the engine before this one ended, but for those
    /// whose outcome is here already.
    fn call_again(&self, arrived: &Arrived, waiting: &[Queued]) {
        let id = &arrived.instance.id;
        let answers = |message: &Message, task: i32| match message {
            Message::TaskCompleted { task_id, .. } | Message::TaskFailed { task_id, .. } => *task_id == task,
            _ => false,
        };
        let answered = |task: i32| {
            let arrives = |queued: &Queued| matches!(&queued.request, Request::Message(message) if answers(message, task));
            let held = &arrived.instance.state.pending;
            waiting.iter().any(arrives) || held.iter().any(|message| answers(message, task))
        };
        for placed in effective(&arrived.history) {
            let Some(item) = outstanding_call(&arrived.instance, placed.event) else { continue };
            if !answered(item.task_id) && !self.is_running(id, &item) {
                self.call(id.clone(), item);
            }
        }
    }
}

/// The call that an event records, if the instance still waits for it.
fn outstanding_call(instance: &Instance, event: &Event) -> Option<WorkItem> {
    let EventKind::TaskScheduled { name, version, input, tags, trace } = &event.kind else { return None };
    // An id may have stood for an earlier call that is over.
    let task = instance.state.tasks.get(&event.id).filter(|task| task.scheduled_at == event.at)?;
    Some(WorkItem {
        task_id: event.id,
        execution: task.execution,
        name: name.clone(),
        version: version.clone(),
        input: input.clone(),
        tags: tags.clone(),
        trace: trace.clone(),
    })
}

async fn fetch(shared: &Shared, id: &InstanceId, rewinds: bool) -> Result<Fetched, EngineError> {
    if !id.is_entity() {
        return fetch_instance(shared, id, rewinds)
            .await
            .map(|arrived| Fetched::Instance(arrived.map(Box::new)));
    }
    let Some(stored) = shared.store.load(id).await? else { return Ok(Fetched::Entity(None)) };
    let state = decode_entity(id, &stored.state)?;
    Ok(Fetched::Entity(Some(Entity { id: id.clone(), state })))
}

async fn fetch_instance(
    shared: &Shared,
    id: &InstanceId,
    rewinds: bool,
) -> Result<Option<Arrived>, EngineError> {
    let Some(stored) = shared.store.load(id).await? else { return Ok(None) };
    let instance = decode_stored(&stored)?;
    let needed = match &instance.state.phase {
        Phase::Running | Phase::Suspended => true,
        Phase::Pending => false,
        Phase::Finished { status, .. } => rewinds && *status == Status::Failed,
    };
    let history = if needed { whole_history(shared, id).await? } else { Vec::new() };
    let live = matches!(instance.state.phase, Phase::Running | Phase::Suspended);
    let executor = if live { revive(shared, &instance, &history) } else { Executor::Absent };
    Ok(Some(Arrived { instance, executor, history }))
}

/// Brings an orchestrator to where its history ends.
fn revive(shared: &Shared, instance: &Instance, history: &[Event]) -> Executor {
    let head = &instance.head;
    let orchestrator = match shared.registry.workflow(&head.name, head.version.as_deref()) {
        Some(Workflow::Here(orchestrator)) => orchestrator,
        Some(Workflow::Elsewhere(_)) => return Executor::Remote(Box::new(RemoteRun::after(history))),
        None => return Executor::Broken(not_registered(shared, &head.name)),
    };
    let info = super::turns::info_of(instance);
    shared.metrics.events_replayed.add(history.len() as u64);
    match replay(orchestrator.as_ref(), &info, history) {
        Ok(execution) => Executor::Live(execution),
        Err(failure) => Executor::Broken(failure),
    }
}

/// Why an instance of a workflow that nobody offers here cannot go on.
pub(super) fn not_registered(shared: &Shared, name: &str) -> Failure {
    let known = crate::nearest::nearest(name, &shared.registry.orchestrators());
    let advice = crate::nearest::advice(&known);
    let text = format!("no workflow is called {name:?} in this process{advice}. Register it and start again");
    Failure::new("OrchestratorNotRegistered", text).non_retriable()
}

impl Owner {
    /// Reads the messages again that are stored for this partition.
    pub(super) fn rescan(&mut self) {
        if self.consumed_meanwhile.replace(FxHashSet::default()).is_some() {
            return; // one reading is under way; what it may miss is read after the failure that asks next
        }
        let (store, partition) = (self.shared.store.clone(), self.partition);
        let inbox = self.handle.inbox.clone();
        tokio::spawn(async move {
            let _ = inbox.send(Input::Stored(store.messages(partition).await));
        });
    }

    pub(super) fn rescanned(&mut self, messages: Result<Vec<StoredMessage>, StoreError>) {
        let meanwhile = self.consumed_meanwhile.take().unwrap_or_default();
        let found = messages.map_err(EngineError::from).and_then(|stored| {
            let stored = stored.into_iter().filter(|stored| !meanwhile.contains(&stored.id));
            stored.map(deliverable).collect::<Result<Vec<_>, _>>()
        });
        match found {
            Ok(found) => {
                for (target, queued) in found {
                    self.enqueue(target, queued, false);
                }
            }
            Err(error) => {
                tracing::warn!(partition = self.partition.0, %error, "cannot read stored messages; trying again");
                let inbox = self.handle.inbox.clone();
                tokio::spawn(async move {
                    tokio::time::sleep(super::STALL * 4).await;
                    let _ = inbox.send(Input::Rescan);
                });
            }
        }
    }
}

/// A stored message as it is delivered.
pub(crate) fn deliverable(stored: StoredMessage) -> Result<(InstanceId, Queued), EngineError> {
    let StoredMessage { id, target, bytes } = stored;
    match Message::from_bytes(&bytes) {
        Ok(message) => Ok((target, Queued { request: Request::Message(message), id: Some(id), reply: None })),
        Err(error) => Err(StoreError::Corrupt(format!("a message for instance {target:?}: {error}")).into()),
    }
}

pub(crate) async fn whole_history(shared: &Shared, id: &InstanceId) -> Result<Vec<Event>, EngineError> {
    let mut events: Vec<Event> = Vec::new();
    loop {
        let from = u32::try_from(events.len()).unwrap_or(u32::MAX);
        let Some(page) = shared.store.history(id, from, PAGE_BYTES).await? else { return Ok(events) };
        let first = page.runs.first().map_or(from, |run| run.first);
        let decoded = decode_events(id, &page.runs)?;
        let skip = usize::try_from(from.saturating_sub(first)).unwrap_or(0);
        let before = events.len();
        events.extend(decoded.into_iter().skip(skip));
        if events.len() >= page.total as usize || events.len() == before {
            return Ok(events);
        }
    }
}
