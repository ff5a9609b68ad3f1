//! What goes on after a request was answered. The last of them are remembered while the server runs.

use super::call::{Call, Outcome, time};
use super::error::OciError;
use super::page::page;
use crate::functions::catalogue::{Job, JobState, Kind};
use axum::http::StatusCode;
use serde_json::{Value, json};

pub(super) fn list(call: &Call) -> Outcome {
    let compartment = call.require("compartmentId")?;
    let mut jobs = call.catalogue.jobs();
    let is = |name: &str, value: &str| call.get(name).is_none_or(|wanted| wanted.eq_ignore_ascii_case(value));
    jobs.retain(|job| {
        job.compartment == compartment
            && is("workRequestId", &job.id)
            && is("status", status(job))
            && is("resourceId", &job.resource)
    });
    Ok(page(call, jobs, |job| (format!("{:020}", job.accepted), job.id.clone()))?.collection(shown))
}

pub(super) fn get(call: &Call, id: &str) -> Outcome {
    Ok(crate::answer::json(StatusCode::OK, &shown(&find(call, id)?)))
}

pub(super) fn cancel(call: &Call, id: &str) -> Outcome {
    let job = find(call, id)?;
    let text = format!("the work request is {}, and none can be cancelled here", status(&job));
    Err(OciError::new(StatusCode::CONFLICT, "Conflict", text))
}

pub(super) fn errors(call: &Call, id: &str) -> Outcome {
    let job = find(call, id)?;
    let items = match &job.state {
        JobState::Failed(reason) => {
            vec![json!({
                "code": "FunctionDeploymentFailed",
                "message": reason,
                "timestamp": time(job.finished.unwrap_or(job.accepted)),
            })]
        }
        JobState::InProgress | JobState::Succeeded => Vec::new(),
    };
    Ok(crate::answer::json(StatusCode::OK, &json!({ "items": items })))
}

pub(super) fn logs(call: &Call, id: &str) -> Outcome {
    let job = find(call, id)?;
    let mut items =
        vec![json!({ "message": format!("{} began", job.operation), "timestamp": time(job.accepted) })];
    if let Some(finished) = job.finished {
        items.push(json!({ "message": format!("it {}", status(&job)), "timestamp": time(finished) }));
    }
    Ok(crate::answer::json(StatusCode::OK, &json!({ "items": items })))
}

fn find(call: &Call, id: &str) -> Result<Job, OciError> {
    let found = call.catalogue.jobs().into_iter().find(|job| job.id == id);
    found.ok_or_else(|| OciError::not_found(format!("there is no {} {id:?}", Kind::WorkRequest)))
}

fn status(job: &Job) -> &'static str {
    match job.state {
        JobState::InProgress => "IN_PROGRESS",
        JobState::Succeeded => "SUCCEEDED",
        JobState::Failed(_) => "FAILED",
    }
}

fn action(job: &Job) -> &'static str {
    match job.state {
        JobState::InProgress => "IN_PROGRESS",
        JobState::Failed(_) => "FAILED",
        JobState::Succeeded if job.operation.starts_with("CREATE") => "CREATED",
        JobState::Succeeded if job.operation.starts_with("DELETE") => "DELETED",
        JobState::Succeeded => "UPDATED",
    }
}

fn shown(job: &Job) -> Value {
    let entity = job.kind.to_string();
    json!({
        "id": job.id,
        "operationType": job.operation,
        "status": status(job),
        "compartmentId": job.compartment,
        "resources": [{
            "entityType": entity,
            "actionType": action(job),
            "identifier": job.resource,
            "entityUri": format!("/{entity}s/{}", job.resource),
        }],
        "percentComplete": if job.finished.is_some() { 100.0 } else { 0.0 },
        "timeAccepted": time(job.accepted),
        "timeStarted": time(job.accepted),
        "timeFinished": job.finished.map(time),
        "timeUpdated": time(job.finished.unwrap_or(job.accepted)),
    })
}
