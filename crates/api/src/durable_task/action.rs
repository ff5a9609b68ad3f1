//! What an orchestrator asks for.

use super::event::{FIRE_AND_FORGET, from_entities};
use super::proto::history_event::EventType;
use super::proto::orchestrator_action::OrchestratorActionType as Action;
use super::proto::send_entity_message_action::EntityMessageType;
use super::value::{
    from_failure, from_status, from_tags, from_timestamp, from_trace, instance_id, name, payload, version,
};
use super::{Invalid, proto};
use partita_engine::kernel::command::CustomStatus;
use partita_engine::kernel::{Command, ExecutionId, Failure, Name, Payload, Status, TurnOutput};

/// What a worker says of one turn.
#[derive(Clone, Debug, PartialEq)]
pub struct Completion {
    /// What the orchestrator asks for.
    pub output: TurnOutput,
    /// How many of the turn's events it has taken in; all when `None`.
    pub events_processed: Option<usize>,
}

/// Reads the whole answer to a turn. `actions` are those of all its parts; `next` is the generation that begins if it
/// continues as new.
///
/// # Errors
/// Says which action makes no sense.
pub fn completion(
    actions: Vec<proto::OrchestratorAction>,
    custom_status: Option<String>,
    events_processed: Option<i32>,
    next: ExecutionId,
) -> Result<Completion, Invalid> {
    let mut commands = Vec::with_capacity(actions.len());
    for (index, action) in actions.into_iter().enumerate() {
        let command =
            command(action, next).map_err(|invalid| invalid.within(&format!("actions[{index}]")))?;
        commands.push(command);
    }
    // Workers hand their requests in by the order of a table; the ids are the order in which they were made.
    commands.sort_by_key(order);
    let custom_status = match custom_status {
        None => CustomStatus::Unchanged,
        Some(status) => CustomStatus::Set(Some(Payload::from(status))),
    };
    let events_processed = events_processed
        .map(usize::try_from)
        .transpose()
        .map_err(|_| Invalid::new("numEventsProcessed", "it is negative"))?;
    let output = TurnOutput { commands, custom_status, waiting_for: Vec::new() };
    Ok(Completion { output, events_processed })
}

/// The end comes last, whatever its id is.
fn order(command: &Command) -> i64 {
    match command {
        Command::ScheduleTask { id, .. }
        | Command::CreateSubOrchestration { id, .. }
        | Command::CreateTimer { id, .. }
        | Command::SendEvent { id, .. }
        | Command::Cancel { id, .. }
        | Command::Entity { id, .. } => i64::from(*id),
        Command::Complete { .. } | Command::ContinueAsNew { .. } => i64::MAX,
    }
}

fn command(action: proto::OrchestratorAction, next: ExecutionId) -> Result<Command, Invalid> {
    let id = action.id;
    match action.orchestrator_action_type.ok_or_else(|| Invalid::missing("orchestratorActionType"))? {
        Action::ScheduleTask(task) => Ok(Command::ScheduleTask {
            id,
            name: name("scheduleTask.name", task.name)?,
            version: version(task.version),
            input: payload(task.input),
            tags: from_tags(task.tags),
            trace: from_trace(task.parent_trace_context),
        }),
        Action::CreateSubOrchestration(child) => sub_orchestration(id, child),
        Action::CreateTimer(timer) => {
            let field = "createTimer.fireAt";
            let fire_at = timer.fire_at.ok_or_else(|| Invalid::missing(field))?;
            Ok(Command::CreateTimer { id, fire_at: from_timestamp(field, &fire_at)? })
        }
        Action::SendEvent(event) => send_event(id, event),
        Action::CompleteOrchestration(end) => {
            complete(end, next).map_err(|e| e.within("completeOrchestration"))
        }
        Action::SendEntityMessage(message) => entity(id, message),
        Action::TerminateOrchestration(_) => Err(Invalid::new(
            "terminateOrchestration",
            "an orchestrator cannot end another orchestration here; let an activity ask for it with a client",
        )),
        Action::RewindOrchestration(_) => Err(Invalid::new(
            "rewindOrchestration",
            "nobody asked for a new history: the server rewinds by itself",
        )),
    }
}

