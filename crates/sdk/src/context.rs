//! What an orchestrator can ask for.

use crate::core::{Core, NextGeneration};
use crate::durable::{Durable, Timer};
use crate::entity::{CriticalSection, EntityId, refused};
use crate::error::{Error, Kind, Result};
use crate::http::{HttpRequest, HttpResponse};
use crate::retry::RetryPolicy;
use crate::serial::to_payload;
use futures::future::BoxFuture;
use partita_engine::clock::timestamp;
use partita_kernel::value::ParentLink;
use partita_kernel::{Command, CustomStatus, EventKind, Failure, InstanceId, Name, Payload, Tags, Timestamp};
use serde::{Serialize, de::DeserializeOwned};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The orchestrator's side of its instance. Clones are the same.
#[derive(Clone)]
pub struct OrchestrationContext {
    core: Arc<Core>,
}

/// More about a call of an activity.
#[derive(Clone, Debug, Default)]
pub struct CallOptions {
    /// The function's version.
    pub version: Option<String>,
    /// Tags of the call.
    pub tags: Tags,
    /// When and how often it is tried again.
    pub retry: Option<RetryPolicy>,
}

/// More about a sub-orchestration.
#[derive(Clone, Debug, Default)]
pub struct SubOrchestrationOptions {
    /// Its instance id; a unique one is made when none is given.
    pub id: Option<String>,
    /// The workflow's version.
    pub version: Option<String>,
    /// Its tags.
    pub tags: Tags,
    /// When and how often it is tried again.
    pub retry: Option<RetryPolicy>,
}

impl OrchestrationContext {
    pub(crate) fn new(core: Arc<Core>) -> Self {
        Self { core }
    }

    /// The instance's id.
    #[must_use]
    pub fn instance_id(&self) -> &InstanceId {
        &self.core.id
    }

