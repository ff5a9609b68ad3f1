//! Suspend, resume, terminate.

use crate::event::EventKind;
use crate::instance::Phase;
use crate::message::Discard;
use crate::turn::{Ended, Turn};
use crate::value::Payload;

/// From now on the executor takes facts in but does not go on.
pub(super) fn suspend(turn: &mut Turn, reason: Option<Payload>) -> Result<(), Discard> {
    if matches!(turn.instance.state.phase, Phase::Suspended) {
        return Err(Discard::AlreadySuspended);
    }
    turn.record(EventKind::ExecutionSuspended { reason });
    turn.instance.state.phase = Phase::Suspended;
    Ok(())
}

pub(super) fn resume(turn: &mut Turn, reason: Option<Payload>) -> Result<(), Discard> {
    if !matches!(turn.instance.state.phase, Phase::Suspended) {
        return Err(Discard::NotSuspended);
    }
    turn.record(EventKind::ExecutionResumed { reason });
    turn.instance.state.phase = Phase::Running;
    Ok(())
}

/// Ends the instance in this very turn, whether or not an executor can be had.
pub(super) fn terminate(turn: &mut Turn, output: Option<Payload>, recurse: bool) {
    turn.record(EventKind::ExecutionTerminated { output: output.clone(), recurse });
    turn.end_by_request(Ended { output, recurse });
}
