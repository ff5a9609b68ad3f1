//! What an entity does with its inbox.
//!
//! What arrives is recorded with the entity at once. Its operations are run in batches outside of the loop, one batch
//! at a time; the outcome comes back as an input and is recorded with all that follows from it.

use super::calls::nobody_offers;
use super::group::Ticket;
use super::remote::{LONGEST_RETRY, backoff};
use super::slot::{Answer, Queued, Request, Slot};
use super::{Input, Owner};
use crate::entities::{EntityBatch, EntityCode, EntityFailure};
use crate::replaying::panicked;
use futures::FutureExt;
use partita_kernel::codec::Wire;
use partita_kernel::entity::{BatchOutput, Operation};
use partita_kernel::{Discard, Effect, Entity, ExecutionId, InstanceId, Status, Tags, Timestamp};
use partita_store::{Events, HeadRecord, Put, StateRecord, Write};
use std::cmp::Reverse;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use tokio_util::sync::{CancellationToken, DropGuard};

/// Operations of one batch.
const BATCH: usize = 256;
/// Bytes of the inputs of one batch, if it has more than one operation.
const BATCH_BYTES: usize = 1 << 20;

/// What came of a batch.
pub(crate) type Outcome = Result<BatchOutput, EntityFailure>;

/// An entity that is here, or known not to exist.
#[derive(Default)]
pub(crate) struct HotEntity {
    entity: Option<Entity>,
    /// Whether the store has its head.
    head_stored: bool,
    pub(crate) inbox: Vec<Queued>,
    pub(crate) queued: bool,
    /// How many groups that are not durable yet hold a record of it.
    pub(crate) uncommitted: u32,
    /// The wake-up that is in memory.
    pub(crate) wake: Option<Timestamp>,
    pub(crate) last_used: u64,
    running: Option<Running>,
    /// How many times in a row its batch was not run to its end.
    abandonments: u32,
    retry_at: Option<Timestamp>,
}

/// A batch under way.
struct Running {
    token: ExecutionId,
    batch: Vec<u64>,
    outcome: Option<Outcome>,
    /// Tells whoever runs it when nobody wants it any more.
    _wanted: DropGuard,
}

impl HotEntity {
    /// One that came from the store, or is not there.
    pub(super) fn of(entity: Option<Entity>) -> Self {
        Self { head_stored: entity.is_some(), entity, ..Self::default() }
    }

    pub(super) fn is_idle(&self) -> bool {
        self.running.is_none() && self.retry_at.is_none()
    }

    pub(super) fn is_due(&self, now: Timestamp) -> bool {
        self.retry_at.is_some_and(|at| at <= now)
    }

    /// Whether there is nothing to remember.
    pub(super) fn is_gone(&self) -> bool {
        self.entity.is_none() && self.running.is_none() && self.uncommitted == 0 && self.inbox.is_empty()
    }
}

impl Owner {
    /// Takes in what an entity's inbox holds.
    pub(super) fn process_entity(&mut self, id: &InstanceId, mut hot: Box<HotEntity>, now: Timestamp) {
        hot.queued = false;
        self.clock_hand += 1;
        hot.last_used = self.clock_hand;
        let mut effects = Vec::new();
        let mut changed = self.take_outcome(id, &mut hot, &mut effects, now);
        for queued in std::mem::take(&mut hot.inbox) {
            changed |= self.admit(id, &mut hot, queued, &mut effects, now);
        }
        if let Some(entity) = &mut hot.entity {
            changed |= entity.advance(now, &mut effects);
        }
        changed |= self.run_next(id, &mut hot, &mut effects, now);
        let void = hot.entity.as_ref().is_some_and(Entity::is_void);
        match &hot.entity {
            Some(_) if void => {
                hot.entity = None;
                if hot.head_stored {
                    self.delete_entity(id, &mut hot);
                }
            }
            Some(entity) if changed => self.record_entity(entity, &mut hot.head_stored, &mut hot.uncommitted),
            _ => {}
        }
        self.add_effects(id, effects);
        self.keep_entity(id, hot);
    }

