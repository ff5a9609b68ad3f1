//! Once a second, what changed: made once, however many watch, and only while somebody does.

use super::reading::Tally;
use crate::app::App;
use axum::body::Bytes;
use parking_lot::Mutex;
use partita_api::{Attention, Counts, InstanceSummary, InstancesChanged, Rates, Summary, Time};
use partita_engine::store::Filter;
use partita_engine::{Changed, EngineError};
use std::collections::VecDeque;
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::sync::broadcast::{Receiver, Sender, channel};
use tokio::time::Instant;

/// How often.
const TICK: Duration = Duration::from_secs(1);
/// After how many ticks without any change the summary is told again.
const QUIET_TICKS: u32 = 15;
/// Instances that are told of one tick.
const INSTANCES: usize = 50;
/// Ticks that one who watches may be behind.
const BEHIND: usize = 8;
/// Over how many ticks rates are taken.
const WINDOW: usize = 10;

/// What is told of one tick, as it goes over the wire.
#[derive(Clone, Debug, Default)]
pub(super) struct Frame {
    pub(super) summary: Option<Bytes>,
    pub(super) instances: Option<Bytes>,
}

/// Tells all who watch what changed.
#[derive(Debug, Default)]
pub(crate) struct Live {
    running: Mutex<Option<Told>>,
}

#[derive(Debug)]
struct Told {
    sender: Sender<Frame>,
    /// So that whoever comes between two ticks need not wait.
    latest: Option<Bytes>,
}

impl Live {
    /// Watches from now on. The summary that comes with it is the latest, if there is one yet.
    pub(super) fn watch(app: &Arc<App>) -> (Receiver<Frame>, Option<Bytes>) {
        let mut running = app.live.running.lock();
        if let Some(told) = &*running {
            return (told.sender.subscribe(), told.latest.clone());
        }
        let (sender, receiver) = channel(BEHIND);
        *running = Some(Told { sender, latest: None });
        tokio::spawn(tell(Arc::downgrade(app)));
        (receiver, None)
    }

    /// How many watch.
    pub(crate) fn watching(&self) -> usize {
        self.running.lock().as_ref().map_or(0, |told| told.sender.receiver_count())
    }

    /// Tells of a tick. `false` when nobody watches any more: then it is over.
    fn send(&self, frame: Frame) -> bool {
        let mut running = self.running.lock();
        let Some(told) = &mut *running else { return false };
        if told.sender.receiver_count() == 0 {
            *running = None;
            return false;
        }
        if frame.summary.is_some() {
            told.latest.clone_from(&frame.summary);
        }
        let _ = told.sender.send(frame); // those who went meanwhile do not matter
        true
    }
}

/// Tells what changed until nobody watches.
async fn tell(app: Weak<App>) {
    let Some(changes) = app.upgrade().map(|app| app.engine.changes(INSTANCES)) else { return };
    let mut teller = Teller::default();
    let mut ticks = tokio::time::interval(TICK);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let Some(app) = app.upgrade().filter(|app| !app.stopping.is_cancelled()) else { return };
        let frame = teller.tick(&app, changes.take()).await;
        if !app.live.send(frame) {
            return;
        }
    }
}

#[derive(Default)]
struct Teller {
    readings: VecDeque<(Instant, Tally)>,
    last: Option<Summary>,
    quiet: u32,
    /// Something changed of which nothing could be told.
    missed: bool,
}

impl Teller {
    /// What is to be told of a tick. What cannot be told now is told as others that changed, as soon as that is possible.
    async fn tick(&mut self, app: &App, changed: Changed) -> Frame {
        let changed = Changed { more: changed.more || self.missed, ..changed };
        self.missed = !changed.ids.is_empty() || changed.more;
        match self.frame(app, changed).await {
            Ok(frame) => {
                self.missed = false;
                frame
            }
            Err(error) => {
                tracing::debug!(%error, "nothing can be told of what changes");
                Frame::default()
            }
        }
    }

    async fn frame(&mut self, app: &App, changed: Changed) -> Result<Frame, EngineError> {
        let any = !changed.ids.is_empty() || changed.more;
        let instances = if any { Some(event("instances", &instances(app, changed).await?)) } else { None };
        let summary = self.summary(app, any).await?;
        Ok(Frame { summary: summary.map(|summary| event("summary", &summary)), instances })
    }

