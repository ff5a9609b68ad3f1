//! Instances whose turns somebody else runs, who may answer much later or never.
//!
//! While a turn is out, `Hot::instance` stays as it was before the turn, and the turn has a copy. What
//! clients send is recorded with the instance at once and answered. What the engine itself delivers is safe
//! where it comes from (a stored message, a call that can be made again), so it waits in memory for a
//! moment, and its record is usually that of the turn that takes it in.

use super::group::Ticket;
use super::slot::{Answer, Executor, Hot, Queued, Request, Slot};
use super::turns::{info_of, split};
use super::{Input, Owner};
use crate::executor::Workflow;
use crate::remote::{Handed, Past, RemoteFailure, RemoteOutput, RemoteReply, RemoteResult, RemoteTurn, Span};
use partita_kernel::history::effective;
use partita_kernel::turn::Next;
use partita_kernel::{
    Admission, Begun, Discard, Event, ExecutionId, Failure, Instance, InstanceId, Message, Name, Phase,
    Status, Timestamp, Turn, TurnOutput,
};
use std::cmp::Reverse;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;
use tokio::sync::oneshot;

/// How long something may wait in memory alone: longer than a turn usually takes, and short enough that
/// little must be done again after a crash.
const UNRECORDED: Duration = Duration::from_millis(200);
/// The wait before a turn is handed out again that was abandoned; doubles with each time in a row.
const RETRY: Duration = Duration::from_millis(100);
pub(super) const LONGEST_RETRY: Duration = Duration::from_secs(30);

/// What an instance has beside its state when its turns are run elsewhere.
#[derive(Default)]
pub(crate) struct RemoteRun {
    /// Its effective history.
    past: Past,
    /// What came from the engine itself while no turn could begin, not recorded with the instance.
    waiting: Vec<Queued>,
    out: Option<Out>,
    /// How many times in a row its turn was abandoned.
    abandonments: u32,
    /// When the abandoned turn is handed out again.
    retry_at: Option<Timestamp>,
    /// When what is in memory alone has to be recorded.
    record_by: Option<Timestamp>,
    span: Option<Span>,
}

/// A turn that is out.
struct Out {
    /// Distinguishes it from every other turn.
    token: ExecutionId,
    turn: Turn,
    /// Messages that it took in and that are not recorded with the instance.
    direct: Vec<Queued>,
    /// How many of the messages that the instance holds, from the first, it took in.
    taken: usize,
    handed: Wanted,
    since: Timestamp,
    answer: Option<RemoteResult>,
}

/// Tells whoever runs the turn when nobody wants it any more.
struct Wanted(Arc<Handed>);

impl Drop for Wanted {
    fn drop(&mut self) {
        self.0.unwanted.cancel();
    }
}

/// A turn that is out or about to be, for whoever asks.
pub(crate) struct TurnOut {
    pub(crate) since: Timestamp,
    pub(crate) worker: Option<(Name, Timestamp)>,
    pub(crate) abandonments: u32,
    pub(crate) retry_at: Option<Timestamp>,
}

impl RemoteRun {
    /// After a recorded history.
    pub(super) fn after(history: &[Event]) -> Self {
        let events: Vec<Event> = effective(history).into_iter().map(|placed| placed.event.clone()).collect();
        Self { past: Past::from(events), ..Self::default() }
    }

    pub(super) fn grow(&mut self, events: Vec<Event>) {
        self.past.push(events);
    }

    fn is_answered(&self) -> bool {
        self.out.as_ref().is_some_and(|out| out.answer.is_some())
    }

    /// Whether no turn can begin now.
    fn is_blocked(&self, now: Timestamp) -> bool {
        self.out.is_some() || self.retry_at.is_some_and(|at| at > now)
    }

    fn is_due(&self, now: Timestamp) -> bool {
        self.out.is_none() && self.retry_at.is_some_and(|at| at <= now) || self.must_record(now)
    }

    fn must_record(&self, now: Timestamp) -> bool {
        self.record_by.is_some_and(|at| at <= now)
    }

    /// What is in memory alone, in order.
    pub(super) fn take_unrecorded(&mut self) -> Vec<Queued> {
        let mut taken = self.out.as_mut().map(|out| std::mem::take(&mut out.direct)).unwrap_or_default();
        taken.append(&mut self.waiting);
        taken
    }

