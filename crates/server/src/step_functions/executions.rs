//! Executions: instances of state machines.
//!
//! The execution NAME of the machine MACHINE is the instance `MACHINE:NAME`; that of an express machine, of
//! which many can have one name, is `MACHINE:NAME:UNIQUE`. An instance that was started otherwise is the
//! execution of its own id.

use super::arn::{Resource, check_name, parse};
use super::error::AwsError;
use super::page::{Page, invalid, with_next};
use super::{Call, seconds};
use crate::state_machines::execution_name;
use partita_api::cursor;
use partita_api::filter::Order;
use partita_engine::kernel::{InstanceId, Payload, Status};
use partita_engine::store::{Filter, Query};
use partita_engine::{EngineError, InstanceView, StartRequest, WaitFor};
use partita_flow::asl::orchestrator::{TIMED_OUT, reason_of};
use serde_json::{Map, Value, json};
use std::time::Duration;

/// How long a caller of StartSyncExecution is kept waiting, as the service does it.
const SYNC: Duration = Duration::from_secs(300);

/// What StartExecution and StartSyncExecution are asked for.
struct Start<'a> {
    machine: &'a str,
    name: String,
    express: bool,
    input: Payload,
}

impl<'a> Start<'a> {
    fn read(call: &'a Call) -> Result<Self, AwsError> {
        let arn = call.params.required("stateMachineArn")?;
        let Resource::Machine { name: machine } = parse(arn)? else { return Err(AwsError::invalid_arn(arn)) };
        if call.app.engine.registry().orchestrator(machine).is_none() {
            return Err(AwsError::no_machine(arn));
        }
        let name = match call.params.text("name")? {
            Some(name) => name.to_owned(),
            None => uuid::Uuid::new_v4().to_string(),
        };
        check_name(&name)?;
        let express = call.machines.is_express(machine);
        Ok(Self { machine, name, express, input: input(call.params.text("input")?)? })
    }

    /// Starts it; gives the instance's id and the execution's ARN.
    async fn perform(&self, call: &Call) -> Result<(InstanceId, String), AwsError> {
        let (machine, name) = (self.machine, &self.name);
        let place = call.machines.place();
        let (id, arn) = match self.express {
            false => (format!("{machine}:{name}"), place.execution(machine, name)),
            true => {
                let unique = uuid::Uuid::new_v4();
                (format!("{machine}:{name}:{unique}"), place.express(machine, name, &unique.to_string()))
            }
        };
        let request = StartRequest {
            name: machine.to_owned(),
            id: Some(id),
            input: Some(self.input.clone()),
            ..StartRequest::default()
        };
        match call.app.engine.start(request).await {
            Ok(started) => Ok((started.id, arn)),
            Err(EngineError::AlreadyExists { id, status }) => self.repeated(call, id, status, arn).await,
            Err(EngineError::UnknownWorkflow { .. }) => Err(AwsError::no_machine(&place.machine(machine))),
            Err(error) => Err(error.into()),
        }
    }

    /// The same start again is answered as before while the execution runs.
    async fn repeated(
        &self,
        call: &Call,
        id: InstanceId,
        status: Status,
        arn: String,
    ) -> Result<(InstanceId, String), AwsError> {
        let view = call.app.engine.get(&id).await?;
        let same = view.is_some_and(|view| view.input.as_ref() == Some(&self.input));
        if same && !status.is_terminal() {
            return Ok((id, arn));
        }
        Err(AwsError::new("ExecutionAlreadyExists", format!("Execution Already Exists: '{arn}'")))
    }
}

/// Checks an execution's input.
fn input(text: Option<&str>) -> Result<Payload, AwsError> {
    let text = text.unwrap_or("{}");
    match serde_json::from_str::<serde::de::IgnoredAny>(text) {
        Ok(_) => Ok(Payload::from(text)),
        Err(error) => {
            let text = format!("Invalid State Machine Execution Input: '{}'", why_not_json(text, &error));
            Err(AwsError::new("InvalidExecutionInput", text))
        }
    }
}

/// Says why a text is not JSON, as the service's parser does.
fn why_not_json(text: &str, error: &serde_json::Error) -> String {
    let begins = text.trim_start();
    let word: String = begins.chars().take_while(|c| c.is_alphanumeric()).collect();
    if begins.is_empty() {
        return "Invalid execution input.".to_owned();
    }
    if !word.is_empty() && !word.starts_with(|c: char| c.is_ascii_digit()) {
        return format!(
            "Unrecognized token '{word}': was expecting (JSON String, Number, Array, Object or token 'null', \
             'true' or 'false')"
        );
    }
    if let Some(odd) = begins.strip_prefix('{').and_then(|rest| rest.trim_start().chars().next())
        && !matches!(odd, '"' | '}')
    {
        let code = u32::from(odd);
        return format!(
            "Unexpected character ('{odd}' (code {code})): was expecting double-quote to start field name"
        );
    }
    error.to_string()
}

