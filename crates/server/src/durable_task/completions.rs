//! What workers ask and answer.

use super::service::Service;
use super::status::{of_engine, of_invalid, stopping};
use super::workers::{Filters, Found, Names, Newcomer, WorkStream, Workers};
use partita_api::durable_task::entity::outcome;
use partita_api::durable_task::proto::{self, OrchestratorAction, WorkerCapability};
use partita_api::durable_task::value::{from_failure, from_optional_timestamp};
use partita_api::durable_task::{Completion, completion};
use partita_engine::kernel::entity::{BatchOutput, EntityAction};
use partita_engine::kernel::{Command, EventKind, Failure, InstanceId, Payload};
use partita_engine::{Engine, EngineError, Registry, RemoteOutput, Span};
use tonic::{Request, Status};

impl Service {
    pub(super) async fn connect(
        &self,
        request: Request<proto::GetWorkItemsRequest>,
    ) -> Result<WorkStream, Status> {
        let workers = self.workers()?;
        let header = |name: &str| request.metadata().get(name).and_then(|value| value.to_str().ok());
        let named = header("workerid").or_else(|| header("x-user-agent")).or_else(|| header("user-agent"));
        let label: String = named.unwrap_or("worker").chars().take(200).collect();
        let asked = request.into_inner();
        let limit = |asked: i32| usize::try_from(asked).unwrap_or(0);
        let newcomer = Newcomer {
            label,
            limits: [
                limit(asked.max_concurrent_orchestration_work_items),
                limit(asked.max_concurrent_activity_work_items),
                limit(asked.max_concurrent_entity_work_items),
            ],
            streams_history: asked.capabilities.contains(&i32::from(WorkerCapability::HistoryStreaming)),
            filters: Filters::read(asked.work_item_filters),
        };
        let stream = workers.connect(newcomer).await.map_err(|error| of_engine(&EngineError::from(error)))?;
        stream.ok_or_else(stopping)
    }

    pub(super) fn complete_activity(&self, response: proto::ActivityResponse) -> Result<(), Status> {
        let workers = self.workers()?;
        let task = Some(response.task_id);
        let Some(job) = found(workers.find(&response.completion_token, &response.instance_id, task))? else {
            return Ok(());
        };
        let outcome = match response.failure_details {
            Some(details) => Err(from_failure(details)),
            None => Ok(response.result.map(Payload::from)),
        };
        match workers.answer_activity(job, outcome) {
            true => Ok(()),
            false => Err(Status::invalid_argument("completionToken: it is not that of an activity")),
        }
    }

    pub(super) async fn complete_turn(&self, response: proto::OrchestratorResponse) -> Result<(), Status> {
        let workers = self.workers()?;
        let Some(job) = found(workers.find(&response.completion_token, &response.instance_id, None))? else {
            return Ok(());
        };
        if response.requires_history {
            workers.give_back(job); // it is always sent with its history
            return Ok(());
        }
        let first = response.chunk_index == Some(0);
        let most = self.app.engine.limits().commands.saturating_add(1);
        if response.is_partial {
            return workers
                .add_part(job, response.actions, first, most)
                .map_err(|problem| too_much(workers, job, problem));
        }
        let Some((actions, next)) = workers.whole(job, response.actions) else {
            return Err(Status::invalid_argument("completionToken: it is not that of a turn"));
        };
        if actions.len() > most {
            return Err(too_much(workers, job, most));
        }
        let read = completion(actions, response.custom_status, response.num_events_processed, next);
        let span = read.and_then(|read| Ok((read, span(response.orchestration_trace_context)?)));
        let (Completion { output, .. }, span) = match span {
            Ok(read) => read,
            Err(invalid) => {
                let text = format!("the worker's answer makes no sense: {invalid}");
                workers.refuse_turn(job, Failure::new("InvalidActions", text));
                return Err(of_invalid(&invalid));
            }
        };
        self.expect(workers, &output.commands).await?;
        workers.answer_turn(job, RemoteOutput { output, span });
        Ok(())
    }

    /// What an orchestrator asks for that nobody here knows, a worker may still run that is not there yet.
    async fn expect(&self, workers: &Workers, commands: &[Command]) -> Result<(), Status> {
        let mut unknown = Unknown::to(&self.app.engine);
        for command in commands {
            match command {
                Command::ScheduleTask { name, .. } => unknown.activity(name),
                Command::CreateSubOrchestration { name, .. } => unknown.workflow(name),
                Command::Entity { fact, .. } => target(fact).into_iter().for_each(|id| unknown.entity(id)),
                _ => {}
            }
        }
        workers.expect(unknown.names).await.map_err(|error| of_engine(&EngineError::from(error)))
    }

