//! State machines: create, update, delete, describe, list, validate.

use super::Call;
use super::arn::{Resource, check_name, parse};
use super::error::AwsError;
use super::executions::find;
use super::page::{Page, with_next};
use super::seconds;
use crate::state_machines::{MachineView, Refused};
use partita_engine::kernel::Status;
use partita_engine::store::Filter;
use partita_flow::asl::check::{Problem, Severity};
use serde_json::{Map, Value, json};

/// Diagnostics of one validation when nothing is said.
const DIAGNOSTICS: i64 = 100;

impl From<Refused> for AwsError {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Definition(problems) => {
                let errors = problems.iter().filter(|problem| problem.severity == Severity::Error);
                let texts: Vec<String> = errors.map(Problem::text).collect();
                let text = format!("Invalid State Machine Definition: '{}'", texts.join(", "));
                Self::new("InvalidDefinition", text)
            }
            Refused::Exists(arn) => {
                Self::new("StateMachineAlreadyExists", format!("State Machine Already Exists: '{arn}'"))
            }
            Refused::Unknown(arn) => Self::no_machine(&arn),
            Refused::TooMany(limit) => Self::new(
                "StateMachineLimitExceeded",
                format!("State Machine Limit Exceeded: there are {limit} already"),
            ),
            Refused::Store(error) => partita_engine::EngineError::Store(error).into(),
        }
    }
}

pub(super) async fn create(call: &Call) -> Result<Value, AwsError> {
    let name = call.params.required("name")?;
    check_name(name)?;
    let definition = call.params.required("definition")?;
    let role = call.params.required("roleArn")?;
    let express = express(call)?;
    logging(call)?;
    let now = call.app.engine.now();
    let created = call.machines.create(name, definition, express, role, now).await?;
    Ok(json!({ "stateMachineArn": call.machines.place().machine(name), "creationDate": seconds(created) }))
}

fn express(call: &Call) -> Result<bool, AwsError> {
    match call.params.text("type")? {
        None | Some("STANDARD") => Ok(false),
        Some("EXPRESS") => Ok(true),
        Some(other) => {
            let constraint = "Member must satisfy enum value set: [STANDARD, EXPRESS]";
            Err(AwsError::constraint(other, "type", constraint))
        }
    }
}

/// Logs go where this server's go; a configuration of others has to make sense all the same.
fn logging(call: &Call) -> Result<(), AwsError> {
    let Some(logging) = call.params.get("loggingConfiguration") else { return Ok(()) };
    let level = logging.get("level").and_then(Value::as_str).unwrap_or("OFF");
    let destinations = logging.get("destinations").and_then(Value::as_array).map_or(0, Vec::len);
    if level != "OFF" && destinations != 1 {
        let text = "Invalid Logging Configuration: Must specify exactly one Log Destination.";
        return Err(AwsError::new("InvalidLoggingConfiguration", text));
    }
    Ok(())
}

pub(super) async fn update(call: &Call) -> Result<Value, AwsError> {
    let name = machine(call)?;
    let (definition, role) = (call.params.text("definition")?, call.params.text("roleArn")?);
    logging(call)?;
    if definition.is_none() && role.is_none() && call.params.get("loggingConfiguration").is_none() {
        let text = "Either the definition, the role ARN, the LoggingConfiguration, or the TracingConfiguration must be specified";
        return Err(AwsError::new("MissingRequiredParameter", text));
    }
    let updated = call.machines.update(name, definition, role, call.app.engine.now()).await?;
    Ok(json!({
        "updateDate": seconds(updated.updated_at),
        "revisionId": updated.revision,
    }))
}

pub(super) async fn delete(call: &Call) -> Result<Value, AwsError> {
    let name = machine(call)?;
    call.machines.delete(name).await?;
    // Executions that still run need their definition to the end.
    let live = vec![Status::Pending, Status::Running, Status::Suspended];
    let filter = Filter { names: vec![name.to_owned()], statuses: live, ..Filter::default() };
    let counts = call.app.engine.count(&filter).await?;
    if counts.by_status.iter().all(|(_, count)| *count == 0) {
        call.machines.forget(name).await?;
    }
    Ok(json!({}))
}