    /// Takes in what came of the batch.
    fn take_outcome(
        &mut self,
        id: &InstanceId,
        hot: &mut HotEntity,
        effects: &mut Vec<Effect>,
        now: Timestamp,
    ) -> bool {
        let Some(running) = hot.running.take_if(|running| running.outcome.is_some()) else { return false };
        let (Some(entity), Some(outcome)) = (&mut hot.entity, running.outcome) else { return false };
        let settled = match outcome {
            Ok(output) if !output.results.is_empty() => Ok(output),
            Err(EntityFailure::Failed(failure)) => {
                tracing::warn!(entity = %id, %failure, "a batch of operations failed");
                Err(failure)
            }
            Ok(_) | Err(EntityFailure::Abandoned) => {
                hot.abandonments = hot.abandonments.saturating_add(1);
                self.try_later(id, hot, now.after(backoff(hot.abandonments)));
                return false;
            }
        };
        hot.abandonments = 0;
        let fresh = ExecutionId(self.shared.unique());
        entity.settle(&running.batch, settled, fresh, now, &self.shared.config.limits, effects);
        true
    }

    fn try_later(&mut self, id: &InstanceId, hot: &mut HotEntity, at: Timestamp) {
        hot.retry_at = Some(at);
        self.deadlines.push(Reverse((at, id.clone())));
    }

    fn admit(
        &mut self,
        id: &InstanceId,
        hot: &mut HotEntity,
        queued: Queued,
        effects: &mut Vec<Effect>,
        now: Timestamp,
    ) -> bool {
        let Queued { request, id: message_id, reply } = queued;
        match request {
            Request::Message(message) => {
                let again = reply.is_none().then(|| message.clone());
                let entity = hot.entity.get_or_insert_with(|| Entity::create(id.clone(), now));
                let admitted = entity.admit(message, now, &self.shared.config.limits, effects);
                let answer = match admitted {
                    Ok(()) => Answer::admitted(None),
                    Err(rule) => Answer::discarded(rule),
                };
                self.settle(id, Ticket { id: message_id, reply, again }, answer);
                admitted.is_ok()
            }
            Request::Recover => {
                if let Some(reply) = reply {
                    let _ = reply.send(Ok(Answer::admitted(None))); // whoever asked may have gone
                }
                false
            }
            Request::Purge => {
                let answer = match &hot.entity {
                    None => Answer::discarded(Discard::NoInstance),
                    Some(entity)
                        if entity.backlog() > 0 || entity.state.lock.is_some() || hot.running.is_some() =>
                    {
                        Answer::discarded(Discard::AlreadyExists(Status::Running))
                    }
                    Some(_) => Answer::admitted(None),
                };
                let removed = answer == Answer::admitted(None);
                if let (true, Some(entity)) = (removed, &mut hot.entity) {
                    entity.state.state = None;
                }
                self.settle(id, Ticket { id: None, reply, again: None }, answer);
                removed
            }
        }
    }

    /// Has the next operations run, if none are being run. Says whether that changed the entity: calls of one whose
    /// code nobody has are answered at once, and what nobody waits for stays.
    fn run_next(
        &mut self,
        id: &InstanceId,
        hot: &mut HotEntity,
        effects: &mut Vec<Effect>,
        now: Timestamp,
    ) -> bool {
        let resting = hot.retry_at.is_some_and(|at| at > now);
        if hot.running.is_some() || resting || self.shared.stopping.load(Relaxed) {
            return false;
        }
        hot.retry_at = None;
        let Some(entity) = &mut hot.entity else { return false };
        let runnable =
            entity.runnable(BATCH, BATCH_BYTES).map(|(number, operation)| (number, operation.clone()));
        let (batch, operations): (Vec<u64>, Vec<Operation>) = runnable.unzip();
        if batch.is_empty() {
            return false;
        }
        let name = id.entity_parts().map_or("", |(name, _)| name);
        if let Some(code) = self.shared.registry.entity(name) {
            let cancellation = CancellationToken::new();
            let token = ExecutionId(self.shared.unique());
            let state = entity.state.state.clone();
            let wanted = cancellation.clone().drop_guard();
            hot.running = Some(Running { token, batch, outcome: None, _wanted: wanted });
            self.run_batch(code, EntityBatch { id: id.clone(), token, state, operations, cancellation });
            return false;
        }
        let called = batch.into_iter().zip(&operations).filter(|(_, operation)| operation.caller.is_some());
        let called: Vec<u64> = called.map(|(number, _)| number).collect();
        let failure = nobody_offers("entity", "EntityNotRegistered", name, &self.shared.registry.entities());
        if called.len() < operations.len() {
            tracing::warn!(entity = %id, waiting = operations.len() - called.len(), %failure, "operations wait");
            self.try_later(id, hot, now.after(LONGEST_RETRY));
        }
        let (Some(entity), false) = (&mut hot.entity, called.is_empty()) else { return false };
        let fresh = ExecutionId(self.shared.unique());
        entity.settle(&called, Err(failure), fresh, now, &self.shared.config.limits, effects);
        true
    }

