//! Entities: small pieces of state with a name and a key, whose operations are run one after another.
//!
//! ```
//! use partita::entity::{EntityContext, EntityId, EntityType};
//! use partita::{OrchestrationContext, Result, Runtime};
//!
//! fn account() -> EntityType<i64> {
//!     EntityType::new()
//!         .operation("deposit", |balance: &mut i64, _: &mut EntityContext, amount: i64| {
//!             *balance += amount;
//!             Ok(*balance)
//!         })
//!         .operation("balance", |balance: &mut i64, _: &mut EntityContext, (): ()| Ok(*balance))
//! }
//!
//! async fn transfer(ctx: OrchestrationContext, amount: i64) -> Result<()> {
//!     let (from, to) = (EntityId::new("Account", "ada")?, EntityId::new("Account", "grace")?);
//!     let section = ctx.lock_entities([&from, &to]).await?;
//!     let balance: i64 = ctx.call_entity(&from, "balance", ()).await?;
//!     if balance >= amount {
//!         ctx.call_entity::<i64>(&from, "deposit", -amount).await?;
//!         ctx.call_entity::<i64>(&to, "deposit", amount).await?;
//!     }
//!     section.release();
//!     Ok(())
//! }
//!
//! let runtime = Runtime::builder().entity("Account", account()).orchestrator("Transfer", transfer);
//! ```
//!
//! An operation that fails leaves the state as it was, and what it had asked for is not done. The state, the answers
//! and what operations asked for become durable together, once. What an operation does beside that, it may do again.

use crate::core::Core;
use crate::error::{Error, Result};
use crate::serial::{from_payload, to_payload};
use futures::future::BoxFuture;
use partita_engine::clock::timestamp;
use partita_engine::{EntityBatch, EntityCode, EntityFailure};
use partita_kernel::entity::{BatchOutput, Caller, EntityAction, Operation};
use partita_kernel::{Command, EventKind, Failure, InstanceId, Name, Payload};
use serde::{Serialize, de::DeserializeOwned};
use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;
use std::time::SystemTime;

/// Names one entity.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EntityId(InstanceId);

impl EntityId {
    /// The entity of that name and key. Names are the same in any case, keys are not.
    ///
    /// # Errors
    /// When the name is empty or holds an `@`, or one of them holds control characters.
    pub fn new(name: &str, key: &str) -> Result<Self> {
        Ok(Self(InstanceId::entity(name, key, usize::MAX)?))
    }

    /// Its name, in lower case.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.entity_parts().map_or("", |(name, _)| name)
    }

    /// Its key.
    #[must_use]
    pub fn key(&self) -> &str {
        self.0.entity_parts().map_or("", |(_, key)| key)
    }

    /// The id as the engine knows it, `@name@key`.
    #[must_use]
    pub fn as_instance_id(&self) -> &InstanceId {
        &self.0
    }
}

impl std::fmt::Display for EntityId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// What an operation knows, and what it may ask for.
#[derive(Debug)]
pub struct EntityContext {
    id: EntityId,
    operation: Name,
    caller: Option<Box<Caller>>,
    actions: Vec<EntityAction>,
    deleted: bool,
}

impl EntityContext {
    /// The entity.
    #[must_use]
    pub fn id(&self) -> &EntityId {
        &self.id
    }

    /// The operation's name, as it was asked for.
    #[must_use]
    pub fn operation(&self) -> &str {
        &self.operation
    }

    /// The instance that waits for the answer; none waits for that of a signal.
    #[must_use]
    pub fn caller(&self) -> Option<&InstanceId> {
        self.caller.as_deref().map(|caller| &caller.instance)
    }

    /// Has an entity run an operation, without waiting for it.
    ///
    /// # Errors
    /// When the input cannot be written as JSON.
    pub fn signal(&mut self, target: &EntityId, operation: &str, input: impl Serialize) -> Result<()> {
        self.signal_when(target, operation, input, None)
    }

