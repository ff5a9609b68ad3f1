//! What gathers for the next commit, and what follows it.

use super::remote::waits_for_turn;
use super::slot::{Answer, Executor, Hot, Queued, Reply, Request, Slot};
use super::{Committing, Owner, STALL};
use crate::error::EngineError;
use crate::metrics::WorkflowMetrics;
use crate::view::InstanceView;
use partita_kernel::codec::{Wire, Writer};
use partita_kernel::effect::Effect;
use partita_kernel::{Event, Instance, InstanceId, Message, Status};
use partita_store::{
    Batch, Events, HeadRecord, MessageId, Put, StateRecord, StoreError, StoredMessage, Write,
};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

/// Records that become durable together, with everything that waits for that.
#[derive(Default)]
pub(super) struct Group {
    batch: Batch,
    touched: Vec<Touched>,
    answers: Vec<(Reply, Answer)>,
    effects: Vec<(InstanceId, Effect, Option<MessageId>)>,
    /// What must be done again if the commit fails.
    undo: Vec<(InstanceId, Queued)>,
    consumed: Vec<MessageId>,
    /// How many instances it deletes.
    deleted: u64,
    ended: Vec<Ended>,
}

/// An instance that ended, to be counted among those of its workflow.
struct Ended {
    figures: Arc<WorkflowMetrics>,
    status: Status,
    lasted: Duration,
}

impl Ended {
    fn count(self) {
        self.figures.durations.observe(self.lasted);
        match self.status {
            Status::Completed => self.figures.completed.add(1),
            Status::Failed => self.figures.failed.add(1),
            _ => self.figures.terminated.add(1),
        }
    }
}

/// An instance of which the group holds a record, as whoever watches it will see it.
struct Touched {
    id: InstanceId,
    view: Option<Box<InstanceView>>,
}

impl Group {
    pub(super) fn is_empty(&self) -> bool {
        self.batch == Batch::default() && self.answers.is_empty()
    }
    pub(super) fn len(&self) -> usize {
        self.batch.writes.len()
    }
}

/// A request that a turn takes in: who waits for it, and how to do it again.
pub(super) struct Ticket {
    pub(super) id: Option<MessageId>,
    pub(super) reply: Option<Reply>,
    pub(super) again: Option<Message>,
}

impl Owner {
    /// Adds an instance's new record to the group.
    pub(super) fn record(&mut self, hot: &mut Hot, instance: &Instance, events: &[Event]) {
        let reset_history = std::mem::take(&mut hot.reset_history);
        let head = (!std::mem::replace(&mut hot.head_stored, true)).then(|| head_record(instance));
        let state = state_record(instance, waits_for_turn(&hot.executor, instance));
        hot.checkpoint.clone_from(&state.bytes);
        let events = encode(events, instance.state.history_events);
        self.shared.metrics.events.add(u64::from(events.count));
        let put = Put { id: instance.id.clone(), head, state, reset_history, events };
        let write = Write::Put(Box::new(put));
        let seen = self.shared.watchers.watched(&instance.id).then(|| Box::new(InstanceView::of(instance)));
        self.touch(hot, &instance.id, write, seen);
    }

    pub(super) fn record_deletion(&mut self, hot: &mut Hot, id: &InstanceId) {
        self.gathering.deleted += 1;
        self.touch(hot, id, Write::Delete(id.clone()), None);
    }

    /// Notes that an instance ends with this group, if that is among its effects.
    pub(super) fn note_end(&mut self, instance: &Instance, effects: &[Effect]) {
        let ended = effects.iter().find_map(|effect| match effect {
            Effect::Finished(status) => Some(*status),
            _ => None,
        });
        let Some(status) = ended else { return };
        let began = instance.head.scheduled_at.unwrap_or_default().max(instance.head.created_at);
        let lasted = instance.state.updated_at.since(began);
        let figures = self.shared.metrics.of_workflow(&instance.head.name);
        self.gathering.ended.push(Ended { figures, status, lasted });
    }