    fn has_unrecorded(&self) -> bool {
        !self.waiting.is_empty() || self.out.as_ref().is_some_and(|out| !out.direct.is_empty())
    }

    fn shown(&self) -> Option<TurnOut> {
        let (abandonments, retry_at) = (self.abandonments, self.retry_at);
        match &self.out {
            Some(out) => {
                let worker = out.handed.0.worker.lock().clone();
                Some(TurnOut { since: out.since, worker, abandonments, retry_at: None })
            }
            None => retry_at.map(|at| TurnOut { since: at, worker: None, abandonments, retry_at }),
        }
    }
}

impl Executor {
    fn remote(&self) -> Option<&RemoteRun> {
        match self {
            Self::Remote(run) => Some(run),
            _ => None,
        }
    }

    pub(super) fn remote_mut(&mut self) -> Option<&mut RemoteRun> {
        match self {
            Self::Remote(run) => Some(run),
            _ => None,
        }
    }

    /// Whether the instance can be let go and brought back any time.
    pub(super) fn is_idle(&self) -> bool {
        self.remote().is_none_or(|run| run.out.is_none() && run.retry_at.is_none() && run.waiting.is_empty())
    }

    pub(super) fn is_out(&self) -> bool {
        self.remote().is_some_and(|run| run.out.is_some())
    }

    pub(super) fn is_answered(&self) -> bool {
        self.remote().is_some_and(RemoteRun::is_answered)
    }

    pub(super) fn is_due(&self, now: Timestamp) -> bool {
        self.remote().is_some_and(|run| run.is_due(now))
    }
}

/// Whether an instance, as it is recorded, waits for nobody but whoever runs its turns. Then its record says
/// that it must be looked at when its owner starts, and no time at which it wakes: that time has come, and
/// whoever asks for what is due would find it again and again.
pub(super) fn waits_for_turn(executor: &Executor, instance: &Instance) -> bool {
    let Some(run) = executor.remote() else { return false };
    if instance.state.set_aside.is_some() {
        return false;
    }
    run.out.is_some()
        || run.retry_at.is_some()
        || match instance.state.phase {
            Phase::Pending => instance.head.scheduled_at.is_none(),
            Phase::Running | Phase::Suspended => !instance.state.pending.is_empty(),
            Phase::Finished { .. } => false,
        }
}

impl Owner {
    /// Whether the instance's turns are run elsewhere.
    pub(super) fn is_remote(&self, hot: &mut Hot, instance: &Instance) -> bool {
        match &hot.executor {
            Executor::Remote(_) => true,
            Executor::Absent if matches!(instance.state.phase, Phase::Pending) => {
                let head = &instance.head;
                let workflow = self.shared.registry.workflow(&head.name, head.version.as_deref());
                let remote = matches!(workflow, Some(Workflow::Elsewhere(_)));
                if remote {
                    hot.executor = Executor::Remote(Box::default());
                }
                remote
            }
            _ => false,
        }
    }

    /// Whether nothing can go on before an answer, a time or another engine comes.
    pub(super) fn waits_elsewhere(&self, hot: &Hot, now: Timestamp) -> bool {
        hot.executor.remote().is_some_and(|run| run.is_blocked(now) || self.shared.stopping.load(Relaxed))
    }

    /// The inbox of an instance whose turns are run elsewhere.
    pub(super) fn remote_turn(
        &mut self,
        id: &InstanceId,
        hot: &mut Hot,
        instance: Instance,
        mut requests: Vec<Queued>,
        now: Timestamp,
    ) {
        let stopping = self.shared.stopping.load(Relaxed);
        let Some(run) = hot.executor.remote_mut() else { return };
        if run.is_blocked(now) || stopping {
            requests.retain(|queued| !matches!(queued.request, Request::Message(Message::Wake)));
            if !stopping && !run.must_record(now) && requests.iter().all(can_wait) {
                run.waiting.append(&mut requests);
                hot.instance = Some(instance);
                self.note_unrecorded(id, hot, now);
            } else {
                self.hold(id, hot, instance, requests, now);
            }
            return;
        }
        run.retry_at = None;
        run.record_by = None;
        let mut all = std::mem::take(&mut run.waiting);
        all.append(&mut requests);
        if all.iter().all(can_wait) {
            self.begin_remote(id, hot, instance, all, now);
            return;
        }
        self.hold(id, hot, instance, all, now);
        if hot.executor.remote().is_some()
            && let Some(instance) = hot.instance.take()
        {
            self.begin_remote(id, hot, instance, Vec::new(), now);
        } // else it was terminated
    }

