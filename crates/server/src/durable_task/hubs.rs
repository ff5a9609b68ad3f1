//! Making and deleting task hubs: the one that the metadata names.

use super::service::Service;
use super::status::of_problem;
use crate::hubs::{DEFAULT, HEADER, HubError, HubName, Hubs};
use partita_api::Problem;
use partita_api::durable_task::proto;
use partita_engine::EngineError;
use partita_engine::store::Filter;
use std::sync::Arc;
use tonic::metadata::MetadataMap;
use tonic::{Request, Status};

impl Service {
    pub(super) async fn create_hub(
        &self,
        request: Request<proto::CreateTaskHubRequest>,
    ) -> Result<(), Status> {
        let name = name(request.metadata());
        told(self.make(name, request.get_ref().recreate_if_exists).await)
    }

    pub(super) async fn delete_hub(
        &self,
        request: Request<proto::DeleteTaskHubRequest>,
    ) -> Result<(), Status> {
        told(self.remove(name(request.metadata())).await)
    }

    async fn make(&self, name: &str, anew: bool) -> Result<(), HubError> {
        let hubs = self.hubs()?;
        if hubs.is_default(name) {
            return if anew { self.check_empty().await } else { Ok(()) };
        }
        let name = HubName::parse(name)?;
        let is_there = hubs.get(&name).is_ok();
        match (is_there, anew) {
            (true, false) => Ok(()),
            _ if !hubs.on_first_use() => Err(HubError::NotByClients(name.to_string())),
            (_, true) => hubs.recreate(&name).await,
            (_, false) => hubs.create(&name).await.map(drop),
        }
    }

    /// Clients that delete a hub mean everything that is in it.
    async fn remove(&self, name: &str) -> Result<(), HubError> {
        let hubs = self.hubs()?;
        if hubs.is_default(name) {
            return Err(HubError::Default("the default task hub cannot be deleted"));
        }
        let name = HubName::parse(name)?;
        if !hubs.on_first_use() {
            return Err(HubError::NotByClients(name.to_string()));
        }
        hubs.delete(&name, true).await
    }

    /// The default hub is as new when nothing is in it.
    async fn check_empty(&self) -> Result<(), HubError> {
        for entities in [false, true] {
            let all = Filter { entities, ..Filter::default() };
            if self.app.engine.count(&all).await?.total() > 0 {
                return Err(HubError::Default(
                    "the default task hub has instances or entities, and cannot be deleted and made anew; purge them, \
                     or use another hub",
                ));
            }
        }
        Ok(())
    }

    fn hubs(&self) -> Result<&Arc<Hubs>, HubError> {
        self.app.parts.hubs.as_ref().ok_or(HubError::Alone)
    }
}

fn name(metadata: &MetadataMap) -> &str {
    let name = metadata.get(HEADER).and_then(|name| name.to_str().ok());
    name.filter(|name| !name.is_empty()).unwrap_or(DEFAULT)
}

fn told(outcome: Result<(), HubError>) -> Result<(), Status> {
    outcome.map_err(|error| match &error {
        HubError::NotByClients(_) => Status::failed_precondition(error.to_string()),
        HubError::Engine(EngineError::Stopping) => Status::unavailable(error.to_string()),
        _ => of_problem(&Problem::from(&error)),
    })
}
