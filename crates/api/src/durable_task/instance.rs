//! Instances, and requests about them.

use super::value::{
    from_optional_timestamp, from_statuses, from_tags, from_trace, payload, shown, text, to_failure,
    to_status, to_tags, to_timestamp,
};
use super::{Invalid, proto};
use partita_engine::kernel::Status;
use partita_engine::store::Filter;
use partita_engine::{InstanceView, StartRequest};
use std::time::Duration;

/// An instance on the wire; input, output and custom status only with `payloads`.
#[must_use]
pub fn to_state(view: &InstanceView, payloads: bool) -> proto::OrchestrationState {
    proto::OrchestrationState {
        instance_id: view.id.to_string(),
        name: view.name.to_string(),
        version: shown(view.version.as_ref()),
        orchestration_status: to_status(view.status),
        scheduled_start_timestamp: view.scheduled_at.map(to_timestamp),
        created_timestamp: Some(to_timestamp(view.created_at)),
        last_updated_timestamp: Some(to_timestamp(view.updated_at)),
        input: text(view.input.as_ref()).filter(|_| payloads),
        output: text(view.output.as_ref()).filter(|_| payloads),
        custom_status: text(view.custom_status.as_ref()).filter(|_| payloads),
        failure_details: view.failure.as_ref().map(to_failure),
        execution_id: view.execution.map(|execution| execution.to_string()),
        completed_timestamp: view.completed_at.map(to_timestamp),
        parent_instance_id: view.parent_id.as_ref().map(ToString::to_string),
        tags: to_tags(&view.tags),
    }
}

/// A start as a client asks for it.
#[derive(Clone, Debug)]
pub struct StartOrder {
    /// What to start.
    pub request: StartRequest,
    /// Statuses of an existing instance of the same id in which it is left alone and the start counts as done.
    pub satisfied_by: Vec<Status>,
}

/// What the second field of a reuse policy meant in its older shape.
mod action {
    pub(super) const IGNORE: i32 = 1;
    pub(super) const TERMINATE: i32 = 2;
}

/// Reads a start.
///
/// # Errors
/// Says which field makes no sense.
pub fn start_order(request: proto::CreateInstanceRequest) -> Result<StartOrder, Invalid> {
    let scheduled_at =
        from_optional_timestamp("scheduledStartTimestamp", request.scheduled_start_timestamp.as_ref())?;
    let (replaceable, satisfied_by) = reuse(request.orchestration_id_reuse_policy)?;
    if request.name.is_empty() {
        return Err(Invalid::new("name", "it is empty; give the name of a workflow"));
    }
    Ok(StartOrder {
        request: StartRequest {
            name: request.name,
            version: request.version.filter(|version| !version.is_empty()),
            id: Some(request.instance_id).filter(|id| !id.is_empty()),
            input: payload(request.input),
            tags: from_tags(request.tags),
            scheduled_at,
            replaceable,
            trace: from_trace(request.parent_trace_context),
        },
        satisfied_by,
    })
}

/// Statuses in which an existing instance is replaced, and in which it is left alone.
fn reuse(policy: Option<proto::OrchestrationIdReusePolicy>) -> Result<(Vec<Status>, Vec<Status>), Invalid> {
    const FIELD: &str = "orchestrationIdReusePolicy";
    let Some(policy) = policy else { return Ok((Vec::new(), Vec::new())) };
    let statuses = from_statuses(&format!("{FIELD}.replaceableStatus"), &policy.replaceable_status)?;
    match policy.action {
        0 => {}
        action::IGNORE => return Ok((Vec::new(), statuses)),
        action::TERMINATE => return Ok((statuses, Vec::new())),
        other => return Err(Invalid::new(format!("{FIELD}.action"), format!("{other} is not 0, 1 or 2"))),
    }
    let replaces_running = statuses.iter().any(|status| !status.is_terminal());
    if replaces_running && !statuses.contains(&Status::Terminated) {
        let problem = "Invalid reusable statuses: cannot exclude 'Terminated' while also allowing reuse of running instances";
        return Err(Invalid::new(FIELD, problem));
    }
    Ok((statuses, Vec::new()))
}

/// Which instances a query means.
///
/// # Errors
/// Says which field makes no sense.
pub fn query_filter(query: &proto::InstanceQuery) -> Result<Filter, Invalid> {
    Ok(Filter {
        statuses: from_statuses("query.runtimeStatus", &query.runtime_status)?,
        created_from: from_optional_timestamp("query.createdTimeFrom", query.created_time_from.as_ref())?,
        created_to: from_optional_timestamp("query.createdTimeTo", query.created_time_to.as_ref())?,
        id_prefix: query.instance_id_prefix.clone().filter(|prefix| !prefix.is_empty()),
        ..Filter::default()
    })
}

/// Which instances a list of ids means: those that have ended.
///
/// # Errors
/// Says which field makes no sense.
pub fn list_filter(request: &proto::ListInstanceIdsRequest) -> Result<Filter, Invalid> {
    Ok(Filter {
        statuses: ended_statuses("runtimeStatus", &request.runtime_status)?,
        completed_from: from_optional_timestamp("completedTimeFrom", request.completed_time_from.as_ref())?,
        completed_to: from_optional_timestamp("completedTimeTo", request.completed_time_to.as_ref())?,
        ..Filter::default()
    })
}

/// Those of the statuses that are ends; all ends when none is given, and `None` of them when no end is among them.
fn ended_statuses(field: &str, statuses: &[i32]) -> Result<Vec<Status>, Invalid> {
    if statuses.is_empty() {
        return Ok(Status::ALL.into_iter().filter(|status| status.is_terminal()).collect());
    }
    from_statuses(field, statuses)
}

/// Which instances a purge means, and how long it may take.
///
/// # Errors
/// Says which field makes no sense.
pub fn purge_filter(filter: &proto::PurgeInstanceFilter) -> Result<(Filter, Option<Duration>), Invalid> {
    const FIELD: &str = "purgeInstanceFilter";
    let at = |field: &str, at: Option<&prost_types::Timestamp>| {
        from_optional_timestamp(&format!("{FIELD}.{field}"), at)
    };
    let timeout = filter.timeout.map(Duration::try_from).transpose();
    let timeout =
        timeout.map_err(|_| Invalid::new(format!("{FIELD}.timeout"), "it is not a positive duration"))?;
    let filter = Filter {
        statuses: from_statuses(&format!("{FIELD}.runtimeStatus"), &filter.runtime_status)?,
        created_from: at("createdTimeFrom", filter.created_time_from.as_ref())?,
        created_to: at("createdTimeTo", filter.created_time_to.as_ref())?,
        ..Filter::default()
    };
    Ok((filter, timeout.filter(|timeout| !timeout.is_zero())))
}

#[cfg(test)]
#[path = "instance_tests.rs"]
mod tests;