    /// Sees to it that what is in memory alone does not stay so.
    fn note_unrecorded(&mut self, id: &InstanceId, hot: &mut Hot, now: Timestamp) {
        let Some(run) = hot.executor.remote_mut() else { return };
        if run.has_unrecorded() && run.record_by.is_none() {
            let at = now.after(UNRECORDED);
            run.record_by = Some(at);
            self.deadlines.push(Reverse((at, id.clone())));
        }
    }

    /// Records all that is in memory alone, and what arrives, with the instance.
    fn hold(
        &mut self,
        id: &InstanceId,
        hot: &mut Hot,
        mut instance: Instance,
        mut requests: Vec<Queued>,
        now: Timestamp,
    ) {
        let Some(run) = hot.executor.remote_mut() else { return };
        let mut changed = run.record_by.take().is_some();
        let direct = run.out.as_mut().map(|out| std::mem::take(&mut out.direct)).unwrap_or_default();
        if let Some(out) = &mut run.out {
            out.taken += direct.len();
        }
        let mut waiting = std::mem::take(&mut run.waiting);
        waiting.append(&mut requests);
        changed |= !direct.is_empty();
        self.hold_direct(id, &mut instance, direct);
        let (messages, tickets) = split(waiting);
        let execution = Some(instance.head.execution);
        let Begun { admissions, next } = Turn::hold(instance, messages, now, &self.shared.config.limits);
        for (ticket, admission) in tickets.into_iter().zip(admissions) {
            self.settle(id, ticket, Answer { admission, execution });
        }
        let instance = match next {
            Next::Settled(decision) if !decision.events.is_empty() => {
                return self.decided(id, hot, decision);
            }
            Next::Settled(decision) => {
                changed = true;
                decision.instance
            }
            Next::Unchanged(instance) => instance,
            Next::Run(turn) => turn.instance().clone(), // holding never asks anybody to run anything
        };
        if changed {
            self.record(hot, &instance, &[]);
        }
        hot.instance = Some(instance);
    }

    /// Adds what a turn that is out took in to what the instance holds.
    fn hold_direct(&mut self, id: &InstanceId, instance: &mut Instance, direct: Vec<Queued>) {
        let (messages, tickets) = split(direct);
        instance.state.pending.extend(messages);
        self.settle_admitted(id, tickets, instance.head.execution);
    }

    fn settle_admitted(&mut self, id: &InstanceId, tickets: Vec<Ticket>, execution: ExecutionId) {
        for ticket in tickets {
            self.settle(id, ticket, Answer::admitted(Some(execution)));
        }
    }

    /// Begins a turn with what the instance holds and with `requests`, of which none has a client waiting.
    fn begin_remote(
        &mut self,
        id: &InstanceId,
        hot: &mut Hot,
        instance: Instance,
        requests: Vec<Queued>,
        now: Timestamp,
    ) {
        let messages: Vec<Message> =
            requests.iter().filter_map(|queued| queued.as_message().cloned()).collect();
        let Begun { admissions, next } =
            Turn::begin(instance.clone(), messages, now, &self.shared.config.limits);
        let mut direct = Vec::new();
        for (queued, admission) in requests.into_iter().zip(admissions) {
            if matches!((&next, &admission), (Next::Run(_), Admission::Admitted)) {
                direct.push(queued);
                continue;
            }
            let (_, tickets) = split(Vec::from([queued]));
            for ticket in tickets {
                let admission = admission.clone();
                self.settle(id, ticket, Answer { admission, execution: Some(instance.head.execution) });
            }
        }
        match next {
            Next::Unchanged(instance) => hot.instance = Some(instance),
            Next::Settled(decision) => self.decided(id, hot, decision),
            Next::Run(turn) => self.dispatch(id, hot, instance, turn, direct, now),
        }
    }

