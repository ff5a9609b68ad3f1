//! Entities: their code, and what clients ask about them.

use crate::engine::Engine;
use crate::error::EngineError;
use crate::nearest::nearest;
use crate::partition::Request;
use crate::view::decode_stored;
use futures::future::BoxFuture;
use partita_kernel::codec::Wire;
use partita_kernel::entity::{BatchOutput, EntityState, Operation};
use partita_kernel::{
    Admission, Entity, ExecutionId, Failure, InstanceId, Message, Name, Payload, Timestamp, Trace,
};
use partita_store::{Cursor, Filter, Order, Query, StoreError};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Code of an entity.
pub trait EntityCode: Send + Sync + 'static {
    /// Runs operations, one after another, over the entity's state. What they do outside of the state may happen
    /// more than once; the state, the answers and what is asked for become durable once and together.
    fn run(&self, batch: EntityBatch) -> BoxFuture<'static, Result<BatchOutput, EntityFailure>>;

    /// Whether its batches count against the limit of calls under way.
    fn is_bounded(&self) -> bool {
        true
    }
}

/// Operations that are run together.
#[derive(Clone, Debug)]
pub struct EntityBatch {
    /// The entity.
    pub id: InstanceId,
    /// Names this batch.
    pub token: ExecutionId,
    /// The entity's state; none when it has none.
    pub state: Option<Payload>,
    /// What is to be done, in order. At least one.
    pub operations: Vec<Operation>,
    /// Cancelled when nobody wants the outcome any more.
    pub cancellation: CancellationToken,
}

/// Why a batch has no outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EntityFailure {
    /// Nobody ran it to its end. It is run again, later each time.
    Abandoned,
    /// It failed as a whole: each of its operations has failed, and the state is as it was.
    Failed(Failure),
}

/// An operation for whose outcome nobody waits.
#[derive(Clone, Debug, Default)]
pub struct EntitySignal {
    /// The operation's name.
    pub operation: String,
    /// Its input.
    pub input: Option<Payload>,
    /// Names the request; one is made when none is given.
    pub request_id: Option<String>,
    /// Not to be run before.
    pub scheduled_at: Option<Timestamp>,
    /// The caller's trace.
    pub trace: Option<Trace>,
}

/// An entity as it was last written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntityView {
    /// Which.
    pub id: InstanceId,
    /// When the first request for it arrived.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// Its state.
    pub state: Option<Payload>,
    /// How many operations and lock requests wait.
    pub backlog: usize,
    /// Who has it locked, for which critical section, since when.
    pub lock: Option<(InstanceId, Name, Timestamp)>,
}

/// A question for a page of entities, in the order of their ids.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntityQuery {
    /// Of these names (`order*` for all that begin so), in lower case; all when empty.
    pub names: Vec<String>,
    /// Ids that begin so.
    pub id_prefix: Option<String>,
    /// Changed at or after.
    pub updated_from: Option<Timestamp>,
    /// Changed before.
    pub updated_to: Option<Timestamp>,
    /// Also those that have no state.
    pub transient: bool,
    /// After which id.
    pub after: Option<InstanceId>,
    /// How many at most.
    pub limit: usize,
}

impl Default for EntityQuery {
    fn default() -> Self {
        Self {
            names: Vec::new(),
            id_prefix: None,
            updated_from: None,
            updated_to: None,
            transient: false,
            after: None,
            limit: 100,
        }
    }
}

/// A page of entities.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EntityPage {
    /// The entities.
    pub entities: Vec<EntityView>,
    /// After which id the next page begins; `None` on the last.
    pub next: Option<InstanceId>,
}

/// What was tidied up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EntityCleaning {
    /// Entities without a state that are gone.
    pub removed: u64,
    /// Locks of instances that do not run any more that are released.
    pub released: u64,
    /// Whether all entities were looked at.
    pub complete: bool,
}

impl EntityView {
    fn of(id: InstanceId, state: EntityState) -> Self {
        let EntityState { created_at, updated_at, state, queue, delayed, lock, .. } = state;
        let lock = lock.map(|lock| (lock.holder.instance, lock.section, lock.since));
        Self { id, created_at, updated_at, state, backlog: queue.len() + delayed.len(), lock }
    }
}

pub(crate) fn decode_entity(id: &InstanceId, state: &[u8]) -> Result<EntityState, EngineError> {
    EntityState::from_bytes(state).map_err(|error| {
        EngineError::Store(StoreError::Corrupt(format!("the record of entity {id:?}: {error}")))
    })
}

impl Engine {
    /// Checks a text that shall be the id of an entity, `@name@key`.
    ///
    /// # Errors
    /// Says what is wrong with it.
    pub fn entity_id(&self, text: &str) -> Result<InstanceId, EngineError> {
        InstanceId::parse_entity(text, self.limits().instance_id_chars)
            .map_err(|invalid| EngineError::Invalid(invalid.to_string()))
    }

