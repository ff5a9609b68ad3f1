//! What goes on after a request was answered, such as building a function's environment.

use super::record::Kind;
use parking_lot::Mutex;
use std::collections::VecDeque;

/// How many are remembered; the oldest are forgotten.
const REMEMBERED: usize = 1000;

/// Where a job stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum JobState {
    InProgress,
    Succeeded,
    Failed(String),
}

/// One job.
#[derive(Clone, Debug)]
pub(crate) struct Job {
    pub(crate) id: String,
    /// Such as `CREATE_FUNCTION`.
    pub(crate) operation: String,
    pub(crate) compartment: String,
    pub(crate) kind: Kind,
    /// The id of what it is about.
    pub(crate) resource: String,
    pub(crate) state: JobState,
    /// When it began and ended, in milliseconds since 1970.
    pub(crate) accepted: i64,
    pub(crate) finished: Option<i64>,
}

/// What a job does to something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    Create,
    Update,
    Delete,
}

impl Change {
    fn verb(self) -> &'static str {
        match self {
            Self::Create => "CREATE",
            Self::Update => "UPDATE",
            Self::Delete => "DELETE",
        }
    }
}

/// The last jobs.
#[derive(Default)]
pub(super) struct Jobs {
    list: Mutex<VecDeque<Job>>,
}

impl Jobs {
    /// Notes that a job has begun.
    pub(super) fn begin(
        &self,
        change: Change,
        kind: Kind,
        resource: &str,
        compartment: &str,
        now: i64,
    ) -> String {
        let id = Kind::WorkRequest.new_id();
        let job = Job {
            id: id.clone(),
            operation: format!("{}_{}", change.verb(), kind.to_string().to_uppercase()),
            compartment: compartment.to_owned(),
            kind,
            resource: resource.to_owned(),
            state: JobState::InProgress,
            accepted: now,
            finished: None,
        };
        let mut list = self.list.lock();
        if list.len() >= REMEMBERED {
            list.pop_front();
        }
        list.push_back(job);
        id
    }

    pub(super) fn end(&self, id: &str, outcome: Result<(), String>, now: i64) {
        let mut list = self.list.lock();
        let Some(job) = list.iter_mut().find(|job| job.id == id) else { return };
        job.finished = Some(now);
        job.state = match outcome {
            Ok(()) => JobState::Succeeded,
            Err(reason) => JobState::Failed(reason),
        };
    }

    /// All of them, the oldest first.
    pub(super) fn all(&self) -> Vec<Job> {
        self.list.lock().iter().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jobs_end_and_are_forgotten_at_last() {
        let jobs = Jobs::default();
        let first = jobs.begin(Change::Create, Kind::Function, "f", "c", 1);
        jobs.end(&first, Err("why".to_owned()), 2);
        let job = jobs.all().remove(0);
        assert_eq!(
            (job.operation.as_str(), job.state),
            ("CREATE_FUNCTION", JobState::Failed("why".to_owned()))
        );
        for _ in 0..REMEMBERED {
            jobs.begin(Change::Update, Kind::Application, "a", "c", 3);
        }
        assert_eq!(jobs.all().len(), REMEMBERED);
        assert!(jobs.all().iter().all(|job| job.id != first));
    }
}