    /// Hands a turn out.
    fn dispatch(
        &mut self,
        id: &InstanceId,
        hot: &mut Hot,
        mut instance: Instance,
        turn: Turn,
        direct: Vec<Queued>,
        now: Timestamp,
    ) {
        let head = &instance.head;
        let Some(orchestrator) = self.shared.registry.remote(&head.name, head.version.as_deref()) else {
            let failure = super::loading::not_registered(&self.shared, &head.name);
            self.hold_direct(id, &mut instance, direct);
            return self.set_aside(id, hot, instance, failure, now);
        };
        let Some(run) = hot.executor.remote_mut() else { return };
        let token = ExecutionId(self.shared.unique());
        let handed = Arc::new(Handed::default());
        let remote = RemoteTurn {
            info: info_of(&instance),
            execution: head.execution,
            past: run.past.clone(),
            new_events: turn.new_events().to_vec(),
            next_execution: token,
            abandonments: run.abandonments,
            span: run.span.clone(),
            reply: self.reply(id, token, handed.clone()),
        };
        // What has no message of its own, a time that has come, must be told by the record as well.
        let by_time =
            instance.next_wake().is_some_and(|at| at <= now) && !waits_for_turn(&hot.executor, &instance);
        let taken = instance.state.pending.len();
        let Some(run) = hot.executor.remote_mut() else { return };
        run.out = Some(Out { token, turn, direct, taken, handed: Wanted(handed), since: now, answer: None });
        if by_time {
            let at = now.after(UNRECORDED);
            run.record_by = Some(at);
            self.deadlines.push(Reverse((at, id.clone())));
        }
        hot.instance = Some(instance);
        self.note_unrecorded(id, hot, now);
        self.shared.metrics.turns_dispatched.add(1);
        self.shared.metrics.turns_out.add(1);
        if catch_unwind(AssertUnwindSafe(|| orchestrator.dispatch(remote))).is_err() {
            tracing::error!(instance = %id, "handing a turn out panicked"); // its reply is gone: abandoned
        }
    }

    fn reply(&self, id: &InstanceId, token: ExecutionId, handed: Arc<Handed>) -> RemoteReply {
        let (inbox, id, shared) = (self.handle.inbox.clone(), id.clone(), Arc::downgrade(&self.shared));
        RemoteReply::of(handed, move |result| {
            if let Some(shared) = shared.upgrade() {
                shared.metrics.turns_out.sub(1);
            }
            let _ = inbox.send(Input::Answered { id, token, result: Box::new(result) });
        })
    }

    /// An answer has come. It is looked at in the instance's turn.
    pub(super) fn take_answer(&mut self, id: InstanceId, token: ExecutionId, result: RemoteResult) {
        let out = match self.slots.get_mut(&id) {
            Some(Slot::Hot(hot)) => hot.executor.remote_mut().and_then(|run| run.out.as_mut()),
            _ => None,
        };
        match out.filter(|out| out.token == token && out.answer.is_none()) {
            Some(out) => {
                out.answer = Some(result);
                self.make_ready(id);
            }
            None => self.shared.metrics.turns_unwanted.add(1),
        }
    }

    /// Carries the answer out that has come for a turn. What is in memory alone and is not part of it comes
    /// first in the inbox.
    pub(super) fn answered(&mut self, id: &InstanceId, hot: &mut Hot, now: Timestamp) {
        let Some(run) = hot.executor.remote_mut() else { return };
        let (Some(mut out), Some(instance)) = (run.out.take(), hot.instance.take()) else { return };
        run.record_by = None;
        let mut left = std::mem::take(&mut run.waiting);
        match out.answer.take().unwrap_or(Err(RemoteFailure::Abandoned)) {
            Ok(RemoteOutput { output, span }) => {
                (run.span, run.abandonments) = (span, 0);
                self.finish(id, hot, instance, out, output, now);
            }
            Err(RemoteFailure::Invalid(failure)) => {
                let Out { direct, taken, .. } = out;
                self.invalid(id, hot, instance, (direct, taken), failure, now);
            }
            Err(RemoteFailure::Abandoned) => {
                self.shared.metrics.turns_abandoned.add(1);
                run.abandonments = run.abandonments.saturating_add(1);
                let at = now.after(backoff(run.abandonments));
                run.retry_at = Some(at);
                self.deadlines.push(Reverse((at, id.clone())));
                hot.instance = Some(instance);
                left.splice(0..0, out.direct);
            }
        }
        hot.inbox.splice(0..0, left);
    }

