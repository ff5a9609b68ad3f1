//! Histories, as the extension shows them: a task's start is folded into its end, and what only the
//! framework needs is left out.

use super::status::ShownEvent;
use partita_api::{Failure, Json, Time};
use partita_engine::kernel::{self, Event, EventKind, Payload, Timestamp};
use serde_json::{Value, json};
use std::collections::{HashMap, HashSet};

/// The events of a history.
pub(super) fn shown(events: &[Event], show_input: bool, show_output: bool) -> Vec<ShownEvent> {
    let scheduled: HashMap<i32, &Event> =
        events.iter().filter(|event| is_start(event)).map(|event| (event.id, event)).collect();
    let ended: HashSet<i32> = events.iter().filter_map(answered).collect();
    let folded = Folded { scheduled, show_input, show_output };
    events
        .iter()
        .filter(|event| !(is_start(event) && ended.contains(&event.id)))
        .filter_map(|event| folded.show(event))
        .collect()
}

fn is_start(event: &Event) -> bool {
    matches!(event.kind, EventKind::TaskScheduled { .. } | EventKind::SubOrchestrationCreated { .. })
}

/// The command whose outcome this is.
fn answered(event: &Event) -> Option<i32> {
    match event.kind {
        EventKind::TaskCompleted { task_id, .. }
        | EventKind::TaskFailed { task_id, .. }
        | EventKind::SubOrchestrationCompleted { task_id, .. }
        | EventKind::SubOrchestrationFailed { task_id, .. } => Some(task_id),
        _ => None,
    }
}

struct Folded<'a> {
    scheduled: HashMap<i32, &'a Event>,
    show_input: bool,
    show_output: bool,
}

impl Folded<'_> {
    fn show(&self, event: &Event) -> Option<ShownEvent> {
        let mut shown = ShownEvent::new();
        put(&mut shown, "Timestamp", instant(event.at));
        let name = self.lifecycle(&mut shown, &event.kind).or_else(|| self.work(&mut shown, &event.kind));
        put(&mut shown, "EventType", json!(name?));
        Some(shown)
    }

    fn lifecycle(&self, shown: &mut ShownEvent, kind: &EventKind) -> Option<&'static str> {
        match kind {
            EventKind::ExecutionStarted { name, input, scheduled_at, .. } => {
                put(shown, "FunctionName", json!(&**name));
                self.input(shown, input.as_ref());
                if let Some(at) = scheduled_at {
                    put(shown, "ScheduledStartTime", instant(*at));
                }
                Some("ExecutionStarted")
            }
            EventKind::ExecutionCompleted { status, result, failure } => {
                put(shown, "OrchestrationStatus", json!(status.name()));
                self.result(shown, result.as_ref());
                if let Some(failure) = failure {
                    put(shown, "FailureDetails", details(failure));
                }
                Some("ExecutionCompleted")
            }
            EventKind::ExecutionTerminated { output, .. } => {
                payload(shown, "Input", output.as_ref());
                Some("ExecutionTerminated")
            }
            EventKind::ExecutionSuspended { reason } => {
                payload(shown, "Reason", reason.as_ref());
                Some("ExecutionSuspended")
            }
            EventKind::ExecutionResumed { reason } => {
                payload(shown, "Reason", reason.as_ref());
                Some("ExecutionResumed")
            }
            EventKind::ExecutionRewound { reason, .. } => {
                payload(shown, "Reason", reason.as_ref());
                Some("ExecutionRewound")
            }
            _ => None,
        }
    }

    fn work(&self, shown: &mut ShownEvent, kind: &EventKind) -> Option<&'static str> {
        match kind {
            EventKind::TaskScheduled { name, input, .. } => {
                put(shown, "Name", json!(&**name));
                self.input(shown, input.as_ref());
                Some("TaskScheduled")
            }
            EventKind::SubOrchestrationCreated { instance, name, input, .. } => {
                put(shown, "InstanceId", json!(instance.as_str()));
                put(shown, "Name", json!(&**name));
                self.input(shown, input.as_ref());
                Some("SubOrchestrationInstanceCreated")
            }
            EventKind::TaskCompleted { task_id, result } => {
                self.start(shown, *task_id);
                self.result(shown, result.as_ref());
                Some("TaskCompleted")
            }
            EventKind::SubOrchestrationCompleted { task_id, result } => {
                self.start(shown, *task_id);
                self.result(shown, result.as_ref());
                Some("SubOrchestrationInstanceCompleted")
            }
            EventKind::TaskFailed { task_id, failure } => {
                self.failed(shown, *task_id, failure);
                Some("TaskFailed")
            }
            EventKind::SubOrchestrationFailed { task_id, failure } => {
                self.failed(shown, *task_id, failure);
                Some("SubOrchestrationInstanceFailed")
            }
            other => self.signal(shown, other),
        }
    }

    fn signal(&self, shown: &mut ShownEvent, kind: &EventKind) -> Option<&'static str> {
        match kind {
            EventKind::TimerCreated { fire_at } => {
                put(shown, "FireAt", instant(*fire_at));
                Some("TimerCreated")
            }
            EventKind::TimerFired { fire_at, .. } => {
                put(shown, "FireAt", instant(*fire_at));
                Some("TimerFired")
            }
            EventKind::EventRaised { name, input } => {
                put(shown, "Name", json!(&**name));
                self.input(shown, input.as_ref());
                Some("EventRaised")
            }
            EventKind::EventSent { target, name, input } => {
                put(shown, "InstanceId", json!(target.as_str()));
                put(shown, "Name", json!(&**name));
                self.input(shown, input.as_ref());
                Some("EventSent")
            }
            EventKind::Generic { data } => {
                payload(shown, "Data", data.as_ref());
                Some("GenericEvent")
            }
            _ => None, // the brackets of turns, and what the extension's history does not have
        }
    }

    /// What the start of a task had to say.
    fn start(&self, shown: &mut ShownEvent, task_id: i32) {
        let Some(start) = self.scheduled.get(&task_id) else { return };
        put(shown, "ScheduledTime", instant(start.at));
        if let EventKind::TaskScheduled { name, input, .. }
        | EventKind::SubOrchestrationCreated { name, input, .. } = &start.kind
        {
            put(shown, "FunctionName", json!(&**name));
            self.input(shown, input.as_ref());
        }
    }

    fn failed(&self, shown: &mut ShownEvent, task_id: i32, failure: &kernel::Failure) {
        self.start(shown, task_id);
        put(shown, "Reason", json!(&*failure.message));
        put(shown, "Details", json!(failure.to_string()));
        put(shown, "FailureDetails", details(failure));
    }

    fn input(&self, shown: &mut ShownEvent, input: Option<&Payload>) {
        payload(shown, "Input", input.filter(|_| self.show_input));
    }

    fn result(&self, shown: &mut ShownEvent, result: Option<&Payload>) {
        payload(shown, "Result", result.filter(|_| self.show_output));
    }
}

