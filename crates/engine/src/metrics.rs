//! What is counted, for whoever renders it.

use crate::durations::Durations;
use parking_lot::RwLock;
use partita_kernel::Name;
use rustc_hash::FxHashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// How many functions, and how many workflows, have figures of their own.
pub const COUNTED_NAMES: usize = 1_000;

macro_rules! counters {
    ($(#[doc = $help:literal] $name:ident,)*) => {
        /// Counters and gauges of one engine.
        #[derive(Debug, Default)]
        pub struct Metrics {
            $(#[doc = $help] pub $name: Counter,)*
            /// How long commits took.
            pub commit_seconds: Histogram,
            by_function: Table<FunctionMetrics>,
            by_workflow: Table<WorkflowMetrics>,
        }
        impl Metrics {
            /// Name, help text and value of each.
            #[must_use]
            pub fn read(&self) -> Vec<(&'static str, &'static str, u64)> {
                Vec::from([$((stringify!($name), $help.trim(), self.$name.get()),)*])
            }
        }
    };
}

/// A number that several tasks change.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// Adds.
    pub fn add(&self, amount: u64) {
        self.0.fetch_add(amount, Relaxed);
    }
    /// Takes away.
    pub fn sub(&self, amount: u64) {
        self.0.fetch_sub(amount, Relaxed);
    }
    /// The value.
    #[must_use]
    pub fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

counters! {
    /// Instances accepted.
    instances_started,
    /// Instances that completed.
    instances_completed,
    /// Instances that failed.
    instances_failed,
    /// Instances that were terminated.
    instances_terminated,
    /// Instances that continued as new.
    instances_continued,
    /// Instances purged.
    instances_purged,
    /// Turns decided.
    turns,
    /// Turns that failed.
    turns_failed,
    /// Turns handed out to be run elsewhere.
    turns_dispatched,
    /// Turns handed out and not answered.
    turns_out,
    /// Turns that were handed out and abandoned.
    turns_abandoned,
    /// Answers to turns that nobody waited for any more.
    turns_unwanted,
    /// Events recorded.
    events,
    /// Messages admitted.
    messages_admitted,
    /// Messages discarded by a rule.
    messages_discarded,
    /// Group commits.
    commits,
    /// Group commits that failed.
    commits_failed,
    /// Function calls begun.
    calls_started,
    /// Function calls that succeeded.
    calls_completed,
    /// Function calls that failed.
    calls_failed,
    /// Function calls under way.
    calls_running,
    /// Batches of entities' operations begun.
    batches,
    /// Timers and retries that fired.
    wakes,
    /// Instances in memory.
    hot_instances,
    /// Instances loaded from the store.
    cold_loads,
    /// Events replayed.
    events_replayed,
    /// Client requests refused because too much was under way.
    requests_refused,
}

impl Metrics {
    /// The figures of the functions that were called, by name; of the first [`COUNTED_NAMES`] ones.
    #[must_use]
    pub fn functions(&self) -> Vec<(Name, Arc<FunctionMetrics>)> {
        self.by_function.all()
    }

    /// The figures of one function; `None` when it was not called yet.
    #[must_use]
    pub fn function(&self, name: &str) -> Option<Arc<FunctionMetrics>> {
        self.by_function.get(name)
    }

    /// The figures of the workflows of which instances were started or ended, by name; of the first
    /// [`COUNTED_NAMES`] ones.
    #[must_use]
    pub fn workflows(&self) -> Vec<(Name, Arc<WorkflowMetrics>)> {
        self.by_workflow.all()
    }

    /// The figures of one workflow; `None` when none of its instances was started or ended yet.
    #[must_use]
    pub fn workflow(&self, name: &str) -> Option<Arc<WorkflowMetrics>> {
        self.by_workflow.get(name)
    }

    /// Where a call of that function is counted.
    pub(crate) fn of_function(&self, name: &Name) -> Arc<FunctionMetrics> {
        self.by_function.entry(name)
    }

    /// Where an instance of that workflow is counted.
    pub(crate) fn of_workflow(&self, name: &Name) -> Arc<WorkflowMetrics> {
        self.by_workflow.entry(name)
    }
}

/// Figures by name.
#[derive(Debug)]
struct Table<T>(RwLock<FxHashMap<Name, Arc<T>>>);

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self(RwLock::default())
    }
}

