//! Entities: their work, and what workers and clients say of them.

use super::Invalid;
use super::event::to_history_event;
use super::proto;
use super::proto::operation_action::OperationActionType;
use super::proto::operation_result::ResultType;
use super::value::{
    from_failure, from_optional_timestamp, from_trace, instance_id, name, payload, target_id, text,
    to_timestamp, to_trace, version,
};
use partita_engine::kernel::entity::{BatchOutput, EntityAction, Operation};
use partita_engine::kernel::{Event, EventKind, Failure, InstanceId, Name, Payload, Timestamp};
use partita_engine::{EntityBatch, EntityQuery, EntitySignal, EntityView};

/// A batch in the form that tells who calls.
#[must_use]
pub fn request(batch: &EntityBatch, at: Timestamp) -> proto::EntityRequest {
    let event = |operation: &Operation| {
        let kind = fact(&batch.id, operation);
        to_history_event(&batch.id, &Event::incoming(at, kind))
    };
    proto::EntityRequest {
        instance_id: batch.id.to_string(),
        execution_id: batch.token.to_string(),
        entity_state: text(batch.state.as_ref()),
        operation_requests: batch.operations.iter().map(event).collect(),
    }
}

fn fact(entity: &InstanceId, operation: &Operation) -> EventKind {
    let Operation { request_id, name, input, caller, scheduled_at, .. } = operation.clone();
    let target = Some(entity.clone());
    match caller {
        None => {
            EventKind::EntityOperationSignaled { request_id, operation: name, scheduled_at, input, target }
        }
        Some(caller) => EventKind::EntityOperationCalled {
            request_id,
            operation: name,
            scheduled_at,
            input,
            parent: Some(caller.instance),
            parent_execution: Some(caller.execution),
            target,
        },
    }
}

/// A batch in the older form.
#[must_use]
pub fn batch_request(batch: &EntityBatch) -> proto::EntityBatchRequest {
    let operation = |operation: &Operation| proto::OperationRequest {
        operation: operation.name.to_string(),
        request_id: operation.request_id.to_string(),
        input: text(operation.input.as_ref()),
        trace_context: operation.trace.as_ref().map(to_trace),
    };
    proto::EntityBatchRequest {
        instance_id: batch.id.to_string(),
        entity_state: text(batch.state.as_ref()),
        operations: batch.operations.iter().map(operation).collect(),
        ..proto::EntityBatchRequest::default()
    }
}

/// What came of a batch; the inner error is that of a batch that failed as a whole.
///
/// # Errors
/// Says which part makes no sense.
pub fn outcome(result: proto::EntityBatchResult) -> Result<Result<BatchOutput, Failure>, Invalid> {
    if let Some(details) = result.failure_details {
        return Ok(Err(from_failure(details)));
    }
    let results = result.results.into_iter().enumerate();
    let actions = result.actions.into_iter().enumerate();
    Ok(Ok(BatchOutput {
        // Some SDKs say with an empty text that there is no state: no state is empty, as it is JSON.
        state: payload(result.entity_state.filter(|state| !state.is_empty())),
        results: results.map(|(index, result)| from_result(index, result)).collect::<Result<_, _>>()?,
        actions: actions
            .map(|(index, action)| from_action(action).map_err(|e| e.within(&format!("actions[{index}]"))))
            .collect::<Result<_, _>>()?,
    }))
}

fn from_result(
    index: usize,
    result: proto::OperationResult,
) -> Result<Result<Option<Payload>, Box<Failure>>, Invalid> {
    match result.result_type {
        Some(ResultType::Success(success)) => Ok(Ok(payload(success.result))),
        Some(ResultType::Failure(failure)) => {
            let missing = || Invalid::missing(&format!("results[{index}].failure.failureDetails"));
            Ok(Err(Box::new(from_failure(failure.failure_details.ok_or_else(missing)?))))
        }
        None => Err(Invalid::missing(&format!("results[{index}].resultType"))),
    }
}

