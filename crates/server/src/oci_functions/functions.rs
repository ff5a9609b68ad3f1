//! Functions.

use super::applications::sort_by;
use super::call::{Call, Outcome, time};
use super::error::OciError;
use super::members::Members;
use super::page::{Key, page};
use super::source;
use crate::functions::catalogue::{Catalogue, Function, NewFunction, Phase, etag};
use serde_json::{Value, json};
use std::sync::Arc;

/// Members that are kept and given back.
const KEPT: [&str; 6] = [
    "definedTags",
    "failureDestination",
    "freeformTags",
    "provisionedConcurrencyConfig",
    "successDestination",
    "traceConfig",
];

pub(super) async fn create(call: &Call) -> Outcome {
    let members = Members::read(call)?;
    check_destinations(&members)?;
    let new = NewFunction {
        application: members.require("applicationId")?.to_owned(),
        name: members.require("displayName")?.to_owned(),
        source: source::new_source(&members)?,
        config: members.config("config")?.unwrap_or_default(),
        memory_mb: members.number("memoryInMBs")?,
        timeout_s: members.number("timeoutInSeconds")?,
        idle_timeout_s: None,
        detached_timeout_s: members.number("detachedModeTimeoutInSeconds")?,
        details: members.pick(&KEPT)?,
    };
    let (function, job) = call.catalogue.create_function(new).await?;
    Ok(call.shown(&shown(call, &function), &etag(function.version), Some(&job)))
}

/// Nobody delivers what detached calls give, and to be silent about that would lose it.
fn check_destinations(members: &Members) -> Result<(), OciError> {
    for name in ["successDestination", "failureDestination"] {
        let kind = match members.object(name)? {
            Some(destination) => destination.text("kind")?.unwrap_or_default().to_uppercase(),
            None => continue,
        };
        if kind != "NONE" {
            let text =
                format!("{name}: outcomes are not delivered to streams, queues or topics here; say NONE");
            return Err(OciError::invalid(text));
        }
    }
    Ok(())
}

pub(super) fn get(call: &Call, id: &str) -> Outcome {
    let function = call.catalogue.function(id)?;
    Ok(call.shown(&shown(call, &function), &etag(function.version), None))
}

/// The functions of an application.
pub(super) fn list(call: &Call) -> Outcome {
    let application = call.require("applicationId")?;
    call.catalogue.application(application)?;
    let mut functions = call.catalogue.functions();
    functions.retain(|function| function.application == application && matches(call, function));
    let by = sort_by(call, &["timeCreated", "displayName", "id"])?.to_owned();
    let key = |function: &Arc<Function>| -> Key {
        let sorted = match by.as_str() {
            "timeCreated" => format!("{:020}", function.created),
            "displayName" => function.name.clone(),
            _ => String::new(),
        };
        (sorted, function.id.clone())
    };
    Ok(page(call, functions, key)?.array(|function| summary(call, function)))
}

fn matches(call: &Call, function: &Function) -> bool {
    let is = |name: &str, value: &str| call.get(name).is_none_or(|wanted| wanted == value);
    let state = state(&call.catalogue, function);
    is("displayName", &function.name)
        && is("id", &function.id)
        && call.get("lifecycleState").is_none_or(|wanted| wanted.eq_ignore_ascii_case(state))
}

pub(super) async fn update(call: &Call, id: &str) -> Outcome {
    let members = Members::read(call)?;
    check_destinations(&members)?;
    let (config, details) = (members.config("config")?, members.pick(&KEPT)?);
    let (memory, timeout) = (members.number("memoryInMBs")?, members.number("timeoutInSeconds")?);
    let detached = members.number("detachedModeTimeoutInSeconds")?;
    let source = source::change(&members)?;
    let updated = call.catalogue.update_function(id, call.if_match(), source, |function| {
        function.config = config.unwrap_or_else(|| function.config.clone());
        function.memory_mb = memory.unwrap_or(function.memory_mb);
        function.timeout_s = timeout.unwrap_or(function.timeout_s);
        function.detached_timeout_s = detached.or(function.detached_timeout_s);
        function.details.extend(details);
        Ok(())
    });
    let (function, job) = updated.await?;
    Ok(call.changed(&shown(call, &function), &etag(function.version), &job))
}

pub(super) async fn delete(call: &Call, id: &str) -> Outcome {
    let job = call.catalogue.delete_function(id, call.if_match()).await?;
    Ok(call.accepted(&job))
}

/// A function whose environment is being built is invoked all the same: the call waits.
fn state(catalogue: &Catalogue, function: &Function) -> &'static str {
    match catalogue.phase(function) {
        Phase::Creating => "CREATING",
        Phase::Updating => "UPDATING",
        Phase::Active => "ACTIVE",
        Phase::Failed(_) => "FAILED",
    }
}

fn shown(call: &Call, function: &Function) -> Value {
    let mut value = summary(call, function);
    if let Some(members) = value.as_object_mut() {
        members.insert("config".to_owned(), json!(function.config));
    }
    value
}

fn summary(call: &Call, function: &Function) -> Value {
    let application = call.catalogue.application(&function.application);
    let compartment = application.map(|application| application.compartment.clone()).unwrap_or_default();
    let mut value = json!({
        "id": function.id,
        "displayName": function.name,
        "lifecycleState": state(&call.catalogue, function),
        "applicationId": function.application,
        "compartmentId": compartment,
        "shape": "GENERIC_X86",
        "memoryInMBs": function.memory_mb,
        "timeoutInSeconds": function.timeout_s,
        "detachedModeTimeoutInSeconds": function.detached_timeout().as_secs(),
        "provisionedConcurrencyConfig": { "strategy": "NONE" },
        "traceConfig": { "isEnabled": false },
        "freeformTags": {},
        "definedTags": {},
        "invokeEndpoint": call.base,
        "timeCreated": time(function.created),
        "timeUpdated": time(function.updated),
    });
    if let Some(members) = value.as_object_mut() {
        members.extend(function.details.clone());
        source::show(function, members);
    }
    value
}
