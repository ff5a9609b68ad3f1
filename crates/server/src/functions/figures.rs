//! How often functions are called, and how long that takes: over the last minute, from readings that are taken
//! every few seconds.

use crate::app::{App, Shared};
use parking_lot::Mutex;
use partita_api::FunctionCalls;
use partita_engine::Engine;
use partita_engine::durations::DurationCounts;
use partita_engine::kernel::{Name, Timestamp};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

/// How far apart readings are.
const STEP: Duration = Duration::from_secs(5);
/// How far they reach back.
const WINDOW: Duration = Duration::from_secs(60);

/// The readings of a server.
#[derive(Debug, Default)]
pub(crate) struct Figures {
    readings: Mutex<VecDeque<Reading>>,
    reading: AtomicBool,
}

/// What was counted until some time.
#[derive(Clone, Debug)]
struct Reading {
    at: Timestamp,
    functions: BTreeMap<Name, Counted>,
}

#[derive(Clone, Debug, Default)]
struct Counted {
    started: u64,
    durations: DurationCounts,
}

impl Reading {
    fn take(engine: &Engine) -> Self {
        let functions = engine.metrics().functions().into_iter().map(|(name, metrics)| {
            (name, Counted { started: metrics.started.get(), durations: metrics.durations.read() })
        });
        Self { at: engine.now(), functions: functions.collect() }
    }
}

impl Figures {
    /// Begins to take readings, unless that has begun; it ends with the server. Must be called in a runtime.
    pub(crate) fn begin(app: &Shared) {
        if app.own.figures.reading.swap(true, Relaxed) {
            return;
        }
        let (app, stopping) = (Arc::downgrade(app), app.stopping.clone());
        tokio::spawn(async move {
            while stopping.run_until_cancelled(tokio::time::sleep(STEP)).await.is_some() {
                let Some(app) = app.upgrade() else { return };
                app.own.figures.add(Reading::take(&app.engine));
            }
        });
    }

    fn add(&self, reading: Reading) {
        let mut readings = self.readings.lock();
        let old = reading.at.before(WINDOW);
        // One that is as old as the window, or the oldest that there is, begins it.
        while readings.get(1).is_some_and(|second| second.at <= old) {
            readings.pop_front();
        }
        readings.push_back(reading);
    }

    /// The calls of a function. Before there is a reading that is a minute old, over the time since the server
    /// began.
    #[allow(clippy::cast_precision_loss)] // counts stay far below 2^52
    pub(crate) fn of(&self, app: &App, name: &str) -> FunctionCalls {
        let Some(metrics) = app.engine.metrics().function(name) else { return FunctionCalls::default() };
        let now = app.engine.now();
        let (began, before) = self.before(app, name, now);
        let (started, durations) = (metrics.started.get(), metrics.durations.read().since(&before.durations));
        let seconds = now.since(began).as_secs_f64().max(1.0);
        let quantile = |q| durations.quantile(q).map(|duration| duration.as_secs_f64());
        FunctionCalls {
            running: metrics.running.get(),
            total: started,
            failed: metrics.failed.get(),
            per_second: started.saturating_sub(before.started) as f64 / seconds,
            p50_seconds: quantile(0.5),
            p95_seconds: quantile(0.95),
        }
    }

    fn before(&self, app: &App, name: &str, now: Timestamp) -> (Timestamp, Counted) {
        let readings = self.readings.lock();
        let old = now.before(WINDOW);
        let reading = readings.iter().rev().find(|reading| reading.at <= old);
        match reading {
            Some(reading) => (reading.at, reading.functions.get(name).cloned().unwrap_or_default()),
            None => (app.started_at, Counted::default()),
        }
    }
}
