//! The client's side: requests as they are written, instances and histories as they are read.
//!
//! It is the opposite of [`instance`](super::instance) and [`entity`](super::entity), for programs that ask a server.

use super::event::from_history_event;
use super::proto::history_event::EventType;
use super::value::{
    execution_id, from_failure, from_optional_timestamp, from_status, from_tags, instance_id, payload,
    target_id, text, to_status, to_tags, to_timestamp, to_trace, version,
};
use super::{Invalid, proto};
use partita_engine::kernel::{Event, EventKind, InstanceId, Payload, Timestamp};
use partita_engine::store::Filter;
use partita_engine::{EntityPage, EntityQuery, EntitySignal, EntityView, InstanceView, StartRequest};
use std::time::Duration;

/// Writes a start. `now` is the time of the request.
#[must_use]
pub fn start(request: StartRequest, now: Timestamp) -> proto::CreateInstanceRequest {
    let statuses: Vec<i32> = request.replaceable.iter().copied().map(to_status).collect();
    let policy = proto::OrchestrationIdReusePolicy { replaceable_status: statuses, action: 0 };
    proto::CreateInstanceRequest {
        instance_id: request.id.unwrap_or_default(),
        name: request.name,
        version: request.version,
        input: text(request.input.as_ref()),
        scheduled_start_timestamp: request.scheduled_at.map(to_timestamp),
        orchestration_id_reuse_policy: (!policy.replaceable_status.is_empty()).then_some(policy),
        tags: to_tags(&request.tags),
        parent_trace_context: request.trace.as_ref().map(to_trace),
        request_time: Some(to_timestamp(now)),
        ..proto::CreateInstanceRequest::default()
    }
}

/// Reads an instance. What the protocol does not tell is left empty: how many generations and events there were, and
/// whether it is set aside.
///
/// # Errors
/// Says which field makes no sense.
pub fn from_state(state: proto::OrchestrationState) -> Result<InstanceView, Invalid> {
    let at = |field, at: Option<prost_types::Timestamp>| from_optional_timestamp(field, at.as_ref());
    let execution = state.execution_id.filter(|id| !id.is_empty());
    let parent = state.parent_instance_id.filter(|id| !id.is_empty());
    let created_at = at("createdTimestamp", state.created_timestamp)?.unwrap_or_default();
    Ok(InstanceView {
        id: instance_id("instanceId", &state.instance_id)?,
        name: state.name.into(),
        version: version(state.version),
        status: from_status("orchestrationStatus", state.orchestration_status)?,
        created_at,
        updated_at: at("lastUpdatedTimestamp", state.last_updated_timestamp)?.unwrap_or(created_at),
        completed_at: at("completedTimestamp", state.completed_timestamp)?,
        scheduled_at: at("scheduledStartTimestamp", state.scheduled_start_timestamp)?,
        input: payload(state.input),
        output: payload(state.output),
        failure: state.failure_details.map(from_failure),
        custom_status: payload(state.custom_status),
        tags: from_tags(state.tags),
        parent: None,
        parent_id: parent.map(|id| instance_id("parentInstanceId", &id)).transpose()?,
        execution: execution.and_then(|id| execution_id("executionId", &id).ok()),
        generation: 0,
        history_events: 0,
        set_aside: None,
        is_set_aside: false,
    })
}

/// Reads the id of an instance.
///
/// # Errors
/// When it is none.
pub fn instance(field: &str, text: &str) -> Result<InstanceId, Invalid> {
    instance_id(field, text)
}

/// Reads an event of a history that is shown. Of what the protocol has no kind for, it tells with a generic event; of a
/// rewind it tells that there was one, but not what it took back.
///
/// # Errors
/// Says which field makes no sense.
pub fn shown_event(event: proto::HistoryEvent) -> Result<Event, Invalid> {
    let id = event.event_id;
    let at = from_optional_timestamp("timestamp", event.timestamp.as_ref())?.unwrap_or_default();
    let kind = match event.event_type {
        Some(EventType::ExecutionRewound(event)) => {
            let reason = event.reason.map_or(serde_json::Value::Null, serde_json::Value::from);
            let told = serde_json::json!({"executionRewound": {"reason": reason}});
            EventKind::Generic { data: Some(Payload::from(told.to_string())) }
        }
        Some(EventType::GenericEvent(event)) => generic(event.data),
        event_type => return from_history_event(proto::HistoryEvent { event_type, ..event }),
    };
    Ok(Event { id, at, kind })
}

fn generic(data: Option<String>) -> EventKind {
    let json: Option<serde_json::Value> = data.as_deref().and_then(|text| serde_json::from_str(text).ok());
    let task_id = json.as_ref().and_then(|json| json.get("operationCanceled")?.get("taskId")?.as_i64());
    match task_id.and_then(|id| i32::try_from(id).ok()) {
        Some(task_id) => EventKind::OperationCanceled { task_id },
        None => EventKind::Generic { data: payload(data) },
    }
}

/// Writes which instances a query means.
///
/// # Errors
/// Says what the protocol has no field for.
pub fn query(filter: &Filter) -> Result<proto::InstanceQuery, Invalid> {
    let known = Filter {
        statuses: filter.statuses.clone(),
        created_from: filter.created_from,
        created_to: filter.created_to,
        id_prefix: filter.id_prefix.clone(),
        ..Filter::default()
    };
    if known != *filter {
        let problem =
            "this protocol can ask only by status, by when an instance was made, and by how its id begins";
        return Err(Invalid::new("filter", problem));
    }
    Ok(proto::InstanceQuery {
        runtime_status: known.statuses.into_iter().map(to_status).collect(),
        created_time_from: known.created_from.map(to_timestamp),
        created_time_to: known.created_to.map(to_timestamp),
        instance_id_prefix: known.id_prefix,
        ..proto::InstanceQuery::default()
    })
}

