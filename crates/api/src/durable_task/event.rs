//! The events of a history.

use super::proto::history_event::EventType;
use super::value::{
    execution_id, from_failure, from_optional_timestamp, from_status, from_tags, from_timestamp, from_trace,
    instance_id, name, payload, shown, target_id, text, to_failure, to_instance, to_status, to_tags,
    to_timestamp, to_trace, version,
};
use super::{Invalid, proto};
use partita_engine::kernel::value::ParentLink;
use partita_engine::kernel::{Event, EventKind, ExecutionId, Failure, InstanceId, Tags, Timestamp};

/// The tag by which a sub-orchestration says that its parent does not wait for it.
pub const FIRE_AND_FORGET: &str = "FireAndForget";

/// An event of the instance `of` on the wire. A fact that the protocol has no kind for is told as a generic event.
#[must_use]
pub fn to_history_event(of: &InstanceId, event: &Event) -> proto::HistoryEvent {
    proto::HistoryEvent {
        event_id: event.id,
        timestamp: Some(to_timestamp(event.at)),
        event_type: Some(life(of, &event.kind)),
    }
}

fn life(of: &InstanceId, kind: &EventKind) -> EventType {
    match kind {
        EventKind::OrchestratorStarted => EventType::OrchestratorStarted(proto::OrchestratorStartedEvent {}),
        EventKind::OrchestratorCompleted => {
            EventType::OrchestratorCompleted(proto::OrchestratorCompletedEvent {})
        }
        EventKind::ExecutionStarted {
            name,
            version,
            input,
            execution,
            parent,
            scheduled_at,
            tags,
            trace,
        } => EventType::ExecutionStarted(proto::ExecutionStartedEvent {
            name: name.to_string(),
            version: shown(version.as_ref()),
            input: text(input.as_ref()),
            orchestration_instance: Some(to_instance(of, Some(*execution))),
            parent_instance: parent.as_deref().map(to_parent),
            scheduled_start_timestamp: scheduled_at.map(to_timestamp),
            parent_trace_context: trace.as_ref().map(to_trace),
            orchestration_span_id: None,
            tags: to_tags(tags),
        }),
        EventKind::ExecutionCompleted { status, result, failure } => {
            EventType::ExecutionCompleted(proto::ExecutionCompletedEvent {
                orchestration_status: to_status(*status),
                result: text(result.as_ref()),
                failure_details: failure.as_deref().map(to_failure),
            })
        }
        EventKind::ExecutionTerminated { output, recurse } => {
            EventType::ExecutionTerminated(proto::ExecutionTerminatedEvent {
                input: text(output.as_ref()),
                recurse: *recurse,
            })
        }
        EventKind::ExecutionSuspended { reason } => {
            EventType::ExecutionSuspended(proto::ExecutionSuspendedEvent { input: text(reason.as_ref()) })
        }
        EventKind::ExecutionResumed { reason } => {
            EventType::ExecutionResumed(proto::ExecutionResumedEvent { input: text(reason.as_ref()) })
        }
        EventKind::ExecutionRewound { reason, execution, cut: _, dropped: _ } => {
            EventType::ExecutionRewound(proto::ExecutionRewoundEvent {
                reason: text(reason.as_ref()),
                parent_execution_id: Some(execution.to_string()),
                instance_id: Some(of.to_string()),
                ..proto::ExecutionRewoundEvent::default()
            })
        }
        other => tasks(other),
    }
}