    /// The same, not before an instant.
    ///
    /// # Errors
    /// When the input cannot be written as JSON.
    pub fn signal_at(
        &mut self,
        target: &EntityId,
        operation: &str,
        at: SystemTime,
        input: impl Serialize,
    ) -> Result<()> {
        self.signal_when(target, operation, input, Some(at))
    }

    fn signal_when(
        &mut self,
        target: &EntityId,
        operation: &str,
        input: impl Serialize,
        at: Option<SystemTime>,
    ) -> Result<()> {
        self.actions.push(EntityAction::Signal {
            target: target.0.clone(),
            operation: operation.into(),
            input: to_payload(&format!("the input of operation {operation:?}"), &input)?,
            scheduled_at: at.map(timestamp),
            trace: None,
        });
        Ok(())
    }

    /// Starts a workflow, as the instance of that id if one is given.
    ///
    /// # Errors
    /// When the input cannot be written as JSON, or the id is not one.
    pub fn start_orchestration(&mut self, name: &str, id: Option<&str>, input: impl Serialize) -> Result<()> {
        self.actions.push(EntityAction::Start {
            instance: id.map(|id| InstanceId::parse(id, usize::MAX)).transpose()?,
            name: name.into(),
            version: None,
            input: to_payload(&format!("the input of {name:?}"), &input)?,
            scheduled_at: None,
            trace: None,
        });
        Ok(())
    }

    /// Deletes the state when this operation has succeeded. The next operation begins with a new one.
    pub fn delete(&mut self) {
        self.deleted = true;
    }
}

type Run<S> = Arc<dyn Fn(S, EntityContext, Option<Payload>) -> BoxFuture<'static, Ran<S>> + Send + Sync>;

/// What an operation leaves behind.
type Ran<S> = Result<(S, EntityContext, Option<Payload>)>;

/// The operations of entities whose state is an `S`. The operation `delete`, unless there is one of that name, deletes
/// the state.
pub struct EntityType<S> {
    operations: BTreeMap<String, Run<S>>,
}

impl<S> Default for EntityType<S> {
    fn default() -> Self {
        Self { operations: BTreeMap::new() }
    }
}

impl<S> EntityType<S>
where
    S: Serialize + DeserializeOwned + Default + Send + 'static,
{
    /// No operations yet. An entity begins with `S::default()`.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an operation: a `fn(&mut S, &mut EntityContext, Input) -> Result<Output>`. Names of operations are the same
    /// in any case.
    #[must_use]
    pub fn operation<F, I, O>(self, name: &str, function: F) -> Self
    where
        F: Fn(&mut S, &mut EntityContext, I) -> Result<O> + Send + Sync + 'static,
        I: DeserializeOwned + Send + 'static,
        O: Serialize,
    {
        let what = name.to_owned();
        self.add(name, move |mut state, mut context, input| {
            let ran = || {
                let input = from_payload::<I>(&format!("the input of operation {what:?}"), input.as_ref())?;
                let output = function(&mut state, &mut context, input)?;
                let output = to_payload(&format!("the output of operation {what:?}"), &output)?;
                Ok((state, context, output))
            };
            Box::pin(std::future::ready(ran()))
        })
    }

    /// Adds an operation that waits: it takes the state and the context, and gives both back with its output.
    #[must_use]
    pub fn async_operation<F, Fut, I, O>(self, name: &str, function: F) -> Self
    where
        F: Fn(S, EntityContext, I) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(S, EntityContext, O)>> + Send + 'static,
        I: DeserializeOwned + Send + 'static,
        O: Serialize + Send + 'static,
    {
        let what: Arc<str> = name.into();
        self.add(name, move |state, context, input| {
            let input = match from_payload::<I>(&format!("the input of operation {what:?}"), input.as_ref()) {
                Ok(input) => input,
                Err(failure) => return Box::pin(std::future::ready(Err(failure.into()))),
            };
            let (run, what) = (function(state, context, input), what.clone());
            Box::pin(async move {
                let (state, context, output) = run.await?;
                let output = to_payload(&format!("the output of operation {what:?}"), &output)?;
                Ok((state, context, output))
            })
        })
    }

    fn add<F>(mut self, name: &str, run: F) -> Self
    where
        F: Fn(S, EntityContext, Option<Payload>) -> BoxFuture<'static, Ran<S>> + Send + Sync + 'static,
    {
        self.operations.insert(name.to_lowercase(), Arc::new(run));
        self
    }

    pub(crate) fn code(self) -> Arc<dyn EntityCode> {
        Arc::new(RustEntity(Arc::new(self)))
    }

    /// Runs one operation over a state, and gives the state that comes of it.
    async fn run(&self, id: &EntityId, state: Option<Payload>, asked: Operation) -> Result<Step> {
        let Operation { name, input, caller, .. } = asked;
        let Some(operation) = self.operations.get(&name.to_lowercase()) else {
            if name.eq_ignore_ascii_case("delete") {
                return Ok(Step::default());
            }
            let known: Vec<&str> = self.operations.keys().map(String::as_str).collect();
            let text =
                format!("entity {:?} has no operation {name:?}; it has {}", id.name(), known.join(", "));
            return Err(Error::new("OperationNotFound", text).non_retriable());
        };
        let value = match &state {
            None => S::default(),
            Some(_) => from_payload(&format!("the state of entity {id}"), state.as_ref())?,
        };
        let context =
            EntityContext { id: id.clone(), operation: name, caller, actions: Vec::new(), deleted: false };
        let (value, context, output) = operation(value, context, input).await?;
        let state = match context.deleted {
            true => None,
            // A state that is written as null is one all the same.
            false => to_payload("the state of the entity", &value)?.or_else(|| Some("null".into())),
        };
        Ok(Step { state, output, actions: context.actions })
    }
}