fn from_action(action: proto::OperationAction) -> Result<EntityAction, Invalid> {
    match action.operation_action_type.ok_or_else(|| Invalid::missing("operationActionType"))? {
        OperationActionType::SendSignal(signal) => Ok(EntityAction::Signal {
            target: target_id("sendSignal.instanceId", &signal.instance_id)?,
            operation: name("sendSignal.name", signal.name)?,
            input: payload(signal.input),
            scheduled_at: from_optional_timestamp(
                "sendSignal.scheduledTime",
                signal.scheduled_time.as_ref(),
            )?,
            trace: from_trace(signal.parent_trace_context),
        }),
        OperationActionType::StartNewOrchestration(start) => {
            let field = "startNewOrchestration.scheduledTime";
            let given = Some(start.instance_id).filter(|id| !id.is_empty());
            Ok(EntityAction::Start {
                instance: given.map(|id| instance_id("startNewOrchestration.instanceId", &id)).transpose()?,
                name: name("startNewOrchestration.name", start.name)?,
                version: version(start.version),
                input: payload(start.input),
                scheduled_at: from_optional_timestamp(field, start.scheduled_time.as_ref())?,
                trace: from_trace(start.parent_trace_context),
            })
        }
    }
}

/// A client's signal.
///
/// # Errors
/// Says which field makes no sense.
pub fn signal(request: proto::SignalEntityRequest) -> Result<EntitySignal, Invalid> {
    Ok(EntitySignal {
        operation: name("name", request.name).map(|name: Name| name.to_string())?,
        input: payload(request.input),
        request_id: Some(request.request_id).filter(|id| !id.is_empty()),
        scheduled_at: from_optional_timestamp("scheduledTime", request.scheduled_time.as_ref())?,
        trace: from_trace(request.parent_trace_context),
    })
}

/// An entity as clients see it.
#[must_use]
pub fn to_metadata(view: &EntityView, with_state: bool) -> proto::EntityMetadata {
    proto::EntityMetadata {
        instance_id: view.id.to_string(),
        last_modified_time: Some(to_timestamp(view.updated_at)),
        backlog_queue_size: i32::try_from(view.backlog).unwrap_or(i32::MAX),
        locked_by: view.lock.as_ref().map(|(holder, ..)| holder.to_string()),
        serialized_state: text(view.state.as_ref().filter(|_| with_state)),
    }
}

/// A question for a page of entities, of `most` at the most.
///
/// # Errors
/// Says which field makes no sense.
pub fn query(query: &proto::EntityQuery, most: usize) -> Result<EntityQuery, Invalid> {
    let size = query.page_size.and_then(|size| usize::try_from(size).ok()).filter(|size| *size > 0);
    let token = query.continuation_token.as_deref().filter(|token| !token.is_empty());
    Ok(EntityQuery {
        names: Vec::new(),
        id_prefix: query.instance_id_starts_with.as_deref().filter(|prefix| !prefix.is_empty()).map(prefix),
        updated_from: from_optional_timestamp("lastModifiedFrom", query.last_modified_from.as_ref())?,
        updated_to: from_optional_timestamp("lastModifiedTo", query.last_modified_to.as_ref())?,
        transient: query.include_transient,
        after: token.map(|token| after("continuationToken", token)).transpose()?,
        limit: size.unwrap_or(100).min(most),
    })
}

/// The id after which a page begins.
///
/// # Errors
/// When it is not that of an entity.
pub fn after(field: &str, token: &str) -> Result<InstanceId, Invalid> {
    let id = InstanceId::trusted(token);
    match id.entity_parts() {
        Some(_) => Ok(id),
        None => Err(Invalid::new(field, "it was not given out by this server")),
    }
}

/// The beginning of an id: the name of an entity is the same in any case, its key is not.
fn prefix(given: &str) -> String {
    let given = if given.starts_with('@') { given.to_owned() } else { format!("@{given}") };
    match given.get(1..).and_then(|rest| rest.split_once('@')) {
        Some((name, key)) => format!("@{}@{key}", name.to_lowercase()),
        None => given.to_lowercase(),
    }
}

#[cfg(test)]
#[path = "entity_tests.rs"]
mod tests;
