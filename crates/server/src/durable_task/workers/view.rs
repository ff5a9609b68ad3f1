//! Workers as they are shown.

use super::dispatch::{Dispatch, Job, Stream, StreamId};
use super::hub::Workers;
use super::job::Kind;
use partita_engine::kernel::Timestamp;

/// What is shown of what one worker has, and names that something waits for, at most.
const SHOWN: usize = 100;

/// A connected worker as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkerView {
    /// What it is called, with the number of its stream.
    pub id: String,
    /// Since when it is here.
    pub since: Timestamp,
    /// The workflows that it takes; `None` for any.
    pub workflows: Option<Vec<String>>,
    /// The activities that it takes; `None` for any.
    pub activities: Option<Vec<String>>,
    /// The entities that it takes; `None` for any.
    pub entities: Option<Vec<String>>,
    /// Turns that it is running.
    pub turns_running: usize,
    /// Turns that it runs at a time; 0 for any number.
    pub turns_limit: usize,
    /// Activities that it is running.
    pub activities_running: usize,
    /// Activities that it runs at a time; 0 for any number.
    pub activities_limit: usize,
    /// Entities whose operations it is running.
    pub entities_running: usize,
    /// How many it runs at a time; 0 for any number.
    pub entities_limit: usize,
    /// What it was sent and has not answered, the oldest first; at most a hundred.
    pub running: Vec<RunningView>,
    /// How many those are in all.
    pub running_total: usize,
}

/// Something that a worker was sent and has not answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunningView {
    /// `turn`, `activity` or `entity`.
    pub kind: &'static str,
    /// The instance that it is for.
    pub instance: String,
    /// The workflow or activity.
    pub name: String,
    /// The task of an activity.
    pub task_id: Option<i32>,
    /// When it was sent.
    pub since: Timestamp,
}

/// Work of one kind, name and version that no worker has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaitingView {
    /// `turn`, `activity` or `entity`.
    pub kind: &'static str,
    /// The workflow or activity.
    pub name: String,
    /// The version of the workflow, if it has one.
    pub version: Option<String>,
    /// How many wait.
    pub count: usize,
}

impl Workers {
    /// The connected workers, the longest connected first.
    #[must_use]
    pub fn list(&self) -> Vec<WorkerView> {
        let state = self.state();
        state.streams().map(|(id, stream)| worker(&state, id, stream)).collect()
    }

    /// How many workers are connected.
    #[must_use]
    pub fn connected(&self) -> usize {
        self.state().streams().count()
    }

    /// How many turns and activities wait for a worker.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.state().waiting()
    }

    /// What waits for a worker, the longest queue first; at most a hundred of them.
    #[must_use]
    pub fn waiting_by_name(&self) -> Vec<WaitingView> {
        let lanes = self.state().waiting_by_lane();
        let view = |(lane, count): (super::job::Lane, usize)| WaitingView {
            kind: lane.kind.word(),
            name: lane.name.to_string(),
            version: lane.version.map(|version| version.to_string()),
            count,
        };
        lanes.into_iter().take(SHOWN).map(view).collect()
    }
}

fn worker(state: &Dispatch, id: StreamId, stream: &Stream) -> WorkerView {
    let filters = stream.filters.as_ref();
    let [turns_limit, activities_limit, entities_limit] = stream.limits;
    WorkerView {
        id: format!("{} #{id}", stream.label),
        since: stream.since,
        workflows: filters.map(|filters| filters.orchestrations.keys().cloned().collect()),
        activities: filters.map(|filters| filters.activities.keys().cloned().collect()),
        entities: filters.map(|filters| filters.entities.keys().cloned().collect()),
        turns_running: stream.busy(Kind::Turn),
        turns_limit,
        activities_running: stream.busy(Kind::Activity),
        activities_limit,
        entities_running: stream.busy(Kind::Entity),
        entities_limit,
        running: state.running(stream).take(SHOWN).map(|(job, since)| running(job, since)).collect(),
        running_total: state.running(stream).count(),
    }
}

fn running(job: &Job, since: Timestamp) -> RunningView {
    let (instance, task_id) = job.input.key();
    RunningView {
        kind: job.lane.kind.word(),
        instance: instance.to_string(),
        name: job.lane.name.to_string(),
        task_id,
        since,
    }
}
