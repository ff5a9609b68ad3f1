//! Figures of the last hour and day, in steps, since the process began. They are kept in memory alone: `/metrics` is
//! for those who keep them longer.

pub(crate) use super::reading::Of;
use super::reading::{Counters, Tally, read};
use super::recent::Recent;
use crate::app::App;
use parking_lot::Mutex;
use partita_api::Series;
use partita_engine::kernel::Timestamp;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Steps of each span.
const STEPS: i64 = 360;
/// By how many steps the clock may be set back. When it is more, the figures begin anew: those that there are would be of
/// the future.
const SET_BACK: i64 = 6;
/// Workflows and functions of which figures are kept, together.
const NAMES: usize = 500;
const NANOS: i64 = 1_000_000_000;

/// How far back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Span {
    Hour,
    Day,
}

impl Span {
    /// The length of a step in seconds.
    fn step(self) -> i64 {
        match self {
            Self::Hour => 10,
            Self::Day => 240,
        }
    }
}

/// What happened in one step.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Point {
    /// The number of the step: its end is that many steps after 1970.
    step: i64,
    started: u64,
    completed: u64,
    failed: u64,
    terminated: u64,
    calls: u64,
    calls_failed: u64,
    p50: Option<f64>,
    p95: Option<f64>,
}

impl Point {
    fn of(step: i64, tally: &Tally) -> Self {
        let quantile = |q| tally.durations.quantile(q).map(|duration| duration.as_secs_f64());
        Self {
            step,
            started: tally.started,
            completed: tally.completed,
            failed: tally.failed,
            terminated: tally.terminated,
            calls: tally.calls,
            calls_failed: tally.calls_failed,
            p50: quantile(0.5),
            p95: quantile(0.95),
        }
    }
}

/// The steps of one span. Steps in which nothing happened are left out.
#[derive(Debug)]
struct Ladder {
    span: Span,
    /// The first step that was measured, and the last.
    measured: Option<(i64, i64)>,
    last: Counters,
    points: BTreeMap<Of, VecDeque<Point>>,
}

impl Ladder {
    fn new(span: Span) -> Self {
        Self { span, measured: None, last: Arc::default(), points: BTreeMap::new() }
    }

    /// Takes in the counters at the end of a step.
    fn add(&mut self, step: i64, now: &Counters) {
        let Some((first, last)) = self.measured.filter(|(_, last)| step >= last - SET_BACK) else {
            *self = Self { measured: Some((step, step)), last: now.clone(), ..Self::new(self.span) };
            return;
        };
        if step <= last {
            return; // the step has not ended, or the clock was set back
        }
        for (of, tally) in &**now {
            let before = self.last.get(of).cloned().unwrap_or_default();
            let happened = tally.since(&before);
            if happened != Tally::default() && (self.points.contains_key(of) || self.points.len() < NAMES) {
                self.points.entry(of.clone()).or_default().push_back(Point::of(step, &happened));
            }
        }
        self.points.retain(|_, points| {
            while points.front().is_some_and(|point| point.step <= step - STEPS) {
                points.pop_front();
            }
            !points.is_empty()
        });
        self.measured = Some((first.max(step - STEPS), step));
        self.last.clone_from(now);
    }

    fn show(&self, of: &Of) -> Series {
        let (first, last) = self.measured.unwrap_or((0, 0));
        let step = self.span.step();
        let none = VecDeque::new();
        let points = self.points.get(of).unwrap_or(&none);
        let at = (first + 1..=last).map(|number| number * step).collect();
        let mut series = BTreeMap::new();
        for (name, value) in columns(of) {
            let counted = if name.ends_with("Seconds") { None } else { Some(0.0) };
            let mut column = vec![counted; usize::try_from(last - first).unwrap_or(0)];
            for point in points {
                let place = usize::try_from(point.step - first - 1).ok();
                if let Some(cell) = place.and_then(|place| column.get_mut(place)) {
                    *cell = value(point);
                }
            }
            series.insert(name.to_owned(), column);
        }
        Series { step_seconds: step.unsigned_abs(), at, series }
    }

    /// How many instances failed in this span.
    fn failed(&self) -> u64 {
        self.points.get(&Of::Server).map_or(0, |points| points.iter().map(|point| point.failed).sum())
    }
}

