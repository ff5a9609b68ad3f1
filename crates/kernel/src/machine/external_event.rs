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
        insta::assert_snapshot!(life.turn(2, [raised("b"), raised("a"), raised("b")], []), @"");
    }

    #[test]
    fn what_it_waits_for_is_shown() {
        let mut life = Life::accepted();
        let shown = life.answer(1, [], saying(Some("half"), &["approval"])).expect("fine");
        insta::assert_snapshot!(shown, @"");
        insta::assert_snapshot!(life.turn(2, [raised("approval")], []), @"");
        let shown = life.answer(3, [raised("x")], saying(None, &[])).expect("fine");
        insta::assert_snapshot!(shown, @"");
    }
}