/// What came of one operation.
#[derive(Default)]
struct Step {
    state: Option<Payload>,
    output: Option<Payload>,
    actions: Vec<EntityAction>,
}

struct RustEntity<S>(Arc<EntityType<S>>);

impl<S> EntityCode for RustEntity<S>
where
    S: Serialize + DeserializeOwned + Default + Send + 'static,
{
    fn run(&self, batch: EntityBatch) -> BoxFuture<'static, Result<BatchOutput, EntityFailure>> {
        let entity = self.0.clone();
        Box::pin(async move {
            let EntityBatch { id, state, operations, cancellation, .. } = batch;
            let id = EntityId(id);
            let mut output = BatchOutput { state, ..BatchOutput::default() };
            for operation in operations {
                let running = entity.run(&id, output.state.clone(), operation);
                let ran = tokio::select! {
                    ran = running => ran,
                    () = cancellation.cancelled() => return Err(EntityFailure::Abandoned),
                };
                match ran {
                    Ok(step) => {
                        output.state = step.state;
                        output.actions.extend(step.actions);
                        output.results.push(Ok(step.output));
                    }
                    Err(error) => output.results.push(Err(Box::new(error.into_failure()))),
                }
            }
            Ok(output)
        })
    }
}

/// Locked entities. They are released when this is dropped.
#[must_use = "dropping it releases the entities"]
pub struct CriticalSection {
    core: Arc<Core>,
    section: Name,
    entities: Vec<InstanceId>,
}

impl CriticalSection {
    pub(crate) fn new(core: Arc<Core>, section: Name, entities: Vec<InstanceId>) -> Self {
        Self { core, section, entities }
    }

    /// Releases the entities; the same as dropping it.
    pub fn release(self) {
        drop(self);
    }
}

impl Drop for CriticalSection {
    fn drop(&mut self) {
        let mut state = self.core.lock();
        state.locked = None;
        if state.closing {
            return; // what is locked is released with the instance's end
        }
        for entity in std::mem::take(&mut self.entities) {
            let id = state.next_id();
            let (section, target) = (self.section.clone(), Some(entity));
            let fact = Box::new(EventKind::EntityUnlockSent { section, parent: None, target });
            state.commands.push(Command::Entity { id, fact });
        }
    }
}

/// Why entities cannot be asked or locked where an orchestrator is.
pub(crate) fn refused(text: String) -> Failure {
    Failure::new("InvalidInCriticalSection", text).non_retriable()
}
