//! The events of a history.

use crate::instance::{Status, Tags, of_kernel_tags};
use crate::json::{Json, shown};
use crate::time::Time;
use partita_engine::kernel::value::ParentLink;
use partita_engine::kernel::{self, EventKind, InstanceId, Name};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What went wrong.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Failure {
    /// The error's type or class name.
    pub error_type: String,
    /// The error's message.
    pub message: String,
    /// Where it happened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stack_trace: Option<String>,
    /// Whether trying again is pointless.
    #[serde(default)]
    pub non_retriable: bool,
    /// The cause.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inner: Option<Box<Failure>>,
    /// Further properties.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub properties: BTreeMap<String, Json>,
}

impl From<&kernel::Failure> for Failure {
    fn from(failure: &kernel::Failure) -> Self {
        let properties = failure.properties.iter().map(|(key, text)| (key.to_string(), Json::of_text(text)));
        Self {
            error_type: failure.error_type.to_string(),
            message: failure.message.to_string(),
            stack_trace: failure.stack_trace.as_ref().map(|trace| trace.as_str().to_owned()),
            non_retriable: failure.non_retriable,
            inner: failure.inner.as_deref().map(|inner| Box::new(Self::from(inner))),
            properties: properties.collect(),
        }
    }
}

/// Who started an instance as a sub-orchestration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Parent {
    /// The parent's instance id.
    pub instance_id: String,
    /// The parent's workflow.
    pub name: String,
    /// The parent's workflow version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The parent's generation that asked.
    pub execution_id: String,
    /// The parent's task.
    pub task_id: i32,
    /// Whether the parent does not want to hear of the outcome.
    #[serde(default)]
    pub detached: bool,
}

impl From<&ParentLink> for Parent {
    fn from(link: &ParentLink) -> Self {
        Self {
            instance_id: link.instance.to_string(),
            name: link.name.to_string(),
            version: text(link.version.as_ref()),
            execution_id: link.execution.to_string(),
            task_id: link.task_id,
            detached: link.detached,
        }
    }
}

/// W3C trace context.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Trace {
    /// The `traceparent` header.
    pub parent: String,
    /// The `tracestate` header.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
}

impl From<&kernel::Trace> for Trace {
    fn from(trace: &kernel::Trace) -> Self {
        Self { parent: trace.parent.to_string(), state: text(trace.state.as_ref()) }
    }
}

/// A page of a history.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HistoryPage {
    /// How many events the history has in all.
    pub total: u32,
    /// The events.
    pub events: Vec<Event>,
    /// The `from` of the next page; missing on the last.
    pub next: Option<u32>,
}