type Column = (&'static str, fn(&Point) -> Option<f64>);

/// What is told of whom.
#[allow(clippy::cast_precision_loss)] // counts of a step stay far below 2^52
fn columns(of: &Of) -> Vec<Column> {
    let instances: [Column; 4] = [
        ("started", |point| Some(point.started as f64)),
        ("completed", |point| Some(point.completed as f64)),
        ("failed", |point| Some(point.failed as f64)),
        ("terminated", |point| Some(point.terminated as f64)),
    ];
    let durations: [Column; 2] = [("p50Seconds", |point| point.p50), ("p95Seconds", |point| point.p95)];
    let calls: [Column; 2] = [
        ("calls", |point| Some(point.calls as f64)),
        ("callsFailed", |point| Some(point.calls_failed as f64)),
    ];
    match of {
        Of::Server => instances.into_iter().chain(calls).chain(durations).collect(),
        Of::Workflow(_) => instances.into_iter().chain(durations).collect(),
        Of::Function(_) => calls.into_iter().chain(durations).collect(),
    }
}

async fn run(app: Weak<App>, stop: CancellationToken) {
    while let Some(app) = app.upgrade() {
        let now = app.engine.now();
        app.sampler.add(now, &read(&app.engine));
        drop(app);
        let step = Span::Hour.step() * NANOS;
        let rest = Duration::from_nanos((step - now.0.rem_euclid(step)).unsigned_abs());
        tokio::select! {
            () = tokio::time::sleep(rest) => {}
            () = stop.cancelled() => return,
        }
    }
}

/// Keeps figures of the last hour and day, and the readings of the last minute.
#[derive(Debug)]
pub(crate) struct Sampler {
    ladders: Mutex<[Ladder; 2]>,
    recent: Recent,
}

impl Default for Sampler {
    fn default() -> Self {
        let ladders = Mutex::new([Ladder::new(Span::Hour), Ladder::new(Span::Day)]);
        Self { ladders, recent: Recent::default() }
    }
}

impl Sampler {
    /// Reads the counters at the end of each step, until the server stops or is dropped. Without a runtime there is
    /// nobody who could: then there are no figures.
    pub(crate) fn spawn(app: &Arc<App>) {
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(run(Arc::downgrade(app), app.stopping.clone()));
        }
    }

    fn add(&self, now: Timestamp, counters: &Counters) {
        self.recent.add(now, counters.clone());
        for ladder in self.ladders.lock().iter_mut() {
            // A timer may ring a moment early.
            ladder.add((now.0 + NANOS / 2).div_euclid(ladder.span.step() * NANOS), counters);
        }
    }

    /// The figures of a span.
    pub(crate) fn show(&self, of: &Of, span: Span) -> Series {
        let [hour, day] = &*self.ladders.lock();
        match span {
            Span::Hour => hour.show(of),
            Span::Day => day.show(of),
        }
    }

    /// The readings of the last minute.
    pub(super) fn recent(&self) -> &Recent {
        &self.recent
    }

    /// How many instances failed in the last hour.
    pub(crate) fn failed_recently(&self) -> u64 {
        let [hour, _] = &*self.ladders.lock();
        hour.failed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counters(started: u64, failed: u64) -> Counters {
        let tally = Tally { started, failed, ..Tally::default() };
        Arc::new(BTreeMap::from([(Of::Server, tally.clone()), (Of::Workflow("W".into()), tally)]))
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp(seconds * NANOS)
    }

    #[test]
    fn steps_tell_what_lies_between_two_readings() {
        let sampler = Sampler::default();
        for (seconds, started, failed) in [(1_003, 5, 1), (1_010, 7, 1), (1_020, 7, 1), (1_040, 9, 2)] {
            sampler.add(at(seconds), &counters(started, failed));
        }
        let shown = sampler.show(&Of::Workflow("W".into()), Span::Hour);
        assert_eq!((shown.step_seconds, shown.at), (10, vec![1_010, 1_020, 1_030, 1_040]));
        let column = |name: &str| shown.series[name].clone();
        assert_eq!(column("started"), [Some(2.0), Some(0.0), Some(0.0), Some(2.0)]);
        assert_eq!(column("p50Seconds"), [None; 4]);
        assert_eq!(sampler.failed_recently(), 1);
        assert!(
            sampler.show(&Of::Function("f".into()), Span::Hour).series["calls"]
                .iter()
                .all(|n| *n == Some(0.0))
        );
    }

    #[test]
    fn what_is_older_than_the_span_goes() {
        let sampler = Sampler::default();
        sampler.add(at(0), &counters(0, 0));
        sampler.add(at(10), &counters(1, 1));
        sampler.add(at(3_600), &counters(1, 1));
        assert_eq!(sampler.failed_recently(), 1);
        sampler.add(at(3_610), &counters(1, 1));
        assert_eq!(sampler.failed_recently(), 0);
        let shown = sampler.show(&Of::Server, Span::Hour);
        assert_eq!((shown.at.len(), shown.at[0], shown.at[359]), (360, 20, 3_610));
        let day = sampler.show(&Of::Server, Span::Day);
        assert_eq!(day.series["started"].iter().flatten().sum::<f64>(), 1.0);
    }

    #[test]
    fn when_the_clock_is_set_back_figures_go_on() {
        let sampler = Sampler::default();
        for (seconds, started) in [(9_000, 0), (9_010, 1), (8_990, 2), (9_020, 3)] {
            sampler.add(at(seconds), &counters(started, 0));
        }
        let started = |shown: Series| (shown.at, shown.series["started"].clone());
        let shown = started(sampler.show(&Of::Server, Span::Hour));
        assert_eq!(shown, (vec![9_010, 9_020], vec![Some(1.0), Some(2.0)]), "a little");
        for (seconds, started) in [(1_000, 3), (1_010, 4)] {
            sampler.add(at(seconds), &counters(started, 0));
        }
        assert_eq!(started(sampler.show(&Of::Server, Span::Hour)), (vec![1_010], vec![Some(1.0)]), "a lot");
    }

    #[test]
    fn names_are_bounded() {
        let sampler = Sampler::default();
        sampler.add(at(0), &Arc::default());
        let tally = Tally { calls: 1, ..Tally::default() };
        let many = (0..NAMES + 10).map(|n| (Of::Function(n.to_string().as_str().into()), tally.clone()));
        sampler.add(at(10), &Arc::new(many.collect()));
        assert_eq!(sampler.ladders.lock()[0].points.len(), NAMES);
    }
}