pub(super) async fn start(call: &Call) -> Result<Value, AwsError> {
    let start = Start::read(call)?;
    let (id, arn) = start.perform(call).await?;
    let view = call.app.engine.get(&id).await?;
    let at = view.map_or_else(|| call.app.engine.now(), |view| view.created_at);
    Ok(json!({ "executionArn": arn, "startDate": seconds(at) }))
}

pub(super) async fn start_sync(call: &Call) -> Result<Value, AwsError> {
    let start = Start::read(call)?;
    if !start.express {
        let text = format!(
            "This operation is not supported by this type of state machine: '{}'",
            call.machines.place().machine(start.machine)
        );
        return Err(AwsError::new("StateMachineTypeNotSupported", text));
    }
    let (id, arn) = start.perform(call).await?;
    let view = tokio::select! {
        view = call.app.engine.wait(&id, WaitFor::End, Some(SYNC)) => view?,
        () = call.app.stopping.cancelled() => call.app.engine.get(&id).await?,
    };
    let view = view.ok_or_else(|| AwsError::no_execution(&arn))?;
    let mut shown = describe_view(call, start.machine, &start.name, &arn, &view);
    for key in ["redriveCount", "redriveStatus", "redriveStatusReason"] {
        shown.remove(key);
    }
    let took = view.completed_at.unwrap_or(view.updated_at).since(view.created_at);
    let billed = u64::try_from(took.as_millis()).unwrap_or(u64::MAX).div_ceil(100) * 100;
    shown.insert(
        "billingDetails".to_owned(),
        json!({ "billedDurationInMilliseconds": billed.max(100), "billedMemoryUsedInMB": 64 }),
    );
    if shown.get("status").and_then(Value::as_str) == Some("RUNNING") {
        shown.insert("status".to_owned(), "TIMED_OUT".into());
    }
    Ok(Value::Object(shown))
}

pub(super) async fn stop(call: &Call) -> Result<Value, AwsError> {
    let found = find(call).await?;
    let (error, cause) = (call.params.text("error")?, call.params.text("cause")?);
    let output = json!({ "error": error, "cause": cause }).to_string();
    match call.app.engine.terminate(&found.view.id, Some(Payload::from(output)), true).await {
        Ok(()) | Err(EngineError::Finished { .. }) => {}
        Err(error) => return Err(error.into()),
    }
    let view = call.app.engine.get(&found.view.id).await?;
    let at = view.and_then(|view| view.completed_at).unwrap_or_else(|| call.app.engine.now());
    Ok(json!({ "stopDate": seconds(at) }))
}

pub(super) async fn describe(call: &Call) -> Result<Value, AwsError> {
    let found = find(call).await?;
    Ok(Value::Object(describe_view(call, &found.machine, &found.name, &found.arn, &found.view)))
}

/// Goes on from the failure, as the service's redrive does.
pub(super) async fn redrive(call: &Call) -> Result<Value, AwsError> {
    let found = find(call).await?;
    if found.view.status != Status::Failed {
        let text = format!(
            "Execution {} is not redrivable: the execution is {}",
            found.arn,
            status(&found.view).to_lowercase()
        );
        return Err(AwsError::new("ExecutionNotRedrivable", text));
    }
    call.app.engine.rewind(&found.view.id, None).await?;
    Ok(json!({ "redriveDate": seconds(call.app.engine.now()) }))
}

/// An execution that a request names.
pub(super) struct Found {
    pub(super) arn: String,
    pub(super) machine: String,
    pub(super) name: String,
    pub(super) view: InstanceView,
}

/// Finds the execution in the member `executionArn`.
pub(super) async fn find(call: &Call) -> Result<Found, AwsError> {
    let arn = call.params.required("executionArn")?;
    let Resource::Execution { machine, name, unique } = parse(arn)? else {
        return Err(AwsError::invalid_arn(arn));
    };
    let mut ids = vec![format!("{machine}:{name}"), name.to_owned()];
    if let Some(unique) = unique {
        ids.insert(0, format!("{machine}:{name}:{unique}"));
    }
    for id in ids {
        let view = call.app.engine.get(&InstanceId::trusted(&id)).await?;
        if let Some(view) = view.filter(|view| &*view.name == machine) {
            let (machine, name) = (machine.to_owned(), name.to_owned());
            return Ok(Found { arn: arn.to_owned(), machine, name, view });
        }
    }
    Err(AwsError::no_execution(arn))
}

/// The service's word for where an instance stands.
pub(super) fn status(view: &InstanceView) -> &'static str {
    match view.status {
        Status::Completed => "SUCCEEDED",
        Status::Failed if timed_out(view) => "TIMED_OUT",
        Status::Failed => "FAILED",
        Status::Terminated | Status::Canceled => "ABORTED",
        _ => "RUNNING",
    }
}