fn tasks(kind: &EventKind) -> EventType {
    match kind {
        EventKind::TaskScheduled { name, version, input, tags, trace } => {
            EventType::TaskScheduled(proto::TaskScheduledEvent {
                name: name.to_string(),
                version: shown(version.as_ref()),
                input: text(input.as_ref()),
                parent_trace_context: trace.as_ref().map(to_trace),
                tags: to_tags(tags),
            })
        }
        EventKind::TaskCompleted { task_id, result } => EventType::TaskCompleted(proto::TaskCompletedEvent {
            task_scheduled_id: *task_id,
            result: text(result.as_ref()),
        }),
        EventKind::TaskFailed { task_id, failure } => EventType::TaskFailed(proto::TaskFailedEvent {
            task_scheduled_id: *task_id,
            failure_details: Some(to_failure(failure)),
        }),
        EventKind::SubOrchestrationCreated { instance, name, version, input, tags, trace, detached } => {
            EventType::SubOrchestrationInstanceCreated(proto::SubOrchestrationInstanceCreatedEvent {
                instance_id: instance.to_string(),
                name: name.to_string(),
                version: shown(version.as_ref()),
                input: text(input.as_ref()),
                parent_trace_context: trace.as_ref().map(to_trace),
                tags: to_tags(&marked(tags, *detached)),
            })
        }
        EventKind::SubOrchestrationCompleted { task_id, result } => {
            EventType::SubOrchestrationInstanceCompleted(proto::SubOrchestrationInstanceCompletedEvent {
                task_scheduled_id: *task_id,
                result: text(result.as_ref()),
            })
        }
        EventKind::SubOrchestrationFailed { task_id, failure } => {
            EventType::SubOrchestrationInstanceFailed(proto::SubOrchestrationInstanceFailedEvent {
                task_scheduled_id: *task_id,
                failure_details: Some(to_failure(failure)),
            })
        }
        other => signals(other),
    }
}

fn signals(kind: &EventKind) -> EventType {
    match kind {
        EventKind::TimerCreated { fire_at } => {
            EventType::TimerCreated(proto::TimerCreatedEvent { fire_at: Some(to_timestamp(*fire_at)) })
        }
        EventKind::TimerFired { timer_id, fire_at } => EventType::TimerFired(proto::TimerFiredEvent {
            fire_at: Some(to_timestamp(*fire_at)),
            timer_id: *timer_id,
        }),
        EventKind::EventSent { target, name, input } => EventType::EventSent(proto::EventSentEvent {
            instance_id: target.to_string(),
            name: name.to_string(),
            input: text(input.as_ref()),
        }),
        EventKind::EventRaised { name, input } => EventType::EventRaised(proto::EventRaisedEvent {
            name: name.to_string(),
            input: text(input.as_ref()),
        }),
        EventKind::OperationCanceled { task_id } => {
            generic(Some(format!("{{\"operationCanceled\":{{\"taskId\":{task_id}}}}}")))
        }
        EventKind::Generic { data } => generic(text(data.as_ref())),
        other => entities(other),
    }
}

fn generic(data: Option<String>) -> EventType {
    EventType::GenericEvent(proto::GenericEvent { data })
}

/// What concerns entities, as an event and within an action.
pub(crate) fn entities(kind: &EventKind) -> EventType {
    let id = |id: &Option<InstanceId>| id.as_ref().map(ToString::to_string);
    match kind {
        EventKind::EntityOperationSignaled { request_id, operation, scheduled_at, input, target } => {
            EventType::EntityOperationSignaled(proto::EntityOperationSignaledEvent {
                request_id: request_id.to_string(),
                operation: operation.to_string(),
                scheduled_time: scheduled_at.map(to_timestamp),
                input: text(input.as_ref()),
                target_instance_id: id(target),
            })
        }
        EventKind::EntityOperationCalled {
            request_id,
            operation,
            scheduled_at,
            input,
            parent,
            parent_execution,
            target,
        } => EventType::EntityOperationCalled(proto::EntityOperationCalledEvent {
            request_id: request_id.to_string(),
            operation: operation.to_string(),
            scheduled_time: scheduled_at.map(to_timestamp),
            input: text(input.as_ref()),
            parent_instance_id: id(parent),
            parent_execution_id: parent_execution.map(|execution| execution.to_string()),
            target_instance_id: id(target),
        }),
        EventKind::EntityOperationCompleted { request_id, output } => {
            EventType::EntityOperationCompleted(proto::EntityOperationCompletedEvent {
                request_id: request_id.to_string(),
                output: text(output.as_ref()),
            })
        }
        EventKind::EntityOperationFailed { request_id, failure } => {
            EventType::EntityOperationFailed(proto::EntityOperationFailedEvent {
                request_id: request_id.to_string(),
                failure_details: Some(to_failure(failure)),
            })
        }
        EventKind::EntityLockRequested { section, lock_set, position, parent } => {
            EventType::EntityLockRequested(proto::EntityLockRequestedEvent {
                critical_section_id: section.to_string(),
                lock_set: lock_set.iter().map(ToString::to_string).collect(),
                position: i32::try_from(*position).unwrap_or(i32::MAX),
                parent_instance_id: id(parent),
            })
        }
        EventKind::EntityLockGranted { section } => {
            EventType::EntityLockGranted(proto::EntityLockGrantedEvent {
                critical_section_id: section.to_string(),
            })
        }
        EventKind::EntityUnlockSent { section, parent, target } => {
            EventType::EntityUnlockSent(proto::EntityUnlockSentEvent {
                critical_section_id: section.to_string(),
                parent_instance_id: id(parent),
                target_instance_id: id(target),
            })
        }
        // The functions here share the kinds among themselves.
        _ => generic(None),
    }
}

