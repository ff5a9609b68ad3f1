//! Retry and Catch.

use super::fault::Fault;
use super::frame::{Frame, Step, Visit};
use super::sees::Sees;
use crate::asl::definition::{Catcher, Kind, QueryLanguage, Retrier, Target};
use crate::asl::events::{EventKind, StepKind};
use futures::future::BoxFuture;
use serde_json::Value;
use std::sync::Arc;

impl<'a> Frame<'a> {
    /// A state whose work can fail: tries it, again and again as its retriers say, and then asks its catchers.
    pub(crate) fn work<'f>(&'f mut self, visit: &'f mut Visit<'a>) -> BoxFuture<'f, Result<Step, Fault>> {
        Box::pin(async move {
            // Each retrier counts its own retries.
            let mut tried = vec![0_u64; visit.state.retry.len()];
            loop {
                let fault = match self.attempt(visit).await {
                    Ok(step) => return Ok(step),
                    Err(fault) => fault,
                };
                let Some(seconds) = self.again(&visit.state.retry, &mut tried, &fault) else {
                    return self.give_up(visit, fault);
                };
                self.step(visit, || StepKind::Retried(fault.reason.clone()));
                self.sleep(seconds).await;
                visit.retries += 1;
                self.run.transition()?;
            }
        })
    }

    async fn attempt(&mut self, visit: &mut Visit<'a>) -> Result<Step, Fault> {
        let state = visit.state;
        let result = match &state.kind {
            Kind::Task(task) => self.task(visit, task).await?,
            Kind::Parallel { branches } => self.parallel(visit, branches).await?,
            Kind::Map(map) => self.map(visit, map).await?,
            _ => visit.input.clone(),
        };
        self.finish(visit, result, state.next)
    }

    /// After how many seconds to try again.
    fn again(&self, retriers: &[Retrier], tried: &mut [u64], fault: &Fault) -> Option<f64> {
        let (retrier, tried) =
            retriers.iter().zip(tried).find(|(retrier, _)| fault.is_among(&retrier.error_equals))?;
        if *tried >= retrier.max_attempts {
            return None;
        }
        let wait = interval(retrier, *tried);
        *tried += 1;
        Some(if retrier.full_jitter { wait * self.run.ctx.random() } else { wait })
    }

    fn give_up(&mut self, visit: &mut Visit<'a>, fault: Fault) -> Result<Step, Fault> {
        if fault.is_fatal() {
            return Err(fault);
        }
        match &visit.state.kind {
            Kind::Parallel { .. } => self.emit(|| EventKind::ParallelStateFailed),
            Kind::Map(_) => self.emit(|| EventKind::MapStateFailed),
            _ => {}
        }
        let state = visit.state;
        match state.catch.iter().find(|catcher| fault.is_among(&catcher.error_equals)) {
            Some(catcher) => self.caught(visit, catcher, &fault),
            None => Err(fault),
        }
    }

    fn caught(&mut self, visit: &Visit<'_>, catcher: &Catcher, fault: &Fault) -> Result<Step, Fault> {
        let error: Arc<Value> = Arc::new(fault.output());
        let sees = Sees { dollar: &error, input: &visit.input, result: None, error: Some(&error) };
        let (output, assigned) = match visit.state.language {
            QueryLanguage::Jsonata => {
                self.by_query(visit, catcher.output.as_ref(), catcher.assign.as_ref(), sees, &error)?
            }
            QueryLanguage::JsonPath => {
                let assigned = self.assign(visit, catcher.assign.as_ref(), sees)?;
                (self.combine(visit, &catcher.result_path, error.clone())?, assigned)
            }
        };
        self.within_limits(visit, &output)?;
        let caught = Some(fault.reason.clone());
        Ok(Step { output, target: Target::State(catcher.next), assigned, caught })
    }
}

/// Seconds before the next retry, jitter aside.
fn interval(retrier: &Retrier, tried: u64) -> f64 {
    let power = i32::try_from(tried).unwrap_or(i32::MAX);
    let wait = retrier.interval_seconds * retrier.backoff_rate.powi(power);
    wait.min(retrier.max_delay_seconds.unwrap_or(f64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_grow_up_to_the_longest() {
        let retrier = Retrier {
            error_equals: Vec::new(),
            interval_seconds: 3.0,
            max_attempts: 9,
            backoff_rate: 1.5,
            max_delay_seconds: Some(10.0),
            full_jitter: false,
        };
        let waits: Vec<f64> = (0..5).map(|tried| interval(&retrier, tried)).collect();
        assert_eq!(waits, [3.0, 4.5, 6.75, 10.0, 10.0]);
    }
}
