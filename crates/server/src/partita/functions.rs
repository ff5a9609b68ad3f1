//! The functions: listed, shown, called by hand.

use crate::answer::{Answer, Refusal, ok};
use crate::app::{App, Shared};
use crate::extract::{JsonBody, PathParams};
use crate::functions::{id_of, logs};
use crate::live;
use axum::extract::State;
use partita_api::function::{Outcome, WorkerDetail};
use partita_api::problem::ProblemKind;
use partita_api::{Function, FunctionDetail, FunctionKind, FunctionList, Invoke, Invoked, Json};
use partita_engine::kernel::limits::{LIMIT_EXCEEDED, LimitExceeded};
use partita_engine::kernel::{ExecutionId, Failure, Name, Payload};
use partita_engine::{EngineError, FunctionCall};
use std::time::Duration;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// How long a call by hand may take when nothing is said, and at most, in seconds.
const USUAL_SECONDS: f64 = 30.0;
const MOST_SECONDS: f64 = 300.0;
/// How many calls by hand may be under way.
pub(super) const CALLS: usize = 32;
/// How long what a call printed last may be on its way.
const LAST_WORDS: Duration = Duration::from_millis(100);

/// `GET /api/v1/functions`
pub(crate) async fn list(State(app): State<Shared>) -> Answer {
    let names = app.engine.registry().functions();
    ok(&FunctionList { functions: names.iter().map(|name| show(&app, name)).collect() })
}

/// `GET /api/v1/functions/{name}`
pub(crate) async fn get(State(app): State<Shared>, params: PathParams) -> Answer {
    let name = existing(&app, params.get("name"))?;
    let function = show(&app, name);
    let functions = app.parts.functions.as_ref();
    let machines = app.parts.state_machines.as_ref();
    ok(&FunctionDetail {
        hosted: functions
            .filter(|_| function.kind == FunctionKind::Hosted)
            .and_then(|functions| functions.hosted_detail(name)),
        endpoint: functions
            .filter(|_| function.kind == FunctionKind::Endpoint)
            .and_then(|functions| functions.endpoint_detail(name)),
        worker: (function.kind == FunctionKind::Worker).then(|| workers(&app, name)),
        used_by: machines.map(|machines| machines.calling(name)).unwrap_or_default(),
        function,
    })
}

fn show(app: &App, name: &str) -> Function {
    let (kind, host) = kind(app, name);
    Function { name: name.to_owned(), kind, host, calls: live::calls(app, name) }
}

/// Who offers a function, in the order in which the engine asks.
fn kind(app: &App, name: &str) -> (FunctionKind, Option<partita_api::HostedFunction>) {
    if app.engine.registry().has_own_function(name) {
        return (FunctionKind::Code, None);
    }
    let functions = app.parts.functions.as_ref();
    if let Some(described) = functions.and_then(|functions| functions.describe(name)) {
        return described;
    }
    match app.parts.workers.is_some() {
        true => (FunctionKind::Worker, None),
        false => (FunctionKind::Code, None),
    }
}

/// The connected workers that take calls of a function.
fn workers(app: &App, name: &str) -> WorkerDetail {
    let list = app.parts.workers.as_ref().map(|workers| workers.list()).unwrap_or_default();
    let takes = |names: &Option<Vec<String>>| {
        names.as_ref().is_none_or(|names| names.iter().any(|other| other == name))
    };
    let taking = list.into_iter().filter(|worker| takes(&worker.activities));
    WorkerDetail { workers: taking.map(|worker| worker.id).collect() }
}

/// The name, if a function of that name is offered.
pub(crate) fn existing<'a>(app: &App, name: &'a str) -> Result<&'a str, Refusal> {
    match app.engine.registry().functions().contains(name) {
        true => Ok(name),
        false => {
            let detail =
                format!("no function is called {name:?} here; /api/v1/functions lists those that are");
            Err(Refusal::new(ProblemKind::FunctionNotFound, detail))
        }
    }
}

