//! Applications.

use super::call::{Call, Outcome, time};
use super::error::OciError;
use super::members::Members;
use super::page::{Key, page};
use crate::functions::catalogue::{Application, NewApplication, etag};
use serde_json::{Value, json};
use std::sync::Arc;

/// Members that are kept and given back, and have no other meaning here.
const KEPT: [&str; 10] = [
    "definedTags",
    "freeformTags",
    "imagePolicyConfig",
    "logging",
    "networkSecurityGroupIds",
    "securityAttributes",
    "shape",
    "subnetIds",
    "syslogUrl",
    "traceConfig",
];

pub(super) async fn create(call: &Call) -> Outcome {
    let members = Members::read(call)?;
    let new = NewApplication {
        name: members.require("displayName")?.to_owned(),
        compartment: members.require("compartmentId")?.to_owned(),
        config: members.config("config")?.unwrap_or_default(),
        details: members.pick(&KEPT)?,
    };
    let (application, job) = call.catalogue.create_application(new).await?;
    Ok(call.shown(&shown(&application), &etag(application.version), Some(&job)))
}

pub(super) fn get(call: &Call, id: &str) -> Outcome {
    let application = call.catalogue.application(id)?;
    Ok(call.shown(&shown(&application), &etag(application.version), None))
}

/// The applications of a compartment. Those of the app's folder are in every compartment.
pub(super) fn list(call: &Call) -> Outcome {
    let compartment = call.require("compartmentId")?;
    let mut applications = call.catalogue.applications();
    applications.retain(|application| {
        (application.fixed || application.compartment == compartment) && matches(call, application)
    });
    let by = sort_by(call, &["timeCreated", "displayName", "id"])?.to_owned();
    let key = |application: &Arc<Application>| -> Key {
        let sorted = match by.as_str() {
            "timeCreated" => format!("{:020}", application.created),
            "displayName" => application.name.clone(),
            _ => String::new(),
        };
        (sorted, application.id.clone())
    };
    Ok(page(call, applications, key)?.array(|application| summary(application)))
}

fn matches(call: &Call, application: &Application) -> bool {
    let is = |name: &str, value: &str| call.get(name).is_none_or(|wanted| wanted == value);
    let active = call.get("lifecycleState").is_none_or(|state| state.eq_ignore_ascii_case("ACTIVE"));
    is("displayName", &application.name) && is("id", &application.id) && active
}

/// What a list is to be sorted by; its name unless another attribute is asked for.
pub(super) fn sort_by<'a>(call: &'a Call, known: &[&'a str]) -> Result<&'a str, OciError> {
    let by = call.get("sortBy").unwrap_or("displayName");
    let found = known.iter().find(|known| known.eq_ignore_ascii_case(by));
    found.copied().ok_or_else(|| OciError::invalid(format!("sortBy {by:?} is none of {}", known.join(", "))))
}

pub(super) async fn update(call: &Call, id: &str) -> Outcome {
    let members = Members::read(call)?;
    let (config, details) = (members.config("config")?, members.pick(&KEPT)?);
    let updated = call.catalogue.update_application(id, call.if_match(), |application| {
        if let Some(config) = config {
            application.config = config;
        }
        application.details.extend(details);
        Ok(())
    });
    let (application, job) = updated.await?;
    Ok(call.changed(&shown(&application), &etag(application.version), &job))
}

pub(super) async fn change_compartment(call: &Call, id: &str) -> Outcome {
    let members = Members::read(call)?;
    let compartment = members.require("compartmentId")?.to_owned();
    let moved = call.catalogue.update_application(id, call.if_match(), |application| {
        application.compartment = compartment;
        Ok(())
    });
    Ok(call.accepted(&moved.await?.1))
}

pub(super) async fn delete(call: &Call, id: &str) -> Outcome {
    let job = call.catalogue.delete_application(id, call.if_match()).await?;
    Ok(call.accepted(&job))
}

fn shown(application: &Application) -> Value {
    let mut value = summary(application);
    if let Some(members) = value.as_object_mut() {
        members.insert("config".to_owned(), json!(application.config));
    }
    value
}

fn summary(application: &Application) -> Value {
    let mut value = json!({
        "id": application.id,
        "compartmentId": application.compartment,
        "displayName": application.name,
        "lifecycleState": "ACTIVE",
        "subnetIds": [],
        "shape": "GENERIC_X86",
        "networkSecurityGroupIds": [],
        "freeformTags": {},
        "definedTags": {},
        "timeCreated": time(application.created),
        "timeUpdated": time(application.updated),
    });
    if let Some(members) = value.as_object_mut() {
        members.extend(application.details.clone());
    }
    value
}
