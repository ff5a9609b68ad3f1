//! How often functions are called, and how long that takes: over the last minute.

use super::reading::{Counters, Of, Tally};
use crate::app::App;
use parking_lot::Mutex;
use partita_api::FunctionCalls;
use partita_engine::kernel::Timestamp;
use std::collections::VecDeque;
use std::time::Duration;

/// How far the readings reach back.
const WINDOW: Duration = Duration::from_secs(60);

/// The readings of the last minute, and the one before.
#[derive(Debug, Default)]
pub(super) struct Recent {
    readings: Mutex<VecDeque<(Timestamp, Counters)>>,
}

impl Recent {
    pub(super) fn add(&self, at: Timestamp, counters: Counters) {
        let mut readings = self.readings.lock();
        let old = at.before(WINDOW);
        // One that is as old as the window begins it.
        while readings.get(1).is_some_and(|(second, _)| *second <= old) {
            readings.pop_front();
        }
        // When the clock was set back, what was read later than now is of no use.
        while readings.back().is_some_and(|(last, _)| *last > at) {
            readings.pop_back();
        }
        readings.push_back((at, counters));
    }

    /// What was counted until a minute ago, and when that was read; `None` when there is no reading that is so old.
    fn minute_ago(&self, of: &Of, now: Timestamp) -> Option<(Timestamp, Tally)> {
        let readings = self.readings.lock();
        let old = now.before(WINDOW);
        let (at, counters) = readings.iter().rev().find(|(at, _)| *at <= old)?;
        Some((*at, counters.get(of).cloned().unwrap_or_default()))
    }
}

/// The calls of a function. Before there is a reading that is a minute old, over the time since the server began.
#[allow(clippy::cast_precision_loss)] // counts stay far below 2^52
pub(crate) fn calls(app: &App, name: &str) -> FunctionCalls {
    let Some(metrics) = app.engine.metrics().function(name) else { return FunctionCalls::default() };
    let (now, of) = (app.engine.now(), Of::Function(name.into()));
    let before = app.sampler.recent().minute_ago(&of, now);
    let (began, before) = before.unwrap_or_else(|| (app.started_at, Tally::default()));
    let happened = Tally::of_function(&metrics).since(&before);
    let quantile = |q| happened.durations.quantile(q).map(|duration| duration.as_secs_f64());
    FunctionCalls {
        running: metrics.running.get(),
        total: metrics.started.get(),
        failed: metrics.failed.get(),
        per_second: happened.calls as f64 / now.since(began).as_secs_f64().max(1.0),
        p50_seconds: quantile(0.5),
        p95_seconds: quantile(0.95),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;
    use std::sync::Arc;

    fn at(seconds: i64) -> Timestamp {
        Timestamp(seconds * 1_000_000_000)
    }

    fn reading(recent: &Recent, seconds: i64, calls: u64) {
        let tally = Tally { calls, ..Tally::default() };
        recent.add(at(seconds), Arc::new(BTreeMap::from([(Of::Function("f".into()), tally)])));
    }

    #[test]
    fn the_last_minute_begins_with_a_reading_that_is_as_old() {
        let recent = Recent::default();
        let ago = |name: &str, now| {
            let found = recent.minute_ago(&Of::Function(name.into()), at(now));
            found.map(|(read, tally)| (read.0 / 1_000_000_000, tally.calls))
        };
        (0..=5).for_each(|n| reading(&recent, 100 + n * 10, n.unsigned_abs()));
        assert_eq!(ago("f", 159), None, "no reading is a minute old");
        assert_eq!(ago("f", 160), Some((100, 0)));
        assert_eq!(ago("f", 175), Some((110, 1)));
        assert_eq!(ago("g", 175), Some((110, 0)), "it was not called yet");
        (6..=100).for_each(|n| reading(&recent, 100 + n * 10, n.unsigned_abs()));
        assert_eq!(ago("f", 1_109), Some((1_040, 94)));
        assert_eq!(recent.readings.lock().len(), 7, "older ones go");
    }

    #[test]
    fn readings_of_a_clock_that_was_set_back_go() {
        let recent = Recent::default();
        reading(&recent, 5_000, 1);
        reading(&recent, 1_000, 2);
        let found = recent.minute_ago(&Of::Function("f".into()), at(1_061));
        assert_eq!(found.map(|(_, tally)| tally.calls), Some(2));
        assert_eq!(recent.readings.lock().len(), 1);
    }
}
