//! One line of states.

use super::fault::{Fault, QUERY};
use super::run::Run;
use crate::asl::definition::{Machine, State, Target};
use crate::asl::events::{Assigned, EventKind, Reason, Step as Told, StepKind, Within};
use crate::asl::expr::{EvalError, Variables};
use serde_json::Value;
use std::sync::Arc;
use std::time::SystemTime;

/// One line of states: a machine, a branch, or an iteration, with its variables and its last event.
pub(crate) struct Frame<'a> {
    pub(crate) run: &'a Run,
    pub(crate) machine: &'a Machine,
    pub(crate) variables: Arc<Variables>,
    /// The event that the next one follows.
    pub(crate) previous: u64,
    /// The item of the innermost iteration.
    pub(crate) item: Option<Item>,
    /// The visit of a Parallel or Map state that this line is a part of.
    pub(crate) within: Option<Within>,
}

/// An item of a Map state.
#[derive(Clone, Debug)]
pub(crate) struct Item {
    pub(crate) index: usize,
    pub(crate) value: Arc<Value>,
}

/// One visit of a state.
pub(crate) struct Visit<'a> {
    pub(crate) state: &'a State,
    pub(crate) input: Arc<Value>,
    /// The event of the entry.
    pub(crate) entered: u64,
    /// The event before.
    pub(crate) before: u64,
    pub(crate) entered_at: SystemTime,
    pub(crate) retries: u64,
    pub(crate) token: Option<String>,
}

/// Where a state leads, and with what.
pub(crate) struct Step {
    pub(crate) output: Arc<Value>,
    pub(crate) target: Target,
    pub(crate) assigned: Assigned,
    /// The error that a catcher took it out of.
    pub(crate) caught: Option<Reason>,
}

impl<'a> Frame<'a> {
    pub(crate) fn new(run: &'a Run, machine: &'a Machine) -> Self {
        Self { run, machine, variables: Arc::default(), previous: 0, item: None, within: None }
    }

    /// A line that begins within this one, and sees its variables.
    pub(crate) fn inner(&self, machine: &'a Machine, within: Within) -> Self {
        Self {
            run: self.run,
            machine,
            variables: self.variables.clone(),
            previous: self.previous,
            item: self.item.clone(),
            within: Some(within),
        }
    }

    /// The next event of this line.
    pub(crate) fn emit(&mut self, kind: impl FnOnce() -> EventKind) {
        self.previous = self.run.event(self.previous, kind);
    }

    /// An event beside this line: what comes next does not follow it.
    pub(crate) fn note(&self, kind: impl FnOnce() -> EventKind) -> u64 {
        self.run.event(self.previous, kind)
    }

    pub(crate) fn enter(&mut self, state: &'a State, input: Arc<Value>) -> Visit<'a> {
        let before = self.previous;
        self.emit(|| EventKind::StateEntered {
            state_type: state.kind.name(),
            name: state.name.clone(),
            input: input.clone(),
        });
        let entered_at = self.run.ctx.now();
        let visit =
            Visit { state, input, entered: self.previous, before, entered_at, retries: 0, token: None };
        self.step(&visit, || StepKind::Entered {
            name: state.name.clone(),
            input: visit.input.clone(),
            within: self.within,
        });
        visit
    }

    /// Tells of a step of a visit.
    pub(crate) fn step(&self, visit: &Visit<'_>, kind: impl FnOnce() -> StepKind) {
        self.run.step(|at| Told { visit: visit.entered, at, kind: kind() });
    }

    /// Tells of a visit that failed.
    pub(crate) fn broke(&self, visit: &Visit<'_>, fault: &Fault) {
        self.step(visit, || StepKind::Failed(fault.reason.clone()));
    }

    pub(crate) fn exit(&mut self, visit: &Visit<'_>, step: &mut Step) {
        let state = visit.state;
        self.step(visit, || StepKind::Exited {
            output: step.output.clone(),
            next: match step.target {
                Target::State(next) => self.machine.state(next).map(|next| next.name.clone()),
                Target::End => None,
            },
            caught: step.caught.take(),
        });
        let assigned = std::mem::take(&mut step.assigned);
        self.emit(|| EventKind::StateExited {
            state_type: state.kind.name(),
            name: state.name.clone(),
            output: step.output.clone(),
            assigned: assigned.clone(),
        });
        if !assigned.is_empty() {
            Arc::make_mut(&mut self.variables).extend(assigned);
        }
    }

    /// Tells of an expression that failed.
    pub(crate) fn failed(&mut self, visit: &Visit<'_>, error: EvalError) -> Fault {
        let EvalError { error, cause } = error;
        let cause = format!(
            "An error occurred while executing the state '{}' (entered at the event id #{}). {cause}",
            visit.state.name, visit.entered
        );
        if error == QUERY {
            // It follows what the entry follows, unless more has happened since.
            if self.previous == visit.entered {
                self.previous = visit.before;
            }
            self.emit(|| EventKind::EvaluationFailed {
                error: error.to_owned(),
                cause: cause.clone(),
                location: location(&cause),
                state: visit.state.name.clone(),
            });
        }
        Fault::new(error, cause)
    }
}

/// The field that a cause names.
fn location(cause: &str) -> Option<String> {
    let (_, rest) = cause.rsplit_once("specified for the field '")?;
    rest.split_once('\'').map(|(field, _)| field.to_owned())
}