    fn touch(&mut self, hot: &mut Hot, id: &InstanceId, write: Write, view: Option<Box<InstanceView>>) {
        hot.uncommitted += 1;
        self.gathering.batch.writes.push(write);
        self.gathering.touched.push(Touched { id: id.clone(), view });
    }

    /// Adds a write that nobody watches for.
    pub(super) fn gather(&mut self, id: &InstanceId, write: Write) {
        self.gathering.batch.writes.push(write);
        self.gathering.touched.push(Touched { id: id.clone(), view: None });
    }

    pub(super) fn add_effects(&mut self, id: &InstanceId, effects: Vec<Effect>) {
        for effect in effects {
            let message_id = match &effect {
                Effect::Send { target, message } => {
                    let id = MessageId(self.shared.unique());
                    let stored = StoredMessage { id, target: target.clone(), bytes: message.to_bytes() };
                    self.gathering.batch.sent.push(stored);
                    Some(id)
                }
                Effect::CallFunction(_) | Effect::CancelFunction { .. } | Effect::Finished(_) => None,
            };
            self.gathering.effects.push((id.clone(), effect, message_id));
        }
    }

    /// Notes what a request has become; its sender hears of it once the group is durable.
    pub(super) fn settle(&mut self, id: &InstanceId, ticket: Ticket, answer: Answer) {
        match answer.admission {
            partita_kernel::Admission::Admitted => self.shared.metrics.messages_admitted.add(1),
            partita_kernel::Admission::Discarded(_) => self.shared.metrics.messages_discarded.add(1),
        }
        if let Some(message) = ticket.id {
            self.gathering.batch.consumed.push(message);
            self.gathering.consumed.push(message);
        }
        if let (partita_kernel::Admission::Discarded(rule), Some(message)) =
            (&answer.admission, &ticket.again)
        {
            self.add_effects(id, message.clone().when_discarded(*rule));
        }
        match (ticket.reply, ticket.again) {
            (Some(reply), _) => self.gathering.answers.push((reply, answer)),
            (None, Some(again)) => {
                let queued = Queued { request: Request::Message(again), id: ticket.id, reply: None };
                self.gathering.undo.push((id.clone(), queued));
            }
            (None, None) => {}
        }
    }

    /// Sends the group on its way, if none is under way.
    pub(super) fn commit(&mut self) {
        if self.committing.is_some() || self.gathering.is_empty() || self.fenced {
            return;
        }
        let mut group = std::mem::take(&mut self.gathering);
        let batch = std::mem::take(&mut group.batch);
        let future: futures::future::BoxFuture<'static, Result<(), StoreError>> = if batch == Batch::default()
        {
            Box::pin(std::future::ready(Ok(()))) // only answers that change nothing
        } else {
            self.shared.store.commit(self.partition, self.epoch, batch)
        };
        self.committing = Some(Committing { future, group, since: std::time::Instant::now() });
    }

    pub(super) fn committed(&mut self, result: Result<(), StoreError>) {
        let Some(Committing { group, since, .. }) = self.committing.take() else { return };
        match result {
            Ok(()) => {
                self.shared.metrics.commits.add(1);
                self.shared.metrics.commit_seconds.observe(since.elapsed());
                self.release(group);
            }
            Err(error) => self.roll_back(group, &error),
        }
    }

    /// The group is durable: now, and only now, its effects leave.
    fn release(&mut self, group: Group) {
        self.shared.metrics.instances_purged.add(group.deleted);
        self.shared.feed.tell(&group.touched.iter().map(|touched| &touched.id));
        for ended in group.ended {
            ended.count();
        }
        for Touched { id, view } in group.touched {
            self.committed_record(&id);
            self.shared.watchers.changed(&id, view);
        }
        for id in group.consumed {
            self.delivered.remove(&id);
            if let Some(meanwhile) = &mut self.consumed_meanwhile {
                meanwhile.insert(id);
            }
        }
        for (reply, answer) in group.answers {
            let _ = reply.send(Ok(answer)); // whoever asked may have gone
        }
        for (id, effect, message_id) in group.effects {
            self.perform(id, effect, message_id);
        }
        for id in std::mem::take(&mut self.after_commit) {
            self.make_ready(id);
        }
    }

