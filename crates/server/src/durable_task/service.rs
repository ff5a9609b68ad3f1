//! The service: every RPC and where it is handled.

use super::history::Chunks;
use super::status::absent;
use super::workers::{WorkStream, Workers};
use crate::app::Shared;
use partita_api::durable_task::proto;
use partita_api::durable_task::proto::task_hub_sidecar_service_server::TaskHubSidecarService;
use partita_engine::WaitFor;
use std::sync::Arc;
use tonic::{Request, Response, Status};

/// The protocol over one engine.
pub(super) struct Service {
    pub(super) app: Shared,
}

impl Service {
    pub(super) fn new(app: Shared) -> Self {
        Self { app }
    }

    pub(super) fn workers(&self) -> Result<&Arc<Workers>, Status> {
        let workers = self.app.parts.workers.as_ref();
        workers.ok_or_else(|| absent("this server takes no workers: its engine was not told of any"))
    }
}

type Reply<T> = Result<Response<T>, Status>;

#[tonic::async_trait]
impl TaskHubSidecarService for Service {
    type GetWorkItemsStream = WorkStream;
    type StreamInstanceHistoryStream = Chunks;

    async fn hello(&self, _: Request<()>) -> Reply<()> {
        Ok(Response::new(()))
    }

    async fn start_instance(
        &self,
        request: Request<proto::CreateInstanceRequest>,
    ) -> Reply<proto::CreateInstanceResponse> {
        self.start(request.into_inner()).await.map(Response::new)
    }

    async fn get_instance(
        &self,
        request: Request<proto::GetInstanceRequest>,
    ) -> Reply<proto::GetInstanceResponse> {
        self.get(request.into_inner()).await.map(Response::new)
    }

    async fn rewind_instance(
        &self,
        request: Request<proto::RewindInstanceRequest>,
    ) -> Reply<proto::RewindInstanceResponse> {
        self.rewind(request.into_inner()).await?;
        Ok(Response::new(proto::RewindInstanceResponse {}))
    }

    async fn restart_instance(
        &self,
        request: Request<proto::RestartInstanceRequest>,
    ) -> Reply<proto::RestartInstanceResponse> {
        self.restart(request.into_inner()).await.map(Response::new)
    }

    async fn wait_for_instance_start(
        &self,
        request: Request<proto::GetInstanceRequest>,
    ) -> Reply<proto::GetInstanceResponse> {
        self.wait(request.into_inner(), WaitFor::Start).await.map(Response::new)
    }

    async fn wait_for_instance_completion(
        &self,
        request: Request<proto::GetInstanceRequest>,
    ) -> Reply<proto::GetInstanceResponse> {
        self.wait(request.into_inner(), WaitFor::End).await.map(Response::new)
    }

    async fn raise_event(
        &self,
        request: Request<proto::RaiseEventRequest>,
    ) -> Reply<proto::RaiseEventResponse> {
        self.raise(request.into_inner()).await?;
        Ok(Response::new(proto::RaiseEventResponse {}))
    }

    async fn terminate_instance(
        &self,
        request: Request<proto::TerminateRequest>,
    ) -> Reply<proto::TerminateResponse> {
        self.terminate(request.into_inner()).await?;
        Ok(Response::new(proto::TerminateResponse {}))
    }

    async fn suspend_instance(
        &self,
        request: Request<proto::SuspendRequest>,
    ) -> Reply<proto::SuspendResponse> {
        self.suspend(request.into_inner()).await?;
        Ok(Response::new(proto::SuspendResponse {}))
    }

    async fn resume_instance(&self, request: Request<proto::ResumeRequest>) -> Reply<proto::ResumeResponse> {
        self.resume(request.into_inner()).await?;
        Ok(Response::new(proto::ResumeResponse {}))
    }

    async fn query_instances(
        &self,
        request: Request<proto::QueryInstancesRequest>,
    ) -> Reply<proto::QueryInstancesResponse> {
        self.query(request.into_inner()).await.map(Response::new)
    }

    async fn list_instance_ids(
        &self,
        request: Request<proto::ListInstanceIdsRequest>,
    ) -> Reply<proto::ListInstanceIdsResponse> {
        self.list_ids(request.into_inner()).await.map(Response::new)
    }

    async fn purge_instances(
        &self,
        request: Request<proto::PurgeInstancesRequest>,
    ) -> Reply<proto::PurgeInstancesResponse> {
        self.purge(request.into_inner()).await.map(Response::new)
    }

