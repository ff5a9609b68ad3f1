//! Iterations within the execution.

use super::source::Items;
use crate::asl::definition::MapState;
use crate::asl::events::{EventKind, Within};
use crate::asl::interpreter::fault::Fault;
use crate::asl::interpreter::frame::{Frame, Item, Visit};
use crate::asl::interpreter::machine::machine;
use futures::StreamExt as _;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use serde_json::Value;
use std::collections::BTreeSet;
use std::sync::Arc;

/// How an iteration ended: its number, its last event, and what came of it.
type Ended = (usize, u64, Result<Arc<Value>, Fault>);

impl<'a> Frame<'a> {
    /// Runs the iterations, so many at once. The first that fails ends the others.
    pub(super) async fn inline(
        &mut self,
        visit: &Visit<'a>,
        map: &'a MapState,
        effective: &Arc<Value>,
        items: Items,
        concurrency: usize,
    ) -> Result<Arc<Value>, Fault> {
        let Items::List(list) = items else {
            return Err(Fault::new("States.ItemReaderFailed", "An inline map has no ItemReader"));
        };
        let items = list.as_array().map_or(&[][..], Vec::as_slice);
        let most = self.run.env.limits.inline_concurrency.max(1);
        let concurrency = if concurrency == 0 { most } else { concurrency };
        let mut results = vec![Value::Null; items.len()];
        let mut running: FuturesUnordered<BoxFuture<'_, Ended>> = FuturesUnordered::new();
        let mut open = BTreeSet::new();
        let mut next = items.iter().enumerate();
        // An iteration follows the last event of the one that made room for it, the state's success that of the
        // last iteration.
        let begun = self.previous;
        let mut succeeded = begun;
        loop {
            while running.len() < concurrency {
                let Some((index, item)) = next.next() else { break };
                let item = Item { index, value: Arc::new(item.clone()) };
                running.push(self.iteration(visit, map, effective, item)?);
                open.insert(index);
                if running.len() < concurrency {
                    self.previous = begun;
                }
            }
            let Some((index, previous, result)) = running.next().await else { break };
            self.previous = previous;
            open.remove(&index);
            let name = visit.state.name.clone();
            match result {
                Ok(result) => {
                    succeeded = self.note(|| EventKind::MapIterationSucceeded { name, index });
                    if let Some(place) = results.get_mut(index) {
                        *place = Arc::unwrap_or_clone(result);
                    }
                }
                Err(fault) => {
                    drop(running);
                    self.broken(visit, index, open, &fault);
                    return Err(fault);
                }
            }
        }
        self.previous = succeeded;
        self.note(|| EventKind::MapStateSucceeded);
        Ok(Arc::new(Value::Array(results)))
    }

    fn iteration(
        &mut self,
        visit: &Visit<'a>,
        map: &'a MapState,
        effective: &Arc<Value>,
        item: Item,
    ) -> Result<BoxFuture<'a, Ended>, Fault> {
        let (name, index) = (visit.state.name.clone(), item.index);
        self.emit(|| EventKind::MapIterationStarted { name, index });
        let input = self.select(visit, map, effective, item.clone())?;
        let mut line = self.inner(&map.processor, Within::iteration(visit.entered, index));
        line.item = Some(item);
        Ok(Box::pin(async move {
            let result = machine(&mut line, input).await;
            (index, line.previous, result)
        }))
    }

    /// Tells which iteration failed, and which ended because of it.
    fn broken(&self, visit: &Visit<'_>, index: usize, open: BTreeSet<usize>, fault: &Fault) {
        if fault.is_fatal() {
            return;
        }
        let name = &visit.state.name;
        self.note(|| EventKind::MapIterationFailed { name: name.clone(), index });
        for index in open {
            self.note(|| EventKind::MapIterationAborted { name: name.clone(), index });
        }
    }
}
