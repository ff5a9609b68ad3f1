//! Choice states.

use super::fault::{Fault, unexpected};
use super::frame::{Frame, Step, Visit};
use super::sees::Sees;
use crate::asl::definition::{ChoiceRule, ChoiceTest, Payload, QueryLanguage, StateIndex, Target};
use crate::asl::expr::EvalError;
use serde_json::Value;
use std::sync::Arc;

impl Frame<'_> {
    pub(crate) fn choice(
        &mut self,
        visit: &Visit<'_>,
        rules: &[ChoiceRule],
        default: Option<StateIndex>,
    ) -> Result<Step, Fault> {
        let effective = self.effective(visit)?;
        for (number, rule) in rules.iter().enumerate() {
            let holds = self.holds(visit, rule, number, &effective);
            if self.told(visit, holds)? {
                return self.chosen(visit, &effective, rule.next, rule.output.as_ref(), rule.assign.as_ref());
            }
        }
        match default {
            Some(next) => {
                let flow = &visit.state.flow;
                self.chosen(visit, &effective, next, flow.output.as_ref(), flow.assign.as_ref())
            }
            None => {
                let cause =
                    "Failed to transition out of the state. The state does not point to a next state.";
                let error = EvalError { error: "States.NoChoiceMatched", cause: cause.to_owned() };
                Err(self.failed(visit, error))
            }
        }
    }

    fn holds(
        &self,
        visit: &Visit<'_>,
        rule: &ChoiceRule,
        number: usize,
        dollar: &Value,
    ) -> Result<bool, EvalError> {
        match &rule.test {
            ChoiceTest::Rule(test) => self.test(visit, test, dollar),
            ChoiceTest::Condition(query) => {
                let field = format!("Choices[{number}]/Condition");
                let value = self.query(visit, query, &field)?;
                value.as_bool().ok_or_else(|| unexpected(&query.source, &field, "boolean", &value))
            }
        }
    }

    fn chosen(
        &mut self,
        visit: &Visit<'_>,
        effective: &Arc<Value>,
        next: StateIndex,
        output: Option<&Payload>,
        assign: Option<&Payload>,
    ) -> Result<Step, Fault> {
        let target = Target::State(next);
        let (output, assigned) = match visit.state.language {
            QueryLanguage::Jsonata => {
                self.by_query(visit, output, assign, Sees::only(&visit.input), &visit.input)?
            }
            QueryLanguage::JsonPath => {
                let assigned = self.assign(visit, assign, Sees::only(effective))?;
                (self.output_path(visit, effective)?, assigned)
            }
        };
        self.within_limits(visit, &output)?;
        Ok(Step { output, target, assigned, caught: None })
    }
}
