//! Runtimes, and pre-built functions, of which there are none.

use super::call::{Call, Outcome, time};
use super::error::OciError;
use super::page::page;
use axum::http::StatusCode;
use serde_json::{Value, json};

/// The languages of functions that run here.
const RUNTIMES: [(&str, &str); 2] = [("python", "PYTHON"), ("node", "NODE")];

fn runtime_id(name: &str) -> String {
    format!("ocid1.fnruntime.oc1.local.{name}")
}

fn version_id(name: &str) -> String {
    format!("ocid1.fnruntimeversion.oc1.local.{name}")
}

fn show_runtime((name, language): &(&str, &str)) -> Value {
    json!({
        "id": runtime_id(name),
        "name": name,
        "os": std::env::consts::OS,
        "language": language,
        "lifecycleState": "ACTIVE",
        "currentFunctionsRuntimeVersionId": version_id(name),
        "timeCreated": time(0),
        "timeUpdated": time(0),
        "freeformTags": {},
        "definedTags": {},
    })
}

fn show_version((name, _): &(&str, &str)) -> Value {
    json!({
        "id": version_id(name),
        "functionsRuntimeId": runtime_id(name),
        "displayName": name,
        "osVersion": "installed",
        "languageVersion": "installed",
        "supportedArchitectures": ["X86"],
        "lifecycleState": "ACTIVE",
        "timeCreated": time(0),
        "timeUpdated": time(0),
        "freeformTags": {},
        "definedTags": {},
    })
}

pub(super) fn runtimes(call: &Call) -> Outcome {
    let wanted = |(name, language): &(&str, &str)| {
        let is = |parameter: &str, value: &str| {
            call.get(parameter).is_none_or(|wanted| wanted.eq_ignore_ascii_case(value))
        };
        is("name", name)
            && is("language", language)
            && is("lifecycleState", "ACTIVE")
            && is("functionsRuntimeId", &runtime_id(name))
            && call.get("nameContains").is_none_or(|part| name.contains(part))
            && call.get("nameStartsWith").is_none_or(|part| name.starts_with(part))
    };
    let found: Vec<_> = RUNTIMES.into_iter().filter(wanted).collect();
    Ok(page(call, found, |(name, _)| ((*name).to_owned(), String::new()))?.collection(show_runtime))
}

pub(super) fn runtime(id: &str) -> Outcome {
    let found = RUNTIMES.iter().find(|(name, _)| runtime_id(name) == id);
    let found = found.ok_or_else(|| OciError::not_found(format!("there is no runtime {id:?}")))?;
    Ok(crate::answer::json(StatusCode::OK, &show_runtime(found)))
}

pub(super) fn runtime_versions(call: &Call) -> Outcome {
    let wanted = |(name, _): &(&str, &str)| {
        call.get("functionsRuntimeId").is_none_or(|id| id == runtime_id(name))
            && call.get("functionsRuntimeName").is_none_or(|wanted| wanted == *name)
    };
    let found: Vec<_> = RUNTIMES.into_iter().filter(wanted).collect();
    Ok(page(call, found, |(name, _)| ((*name).to_owned(), String::new()))?.collection(show_version))
}

pub(super) fn runtime_version(id: &str) -> Outcome {
    let found = RUNTIMES.iter().find(|(name, _)| version_id(name) == id);
    let found =
        found.ok_or_else(|| OciError::not_found(format!("there is no version of a runtime {id:?}")))?;
    Ok(crate::answer::json(StatusCode::OK, &show_version(found)))
}

#[allow(clippy::unnecessary_wraps)] // the last word of a handler
pub(super) fn prebuilt() -> Outcome {
    Ok(crate::answer::json(StatusCode::OK, &json!({ "items": [] })))
}
