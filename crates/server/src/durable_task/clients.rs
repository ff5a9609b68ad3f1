//! What clients ask of one instance.

use super::service::Service;
use super::status::{of_engine, of_invalid, stopping};
use partita_api::durable_task::instance::{StartOrder, start_order, to_state};
use partita_api::durable_task::proto;
use partita_engine::kernel::{InstanceId, Payload};
use partita_engine::{EngineError, InstanceView, WaitFor};
use tonic::Status;

impl Service {
    /// An id that a request names.
    pub(super) fn id(&self, text: &str) -> Result<InstanceId, Status> {
        self.app.engine.instance_id(text).map_err(|error| of_engine(&error))
    }

    pub(super) async fn start(
        &self,
        request: proto::CreateInstanceRequest,
    ) -> Result<proto::CreateInstanceResponse, Status> {
        let StartOrder { request, satisfied_by } =
            start_order(request).map_err(|error| of_invalid(&error))?;
        if let Some(workers) = &self.app.parts.workers {
            // SDKs start workflows before the worker that runs them is there.
            let engine = &self.app.engine;
            let unknown = !engine.registry().starts(&request.name)
                && request.name.chars().count() <= engine.limits().name_chars;
            if unknown {
                workers.expect_workflow(&request.name).await.map_err(|error| of_engine(&error.into()))?;
            }
        }
        let instance_id = match self.app.engine.start(request).await {
            Ok(started) => started.id.to_string(),
            Err(EngineError::AlreadyExists { id, status }) if satisfied_by.contains(&status) => {
                id.to_string()
            }
            Err(error) => return Err(of_engine(&error)),
        };
        Ok(proto::CreateInstanceResponse { instance_id })
    }

    pub(super) async fn get(
        &self,
        request: proto::GetInstanceRequest,
    ) -> Result<proto::GetInstanceResponse, Status> {
        let id = self.id(&request.instance_id)?;
        let view = self.app.engine.get(&id).await.map_err(|error| of_engine(&error))?;
        Ok(found(view.as_ref(), request.get_inputs_and_outputs))
    }

    /// Holds the call until the instance is so far; the caller says with a deadline how long, or just goes.
    pub(super) async fn wait(
        &self,
        request: proto::GetInstanceRequest,
        what: WaitFor,
    ) -> Result<proto::GetInstanceResponse, Status> {
        let id = self.id(&request.instance_id)?;
        let view = tokio::select! {
            view = self.app.engine.wait(&id, what, None) => view.map_err(|error| of_engine(&error))?,
            () = self.app.stopping.cancelled() => return Err(stopping()),
        };
        Ok(found(view.as_ref(), request.get_inputs_and_outputs))
    }

    pub(super) async fn raise(&self, request: proto::RaiseEventRequest) -> Result<(), Status> {
        let id = self.id(&request.instance_id)?;
        done(self.app.engine.raise_event(&id, &request.name, payload(request.input)).await)
    }

    pub(super) async fn terminate(&self, request: proto::TerminateRequest) -> Result<(), Status> {
        let id = self.id(&request.instance_id)?;
        match self.app.engine.terminate(&id, payload(request.output), request.recursive).await {
            Err(EngineError::NotFound(_)) => Ok(()), // SDKs end what may never have been
            other => done(other),
        }
    }

    pub(super) async fn suspend(&self, request: proto::SuspendRequest) -> Result<(), Status> {
        let id = self.id(&request.instance_id)?;
        done(self.app.engine.suspend(&id, payload(request.reason)).await)
    }

    pub(super) async fn resume(&self, request: proto::ResumeRequest) -> Result<(), Status> {
        let id = self.id(&request.instance_id)?;
        done(self.app.engine.resume(&id, payload(request.reason)).await)
    }

    pub(super) async fn rewind(&self, request: proto::RewindInstanceRequest) -> Result<(), Status> {
        let id = self.id(&request.instance_id)?;
        let outcome = self.app.engine.rewind(&id, payload(request.reason)).await;
        outcome.map_err(|error| of_engine(&error))
    }

    pub(super) async fn restart(
        &self,
        request: proto::RestartInstanceRequest,
    ) -> Result<proto::RestartInstanceResponse, Status> {
        let id = self.id(&request.instance_id)?;
        let outcome = self.app.engine.restart(&id, request.restart_with_new_instance_id).await;
        let started = outcome.map_err(|error| of_engine(&error))?;
        Ok(proto::RestartInstanceResponse { instance_id: started.id.to_string() })
    }

    /// Ends instances without asking their orchestrators, which is how this server ends all of them. Says which it
    /// could not end.
    pub(super) async fn end_all(
        &self,
        request: proto::SkipGracefulOrchestrationTerminationsRequest,
    ) -> Result<Vec<String>, Status> {
        let ids = request.instance_batch.map(|batch| batch.instance_ids).unwrap_or_default();
        let ids = bounded(ids)?;
        let mut left = Vec::new();
        for text in ids {
            let ended = match self.id(&text) {
                Ok(id) => {
                    self.app.engine.terminate(&id, payload(request.reason.clone()), false).await.is_ok()
                }
                Err(_) => false,
            };
            if !ended {
                left.push(text);
            }
        }
        Ok(left)
    }
}

/// How many ids one request may name.
const BATCH: usize = 500;

pub(super) fn bounded(ids: Vec<String>) -> Result<Vec<String>, Status> {
    if ids.len() > BATCH {
        let text = format!("instanceBatch.instanceIds: {} ids, where at most {BATCH} are allowed", ids.len());
        return Err(Status::invalid_argument(text));
    }
    Ok(ids)
}

fn payload(text: Option<String>) -> Option<Payload> {
    text.map(Payload::from)
}

/// What reaches an instance that has ended changes nothing, and that is no error to the SDKs.
fn done(outcome: Result<(), EngineError>) -> Result<(), Status> {
    match outcome {
        Ok(()) | Err(EngineError::Finished { .. }) => Ok(()),
        Err(error) => Err(of_engine(&error)),
    }
}

fn found(view: Option<&InstanceView>, payloads: bool) -> proto::GetInstanceResponse {
    proto::GetInstanceResponse {
        exists: view.is_some(),
        orchestration_state: view.map(|view| to_state(view, payloads)),
    }
}
