//! What is called, answering as it answered when the case was recorded.

use crate::Case;
use futures::future::BoxFuture;
use parking_lot::Mutex;
use partita::engine::executor::{Function, FunctionCall, Offers};
use partita::{Client, Failure};
use partita_flow::asl::arn::name_and_version;
use partita_flow::asl::token::{HmacMint, TokenMint};
use partita_kernel::{InstanceId, Payload};
use serde_json::{Value, json};
use std::sync::{Arc, OnceLock};

/// One recorded call.
#[derive(Debug)]
struct Recorded {
    function: String,
    input: Value,
    outcome: Vec<Value>,
}

/// The functions of a case.
pub(crate) struct Mocks {
    recorded: Arc<Mutex<Vec<Recorded>>>,
    lambdas: Vec<(String, String)>,
    /// The name of the worker that took the task of an activity.
    worker: Option<Value>,
    mint: HmacMint,
    pub(crate) client: Arc<OnceLock<Client>>,
}

impl Mocks {
    pub(crate) fn new(case: &Case, mint: HmacMint) -> Self {
        let recorded = case.mocks.iter().flatten().filter_map(recorded).collect();
        let started =
            case.history.iter().flatten().find_map(|event| event.get("activityStartedEventDetails"));
        let worker = started.and_then(|details| details.get("workerName")).cloned();
        let lambdas = case.lambdas.iter().map(|(name, kind)| (name.clone(), kind.clone())).collect();
        Self { recorded: Arc::new(Mutex::new(recorded)), lambdas, worker, mint, client: Arc::default() }
    }
}

fn recorded(mock: &Value) -> Option<Recorded> {
    let text = |name: &str| mock.get(name).and_then(Value::as_str);
    let (function, input) = match text("scheduled")? {
        "LambdaFunctionScheduled" => (name_and_version(text("resource")?).0, mock.get("input")?.clone()),
        "ActivityScheduled" => ("states.activity:", mock.get("input")?.clone()),
        _ => {
            let parameters = mock.get("parameters")?;
            let payload = match parameters.get("Payload") {
                None => json!({}),
                Some(Value::String(text)) => serde_json::from_str(text).unwrap_or_else(|_| json!(text)),
                Some(payload) => payload.clone(),
            };
            (name_and_version(parameters.get("FunctionName")?.as_str()?).0, payload)
        }
    };
    let outcome = mock.get("outcome")?.as_array()?.clone();
    Some(Recorded { function: function.to_owned(), input, outcome })
}

impl Offers for Mocks {
    fn function(&self, name: &str) -> Option<Arc<dyn Function>> {
        let fallback = self.lambdas.iter().find(|(lambda, _)| lambda == name || lambda.contains('<'));
        Some(Arc::new(Mock {
            recorded: self.recorded.clone(),
            fallback: fallback.map(|(_, kind)| kind.clone()),
            worker: self.worker.clone(),
            mint: self.mint.clone(),
            client: self.client.clone(),
        }))
    }
}

struct Mock {
    recorded: Arc<Mutex<Vec<Recorded>>>,
    fallback: Option<String>,
    worker: Option<Value>,
    mint: HmacMint,
    client: Arc<OnceLock<Client>>,
}

impl Mock {
    /// The first recorded call of that function with that input; else the first of that function.
    fn outcome(&self, function: &str, input: &Value) -> Option<Vec<Value>> {
        let mut recorded = self.recorded.lock();
        let exact =
            recorded.iter().position(|call| function.starts_with(&call.function) && call.input == *input);
        let position =
            exact.or_else(|| recorded.iter().position(|call| function.starts_with(&call.function)))?;
        Some(recorded.remove(position).outcome)
    }
}

impl Function for Mock {
    fn call(&self, call: FunctionCall) -> BoxFuture<'static, Result<Option<Payload>, Failure>> {
        let input: Value = serde_json::from_str(call.input.as_ref().map_or("null", Payload::as_str)).unwrap();
        let outcome = self.outcome(&call.name, &input);
        let (fallback, mint, client) = (self.fallback.clone(), self.mint.clone(), self.client.clone());
        let name = self.worker.clone();
        Box::pin(async move {
            if call.name.starts_with("states.activity:") {
                worker(&mint, &client, &input, &outcome.unwrap_or_default());
                return Ok(payload(&json!({ "workerName": name })));
            }
            match outcome.as_deref().and_then(<[Value]>::last) {
                Some(last) => end(last).await,
                None => played(fallback.as_deref().unwrap_or("echo"), input).await,
            }
        })
    }
}

fn payload(value: &Value) -> Option<Payload> {
    Some(Payload::from(value.to_string()))
}

async fn end(last: &Value) -> Result<Option<Payload>, Failure> {
    let kind = last["type"].as_str().unwrap();
    if kind.ends_with("Succeeded") {
        let output = &last["output"];
        return Ok(payload(if kind.starts_with("Task") { &output["Payload"] } else { output }));
    }
    if kind.ends_with("TimedOut") {
        return std::future::pending().await;
    }
    if last["error"] == "States.DataLimitExceeded" {
        return Ok(payload(&json!("ä".repeat(140_000))));
    }
    let cause = match &last["cause"] {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let mut failure = Failure::new(last["error"].as_str().unwrap(), "");
    failure.properties.insert("cause".into(), json!(cause).to_string().into());
    Err(failure)
}

/// What a function does whose calls were not recorded.
async fn played(kind: &str, input: Value) -> Result<Option<Payload>, Failure> {
    match kind {
        "sleep" => std::future::pending().await,
        "large" => Ok(payload(&json!("a".repeat(257 * 1024)))),
        "raise" => {
            let mut failure = Failure::new("Exception", "Some exception was raised.");
            let trace = "  File \"/var/task/handler.py\", line 2, in handler\n    raise Exception(\"Some exception was raised.\")\n";
            let cause = json!({
                "errorMessage": "Some exception was raised.",
                "errorType": "Exception",
                "requestId": "0",
                "stackTrace": [trace],
            });
            failure.properties.insert("cause".into(), json!(cause.to_string()).to_string().into());
            Err(failure)
        }
        _ => Ok(payload(&input)),
    }
}

/// A worker takes the task, and says at once how it went.
fn worker(mint: &HmacMint, client: &OnceLock<Client>, offer: &Value, outcome: &[Value]) {
    let (instance, wait) = mint.open(offer["token"].as_str().unwrap()).unwrap();
    let client = client.get().unwrap().clone();
    let last = outcome.last().unwrap();
    let data = if last["type"] == "ActivitySucceeded" {
        json!({ "outcome": "success", "output": last["output"] })
    } else {
        json!({ "outcome": "failure", "error": last["error"], "cause": last["cause"] })
    };
    tokio::spawn(async move {
        // Long after the worker took the task, in virtual time.
        tokio::time::sleep(std::time::Duration::from_secs(5)).await;
        let id = InstanceId::trusted(&instance);
        client.raise_event(&id, &format!("states.task/{wait}"), &data).await.unwrap();
    });
}
