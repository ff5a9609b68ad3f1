//! Runs the recorded executions in `corpus/`, and compares status, output, error, cause and events with the
//! recordings.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout
)]
#![allow(missing_docs)]

#[path = "corpus/case.rs"]
mod case;
#[path = "corpus/list.rs"]
mod list;
#[path = "corpus/matching.rs"]
mod matching;
#[path = "corpus/mocks.rs"]
mod mocks;
#[path = "corpus/play.rs"]
mod play;

use case::{Case, cases};
use list::compare_with_list;
use std::collections::BTreeMap;
use std::io::{Write as _, stderr};

#[derive(Default)]
struct Score {
    played: usize,
    output: usize,
    histories: usize,
    exact: usize,
}

#[test]
fn recorded_executions_run_as_recorded() {
    let only = std::env::var("ONLY").unwrap_or_default();
    let cases: Vec<Case> =
        cases().into_iter().filter(|case| case.is_playable() && case.name.contains(&only)).collect();
    let mut scores: BTreeMap<String, Score> = BTreeMap::new();
    let mut differences = BTreeMap::new();
    for case in &cases {
        let verdict = play::play(case);
        let groups =
            [case.category.clone(), if case.is_gate() { "(gate)".to_owned() } else { "(others)".to_owned() }];
        for group in groups {
            let score = scores.entry(group).or_default();
            score.played += 1;
            score.output += usize::from(verdict.output.is_empty());
            score.histories += usize::from(verdict.history.is_some());
            score.exact += usize::from(verdict.history.as_ref().is_some_and(Vec::is_empty));
        }
        let all: Vec<String> =
            verdict.output.into_iter().chain(verdict.history.unwrap_or_default()).collect();
        if !all.is_empty() {
            differences.insert(case.name.clone(), all);
        }
    }
    for (group, Score { played, output, histories, exact }) in &scores {
        // Past the test harness, which shows what is printed only when a test fails.
        writeln!(stderr(), "{group:16} {output} of {played} outputs, {exact} of {histories} histories")
            .unwrap();
    }
    if only.is_empty() {
        compare_with_list(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/corpus/not_passed.txt"), &differences);
    } else {
        println!("{differences:#?}");
    }
}
