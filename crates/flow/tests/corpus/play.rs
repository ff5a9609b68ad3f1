//! Plays one case in virtual time.

use crate::Case;
use crate::matching::{cleaned, same};
use crate::mocks::Mocks;
use parking_lot::Mutex;
use partita::engine::InstanceView;
use partita::{OrchestrationContext, Runtime, StartOptions, Status, testing};
use partita_flow::asl::arn::Place;
use partita_flow::asl::check::{Format, inspect};
use partita_flow::asl::definition::Machine;
use partita_flow::asl::events::{ExecutionEvent, Observer, json::event};
use partita_flow::asl::items::{Buckets, READ_ACTIVITY, ReadRequest, WRITE_ACTIVITY, WriteRequest};
use partita_flow::asl::limits::Limits;
use partita_flow::asl::orchestrator::{Environment, NO_CAUSE, NO_ERROR, TIMED_OUT, run};
use partita_flow::asl::token::HmacMint;
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// What differs.
pub(crate) struct Verdict {
    pub(crate) output: Vec<String>,
    /// Nothing when the events are not compared.
    pub(crate) history: Option<Vec<String>>,
}

/// The workflow that a case's machine runs as.
const MACHINE: &str = "machine";

#[derive(Default)]
struct Recorder(Mutex<Vec<ExecutionEvent>>);

impl Observer for Recorder {
    fn event(&self, instance: &str, event: ExecutionEvent) {
        if instance == "case" {
            self.0.lock().push(event);
        }
    }
}

pub(crate) fn play(case: &Case) -> Verdict {
    let text =
        case.definition.to_string().replace("\"activity_arn\"", "\"arn:aws:states:us-east-1:1:activity:a\"");
    let limits = Limits::default();
    let checked = inspect(&text, Format::Json, &limits, false);
    let Some(machine) = checked.machine else {
        let problems: Vec<String> = checked.problems.iter().map(ToString::to_string).collect();
        return Verdict { output: problems, history: None };
    };
    let (first, events) = once(case, &machine, &limits);
    let output = outcome(case, &first);
    let history = case.history.as_ref().filter(|_| !case.parallel_events_sorted).map(|expected| {
        let got: Vec<Value> = events.iter().map(|recorded| cleaned(event(recorded))).collect();
        let mut differences = types(expected, &got);
        if differences.is_empty() {
            let all = same(&json!(expected), &json!(got), &case.placeholders);
            differences.extend(all.into_iter().filter(|difference| !difference.contains("roleArn")));
        }
        differences
    });
    Verdict { output, history }
}

fn types(expected: &[Value], got: &[Value]) -> Vec<String> {
    let types =
        |events: &[Value]| events.iter().map(|event| event["type"].to_string()).collect::<Vec<_>>().join(" ");
    let (expected, got) = (types(expected), types(got));
    if expected == got { Vec::new() } else { vec![format!("events: {expected} != {got}")] }
}

/// What one run of a case needs.
struct Stage {
    builder: partita::RuntimeBuilder,
    recorder: Arc<Recorder>,
    client: Arc<std::sync::OnceLock<partita::Client>>,
}

/// Runs the case, and then replays its history: the same is asked for, and the same events come.
fn once(case: &Case, machine: &Arc<Machine>, limits: &Limits) -> (InstanceView, Vec<ExecutionEvent>) {
    let folder = tempfile::tempdir().unwrap();
    let Stage { builder, recorder, client: slot } = stage(case, machine, limits, folder.path());
    let input = case.input.clone();
    let (view, history) = testing::run(builder, |client| async move {
        let _ = slot.set(client.clone());
        let id = client.start_with(MACHINE, &input, StartOptions::id("case")).await?;
        let view = client.wait(&id, Duration::from_secs(100_000_000)).await?;
        Ok((view, client.history(&id).await?))
    })
    .unwrap();
    let events = std::mem::take(&mut *recorder.0.lock());
    let again = stage(case, machine, limits, folder.path());
    testing::check_replay(again.builder.registry(), &view.id, &history).unwrap();
    let told = |events: &[ExecutionEvent]| events.iter().map(event).collect::<Vec<_>>();
    assert_eq!(told(&events), told(&again.recorder.0.lock()), "{}: other events in the replay", case.name);
    (view, events)
}