fn to_parent(link: &ParentLink) -> proto::ParentInstanceInfo {
    proto::ParentInstanceInfo {
        task_scheduled_id: link.task_id,
        name: Some(link.name.to_string()),
        version: shown(link.version.as_ref()),
        orchestration_instance: Some(to_instance(&link.instance, Some(link.execution))),
    }
}

/// Tags that say whether anybody waits.
fn marked(tags: &Tags, detached: bool) -> Tags {
    let mut tags = tags.clone();
    if detached {
        tags.entry(FIRE_AND_FORGET.into()).or_insert_with(|| "true".into());
    }
    tags
}

/// An event from the wire.
///
/// # Errors
/// When a field is missing or makes no sense, or the fact is one that has no place in a history here.
pub fn from_history_event(event: proto::HistoryEvent) -> Result<Event, Invalid> {
    let at = from_optional_timestamp("timestamp", event.timestamp.as_ref())?.unwrap_or(Timestamp(0));
    let kind = event.event_type.ok_or_else(|| Invalid::missing("eventType"))?;
    Ok(Event { id: event.event_id, at, kind: from_life(kind)? })
}

fn from_life(kind: EventType) -> Result<EventKind, Invalid> {
    Ok(match kind {
        EventType::OrchestratorStarted(_) => EventKind::OrchestratorStarted,
        EventType::OrchestratorCompleted(_) => EventKind::OrchestratorCompleted,
        EventType::ExecutionStarted(event) => {
            from_started(event).map_err(|e| e.within("executionStarted"))?
        }
        EventType::ExecutionCompleted(event) => EventKind::ExecutionCompleted {
            status: from_status("executionCompleted.orchestrationStatus", event.orchestration_status)?,
            result: payload(event.result),
            failure: event.failure_details.map(|details| Box::new(from_failure(details))),
        },
        EventType::ExecutionTerminated(event) => {
            EventKind::ExecutionTerminated { output: payload(event.input), recurse: event.recurse }
        }
        EventType::ExecutionSuspended(event) => {
            EventKind::ExecutionSuspended { reason: payload(event.input) }
        }
        EventType::ExecutionResumed(event) => EventKind::ExecutionResumed { reason: payload(event.input) },
        EventType::ExecutionRewound(_) => return Err(foreign("executionRewound")),
        EventType::HistoryState(_) => return Err(foreign("historyState")),
        EventType::ContinueAsNew(_) => return Err(foreign("continueAsNew")),
        other => from_tasks(other)?,
    })
}

fn foreign(field: &str) -> Invalid {
    Invalid::new(field, "this kind of event is never part of a history here")
}

