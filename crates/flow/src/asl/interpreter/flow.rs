//! Data on its way through a state.

use super::fault::Fault;
use super::frame::{Frame, Step, Visit};
use super::sees::{Sees, nothing};
use super::size::json_size;
use crate::asl::definition::{Filter, Payload, QueryLanguage, ResultPath, Target};
use crate::asl::events::Assigned;
use crate::asl::expr::EvalError;
use serde_json::Value;
use std::sync::Arc;

impl Frame<'_> {
    /// What the state sees of its input.
    pub(crate) fn effective(&mut self, visit: &Visit<'_>) -> Result<Arc<Value>, Fault> {
        self.filter(visit, &visit.state.flow.input_path, &visit.input)
    }

    fn filter(
        &mut self,
        visit: &Visit<'_>,
        filter: &Filter,
        value: &Arc<Value>,
    ) -> Result<Arc<Value>, Fault> {
        match filter {
            Filter::Whole => Ok(value.clone()),
            Filter::Nothing => Ok(nothing()),
            Filter::Part(path) => match self.part(visit, path, value) {
                Ok(part) => Ok(Arc::new(part)),
                Err(error) => Err(self.failed(visit, error)),
            },
        }
    }

    /// `Parameters` or `Arguments`; what the state sees when it has neither.
    pub(crate) fn parameters(
        &mut self,
        visit: &Visit<'_>,
        effective: &Arc<Value>,
    ) -> Result<Arc<Value>, Fault> {
        let Some(payload) = &visit.state.flow.parameters else { return Ok(effective.clone()) };
        let field = match visit.state.language {
            QueryLanguage::JsonPath => "Parameters",
            QueryLanguage::Jsonata => "Arguments",
        };
        let sees = Sees { input: &visit.input, ..Sees::only(effective) };
        let value = self.payload(visit, payload, sees, field);
        value.map(Arc::new).map_err(|error| self.failed(visit, error))
    }

    /// From a result to where the state leads with it.
    pub(crate) fn finish(
        &mut self,
        visit: &Visit<'_>,
        result: Arc<Value>,
        target: Target,
    ) -> Result<Step, Fault> {
        let (output, assigned) = match visit.state.language {
            QueryLanguage::JsonPath => self.finish_by_path(visit, result)?,
            QueryLanguage::Jsonata => {
                let flow = &visit.state.flow;
                let sees = Sees { result: Some(&result), ..Sees::only(&visit.input) };
                self.by_query(visit, flow.output.as_ref(), flow.assign.as_ref(), sees, &result)?
            }
        };
        self.within_limits(visit, &output)?;
        Ok(Step { output, target, assigned, caught: None })
    }

    fn finish_by_path(
        &mut self,
        visit: &Visit<'_>,
        result: Arc<Value>,
    ) -> Result<(Arc<Value>, Assigned), Fault> {
        let flow = &visit.state.flow;
        let selected = match &flow.result_selector {
            None => result,
            Some(selector) => {
                let value = self.payload(visit, selector, Sees::only(&result), "ResultSelector");
                Arc::new(value.map_err(|error| self.failed(visit, error))?)
            }
        };
        let assigned = self.assign(visit, flow.assign.as_ref(), Sees::only(&selected))?;
        let combined = self.combine(visit, &flow.result_path, selected)?;
        let output = self.filter(visit, &flow.output_path, &combined)?;
        Ok((output, assigned))
    }

    /// What the next state sees of what comes out.
    pub(crate) fn output_path(&mut self, visit: &Visit<'_>, value: &Arc<Value>) -> Result<Arc<Value>, Fault> {
        self.filter(visit, &visit.state.flow.output_path, value)
    }

    /// Puts a result where `ResultPath` says.
    pub(crate) fn combine(
        &mut self,
        visit: &Visit<'_>,
        path: &ResultPath,
        result: Arc<Value>,
    ) -> Result<Arc<Value>, Fault> {
        match path {
            ResultPath::Replace => Ok(result),
            ResultPath::Discard => Ok(visit.input.clone()),
            ResultPath::At(path) => {
                let result = Arc::try_unwrap(result).unwrap_or_else(|shared| (*shared).clone());
                path.set(&visit.input, result).map(Arc::new).map_err(|error| self.failed(visit, error))
            }
        }
    }

    /// `Output` and `Assign` of JSONata; without an `Output`, `default` is what the next state sees.
    pub(crate) fn by_query(
        &mut self,
        visit: &Visit<'_>,
        output: Option<&Payload>,
        assign: Option<&Payload>,
        sees: Sees<'_>,
        default: &Arc<Value>,
    ) -> Result<(Arc<Value>, Assigned), Fault> {
        let assigned = self.assign(visit, assign, sees)?;
        let output = match output {
            None => default.clone(),
            Some(output) => {
                let value = self.payload(visit, output, sees, "Output");
                Arc::new(value.map_err(|error| self.failed(visit, error))?)
            }
        };
        Ok((output, assigned))
    }

    /// `Assign`: all values are computed before any variable changes.
    pub(crate) fn assign(
        &mut self,
        visit: &Visit<'_>,
        assign: Option<&Payload>,
        sees: Sees<'_>,
    ) -> Result<Assigned, Fault> {
        let Some(assign) = assign else { return Ok(Assigned::new()) };
        match self.payload(visit, assign, sees, "Assign") {
            Ok(Value::Object(members)) => {
                Ok(members.into_iter().map(|(name, value)| (name, Arc::new(value))).collect())
            }
            Ok(_) => Ok(Assigned::new()),
            Err(error) => Err(self.failed(visit, error)),
        }
    }

    /// Nothing larger than the limit goes from state to state.
    pub(crate) fn within_limits(&self, visit: &Visit<'_>, output: &Arc<Value>) -> Result<(), Fault> {
        let most = self.run.env.limits.payload_bytes;
        if Arc::ptr_eq(output, &visit.input) || json_size(output) <= most {
            return Ok(());
        }
        Err(Fault::too_large(&visit.state.name))
    }

    /// The value, or the failure of the expression.
    pub(crate) fn told<T>(&mut self, visit: &Visit<'_>, value: Result<T, EvalError>) -> Result<T, Fault> {
        value.map_err(|error| self.failed(visit, error))
    }
}
