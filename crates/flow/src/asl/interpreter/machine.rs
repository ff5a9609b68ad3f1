//! From state to state.

use super::fault::Fault;
use super::frame::{Frame, Step, Visit};
use super::sees::Sees;
use crate::asl::definition::{Kind, QueryLanguage, Target};
use serde_json::Value;
use std::sync::Arc;

/// Runs a frame's machine from its first state to its end.
pub(crate) async fn machine(frame: &mut Frame<'_>, input: Arc<Value>) -> Result<Arc<Value>, Fault> {
    let machine = frame.machine;
    let (mut at, mut input) = (machine.start_at, input);
    loop {
        frame.run.transition()?;
        let Some(state) = machine.state(at) else {
            return Err(Fault::runtime("The machine leads to a state that it does not have."));
        };
        let mut visit = frame.enter(state, input);
        let ended = match &state.kind {
            Kind::Pass { .. } | Kind::Choice { .. } | Kind::Succeed | Kind::Fail { .. } => {
                frame.at_once(&visit)
            }
            Kind::Wait(wait) => Box::pin(frame.wait(&visit, wait)).await,
            Kind::Task(_) | Kind::Parallel { .. } | Kind::Map(_) => frame.work(&mut visit).await,
        };
        let mut step = ended.inspect_err(|fault| frame.broke(&visit, fault))?;
        frame.exit(&visit, &mut step);
        match step.target {
            Target::End => return Ok(step.output),
            Target::State(next) => (at, input) = (next, step.output),
        }
    }
}

impl Frame<'_> {
    /// States that wait for nothing.
    fn at_once(&mut self, visit: &Visit<'_>) -> Result<Step, Fault> {
        match &visit.state.kind {
            Kind::Pass { result } => self.pass(visit, result.as_ref()),
            Kind::Choice { rules, default } => self.choice(visit, rules, *default),
            Kind::Fail { error, cause } => Err(self.fail(visit, error.as_deref(), cause.as_deref())),
            _ => self.through(visit, Target::End),
        }
    }

    fn pass(&mut self, visit: &Visit<'_>, result: Option<&Arc<Value>>) -> Result<Step, Fault> {
        if visit.state.language == QueryLanguage::Jsonata {
            return self.through(visit, visit.state.next);
        }
        let effective = self.effective(visit)?;
        let result = match result {
            Some(result) => result.clone(),
            None => self.parameters(visit, &effective)?,
        };
        self.finish(visit, result, visit.state.next)
    }

    /// States that have no result: their input goes through.
    pub(crate) fn through(&mut self, visit: &Visit<'_>, target: Target) -> Result<Step, Fault> {
        if visit.state.language == QueryLanguage::JsonPath {
            let effective = self.effective(visit)?;
            return self.finish(visit, effective, target);
        }
        let flow = &visit.state.flow;
        let sees = Sees::only(&visit.input);
        let (output, assigned) =
            self.by_query(visit, flow.output.as_ref(), flow.assign.as_ref(), sees, &visit.input)?;
        self.within_limits(visit, &output)?;
        Ok(Step { output, target, assigned, caught: None })
    }
}
