//! External events: part of the history from the moment they arrive, whether or not anybody waits.

use crate::event::EventKind;
use crate::turn::Turn;
use crate::value::{Name, Payload};

pub(super) fn raised(turn: &mut Turn, name: Name, input: Option<Payload>) {
    turn.record(EventKind::EventRaised { name, input });
}

#[cfg(test)]
mod tests {
    use crate::testkit::*;

    #[test]
    fn events_are_recorded_in_the_order_of_their_arrival_though_nobody_waits() {
        let mut life = Life::begun([]);
        insta::assert_snapshot!(life.turn(2, [raised("b"), raised("a"), raised("b")], []), @r#"
        admitted
        admitted
        admitted
        + -1 2s OrchestratorStarted
        + -1 2s EventRaised { name: "b", input: Some(1) }
        + -1 2s EventRaised { name: "a", input: Some(1) }
        + -1 2s EventRaised { name: "b", input: Some(1) }
        + -1 2s OrchestratorCompleted
        = Running State { phase: Running, updated_at: 2s, history_events: 8, last_command: -1 }; wakes never
        "#);
    }

    #[test]
    fn what_it_waits_for_is_shown() {
        let mut life = Life::accepted();
        let shown = life.answer(1, [], saying(Some("half"), &["approval"])).expect("fine");
        insta::assert_snapshot!(shown, @r#"
        + -1 1s OrchestratorStarted
        + -1 1s ExecutionStarted { name: "flow", input: Some(0), execution: g1 }
        + -1 1s OrchestratorCompleted
        = Running State { phase: Running, updated_at: 1s, custom_status: Some(half), history_events: 3, last_command: -1, waiting_for: ["approval"] }; wakes never
        "#);
        insta::assert_snapshot!(life.turn(2, [raised("approval")], []), @r#"
        admitted
        + -1 2s OrchestratorStarted
        + -1 2s EventRaised { name: "approval", input: Some(1) }
        + -1 2s OrchestratorCompleted
        = Running State { phase: Running, updated_at: 2s, custom_status: Some(half), history_events: 6, last_command: -1 }; wakes never
        "#);
        let shown = life.answer(3, [raised("x")], saying(None, &[])).expect("fine");
        insta::assert_snapshot!(shown, @r#"
        admitted
        + -1 3s OrchestratorStarted
        + -1 3s EventRaised { name: "x", input: Some(1) }
        + -1 3s OrchestratorCompleted
        = Running State { phase: Running, updated_at: 3s, history_events: 9, last_command: -1 }; wakes never
        "#);
    }
}