    /// How things stand, if that is worth telling.
    async fn summary(&mut self, app: &App, any: bool) -> Result<Option<Summary>, EngineError> {
        let rates = self.rates(Tally::of_server(&app.engine));
        let (workers, waiting) = match &app.parts.workers {
            Some(workers) => (workers.connected(), workers.waiting()),
            None => (0, 0),
        };
        let (counts, set_aside) = match &self.last {
            Some(last) if !any => (last.counts.clone(), last.attention.set_aside),
            _ => counts(app).await?,
        };
        let attention = Attention { set_aside, failed_recently: app.sampler.failed_recently() };
        let calls_running = app.engine.metrics().calls_running.get();
        let at = Time(app.engine.now());
        let summary = Summary { at, counts, attention, workers, waiting, rates, calls_running };
        self.quiet += 1;
        let same = |last: &Summary| {
            let rates = Rates { seconds: rates.seconds, ..last.rates };
            Summary { at, rates, ..last.clone() } == summary
        };
        if self.last.as_ref().is_some_and(same) && self.quiet < QUIET_TICKS {
            return Ok(None);
        }
        self.quiet = 0;
        self.last = Some(summary.clone());
        Ok(Some(summary))
    }

    fn rates(&mut self, now: Tally) -> Rates {
        self.readings.push_back((Instant::now(), now));
        if self.readings.len() > WINDOW + 1 {
            self.readings.pop_front();
        }
        match (self.readings.front(), self.readings.back()) {
            (Some((from, before)), Some((to, after))) => rates(*to - *from, &after.since(before)),
            _ => Rates::default(),
        }
    }
}

#[allow(clippy::cast_precision_loss)] // counts of seconds stay far below 2^52
fn rates(over: Duration, happened: &Tally) -> Rates {
    let seconds = over.as_secs_f64();
    let of = |count: u64| if seconds > 0.0 { (count as f64 / seconds * 100.0).round() / 100.0 } else { 0.0 };
    Rates {
        seconds: seconds.round(),
        started: of(happened.started),
        completed: of(happened.completed),
        failed: of(happened.failed),
        terminated: of(happened.terminated),
        calls: of(happened.calls),
        calls_failed: of(happened.calls_failed),
    }
}

async fn counts(app: &App) -> Result<(Counts, u64), EngineError> {
    let all = app.engine.count(&Filter::default()).await?;
    let set_aside = Filter { set_aside: Some(true), ..Filter::default() };
    Ok((Counts::from(&all), app.engine.count(&set_aside).await?.total()))
}

async fn instances(app: &App, changed: Changed) -> Result<InstancesChanged, EngineError> {
    let mut told = InstancesChanged { more: changed.more, ..InstancesChanged::default() };
    for id in changed.ids.into_iter().filter(|id| !id.is_entity()) {
        match app.engine.get(&id).await? {
            Some(view) => {
                let summary = InstanceSummary::from(&view);
                told.changed.push(InstanceSummary { input: None, output: None, failure: None, ..summary });
            }
            None => told.removed.push(id.to_string()),
        }
    }
    told.changed.sort_by(|a, b| (b.updated_at.0, &b.id).cmp(&(a.updated_at.0, &a.id)));
    Ok(told)
}

/// One server-sent event.
pub(super) fn event(name: &str, data: &impl serde::Serialize) -> Bytes {
    // JSON has no line breaks outside of its escapes, so the data is one line.
    let data = serde_json::to_string(data).unwrap_or_default();
    Bytes::from(format!("event: {name}\ndata: {data}\n\n"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guard::Hosts;
    use crate::options::ServerOptions;
    use crate::parts::Parts;
    use partita_engine::kernel::InstanceId;
    use partita_engine::{Engine, EngineConfig, Registry};
    use partita_store::{FaultyStore, MemoryStore};
    use tokio_util::sync::CancellationToken;

    #[tokio::test]
    async fn what_cannot_be_told_is_told_later() {
        let store = Arc::new(FaultyStore::new(Arc::new(MemoryStore::new(1))));
        let engine = Engine::open(store.clone(), Registry::default(), EngineConfig::default()).await.unwrap();
        let (options, stopping) = (ServerOptions::default(), CancellationToken::new());
        let app = App::new(engine, Parts::default(), options, Hosts::Any, stopping);
        let mut teller = Teller::default();
        let one = || Changed { ids: [InstanceId::trusted("a")].into_iter().collect(), more: false };
        store.refuse_loads(true);
        assert!(teller.tick(&app, one()).await.instances.is_none());
        store.refuse_loads(false);
        let text = |frame: Frame| frame.instances.map(|told| String::from_utf8(told.to_vec()).unwrap());
        let told = text(teller.tick(&app, Changed::default()).await).unwrap();
        assert!(told.contains("\"more\":true"), "{told}");
        assert_eq!(text(teller.tick(&app, Changed::default()).await), None, "it is told once");
    }
}
