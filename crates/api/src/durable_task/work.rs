//! Work items: what a worker is given to do.

use super::event::to_history_event;
use super::proto;
use super::proto::work_item::Request;
use super::value::{text, to_instance, to_tags, to_trace};
use partita_engine::FunctionCall;
use partita_engine::kernel::{Event, EventKind, ExecutionId, InstanceId};

/// A call of an activity.
#[must_use]
pub fn activity(call: &FunctionCall) -> proto::ActivityRequest {
    proto::ActivityRequest {
        name: call.name.to_string(),
        version: call.version.as_ref().map(ToString::to_string),
        input: text(call.input.as_ref()),
        orchestration_instance: Some(to_instance(&call.instance, Some(call.execution))),
        task_id: call.task_id,
        parent_trace_context: call.trace.as_ref().map(to_trace),
        tags: to_tags(&call.tags),
    }
}

/// A turn of an orchestrator. With `past` left empty and `streams` set, the worker asks for the past by itself.
#[must_use]
pub fn turn(
    instance: &InstanceId,
    execution: ExecutionId,
    past: Vec<proto::HistoryEvent>,
    new: Vec<proto::HistoryEvent>,
    streams: bool,
) -> proto::OrchestratorRequest {
    proto::OrchestratorRequest {
        instance_id: instance.to_string(),
        execution_id: Some(execution.to_string()),
        past_events: past,
        new_events: new,
        requires_history_streaming: streams,
        ..proto::OrchestratorRequest::default()
    }
}

/// Events as a worker is told of them. Of those that a worker has no use for it hears nothing: that the server has taken
/// an instance back is over when the worker goes on, and giving up on something is never its own request.
#[must_use]
pub fn told<'a>(
    instance: &InstanceId,
    events: impl IntoIterator<Item = &'a Event>,
) -> Vec<proto::HistoryEvent> {
    let tells = |event: &&Event| {
        !matches!(event.kind, EventKind::ExecutionRewound { .. } | EventKind::OperationCanceled { .. })
    };
    events.into_iter().filter(tells).map(|event| to_history_event(instance, event)).collect()
}

/// A work item, with the token that its completion names.
#[must_use]
pub fn item(request: Request, token: String) -> proto::WorkItem {
    proto::WorkItem { completion_token: token, request: Some(request) }
}

/// A sign of life.
#[must_use]
pub fn ping() -> proto::WorkItem {
    item(Request::HealthPing(proto::HealthPing {}), String::new())
}
