//! Running one schedule.

use super::plan::{Fire, next, plan};
use super::{Schedule, TAG};
use crate::config::schedule::Overlap;
use partita_api::Time;
use partita_engine::kernel::{InstanceId, Payload, Status, Timestamp};
use partita_engine::store::{Filter, Order, Query};
use partita_engine::{Engine, EngineError, StartRequest, WaitFor};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// The longest sleep: a real clock can be set meanwhile.
const LONGEST_SLEEP: Duration = Duration::from_secs(60);
/// The wait before something is tried again.
const RETRY: Duration = Duration::from_secs(2);
/// How many instances of a schedule are looked at.
const RUNNING_PAGE: usize = 100;

/// What is kept of a schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Kept {
    /// The last time that was dealt with.
    last: i64,
    /// The time whose start waits for the end of an earlier instance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    queued: Option<i64>,
}

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
        let mut kept = loop {
            match self.load().await {
                Ok(kept) => break kept,
                Err(error) => self.failed(&error).await,
            }
        };
        loop {
            match self.step(&mut kept).await {
                Ok(()) => self.wait(&kept).await,
                Err(EngineError::Stopping) => return,
                Err(error) => self.failed(&error).await,
            }
        }
    }

    async fn failed(&self, error: &EngineError) {
        tracing::warn!(schedule = %self.schedule.name, %error, "a schedule could not do its work; trying again");
        tokio::time::sleep(RETRY).await;
    }

    /// Does all that is due.
    async fn step(&self, kept: &mut Kept) -> Result<(), EngineError> {
        self.start_queued(kept).await?;
        let now = self.engine.now();
        for fire in plan(&self.schedule, Timestamp(kept.last), now) {
            self.fire(kept, fire).await?;
            kept.last = fire.at.0;
            self.save(*kept).await?;
        }
        let passed_over = self.schedule.paused
            || next(&self.schedule, Timestamp(kept.last)).is_some_and(|next| next <= now);
        if passed_over {
            kept.last = now.0;
            self.save(*kept).await?;
        }
        Ok(())
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
        self.start(fire.at, fire.begin_at).await
    }

    async fn start_queued(&self, kept: &mut Kept) -> Result<(), EngineError> {
        let Some(at) = kept.queued.map(Timestamp) else { return Ok(()) };
        if self.running(Fire { at, begin_at: at }).await?.is_empty() {
            self.start(at, at).await?;
            kept.queued = None;
            self.save(*kept).await?;
        }
        Ok(())
    }

    async fn start(&self, at: Timestamp, begin_at: Timestamp) -> Result<(), EngineError> {
        let schedule = &self.schedule;
        let own = (TAG.into(), schedule.name.as_str().into());
        let tags = schedule.tags.iter().map(|(key, value)| (key.as_str().into(), value.as_str().into()));
        let request = StartRequest {
            name: schedule.workflow.clone(),
            version: schedule.version.clone(),
            id: Some(instance_id(&schedule.name, at)),
            input: schedule.input.clone(),
            tags: tags.chain([own]).collect(),
            scheduled_at: (begin_at > self.engine.now()).then_some(begin_at),
            ..StartRequest::default()
        };
        match self.engine.start(request).await {
            Ok(started) => tracing::info!(schedule = %schedule.name, instance = %started.id, "started"),
            Err(EngineError::AlreadyExists { .. }) => {} // it was started before a crash or by another node
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
        let own = instance_id(&self.schedule.name, fire.at);
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

    /// Waits for the next time, or for the end of the instance that a queued start waits for.
    async fn wait(&self, kept: &Kept) {
        let now = self.engine.now();
        let until_next =
            next(&self.schedule, now).map_or(LONGEST_SLEEP, |next| next.since(now)).min(LONGEST_SLEEP);
        let queued = kept.queued.map(|at| Fire { at: Timestamp(at), begin_at: Timestamp(at) });
        let running = match queued {
            Some(fire) => self.running(fire).await.unwrap_or_default(),
            None => Vec::new(),
        };
        match running.first() {
            Some(id) => drop(self.engine.wait(id, WaitFor::End, Some(until_next)).await),
            None => tokio::time::sleep(until_next).await,
        }
    }

    fn key(&self) -> String {
        format!("schedule/{}", self.schedule.name)
    }

    /// What was kept; a schedule that is new begins now.
    async fn load(&self) -> Result<Kept, EngineError> {
        let bytes = self.engine.store().setting(&self.key()).await?;
        if let Some(kept) = bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok()) {
            return Ok(kept);
        }
        let kept = Kept { last: self.engine.now().0, queued: None };
        self.save(kept).await?;
        Ok(kept)
    }

    async fn save(&self, kept: Kept) -> Result<(), EngineError> {
        let bytes = serde_json::to_vec(&kept).unwrap_or_default();
        Ok(self.engine.store().set_setting(&self.key(), Some(&bytes)).await?)
    }
}

/// `schedule-{name}-{time in UTC}`
fn instance_id(name: &str, at: Timestamp) -> String {
    let time = Time(at).to_jiff().strftime("%Y%m%dT%H%M%SZ");
    format!("schedule-{name}-{time}")
}
