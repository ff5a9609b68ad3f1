//! Iterations that are executions of their own.

use super::results::{About, Child};
use super::source::Items;
use super::{to_usize, whole};
use crate::asl::definition::{Distributed, ItemBatcher, ItemSource, MapState, QueryLanguage};
use crate::asl::events::{EventKind, Reason};
use crate::asl::interpreter::fault::{Fault, not_usable};
use crate::asl::interpreter::frame::{Frame, Item, Visit};
use crate::asl::interpreter::json_size;
use crate::asl::interpreter::sees::Sees;
use futures::StreamExt as _;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use partita::context::SubOrchestrationOptions;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::SystemTime;

/// What `MaxConcurrency` lets run at most, whatever it says.
const MOST_AT_ONCE: usize = 10_000;

/// A run of a distributed map.
struct MapRun {
    id: String,
    arn: String,
    workflow: String,
    label: String,
}

impl<'a> Frame<'a> {
    pub(super) async fn distributed(
        &mut self,
        visit: &Visit<'a>,
        map: &'a MapState,
        distributed: &Distributed,
        effective: &Arc<Value>,
        items: Items,
        concurrency: usize,
    ) -> Result<Arc<Value>, Fault> {
        let tolerance = self.tolerance(visit, map, effective)?;
        let run = self.begin_run(distributed);
        self.emit(|| EventKind::MapRunStarted { arn: run.arn.clone() });
        self.run.waits_in(&visit.state.name);
        let started = self.previous;
        let result = match self.inputs(visit, map, effective, items).await {
            Err(fault) => Err(fault),
            Ok(inputs) => {
                let keeps = map.writer.as_ref().is_some_and(|writer| writer.resource.is_some());
                let (children, exceeded) = self.children(&run, inputs, concurrency, tolerance, keeps).await;
                let env = self.run.env.clone();
                let about = About { place: &env.place, machine: &run.workflow };
                // What is known is written also when too many have failed.
                let written = match exceeded {
                    Some(_) if !keeps => Ok(Value::Null),
                    _ => self.write(visit, map, effective, &run.arn, &about, children).await,
                };
                exceeded.map_or(written, Err)
            }
        };
        let result = result.inspect_err(|fault| {
            if !fault.is_fatal() {
                self.emit(|| EventKind::MapRunFailed(fault.reason.clone()));
            }
        })?;
        self.emit(|| EventKind::MapRunSucceeded);
        self.note(|| EventKind::MapStateSucceeded);
        // The recordings of JSONPath machines that begin with a distributed map let the exit follow the run's
        // end; all others let it follow the run's start.
        if visit.before != 0 || visit.state.language == QueryLanguage::Jsonata {
            self.previous = started;
        }
        Ok(Arc::new(result))
    }

    fn begin_run(&self, distributed: &Distributed) -> MapRun {
        let id = self.run.ctx.new_guid().to_string();
        let root = self.run.root_name();
        let label = distributed.label.clone();
        MapRun {
            arn: self.run.env.place.map_run(root, &label, &id),
            workflow: format!("{root}/{label}"),
            label,
            id,
        }
    }

    /// The inputs of the children.
    async fn inputs(
        &mut self,
        visit: &Visit<'_>,
        map: &MapState,
        effective: &Arc<Value>,
        items: Items,
    ) -> Result<Vec<Value>, Fault> {
        let items = match (items, &map.items) {
            (Items::List(list), _) => match Arc::unwrap_or_clone(list) {
                Value::Array(items) => items,
                _ => Vec::new(),
            },
            (Items::Reader, ItemSource::Reader(reader, _)) => self.read(visit, reader, effective).await?,
            (Items::Reader, _) => Vec::new(),
        };
        let mut inputs = Vec::with_capacity(items.len());
        for (index, value) in items.into_iter().enumerate() {
            let item = Item { index, value: Arc::new(value) };
            inputs.push(Arc::unwrap_or_clone(self.select(visit, map, effective, item)?));
        }
        match &map.batcher {
            None => Ok(inputs),
            Some(batcher) => self.batches(visit, batcher, effective, inputs),
        }
    }

    /// Puts items together, as many as the batcher lets.
    fn batches(
        &mut self,
        visit: &Visit<'_>,
        batcher: &ItemBatcher,
        effective: &Arc<Value>,
        items: Vec<Value>,
    ) -> Result<Vec<Value>, Fault> {
        let most_items = self.optional(
            visit,
            batcher.max_items.as_ref(),
            effective,
            "ItemBatcher/MaxItemsPerBatch",
            whole,
        )?;
        let most_bytes = self.optional(
            visit,
            batcher.max_bytes.as_ref(),
            effective,
            "ItemBatcher/MaxInputBytesPerBatch",
            whole,
        )?;
        if most_items.into_iter().chain(most_bytes).any(|most| most < 1.0) {
            return Err(self.failed(visit, not_usable("The bounds of a batch must be positive.")));
        }
        let input = match &batcher.input {
            None => None,
            Some(input) => {
                let sees = Sees { input: &visit.input, ..Sees::only(effective) };
                let value = self.payload(visit, input, sees, "ItemBatcher/BatchInput");
                Some(self.told(visit, value)?)
            }
        };
        let most_items = most_items.map_or(usize::MAX, to_usize);
        let most_bytes = most_bytes.map_or(usize::MAX, to_usize);
        let batches = grouped(items, most_items, most_bytes).into_iter();
        Ok(batches.map(|items| batch(items, input.as_ref())).collect())
    }