macro_rules! event {
    ($($(#[doc = $doc:literal])* $field:ident: $type:ty,)*) => {
        /// One fact of a history. What a kind does not have is left out.
        #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
        #[serde(rename_all = "camelCase")]
        pub struct Event {
            /// Its number in the history, from 0.
            pub index: u32,
            /// The command that it records, or -1.
            pub id: i32,
            /// When it was recorded.
            pub timestamp: Option<Time>,
            /// Its kind, such as `TaskScheduled`.
            #[serde(rename = "type")]
            pub kind: String,
            $($(#[doc = $doc])* #[serde(default, skip_serializing_if = "Option::is_none")] pub $field: Option<$type>,)*
        }
    };
}

event! {
    /// The name of the workflow, function or event.
    name: String,
    /// The version of the workflow or function.
    version: String,
    /// The input, or an event's data.
    input: Json,
    /// The result of an activity, sub-orchestration or the instance.
    result: Json,
    /// The output that a termination gave, or an entity's answer.
    output: Json,
    /// Why somebody suspended, resumed or rewound.
    reason: Json,
    /// A generic event's data.
    data: Json,
    /// What went wrong.
    failure: Failure,
    /// How the instance ended.
    status: Status,
    /// The generation that begins.
    execution_id: String,
    /// Who asked for the instance.
    parent: Parent,
    /// The start or delivery that was asked for.
    scheduled_at: Time,
    /// Tags of the instance, call or sub-orchestration.
    tags: Tags,
    /// The trace that it belongs to.
    trace: Trace,
    /// Whether sub-orchestrations end too.
    recurse: bool,
    /// Events from this index on no longer count.
    cut: u32,
    /// Earlier events that no longer count either.
    dropped: Vec<u32>,
    /// The command that this answers.
    task_id: i32,
    /// The timer that fired.
    timer_id: i32,
    /// When a timer is due.
    fire_at: Time,
    /// The sub-orchestration's instance.
    instance_id: String,
    /// Whether nobody waits for the outcome.
    detached: bool,
    /// The instance or entity to which something was sent.
    target: String,
    /// An entity's request.
    request_id: String,
    /// An entity's operation.
    operation: String,
    /// A critical section.
    section: String,
    /// The entities of a critical section.
    lock_set: Vec<String>,
    /// How many entities of a critical section are locked.
    position: u32,
    /// The instance that asked an entity.
    caller: String,
}

impl Event {
    /// The event of that number.
    #[must_use]
    pub fn of(index: u32, event: &kernel::Event) -> Self {
        let base = Self { index, id: event.id, timestamp: Some(Time(event.at)), ..Self::default() };
        lifecycle(&base, &event.kind)
    }
}

fn text(name: Option<&Name>) -> Option<String> {
    name.map(ToString::to_string)
}
fn ids(list: &[InstanceId]) -> Vec<String> {
    list.iter().map(ToString::to_string).collect()
}
fn some_tags(tags: &kernel::Tags) -> Option<Tags> {
    (!tags.is_empty()).then(|| of_kernel_tags(tags))
}
fn only_true(flag: bool) -> Option<bool> {
    flag.then_some(true)
}

fn lifecycle(base: &Event, kind: &EventKind) -> Event {
    let named = |kind: &str| Event { kind: kind.to_owned(), ..base.clone() };
    match kind {
        EventKind::OrchestratorStarted => named("OrchestratorStarted"),
        EventKind::OrchestratorCompleted => named("OrchestratorCompleted"),
        EventKind::ExecutionStarted {
            name,
            version,
            input,
            execution,
            parent,
            scheduled_at,
            tags,
            trace,
        } => Event {
            name: Some(name.to_string()),
            version: text(version.as_ref()),
            input: shown(input.as_ref()),
            execution_id: Some(execution.to_string()),
            parent: parent.as_deref().map(Parent::from),
            scheduled_at: scheduled_at.map(Time),
            tags: some_tags(tags),
            trace: trace.as_ref().map(Trace::from),
            ..named("ExecutionStarted")
        },
        EventKind::ExecutionCompleted { status, result, failure } => Event {
            status: Some(Status(*status)),
            result: shown(result.as_ref()),
            failure: failure.as_deref().map(Failure::from),
            ..named("ExecutionCompleted")
        },
        EventKind::ExecutionTerminated { output, recurse } => {
            Event { output: shown(output.as_ref()), recurse: Some(*recurse), ..named("ExecutionTerminated") }
        }
        EventKind::ExecutionSuspended { reason } => {
            Event { reason: shown(reason.as_ref()), ..named("ExecutionSuspended") }
        }
        EventKind::ExecutionResumed { reason } => {
            Event { reason: shown(reason.as_ref()), ..named("ExecutionResumed") }
        }
        EventKind::ExecutionRewound { reason, execution, cut, dropped } => Event {
            reason: shown(reason.as_ref()),
            execution_id: Some(execution.to_string()),
            cut: Some(*cut),
            dropped: (!dropped.is_empty()).then(|| dropped.clone()),
            ..named("ExecutionRewound")
        },
        EventKind::Generic { data } => Event { data: shown(data.as_ref()), ..named("Generic") },
        other => work(base, other),
    }
}

fn work(base: &Event, kind: &EventKind) -> Event {
    let named = |kind: &str| Event { kind: kind.to_owned(), ..base.clone() };
    match kind {
        EventKind::TaskScheduled { name, version, input, tags, trace } => Event {
            name: Some(name.to_string()),
            version: text(version.as_ref()),
            input: shown(input.as_ref()),
            tags: some_tags(tags),
            trace: trace.as_ref().map(Trace::from),
            ..named("TaskScheduled")
        },
        EventKind::TaskCompleted { task_id, result } => {
            Event { task_id: Some(*task_id), result: shown(result.as_ref()), ..named("TaskCompleted") }
        }
        EventKind::TaskFailed { task_id, failure } => {
            Event { task_id: Some(*task_id), failure: Some(failure.as_ref().into()), ..named("TaskFailed") }
        }
        EventKind::SubOrchestrationCreated { instance, name, version, input, tags, trace, detached } => {
            Event {
                instance_id: Some(instance.to_string()),
                name: Some(name.to_string()),
                version: text(version.as_ref()),
                input: shown(input.as_ref()),
                tags: some_tags(tags),
                trace: trace.as_ref().map(Trace::from),
                detached: only_true(*detached),
                ..named("SubOrchestrationCreated")
            }
        }
        EventKind::SubOrchestrationCompleted { task_id, result } => Event {
            task_id: Some(*task_id),
            result: shown(result.as_ref()),
            ..named("SubOrchestrationCompleted")
        },
        EventKind::SubOrchestrationFailed { task_id, failure } => Event {
            task_id: Some(*task_id),
            failure: Some(failure.as_ref().into()),
            ..named("SubOrchestrationFailed")
        },
        EventKind::OperationCanceled { task_id } => {
            Event { task_id: Some(*task_id), ..named("OperationCanceled") }
        }
        other => signals(base, other),
    }
}

fn signals(base: &Event, kind: &EventKind) -> Event {
    let named = |kind: &str| Event { kind: kind.to_owned(), ..base.clone() };
    match kind {
        EventKind::TimerCreated { fire_at } => {
            Event { fire_at: Some(Time(*fire_at)), ..named("TimerCreated") }
        }
        EventKind::TimerFired { timer_id, fire_at } => {
            Event { timer_id: Some(*timer_id), fire_at: Some(Time(*fire_at)), ..named("TimerFired") }
        }
        EventKind::EventSent { target, name, input } => Event {
            target: Some(target.to_string()),
            name: Some(name.to_string()),
            input: shown(input.as_ref()),
            ..named("EventSent")
        },
        EventKind::EventRaised { name, input } => {
            Event { name: Some(name.to_string()), input: shown(input.as_ref()), ..named("EventRaised") }
        }
        other => entities(base, other),
    }
}

fn entities(base: &Event, kind: &EventKind) -> Event {
    let named = |kind: &str| Event { kind: kind.to_owned(), ..base.clone() };
    match kind {
        EventKind::EntityOperationSignaled { request_id, operation, scheduled_at, input, target } => Event {
            request_id: Some(request_id.to_string()),
            operation: Some(operation.to_string()),
            scheduled_at: scheduled_at.map(Time),
            input: shown(input.as_ref()),
            target: target.as_ref().map(ToString::to_string),
            ..named("EntityOperationSignaled")
        },
        EventKind::EntityOperationCalled {
            request_id,
            operation,
            scheduled_at,
            input,
            parent,
            parent_execution,
            target,
        } => Event {
            request_id: Some(request_id.to_string()),
            operation: Some(operation.to_string()),
            scheduled_at: scheduled_at.map(Time),
            input: shown(input.as_ref()),
            caller: parent.as_ref().map(ToString::to_string),
            execution_id: parent_execution.map(|execution| execution.to_string()),
            target: target.as_ref().map(ToString::to_string),
            ..named("EntityOperationCalled")
        },
        EventKind::EntityOperationCompleted { request_id, output } => Event {
            request_id: Some(request_id.to_string()),
            output: shown(output.as_ref()),
            ..named("EntityOperationCompleted")
        },
        EventKind::EntityOperationFailed { request_id, failure } => Event {
            request_id: Some(request_id.to_string()),
            failure: Some(failure.as_ref().into()),
            ..named("EntityOperationFailed")
        },
        EventKind::EntityLockRequested { section, lock_set, position, parent } => Event {
            section: Some(section.to_string()),
            lock_set: Some(ids(lock_set)),
            position: Some(*position),
            caller: parent.as_ref().map(ToString::to_string),
            ..named("EntityLockRequested")
        },
        EventKind::EntityLockGranted { section } => {
            Event { section: Some(section.to_string()), ..named("EntityLockGranted") }
        }
        EventKind::EntityUnlockSent { section, parent, target } => Event {
            section: Some(section.to_string()),
            caller: parent.as_ref().map(ToString::to_string),
            target: target.as_ref().map(ToString::to_string),
            ..named("EntityUnlockSent")
        },
        // The four functions here share the kinds among themselves.
        _ => named("Unknown"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::{ExecutionId, Payload, Timestamp};

    fn written(kind: EventKind) -> String {
        let event = kernel::Event { id: 3, at: Timestamp(1_000), kind };
        let written = serde_json::to_string(&Event::of(7, &event)).unwrap();
        let read: Event = serde_json::from_str(&written).unwrap();
        assert_eq!(read, Event::of(7, &event));
        written
    }

    #[test]
    fn events_carry_what_their_kind_has_and_no_more() {
        insta::assert_snapshot!(written(EventKind::OrchestratorStarted), @r#"{"index":7,"id":3,"timestamp":"1970-01-01T00:00:00.000001Z","type":"OrchestratorStarted"}"#);
        insta::assert_snapshot!(written(EventKind::ExecutionStarted {
            name: "Order".into(),
            version: None,
            input: Some(Payload::from(r#"{"b":1,"a":2}"#)),
            execution: ExecutionId(5),
            parent: None,
            scheduled_at: Some(Timestamp(0)),
            tags: kernel::Tags::from([("k".into(), "v".into())]),
            trace: None,
        }), @r#"{"index":7,"id":3,"timestamp":"1970-01-01T00:00:00.000001Z","type":"ExecutionStarted","name":"Order","input":{"b":1,"a":2},"executionId":"00000000000000000000000000000005","scheduledAt":"1970-01-01T00:00:00.000000Z","tags":{"k":"v"}}"#);
        insta::assert_snapshot!(written(EventKind::TaskFailed {
            task_id: 1,
            failure: Box::new(kernel::Failure::new("E", "m").caused_by(kernel::Failure::new("C", "n"))),
        }), @r#"{"index":7,"id":3,"timestamp":"1970-01-01T00:00:00.000001Z","type":"TaskFailed","failure":{"errorType":"E","message":"m","nonRetriable":false,"inner":{"errorType":"C","message":"n","nonRetriable":false}},"taskId":1}"#);
        insta::assert_snapshot!(written(EventKind::TimerFired { timer_id: 2, fire_at: Timestamp(2_000) }), @r#"{"index":7,"id":3,"timestamp":"1970-01-01T00:00:00.000001Z","type":"TimerFired","timerId":2,"fireAt":"1970-01-01T00:00:00.000002Z"}"#);
        insta::assert_snapshot!(written(EventKind::EntityLockGranted { section: "s".into() }), @r#"{"index":7,"id":3,"timestamp":"1970-01-01T00:00:00.000001Z","type":"EntityLockGranted","section":"s"}"#);
    }
}