fn from_started(event: proto::ExecutionStartedEvent) -> Result<EventKind, Invalid> {
    let execution =
        event.orchestration_instance.and_then(|instance| instance.execution_id).unwrap_or_default();
    Ok(EventKind::ExecutionStarted {
        name: name("name", event.name)?,
        version: version(event.version),
        input: payload(event.input),
        execution: execution_id("orchestrationInstance.executionId", &execution)?,
        parent: event.parent_instance.map(from_parent).transpose()?.map(Box::new),
        scheduled_at: from_optional_timestamp(
            "scheduledStartTimestamp",
            event.scheduled_start_timestamp.as_ref(),
        )?,
        tags: from_tags(event.tags),
        trace: from_trace(event.parent_trace_context),
    })
}

fn from_parent(parent: proto::ParentInstanceInfo) -> Result<ParentLink, Invalid> {
    let field = "parentInstance.orchestrationInstance";
    let instance = parent.orchestration_instance.ok_or_else(|| Invalid::missing(field))?;
    let execution = instance.execution_id.unwrap_or_default();
    Ok(ParentLink {
        instance: instance_id(&format!("{field}.instanceId"), &instance.instance_id)?,
        name: parent.name.unwrap_or_default().into(),
        version: version(parent.version),
        execution: execution_id(&format!("{field}.executionId"), &execution)?,
        task_id: parent.task_scheduled_id,
        detached: false,
    })
}

fn from_tasks(kind: EventType) -> Result<EventKind, Invalid> {
    Ok(match kind {
        EventType::TaskScheduled(event) => EventKind::TaskScheduled {
            name: name("taskScheduled.name", event.name)?,
            version: version(event.version),
            input: payload(event.input),
            tags: from_tags(event.tags),
            trace: from_trace(event.parent_trace_context),
        },
        EventType::TaskCompleted(event) => {
            EventKind::TaskCompleted { task_id: event.task_scheduled_id, result: payload(event.result) }
        }
        EventType::TaskFailed(event) => EventKind::TaskFailed {
            task_id: event.task_scheduled_id,
            failure: failure("taskFailed", event.failure_details)?,
        },
        EventType::SubOrchestrationInstanceCreated(event) => EventKind::SubOrchestrationCreated {
            instance: instance_id("subOrchestrationInstanceCreated.instanceId", &event.instance_id)?,
            name: name("subOrchestrationInstanceCreated.name", event.name)?,
            version: version(event.version),
            input: payload(event.input),
            detached: event.tags.contains_key(FIRE_AND_FORGET),
            tags: from_tags(event.tags),
            trace: from_trace(event.parent_trace_context),
        },
        EventType::SubOrchestrationInstanceCompleted(event) => EventKind::SubOrchestrationCompleted {
            task_id: event.task_scheduled_id,
            result: payload(event.result),
        },
        EventType::SubOrchestrationInstanceFailed(event) => EventKind::SubOrchestrationFailed {
            task_id: event.task_scheduled_id,
            failure: failure("subOrchestrationInstanceFailed", event.failure_details)?,
        },
        other => from_signals(other)?,
    })
}

fn failure(field: &str, details: Option<proto::TaskFailureDetails>) -> Result<Box<Failure>, Invalid> {
    let details = details.ok_or_else(|| Invalid::missing(&format!("{field}.failureDetails")))?;
    Ok(Box::new(from_failure(details)))
}

fn from_signals(kind: EventType) -> Result<EventKind, Invalid> {
    let due = |field: &str, at: Option<prost_types::Timestamp>| {
        from_timestamp(field, &at.ok_or_else(|| Invalid::missing(field))?)
    };
    Ok(match kind {
        EventType::TimerCreated(event) => {
            EventKind::TimerCreated { fire_at: due("timerCreated.fireAt", event.fire_at)? }
        }
        EventType::TimerFired(event) => EventKind::TimerFired {
            timer_id: event.timer_id,
            fire_at: due("timerFired.fireAt", event.fire_at)?,
        },
        EventType::EventSent(event) => EventKind::EventSent {
            target: target_id("eventSent.instanceId", &event.instance_id)?,
            name: name("eventSent.name", event.name)?,
            input: payload(event.input),
        },
        EventType::EventRaised(event) => EventKind::EventRaised {
            name: name("eventRaised.name", event.name)?,
            input: payload(event.input),
        },
        EventType::GenericEvent(event) => EventKind::Generic { data: payload(event.data) },
        other => from_entities(other)?,
    })
}