    /// Runs the children, so many at once, and gives what came of those that have ended, in the order of the
    /// items. They end early when more have failed than is tolerated.
    async fn children(
        &mut self,
        run: &MapRun,
        inputs: Vec<Value>,
        concurrency: usize,
        tolerance: super::tolerance::Tolerance,
        keeps_inputs: bool,
    ) -> (Vec<Child>, Option<Fault>) {
        let total = inputs.len();
        let most = if concurrency == 0 { self.run.env.limits.distributed_concurrency } else { concurrency };
        let most = most.clamp(1, MOST_AT_ONCE);
        let mut ended = Vec::with_capacity(total);
        let mut running: FuturesUnordered<BoxFuture<'_, (Begun, partita::Result<Value>)>> =
            FuturesUnordered::new();
        let mut next = inputs.into_iter().enumerate();
        let mut failures = 0;
        loop {
            while running.len() < most {
                let Some((index, input)) = next.next() else { break };
                running.push(self.start_child(run, index, input, keeps_inputs));
            }
            let Some((begun, outcome)) = running.next().await else { break };
            self.run.waited();
            failures += usize::from(outcome.is_err());
            ended.push(begun.ended(self.run.ctx.now(), outcome));
            if tolerance.is_exceeded(failures, total) {
                let reason = Reason {
                    error: Some("States.ExceedToleratedFailureThreshold".to_owned()),
                    cause: Some("The specified tolerated failure threshold was exceeded".to_owned()),
                };
                return (in_order(ended), Some(Fault::of(reason.error, reason.cause)));
            }
        }
        (in_order(ended), None)
    }

    fn start_child(
        &self,
        run: &MapRun,
        index: usize,
        input: Value,
        keeps_input: bool,
    ) -> BoxFuture<'static, (Begun, partita::Result<Value>)> {
        let ctx = &self.run.ctx;
        let name = format!("{}:{}:{}:{index}", ctx.instance_id(), run.label, run.id);
        let options = SubOrchestrationOptions {
            id: Some(name.clone()),
            version: ctx.version(),
            ..SubOrchestrationOptions::default()
        };
        let child = ctx.call_sub_orchestrator_with::<Value>(&run.workflow, options, &input);
        let begun = Begun { index, name, input: keeps_input.then_some(input), started: ctx.now() };
        Box::pin(async move { (begun, child.await) })
    }
}

/// A child that runs.
struct Begun {
    index: usize,
    name: String,
    input: Option<Value>,
    started: SystemTime,
}

impl Begun {
    fn ended(self, ended: SystemTime, outcome: partita::Result<Value>) -> Child {
        let Self { index, name, input, started } = self;
        let outcome = outcome.map_err(|error| {
            let failure = error.failure();
            let told = failure.map(|failure| failure.inner.as_deref().unwrap_or(failure));
            told.map_or_else(Default::default, |failure| {
                (failure.error_type.to_string(), failure.message.to_string())
            })
        });
        Child { index, name, input, started, ended, outcome }
    }
}

fn in_order(mut children: Vec<Child>) -> Vec<Child> {
    children.sort_by_key(|child| child.index);
    children
}

#[allow(clippy::needless_pass_by_value)] // the items move into the batch
fn batch(items: Vec<Value>, input: Option<&Value>) -> Value {
    match input {
        Some(input) => json!({ "Items": items, "BatchInput": input }),
        None => json!({ "Items": items }),
    }
}

/// Items in their order, in groups of at most so many and of at most so many bytes; an item that is larger
/// goes alone.
fn grouped(items: Vec<Value>, most_items: usize, most_bytes: usize) -> Vec<Vec<Value>> {
    let mut groups: Vec<Vec<Value>> = Vec::new();
    let mut bytes = 0;
    for item in items {
        let size = json_size(&item) + 1;
        let last = groups.last_mut().filter(|last| last.len() < most_items && bytes + size <= most_bytes);
        match last {
            Some(last) => {
                bytes += size;
                last.push(item);
            }
            None => {
                bytes = size;
                groups.push(vec![item]);
            }
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_keep_both_bounds() {
        let items = |n: i32| (0..n).map(Value::from).collect::<Vec<_>>();
        let sizes = |groups: Vec<Vec<Value>>| groups.iter().map(Vec::len).collect::<Vec<_>>();
        assert_eq!(sizes(grouped(items(7), 3, usize::MAX)), [3, 3, 1]);
        assert_eq!(sizes(grouped(items(5), usize::MAX, 4)), [2, 2, 1]);
        assert_eq!(sizes(grouped(items(3), 2, 1)), [1, 1, 1]);
        assert_eq!(sizes(grouped(items(0), 2, 1)), [0_usize; 0]);
    }
}
