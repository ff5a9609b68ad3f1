//! Signalling entities of a server, and looking at them.

use crate::client::{Client, unsupported};
use crate::error::Error;
use partita::serial::{from_payload, to_payload};
use partita::{EntityId, Result as SdkResult};
use partita_api::durable_task::{client, proto};
use partita_engine::clock::{Clock, SystemClock, timestamp};
use partita_engine::kernel::InstanceId;
use partita_engine::{EntityCleaning, EntityPage, EntityQuery, EntitySignal, EntityView};
use proto::purge_instances_request::Request as Purge;
use serde::{Serialize, de::DeserializeOwned};
use std::time::SystemTime;

impl Client {
    /// Has an entity run an operation, without waiting for it. `Ok` means that it cannot be lost.
    ///
    /// # Errors
    /// When it was not accepted.
    pub async fn signal_entity(
        &self,
        entity: &EntityId,
        operation: &str,
        input: &(impl Serialize + ?Sized),
    ) -> Result<(), Error> {
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
    ) -> Result<(), Error> {
        self.signal_entity_when(entity, operation, Some(at), input).await
    }

    async fn signal_entity_when(
        &self,
        entity: &EntityId,
        operation: &str,
        at: Option<SystemTime>,
        input: &(impl Serialize + ?Sized),
    ) -> Result<(), Error> {
        let signal = EntitySignal {
            operation: operation.to_owned(),
            input: to_payload(&format!("the input of operation {operation:?}"), input)?,
            scheduled_at: at.map(timestamp),
            ..EntitySignal::default()
        };
        let request = client::signal(entity.as_instance_id(), signal, SystemClock.now());
        self.hub.clone().signal_entity(request).await?;
        Ok(())
    }

    /// An entity; `None` when it has no state. The server first waits a moment for what was asked of it before. The
    /// protocol does not tell since when there is one, nor anything of a lock but who has it.
    ///
    /// # Errors
    /// When the server does not say.
    pub async fn entity(&self, entity: &EntityId) -> Result<Option<EntityView>, Error> {
        let request = proto::GetEntityRequest { instance_id: entity.to_string(), include_state: true };
        let answer = self.hub.clone().get_entity(request).await?.into_inner();
        let found = answer.entity.filter(|_| answer.exists);
        Ok(found.map(client::from_metadata).transpose()?)
    }

    /// The state of an entity; `None` when it has none.
    ///
    /// # Errors
    /// When the state is not an `S`, or the server does not say.
    pub async fn entity_state<S: DeserializeOwned>(&self, entity: &EntityId) -> SdkResult<Option<S>> {
        let state = self.entity(entity).await?.and_then(|view| view.state);
        let Some(state) = state else { return Ok(None) };
        Ok(Some(from_payload(&format!("the state of entity {entity}"), Some(&state))?))
    }

    /// A page of entities, in the order of their ids. The protocol can ask for one name (`order*` for all that begin
    /// so) or for how ids begin, and by when they changed.
    ///
    /// # Errors
    /// When the query asks for more than that, or the server does not answer.
    pub async fn entities(&self, query: &EntityQuery) -> Result<EntityPage, Error> {
        let query = client::entities(query).map_err(|invalid| unsupported(&invalid))?;
        let request = proto::QueryEntitiesRequest { query: Some(query) };
        let page = self.hub.clone().query_entities(request).await?.into_inner();
        Ok(client::entity_page(page)?)
    }

    /// Removes an entity with its state, unless it is locked or something waits for it. Says whether it was there and is
    /// gone.
    ///
    /// # Errors
    /// When the server does not do it.
    pub async fn remove_entity(&self, entity: &EntityId) -> Result<bool, Error> {
        let request = proto::PurgeInstancesRequest {
            recursive: false,
            is_orchestration: false,
            request: Some(Purge::InstanceId(entity.to_string())),
        };
        let answer = self.hub.clone().purge_instances(request).await?.into_inner();
        Ok(answer.deleted_instance_count > 0)
    }

    /// Removes entities of which nothing is left but their name, and releases locks that nobody holds any more: as many
    /// as the server can look at in one request, from `after` on. Says where to go on.
    ///
    /// # Errors
    /// When the server does not do it.
    pub async fn clean_entities(
        &self,
        remove_empty: bool,
        release_orphans: bool,
        after: Option<&InstanceId>,
    ) -> Result<(EntityCleaning, Option<InstanceId>), Error> {
        let request = proto::CleanEntityStorageRequest {
            continuation_token: after.map(ToString::to_string),
            remove_empty_entities: remove_empty,
            release_orphaned_locks: release_orphans,
        };
        let answer = self.hub.clone().clean_entity_storage(request).await?.into_inner();
        let next = answer.continuation_token.filter(|token| !token.is_empty());
        let cleaning = EntityCleaning {
            removed: u64::try_from(answer.empty_entities_removed).unwrap_or(0),
            released: u64::try_from(answer.orphaned_locks_released).unwrap_or(0),
            complete: next.is_none(),
        };
        Ok((cleaning, next.map(|token| InstanceId::trusted(&token))))
    }
}
