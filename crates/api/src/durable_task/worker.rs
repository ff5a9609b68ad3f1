//! The worker's side: what there is to do as it is read, and answers as they are written.
//!
//! It is the opposite of [`work`](super::work), [`action`](super::action) and [`entity`](super::entity), for programs
//! that run what a server hands out.

use super::event::{FIRE_AND_FORGET, entities, from_entities, from_history_event};
use super::proto::history_event::EventType;
use super::proto::operation_action::OperationActionType;
use super::proto::operation_result::ResultType;
use super::proto::orchestrator_action::OrchestratorActionType as Action;
use super::proto::send_entity_message_action::EntityMessageType;
use super::value::{
    execution_id, from_tags, from_trace, instance_id, name, payload, shown, text, to_failure, to_instance,
    to_status, to_tags, to_timestamp, to_trace, version,
};
use super::{Invalid, proto};
use partita_engine::kernel::command::CustomStatus;
use partita_engine::kernel::entity::{BatchOutput, Caller, EntityAction, Operation};
use partita_engine::kernel::{
    Command, Event, EventKind, ExecutionId, Failure, InstanceId, Payload, Status, Timestamp, TurnOutput,
};
use partita_engine::{EntityBatch, FunctionCall};

/// Reads a call of an activity.
///
/// # Errors
/// Says which field makes no sense.
pub fn call(request: proto::ActivityRequest) -> Result<FunctionCall, Invalid> {
    let of = request.orchestration_instance.ok_or_else(|| Invalid::missing("orchestrationInstance"))?;
    let execution = of.execution_id.unwrap_or_default();
    Ok(FunctionCall {
        instance: instance_id("orchestrationInstance.instanceId", &of.instance_id)?,
        execution: execution_id("orchestrationInstance.executionId", &execution)?,
        task_id: request.task_id,
        name: name("name", request.name)?,
        version: version(request.version),
        input: payload(request.input),
        tags: from_tags(request.tags),
        trace: from_trace(request.parent_trace_context),
        cancellation: Default::default(),
    })
}

/// Writes the outcome of a call.
#[must_use]
pub fn outcome(
    instance: &InstanceId,
    task_id: i32,
    outcome: Result<Option<Payload>, Failure>,
    token: String,
) -> proto::ActivityResponse {
    let (result, failure_details) = match outcome {
        Ok(result) => (text(result.as_ref()), None),
        Err(failure) => (None, Some(to_failure(&failure))),
    };
    let instance_id = instance.to_string();
    proto::ActivityResponse { instance_id, task_id, result, failure_details, completion_token: token }
}

/// Reads operations of an entity, told with their callers. What others than this project's server name a batch with may
/// be no generation; it counts for nothing, and is left out then.
///
/// # Errors
/// Says which field makes no sense.
pub fn batch(request: proto::EntityRequest) -> Result<EntityBatch, Invalid> {
    let asked = request.operation_requests.into_iter().enumerate();
    let read = |(index, event)| {
        asked_for(event).map_err(|invalid| invalid.within(&format!("operationRequests[{index}]")))
    };
    Ok(EntityBatch {
        id: entity_id(&request.instance_id)?,
        token: execution_id("executionId", &request.execution_id).unwrap_or(ExecutionId(0)),
        state: state(request.entity_state),
        operations: asked.map(read).collect::<Result<_, _>>()?,
        cancellation: Default::default(),
    })
}

/// Reads operations of an entity in the older form, which does not tell who calls.
///
/// # Errors
/// Says which field makes no sense.
pub fn old_batch(request: proto::EntityBatchRequest) -> Result<EntityBatch, Invalid> {
    let operation = |asked: proto::OperationRequest| Operation {
        request_id: asked.request_id.into(),
        name: asked.operation.into(),
        input: payload(asked.input),
        caller: None,
        scheduled_at: None,
        trace: from_trace(asked.trace_context),
    };
    Ok(EntityBatch {
        id: entity_id(&request.instance_id)?,
        token: ExecutionId(0),
        state: state(request.entity_state),
        operations: request.operations.into_iter().map(operation).collect(),
        cancellation: Default::default(),
    })
}

fn entity_id(text: &str) -> Result<InstanceId, Invalid> {
    InstanceId::parse_entity(text, usize::MAX).map_err(|e| Invalid::new("instanceId", e.to_string()))
}

/// The state of an entity: some servers say with an empty text that there is none.
fn state(text: Option<String>) -> Option<Payload> {
    payload(text.filter(|text| !text.is_empty()))
}

