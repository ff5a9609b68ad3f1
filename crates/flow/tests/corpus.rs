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

#[path = "corpus/matching.rs"]
mod matching;
#[path = "corpus/mocks.rs"]
mod mocks;
#[path = "corpus/play.rs"]
mod play;

use serde::Deserialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

#[derive(Clone, Debug, Deserialize)]
struct Case {
    name: String,
    category: String,
    #[serde(rename = "type")]
    machine_type: String,
    definition: Value,
    input: Value,
    expected_status: String,
    expected_output: Value,
    expected_error: Value,
    expected_cause: Value,
    placeholders: Vec<String>,
    nondeterministic: bool,
    time_dependent: bool,
    parallel_events_sorted: bool,
    history: Option<Vec<Value>>,
    #[serde(default)]
    mocks: Option<Vec<Value>>,
    #[serde(default)]
    lambdas: BTreeMap<String, String>,
}

impl Case {
    /// The cases that count everywhere: nothing is called, nothing is random.
    fn is_gate(&self) -> bool {
        self.category == "pure"
            && self.machine_type == "STANDARD"
            && self.is_comparable()
            && self.expected_status != "TIMED_OUT"
    }

    fn is_comparable(&self) -> bool {
        !self.nondeterministic
            && !self.time_dependent
            && ["SUCCEEDED", "FAILED", "TIMED_OUT"].contains(&self.expected_status.as_str())
    }

    /// Whether everything that it calls can be had here.
    fn is_playable(&self) -> bool {
        const SERVICES: [&str; 2] = ["test_map_state_result_writer", "csv_max_items_paths[-1]"];
        let category =
            ["pure", "lambda", "activity", "service:states", "service:sfn"].contains(&&*self.category);
        self.is_comparable() && (category || SERVICES.iter().any(|name| self.name.contains(name)))
    }
}

fn cases() -> Vec<Case> {
    let packed = include_bytes!("corpus/cases.jsonl.zst");
    let text = zstd::decode_all(&packed[..]).unwrap();
    let lines = std::str::from_utf8(&text).unwrap().lines();
    lines.map(|line| serde_json::from_str(line).unwrap()).collect()
}

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
        println!("{group:16} {output} of {played} outputs, {exact} of {histories} histories");
    }
    if only.is_empty() {
        compare_with_list(&differences);
    } else {
        println!("{differences:#?}");
    }
}

fn compare_with_list(differences: &BTreeMap<String, Vec<String>>) {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/corpus/not_passed.txt");
    if std::env::var_os("UPDATE").is_some() {
        let mut text = String::new();
        for (name, differences) in differences {
            let first: String = differences[0].chars().take(300).collect();
            writeln!(text, "{name}\n    {}", first.replace('\n', " ")).unwrap();
        }
        std::fs::write(path, text).unwrap();
        return;
    }
    let listed = std::fs::read_to_string(path).unwrap();
    let listed: BTreeSet<&str> =
        listed.lines().filter(|line| !line.starts_with(' ') && !line.is_empty()).collect();
    let failing: BTreeSet<&str> = differences.keys().map(String::as_str).collect();
    let unlisted: Vec<_> = failing.difference(&listed).map(|name| (name, &differences[*name])).collect();
    let passing: Vec<_> = listed.difference(&failing).collect();
    assert!(unlisted.is_empty(), "not passed, and not listed: {unlisted:#?}");
    assert!(passing.is_empty(), "passed, and still listed: {passing:#?}");
}