pub(super) async fn describe(call: &Call) -> Result<Value, AwsError> {
    let name = machine(call)?;
    let view = view(call, name)?;
    let mut shown = shown(call, &view);
    shown.insert("status".to_owned(), "ACTIVE".into());
    shown.insert("type".to_owned(), kind(&view).into());
    shown.insert("creationDate".to_owned(), seconds(view.created_at));
    if view.updated_at != view.created_at {
        shown.insert("revisionId".to_owned(), view.revision.into());
    }
    Ok(Value::Object(shown))
}

/// The definition with which an execution started.
pub(super) async fn describe_for_execution(call: &Call) -> Result<Value, AwsError> {
    let found = find(call).await?;
    let view = view(call, &found.machine)?;
    let version = found.view.version.as_deref();
    let definition = version.and_then(|version| call.machines.definition(&found.machine, version));
    let mut shown = shown(call, &view);
    shown.insert("definition".to_owned(), definition.unwrap_or(view.definition.clone()).into());
    shown.insert("updateDate".to_owned(), seconds(view.updated_at));
    if view.updated_at != view.created_at {
        shown.insert("revisionId".to_owned(), version.unwrap_or(&view.revision).into());
    }
    Ok(Value::Object(shown))
}

fn shown(call: &Call, view: &MachineView) -> Map<String, Value> {
    let members = json!({
        "stateMachineArn": call.machines.place().machine(&view.name),
        "name": view.name,
        "definition": view.definition,
        "roleArn": view.role,
        "loggingConfiguration": { "level": "OFF", "includeExecutionData": false },
        "tracingConfiguration": { "enabled": false },
        "encryptionConfiguration": { "type": "AWS_OWNED_KEY" },
    });
    members.as_object().cloned().unwrap_or_default()
}

fn kind(view: &MachineView) -> &'static str {
    if view.express { "EXPRESS" } else { "STANDARD" }
}

pub(super) async fn list(call: &Call) -> Result<Value, AwsError> {
    let (machines, next) = Page::read(&call.params)?.cut(call.machines.list())?;
    let shown = machines.iter().map(|view| {
        json!({
            "stateMachineArn": call.machines.place().machine(&view.name),
            "name": view.name,
            "type": kind(view),
            "creationDate": seconds(view.created_at),
        })
    });
    Ok(with_next(Map::from_iter([("stateMachines".to_owned(), shown.collect())]), next))
}

pub(super) async fn validate(call: &Call) -> Result<Value, AwsError> {
    let definition = call.params.required("definition")?;
    let most = call.params.number("maxResults", 0, DIAGNOSTICS)?.filter(|most| *most > 0);
    let most = usize::try_from(most.unwrap_or(DIAGNOSTICS)).unwrap_or_default();
    let warnings = call.params.text("severity")? == Some("WARNING");
    let problems = call.machines.inspect(definition, express(call)?);
    let failed = problems.iter().any(|problem| problem.severity == Severity::Error);
    let told: Vec<&Problem> =
        problems.iter().filter(|problem| warnings || problem.severity == Severity::Error).collect();
    let diagnostics: Vec<Value> = told.iter().take(most).map(|problem| diagnostic(problem)).collect();
    Ok(json!({
        "result": if failed { "FAIL" } else { "OK" },
        "diagnostics": diagnostics,
        "truncated": told.len() > most,
    }))
}

fn diagnostic(problem: &Problem) -> Value {
    let severity = if problem.severity == Severity::Error { "ERROR" } else { "WARNING" };
    let mut shown = json!({ "severity": severity, "code": problem.code, "message": problem.message });
    if let (false, Some(members)) = (problem.pointer.is_empty(), shown.as_object_mut()) {
        members.insert("location".to_owned(), problem.pointer.clone().into());
    }
    shown
}

/// The name in the member `stateMachineArn`.
fn machine(call: &Call) -> Result<&str, AwsError> {
    let arn = call.params.required("stateMachineArn")?;
    match parse(arn)? {
        Resource::Machine { name } => Ok(name),
        _ => Err(AwsError::invalid_arn(arn)),
    }
}

fn view(call: &Call, name: &str) -> Result<MachineView, AwsError> {
    call.machines.get(name).ok_or_else(|| AwsError::no_machine(&call.machines.place().machine(name)))
}
