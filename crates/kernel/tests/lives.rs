//! Random lives of instances: whatever arrives, in whatever order, the promises hold after every step.
#![allow(clippy::expect_used, clippy::panic)] // helpers of tests fail their test

mod support;

use proptest::prelude::*;
use support::{Step, check_life, steps};

/// 1,024 lives, unless the environment asks for another number.
fn config() -> ProptestConfig {
    let default = ProptestConfig::default();
    match std::env::var_os("PROPTEST_CASES") {
        Some(_) => default,
        None => ProptestConfig { cases: 1024, ..default },
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn every_promise_holds_after_every_step(seed: u64, steps in steps()) {
        check_life(seed, &steps);
    }

    #[test]
    fn the_same_inputs_make_the_same_life(seed: u64, steps in steps()) {
        prop_assert_eq!(check_life(seed, &steps), check_life(seed, &steps));
    }
}

/// The random lives must really go where the promises are at stake.
#[test]
fn the_lives_go_everywhere() {
    use proptest::{strategy::ValueTree, test_runner::TestRunner};
    let mut runner = TestRunner::deterministic();
    let mut seen = support::Seen::default();
    for seed in 0..400 {
        let steps: Vec<Step> = steps().new_tree(&mut runner).expect("a life").current();
        seen.note(&check_life(seed, &steps));
    }
    seen.check();
}
