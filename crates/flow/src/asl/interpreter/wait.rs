//! Wait states.

use super::fault::{Fault, not_usable, unexpected};
use super::frame::{Frame, Step, Visit};
use crate::asl::definition::{Amount, Lookup, Text, WaitFor};
use crate::asl::expr::{EvalError, timestamp};
use serde_json::Value;
use std::time::{Duration, SystemTime};

/// The longest wait, in seconds: what fits a signed number of 32 bits, which is 24,855 days.
const LONGEST: u64 = i32::MAX as u64;

impl Frame<'_> {
    pub(crate) async fn wait(&mut self, visit: &Visit<'_>, wait: &WaitFor) -> Result<Step, Fault> {
        let effective = self.effective(visit)?;
        let until = self.until(visit, wait, &effective);
        let until = self.told(visit, until)?;
        if until > self.run.ctx.now() {
            self.run.waits_in(&visit.state.name);
            self.run.ctx.create_timer_at(until).await;
            self.run.waited();
        }
        self.through(visit, visit.state.next)
    }

    /// Waits between attempts.
    pub(crate) async fn sleep(&self, seconds: f64) {
        if seconds > 0.0 {
            let longest = Duration::from_secs(LONGEST);
            let wait = Duration::try_from_secs_f64(seconds).map_or(longest, |wait| wait.min(longest));
            self.run.ctx.create_timer(wait).await;
            self.run.waited();
        }
    }

    fn until(&self, visit: &Visit<'_>, wait: &WaitFor, dollar: &Value) -> Result<SystemTime, EvalError> {
        let now = self.run.ctx.now();
        let until = match wait {
            WaitFor::Seconds(amount) => now + Duration::from_secs(self.seconds(visit, amount, dollar)?),
            WaitFor::Until(text) => self.instant(visit, text, dollar)?,
        };
        let longest = now.checked_add(Duration::from_secs(LONGEST));
        if longest.is_some_and(|longest| until <= longest) {
            return Ok(until);
        }
        Err(not_usable("Wait state delay is too long."))
    }

    fn seconds(&self, visit: &Visit<'_>, amount: &Amount, dollar: &Value) -> Result<u64, EvalError> {
        let value = match amount {
            Amount::Path(lookup) => self.looked_up(visit, lookup, dollar)?,
            Amount::Query(query) => {
                let value = self.query(visit, query, "Seconds")?;
                let whole = value.as_u64().filter(|seconds| *seconds <= 99_999_999);
                return whole.ok_or_else(|| {
                    unexpected(&query.source, "Seconds", "integer from 0 to 99999999", &value)
                });
            }
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // the checker bounded it
            Amount::Fixed(seconds) => return Ok(*seconds as u64),
        };
        let Amount::Path(lookup) = amount else { return Ok(0) };
        if let Some(seconds) = value.as_u64() {
            return Ok(seconds.min(LONGEST + 1));
        }
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let what =
            if value.is_i64() { "references a negative value" } else { "cannot be parsed as a long value" };
        Err(not_usable(format!("The SecondsPath parameter {what}: {} == {text}", lookup.text)))
    }

    fn instant(&self, visit: &Visit<'_>, text: &Text, dollar: &Value) -> Result<SystemTime, EvalError> {
        let (value, at) = match text {
            Text::Fixed(text) => (Value::String(text.clone()), None),
            Text::Path(lookup) => (self.looked_up(visit, lookup, dollar)?, Some(&lookup.text)),
            Text::Query(query) => {
                let value = self.query(visit, query, "Timestamp")?;
                let found = value.as_str().and_then(timestamp::parse).map(SystemTime::from);
                return found
                    .ok_or_else(|| unexpected(&query.source, "Timestamp", "ISO-8601 timestamp", &value));
            }
        };
        value.as_str().and_then(timestamp::parse).map(SystemTime::from).ok_or_else(|| {
            let shown = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            let (field, place) = match at {
                Some(at) => ("TimestampPath", format!("{at} == ")),
                None => ("Timestamp", String::new()),
            };
            not_usable(format!(
                "The {field} parameter does not reference a valid ISO-8601 extended offset date-time format \
                 string: {place}{shown}"
            ))
        })
    }

    fn looked_up(&self, visit: &Visit<'_>, lookup: &Lookup, dollar: &Value) -> Result<Value, EvalError> {
        let Lookup { path, text, field } = lookup;
        self.path(visit, path, dollar, field).map_err(|_| {
            not_usable(format!("The {field} parameter does not reference an input value: {text}"))
        })
    }
}
