//! Proof that code reproduces the commands that a history records.

use crate::command::Command;
use crate::event::{Event, EventKind};
use crate::history::RecordedTurn;
use crate::limits::LIMIT_EXCEEDED;
use crate::value::{Failure, Payload};
use alloc::{format, string::String};
use core::fmt;

/// The code asked for something else than the history records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// The index in the recorded history at which the two part.
    pub index: usize,
    /// What the history records there.
    pub recorded: String,
    /// What the code asks for.
    pub asked: String,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the orchestrator does not repeat its history at event {}: the history records {}; the code now asks for \
             {}. An orchestrator must make the same requests in the same order whenever it is replayed: put what \
             changes (time, randomness, I/O, configuration) into activities or the context's own functions, and \
             give changed code a new version while old instances run",
            self.index, self.recorded, self.asked
        )
    }
}
impl core::error::Error for Mismatch {}

impl From<&Mismatch> for Failure {
    fn from(mismatch: &Mismatch) -> Self {
        Self::new("NonDeterminism", format!("{mismatch}")).non_retriable()
    }
}

/// Compares what the code asks for in one replayed turn with what was recorded. A turn that the kernel
/// itself ended (somebody terminated the instance, or the code asked for more than the limits allow) does
/// not record what the code asked for; nothing is compared then.
///
/// # Errors
/// Shows both sides at the first difference.
pub fn check_turn(turn: &RecordedTurn<'_>, commands: &[Command]) -> Result<(), Mismatch> {
    if ended_by_the_kernel(turn) {
        return Ok(());
    }
    let end = turn.completed.map_or(turn.started.index + 1, |placed| placed.index);
    let asked = commands.iter().filter(|command| !matches!(command, Command::Complete { .. }));
    let mut recorded = turn.outgoing.iter();
    for command in asked {
        match recorded.next() {
            Some(placed) if records(placed.event, command) => {}
            Some(placed) => {
                return Err(Mismatch {
                    index: placed.index,
                    recorded: describe_event(placed.event),
                    asked: describe_command(command),
                });
            }
            None => {
                let index = turn.outgoing.last().map_or(end, |placed| placed.index + 1);
                return Err(Mismatch {
                    index,
                    recorded: "nothing more in this turn".into(),
                    asked: describe_command(command),
                });
            }
        }
    }
    match recorded.next() {
        None => check_end(turn, commands, end),
        Some(placed) => Err(Mismatch {
            index: placed.index,
            recorded: describe_event(placed.event),
            asked: commands.last().map_or_else(
                || "nothing more in this turn".into(),
                |last| match last {
                    Command::Complete { .. } => describe_command(last),
                    _ => "nothing more in this turn".into(),
                },
            ),
        }),
    }
}

fn ended_by_the_kernel(turn: &RecordedTurn<'_>) -> bool {
    let Some(EventKind::ExecutionCompleted { failure, .. }) = turn.completed.map(|end| &end.event.kind) else {
        return false;
    };
    let terminated =
        turn.incoming.iter().any(|placed| matches!(placed.event.kind, EventKind::ExecutionTerminated { .. }));
    terminated || failure.as_ref().is_some_and(|failure| &*failure.error_type == LIMIT_EXCEEDED)
}

fn check_end(turn: &RecordedTurn<'_>, commands: &[Command], index: usize) -> Result<(), Mismatch> {
    let ends = commands.iter().find(|command| matches!(command, Command::Complete { .. }));
    match (turn.completed, ends) {
        (None, Some(command)) => Err(Mismatch {
            index,
            recorded: "that the orchestrator goes on".into(),
            asked: describe_command(command),
        }),
        (Some(placed), None) => Err(Mismatch {
            index,
            recorded: describe_event(placed.event),
            asked: "nothing: it goes on waiting".into(),
        }),
        (Some(placed), Some(command)) if !ends_alike(placed.event, command) => Err(Mismatch {
            index,
            recorded: describe_event(placed.event),
            asked: describe_command(command),
        }),
        _ => Ok(()),
    }
}

fn ends_alike(event: &Event, command: &Command) -> bool {
    matches!(
        (&event.kind, command),
        (EventKind::ExecutionCompleted { status, .. }, Command::Complete { status: asked, .. })
            if status == asked
    )
}

/// Whether an event is the record of a command. Inputs may differ: a changed input is still the same
/// request, as in every Durable Task SDK.
fn records(event: &Event, command: &Command) -> bool {
    match (&event.kind, command) {
        (EventKind::TaskScheduled { name, .. }, Command::ScheduleTask { id, name: asked, .. }) => {
            event.id == *id && name == asked
        }
        (
            EventKind::SubOrchestrationCreated { name, instance, .. },
            Command::CreateSubOrchestration { id, name: asked, instance: wanted, .. },
        ) => event.id == *id && name == asked && wanted.as_ref().is_none_or(|wanted| wanted == instance),
        (EventKind::TimerCreated { .. }, Command::CreateTimer { id, .. }) => event.id == *id,
        (
            EventKind::EventSent { target, name, .. },
            Command::SendEvent { id, target: wanted, name: asked, .. },
        ) => event.id == *id && target == wanted && name.eq_ignore_ascii_case(asked),
        (EventKind::OperationCanceled { task_id }, Command::Cancel { id, task_id: asked }) => {
            event.id == *id && task_id == asked
        }
        (recorded, Command::Entity { id, fact }) => event.id == *id && recorded.kind() == fact.kind(),
        _ => false,
    }
}

fn describe_event(event: &Event) -> String {
    let id = event.id;
    match &event.kind {
        EventKind::TaskScheduled { name, input, .. } => {
            format!("the call {id} of activity {name:?}{}", shown(input))
        }
        EventKind::SubOrchestrationCreated { name, instance, .. } => {
            format!("the sub-orchestration {id} of {name:?} as {instance:?}")
        }
        EventKind::TimerCreated { .. } => format!("the timer {id}"),
        EventKind::EventSent { target, name, .. } => format!("the event {name:?} sent to {target:?} as {id}"),
        EventKind::OperationCanceled { task_id } => format!("that it gave up on {task_id}, as {id}"),
        EventKind::ExecutionCompleted { status, .. } => format!("that the orchestrator ended as {status}"),
        other => format!("{} {id}", other.kind()),
    }
}

fn describe_command(command: &Command) -> String {
    match command {
        Command::ScheduleTask { id, name, input, .. } => {
            format!("the call {id} of activity {name:?}{}", shown(input))
        }
        Command::CreateSubOrchestration { id, name, instance, .. } => match instance {
            Some(instance) => format!("the sub-orchestration {id} of {name:?} as {instance:?}"),
            None => format!("the sub-orchestration {id} of {name:?}"),
        },
        Command::CreateTimer { id, .. } => format!("the timer {id}"),
        Command::SendEvent { id, target, name, .. } => {
            format!("the event {name:?} sent to {target:?} as {id}")
        }
        Command::Cancel { id, task_id } => format!("giving up on {task_id}, as {id}"),
        Command::Entity { id, fact } => format!("{} {id}", fact.kind()),
        Command::Complete { status, .. } => format!("its end as {status}"),
        Command::ContinueAsNew { .. } => "to continue as new".into(),
    }
}

/// The start of an input, for an error's text.
fn shown(input: &Option<Payload>) -> String {
    match input {
        None => String::new(),
        Some(input) => {
            let text: String = input.as_str().chars().take(80).collect();
            let more = if text.len() < input.len() { "…" } else { "" };
            format!(" with {text}{more}")
        }
    }
}
