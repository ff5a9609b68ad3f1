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
        insta::assert_snapshot!(life.turn(5, [crate::Message::Wake], []), @"");
        insta::assert_snapshot!(life.turn(6, [crate::Message::Wake], []), @"");
    }

    #[test]
    fn they_fire_in_the_order_of_their_times_after_what_arrived() {
        let mut life = Life::begun([timer(0, 7), timer(1, 5), timer(2, 7), timer(3, 9)]);
        insta::assert_snapshot!(life.turn(8, [raised("x")], []), @"");
    }

    #[test]
    fn a_time_in_the_past_is_due_at_once() {
        let mut life = Life::accepted();
        insta::assert_snapshot!(life.turn(4, [], [timer(0, 2)]), @"");
        insta::assert_snapshot!(life.turn(4, [], []), @"");
    }

    #[test]
    fn it_fires_while_the_instance_is_suspended() {
        let mut life = Life::begun([timer(0, 5)]).then(2, [suspend()], []);
        insta::assert_snapshot!(life.turn(5, [], []), @"");
    }

    #[test]
    fn a_clock_that_goes_back_does_not_take_the_history_back() {
        let mut life = Life::begun([timer(0, 5)]).then(4, [raised("x")], []);
        insta::assert_snapshot!(life.turn(3, [raised("y")], []), @"");
    }
}
