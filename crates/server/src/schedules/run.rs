//! Running one schedule.

use super::kept::Kept;
use super::plan::{Fire, next, plan};
use super::{Schedule, TAG};
use crate::config::schedule::Overlap;
use partita_api::Time;
use partita_engine::kernel::{InstanceId, Payload, Status, Timestamp};
use partita_engine::store::{Filter, Order, Query};
use partita_engine::{Engine, EngineError, WaitFor};
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// The longest sleep: a real clock can be set meanwhile.
const LONGEST_SLEEP: Duration = Duration::from_secs(60);
/// The wait before something is tried again.
const RETRY: Duration = Duration::from_secs(2);
/// How many instances of a schedule are looked at.
const RUNNING_PAGE: usize = 100;

struct Runner {
    schedule: Arc<Schedule>,
    engine: Engine,
}

/// Runs a schedule until `stop` is cancelled.
pub(super) async fn run(schedule: Arc<Schedule>, engine: Engine, stop: CancellationToken) {
    let runner = Runner { schedule, engine };
    tokio::select! {
        () = runner.run() => {}
        () = stop.cancelled() => {}
    }
}

impl Runner {
    async fn run(&self) {
        loop {
            match self.step().await {
                Ok(kept) => self.wait(&kept).await,
                Err(EngineError::Stopping) => return,
                Err(error) => self.failed(&error).await,
            }
        }
    }

    async fn failed(&self, error: &EngineError) {
        tracing::warn!(schedule = %self.schedule.name, %error, "a schedule could not do its work; trying again");
        tokio::time::sleep(RETRY).await;
    }

    /// Does all that is due, and gives where that leaves the schedule.
    async fn step(&self) -> Result<Kept, EngineError> {
        let schedule = &self.schedule;
        let _alone = schedule.changing.lock().await;
        let mut kept = schedule.load(&self.engine).await?;
        let now = self.engine.now();
        if schedule.paused(&self.engine).await?.is_some() {
            kept.last = now.0;
            self.save(&kept).await?;
            return Ok(kept);
        }
        self.start_queued(&mut kept).await?;
        for fire in plan(schedule, Timestamp(kept.last), now) {
            self.fire(&mut kept, fire).await?;
            kept.last = fire.at.0;
            self.save(&kept).await?;
        }
        if next(schedule, Timestamp(kept.last)).is_some_and(|next| next <= now) {
            kept.last = now.0;
            self.save(&kept).await?;
        }
        Ok(kept)
    }

    async fn fire(&self, kept: &mut Kept, fire: Fire) -> Result<(), EngineError> {
        let name = &self.schedule.name;
        if self.schedule.overlap != Overlap::Allow {
            let running = self.running(fire).await?;
            match self.schedule.overlap {
                Overlap::Skip if !running.is_empty() => {
                    tracing::info!(schedule = %name, at = %Time(fire.at), "skipped: an earlier instance still runs");
                    return Ok(());
                }
                Overlap::QueueOne if !running.is_empty() => {
                    kept.queued = Some(fire.at.0);
                    return Ok(());
                }
                Overlap::TerminatePrevious => self.terminate(&running).await?,
                _ => {}
            }
        }
        self.start(kept, fire.at, fire.begin_at).await
    }

    async fn start_queued(&self, kept: &mut Kept) -> Result<(), EngineError> {
        let Some(at) = kept.queued.map(Timestamp) else { return Ok(()) };
        if self.running(Fire { at, begin_at: at }).await?.is_empty() {
            self.start(kept, at, at).await?;
            kept.queued = None;
            self.save(kept).await?;
        }
        Ok(())
    }

    async fn start(&self, kept: &mut Kept, at: Timestamp, begin_at: Timestamp) -> Result<(), EngineError> {
        let schedule = &self.schedule;
        let id = schedule.instance_id(at);
        let begin_at = (begin_at > self.engine.now()).then_some(begin_at);
        match schedule.start_as(&self.engine, id.clone(), begin_at).await {
            Ok(_) => {
                tracing::info!(schedule = %schedule.name, instance = %id, "started");
                kept.note_start(at, id);
            }
            // It was started before a crash, by another node or by hand.
            Err(EngineError::AlreadyExists { .. }) => kept.note_start(at, id),
            Err(
                error @ (EngineError::UnknownWorkflow { .. }
                | EngineError::Invalid(_)
                | EngineError::Limit(_)),
            ) => {
                tracing::error!(schedule = %schedule.name, %error, "this time is passed over");
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// The schedule's instances that have not ended, but for the one that `fire` itself means.
    async fn running(&self, fire: Fire) -> Result<Vec<InstanceId>, EngineError> {
        let filter = Filter {
            statuses: Vec::from([
                Status::Running,
                Status::Pending,
                Status::Suspended,
                Status::ContinuedAsNew,
            ]),
            tags: [(TAG.into(), self.schedule.name.as_str().into())].into(),
            ..Filter::default()
        };
        let query = Query { filter, order: Order::IdAscending, limit: RUNNING_PAGE, ..Query::default() };
        let own = self.schedule.instance_id(fire.at);
        let ids = self.engine.query(&query).await?.instances.into_iter().map(|view| view.id);
        Ok(ids.filter(|id| id.as_str() != own).collect())
    }

    async fn terminate(&self, running: &[InstanceId]) -> Result<(), EngineError> {
        let reason = Payload::from("\"the schedule started another instance\"");
        for id in running {
            match self.engine.terminate(id, Some(reason.clone()), true).await {
                Ok(()) | Err(EngineError::Finished { .. } | EngineError::NotFound(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Waits for the next time, for the end of the instance that a queued start waits for, or for somebody to
    /// change something.
    async fn wait(&self, kept: &Kept) {
        let now = self.engine.now();
        let until_next =
            next(&self.schedule, now).map_or(LONGEST_SLEEP, |next| next.since(now)).min(LONGEST_SLEEP);
        let queued = kept.queued.map(|at| Fire { at: Timestamp(at), begin_at: Timestamp(at) });
        let running = match queued {
            Some(fire) => self.running(fire).await.unwrap_or_default(),
            None => Vec::new(),
        };
        let due = async {
            match running.first() {
                Some(id) => drop(self.engine.wait(id, WaitFor::End, Some(until_next)).await),
                None => tokio::time::sleep(until_next).await,
            }
        };
        tokio::select! {
            () = due => {}
            () = self.schedule.changed.notified() => {}
        }
    }

    async fn save(&self, kept: &Kept) -> Result<(), EngineError> {
        self.schedule.save(&self.engine, kept).await
    }
}
