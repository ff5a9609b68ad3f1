//! Instances, for people.

use super::{Cell, Printer, Style, Table, fields, span};
use partita_api::{Failure, InstanceDetail, InstanceSummary, Json, Status};
use partita_engine::kernel::Status as Runtime;
use serde_json::Value;
use std::time::Duration;

/// JSON longer than this is written in several lines.
const ONE_LINE: usize = 100;
/// Custom statuses longer than this are cut in lists.
const IN_LISTS: usize = 60;

/// The look of a status.
pub(crate) fn status_style(status: Status) -> Style {
    match status.0 {
        Runtime::Completed => Style::Good,
        Runtime::Failed | Runtime::Terminated | Runtime::Canceled => Style::Bad,
        Runtime::Suspended => Style::Waiting,
        _ => Style::Busy,
    }
}

/// A list of instances.
pub(crate) fn list_table(instances: &[InstanceSummary], printer: &Printer) -> Table {
    let mut table = Table::new(["ID", "WORKFLOW", "STATUS", "STARTED", "CHANGED", "CUSTOM STATUS"]);
    for instance in instances {
        let (mut status, mut style) = (instance.status.to_string(), status_style(instance.status));
        if instance.set_aside {
            status.push_str(", set aside");
            style = Style::Bad;
        }
        let custom = instance.custom_status.as_ref().map(words).unwrap_or_default();
        table.row([
            instance.id.as_str().into(),
            instance.name.as_str().into(),
            Cell::new(style, status),
            printer.moment(instance.created_at).into(),
            printer.moment(instance.updated_at).into(),
            custom.chars().take(IN_LISTS).collect::<String>().into(),
        ]);
    }
    table
}

/// A JSON text without its quotes, anything else as it is.
pub(super) fn words(json: &Json) -> String {
    match json.value() {
        Value::String(text) => text,
        _ => json.as_str().to_owned(),
    }
}

/// One instance.
pub(crate) fn detail(instance: &InstanceDetail, printer: &Printer) -> Vec<String> {
    let mut rows: Vec<(&'static str, Cell)> = Vec::from([
        ("id", instance.id.as_str().into()),
        ("workflow", named(&instance.name, instance.version.as_deref()).into()),
        ("status", Cell::new(status_style(instance.status), instance.status.to_string())),
    ]);
    let mut add = |name, value: Option<Cell>| rows.extend(value.map(|value| (name, value)));
    add("custom status", instance.custom_status.as_ref().map(json));
    add("started", Some(printer.moment(instance.created_at).into()));
    add("begins", begins(instance).map(|time| printer.moment(time).into()));
    add("changed", Some(printer.moment(instance.updated_at).into()));
    add("ended", instance.completed_at.map(|time| printer.moment(time).into()));
    add("took", took(instance).map(|time| span(time).into()));
    add(
        "parent",
        instance.parent.as_ref().map(|parent| format!("{} ({})", parent.instance_id, parent.name).into()),
    );
    add("tags", tags(instance));
    add("input", instance.input.as_ref().map(json));
    add("output", instance.output.as_ref().map(json));
    add("failure", instance.failure.as_ref().map(failure));
    add("set aside", instance.set_aside.as_ref().map(|aside| failure(&aside.reason)));
    add("history", Some(history(instance).into()));
    fields(rows, printer)
}

fn named(name: &str, version: Option<&str>) -> String {
    version.map_or_else(|| name.to_owned(), |version| format!("{name} {version}"))
}

/// When it is to begin, if it has not.
fn begins(instance: &InstanceDetail) -> Option<partita_api::Time> {
    instance.scheduled_at.filter(|_| instance.status.0 == Runtime::Pending)
}

fn took(instance: &InstanceDetail) -> Option<Duration> {
    let ended = instance.completed_at?;
    Some(ended.0.since(instance.scheduled_at.unwrap_or(instance.created_at).0))
}

fn tags(instance: &InstanceDetail) -> Option<Cell> {
    let tags: Vec<String> = instance.tags.iter().map(|(key, value)| format!("{key}={value}")).collect();
    (!tags.is_empty()).then(|| tags.join(", ").into())
}

fn history(instance: &InstanceDetail) -> String {
    let events = format!("{} events", instance.history_events);
    match instance.generation {
        0 => events,
        generation => format!("{events}, generation {generation}"),
    }
}

/// Short JSON in one line, the rest readable.
pub(super) fn json(json: &Json) -> Cell {
    if json.as_str().len() <= ONE_LINE {
        return json.as_str().into();
    }
    serde_json::to_string_pretty(&json.value()).unwrap_or_else(|_| json.as_str().to_owned()).into()
}

/// A message as people read it. The cause of a state machine's failure is JSON when a function gave it: its own
/// message and its stack trace.
pub(super) fn told(message: &str) -> String {
    let Ok(Value::Object(cause)) = serde_json::from_str(message) else { return message.to_owned() };
    let Some(own) = cause.get("errorMessage").and_then(Value::as_str) else { return message.to_owned() };
    let lines =
        cause.get("stackTrace").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    lines.fold(own.to_owned(), |text, line| format!("{text}\n{line}"))
}

/// A failure and its causes, each in a line.
fn failure(failure: &Failure) -> Cell {
    let mut text = format!("{}: {}", failure.error_type, told(&failure.message));
    let mut cause = failure.inner.as_deref();
    while let Some(failure) = cause {
        text.push_str(&format!("\ncaused by {}: {}", failure.error_type, told(&failure.message)));
        cause = failure.inner.as_deref();
    }
    Cell::new(Style::Bad, text)
}
