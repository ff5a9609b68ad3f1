//! Fail states.

use super::fault::{Fault, FaultKind};
use super::frame::{Frame, Visit};
use crate::asl::definition::Text;
use serde_json::Value;

impl Frame<'_> {
    pub(crate) fn fail(&mut self, visit: &Visit<'_>, error: Option<&Text>, cause: Option<&Text>) -> Fault {
        let input = visit.input.clone();
        let error = match self.word(visit, error, &input, "Error") {
            Ok(error) => error,
            Err(fault) => return fault,
        };
        match self.word(visit, cause, &input, "Cause") {
            // A name that somebody chose is never one that nothing catches.
            Ok(cause) => Fault { kind: FaultKind::Ordinary, ..Fault::of(error, cause) },
            Err(fault) => fault,
        }
    }

    fn word(
        &mut self,
        visit: &Visit<'_>,
        text: Option<&Text>,
        input: &Value,
        field: &str,
    ) -> Result<Option<String>, Fault> {
        let Some(text) = text else { return Ok(None) };
        let text = self.text(visit, text, input, field);
        self.told(visit, text).map(Some)
    }
}
