//! What an executor hands back, checked before anything of it is carried out.

use crate::command::{Command, CustomStatus, TurnOutput};
use crate::event::EventKind;
use crate::instance::Status;
use crate::limits::{LIMIT_EXCEEDED, LimitExceeded, Limits, at_most};
use crate::machine;
use crate::turn::{InvalidOutput, Turn};
use crate::value::Failure;
use alloc::{boxed::Box, format, string::String, vec::Vec};

/// Whether the commands can be carried out at all.
pub(crate) fn check_sense(turn: &Turn, commands: &[Command]) -> Result<(), InvalidOutput> {
    let state = &turn.instance.state;
    let mut last = -1;
    for (index, command) in commands.iter().enumerate() {
        match command {
            Command::ScheduleTask { id, .. }
            | Command::CreateSubOrchestration { id, .. }
            | Command::CreateTimer { id, .. }
            | Command::SendEvent { id, .. }
            | Command::Cancel { id, .. }
            | Command::Entity { id, .. } => {
                if *id <= last {
                    return Err(InvalidOutput::IdNotFresh { id: *id, last });
                }
                // Some executors try again under the same id, once what it stood for is over.
                if state.is_outstanding(*id) {
                    return Err(InvalidOutput::IdInUse(*id));
                }
                last = *id;
                if let Command::Entity { fact, .. } = command {
                    machine::check_fact(fact)?;
                }
            }
            Command::Complete { .. } | Command::ContinueAsNew { .. } if index + 1 < commands.len() => {
                return Err(InvalidOutput::CommandAfterEnd);
            }
            Command::Complete { status, .. } if !status.is_terminal() => {
                return Err(InvalidOutput::NotAnEnd(*status));
            }
            Command::Complete { .. } | Command::ContinueAsNew { .. } => {}
        }
    }
    Ok(())
}

/// Whether all of it is as small as it must be.
pub(crate) fn check_limits(turn: &Turn, output: &TurnOutput) -> Result<(), LimitExceeded> {
    let (limits, state, commands) = (&turn.limits, &turn.instance.state, &output.commands);
    if let CustomStatus::Set(Some(status)) = &output.custom_status {
        at_most("custom status", "bytes", status.len(), limits.custom_status_bytes)?;
    }
    at_most("the events waited for", "names", output.waiting_for.len(), limits.outstanding)?;
    output.waiting_for.iter().try_for_each(|name| limits.name("event name", name))?;
    at_most("the commands of one turn", "commands", commands.len(), limits.commands)?;
    commands.iter().try_for_each(|command| check_command(limits, command))?;
    let outstanding = state.outstanding() + commands.iter().filter(|command| is_waited_for(command)).count();
    at_most("calls, timers and sub-orchestrations waited for", "of them", outstanding, limits.outstanding)?;
    let ends = matches!(commands.last(), Some(Command::Complete { .. } | Command::ContinueAsNew { .. }));
    let history = state.history_events as usize + turn.events.len() + commands.len();
    if ends { Ok(()) } else { at_most("the history", "events", history, limits.history_events) }
}

fn check_command(limits: &Limits, command: &Command) -> Result<(), LimitExceeded> {
    match command {
        Command::ScheduleTask { name, version, input, tags, trace, .. } => {
            limits.name("name", name)?;
            limits.version(version.as_deref())?;
            limits.payload("input", input.as_ref())?;
            limits.trace(trace.as_ref())?;
            limits.tags(tags)
        }
        Command::CreateSubOrchestration { instance, name, version, input, tags, trace, .. } => {
            instance.as_ref().map_or(Ok(()), |instance| limits.instance_id(instance))?;
            limits.name("name", name)?;
            limits.version(version.as_deref())?;
            limits.payload("input", input.as_ref())?;
            limits.trace(trace.as_ref())?;
            limits.tags(tags)
        }
        Command::SendEvent { target, name, input, .. } => {
            limits.instance_id(target)?;
            limits.name("event name", name)?;
            limits.payload("event data", input.as_ref())
        }
        Command::Complete { result, failure, .. } => {
            limits.payload("output", result.as_ref())?;
            failure.as_ref().map_or(Ok(()), |failure| limits.failure(failure))
        }
        Command::ContinueAsNew { input, version, carry_over, .. } => {
            limits.payload("input", input.as_ref())?;
            limits.version(version.as_deref())?;
            at_most("events carried over", "events", carry_over.len(), limits.pending_messages)?;
            carry_over.iter().try_for_each(|(name, input)| {
                limits.name("event name", name)?;
                limits.payload("event data", input.as_ref())
            })
        }
        Command::Entity { fact, .. } => machine::check_fact_limits(limits, fact),
        Command::CreateTimer { .. } | Command::Cancel { .. } => Ok(()),
    }
}

/// Whether the instance waits for what this asks for.
fn is_waited_for(command: &Command) -> bool {
    match command {
        Command::ScheduleTask { .. }
        | Command::CreateSubOrchestration { detached: false, .. }
        | Command::CreateTimer { .. } => true,
        Command::Entity { fact, .. } => {
            matches!(**fact, EventKind::EntityOperationCalled { .. } | EventKind::EntityLockRequested { .. })
        }
        _ => false,
    }
}

/// What is carried out instead of something too large.
pub(crate) fn broken_limit(exceeded: LimitExceeded) -> TurnOutput {
    let advice: String = match exceeded.what {
        "the history" => format!("{exceeded}; use continue-as-new to begin again with an empty one"),
        _ => format!("{exceeded}"),
    };
    let failure = Failure::new(LIMIT_EXCEEDED, advice).non_retriable();
    let end = Command::Complete { status: Status::Failed, result: None, failure: Some(Box::new(failure)) };
    TurnOutput { commands: Vec::from([end]), ..TurnOutput::default() }
}