    /// Has an operation run, without waiting for it. `Ok` means that it is durable and will be run.
    ///
    /// # Errors
    /// When it was not accepted.
    pub async fn signal_entity(&self, id: &InstanceId, signal: EntitySignal) -> Result<(), EngineError> {
        let name = id.entity_parts().map_or("", |(name, _)| name);
        let registry = self.registry();
        if registry.entity(name).is_none() && !self.config().accept_unknown {
            let known = nearest(name, &registry.entities());
            return Err(EngineError::UnknownEntity { name: name.to_owned(), known });
        }
        if signal.operation.is_empty() {
            return Err(EngineError::Invalid("the operation has no name".into()));
        }
        let EntitySignal { operation, input, request_id, scheduled_at, trace } = signal;
        let request_id = request_id.filter(|id| !id.is_empty());
        let request_id = request_id.unwrap_or_else(|| uuid::Uuid::new_v4().simple().to_string());
        let operation = Operation {
            request_id: request_id.into(),
            name: operation.into(),
            input,
            caller: None,
            scheduled_at,
            trace,
        };
        self.signal(id, Message::EntityOperation { operation: Box::new(operation) }).await
    }

    /// An entity as it is; `None` when nothing is known of it.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn entity(&self, id: &InstanceId) -> Result<Option<EntityView>, EngineError> {
        let Some(stored) = self.store().load(id).await?.filter(|_| id.is_entity()) else { return Ok(None) };
        decode_entity(id, &stored.state).map(|state| Some(EntityView::of(id.clone(), state)))
    }

    /// An entity as it is after the operations that wait for it now have been run, if that takes no longer than
    /// `patience`: whoever signals an entity and looks at it sees what the signal did.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn entity_settled(
        &self,
        id: &InstanceId,
        patience: Duration,
    ) -> Result<Option<EntityView>, EngineError> {
        let until = tokio::time::Instant::now() + patience;
        let mut pause = Duration::from_millis(1);
        let mut before = None;
        loop {
            let Some(stored) = self.store().load(id).await?.filter(|_| id.is_entity()) else {
                return Ok(None);
            };
            let entity = Entity { id: id.clone(), state: decode_entity(id, &stored.state)? };
            let mark = *before.get_or_insert(entity.state.next_number);
            let runnable = entity.runnable(1, 0).next().is_some_and(|(number, _)| number < mark);
            let now = tokio::time::Instant::now();
            if !runnable || now >= until {
                return Ok(Some(EntityView::of(entity.id, entity.state)));
            }
            tokio::time::sleep(pause.min(until - now)).await;
            pause *= 2;
        }
    }

    /// A page of entities.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn entities(&self, query: &EntityQuery) -> Result<EntityPage, EngineError> {
        let mut stored = Query {
            filter: Filter {
                entities: true,
                names: query.names.clone(),
                id_prefix: query.id_prefix.clone(),
                updated_from: query.updated_from,
                updated_to: query.updated_to,
                ..Filter::default()
            },
            order: Order::IdAscending,
            after: query.after.clone().map(|id| Cursor { at: Timestamp(0), id }),
            limit: query.limit.clamp(1, 1000),
            with_records: true,
        };
        let mut page = EntityPage::default();
        loop {
            let found = self.store().query(&stored).await?;
            for row in found.rows {
                let (_, state) = row.records.unwrap_or_default();
                let view = EntityView::of(row.id.clone(), decode_entity(&row.id, &state)?);
                if query.transient || view.state.is_some() {
                    page.entities.push(view);
                }
            }
            if page.entities.len() > query.limit {
                page.entities.truncate(query.limit);
                page.next = page.entities.last().map(|view| view.id.clone());
                return Ok(page);
            }
            match found.next {
                None => return Ok(page),
                Some(next) if page.entities.len() == query.limit => {
                    page.next = Some(next.id);
                    return Ok(page);
                }
                next => stored.after = next,
            }
        }
    }

    /// Removes entities of which nothing is left but their name, and releases locks that nobody holds any more:
    /// as many as it can look at in `time`, from `after` on. Says where to go on.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn clean_entities(
        &self,
        remove_empty: bool,
        release_orphans: bool,
        after: Option<InstanceId>,
        time: Duration,
    ) -> Result<(EntityCleaning, Option<InstanceId>), EngineError> {
        let until = tokio::time::Instant::now() + time;
        let mut cleaning = EntityCleaning::default();
        let mut query = EntityQuery { transient: true, after, limit: 500, ..EntityQuery::default() };
        loop {
            let page = self.entities(&query).await?;
            for view in page.entities {
                if let (true, Some((holder, section, _))) = (release_orphans, &view.lock)
                    && !self.is_in_section(holder, section).await?
                {
                    let unlock = Message::EntityUnlock { section: section.clone() };
                    cleaning.released += u64::from(self.signal(&view.id, unlock).await.is_ok());
                }
                if remove_empty && view.state.is_none() && view.backlog == 0 && view.lock.is_none() {
                    cleaning.removed += u64::from(self.remove_entity(&view.id).await?);
                }
            }
            query.after = page.next;
            cleaning.complete = query.after.is_none();
            if cleaning.complete || tokio::time::Instant::now() >= until {
                return Ok((cleaning, query.after));
            }
        }
    }

    async fn is_in_section(&self, holder: &InstanceId, section: &Name) -> Result<bool, EngineError> {
        let Some(stored) = self.store().load(holder).await? else { return Ok(false) };
        Ok(decode_stored(&stored)?.state.sections.contains_key(section))
    }

    /// Removes an entity with its state, unless it is locked or something waits for it. Says whether it was there
    /// and is gone.
    ///
    /// # Errors
    /// When the engine does not take requests.
    pub async fn remove_entity(&self, id: &InstanceId) -> Result<bool, EngineError> {
        Ok(self.request(id, Request::Purge, false).await?.admission == Admission::Admitted)
    }
}
