//! Events of a history, for people.

use super::instance::told;
use super::{Printer, Style};
use partita_api::{Event, Json};
use std::collections::BTreeMap;

/// Payloads longer than this are cut.
const SHOWN: usize = 120;

/// What the commands of a history were about, so that their answers can be told by name.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names(BTreeMap<i32, String>);

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
        "EventRaised" | "TimerFired" | "ExecutionSuspended" => Style::Waiting,
        _ => Style::Plain,
    }
}

/// What it is about. Answers carry the number of what they answer.
fn subject(event: &Event, names: &mut Names) -> String {
    let named = event.name.clone().or_else(|| event.target.clone());
    if let Some(name) = named.clone().filter(|_| event.id >= 0) {
        names.0.insert(event.id, name);
    }
    let answers = || event.task_id.and_then(|id| names.0.get(&id).cloned());
    let timer = || event.fire_at.map(|time| format!("due {time}"));
    named.or_else(answers).or_else(timer).unwrap_or_default()
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
    let parts = [status, instance, payload.map(cut)];
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
}
