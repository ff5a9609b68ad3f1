//! Starting, watching and steering instances.

use crate::entity::EntityId;
use crate::error::{Error, Result};
use crate::serial::{from_payload, to_payload};
use partita_engine::clock::timestamp;
use partita_engine::why::reason_payload;
use partita_engine::{Engine, EngineError, InstanceView, PurgeReport, StartRequest, WaitFor, Why};
use partita_engine::{EntityPage, EntityQuery, EntitySignal, EntityView};
use partita_kernel::{Event, Failure, InstanceId, Payload, Status, Tags};
use partita_store::{Counts, Filter, Query};
use serde::{Serialize, de::DeserializeOwned};
use std::time::{Duration, SystemTime};

/// A client of one engine. Clones are the same.
#[derive(Clone, Debug)]
pub struct Client {
    engine: Engine,
}

/// More about a start.
#[derive(Clone, Debug, Default)]
pub struct StartOptions {
    /// The instance's id; one is made when none is given.
    pub id: Option<String>,
    /// The workflow's version.
    pub version: Option<String>,
    /// Tags.
    pub tags: Tags,
    /// When to begin, if not at once.
    pub at: Option<SystemTime>,
    /// Statuses of an existing instance of this id that may be replaced.
    pub replaceable: Vec<Status>,
}

impl StartOptions {
    /// With this instance id.
    #[must_use]
    pub fn id(id: impl Into<String>) -> Self {
        Self { id: Some(id.into()), ..Self::default() }
    }
    /// Also with this tag.
    #[must_use]
    pub fn tag(mut self, key: &str, value: &str) -> Self {
        self.tags.insert(key.into(), value.into());
        self
    }

    /// What an engine is asked for a start of that workflow.
    ///
    /// # Errors
    /// When the input cannot be written as JSON.
    pub fn request(self, name: &str, input: &(impl Serialize + ?Sized)) -> Result<StartRequest, Failure> {
        Ok(StartRequest {
            name: name.to_owned(),
            version: self.version,
            id: self.id,
            input: to_payload(&format!("the input of {name:?}"), input)?,
            tags: self.tags,
            scheduled_at: self.at.map(timestamp),
            replaceable: self.replaceable,
            trace: None,
        })
    }
}

impl Client {
    pub(crate) fn new(engine: Engine) -> Self {
        Self { engine }
    }

    /// The engine under it.
    #[must_use]
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Starts a workflow. `Ok` means that it is durable and will run.
    ///
    /// # Errors
    /// When it was not accepted.
    pub async fn start(&self, name: &str, input: &(impl Serialize + ?Sized)) -> Result<InstanceId> {
        self.start_with(name, input, StartOptions::default()).await
    }

    /// Starts a workflow with more said about it.
    ///
    /// # Errors
    /// When it was not accepted.
    pub async fn start_with(
        &self,
        name: &str,
        input: &(impl Serialize + ?Sized),
        options: StartOptions,
    ) -> Result<InstanceId> {
        Ok(self.engine.start(options.request(name, input)?).await?.id)
    }

