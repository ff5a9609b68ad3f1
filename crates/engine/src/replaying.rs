//! Bringing an orchestrator to where its history ends.

use crate::error::EngineError;
use crate::executor::{Execution, InstanceInfo, Orchestrator, Registry, TurnInput};
use partita_kernel::history::{effective, turns};
use partita_kernel::replay::check_turn;
use partita_kernel::{Event, EventKind, ExecutionId, Failure, InstanceId};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs the orchestrator through a recorded history, and proves on the way that it asks for what the
/// history records.
pub(crate) fn replay(
    orchestrator: &dyn Orchestrator,
    info: &InstanceInfo,
    history: &[Event],
) -> Result<Box<dyn Execution>, Failure> {
    let events = effective(history);
    let mut execution = begin(orchestrator, info)?;
    for turn in turns(&events) {
        if turn
            .incoming
            .iter()
            .any(|placed| matches!(placed.event.kind, EventKind::ExecutionTerminated { .. }))
        {
            break; // decided without the orchestrator
        }
        let incoming: Vec<&Event> = turn.incoming.iter().map(|placed| placed.event).collect();
        let input = TurnInput {
            now: turn.started.event.at,
            events: &incoming,
            replaying: true,
            next_execution: ExecutionId(0),
        };
        let output = run(execution.as_mut(), input)?;
        check_turn(&turn, &output.commands).map_err(|mismatch| Failure::from(&mismatch))?;
    }
    Ok(execution)
}

/// Begins an execution; a panic becomes a failure.
///
/// # Errors
/// When it panicked.
pub fn begin(orchestrator: &dyn Orchestrator, info: &InstanceInfo) -> Result<Box<dyn Execution>, Failure> {
    catch_unwind(AssertUnwindSafe(|| orchestrator.begin(info))).map_err(|panic| panicked(panic.as_ref()))
}

/// Runs one turn; a panic becomes a failure.
///
/// # Errors
/// When the turn failed or panicked; the execution is not used again.
pub fn run(
    execution: &mut dyn Execution,
    input: TurnInput<'_>,
) -> Result<partita_kernel::TurnOutput, Failure> {
    catch_unwind(AssertUnwindSafe(|| execution.turn(input)))
        .unwrap_or_else(|panic| Err(panicked(panic.as_ref())))
}

/// What a panic is told as.
#[must_use]
pub fn panicked(panic: &(dyn std::any::Any + Send)) -> Failure {
    let text = panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "it panicked with something that is not text".to_owned());
    Failure::new("Panic", text)
}

/// Runs a stored history against the code of today: would instances that began with older code go on?
///
/// # Errors
/// When the code would not repeat the history; shows what is recorded and what the code asks for.
pub fn check_history(registry: &Registry, id: &InstanceId, history: &[Event]) -> Result<(), Failure> {
    let info = info_of(id, history)?;
    let orchestrator = registry.orchestrator(&info.name).ok_or_else(|| {
        let error = EngineError::UnknownWorkflow { name: info.name.to_string(), known: Vec::new() };
        Failure::new("OrchestratorNotRegistered", error.to_string())
    })?;
    replay(orchestrator.as_ref(), &info, history).map(drop)
}

/// Runs an orchestrator through a stored history for what it does on the way, for one that watches.
///
/// # Errors
/// When it would not repeat the history.
pub fn replay_history(
    orchestrator: &dyn Orchestrator,
    id: &InstanceId,
    history: &[Event],
) -> Result<(), Failure> {
    replay(orchestrator, &info_of(id, history)?, history).map(drop)
}

/// What a history says of its instance.
fn info_of(id: &InstanceId, history: &[Event]) -> Result<InstanceInfo, Failure> {
    let started = history.iter().find_map(|event| match &event.kind {
        EventKind::ExecutionStarted { name, version, .. } => Some((name.clone(), version.clone())),
        _ => None,
    });
    let (name, version) =
        started.ok_or_else(|| Failure::new("InvalidHistory", "the history has no ExecutionStarted event"))?;
    Ok(InstanceInfo { id: id.clone(), name, version })
}