pub(crate) fn from_entities(kind: EventType) -> Result<EventKind, Invalid> {
    let id = |field: &str, id: Option<String>| {
        id.filter(|id| !id.is_empty()).map(|id| target_id(field, &id)).transpose()
    };
    Ok(match kind {
        EventType::EntityOperationSignaled(event) => EventKind::EntityOperationSignaled {
            request_id: name("entityOperationSignaled.requestId", event.request_id)?,
            operation: event.operation.into(),
            scheduled_at: from_optional_timestamp(
                "entityOperationSignaled.scheduledTime",
                event.scheduled_time.as_ref(),
            )?,
            input: payload(event.input),
            target: id("entityOperationSignaled.targetInstanceId", event.target_instance_id)?,
        },
        EventType::EntityOperationCalled(event) => from_called(event)?,
        EventType::EntityOperationCompleted(event) => EventKind::EntityOperationCompleted {
            request_id: name("entityOperationCompleted.requestId", event.request_id)?,
            output: payload(event.output),
        },
        EventType::EntityOperationFailed(event) => EventKind::EntityOperationFailed {
            request_id: name("entityOperationFailed.requestId", event.request_id)?,
            failure: failure("entityOperationFailed", event.failure_details)?,
        },
        EventType::EntityLockRequested(event) => {
            let entity = |entity: &String| target_id("entityLockRequested.lockSet", entity);
            EventKind::EntityLockRequested {
                section: name("entityLockRequested.criticalSectionId", event.critical_section_id)?,
                lock_set: event.lock_set.iter().map(entity).collect::<Result<_, _>>()?,
                position: u32::try_from(event.position)
                    .map_err(|_| Invalid::new("entityLockRequested.position", "it is negative"))?,
                parent: id("entityLockRequested.parentInstanceId", event.parent_instance_id)?,
            }
        }
        EventType::EntityLockGranted(event) => EventKind::EntityLockGranted {
            section: name("entityLockGranted.criticalSectionId", event.critical_section_id)?,
        },
        EventType::EntityUnlockSent(event) => EventKind::EntityUnlockSent {
            section: name("entityUnlockSent.criticalSectionId", event.critical_section_id)?,
            parent: id("entityUnlockSent.parentInstanceId", event.parent_instance_id)?,
            target: id("entityUnlockSent.targetInstanceId", event.target_instance_id)?,
        },
        // The functions here share the kinds among themselves.
        _ => return Err(foreign("eventType")),
    })
}

fn from_called(event: proto::EntityOperationCalledEvent) -> Result<EventKind, Invalid> {
    let id = |field: &str, id: Option<String>| id.map(|id| target_id(field, &id)).transpose();
    let execution = |text: String| -> Option<Result<ExecutionId, Invalid>> {
        (!text.is_empty()).then(|| execution_id("entityOperationCalled.parentExecutionId", &text))
    };
    Ok(EventKind::EntityOperationCalled {
        request_id: name("entityOperationCalled.requestId", event.request_id)?,
        operation: event.operation.into(),
        scheduled_at: from_optional_timestamp(
            "entityOperationCalled.scheduledTime",
            event.scheduled_time.as_ref(),
        )?,
        input: payload(event.input),
        parent: id("entityOperationCalled.parentInstanceId", event.parent_instance_id)?,
        parent_execution: event.parent_execution_id.and_then(execution).transpose()?,
        target: id("entityOperationCalled.targetInstanceId", event.target_instance_id)?,
    })
}

#[cfg(test)]
#[path = "event_tests.rs"]
mod tests;
