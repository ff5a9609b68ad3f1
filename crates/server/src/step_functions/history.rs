//! The events of an execution: its history, run through the interpreter once more with somebody watching.

use super::Call;
use super::error::AwsError;
use super::executions::{Found, find, reason};
use super::page::{Page, with_next};
use partita_engine::kernel::Status;
use partita_flow::asl::events::json::event;
use partita_flow::asl::events::{EventKind, ExecutionEvent, Reason};
use serde_json::{Map, Value};

pub(super) async fn get(call: &Call) -> Result<Value, AwsError> {
    let found = find(call).await?;
    let page = Page::read(&call.params)?;
    let with_data = call.params.flag("includeExecutionData")?.unwrap_or(true);
    let mut events = events(call, &found).await?;
    if call.params.flag("reverseOrder")?.unwrap_or(false) {
        events.reverse();
    }
    let (events, next) = page.cut(events)?;
    let shown = events.iter().map(|seen| if with_data { event(seen) } else { without_data(event(seen)) });
    let shown = shown.collect();
    Ok(with_next(Map::from_iter([("events".to_owned(), shown)]), next))
}

async fn events(call: &Call, found: &Found) -> Result<Vec<ExecutionEvent>, AwsError> {
    let history = call.app.engine.whole_history(&found.view.id).await?;
    let mut events = call.machines.events(&found.view.id, &history);
    if matches!(found.view.status, Status::Terminated | Status::Canceled) {
        let (error, cause) = reason(&found.view);
        let at = found.view.completed_at.unwrap_or(found.view.updated_at);
        events.push(ExecutionEvent {
            id: events.last().map_or(1, |last| last.id + 1),
            previous_id: 0,
            timestamp: super::system_time(at),
            kind: EventKind::ExecutionAborted(Reason { error, cause }),
        });
    }
    Ok(events)
}

/// Leaves inputs and outputs out.
fn without_data(mut event: Value) -> Value {
    const DATA: [&str; 6] =
        ["input", "inputDetails", "output", "outputDetails", "assignedVariables", "assignedVariablesDetails"];
    for details in
        event.as_object_mut().into_iter().flat_map(Map::values_mut).filter_map(Value::as_object_mut)
    {
        DATA.iter().for_each(|key| drop(details.remove(*key)));
    }
    event
}