    fn committed_record(&mut self, id: &InstanceId) {
        let over = match self.slots.get_mut(id) {
            Some(Slot::Hot(hot)) => {
                hot.uncommitted = hot.uncommitted.saturating_sub(1);
                let over = hot.instance.as_ref().is_none_or(|instance| instance.status().is_terminal());
                over && hot.uncommitted == 0 && hot.inbox.is_empty()
            }
            Some(Slot::Entity(hot)) => {
                hot.uncommitted = hot.uncommitted.saturating_sub(1);
                hot.is_gone()
            }
            Some(Slot::Loading(_)) | None => false,
        };
        if over {
            self.slots.remove(id);
            self.shared.metrics.hot_instances.sub(1);
        }
    }

    fn perform(&mut self, id: InstanceId, effect: Effect, message_id: Option<MessageId>) {
        let metrics = &self.shared.metrics;
        match effect {
            Effect::CallFunction(item) => self.call(id, item),
            Effect::CancelFunction { task_id, execution } => self.cancel_call(&id, task_id, execution),
            Effect::Send { target, message } => {
                let fresh = is_fresh_child(&target, &message);
                let queued = Queued { request: Request::Message(message), id: message_id, reply: None };
                self.shared.deliver(target, queued, fresh);
            }
            Effect::Finished(Status::Completed) => metrics.instances_completed.add(1),
            Effect::Finished(Status::Failed) => metrics.instances_failed.add(1),
            Effect::Finished(_) => metrics.instances_terminated.add(1),
        }
    }

    /// The group did not become durable. What is in memory went ahead of the store, so it goes; clients
    /// hear of it, and what the engine itself delivers comes again.
    fn roll_back(&mut self, failed: Group, error: &StoreError) {
        self.shared.metrics.commits_failed.add(1);
        tracing::warn!(partition = self.partition.0, %error, "a commit failed; going back to what is durable");
        let gathered = std::mem::take(&mut self.gathering);
        let mut again = Vec::new();
        let unknown = matches!(error, StoreError::Poisoned(_));
        for (group, unknown) in [(failed, unknown), (gathered, false)] {
            for (reply, _) in group.answers {
                let _ = reply.send(Err(EngineError::Store(error.clone())));
            }
            for (id, queued) in group.undo {
                match queued.id {
                    // It may have been consumed for good: only the store knows, and is asked again.
                    Some(message) if unknown => drop(self.delivered.remove(&message)),
                    _ => again.push((id, queued)),
                }
            }
            for Touched { id, .. } in group.touched {
                again.extend(self.forget(&id));
            }
        }
        self.after_commit.clear();
        let reopened = self.reopening != self.shared.reopenings.load(Relaxed);
        match error {
            StoreError::Fenced if !reopened => {
                self.fenced = true;
                return;
            }
            StoreError::Poisoned(_) if !reopened => {
                let (shared, seen) = (self.shared.clone(), self.reopening);
                tokio::spawn(async move { shared.reopen(seen).await });
            }
            _ => {}
        }
        self.shared.store_full.store(matches!(error, StoreError::Full(_)), Relaxed);
        self.stalled_until = Some(self.shared.now().after(STALL));
        for (id, queued) in again {
            self.place(id, queued, false);
        }
    }

    /// Drops an instance from memory, and gives back what it still has to do: at least to be looked at as
    /// after a restart, because the record that seemed lost may be there, and its effects never left.
    fn forget(&mut self, id: &InstanceId) -> Vec<(InstanceId, Queued)> {
        let inbox = match self.slots.remove(id) {
            Some(Slot::Hot(mut hot)) => hot.take_inbox(),
            Some(Slot::Entity(hot)) => hot.inbox,
            Some(loading @ Slot::Loading(_)) => {
                self.slots.insert(id.clone(), loading);
                return Vec::new();
            }
            None => return Vec::new(),
        };
        self.shared.metrics.hot_instances.sub(1);
        let mut again: Vec<_> = inbox.into_iter().map(|queued| (id.clone(), queued)).collect();
        again.push((id.clone(), Queued { request: Request::Recover, id: None, reply: None }));
        again.push((id.clone(), Queued::message(Message::Wake)));
        again
    }