impl<T: Default> Table<T> {
    fn all(&self) -> Vec<(Name, Arc<T>)> {
        let mut all: Vec<_> =
            self.0.read().iter().map(|(name, figures)| (name.clone(), figures.clone())).collect();
        all.sort_by(|(a, _), (b, _)| a.cmp(b));
        all
    }

    fn get(&self, name: &str) -> Option<Arc<T>> {
        self.0.read().get(name).cloned()
    }

    /// The figures of that name; ones that nobody sees, when there are too many names.
    fn entry(&self, name: &Name) -> Arc<T> {
        if let Some(figures) = self.get(name) {
            return figures;
        }
        let mut table = self.0.write();
        if table.len() >= COUNTED_NAMES && !table.contains_key(name) {
            return Arc::default();
        }
        table.entry(name.clone()).or_default().clone()
    }
}

/// The instances of one workflow since this engine was opened.
#[derive(Debug, Default)]
pub struct WorkflowMetrics {
    /// Instances accepted.
    pub started: Counter,
    /// Instances that completed.
    pub completed: Counter,
    /// Instances that failed.
    pub failed: Counter,
    /// Instances that were terminated.
    pub terminated: Counter,
    /// How long those took that have ended.
    pub durations: Durations,
}

/// The calls of one function since this engine was opened.
#[derive(Debug, Default)]
pub struct FunctionMetrics {
    /// Calls begun.
    pub started: Counter,
    /// Calls that failed.
    pub failed: Counter,
    /// Calls under way.
    pub running: Counter,
    /// How long those took that have ended.
    pub durations: Durations,
}

/// Durations by size.
#[derive(Debug)]
pub struct Histogram {
    buckets: [AtomicU64; BOUNDS.len()],
    count: AtomicU64,
    sum_us: AtomicU64,
}

/// The upper bounds of the buckets, in microseconds.
pub const BOUNDS: [u64; 12] = [50, 100, 200, 400, 800, 1_600, 3_200, 6_400, 12_800, 51_200, 204_800, 819_200];

impl Default for Histogram {
    fn default() -> Self {
        Self {
            buckets: std::array::from_fn(|_| AtomicU64::new(0)),
            count: AtomicU64::new(0),
            sum_us: AtomicU64::new(0),
        }
    }
}

impl Histogram {
    /// Counts one duration.
    pub fn observe(&self, duration: Duration) {
        let us = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        for (bucket, bound) in self.buckets.iter().zip(BOUNDS) {
            if us <= bound {
                bucket.fetch_add(1, Relaxed);
            }
        }
        self.count.fetch_add(1, Relaxed);
        self.sum_us.fetch_add(us, Relaxed);
    }
    /// Upper bound in microseconds and how many were at most that long; then count and sum (microseconds).
    #[must_use]
    pub fn read(&self) -> (Vec<(u64, u64)>, u64, u64) {
        let buckets =
            BOUNDS.iter().zip(&self.buckets).map(|(bound, count)| (*bound, count.load(Relaxed))).collect();
        (buckets, self.count.load(Relaxed), self.sum_us.load(Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_functions_have_figures_and_no_more() {
        let metrics = Metrics::default();
        for number in 0..=COUNTED_NAMES {
            metrics.of_function(&Name::from(format!("f{number:04}"))).started.add(1);
        }
        metrics.of_function(&Name::from("f0000")).started.add(1);
        assert_eq!(metrics.functions().len(), COUNTED_NAMES);
        assert_eq!(metrics.function("f0000").unwrap().started.get(), 2);
        assert!(metrics.function("f1000").is_none());
    }
}