    fn run_batch(&self, code: Arc<dyn EntityCode>, batch: EntityBatch) {
        let (id, token) = (batch.id.clone(), batch.token);
        let (shared, inbox) = (self.shared.clone(), self.handle.inbox.clone());
        let running = self.handle.running.clone();
        running.begin(&id, token, self.shared.now(), batch.cancellation.clone());
        tokio::spawn(async move {
            let _place = match code.is_bounded() {
                true => Some(shared.calls.acquire().await),
                false => None,
            };
            shared.metrics.batches.add(1);
            let run = AssertUnwindSafe(async { code.run(batch).await }).catch_unwind().await;
            let outcome = run.unwrap_or_else(|panic| Err(EntityFailure::Failed(panicked(panic.as_ref()))));
            running.end(&id, token);
            let _ = inbox.send(Input::Operated { id, token, outcome: Box::new(outcome) });
        });
    }

    /// A batch has an outcome. It is looked at in the entity's turn.
    pub(super) fn operated(&mut self, id: InstanceId, token: ExecutionId, outcome: Outcome) {
        if let Some(Slot::Entity(hot)) = self.slots.get_mut(&id)
            && let Some(running) = hot.running.as_mut().filter(|running| running.token == token)
        {
            running.outcome = Some(outcome);
            self.make_ready(id);
        }
    }

    fn record_entity(&mut self, entity: &Entity, head_stored: &mut bool, uncommitted: &mut u32) {
        let head = (!std::mem::replace(head_stored, true)).then(|| HeadRecord {
            name: entity.id.entity_parts().map_or("", |(name, _)| name).into(),
            version: None,
            created_at: entity.state.created_at,
            parent: None,
            tags: Tags::new(),
            bytes: Vec::new(),
        });
        let state = StateRecord {
            status: Status::Running,
            updated_at: entity.state.updated_at,
            completed_at: None,
            next_wake: entity.next_wake(),
            recover: !entity.state.queue.is_empty(),
            set_aside: false,
            custom_status: None,
            bytes: entity.state.to_bytes(),
        };
        let put = Put { id: entity.id.clone(), head, state, reset_history: false, events: Events::default() };
        *uncommitted += 1;
        self.gather(&entity.id, Write::Put(Box::new(put)));
    }

    fn delete_entity(&mut self, id: &InstanceId, hot: &mut HotEntity) {
        hot.head_stored = false;
        hot.uncommitted += 1;
        self.gather(id, Write::Delete(id.clone()));
    }

    fn keep_entity(&mut self, id: &InstanceId, mut hot: Box<HotEntity>) {
        if hot.is_gone() {
            self.shared.metrics.hot_instances.sub(1);
            return;
        }
        let wake = hot.entity.as_ref().and_then(Entity::next_wake);
        if let (Some(at), true) = (wake, wake != hot.wake) {
            hot.wake = self.timers.add(at, id).then_some(at);
        }
        self.slots.insert(id.clone(), Slot::Entity(hot));
    }
}