    pub(super) fn make_ready(&mut self, id: InstanceId) {
        let queued = match self.slots.get_mut(&id) {
            Some(Slot::Hot(hot)) => &mut hot.queued,
            Some(Slot::Entity(hot)) => &mut hot.queued,
            Some(Slot::Loading(_)) | None => return,
        };
        if !std::mem::replace(queued, true) {
            self.ready.push_back(id);
        }
    }

    /// Lets the least recently used instances go that can be brought back any time.
    pub(super) fn evict(&mut self) {
        let bound = (self.shared.config.hot_instances / self.shared.partitions.len().max(1)).max(16);
        if self.slots.len() <= self.evict_above.max(bound) {
            return;
        }
        let mut idle: Vec<(u64, InstanceId)> = self
            .slots
            .iter()
            .filter_map(|(id, slot)| match slot {
                Slot::Hot(hot)
                    if hot.uncommitted == 0
                        && hot.inbox.is_empty()
                        && !hot.queued
                        && hot.executor.is_idle() =>
                {
                    Some((hot.last_used, id.clone()))
                }
                Slot::Entity(hot)
                    if hot.uncommitted == 0 && hot.inbox.is_empty() && !hot.queued && hot.is_idle() =>
                {
                    Some((hot.last_used, id.clone()))
                }
                _ => None,
            })
            .collect();
        let surplus = (self.slots.len() - bound * 3 / 4).min(idle.len());
        if surplus > 0 {
            idle.select_nth_unstable(surplus - 1);
        }
        for (_, id) in idle.into_iter().take(surplus) {
            self.slots.remove(&id);
            self.shared.metrics.hot_instances.sub(1);
        }
        // When most are busy, do not look again for a while.
        self.evict_above = self.slots.len() + bound / 8;
    }
}

/// Whether a message starts a child whose id was made for it alone.
fn is_fresh_child(target: &InstanceId, message: &Message) -> bool {
    let Message::Start { start } = message else { return false };
    start.parent.as_ref().is_some_and(|link| *target == InstanceId::child(link.execution, link.task_id))
}

fn head_record(instance: &Instance) -> HeadRecord {
    let head = &instance.head;
    HeadRecord {
        name: head.name.clone(),
        version: head.version.clone(),
        created_at: head.created_at,
        parent: head.parent.as_ref().map(|link| link.instance.clone()),
        tags: head.tags.clone(),
        bytes: head.to_bytes(),
    }
}

/// What an instance waits for that waits for a turn to be answered is looked at when its owner starts.
fn state_record(instance: &Instance, waits_for_turn: bool) -> StateRecord {
    let state = &instance.state;
    StateRecord {
        status: instance.status(),
        updated_at: state.updated_at,
        completed_at: instance.completed_at(),
        next_wake: instance.next_wake().filter(|_| !waits_for_turn),
        recover: instance.needs_recovery() || waits_for_turn,
        set_aside: state.set_aside.is_some(),
        custom_status: state.custom_status.clone(),
        bytes: state.to_bytes(),
    }
}

/// The stored form of the last `events` of a history of `total`.
fn encode(events: &[Event], total: u32) -> Events {
    let count = u32::try_from(events.len()).unwrap_or(u32::MAX);
    let mut writer = Writer::append_to(Vec::with_capacity(events.len() * 48));
    for event in events {
        event.put(&mut writer);
    }
    Events { first: total.saturating_sub(count), count, bytes: writer.into_bytes() }
}

/// An executor that has to be brought here again.
pub(super) fn absent(executor: &Executor) -> bool {
    matches!(executor, Executor::Absent)
}