    async fn get_work_items(&self, request: Request<proto::GetWorkItemsRequest>) -> Reply<WorkStream> {
        self.connect(request).await.map(Response::new)
    }

    async fn complete_activity_task(
        &self,
        request: Request<proto::ActivityResponse>,
    ) -> Reply<proto::CompleteTaskResponse> {
        self.complete_activity(request.into_inner())?;
        Ok(Response::new(proto::CompleteTaskResponse {}))
    }

    async fn complete_orchestrator_task(
        &self,
        request: Request<proto::OrchestratorResponse>,
    ) -> Reply<proto::CompleteTaskResponse> {
        self.complete_turn(request.into_inner()).await?;
        Ok(Response::new(proto::CompleteTaskResponse {}))
    }

    async fn complete_entity_task(
        &self,
        request: Request<proto::EntityBatchResult>,
    ) -> Reply<proto::CompleteTaskResponse> {
        self.complete_entity(request.into_inner()).await?;
        Ok(Response::new(proto::CompleteTaskResponse {}))
    }

    async fn stream_instance_history(
        &self,
        request: Request<proto::StreamInstanceHistoryRequest>,
    ) -> Reply<Chunks> {
        self.history(request.into_inner()).await.map(Response::new)
    }

    async fn create_task_hub(
        &self,
        request: Request<proto::CreateTaskHubRequest>,
    ) -> Reply<proto::CreateTaskHubResponse> {
        self.create_hub(request).await?;
        Ok(Response::new(proto::CreateTaskHubResponse {}))
    }

    async fn delete_task_hub(
        &self,
        request: Request<proto::DeleteTaskHubRequest>,
    ) -> Reply<proto::DeleteTaskHubResponse> {
        self.delete_hub(request).await?;
        Ok(Response::new(proto::DeleteTaskHubResponse {}))
    }

    async fn signal_entity(
        &self,
        request: Request<proto::SignalEntityRequest>,
    ) -> Reply<proto::SignalEntityResponse> {
        self.signal(request.into_inner()).await?;
        Ok(Response::new(proto::SignalEntityResponse {}))
    }

    async fn get_entity(&self, request: Request<proto::GetEntityRequest>) -> Reply<proto::GetEntityResponse> {
        self.entity(request.into_inner()).await.map(Response::new)
    }

    async fn query_entities(
        &self,
        request: Request<proto::QueryEntitiesRequest>,
    ) -> Reply<proto::QueryEntitiesResponse> {
        self.entities(request.into_inner()).await.map(Response::new)
    }

    async fn clean_entity_storage(
        &self,
        request: Request<proto::CleanEntityStorageRequest>,
    ) -> Reply<proto::CleanEntityStorageResponse> {
        self.clean(request.into_inner()).await.map(Response::new)
    }

    async fn abandon_task_activity_work_item(
        &self,
        request: Request<proto::AbandonActivityTaskRequest>,
    ) -> Reply<proto::AbandonActivityTaskResponse> {
        self.abandon(&request.into_inner().completion_token)?;
        Ok(Response::new(proto::AbandonActivityTaskResponse {}))
    }

    async fn abandon_task_orchestrator_work_item(
        &self,
        request: Request<proto::AbandonOrchestrationTaskRequest>,
    ) -> Reply<proto::AbandonOrchestrationTaskResponse> {
        self.abandon(&request.into_inner().completion_token)?;
        Ok(Response::new(proto::AbandonOrchestrationTaskResponse {}))
    }

    async fn abandon_task_entity_work_item(
        &self,
        request: Request<proto::AbandonEntityTaskRequest>,
    ) -> Reply<proto::AbandonEntityTaskResponse> {
        self.abandon(&request.into_inner().completion_token)?;
        Ok(Response::new(proto::AbandonEntityTaskResponse {}))
    }

    async fn skip_graceful_orchestration_terminations(
        &self,
        request: Request<proto::SkipGracefulOrchestrationTerminationsRequest>,
    ) -> Reply<proto::SkipGracefulOrchestrationTerminationsResponse> {
        let unterminated_instance_ids = self.end_all(request.into_inner()).await?;
        Ok(Response::new(proto::SkipGracefulOrchestrationTerminationsResponse { unterminated_instance_ids }))
    }
}
