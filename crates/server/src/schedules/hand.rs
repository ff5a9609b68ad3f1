//! What operators do with a schedule, and how it is shown.

use super::kept::Kept;
use super::plan::{times, upcoming};
use super::{LARGEST_CATCH_UP, Schedule};
use crate::config::schedule::{CatchUp, Overlap};
use partita_api::schedule::LastStart;
use partita_api::{Backfill, BackfillReport, Json, Schedule as Shown, Time};
use partita_engine::kernel::Timestamp;
use partita_engine::{Engine, EngineError};

/// How many of the next times are shown.
const NEXT: usize = 5;
/// How many times one request may start instances for.
pub(crate) const LARGEST_BACKFILL: usize = 1_000;
/// How many instances may be started by hand in the same millisecond.
const AT_ONCE: usize = 100;

/// Why something was not done by hand.
#[derive(Debug)]
pub(crate) enum HandError {
    /// The span makes no sense.
    Span(String),
    /// The engine refused.
    Engine(EngineError),
}

impl From<EngineError> for HandError {
    fn from(error: EngineError) -> Self {
        Self::Engine(error)
    }
}

/// A schedule in the hands of an operator.
pub(crate) struct ByHand<'a> {
    pub(crate) schedule: &'a Schedule,
    pub(crate) engine: &'a Engine,
}

impl ByHand<'_> {
    /// How it is shown.
    pub(crate) async fn show(&self) -> Result<Shown, EngineError> {
        let Self { schedule, engine } = self;
        let kept = schedule.find(engine).await?;
        let paused_by = schedule.paused(engine).await?;
        let next = upcoming(schedule, engine.now(), NEXT);
        Ok(Shown {
            name: schedule.name.clone(),
            cron: schedule.pattern.clone(),
            timezone: schedule.timezone.iana_name().unwrap_or("UTC").to_owned(),
            workflow: schedule.workflow.clone(),
            version: schedule.version.clone(),
            input: schedule.input.as_ref().map(Json::of_payload),
            tags: schedule.tags.clone(),
            overlap: overlap(schedule.overlap).to_owned(),
            catch_up: catch_up(schedule.catch_up).to_owned(),
            catch_up_limit: schedule.catch_up_limit.min(LARGEST_CATCH_UP),
            jitter_seconds: schedule.jitter.as_secs_f64(),
            paused: paused_by.is_some(),
            paused_by,
            next: next.into_iter().map(Time).collect(),
            last: kept.as_ref().and_then(last),
            queued: kept.and_then(|kept| kept.queued).map(|at| Time(Timestamp(at))),
        })
    }

    /// Pauses it, or lets it go on. Times that pass while it is paused are passed over. When this has
    /// happened, nothing is started any more by somebody who has not noticed.
    pub(crate) async fn set_paused(&self, paused: bool) -> Result<(), EngineError> {
        let Self { schedule, engine } = self;
        {
            let _alone = schedule.changing.lock().await;
            if !paused && schedule.paused(engine).await?.is_some() {
                let kept = schedule.load(engine).await?;
                schedule.save(engine, &Kept { last: engine.now().0, ..kept }).await?;
            }
            schedule.keep_paused(engine, paused).await?;
        }
        schedule.changed.notify_one();
        tracing::info!(schedule = %schedule.name, paused, "an operator has changed a schedule");
        Ok(())
    }

    /// Starts an instance now, whether the schedule is paused or not, and whatever still runs. Gives its id.
    pub(crate) async fn run(&self) -> Result<String, EngineError> {
        let Self { schedule, engine } = self;
        let _alone = schedule.changing.lock().await;
        let now = engine.now();
        let time = Time(now).to_jiff().strftime("%Y%m%dT%H%M%S%.3fZ");
        let first = format!("schedule-{}-manual-{time}", schedule.name);
        for number in 1..=AT_ONCE {
            let id = if number == 1 { first.clone() } else { format!("{first}-{number}") };
            match schedule.start_as(engine, id.clone(), None).await {
                Err(EngineError::AlreadyExists { .. }) => {}
                Err(error) => return Err(error),
                Ok(_) => {
                    let mut kept = schedule.load(engine).await?;
                    kept.note_start(now, id.clone());
                    schedule.save(engine, &kept).await?;
                    return Ok(id);
                }
            }
        }
        Err(EngineError::Overloaded(
            "too many instances of this schedule are being started by hand".to_owned(),
        ))
    }

    /// Starts what the schedule would have started in a span of the past, under the ids that it would have
    /// given, at once and side by side. So doing it twice does no harm.
    pub(crate) async fn backfill(&self, span: &Backfill) -> Result<BackfillReport, HandError> {
        let Self { schedule, engine } = self;
        let times = self.span(span)?;
        let mut report = BackfillReport::default();
        for at in &times {
            let id = schedule.instance_id(*at);
            let exists = match span.dry_run {
                true => engine.get(&engine.instance_id(&id)?).await?.is_some(),
                false => match schedule.start_as(engine, id.clone(), None).await {
                    Ok(_) => false,
                    Err(EngineError::AlreadyExists { .. }) => true,
                    Err(error) => return Err(error.into()),
                },
            };
            match exists {
                true => report.existing.push(id),
                false if span.dry_run => {}
                false => report.started.push(id),
            }
        }
        report.times = times.into_iter().map(Time).collect();
        Ok(report)
    }

    /// The times of a span, if they can be made up for.
    fn span(&self, span: &Backfill) -> Result<Vec<Timestamp>, HandError> {
        let (from, to) = (span.from, span.to);
        if from >= to {
            return Err(HandError::Span(format!(
                "the span from {from} to {to} is empty; the end must come after the beginning"
            )));
        }
        let times = times(self.schedule, from.0, to.0, LARGEST_BACKFILL + 1);
        if times.len() > LARGEST_BACKFILL {
            return Err(HandError::Span(format!(
                "the schedule names more than {LARGEST_BACKFILL} times from {from} to {to}; take shorter spans"
            )));
        }
        match times.last().filter(|last| **last > self.engine.now()) {
            Some(last) => Err(HandError::Span(format!(
                "{} has not come yet: the clock will start it; let the span end before",
                Time(*last)
            ))),
            None => Ok(times),
        }
    }
}

fn last(kept: &Kept) -> Option<LastStart> {
    let started = kept.started.as_ref()?;
    Some(LastStart { at: Time(Timestamp(started.at)), instance: started.instance.clone() })
}

fn overlap(overlap: Overlap) -> &'static str {
    match overlap {
        Overlap::Skip => "skip",
        Overlap::Allow => "allow",
        Overlap::TerminatePrevious => "terminate-previous",
        Overlap::QueueOne => "queue-one",
    }
}

fn catch_up(catch_up: CatchUp) -> &'static str {
    match catch_up {
        CatchUp::None => "none",
        CatchUp::Latest => "latest",
        CatchUp::All => "all",
    }
}