fn sub_orchestration(id: i32, child: proto::CreateSubOrchestrationAction) -> Result<Command, Invalid> {
    let given = Some(child.instance_id).filter(|text| !text.is_empty());
    let instance = given.map(|text| instance_id("createSubOrchestration.instanceId", &text)).transpose()?;
    Ok(Command::CreateSubOrchestration {
        id,
        instance,
        name: name("createSubOrchestration.name", child.name)?,
        version: version(child.version),
        input: payload(child.input),
        detached: child.tags.contains_key(FIRE_AND_FORGET),
        tags: from_tags(child.tags),
        trace: from_trace(child.parent_trace_context),
    })
}

fn send_event(id: i32, event: proto::SendEventAction) -> Result<Command, Invalid> {
    let target = event.instance.ok_or_else(|| Invalid::missing("sendEvent.instance"))?;
    Ok(Command::SendEvent {
        id,
        target: instance_id("sendEvent.instance.instanceId", &target.instance_id)?,
        name: name("sendEvent.name", event.name)?,
        input: payload(event.data),
    })
}

fn complete(end: proto::CompleteOrchestrationAction, next: ExecutionId) -> Result<Command, Invalid> {
    let status = from_status("orchestrationStatus", end.orchestration_status)?;
    if status == Status::ContinuedAsNew {
        let carried = end.carryover_events.into_iter().enumerate();
        return Ok(Command::ContinueAsNew {
            input: payload(end.result),
            version: version(end.new_version),
            carry_over: carried.map(|(index, event)| carried_over(index, event)).collect::<Result<_, _>>()?,
            execution: next,
        });
    }
    if !status.is_terminal() {
        return Err(Invalid::new("orchestrationStatus", format!("{status} is not an end")));
    }
    let failure = end.failure_details.map(from_failure);
    let failure = failure.or_else(|| (status == Status::Failed).then(|| unexplained(end.details)));
    Ok(Command::Complete { status, result: payload(end.result), failure: failure.map(Box::new) })
}

fn unexplained(details: Option<String>) -> Failure {
    let details = details.filter(|details| !details.is_empty());
    Failure::new("OrchestrationFailed", details.unwrap_or_else(|| "the worker gave no reason".to_owned()))
}

fn carried_over(index: usize, event: proto::HistoryEvent) -> Result<(Name, Option<Payload>), Invalid> {
    match event.event_type {
        Some(EventType::EventRaised(event)) => Ok((
            name(&format!("carryoverEvents[{index}].eventRaised.name"), event.name)?,
            payload(event.input),
        )),
        _ => Err(Invalid::new(
            format!("carryoverEvents[{index}]"),
            "only external events (eventRaised) can be carried over",
        )),
    }
}

fn entity(id: i32, message: proto::SendEntityMessageAction) -> Result<Command, Invalid> {
    let message = message.entity_message_type.ok_or_else(|| Invalid::missing("sendEntityMessage"))?;
    let event = match message {
        EntityMessageType::EntityOperationSignaled(event) => EventType::EntityOperationSignaled(event),
        EntityMessageType::EntityOperationCalled(event) => EventType::EntityOperationCalled(event),
        EntityMessageType::EntityLockRequested(event) => EventType::EntityLockRequested(event),
        EntityMessageType::EntityUnlockSent(event) => EventType::EntityUnlockSent(event),
    };
    let fact = from_entities(event).map_err(|invalid| invalid.within("sendEntityMessage"))?;
    Ok(Command::Entity { id, fact: Box::new(fact) })
}

#[cfg(test)]
#[path = "action_tests.rs"]
mod tests;
