//! Events of a history, for people.

use super::instance::told;
use super::{Printer, Style};
use partita_api::{Event, Json};
use std::collections::BTreeMap;

/// Payloads longer than this are cut.
const SHOWN: usize = 120;

/// What the commands of a history were about, so that their answers can be told by name.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names {
    commands: BTreeMap<i32, String>,
    /// By the ids of requests to entities, and of critical sections.
    requests: BTreeMap<String, String>,
}

/// One event in a line.
pub(crate) fn event_line(event: &Event, names: &mut Names, printer: &Printer) -> String {
    let subject = subject(event, names);
    let time = event.timestamp.map(|time| clock(time, printer)).unwrap_or_default();
    let number = format!("{:>4}", event.index);
    let line = format!(
        "{}  {}  {}  {subject}  {}",
        printer.paint(Style::Faint, &number),
        printer.paint(Style::Faint, &time),
        printer.paint(style(&event.kind), &format!("{:<24}", event.kind)),
        printer.paint(Style::Faint, &what(event)),
    );
    line.trim_end().to_owned()
}

/// The time of day on a terminal, the whole instant elsewhere.
fn clock(time: partita_api::Time, printer: &Printer) -> String {
    let text = time.to_string();
    if !printer.terminal {
        return text;
    }
    text.split('T').nth(1).and_then(|clock| clock.get(..12)).map(str::to_owned).unwrap_or(text)
}

fn style(kind: &str) -> Style {
    match kind {
        _ if kind.ends_with("Failed") || kind == "ExecutionTerminated" => Style::Bad,
        _ if kind.ends_with("Completed") && kind != "OrchestratorCompleted" => Style::Good,
        "OrchestratorStarted" | "OrchestratorCompleted" => Style::Faint,
        "EntityLockGranted" => Style::Good,
        "EventRaised" | "TimerFired" | "ExecutionSuspended" => Style::Waiting,
        _ => Style::Plain,
    }
}

/// What it is about. Answers carry the number of what they answer.
fn subject(event: &Event, names: &mut Names) -> String {
    let named = event.name.clone().or_else(|| of_entity(event)).or_else(|| event.target.clone());
    if let Some(name) = named.clone() {
        if event.id >= 0 {
            names.commands.insert(event.id, name.clone());
        }
        if let Some(request) = event.request_id.as_ref().or(event.section.as_ref()) {
            names.requests.entry(request.clone()).or_insert(name);
        }
    }
    let request = event.request_id.as_ref().or(event.section.as_ref());
    let answers = || {
        let command = event.task_id.and_then(|id| names.commands.get(&id));
        command.or_else(|| names.requests.get(request?)).cloned()
    };
    let timer = || event.fire_at.map(|time| format!("due {time}"));
    named.or_else(answers).or_else(timer).unwrap_or_default()
}

/// The entity and its operation, or the entities that are to be locked.
fn of_entity(event: &Event) -> Option<String> {
    if let Some(entities) = &event.lock_set {
        return Some(entities.join(", "));
    }
    Some(format!("{} {}", event.target.as_ref()?, event.operation.as_ref()?))
}

/// What it carries.
fn what(event: &Event) -> String {
    if let Some(failure) = &event.failure {
        return cut(&format!("{}: {}", failure.error_type, told(&failure.message)));
    }
    let payloads = [&event.result, &event.output, &event.input, &event.reason, &event.data];
    let payload = payloads.into_iter().flatten().next().map(Json::as_str);
    let instance = event.instance_id.as_ref().map(|id| format!("as {id}"));
    let status = event.status.map(|status| status.to_string());
    let later = event.operation.as_ref().and(event.scheduled_at).map(|time| format!("at {time}"));
    let parts = [status, instance, later, payload.map(cut)];
    parts.into_iter().flatten().collect::<Vec<_>>().join("  ")
}

fn cut(text: &str) -> String {
    let text = text.replace(['\n', '\r'], " ");
    if text.chars().count() <= SHOWN {
        return text;
    }
    text.chars().take(SHOWN).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::Output;

    #[test]
    fn answers_are_told_by_the_name_of_what_they_answer() {
        let printer = Printer { format: Output::Table, color: false, terminal: true, width: None };
        let mut names = Names::default();
        let timestamp = "2026-03-01T12:00:00.123456Z".parse().ok();
        let scheduled = Event {
            index: 3,
            id: 1,
            timestamp,
            kind: "TaskScheduled".into(),
            name: Some("Pay".into()),
            input: Some(Json::of_text("{\"a\":1}")),
            ..Event::default()
        };
        let line = event_line(&scheduled, &mut names, &printer);
        assert_eq!(line, "   3  12:00:00.123  TaskScheduled             Pay  {\"a\":1}");
        let completed = Event {
            index: 4,
            id: -1,
            timestamp,
            kind: "TaskCompleted".into(),
            task_id: Some(1),
            result: Some(Json::of_text("true")),
            ..Event::default()
        };
        let line = event_line(&completed, &mut names, &printer);
        assert_eq!(line, "   4  12:00:00.123  TaskCompleted             Pay  true");
    }

    #[test]
    fn answers_of_entities_are_told_by_their_requests() {
        let printer = Printer { format: Output::Table, color: false, terminal: true, width: None };
        let mut names = Names::default();
        let history = r#"[
            {"index":0,"id":1,"type":"EntityLockRequested","section":"s","lockSet":["@a@1","@b@2"],"position":0},
            {"index":1,"id":-1,"type":"EntityLockGranted","section":"s"},
            {"index":2,"id":2,"type":"EntityOperationCalled","requestId":"r","operation":"add","input":5,"target":"@a@1"},
            {"index":3,"id":-1,"type":"EntityOperationCompleted","requestId":"r","output":7},
            {"index":4,"id":3,"type":"EntityOperationSignaled","requestId":"q","operation":"reset","target":"@b@2","scheduledAt":"2026-03-01T12:00:00Z"},
            {"index":5,"id":-1,"type":"EntityOperationFailed","requestId":"r","failure":{"errorType":"E","message":"m"}},
            {"index":6,"id":4,"type":"EntityUnlockSent","section":"s","target":"@a@1"}
        ]"#;
        let events: Vec<Event> = serde_json::from_str(history).unwrap();
        let lines: Vec<String> = events.iter().map(|event| event_line(event, &mut names, &printer)).collect();
        insta::assert_snapshot!(lines.join("\n"), @r"
        0    EntityLockRequested       @a@1, @b@2
        1    EntityLockGranted         @a@1, @b@2
        2    EntityOperationCalled     @a@1 add  5
        3    EntityOperationCompleted  @a@1 add  7
        4    EntityOperationSignaled   @b@2 reset  at 2026-03-01T12:00:00.000000Z
        5    EntityOperationFailed     @a@1 add  E: m
        6    EntityUnlockSent          @a@1
        ");
    }
}
