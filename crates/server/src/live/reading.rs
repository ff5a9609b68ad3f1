//! The counters at one moment, and what lies between two.

use partita_engine::Engine;
use partita_engine::durations::DurationCounts;
use partita_engine::kernel::Name;
use partita_engine::metrics::{FunctionMetrics, WorkflowMetrics};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Whose figures these are.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Of {
    /// All together.
    Server,
    /// The instances of a workflow.
    Workflow(Name),
    /// The calls of a function.
    Function(Name),
}

/// What was counted since the engine was opened; or between two moments.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) started: u64,
    pub(super) completed: u64,
    pub(super) failed: u64,
    pub(super) terminated: u64,
    pub(super) calls: u64,
    pub(super) calls_failed: u64,
    pub(super) durations: DurationCounts,
}

impl Tally {
    /// The whole server's counters, without durations.
    pub(super) fn of_server(engine: &Engine) -> Self {
        let metrics = engine.metrics();
        Self {
            started: metrics.instances_started.get(),
            completed: metrics.instances_completed.get(),
            failed: metrics.instances_failed.get(),
            terminated: metrics.instances_terminated.get(),
            calls: metrics.calls_started.get(),
            calls_failed: metrics.calls_failed.get(),
            durations: DurationCounts::default(),
        }
    }

    fn of_workflow(figures: &WorkflowMetrics) -> Self {
        Self {
            started: figures.started.get(),
            completed: figures.completed.get(),
            failed: figures.failed.get(),
            terminated: figures.terminated.get(),
            durations: figures.durations.read(),
            ..Self::default()
        }
    }

    pub(super) fn of_function(figures: &FunctionMetrics) -> Self {
        Self {
            calls: figures.started.get(),
            calls_failed: figures.failed.get(),
            durations: figures.durations.read(),
            ..Self::default()
        }
    }

    /// What was counted after an earlier reading of the same.
    pub(super) fn since(&self, earlier: &Self) -> Self {
        Self {
            started: self.started.saturating_sub(earlier.started),
            completed: self.completed.saturating_sub(earlier.completed),
            failed: self.failed.saturating_sub(earlier.failed),
            terminated: self.terminated.saturating_sub(earlier.terminated),
            calls: self.calls.saturating_sub(earlier.calls),
            calls_failed: self.calls_failed.saturating_sub(earlier.calls_failed),
            durations: self.durations.since(&earlier.durations),
        }
    }
}

/// All counters at one moment.
pub(super) type Counters = Arc<BTreeMap<Of, Tally>>;

/// Reads all counters.
pub(super) fn read(engine: &Engine) -> Counters {
    let mut all = BTreeMap::new();
    let mut server = Tally::of_server(engine);
    for (name, figures) in engine.metrics().workflows() {
        let tally = Tally::of_workflow(&figures);
        server.durations = server.durations.and(&tally.durations);
        all.insert(Of::Workflow(name), tally);
    }
    for (name, figures) in engine.metrics().functions() {
        all.insert(Of::Function(name), Tally::of_function(&figures));
    }
    all.insert(Of::Server, server);
    Arc::new(all)
}