    /// Carries out what a worker asks for, and keeps what was recorded for the instance meanwhile.
    fn finish(
        &mut self,
        id: &InstanceId,
        hot: &mut Hot,
        mut instance: Instance,
        out: Out,
        output: TurnOutput,
        now: Timestamp,
    ) {
        let Out { turn, direct, taken, .. } = out;
        let before = turn.instance().head.execution;
        match turn.answered_at(now.max(instance.state.updated_at)).finish(output) {
            Ok(mut decision) => {
                let (_, tickets) = split(direct);
                self.settle_admitted(id, tickets, before);
                let late = instance.state.pending.split_off(taken.min(instance.state.pending.len()));
                decision.instance.hold_acknowledged(late);
                self.decided(id, hot, decision);
            }
            Err(invalid) => {
                let failure = Failure::new("InvalidCommand", invalid.to_string());
                self.invalid(id, hot, instance, (direct, taken), failure, now);
            }
        }
    }

    /// An answer makes no sense. What its turn had taken in is held again, in its place.
    fn invalid(
        &mut self,
        id: &InstanceId,
        hot: &mut Hot,
        mut instance: Instance,
        (direct, taken): (Vec<Queued>, usize),
        failure: Failure,
        now: Timestamp,
    ) {
        let late = instance.state.pending.split_off(taken.min(instance.state.pending.len()));
        self.hold_direct(id, &mut instance, direct);
        instance.state.pending.extend(late);
        self.set_aside(id, hot, instance, failure, now);
    }

    /// Looks for instances that have something to do by the time.
    pub(super) fn fire_deadlines(&mut self, now: Timestamp) {
        while let Some(Reverse((at, _))) = self.deadlines.peek()
            && *at <= now
        {
            let Some(Reverse((_, id))) = self.deadlines.pop() else { return };
            let due = match self.slots.get(&id) {
                Some(Slot::Hot(hot)) => hot.executor.is_due(now),
                Some(Slot::Entity(hot)) => hot.is_due(now),
                Some(Slot::Loading(_)) | None => false,
            };
            if due {
                self.make_ready(id);
            }
        }
    }

    /// Before the end: what is in memory alone is recorded.
    pub(super) fn record_all(&mut self) {
        let mut ids = Vec::new();
        for (id, slot) in &mut self.slots {
            let Slot::Hot(hot) = slot else { continue };
            let Some(run) = hot.executor.remote_mut() else { continue };
            if run.has_unrecorded() || run.record_by.is_some() {
                run.record_by = Some(Timestamp(i64::MIN));
                ids.push(id.clone());
            }
        }
        for id in ids {
            self.make_ready(id);
        }
    }

    /// Tells of an instance's turn that is run elsewhere.
    pub(super) fn look(&self, target: &InstanceId, reply: oneshot::Sender<Option<TurnOut>>) {
        let out = match self.slots.get(target) {
            Some(Slot::Hot(hot)) => hot.executor.remote().and_then(RemoteRun::shown),
            _ => None,
        };
        let _ = reply.send(out); // whoever asked may have gone
    }

    /// What was on its way to an instance that is replaced does not reach the one that replaces it.
    pub(super) fn discard_unrecorded(&mut self, id: &InstanceId, hot: &mut Hot) {
        let Some(run) = hot.executor.remote_mut() else { return };
        let (_, tickets) = split(run.take_unrecorded());
        for ticket in tickets {
            self.settle(id, ticket, Answer::discarded(Discard::Finished(Status::Terminated)));
        }
    }
}

/// Whether somebody waits to hear that this is recorded, or it must not wait.
fn can_wait(queued: &Queued) -> bool {
    queued.reply.is_none() && !matches!(queued.request, Request::Message(Message::Terminate { .. }))
}

/// How long what was abandoned so many times in a row rests.
pub(super) fn backoff(abandonments: u32) -> Duration {
    let doublings = abandonments.saturating_sub(1).min(16);
    RETRY.saturating_mul(1 << doublings).min(LONGEST_RETRY)
}
