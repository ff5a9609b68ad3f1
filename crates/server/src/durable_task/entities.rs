//! What clients ask of entities.

use super::service::Service;
use super::status::{of_engine, of_invalid};
use crate::entities::{CLEANING_TIME, PATIENCE};
use partita_api::durable_task::{entity, proto};
use partita_engine::EntityPage;
use partita_engine::kernel::InstanceId;
use tonic::Status;

/// Entities of one page at most.
const PAGE: usize = 1000;

impl Service {
    fn entity_id(&self, text: &str) -> Result<InstanceId, Status> {
        self.app.engine.entity_id(text).map_err(|error| of_engine(&error))
    }

    pub(super) async fn signal(&self, request: proto::SignalEntityRequest) -> Result<(), Status> {
        let id = self.entity_id(&request.instance_id)?;
        let signal = entity::signal(request).map_err(|error| of_invalid(&error))?;
        crate::entities::signal(&self.app, &id, signal).await.map_err(|error| of_engine(&error))
    }

    pub(super) async fn entity(
        &self,
        request: proto::GetEntityRequest,
    ) -> Result<proto::GetEntityResponse, Status> {
        let id = self.entity_id(&request.instance_id)?;
        let view = self.app.engine.entity_settled(&id, PATIENCE).await.map_err(|error| of_engine(&error))?;
        // To this protocol, an entity without a state does not exist, whatever waits for it.
        let view = view.filter(|view| view.state.is_some());
        Ok(proto::GetEntityResponse {
            exists: view.is_some(),
            entity: view.map(|view| entity::to_metadata(&view, request.include_state)),
        })
    }

    pub(super) async fn entities(
        &self,
        request: proto::QueryEntitiesRequest,
    ) -> Result<proto::QueryEntitiesResponse, Status> {
        let asked = request.query.unwrap_or_default();
        let query = entity::query(&asked, PAGE).map_err(|error| of_invalid(&error))?;
        let page = self.app.engine.entities(&query).await.map_err(|error| of_engine(&error))?;
        let EntityPage { entities, next } = page;
        Ok(proto::QueryEntitiesResponse {
            entities: entities.iter().map(|view| entity::to_metadata(view, asked.include_state)).collect(),
            continuation_token: next.map(|id| id.to_string()),
        })
    }

    pub(super) async fn clean(
        &self,
        request: proto::CleanEntityStorageRequest,
    ) -> Result<proto::CleanEntityStorageResponse, Status> {
        let token = request.continuation_token.filter(|token| !token.is_empty());
        let after = token.map(|token| entity::after("continuationToken", &token)).transpose();
        let after = after.map_err(|error| of_invalid(&error))?;
        let (empty, orphans) = (request.remove_empty_entities, request.release_orphaned_locks);
        let cleaned = self.app.engine.clean_entities(empty, orphans, after, CLEANING_TIME).await;
        let (cleaning, next) = cleaned.map_err(|error| of_engine(&error))?;
        let count = |count: u64| i32::try_from(count).unwrap_or(i32::MAX);
        Ok(proto::CleanEntityStorageResponse {
            continuation_token: next.map(|id| id.to_string()),
            empty_entities_removed: count(cleaning.removed),
            orphaned_locks_released: count(cleaning.released),
        })
    }

    /// Says whether it was there and is gone.
    pub(super) async fn remove_entity(&self, text: &str) -> Result<bool, Status> {
        let id = self.entity_id(text)?;
        self.app.engine.remove_entity(&id).await.map_err(|error| of_engine(&error))
    }
}