/// `POST /api/v1/functions/{name}/invoke`
pub(crate) async fn invoke(
    State(app): State<Shared>,
    params: PathParams,
    JsonBody(body): JsonBody<Invoke>,
) -> Answer {
    let name = existing(&app, params.get("name"))?;
    let limit = time_limit(&body)?;
    let input = body.payload.as_ref().map(Json::to_payload);
    if let Some(exceeded) = input.as_ref().and_then(|input| too_large(&app, "payload", input)) {
        return Err(EngineError::Limit(exceeded).into());
    }
    let kind = kind(&app, name).0;
    if kind == FunctionKind::Worker && workers(&app, name).workers.is_empty() {
        let detail = format!("no worker is connected that takes calls of {name:?}; start one");
        return Err(Refusal::new(ProblemKind::NotReady, detail));
    }
    let Ok(_place) = app.own.invocations.try_acquire() else {
        let text = format!("{CALLS} calls by hand are under way, which is the limit; wait for one of them");
        return Err(EngineError::Overloaded(text).into());
    };
    let (call, call_id) = call(&app, name, input)?;
    tracing::info!(function = name, call = call_id, "a function is called by hand");
    let began = Instant::now();
    let outcome = within(&app, call, limit).await?;
    let seconds = began.elapsed().as_secs_f64();
    let hosted = kind == FunctionKind::Hosted;
    let logs = match hosted {
        true => {
            tokio::time::sleep(LAST_WORDS).await;
            logs::of_call(&app, &call_id).await
        }
        false => Vec::new(),
    };
    let (output, failure) = match outcome {
        Ok(output) => (output, None),
        Err(failure) => (None, Some(failure)),
    };
    ok(&Invoked {
        outcome: if failure.is_none() { Outcome::Succeeded } else { Outcome::Failed },
        output: output.as_ref().map(Json::of_payload),
        failure: failure.as_ref().map(partita_api::Failure::from),
        seconds,
        call: hosted.then_some(call_id),
        logs,
    })
}

fn time_limit(body: &Invoke) -> Result<Duration, Refusal> {
    let seconds = body.timeout_seconds.unwrap_or(USUAL_SECONDS);
    if seconds > 0.0 && seconds <= MOST_SECONDS {
        return Ok(Duration::from_secs_f64(seconds));
    }
    Err(Refusal::invalid(format!("timeoutSeconds={seconds} is not above 0 and at most {MOST_SECONDS}")))
}

fn too_large(app: &App, what: &'static str, payload: &Payload) -> Option<LimitExceeded> {
    let (size, limit) = (payload.as_str().len(), app.engine.limits().payload_bytes);
    (size > limit).then_some(LimitExceeded { what, size, limit, unit: "bytes" })
}

/// A call for an instance that there is not, and the id under which its logs are.
fn call(app: &App, name: &str, input: Option<Payload>) -> Result<(FunctionCall, String), Refusal> {
    let unique = Uuid::new_v4();
    let instance = app.engine.instance_id(&format!("invoke-{}", unique.simple()))?;
    let execution = ExecutionId(unique.as_u128());
    let call_id = id_of(instance.as_str(), execution.0, 0);
    let call = FunctionCall {
        instance,
        execution,
        task_id: 0,
        name: Name::from(name),
        version: None,
        input,
        tags: Default::default(),
        trace: None,
        cancellation: CancellationToken::new(),
    };
    Ok((call, call_id))
}

/// Makes a call and waits so long for its outcome; then nobody wants it any more.
async fn within(
    app: &App,
    call: FunctionCall,
    limit: Duration,
) -> Result<Result<Option<Payload>, Failure>, EngineError> {
    let unwanted = call.cancellation.clone().drop_guard();
    let outcome = tokio::time::timeout(limit, app.engine.call(call)).await;
    let outcome = match outcome {
        Ok(outcome) => outcome?,
        Err(_) => {
            let text =
                format!("there was no outcome after {} s, so the call was given up", limit.as_secs_f64());
            Err(Failure::new("TimedOut", text))
        }
    };
    drop(unwanted);
    Ok(outcome.and_then(|output| match output.as_ref().and_then(|output| too_large(app, "output", output)) {
        Some(exceeded) => Err(Failure::new(LIMIT_EXCEEDED, exceeded.to_string())),
        None => Ok(output),
    }))
}
