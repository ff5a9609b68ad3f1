//! Orchestrators that are data: for interpreters, and for whoever decides at run time what is offered.

use crate::context::OrchestrationContext;
use crate::error::Result;
use crate::execution::begin;
use futures::future::BoxFuture;
use partita_engine::executor::TurnInput;
pub use partita_engine::{Execution, Function, FunctionCall, InstanceInfo, Offers, Orchestrator};
use partita_kernel::{Failure, TurnOutput};
pub use partita_kernel::{Name, Payload};
use std::sync::Arc;

/// What an orchestrator gives, as JSON.
pub type Outcome = BoxFuture<'static, Result<Option<Payload>>>;

/// Begins a run of an orchestrator whose input and output are JSON.
///
/// Like any orchestrator, `run` has to ask for the same things whenever it is given the same answers.
pub fn execution<F>(info: &InstanceInfo, run: F) -> Box<dyn Execution>
where
    F: Fn(OrchestrationContext, Option<Payload>) -> Outcome + Send + Sync + 'static,
{
    begin(info, Arc::new(run))
}

/// A run that fails in its first turn: what it needs is not here. The instance is set aside with this reason.
#[must_use]
pub fn broken(failure: Failure) -> Box<dyn Execution> {
    Box::new(Broken(failure))
}

struct Broken(Failure);

impl Execution for Broken {
    fn turn(&mut self, _: TurnInput<'_>) -> Result<TurnOutput, Failure> {
        Err(self.0.clone())
    }
}