fn timed_out(view: &InstanceView) -> bool {
    view.failure.as_ref().is_some_and(|failure| failure.properties.contains_key(TIMED_OUT))
}

fn describe_view(
    call: &Call,
    machine: &str,
    name: &str,
    arn: &str,
    view: &InstanceView,
) -> Map<String, Value> {
    let mut shown = Map::new();
    let mut put = |key: &str, value: Value| drop(shown.insert(key.to_owned(), value));
    put("executionArn", arn.into());
    put("stateMachineArn", call.machines.place().machine(machine).into());
    put("name", name.into());
    put("status", status(view).into());
    put("startDate", seconds(view.created_at));
    if let Some(at) = view.completed_at {
        put("stopDate", seconds(at));
    }
    put("input", view.input.as_ref().map_or("{}", Payload::as_str).into());
    put("inputDetails", json!({ "included": true }));
    match view.status {
        Status::Completed => {
            put("output", view.output.as_ref().map_or("null", Payload::as_str).into());
            put("outputDetails", json!({ "included": true }));
        }
        Status::Failed | Status::Terminated | Status::Canceled => {
            let (error, cause) = reason(view);
            error.into_iter().for_each(|error| put("error", error.into()));
            cause.into_iter().for_each(|cause| put("cause", cause.into()));
        }
        _ => {}
    }
    put("redriveCount", 0.into());
    let redrivable = view.status == Status::Failed;
    put("redriveStatus", if redrivable { "REDRIVABLE" } else { "NOT_REDRIVABLE" }.into());
    if !redrivable {
        let why = match status(view) {
            "SUCCEEDED" => "Execution is SUCCEEDED and cannot be redriven",
            "RUNNING" => "Execution is RUNNING and cannot be redriven",
            _ => "Execution is ABORTED and cannot be redriven",
        };
        put("redriveStatusReason", why.into());
    }
    shown
}

/// Error and cause of an execution that did not succeed.
pub(crate) fn reason(view: &InstanceView) -> (Option<String>, Option<String>) {
    if let Some(failure) = &view.failure {
        return reason_of(failure);
    }
    let output: Value =
        view.output.as_ref().and_then(|text| serde_json::from_str(text.as_str()).ok()).unwrap_or_default();
    let text = |key: &str| output.get(key).and_then(Value::as_str).map(str::to_owned);
    (text("error"), text("cause"))
}

pub(super) async fn list(call: &Call) -> Result<Value, AwsError> {
    let arn = call.params.required("stateMachineArn")?;
    let Resource::Machine { name: machine } = parse(arn)? else { return Err(AwsError::invalid_arn(arn)) };
    if !call.machines.knows(machine) {
        return Err(AwsError::no_machine(arn));
    }
    let page = Page::read(&call.params)?;
    let after = page.after.as_deref().map(|text| cursor::decode(Order::Newest, text)).transpose();
    let query = Query {
        filter: Filter {
            names: vec![machine.to_owned()],
            statuses: statuses(call.params.text("statusFilter")?)?,
            ..Filter::default()
        },
        after: after.map_err(|_| invalid())?,
        limit: page.size,
        with_records: true,
        ..Query::default()
    };
    let found = call.app.engine.query(&query).await?;
    let executions = found.instances.iter().map(|view| {
        let name = execution_name(machine, view.id.as_str());
        let mut shown = json!({
            "executionArn": call.machines.place().execution(machine, &name),
            "stateMachineArn": call.machines.place().machine(machine),
            "name": name,
            "status": status(view),
            "startDate": seconds(view.created_at),
            "redriveCount": 0,
        });
        if let (Some(at), Some(members)) = (view.completed_at, shown.as_object_mut()) {
            members.insert("stopDate".to_owned(), seconds(at));
        }
        shown
    });
    let next = found.next.as_ref().map(|next| cursor::encode(Order::Newest, next));
    Ok(with_next(Map::from_iter([("executions".to_owned(), executions.collect())]), next))
}

fn statuses(filter: Option<&str>) -> Result<Vec<Status>, AwsError> {
    Ok(match filter {
        None => Vec::new(),
        Some("RUNNING") => vec![Status::Pending, Status::Running, Status::Suspended],
        Some("SUCCEEDED") => vec![Status::Completed],
        Some("FAILED" | "TIMED_OUT") => vec![Status::Failed],
        Some("ABORTED") => vec![Status::Terminated, Status::Canceled],
        Some(other) => {
            let constraint = "Member must satisfy enum value set: [SUCCEEDED, RUNNING, TIMED_OUT, PENDING_REDRIVE, ABORTED, FAILED]";
            return Err(AwsError::constraint(other, "statusFilter", constraint));
        }
    })
}