    /// The workflow's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.core.name
    }

    /// The workflow's version.
    #[must_use]
    pub fn version(&self) -> Option<String> {
        self.core.lock().version.as_deref().map(str::to_owned)
    }

    /// Who started this instance as a sub-orchestration.
    #[must_use]
    pub fn parent(&self) -> Option<ParentLink> {
        self.core.lock().parent.clone()
    }

    /// The instance's tags.
    #[must_use]
    pub fn tags(&self) -> Tags {
        self.core.lock().tags.clone()
    }

    /// Whether what happens now happened before and is only repeated.
    #[must_use]
    pub fn is_replaying(&self) -> bool {
        self.core.lock().replaying
    }

    /// The time of the turn: the same on every replay. Use it instead of the system's clock.
    #[must_use]
    pub fn now(&self) -> SystemTime {
        let nanos = self.core.lock().now.0;
        let since = Duration::from_nanos(u64::try_from(nanos).unwrap_or(0));
        UNIX_EPOCH + since
    }

    /// A unique id: the same on every replay.
    #[must_use]
    pub fn new_guid(&self) -> uuid::Uuid {
        self.core.lock().draw()
    }

    /// A random number from 0 to 1 (exclusive): the same on every replay.
    #[must_use]
    pub fn random(&self) -> f64 {
        let bits = u64::from_le_bytes(*self.new_guid().as_bytes().first_chunk().unwrap_or(&[0; 8]));
        #[allow(clippy::cast_precision_loss)] // 53 bits fit exactly
        let fraction = (bits >> 11) as f64 / (1_u64 << 53) as f64;
        fraction
    }

    /// Calls a function. The call begins at once; await it for its result.
    ///
    /// A failure arrives as an [`Error`] whose failure's `inner` is what the function reported.
    pub fn call_activity<T: DeserializeOwned>(&self, name: &str, input: impl Serialize) -> Durable<T> {
        match to_payload(&format!("the input of activity {name:?}"), &input) {
            Ok(input) => self.schedule(name, input, &CallOptions::default()),
            Err(failure) => Durable::refused(&self.core, failure),
        }
    }

    /// Calls a function, again and again as the policy says while it fails.
    pub fn call_activity_with_retry<T: DeserializeOwned + Send + 'static>(
        &self,
        name: &str,
        policy: &RetryPolicy,
        input: impl Serialize,
    ) -> BoxFuture<'static, Result<T>> {
        let options = CallOptions { retry: Some(policy.clone()), ..CallOptions::default() };
        self.call_activity_with(name, options, input)
    }

    /// Calls a function with more said about the call.
    pub fn call_activity_with<T: DeserializeOwned + Send + 'static>(
        &self,
        name: &str,
        options: CallOptions,
        input: impl Serialize,
    ) -> BoxFuture<'static, Result<T>> {
        let input = match to_payload(&format!("the input of activity {name:?}"), &input) {
            Ok(input) => input,
            Err(failure) => return Box::pin(Durable::refused(&self.core, failure)),
        };
        let first = self.schedule(name, input.clone(), &options);
        let Some(policy) = options.retry.clone() else { return Box::pin(first) };
        let (ctx, name) = (self.clone(), name.to_owned());
        let again = move || ctx.schedule(&name, input.clone(), &options);
        Box::pin(retrying(self.clone(), policy, first, again))
    }

    fn schedule<T>(&self, name: &str, input: Option<Payload>, options: &CallOptions) -> Durable<T> {
        let mut state = self.core.lock();
        let id = state.next_id();
        state.open(id);
        let trace = state.trace.clone();
        state.commands.push(Command::ScheduleTask {
            id,
            name: name.into(),
            version: options.version.as_deref().map(Into::into),
            input,
            tags: options.tags.clone(),
            trace,
        });
        drop(state);
        Durable::operation(&self.core, id, format!("activity {name:?}"))
    }

    /// Runs a workflow as a part of this one. It begins at once; await it for its result.
    pub fn call_sub_orchestrator<T: DeserializeOwned>(
        &self,
        name: &str,
        input: impl Serialize,
    ) -> Durable<T> {
        match to_payload(&format!("the input of sub-orchestration {name:?}"), &input) {
            Ok(input) => self.create_child(name, input, &SubOrchestrationOptions::default(), false),
            Err(failure) => Durable::refused(&self.core, failure),
        }
    }

    /// Runs a workflow as a part of this one, with more said about it.
    pub fn call_sub_orchestrator_with<T: DeserializeOwned + Send + 'static>(
        &self,
        name: &str,
        options: SubOrchestrationOptions,
        input: impl Serialize,
    ) -> BoxFuture<'static, Result<T>> {
        let input = match to_payload(&format!("the input of sub-orchestration {name:?}"), &input) {
            Ok(input) => input,
            Err(failure) => return Box::pin(Durable::refused(&self.core, failure)),
        };
        let first = self.create_child(name, input.clone(), &options, false);
        let Some(policy) = options.retry.clone() else { return Box::pin(first) };
        let (ctx, name) = (self.clone(), name.to_owned());
        let again = move || ctx.create_child(&name, input.clone(), &options, false);
        Box::pin(retrying(self.clone(), policy, first, again))
    }

    /// Starts a workflow of which this one does not want to hear again.
    ///
    /// # Errors
    /// When the input cannot be written as JSON.
    pub fn start_detached(
        &self,
        name: &str,
        options: &SubOrchestrationOptions,
        input: impl Serialize,
    ) -> Result<()> {
        let input = to_payload(&format!("the input of {name:?}"), &input)?;
        self.create_child::<()>(name, input, options, true).detach();
        Ok(())
    }

    fn create_child<T>(
        &self,
        name: &str,
        input: Option<Payload>,
        options: &SubOrchestrationOptions,
        detached: bool,
    ) -> Durable<T> {
        let mut state = self.core.lock();
        let id = state.next_id();
        state.open(id);
        let trace = state.trace.clone();
        state.commands.push(Command::CreateSubOrchestration {
            id,
            instance: options.id.as_deref().map(InstanceId::trusted),
            name: name.into(),
            version: options.version.as_deref().map(Into::into),
            input,
            tags: options.tags.clone(),
            trace,
            detached,
        });
        drop(state);
        Durable::operation(&self.core, id, format!("sub-orchestration {name:?}"))
    }

    /// A durable timer: it survives crashes and restarts, and costs nothing while it waits.
    pub fn create_timer(&self, after: Duration) -> Timer {
        let now = self.core.lock().now;
        self.timer(now.after(after))
    }

    /// A durable timer that fires at an instant.
    pub fn create_timer_at(&self, at: SystemTime) -> Timer {
        self.timer(timestamp(at))
    }

    fn timer(&self, fire_at: Timestamp) -> Timer {
        let mut state = self.core.lock();
        let id = state.next_id();
        state.open(id);
        state.commands.push(Command::CreateTimer { id, fire_at });
        drop(state);
        Timer(Durable::operation(&self.core, id, "the timer".to_owned()))
    }

    /// Waits for an external event. Names are compared without case; each event goes to the one who has
    /// waited longest; events that arrived before anybody waited are kept.
    pub fn wait_for_external_event<T: DeserializeOwned>(&self, name: &str) -> Durable<T> {
        let id = self.core.lock().open_waiter(name);
        Durable::waiter(&self.core, id, format!("the data of event {name:?}"))
    }

    /// Raises an event at another instance.
    ///
    /// # Errors
    /// When the data cannot be written as JSON or the id is not one.
    pub fn send_event(&self, target: &str, name: &str, data: impl Serialize) -> Result<()> {
        let input = to_payload(&format!("the data of event {name:?}"), &data)?;
        let target = InstanceId::parse(target, usize::MAX)?;
        let mut state = self.core.lock();
        let id = state.next_id();
        state.commands.push(Command::SendEvent { id, target, name: name.into(), input });
        Ok(())
    }

    /// Has an entity run an operation, and gives its answer.
    ///
    /// While entities are [locked](Self::lock_entities), only those can be called.
    pub fn call_entity<T: DeserializeOwned>(
        &self,
        entity: &EntityId,
        operation: &str,
        input: impl Serialize,
    ) -> Durable<T> {
        let input = match to_payload(&format!("the input of operation {operation:?}"), &input) {
            Ok(input) => input,
            Err(failure) => return Durable::refused(&self.core, failure),
        };
        let target = entity.as_instance_id();
        let mut state = self.core.lock();
        if state.locked.as_ref().is_some_and(|locked| !locked.contains(target)) {
            drop(state);
            let text =
                format!("{entity} is not among the entities that are locked, and only those can be called");
            return Durable::refused(&self.core, refused(text));
        }
        let id = state.next_id();
        let request_id = state.open_request(id);
        let fact = EventKind::EntityOperationCalled {
            request_id,
            operation: operation.into(),
            scheduled_at: None,
            input,
            parent: None,
            parent_execution: None,
            target: Some(target.clone()),
        };
        state.commands.push(Command::Entity { id, fact: Box::new(fact) });
        drop(state);
        Durable::operation(&self.core, id, format!("operation {operation:?} of {entity}"))
    }

    /// Has an entity run an operation, without waiting for it.
    ///
    /// # Errors
    /// When the input cannot be written as JSON, or this instance has the entity locked.
    pub fn signal_entity(&self, entity: &EntityId, operation: &str, input: impl Serialize) -> Result<()> {
        self.signal_entity_when(entity, operation, None, input)
    }

    /// The same, not before an instant.
    ///
    /// # Errors
    /// When the input cannot be written as JSON, or this instance has the entity locked.
    pub fn signal_entity_at(
        &self,
        entity: &EntityId,
        operation: &str,
        at: SystemTime,
        input: impl Serialize,
    ) -> Result<()> {
        self.signal_entity_when(entity, operation, Some(timestamp(at)), input)
    }

    fn signal_entity_when(
        &self,
        entity: &EntityId,
        operation: &str,
        scheduled_at: Option<Timestamp>,
        input: impl Serialize,
    ) -> Result<()> {
        let input = to_payload(&format!("the input of operation {operation:?}"), &input)?;
        let target = entity.as_instance_id();
        let mut state = self.core.lock();
        if state.locked.as_ref().is_some_and(|locked| locked.contains(target)) {
            let text =
                format!("{entity} is locked by this instance: call it, or signal it after the section");
            return Err(refused(text).into());
        }
        let (id, request_id) = (state.next_id(), state.draw().to_string().into());
        let (operation, target) = (operation.into(), Some(target.clone()));
        let fact = EventKind::EntityOperationSignaled { request_id, operation, scheduled_at, input, target };
        state.commands.push(Command::Entity { id, fact: Box::new(fact) });
        Ok(())
    }

    /// Locks entities for this instance alone, until the section that it gives is dropped. Everybody else's
    /// operations wait.
    ///
    /// # Errors
    /// When entities are locked already: a section within a section could wait for ever.
    pub async fn lock_entities<'a>(
        &self,
        entities: impl IntoIterator<Item = &'a EntityId>,
    ) -> Result<CriticalSection> {
        let mut lock_set: Vec<InstanceId> =
            entities.into_iter().map(|entity| entity.as_instance_id().clone()).collect();
        lock_set.sort_unstable();
        lock_set.dedup();
        let (section, granted) = self.ask_for_lock(&lock_set)?;
        granted.await?;
        let mut state = self.core.lock();
        state.locked = Some(lock_set.clone());
        drop(state);
        Ok(CriticalSection::new(self.core.clone(), section, lock_set))
    }

    fn ask_for_lock(&self, lock_set: &[InstanceId]) -> Result<(Name, Durable<()>)> {
        let mut state = self.core.lock();
        if state.locked.is_some() {
            return Err(refused("entities are locked already; release them first".to_owned()).into());
        }
        if lock_set.is_empty() {
            return Err(Error::new("NoEntities", "there is no entity to be locked").non_retriable());
        }
        let id = state.next_id();
        let section = state.open_request(id);
        let (of, lock_set) = (section.clone(), lock_set.to_vec());
        let fact = EventKind::EntityLockRequested { section: of, lock_set, position: 0, parent: None };
        state.commands.push(Command::Entity { id, fact: Box::new(fact) });
        drop(state);
        Ok((section, Durable::operation(&self.core, id, "the lock".to_owned())))
    }

    /// Says how far it has come. Seen by everybody from the end of this turn on.
    pub fn set_custom_status(&self, status: impl Serialize) {
        let mut state = self.core.lock();
        match to_payload("the custom status", &status) {
            Ok(payload) => state.custom_status = CustomStatus::Set(payload),
            Err(failure) => tracing::warn!(instance = %self.core.id, %failure, "custom status"),
        }
    }

    /// Begins again with a new input and an empty history; return what this gives. External events that
    /// nobody took are there again.
    ///
    /// # Errors
    /// Always: that is how the orchestrator ends.
    pub fn continue_as_new<T>(&self, input: impl Serialize) -> Result<T> {
        self.continue_as_new_with(input, None, true)
    }

    /// The same, with another version, and with the choice to forget the events that nobody took.
    ///
    /// # Errors
    /// Always: that is how the orchestrator ends.
    pub fn continue_as_new_with<T>(
        &self,
        input: impl Serialize,
        version: Option<&str>,
        keep_events: bool,
    ) -> Result<T> {
        let input = to_payload("the input of the next generation", &input)?;
        let version = version.map(Into::into);
        self.core.lock().next = Some(NextGeneration { input, version, keep_events });
        Err(Error(Kind::ContinueAsNew))
    }

    /// Calls an HTTP endpoint durably. While it answers 202 with a `Location`, that is asked again, by
    /// durable timers, until it answers otherwise.
    ///
    /// # Errors
    /// When the endpoint cannot be reached, or the policy's attempts are used up.
    pub async fn call_http(&self, request: HttpRequest) -> Result<HttpResponse> {
        crate::http::call(self, request).await
    }

    pub(crate) fn elapsed_since(&self, start: Timestamp) -> Duration {
        self.core.lock().now.since(start)
    }

    pub(crate) fn timestamp(&self) -> Timestamp {
        self.core.lock().now
    }
}

/// Attempts of one thing, with durable timers between them.
async fn retrying<T: DeserializeOwned>(
    ctx: OrchestrationContext,
    policy: RetryPolicy,
    first: Durable<T>,
    again: impl Fn() -> Durable<T>,
) -> Result<T> {
    let began = ctx.timestamp();
    let mut attempt = 1;
    let mut current = first;
    loop {
        let error = match current.await {
            Ok(value) => return Ok(value),
            Err(error) => error,
        };
        let elapsed = ctx.elapsed_since(began);
        let wait = error.failure().and_then(|failure: &Failure| policy.next(attempt, elapsed, failure));
        let Some(wait) = wait else { return Err(error) };
        ctx.create_timer(wait).await;
        attempt += 1;
        current = again();
    }
}