fn asked_for(event: proto::HistoryEvent) -> Result<Operation, Invalid> {
    let kind = event.event_type.ok_or_else(|| Invalid::missing("eventType"))?;
    let operations_only = || Invalid::new("eventType", "an entity is asked for operations alone");
    match kind {
        kind @ (EventType::EntityOperationSignaled(_) | EventType::EntityOperationCalled(_)) => {
            operation(from_entities(kind)?).ok_or_else(operations_only)
        }
        _ => Err(operations_only()),
    }
}

/// The operation that a fact asks for; `None` for a fact that asks for none.
fn operation(fact: EventKind) -> Option<Operation> {
    match fact {
        EventKind::EntityOperationSignaled { request_id, operation, scheduled_at, input, target: _ } => {
            Some(Operation { request_id, name: operation, input, caller: None, scheduled_at, trace: None })
        }
        EventKind::EntityOperationCalled {
            request_id,
            operation,
            scheduled_at,
            input,
            parent,
            parent_execution,
            target: _,
        } => {
            let execution = parent_execution.unwrap_or(ExecutionId(0));
            let caller = parent.map(|instance| Box::new(Caller { instance, execution }));
            Some(Operation { request_id, name: operation, input, caller, scheduled_at, trace: None })
        }
        _ => None,
    }
}

/// Writes who asked for the operations of a batch: servers that do not remember it want it back with the outcome.
#[must_use]
pub fn destinations(operations: &[Operation]) -> Vec<proto::OperationInfo> {
    let destination = |operation: &Operation| proto::OperationInfo {
        request_id: operation.request_id.to_string(),
        response_destination: operation
            .caller
            .as_deref()
            .map(|caller| to_instance(&caller.instance, Some(caller.execution))),
    };
    operations.iter().map(destination).collect()
}

/// Writes what came of a batch, or why it failed as a whole. `destinations` are those of the batch, and none for one
/// in the older form.
#[must_use]
pub fn operated(
    outcome: Result<BatchOutput, Failure>,
    mut destinations: Vec<proto::OperationInfo>,
    token: String,
) -> proto::EntityBatchResult {
    let output = match outcome {
        Ok(output) => output,
        Err(failure) => {
            return proto::EntityBatchResult {
                failure_details: Some(to_failure(&failure)),
                completion_token: token,
                ..proto::EntityBatchResult::default()
            };
        }
    };
    destinations.truncate(output.results.len());
    proto::EntityBatchResult {
        results: output.results.into_iter().map(result).collect(),
        actions: (0..).zip(output.actions).map(|(id, action)| entity_action(id, action)).collect(),
        entity_state: text(output.state.as_ref()),
        completion_token: token,
        operation_infos: destinations,
        ..proto::EntityBatchResult::default()
    }
}

fn result(result: Result<Option<Payload>, Box<Failure>>) -> proto::OperationResult {
    let kind = match result {
        Ok(result) => ResultType::Success(proto::OperationResultSuccess {
            result: text(result.as_ref()),
            ..proto::OperationResultSuccess::default()
        }),
        Err(failure) => ResultType::Failure(proto::OperationResultFailure {
            failure_details: Some(to_failure(&failure)),
            ..proto::OperationResultFailure::default()
        }),
    };
    proto::OperationResult { result_type: Some(kind) }
}

fn entity_action(id: i32, action: EntityAction) -> proto::OperationAction {
    let action = match action {
        EntityAction::Signal { target, operation, input, scheduled_at, trace } => {
            OperationActionType::SendSignal(proto::SendSignalAction {
                instance_id: target.to_string(),
                name: operation.to_string(),
                input: text(input.as_ref()),
                scheduled_time: scheduled_at.map(to_timestamp),
                request_time: None,
                parent_trace_context: trace.as_ref().map(to_trace),
            })
        }
        EntityAction::Start { instance, name, version, input, scheduled_at, trace } => {
            OperationActionType::StartNewOrchestration(proto::StartNewOrchestrationAction {
                instance_id: instance.map(|id| id.to_string()).unwrap_or_default(),
                name: name.to_string(),
                version: shown(version.as_ref()),
                input: text(input.as_ref()),
                scheduled_time: scheduled_at.map(to_timestamp),
                request_time: None,
                parent_trace_context: trace.as_ref().map(to_trace),
            })
        }
    };
    proto::OperationAction { id, operation_action_type: Some(action) }
}

/// Reads events.
///
/// # Errors
/// Says which event of `field` makes no sense.
pub fn events(field: &str, events: Vec<proto::HistoryEvent>) -> Result<Vec<Event>, Invalid> {
    let read = |(index, event)| {
        from_history_event(event).map_err(|invalid| invalid.within(&format!("{field}[{index}]")))
    };
    events.into_iter().enumerate().map(read).collect()
}

/// Whether a command can be asked for over the protocol. It has no word for giving up on something: what nobody waits
/// for any more just goes on.
#[must_use]
pub fn is_told(command: &Command) -> bool {
    !matches!(command, Command::Cancel { .. })
}

