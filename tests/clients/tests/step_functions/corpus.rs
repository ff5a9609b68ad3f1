//! The recorded executions, run again through the API: status, output, error, cause and events as recorded.

use crate::case::{Case, cases};
use crate::list::compare_with_list;
use crate::matching::{cleaned, same};
use crate::mocks::Mocks;
use crate::site::Site;
use futures::future::BoxFuture;
use partita::engine::executor::{Function, FunctionCall, Offers};
use partita::{Client, Failure};
use partita_flow::asl::token::HmacMint;
use partita_kernel::Payload;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{Write as _, stderr};
use std::sync::{Arc, OnceLock};

/// What the functions of each case do, by the name of its machine.
struct Recorded(Arc<BTreeMap<String, Mocks>>);

struct Call(Arc<BTreeMap<String, Mocks>>);

impl Offers for Recorded {
    fn function(&self, _: &str) -> Option<Arc<dyn Function>> {
        Some(Arc::new(Call(self.0.clone())))
    }
}

impl Function for Call {
    fn call(&self, call: FunctionCall) -> BoxFuture<'static, Result<Option<Payload>, Failure>> {
        let machine = call.instance.as_str().split([':', '/']).next().unwrap_or_default();
        match self.0.get(machine).and_then(|mocks| mocks.function(&call.name)) {
            Some(function) => function.call(call),
            None => {
                Box::pin(
                    async move { Err(Failure::new("NoMock", format!("{} has no mocks", call.instance))) },
                )
            }
        }
    }
}

/// What can be had over the API: workers of activities and other machines are for the tests of the interpreter.
fn playable() -> BTreeMap<String, Case> {
    let served = |case: &Case| {
        let starts = case.definition.to_string().contains("startExecution");
        case.is_playable() && case.category != "activity" && !starts
    };
    let cases = cases().into_iter().filter(served).enumerate();
    cases.map(|(number, case)| (format!("case-{number}"), case)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn recorded_executions_run_as_recorded() {
    let cases = playable();
    let mint = HmacMint::new(b"no task of these has a token");
    let mocks: BTreeMap<String, Mocks> =
        cases.iter().map(|(machine, case)| (machine.clone(), Mocks::new(case, mint.clone()))).collect();
    let clients: Vec<Arc<OnceLock<Client>>> = mocks.values().map(|mocks| mocks.client.clone()).collect();
    let folder = tempfile::tempdir().unwrap();
    let site = Site::open(Arc::new(Recorded(Arc::new(mocks))), folder.path()).await;
    for client in clients {
        let _ = client.set(site.client.clone());
    }
    let lines: String = cases.iter().map(|(machine, case)| format!("{}\n", asked(machine, case))).collect();
    let output = site.script("corpus.py", &[], lines).await;
    let mut differences = BTreeMap::new();
    let mut score = Score::default();
    for line in std::str::from_utf8(&output.stdout).unwrap().lines() {
        let told: Value = serde_json::from_str(line).unwrap();
        let case = &cases[told["machine"].as_str().unwrap()];
        let differs = score.count(case, &told);
        if !differs.is_empty() {
            differences.insert(case.name.clone(), differs);
        }
    }
    assert_eq!(score.played, cases.len(), "the script told nothing of some");
    // Past the test harness, which shows what is printed only when a test fails.
    writeln!(stderr(), "over the API: {score}").unwrap();
    compare_with_list(
        concat!(env!("CARGO_MANIFEST_DIR"), "/tests/step_functions/not_passed.txt"),
        &differences,
    );
}

fn asked(machine: &str, case: &Case) -> Value {
    json!({ "machine": machine, "definition": case.definition, "input": case.input, "type": case.machine_type })
}

#[derive(Default)]
struct Score {
    played: usize,
    gate: [usize; 2],
    output: usize,
    histories: [usize; 2],
}

impl std::fmt::Display for Score {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { played, gate: [gate, of], output, histories: [exact, all] } = self;
        write!(f, "{output} of {played} outputs ({gate} of {of} of the gate), {exact} of {all} histories")
    }
}

impl Score {
    fn count(&mut self, case: &Case, told: &Value) -> Vec<String> {
        let mut differs = outcome(case, told);
        let good = differs.is_empty();
        self.played += 1;
        self.output += usize::from(good);
        self.gate[0] += usize::from(case.is_gate() && good);
        self.gate[1] += usize::from(case.is_gate());
        let events = told.get("events").and_then(Value::as_array);
        if let Some((expected, got)) =
            case.history.as_ref().filter(|_| !case.parallel_events_sorted).zip(events)
        {
            let got: Vec<Value> = got.iter().cloned().map(cleaned).collect();
            let mut events = same(&json!(expected), &json!(got), &case.placeholders);
            events.retain(|difference| !difference.contains("roleArn"));
            self.histories[0] += usize::from(events.is_empty());
            self.histories[1] += 1;
            differs.extend(events);
        }
        differs
    }
}

fn outcome(case: &Case, told: &Value) -> Vec<String> {
    if told["status"] != case.expected_status.as_str() {
        return vec![format!("{} != {told}", case.expected_status)];
    }
    if case.expected_status == "FAILED" {
        let mut differences = same(&case.expected_error, &told["error"], &case.placeholders);
        differences.extend(same(&case.expected_cause, &told["cause"], &case.placeholders));
        return differences;
    }
    if case.expected_output.is_null() {
        return Vec::new();
    }
    let output = told["output"].as_str().map_or(Value::Null, |text| serde_json::from_str(text).unwrap());
    same(&case.expected_output, &output, &case.placeholders)
}
