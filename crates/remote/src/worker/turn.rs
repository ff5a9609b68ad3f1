//! Running a turn of an orchestrator.

use partita_api::durable_task::{Invalid, client, proto, worker};
use partita_engine::executor::{Execution, Orchestrator, TurnInput};
use partita_engine::kernel::history::{RecordedTurn, effective, turns};
use partita_engine::kernel::replay::check_turn;
use partita_engine::kernel::{Command, Event, EventKind, ExecutionId, Failure, Name, TurnOutput};
use partita_engine::{InstanceInfo, replaying};

/// Why a turn has no answer. It is given back, and tried again later.
#[derive(Debug, thiserror::Error)]
pub(super) enum Problem {
    /// What the server sent makes no sense.
    #[error("the turn makes no sense: {0}")]
    Invalid(#[from] Invalid),
    /// The code failed: it panicked, or does not repeat its history.
    #[error("the turn failed: {0}")]
    Failed(#[from] Failure),
}

/// A turn that can be run.
#[derive(Debug)]
pub(super) struct Turn {
    pub(super) info: InstanceInfo,
    past: Vec<Event>,
    new: Vec<Event>,
}

impl Turn {
    /// Reads a turn; `past` are the events before it.
    pub(super) fn read(
        instance: &str,
        past: Vec<proto::HistoryEvent>,
        new: Vec<proto::HistoryEvent>,
    ) -> Result<Self, Invalid> {
        let id = client::instance("instanceId", instance)?;
        let past = worker::events("pastEvents", past)?;
        let new = worker::events("newEvents", new)?;
        let (name, version) = past.iter().chain(&new).find_map(started).ok_or_else(|| {
            Invalid::new("pastEvents", "neither they nor newEvents say which workflow was started")
        })?;
        Ok(Self { info: InstanceInfo { id, name, version }, past, new })
    }

    /// Runs it.
    pub(super) fn run(self, orchestrator: &dyn Orchestrator) -> Result<Outcome, Problem> {
        let mut execution = replaying::begin(orchestrator, &self.info)?;
        replay(execution.as_mut(), &self.past)?;
        let mut all = TurnOutput::default();
        let mut now = self.past.last().map(|event| event.at).unwrap_or_default();
        let events = effective(&self.new);
        let new = turns(&events);
        if new.is_empty() {
            return Err(Invalid::new("newEvents", "no turn begins in them (orchestratorStarted)").into());
        }
        for turn in &new {
            now = turn.started.event.at;
            let output = advance(execution.as_mut(), turn, false)?;
            all.commands.extend(output.commands);
            all.custom_status = output.custom_status;
        }
        let last = self.past.iter().chain(&self.new).map(|event| event.id).max().unwrap_or_default();
        let last = all.commands.iter().filter_map(id).max().unwrap_or(-1).max(last);
        let custom_status = worker::custom_status(&all);
        Ok(Outcome { actions: worker::actions(all.commands, last.saturating_add(1), now), custom_status })
    }
}

/// What an orchestrator asks for.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) actions: Vec<proto::OrchestratorAction>,
    pub(super) custom_status: Option<String>,
}

fn started(event: &Event) -> Option<(Name, Option<Name>)> {
    match &event.kind {
        EventKind::ExecutionStarted { name, version, .. } => Some((name.clone(), version.clone())),
        _ => None,
    }
}

/// Runs the orchestrator through its past, and proves that it asks for what the past records.
fn replay(execution: &mut dyn Execution, past: &[Event]) -> Result<(), Failure> {
    let events = effective(past);
    for turn in turns(&events) {
        let output = advance(execution, &turn, true)?;
        let told: Vec<Command> = output.commands.into_iter().filter(worker::is_told).collect();
        check_turn(&turn, &told).map_err(|mismatch| Failure::from(&mismatch))?;
    }
    Ok(())
}

fn advance(
    execution: &mut dyn Execution,
    turn: &RecordedTurn<'_>,
    replaying: bool,
) -> Result<TurnOutput, Failure> {
    let incoming: Vec<&Event> = turn.incoming.iter().map(|placed| placed.event).collect();
    let input = TurnInput {
        now: turn.started.event.at,
        events: &incoming,
        replaying,
        next_execution: ExecutionId(0), // the server decides
    };
    replaying::run(execution, input)
}

fn id(command: &Command) -> Option<i32> {
    match command {
        Command::ScheduleTask { id, .. }
        | Command::CreateSubOrchestration { id, .. }
        | Command::CreateTimer { id, .. }
        | Command::SendEvent { id, .. }
        | Command::Cancel { id, .. }
        | Command::Entity { id, .. } => Some(*id),
        Command::Complete { .. } | Command::ContinueAsNew { .. } => None,
    }
}
