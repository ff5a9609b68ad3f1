//! Handing on what workers answer.

use super::super::completions::Whole;
use super::dispatch::JobId;
use super::hub::Workers;
use super::job::{Input, Kind, Operated, Outcome, Reply};
use partita_api::durable_task::proto::OrchestratorAction;
use partita_engine::kernel::Failure;
use partita_engine::{RemoteFailure, RemoteOutput, RemoteResult};

impl Workers {
    /// Says whether the job was an activity.
    pub(crate) fn answer_activity(&self, id: JobId, outcome: Outcome) -> bool {
        if self.with(id, |job| job.lane.kind).is_some_and(|kind| kind != Kind::Activity) {
            return false;
        }
        if let Some(job) = self.finish(id, Kind::Activity)
            && let Reply::Activity(reply) = job.reply
        {
            let _ = reply.send(outcome); // nobody may wait any more
        }
        true
    }

    /// Says whether the job was an entity's.
    pub(crate) fn answer_entity(&self, id: JobId, outcome: Operated) -> bool {
        if self.with(id, |job| job.lane.kind).is_some_and(|kind| kind != Kind::Entity) {
            return false;
        }
        if let Some(job) = self.finish(id, Kind::Entity)
            && let Reply::Entity(reply) = job.reply
        {
            let _ = reply.send(outcome); // nobody may wait any more
        }
        true
    }

    /// Keeps a part of an answer; the first one takes the place of what came before.
    ///
    /// # Errors
    /// With `most`, when there are more actions than that.
    pub(crate) fn add_part(
        &self,
        id: JobId,
        actions: Vec<OrchestratorAction>,
        first: bool,
        most: usize,
    ) -> Result<(), usize> {
        let added = self.with(id, |job| {
            if first {
                job.parts.clear();
            }
            let fits = job.parts.len() + actions.len() <= most;
            if fits {
                job.parts.extend(actions);
            }
            fits
        });
        if added == Some(false) { Err(most) } else { Ok(()) }
    }

    /// The whole answer to a turn, with its last part; `None` when it is no turn that somebody waits for.
    pub(crate) fn whole(&self, id: JobId, last: Vec<OrchestratorAction>) -> Option<Whole> {
        self.with(id, |job| {
            let Input::Turn(turn) = &*job.input else { return None };
            let mut actions = std::mem::take(&mut job.parts);
            actions.extend(last);
            Some((actions, turn.next_execution))
        })
        .flatten()
    }

    pub(crate) fn answer_turn(&self, id: JobId, output: RemoteOutput) {
        self.settle_turn(id, Ok(output));
    }

    pub(crate) fn refuse_turn(&self, id: JobId, failure: Failure) {
        self.settle_turn(id, Err(RemoteFailure::Invalid(failure)));
    }

    fn settle_turn(&self, id: JobId, result: RemoteResult) {
        if let Some(job) = self.finish(id, Kind::Turn)
            && let Reply::Turn(reply) = job.reply
        {
            reply.send(result);
        }
    }
}
