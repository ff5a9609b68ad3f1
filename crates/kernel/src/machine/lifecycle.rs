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
        insta::assert_snapshot!(life.turn(2, [suspend(), suspend()], []), @r#"
        admitted
        discarded: AlreadySuspended
        + -1 2s OrchestratorStarted
        + -1 2s ExecutionSuspended { reason: Some(stop) }
        + -1 2s OrchestratorCompleted
        = Suspended State { phase: Suspended, updated_at: 2s, history_events: 7, last_command: 0, tasks: {0: Task { name: "a", execution: g1, scheduled_at: 1s }} }; wakes never
        "#);
        insta::assert_snapshot!(life.turn(3, [done(0, 1)], []), @r"
        admitted
        + -1 3s OrchestratorStarted
        + -1 3s TaskCompleted { task_id: 0, result: Some(ok) }
        + -1 3s OrchestratorCompleted
        = Suspended State { phase: Suspended, updated_at: 3s, history_events: 10, last_command: 0 }; wakes never
        ");
        insta::assert_snapshot!(life.turn(4, [suspend()], []), @r"
        discarded: AlreadySuspended
        unchanged
        ");
        insta::assert_snapshot!(life.turn(5, [resume(), resume()], [complete("1")]), @r"
        admitted
        discarded: NotSuspended
        + -1 5s OrchestratorStarted
        + -1 5s ExecutionResumed { reason: Some(go) }
        + -1 5s OrchestratorCompleted
        + -1 5s ExecutionCompleted { status: Completed, result: Some(1) }
        > Finished(Completed)
        = Completed State { phase: Finished { status: Completed, at: 5s, output: Some(1) }, updated_at: 5s, history_events: 14, last_command: 0 }; wakes never
        ");
    }

    #[test]
    fn what_does_not_stand_still_cannot_go_on() {
        let mut life = Life::begun([]);
        insta::assert_snapshot!(life.turn(2, [resume()], []), @r"
        discarded: NotSuspended
        unchanged
        ");
    }

    #[test]
    fn terminating_leaves_children_alone() {
        let mut life = Life::begun([task(0, "a"), child(1, "c"), timer(2, 9)]);
        insta::assert_snapshot!(life.turn(2, [raised("x"), terminate(false), raised("y")], []), @r#"
        admitted
        admitted
        discarded: Finished(Terminated)
        settled without an executor
        + -1 2s OrchestratorStarted
        + -1 2s EventRaised { name: "x", input: Some(1) }
        + -1 2s ExecutionTerminated { output: Some(enough) }
        + -1 2s OrchestratorCompleted
        + -1 2s ExecutionCompleted { status: Terminated, result: Some(enough) }
        > CancelFunction { task_id: 0, execution: g1 }
        > Finished(Terminated)
        = Terminated State { phase: Finished { status: Terminated, at: 2s, output: Some(enough) }, updated_at: 2s, history_events: 11, last_command: 2 }; wakes never
        "#);
        insta::assert_snapshot!(life.turn(3, [done(0, 1), terminate(false)], []), @r"
        discarded: Finished(Terminated)
        discarded: Finished(Terminated)
        unchanged
        ");
    }

    #[test]
    fn terminating_all_of_them_reaches_the_children() {
        let mut life = Life::begun([child(0, "c"), child(1, "d")]);
        insta::assert_snapshot!(life.turn(2, [terminate(true)], []), @r#"
        admitted
        settled without an executor
        + -1 2s OrchestratorStarted
        + -1 2s ExecutionTerminated { output: Some(enough), recurse: true }
        + -1 2s OrchestratorCompleted
        + -1 2s ExecutionCompleted { status: Terminated, result: Some(enough) }
        > Send { target: "c", message: Terminate { recurse: true } }
        > Send { target: "d", message: Terminate { recurse: true } }
        > Finished(Terminated)
        = Terminated State { phase: Finished { status: Terminated, at: 2s, output: Some(enough) }, updated_at: 2s, history_events: 9, last_command: 1 }; wakes never
        "#);
    }

    #[test]
    fn terminating_a_suspended_one() {
        let mut life = Life::begun([]).then(2, [suspend()], []);
        insta::assert_snapshot!(life.turn(3, [terminate(false)], []), @r"
        admitted
        settled without an executor
        + -1 3s OrchestratorStarted
        + -1 3s ExecutionTerminated { output: Some(enough) }
        + -1 3s OrchestratorCompleted
        + -1 3s ExecutionCompleted { status: Terminated, result: Some(enough) }
        > Finished(Terminated)
        = Terminated State { phase: Finished { status: Terminated, at: 3s, output: Some(enough) }, updated_at: 3s, history_events: 10, last_command: -1 }; wakes never
        ");
    }

    #[test]
    fn no_timer_fires_in_the_turn_that_terminates() {
        let mut life = Life::begun([timer(0, 2)]);
        insta::assert_snapshot!(life.turn(3, [terminate(false)], []), @r"
        admitted
        settled without an executor
        + -1 3s OrchestratorStarted
        + -1 3s ExecutionTerminated { output: Some(enough) }
        + -1 3s OrchestratorCompleted
        + -1 3s ExecutionCompleted { status: Terminated, result: Some(enough) }
        > Finished(Terminated)
        = Terminated State { phase: Finished { status: Terminated, at: 3s, output: Some(enough) }, updated_at: 3s, history_events: 8, last_command: 0 }; wakes never
        ");
    }

    #[test]
    fn one_that_never_began_has_a_whole_history_all_the_same() {
        let mut start = start();
        start.scheduled_at = Some(at(60));
        let mut life = Life::of(start).then(2, [raised("x")], []);
        insta::assert_snapshot!(life.turn(3, [terminate(false)], []), @r#"
        admitted
        settled without an executor
        + -1 3s OrchestratorStarted
        + -1 3s ExecutionStarted { name: "flow", input: Some(0), execution: g1, scheduled_at: Some(60s) }
        + -1 3s EventRaised { name: "x", input: Some(1) }
        + -1 3s ExecutionTerminated { output: Some(enough) }
        + -1 3s OrchestratorCompleted
        + -1 3s ExecutionCompleted { status: Terminated, result: Some(enough) }
        > Finished(Terminated)
        = Terminated State { phase: Finished { status: Terminated, at: 3s, output: Some(enough) }, updated_at: 3s, history_events: 6, last_command: -1 }; wakes never
        "#);
    }

    #[test]
    fn terminated_before_its_first_turn() {
        let mut life = Life::accepted();
        insta::assert_snapshot!(life.turn(1, [terminate(false)], []), @r#"
        admitted
        settled without an executor
        + -1 1s OrchestratorStarted
        + -1 1s ExecutionStarted { name: "flow", input: Some(0), execution: g1 }
        + -1 1s ExecutionTerminated { output: Some(enough) }
        + -1 1s OrchestratorCompleted
        + -1 1s ExecutionCompleted { status: Terminated, result: Some(enough) }
        > Finished(Terminated)
        = Terminated State { phase: Finished { status: Terminated, at: 1s, output: Some(enough) }, updated_at: 1s, history_events: 5, last_command: -1 }; wakes never
        "#);
    }

    #[test]
    fn a_terminated_child_tells_its_parent() {
        let mut life = Life::of(child_start()).then(1, [], []);
        insta::assert_snapshot!(life.turn(2, [terminate(false)], []), @r#"
        admitted
        settled without an executor
        + -1 2s OrchestratorStarted
        + -1 2s ExecutionTerminated { output: Some(enough) }
        + -1 2s OrchestratorCompleted
        + -1 2s ExecutionCompleted { status: Terminated, result: Some(enough) }
        > Send { target: "p", message: SubOrchestrationFailed { task_id: 7, execution: g9, failure: Failure { error_type: "OrchestrationTerminated", message: "the sub-orchestration ended as Terminated: enough" } } }
        > Finished(Terminated)
        = Terminated State { phase: Finished { status: Terminated, at: 2s, output: Some(enough) }, updated_at: 2s, history_events: 7, last_command: -1 }; wakes never
        "#);
    }
}
