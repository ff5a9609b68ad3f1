//! Parallel states.

use super::fault::Fault;
use super::frame::{Frame, Visit};
use super::machine::machine;
use crate::asl::definition::Machine;
use crate::asl::events::{EventKind, Within};
use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use serde_json::Value;
use std::sync::Arc;

impl<'a> Frame<'a> {
    /// Runs the branches side by side. The first that fails ends the others.
    pub(crate) async fn parallel(
        &mut self,
        visit: &Visit<'a>,
        branches: &'a [Arc<Machine>],
    ) -> Result<Arc<Value>, Fault> {
        let effective = self.effective(visit)?;
        let input = self.parameters(visit, &effective)?;
        self.emit(|| EventKind::ParallelStateStarted);
        let mut running: FuturesUnordered<_> = branches
            .iter()
            .enumerate()
            .map(|(number, branch)| {
                let (mut line, input) =
                    (self.inner(branch, Within::branch(visit.entered, number)), input.clone());
                Box::pin(async move {
                    let result = machine(&mut line, input).await;
                    (number, line.previous, result)
                })
            })
            .collect();
        let mut results = vec![Value::Null; branches.len()];
        while let Some((number, previous, result)) = running.next().await {
            self.previous = previous;
            let result = result?;
            if let Some(place) = results.get_mut(number) {
                *place = Arc::unwrap_or_clone(result);
            }
        }
        drop(running);
        self.note(|| EventKind::ParallelStateSucceeded);
        Ok(Arc::new(Value::Array(results)))
    }
}