fn put(shown: &mut ShownEvent, key: &'static str, value: Value) {
    shown.insert(key, Json::from(value));
}

fn payload(shown: &mut ShownEvent, key: &'static str, payload: Option<&Payload>) {
    shown.extend(payload.map(|payload| (key, Json::of_payload(payload))));
}

/// With the seven digits that .NET writes.
fn instant(at: Timestamp) -> Value {
    Value::from(format!("{:.7}", Time(at).to_jiff()))
}

fn details(failure: &kernel::Failure) -> Value {
    let Failure { error_type, message, stack_trace, non_retriable, .. } = Failure::from(failure);
    json!({
        "ErrorType": error_type,
        "ErrorMessage": message,
        "StackTrace": stack_trace,
        "InnerFailure": failure.inner.as_deref().map(details),
        "IsNonRetriable": non_retriable,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use partita_engine::kernel::{ExecutionId, Status, Tags};

    fn event(id: i32, seconds: i64, kind: EventKind) -> Event {
        Event { id, at: Timestamp(seconds * 1_000_000_000), kind }
    }

    fn history() -> Vec<Event> {
        let some = |text: &str| Some(Payload::from(text));
        let task = |name: &str, input: &str| EventKind::TaskScheduled {
            name: name.into(),
            version: None,
            input: some(input),
            tags: Tags::new(),
            trace: None,
        };
        let started = EventKind::ExecutionStarted {
            name: "Order".into(),
            version: None,
            input: some("{\"n\":1}"),
            execution: ExecutionId(1),
            parent: None,
            scheduled_at: None,
            tags: Tags::new(),
            trace: None,
        };
        Vec::from([
            event(-1, 0, EventKind::OrchestratorStarted),
            event(-1, 0, started),
            event(0, 1, task("Pay", "1")),
            event(1, 1, task("Ship", "2")),
            event(2, 1, EventKind::TimerCreated { fire_at: Timestamp(9_000_000_000) }),
            event(-1, 2, EventKind::OrchestratorCompleted),
            event(-1, 3, EventKind::TaskCompleted { task_id: 0, result: some("\"paid\"") }),
            event(
                -1,
                4,
                EventKind::ExecutionCompleted {
                    status: Status::Completed,
                    result: some("[1]"),
                    failure: None,
                },
            ),
        ])
    }

    fn lines(show_input: bool, show_output: bool) -> String {
        let shown = shown(&history(), show_input, show_output);
        shown.iter().map(|event| serde_json::to_string(event).unwrap()).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn starts_are_folded_into_ends() {
        insta::assert_snapshot!(lines(true, true), @r#"
{"EventType":"ExecutionStarted","FunctionName":"Order","Input":{"n":1},"Timestamp":"1970-01-01T00:00:00.0000000Z"}
{"EventType":"TaskScheduled","Input":2,"Name":"Ship","Timestamp":"1970-01-01T00:00:01.0000000Z"}
{"EventType":"TimerCreated","FireAt":"1970-01-01T00:00:09.0000000Z","Timestamp":"1970-01-01T00:00:01.0000000Z"}
{"EventType":"TaskCompleted","FunctionName":"Pay","Input":1,"Result":"paid","ScheduledTime":"1970-01-01T00:00:01.0000000Z","Timestamp":"1970-01-01T00:00:03.0000000Z"}
{"EventType":"ExecutionCompleted","OrchestrationStatus":"Completed","Result":[1],"Timestamp":"1970-01-01T00:00:04.0000000Z"}
"#);
    }

    #[test]
    fn inputs_and_outputs_are_left_out_unless_asked_for() {
        insta::assert_snapshot!(lines(false, false), @r#"
{"EventType":"ExecutionStarted","FunctionName":"Order","Timestamp":"1970-01-01T00:00:00.0000000Z"}
{"EventType":"TaskScheduled","Name":"Ship","Timestamp":"1970-01-01T00:00:01.0000000Z"}
{"EventType":"TimerCreated","FireAt":"1970-01-01T00:00:09.0000000Z","Timestamp":"1970-01-01T00:00:01.0000000Z"}
{"EventType":"TaskCompleted","FunctionName":"Pay","ScheduledTime":"1970-01-01T00:00:01.0000000Z","Timestamp":"1970-01-01T00:00:03.0000000Z"}
{"EventType":"ExecutionCompleted","OrchestrationStatus":"Completed","Timestamp":"1970-01-01T00:00:04.0000000Z"}
"#);
    }
}