    pub(super) async fn complete_entity(&self, result: proto::EntityBatchResult) -> Result<(), Status> {
        let workers = self.workers()?;
        if result.completion_token.is_empty() {
            return Err(Status::invalid_argument("completionToken: it is missing"));
        }
        let Some(job) = found(workers.find(&result.completion_token, "", None))? else { return Ok(()) };
        if result.requires_state {
            workers.give_back(job); // it is always sent with its state
            return Ok(());
        }
        let outcome = match outcome(result) {
            Ok(outcome) => outcome,
            Err(invalid) => {
                let text = format!("the worker's answer makes no sense: {invalid}");
                workers.answer_entity(job, Err(Failure::new("InvalidActions", text)));
                return Err(of_invalid(&invalid));
            }
        };
        if let Ok(output) = &outcome {
            self.expect_of_entity(workers, output).await?;
        }
        match workers.answer_entity(job, outcome) {
            true => Ok(()),
            false => Err(Status::invalid_argument("completionToken: it is not that of an entity")),
        }
    }

    /// The same for what an entity asks for.
    async fn expect_of_entity(&self, workers: &Workers, output: &BatchOutput) -> Result<(), Status> {
        let mut unknown = Unknown::to(&self.app.engine);
        for action in &output.actions {
            match action {
                EntityAction::Start { name, .. } => unknown.workflow(name),
                EntityAction::Signal { target, .. } => unknown.entity(target),
            }
        }
        workers.expect(unknown.names).await.map_err(|error| of_engine(&EngineError::from(error)))
    }

    pub(super) fn abandon(&self, token: &str) -> Result<(), Status> {
        let workers = self.workers()?;
        if token.is_empty() {
            return Err(Status::invalid_argument("completionToken: it is missing"));
        }
        if let Some(job) = found(workers.find(token, "", None))? {
            workers.give_back(job);
        }
        Ok(())
    }
}

/// Collects the names that nobody here offers; what is too long is no name.
struct Unknown<'a> {
    registry: &'a Registry,
    longest: usize,
    names: Names,
}

impl<'a> Unknown<'a> {
    fn to(engine: &'a Engine) -> Self {
        Self { registry: engine.registry(), longest: engine.limits().name_chars, names: Names::default() }
    }

    fn workflow(&mut self, name: &str) {
        if name.len() <= self.longest && !self.registry.starts(name) {
            self.names.workflows.insert(name.to_owned());
        }
    }

    fn activity(&mut self, name: &str) {
        if name.len() <= self.longest && self.registry.function(name).is_none() {
            self.names.activities.insert(name.to_owned());
        }
    }

    fn entity(&mut self, id: &InstanceId) {
        let Some((name, _)) = id.entity_parts() else { return };
        if name.len() <= self.longest && self.registry.entity(name).is_none() {
            self.names.entities.insert(name.to_owned());
        }
    }
}

/// The entity that is to do something; locking one asks nothing of its code.
fn target(fact: &EventKind) -> Option<&InstanceId> {
    match fact {
        EventKind::EntityOperationSignaled { target, .. }
        | EventKind::EntityOperationCalled { target, .. } => target.as_ref(),
        _ => None,
    }
}

/// What a worker says about something that is over is taken and ignored.
fn found(found: Found) -> Result<Option<u64>, Status> {
    match found {
        Found::Job(job) => Ok(Some(job)),
        Found::Past => Ok(None),
        Found::Nothing => Err(Status::not_found(
            "there is no such work item: its completion token was not given out since this server started, or nobody \
             waits for that task of that instance",
        )),
    }
}

fn span(
    context: Option<proto::OrchestrationTraceContext>,
) -> Result<Option<Span>, partita_api::durable_task::Invalid> {
    let Some(context) = context else { return Ok(None) };
    let field = "orchestrationTraceContext.spanStartTime";
    Ok(Some(Span {
        id: context.span_id.map(Into::into),
        started_at: from_optional_timestamp(field, context.span_start_time.as_ref())?,
    }))
}

fn too_much(workers: &Workers, job: u64, most: usize) -> Status {
    let text = format!("a turn asks for more than the {most} things that are allowed");
    workers.refuse_turn(job, Failure::new("TooManyActions", text.clone()).non_retriable());
    Status::invalid_argument(format!("actions: {text}"))
}

/// All actions of a turn's answer, and the generation that begins if it continues as new.
pub(super) type Whole = (Vec<OrchestratorAction>, partita_engine::kernel::ExecutionId);