/// Writes which instances a list of ids means: those that have ended.
///
/// # Errors
/// Says what the protocol has no field for.
pub fn list(filter: &Filter) -> Result<proto::ListInstanceIdsRequest, Invalid> {
    let known = Filter {
        statuses: filter.statuses.clone(),
        completed_from: filter.completed_from,
        completed_to: filter.completed_to,
        ..Filter::default()
    };
    if known != *filter {
        let problem = "this protocol can list ids only by status and by when an instance ended";
        return Err(Invalid::new("filter", problem));
    }
    Ok(proto::ListInstanceIdsRequest {
        runtime_status: known.statuses.into_iter().map(to_status).collect(),
        completed_time_from: known.completed_from.map(to_timestamp),
        completed_time_to: known.completed_to.map(to_timestamp),
        ..proto::ListInstanceIdsRequest::default()
    })
}

/// Writes which instances a purge means, and how long it may take.
///
/// # Errors
/// Says what the protocol has no field for.
pub fn purge(filter: &Filter, time: Duration) -> Result<proto::PurgeInstanceFilter, Invalid> {
    let known = Filter {
        statuses: filter.statuses.clone(),
        created_from: filter.created_from,
        created_to: filter.created_to,
        ..Filter::default()
    };
    if known != *filter {
        let problem = "this protocol can purge only by status and by when an instance was made";
        return Err(Invalid::new("filter", problem));
    }
    Ok(proto::PurgeInstanceFilter {
        created_time_from: known.created_from.map(to_timestamp),
        created_time_to: known.created_to.map(to_timestamp),
        runtime_status: known.statuses.into_iter().map(to_status).collect(),
        timeout: prost_types::Duration::try_from(time).ok(),
    })
}

/// Writes a signal for an entity. `now` is the time of the request.
#[must_use]
pub fn signal(entity: &InstanceId, signal: EntitySignal, now: Timestamp) -> proto::SignalEntityRequest {
    proto::SignalEntityRequest {
        instance_id: entity.to_string(),
        name: signal.operation,
        input: text(signal.input.as_ref()),
        request_id: signal.request_id.unwrap_or_default(),
        scheduled_time: signal.scheduled_at.map(to_timestamp),
        parent_trace_context: signal.trace.as_ref().map(to_trace),
        request_time: Some(to_timestamp(now)),
    }
}

/// Reads an entity. What the protocol does not tell is left empty: since when there is one, and of a lock, for which
/// critical section and since when.
///
/// # Errors
/// Says which field makes no sense.
pub fn from_metadata(entity: proto::EntityMetadata) -> Result<EntityView, Invalid> {
    let changed = from_optional_timestamp("lastModifiedTime", entity.last_modified_time.as_ref())?;
    let holder = entity.locked_by.filter(|holder| !holder.is_empty());
    let holder = holder.map(|holder| instance_id("lockedBy", &holder)).transpose()?;
    Ok(EntityView {
        id: target_id("instanceId", &entity.instance_id)?,
        created_at: Timestamp(0),
        updated_at: changed.unwrap_or_default(),
        state: payload(entity.serialized_state),
        backlog: usize::try_from(entity.backlog_queue_size).unwrap_or(0),
        lock: holder.map(|holder| (holder, "".into(), Timestamp(0))),
    })
}

/// Writes which entities a query means.
///
/// # Errors
/// Says what the protocol has no field for.
pub fn entities(query: &EntityQuery) -> Result<proto::EntityQuery, Invalid> {
    Ok(proto::EntityQuery {
        instance_id_starts_with: beginning(query)?,
        last_modified_from: query.updated_from.map(to_timestamp),
        last_modified_to: query.updated_to.map(to_timestamp),
        include_state: true,
        include_transient: query.transient,
        page_size: Some(i32::try_from(query.limit).unwrap_or(i32::MAX).max(1)),
        continuation_token: query.after.as_ref().map(ToString::to_string),
    })
}

/// How the ids of all entities that a query means begin. A single name is the beginning of ids too.
fn beginning(query: &EntityQuery) -> Result<Option<String>, Invalid> {
    match (&query.names[..], &query.id_prefix) {
        ([], prefix) => Ok(prefix.clone()),
        ([name], None) => Ok(Some(match name.strip_suffix('*') {
            Some(name) => format!("@{name}"),
            None => format!("@{name}@"),
        })),
        _ => {
            let problem = "this protocol can ask only for one name or for how ids begin";
            Err(Invalid::new("names", problem))
        }
    }
}

/// Reads a page of entities.
///
/// # Errors
/// Says which field makes no sense.
pub fn entity_page(page: proto::QueryEntitiesResponse) -> Result<EntityPage, Invalid> {
    let entities = page.entities.into_iter().map(from_metadata).collect::<Result<_, _>>()?;
    // Only whoever gave it out knows what it means.
    let next = page.continuation_token.filter(|token| !token.is_empty());
    Ok(EntityPage { entities, next: next.map(|token| InstanceId::trusted(&token)) })
}

#[cfg(test)]
#[path = "client_tests.rs"]
mod tests;
