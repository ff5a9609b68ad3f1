//! Durable timers. They fire in [`Turn::begin`](crate::Turn::begin), never before their time.

use crate::event::EventKind;
use crate::turn::Turn;
use crate::value::Timestamp;

pub(super) fn create(turn: &mut Turn, id: i32, fire_at: Timestamp) {
    turn.record_command(id, EventKind::TimerCreated { fire_at });
    turn.instance.state.timers.add(fire_at, id);
}

#[cfg(test)]
mod tests {
    use crate::testkit::*;

    #[test]
    fn it_never_fires_before_its_time() {
        let mut life = Life::begun([timer(0, 5)]);
        let early = life.limits.clone();
        let begun = crate::Turn::begin(
            life.instance.clone(),
            alloc::vec![crate::Message::Wake],
            crate::Timestamp(at(5).0 - 1),
            &early,
        );
        assert!(matches!(begun.next, crate::turn::Next::Unchanged(_)));
        insta::assert_snapshot!(life.turn(5, [crate::Message::Wake], []), @r"
        discarded: NothingDue
        + -1 5s OrchestratorStarted
        + -1 5s TimerFired { timer_id: 0, fire_at: 5s }
        + -1 5s OrchestratorCompleted
        = Running State { phase: Running, updated_at: 5s, history_events: 7, last_command: 0 }; wakes never
        ");
        insta::assert_snapshot!(life.turn(6, [crate::Message::Wake], []), @r"
        discarded: NothingDue
        unchanged
        ");
    }

    #[test]
    fn they_fire_in_the_order_of_their_times_after_what_arrived() {
        let mut life = Life::begun([timer(0, 7), timer(1, 5), timer(2, 7), timer(3, 9)]);
        insta::assert_snapshot!(life.turn(8, [raised("x")], []), @r#"
        admitted
        + -1 8s OrchestratorStarted
        + -1 8s EventRaised { name: "x", input: Some(1) }
        + -1 8s TimerFired { timer_id: 1, fire_at: 5s }
        + -1 8s TimerFired { timer_id: 0, fire_at: 7s }
        + -1 8s TimerFired { timer_id: 2, fire_at: 7s }
        + -1 8s OrchestratorCompleted
        = Running State { phase: Running, updated_at: 8s, history_events: 13, last_command: 3, timers: {(9s, 3)} }; wakes 9s
        "#);
    }

    #[test]
    fn a_time_in_the_past_is_due_at_once() {
        let mut life = Life::accepted();
        insta::assert_snapshot!(life.turn(4, [], [timer(0, 2)]), @r#"
        + -1 4s OrchestratorStarted
        + -1 4s ExecutionStarted { name: "flow", input: Some(0), execution: g1 }
        + 0 4s TimerCreated { fire_at: 2s }
        + -1 4s OrchestratorCompleted
        = Running State { phase: Running, updated_at: 4s, history_events: 4, last_command: 0, timers: {(2s, 0)} }; wakes 2s
        "#);
        insta::assert_snapshot!(life.turn(4, [], []), @r"
        + -1 4s OrchestratorStarted
        + -1 4s TimerFired { timer_id: 0, fire_at: 2s }
        + -1 4s OrchestratorCompleted
        = Running State { phase: Running, updated_at: 4s, history_events: 7, last_command: 0 }; wakes never
        ");
    }

    #[test]
    fn it_fires_while_the_instance_is_suspended() {
        let mut life = Life::begun([timer(0, 5)]).then(2, [suspend()], []);
        insta::assert_snapshot!(life.turn(5, [], []), @r"
        + -1 5s OrchestratorStarted
        + -1 5s TimerFired { timer_id: 0, fire_at: 5s }
        + -1 5s OrchestratorCompleted
        = Suspended State { phase: Suspended, updated_at: 5s, history_events: 10, last_command: 0 }; wakes never
        ");
    }

    #[test]
    fn a_clock_that_goes_back_does_not_take_the_history_back() {
        let mut life = Life::begun([timer(0, 5)]).then(4, [raised("x")], []);
        insta::assert_snapshot!(life.turn(3, [raised("y")], []), @r#"
        admitted
        + -1 4s OrchestratorStarted
        + -1 4s EventRaised { name: "y", input: Some(1) }
        + -1 4s OrchestratorCompleted
        = Running State { phase: Running, updated_at: 4s, history_events: 10, last_command: 0, timers: {(5s, 0)} }; wakes 5s
        "#);
    }
}
