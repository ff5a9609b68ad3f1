//! A server that takes workers, and clients that speak the protocol by hand.

use partita::Runtime;
use partita_api::durable_task::proto;
use partita_api::durable_task::proto::orchestrator_action::OrchestratorActionType as Action;
use partita_api::durable_task::proto::task_hub_sidecar_service_client::TaskHubSidecarServiceClient;
use partita_api::durable_task::proto::work_item::Request;
use partita_engine::kernel::{Failure, InstanceId};
use partita_engine::store::{MemoryStore, Store};
use partita_engine::{Engine, EngineConfig};
use partita_server::durable_task::workers::{WorkerOffers, WorkerOptions, Workers};
use partita_server::parts::Parts;
use partita_server::{Server, ServerOptions};
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tonic::transport::{Channel, Endpoint};

pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) type Hub = TaskHubSidecarServiceClient<Channel>;

pub(crate) struct Site {
    pub(crate) address: String,
    pub(crate) engine: Engine,
    pub(crate) workers: Arc<Workers>,
    pub(crate) stop: CancellationToken,
}

impl Site {
    pub(crate) async fn open() -> Self {
        Self::with(|_| {}, |_| {}).await
    }

    pub(crate) async fn with(
        options: impl FnOnce(&mut WorkerOptions),
        config: impl FnOnce(&mut EngineConfig),
    ) -> Self {
        let store: Arc<dyn Store> = Arc::new(MemoryStore::new(2));
        let mut chosen = WorkerOptions { grace: Duration::from_millis(50), ..WorkerOptions::default() };
        options(&mut chosen);
        let workers = Workers::open(store.clone(), chosen).await.unwrap();
        let runtime = Runtime::builder().offers(Arc::new(WorkerOffers::new(workers.clone()))).store(store);
        let engine = runtime.configure(config).start().await.unwrap().engine().clone();
        let parts = Parts { workers: Some(workers.clone()), ..Parts::default() };
        let options = ServerOptions { listen: "127.0.0.1:0".parse().unwrap(), ..ServerOptions::default() };
        let server = Server::bind_with(engine.clone(), parts, options).await.unwrap();
        let address = server.address().to_string();
        let stop = CancellationToken::new();
        tokio::spawn(server.serve(stop.clone().cancelled_owned()));
        Self { address, engine, workers, stop }
    }

    /// A connection of its own.
    pub(crate) async fn hub(&self) -> Hub {
        let endpoint = Endpoint::try_from(format!("http://{}", self.address)).unwrap();
        Hub::new(endpoint.connect().await.unwrap()).max_decoding_message_size(64 << 20)
    }

    pub(crate) async fn worker(&self, asks: proto::GetWorkItemsRequest) -> Worker {
        let mut hub = self.hub().await;
        let items = hub.get_work_items(asks).await.unwrap().into_inner();
        Worker { hub, items }
    }

    pub(crate) async fn start(&self, workflow: &str, id: &str) {
        let request = proto::CreateInstanceRequest {
            instance_id: id.into(),
            name: workflow.into(),
            input: Some("1".into()),
            ..Default::default()
        };
        self.hub().await.start_instance(request).await.unwrap();
    }

    /// Why an instance is set aside, once it waits for somebody.
    pub(crate) async fn set_aside(&self, id: &str) -> Failure {
        let until = tokio::time::Instant::now() + PATIENCE;
        loop {
            let view = self.engine.get(&InstanceId::trusted(id)).await.unwrap().unwrap();
            if let Some(aside) = view.set_aside.filter(|aside| aside.retry_at.is_none()) {
                return aside.reason;
            }
            assert!(tokio::time::Instant::now() < until, "it is not set aside");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// The instance when it has ended.
    pub(crate) async fn end(&self, id: &str) -> proto::OrchestrationState {
        let request = proto::GetInstanceRequest { instance_id: id.into(), get_inputs_and_outputs: true };
        let mut hub = self.hub().await;
        let ended = tokio::time::timeout(PATIENCE, hub.wait_for_instance_completion(request)).await;
        ended.expect("it does not end").unwrap().into_inner().orchestration_state.unwrap()
    }
}

/// One stream of work items.
pub(crate) struct Worker {
    pub(crate) hub: Hub,
    pub(crate) items: tonic::Streaming<proto::WorkItem>,
}

/// A turn that a worker has.
pub(crate) struct Turn {
    pub(crate) token: String,
    pub(crate) request: proto::OrchestratorRequest,
}

impl Turn {
    pub(crate) fn answer(&self, actions: Vec<proto::OrchestratorAction>) -> proto::OrchestratorResponse {
        proto::OrchestratorResponse {
            instance_id: self.request.instance_id.clone(),
            completion_token: self.token.clone(),
            actions,
            ..Default::default()
        }
    }
}

impl Worker {
    pub(crate) async fn item(&mut self) -> proto::WorkItem {
        let item = tokio::time::timeout(PATIENCE, self.items.message()).await.expect("nothing comes");
        item.unwrap().expect("the stream has ended")
    }
    pub(crate) async fn turn(&mut self) -> Turn {
        let item = self.item().await;
        let Some(Request::OrchestratorRequest(request)) = item.request else { panic!("{item:?}") };
        Turn { token: item.completion_token, request }
    }
    pub(crate) async fn activity(&mut self) -> (String, proto::ActivityRequest) {
        let item = self.item().await;
        let Some(Request::ActivityRequest(request)) = item.request else { panic!("{item:?}") };
        (item.completion_token, request)
    }
    pub(crate) async fn complete(&mut self, response: proto::OrchestratorResponse) {
        self.hub.complete_orchestrator_task(response).await.unwrap();
    }
}

pub(crate) fn call(id: i32, name: &str) -> proto::OrchestratorAction {
    let task = proto::ScheduleTaskAction { name: name.into(), input: Some("2".into()), ..Default::default() };
    proto::OrchestratorAction { id, orchestrator_action_type: Some(Action::ScheduleTask(task)) }
}

pub(crate) fn done(id: i32, result: &str) -> proto::OrchestratorAction {
    let end = proto::CompleteOrchestrationAction {
        orchestration_status: proto::OrchestrationStatus::Completed.into(),
        result: Some(result.into()),
        ..Default::default()
    };
    proto::OrchestratorAction { id, orchestrator_action_type: Some(Action::CompleteOrchestration(end)) }
}

/// A worker that takes turns of these workflows and calls of these activities, and nothing else.
pub(crate) fn filtered(workflows: &[&str], activities: &[&str]) -> proto::GetWorkItemsRequest {
    let orchestrations = workflows
        .iter()
        .map(|name| proto::OrchestrationFilter { name: (*name).into(), versions: Vec::new() })
        .collect();
    let activities = activities
        .iter()
        .map(|name| proto::ActivityFilter { name: (*name).into(), versions: Vec::new() })
        .collect();
    proto::GetWorkItemsRequest {
        work_item_filters: Some(proto::WorkItemFilters { orchestrations, activities, entities: Vec::new() }),
        ..Default::default()
    }
}
