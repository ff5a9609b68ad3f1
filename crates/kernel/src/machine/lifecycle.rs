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

#[cfg(test)]
mod tests {
    use crate::testkit::*;

    #[test]
    fn suspended_it_still_takes_facts_in() {
        let mut life = Life::begun([task(0, "a")]);
        insta::assert_snapshot!(life.turn(2, [suspend(), suspend()], []), @"");
        insta::assert_snapshot!(life.turn(3, [done(0, 1)], []), @"");
        insta::assert_snapshot!(life.turn(4, [suspend()], []), @"");
        insta::assert_snapshot!(life.turn(5, [resume(), resume()], [complete("1")]), @"");
    }

    #[test]
    fn what_does_not_stand_still_cannot_go_on() {
        let mut life = Life::begun([]);
        insta::assert_snapshot!(life.turn(2, [resume()], []), @"");
    }

    #[test]
    fn terminating_leaves_children_alone() {
        let mut life = Life::begun([task(0, "a"), child(1, "c"), timer(2, 9)]);
        insta::assert_snapshot!(life.turn(2, [raised("x"), terminate(false), raised("y")], []), @"");
        insta::assert_snapshot!(life.turn(3, [done(0, 1), terminate(false)], []), @"");
    }

    #[test]
    fn terminating_all_of_them_reaches_the_children() {
        let mut life = Life::begun([child(0, "c"), child(1, "d")]);
        insta::assert_snapshot!(life.turn(2, [terminate(true)], []), @"");
    }

    #[test]
    fn terminating_a_suspended_one() {
        let mut life = Life::begun([]).then(2, [suspend()], []);
        insta::assert_snapshot!(life.turn(3, [terminate(false)], []), @"");
    }

    #[test]
    fn no_timer_fires_in_the_turn_that_terminates() {
        let mut life = Life::begun([timer(0, 2)]);
        insta::assert_snapshot!(life.turn(3, [terminate(false)], []), @"");
    }

    #[test]
    fn one_that_never_began_has_a_whole_history_all_the_same() {
        let mut start = start();
        start.scheduled_at = Some(at(60));
        let mut life = Life::of(start).then(2, [raised("x")], []);
        insta::assert_snapshot!(life.turn(3, [terminate(false)], []), @"");
    }

    #[test]
    fn terminated_before_its_first_turn() {
        let mut life = Life::accepted();
        insta::assert_snapshot!(life.turn(1, [terminate(false)], []), @"");
    }

    #[test]
    fn a_terminated_child_tells_its_parent() {
        let mut life = Life::of(child_start()).then(1, [], []);
        insta::assert_snapshot!(life.turn(2, [terminate(false)], []), @"");
    }
}
