//! Map states.
//!
//! | file | holds |
//! | --- | --- |
//! | `inline.rs` | iterations within the execution |
//! | `distributed.rs` | iterations that are executions of their own |
//! | `source.rs` | where the items come from, and what an iteration gets of one |
//! | `tolerance.rs` | how many may fail |
//! | `writer.rs` | where the results go |

mod distributed;
mod inline;
mod results;
mod source;
mod tolerance;
mod writer;

use super::fault::{Fault, not_usable};
use super::frame::{Frame, Visit};
use crate::asl::definition::{Amount, Lookup, MapState};
use crate::asl::events::EventKind;
use crate::asl::expr::EvalError;
use serde_json::Value;
use std::sync::Arc;

impl<'a> Frame<'a> {
    /// Runs the processor for each item.
    pub(crate) async fn map(
        &mut self,
        visit: &mut Visit<'a>,
        map: &'a MapState,
    ) -> Result<Arc<Value>, Fault> {
        let effective = self.effective(visit)?;
        let concurrency = self.concurrency(visit, map, &effective)?;
        let items = self.items(visit, map, &effective)?;
        let length = items.len();
        if length > self.run.env.limits.map_items {
            let most = self.run.env.limits.map_items;
            let error = not_usable(format!("The map has {length} items; at most {most} are allowed."));
            return Err(self.failed(visit, error));
        }
        self.emit(|| EventKind::MapStateStarted { length });
        match &map.distributed {
            None => self.inline(visit, map, &effective, items, concurrency).await,
            Some(distributed) => {
                self.distributed(visit, map, distributed, &effective, items, concurrency).await
            }
        }
    }

    /// Iterations at once; 0 for as many as the limit lets run.
    fn concurrency(&mut self, visit: &Visit<'_>, map: &MapState, dollar: &Value) -> Result<usize, Fault> {
        let Some(amount) = &map.concurrency else { return Ok(0) };
        let number = self.amount(visit, amount, dollar, "MaxConcurrency", whole);
        let number = self.told(visit, number)?;
        if number < 0.0 {
            let error = not_usable(format!("MaxConcurrency must not be negative, but it is {number}."));
            return Err(self.failed(visit, error));
        }
        Ok(to_usize(number))
    }

    pub(super) fn optional(
        &mut self,
        visit: &Visit<'_>,
        amount: Option<&Amount>,
        dollar: &Value,
        field: &str,
        read: impl FnOnce(&Lookup, &Value) -> Result<f64, EvalError>,
    ) -> Result<Option<f64>, Fault> {
        let Some(amount) = amount else { return Ok(None) };
        let number = self.amount(visit, amount, dollar, field, read);
        self.told(visit, number).map(Some)
    }
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // clamped
pub(super) fn to_usize(number: f64) -> usize {
    number.clamp(0.0, 1e15) as usize
}

/// A whole number, also as a text.
pub(super) fn whole(lookup: &Lookup, value: &Value) -> Result<f64, EvalError> {
    let number = match value {
        Value::String(text) => text.parse::<i64>().ok(),
        value => value.as_i64(),
    };
    #[allow(clippy::cast_precision_loss)] // no map has 2^53 items
    number.map(|number| number as f64).ok_or_else(|| not_a("integer", lookup, value))
}

/// A number, also as a text.
pub(super) fn float(lookup: &Lookup, value: &Value) -> Result<f64, EvalError> {
    let number = match value {
        Value::String(text) => text.parse::<f64>().ok().filter(|number| number.is_finite()),
        value => value.as_f64(),
    };
    number.ok_or_else(|| not_a("float", lookup, value))
}

fn not_a(what: &str, lookup: &Lookup, value: &Value) -> EvalError {
    let shown = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    not_usable(format!(
        "The {} field refers to value \"{shown}\" which is not a valid {what}: {}",
        lookup.field, lookup.text
    ))
}