/// Writes what an orchestrator asks for. `end` is the id of its end, if it ends; `now` is the time of the turn.
#[must_use]
pub fn actions(commands: Vec<Command>, end: i32, now: Timestamp) -> Vec<proto::OrchestratorAction> {
    commands.into_iter().filter_map(|command| action(command, end, now)).collect()
}

/// Writes what an orchestrator says of its progress. That there is nothing to say any more is `null`.
#[must_use]
pub fn custom_status(output: &TurnOutput) -> Option<String> {
    match &output.custom_status {
        CustomStatus::Unchanged => None,
        CustomStatus::Set(status) => Some(text(status.as_ref()).unwrap_or_else(|| "null".to_owned())),
    }
}

fn action(command: Command, end: i32, now: Timestamp) -> Option<proto::OrchestratorAction> {
    let (id, action) = match command {
        Command::ScheduleTask { id, name, version, input, tags, trace } => {
            let task = proto::ScheduleTaskAction {
                name: name.to_string(),
                version: shown(version.as_ref()),
                input: text(input.as_ref()),
                tags: to_tags(&tags),
                parent_trace_context: trace.as_ref().map(to_trace),
            };
            (id, Action::ScheduleTask(task))
        }
        Command::CreateSubOrchestration { id, instance, name, version, input, tags, trace, detached } => {
            let mut tags = to_tags(&tags);
            if detached {
                tags.entry(FIRE_AND_FORGET.to_owned()).or_insert_with(|| "true".to_owned());
            }
            let child = proto::CreateSubOrchestrationAction {
                instance_id: instance.map(|id| id.to_string()).unwrap_or_default(),
                name: name.to_string(),
                version: shown(version.as_ref()),
                input: text(input.as_ref()),
                parent_trace_context: trace.as_ref().map(to_trace),
                tags,
            };
            (id, Action::CreateSubOrchestration(child))
        }
        Command::CreateTimer { id, fire_at } => {
            let timer = proto::CreateTimerAction { fire_at: Some(to_timestamp(fire_at)) };
            (id, Action::CreateTimer(timer))
        }
        Command::SendEvent { id, target, name, input } => {
            let event = proto::SendEventAction {
                instance: Some(to_instance(&target, None)),
                name: name.to_string(),
                data: text(input.as_ref()),
            };
            (id, Action::SendEvent(event))
        }
        Command::Cancel { .. } => return None,
        Command::Entity { id, fact } => (id, Action::SendEntityMessage(message(&fact)?)),
        Command::Complete { status, result, failure } => {
            (end, Action::CompleteOrchestration(ending(status, result.as_ref(), failure.as_deref())))
        }
        Command::ContinueAsNew { input, version, carry_over, execution: _ } => {
            let carried = carry_over.into_iter().map(|(name, input)| EventKind::EventRaised { name, input });
            let next = proto::CompleteOrchestrationAction {
                new_version: shown(version.as_ref()),
                carryover_events: carried.map(|kind| carried_over(now, kind)).collect(),
                ..ending(Status::ContinuedAsNew, input.as_ref(), None)
            };
            (end, Action::CompleteOrchestration(next))
        }
    };
    Some(proto::OrchestratorAction { id, orchestrator_action_type: Some(action) })
}

fn ending(
    status: Status,
    result: Option<&Payload>,
    failure: Option<&Failure>,
) -> proto::CompleteOrchestrationAction {
    proto::CompleteOrchestrationAction {
        orchestration_status: to_status(status),
        result: text(result),
        failure_details: failure.map(to_failure),
        ..proto::CompleteOrchestrationAction::default()
    }
}

fn carried_over(now: Timestamp, kind: EventKind) -> proto::HistoryEvent {
    // Whose event it is shows only in events that name their instance, which these do not.
    super::to_history_event(&InstanceId::trusted(""), &Event::incoming(now, kind))
}

/// A message to an entity; `None` for a fact that is none.
fn message(fact: &EventKind) -> Option<proto::SendEntityMessageAction> {
    let message = match entities(fact) {
        EventType::EntityOperationSignaled(event) => EntityMessageType::EntityOperationSignaled(event),
        EventType::EntityOperationCalled(event) => EntityMessageType::EntityOperationCalled(event),
        EventType::EntityLockRequested(event) => EntityMessageType::EntityLockRequested(event),
        EventType::EntityUnlockSent(event) => EntityMessageType::EntityUnlockSent(event),
        _ => return None,
    };
    Some(proto::SendEntityMessageAction { entity_message_type: Some(message) })
}

#[cfg(test)]
#[path = "worker_tests.rs"]
mod tests;