fn stage(case: &Case, machine: &Arc<Machine>, limits: &Limits, folder: &Path) -> Stage {
    let (recorder, mint) = (Arc::new(Recorder::default()), HmacMint::new(b"a key for tests"));
    let env = Arc::new(Environment {
        mint: Arc::new(mint.clone()),
        observer: recorder.clone(),
        limits: limits.clone(),
        place: Place { account: "111111111111".to_owned(), ..Place::default() },
        role_arn: "arn:aws:iam::111111111111:role/role".to_owned(),
        execution_name: |_, instance| instance.to_owned(),
        instance_id: |_, name| name.to_owned(),
        custom_status: true,
    });
    let mocks = Arc::new(Mocks::new(case, mint));
    let client = mocks.client.clone();
    let mut builder = workflow(Runtime::builder().offers(mocks), MACHINE, machine.clone(), &env);
    for (label, processor) in machine.processors() {
        builder = workflow(builder, &format!("{MACHINE}/{label}"), processor, &env);
    }
    if let Some((name, ended)) = child(case) {
        let body = move |_: OrchestrationContext, _: Value| {
            std::future::ready(ended.clone().map_err(partita::Error::from))
        };
        builder = builder.orchestrator(&name, body);
    }
    let buckets = Buckets::new([("result-bucket".to_owned(), folder.to_owned())].into());
    let reads = buckets.clone();
    let builder = builder
        .activity(READ_ACTIVITY, move |_, request: ReadRequest| std::future::ready(reads.read(&request)))
        .activity(WRITE_ACTIVITY, move |_, request: WriteRequest| {
            std::future::ready(buckets.write(&request))
        });
    Stage { builder, recorder, client }
}

fn workflow(
    builder: partita::RuntimeBuilder,
    name: &str,
    machine: Arc<Machine>,
    env: &Arc<Environment>,
) -> partita::RuntimeBuilder {
    let env = env.clone();
    builder.orchestrator(name, move |ctx, input: Value| run(machine.clone(), env.clone(), ctx, input))
}

/// The other execution that a case starts, with what comes of it.
fn child(case: &Case) -> Option<(String, Result<Value, partita::Failure>)> {
    let mock =
        case.mocks.iter().flatten().find(|mock| mock["parameters"].get("StateMachineArn").is_some())?;
    let given = case.input.get("StateMachineArn").unwrap_or(&mock["parameters"]["StateMachineArn"]);
    let arn = given.as_str()?;
    let name = partita_flow::asl::arn::name_and_version(arn).0.to_owned();
    let last = mock["outcome"].as_array()?.last()?;
    if let Some(output) = last["output"].get("Output") {
        let output =
            output.as_str().map_or_else(|| output.clone(), |text| serde_json::from_str(text).unwrap());
        return Some((name, Ok(output)));
    }
    if last["type"] == "TaskSucceeded" {
        return Some((name, Ok(json!({}))));
    }
    let error = last["cause"].get("Error")?.as_str()?;
    Some((name, Err(partita::Failure::new(error, ""))))
}

fn outcome(case: &Case, view: &InstanceView) -> Vec<String> {
    let failure = view.failure.as_ref();
    let marked = |mark: &str| failure.is_some_and(|failure| failure.properties.contains_key(mark));
    let status = match view.status {
        Status::Completed => "SUCCEEDED",
        Status::Failed if marked(TIMED_OUT) => "TIMED_OUT",
        Status::Failed => "FAILED",
        _ => "RUNNING",
    };
    let text =
        |text: Option<&str>, mark: &str| text.filter(|_| !marked(mark)).map_or(Value::Null, Value::from);
    let error = text(failure.map(|failure| &*failure.error_type), NO_ERROR);
    let cause = text(failure.map(|failure| &*failure.message), NO_CAUSE);
    if status != case.expected_status {
        return vec![format!("status {} != {status} ({error}: {cause})", case.expected_status)];
    }
    if status == "FAILED" {
        let mut differences = same(&case.expected_error, &error, &case.placeholders);
        differences.extend(same(&case.expected_cause, &cause, &case.placeholders));
        return differences;
    }
    if case.expected_output.is_null() && status != "SUCCEEDED" {
        return Vec::new();
    }
    let output: Value =
        view.output.as_ref().map_or(Value::Null, |text| serde_json::from_str(text.as_str()).unwrap());
    same(&case.expected_output, &output, &case.placeholders)
}