    /// An instance as it is.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn get(&self, id: &InstanceId) -> Result<Option<InstanceView>, EngineError> {
        self.engine.get(id).await
    }

    /// Waits until an instance has ended, or time is up; gives it as it is then.
    ///
    /// # Errors
    /// When there is no such instance, or the store fails.
    pub async fn wait(&self, id: &InstanceId, timeout: Duration) -> Result<InstanceView, EngineError> {
        let view = self.engine.wait(id, WaitFor::End, Some(timeout)).await?;
        view.ok_or_else(|| EngineError::NotFound(id.clone()))
    }

    /// Waits for an instance's output.
    ///
    /// # Errors
    /// When the instance failed or was terminated, and when its output is not a `T`.
    pub async fn result<T: DeserializeOwned>(&self, id: &InstanceId) -> Result<T> {
        let view = self.engine.wait(id, WaitFor::End, None).await?;
        let view = view.ok_or_else(|| EngineError::NotFound(id.clone()))?;
        match view.status {
            Status::Completed => Ok(from_payload(&format!("the output of {id:?}"), view.output.as_ref())?),
            status => Err(Error::from(view.failure.unwrap_or_else(|| {
                let why = view.output.map(|text| format!(": {}", text.as_str())).unwrap_or_default();
                Failure::new("NotCompleted", format!("the instance {id:?} is {status}{why}"))
            }))),
        }
    }

    /// Raises an external event. `Ok` means that it cannot be lost.
    ///
    /// # Errors
    /// When there is no such instance, or it has ended.
    pub async fn raise_event(
        &self,
        id: &InstanceId,
        name: &str,
        data: &(impl Serialize + ?Sized),
    ) -> Result<()> {
        let data = to_payload(&format!("the data of event {name:?}"), data)?;
        Ok(self.engine.raise_event(id, name, data).await?)
    }

    /// Stops an instance for now.
    ///
    /// # Errors
    /// When there is no such instance, or it has ended.
    pub async fn suspend(&self, id: &InstanceId, reason: &str) -> Result<(), EngineError> {
        self.engine.suspend(id, reason_payload(Some(reason))).await
    }

    /// Lets an instance go on that was suspended or set aside.
    ///
    /// # Errors
    /// When there is no such instance, or it has ended.
    pub async fn resume(&self, id: &InstanceId, reason: &str) -> Result<(), EngineError> {
        self.engine.resume(id, reason_payload(Some(reason))).await
    }

    /// Ends an instance, with the sub-orchestrations that it waits for.
    ///
    /// # Errors
    /// When there is no such instance, or it has ended.
    pub async fn terminate(&self, id: &InstanceId, reason: &str) -> Result<(), EngineError> {
        self.engine.terminate(id, said(reason), true).await
    }

    /// Takes a failed instance back to its last good state.
    ///
    /// # Errors
    /// When there is no such instance, or it has not failed.
    pub async fn rewind(&self, id: &InstanceId, reason: &str) -> Result<(), EngineError> {
        self.engine.rewind(id, reason_payload(Some(reason))).await
    }

    /// Starts an instance again, as a new one or in its own place.
    ///
    /// # Errors
    /// When there is no such instance, or it would be replaced and has not ended.
    pub async fn restart(&self, id: &InstanceId, new_id: bool) -> Result<InstanceId, EngineError> {
        Ok(self.engine.restart(id, new_id).await?.id)
    }

    /// Deletes an instance that has ended, with its sub-orchestrations.
    ///
    /// # Errors
    /// When there is no such instance, or it has not ended.
    pub async fn purge(&self, id: &InstanceId) -> Result<u64, EngineError> {
        self.engine.purge(id, true).await
    }

    /// Deletes all instances that pass a filter and have ended.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn purge_where(&self, filter: Filter, time: Duration) -> Result<PurgeReport, EngineError> {
        self.engine.purge_where(filter, time).await
    }

    /// A page of instances.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn query(&self, query: &Query) -> Result<partita_engine::InstancePage, EngineError> {
        self.engine.query(query).await
    }

    /// How many instances pass a filter, by status.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn count(&self, filter: &Filter) -> Result<Counts, EngineError> {
        self.engine.count(filter).await
    }

    /// An instance's whole history.
    ///
    /// # Errors
    /// When there is no such instance, or the store fails.
    pub async fn history(&self, id: &InstanceId) -> Result<Vec<Event>, EngineError> {
        self.engine.whole_history(id).await
    }

    /// Has an entity run an operation, without waiting for it. `Ok` means that it cannot be lost.
    ///
    /// # Errors
    /// When it was not accepted.
    pub async fn signal_entity(
        &self,
        entity: &EntityId,
        operation: &str,
        input: &(impl Serialize + ?Sized),
    ) -> Result<()> {
        self.signal_entity_when(entity, operation, None, input).await
    }

    /// The same, not before an instant.
    ///
    /// # Errors
    /// When it was not accepted.
    pub async fn signal_entity_at(
        &self,
        entity: &EntityId,
        operation: &str,
        at: SystemTime,
        input: &(impl Serialize + ?Sized),
    ) -> Result<()> {
        self.signal_entity_when(entity, operation, Some(at), input).await
    }

    async fn signal_entity_when(
        &self,
        entity: &EntityId,
        operation: &str,
        at: Option<SystemTime>,
        input: &(impl Serialize + ?Sized),
    ) -> Result<()> {
        let signal = EntitySignal {
            operation: operation.to_owned(),
            input: to_payload(&format!("the input of operation {operation:?}"), input)?,
            scheduled_at: at.map(timestamp),
            ..EntitySignal::default()
        };
        Ok(self.engine.signal_entity(entity.as_instance_id(), signal).await?)
    }

    /// An entity as it is; `None` when nothing is known of it.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn entity(&self, entity: &EntityId) -> Result<Option<EntityView>, EngineError> {
        self.engine.entity(entity.as_instance_id()).await
    }

    /// The state of an entity; `None` when it has none.
    ///
    /// # Errors
    /// When the state is not an `S`, or the store fails.
    pub async fn entity_state<S: DeserializeOwned>(&self, entity: &EntityId) -> Result<Option<S>> {
        let state = self.entity(entity).await?.and_then(|view| view.state);
        let Some(state) = state else { return Ok(None) };
        Ok(Some(from_payload(&format!("the state of entity {entity}"), Some(&state))?))
    }

    /// A page of entities.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn entities(&self, query: &EntityQuery) -> Result<EntityPage, EngineError> {
        self.engine.entities(query).await
    }

    /// Why an instance waits.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn why(&self, id: &InstanceId) -> Result<Option<Why>, EngineError> {
        self.engine.why(id).await
    }
}

/// The output of an instance that was ended: a JSON text, as all outputs are.
fn said(reason: &str) -> Option<Payload> {
    (!reason.is_empty()).then(|| serde_json::Value::from(reason).to_string().into())
}
