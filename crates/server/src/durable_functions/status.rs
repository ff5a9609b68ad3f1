//! The status payload.

use axum::http::StatusCode;
use partita_api::Json;
use partita_api::json::shown;
use partita_engine::InstanceView;
use partita_engine::kernel::{Payload, Status, Timestamp};
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// An event of a history, as this dialect shows it.
pub(super) type ShownEvent = BTreeMap<&'static str, Json>;

/// An instance, as this dialect shows it. All keys are always there, but for the history.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct StatusPayload {
    name: String,
    instance_id: String,
    runtime_status: &'static str,
    input: Option<Json>,
    custom_status: Option<Json>,
    output: Option<Json>,
    created_time: String,
    last_updated_time: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    history_events: Option<Vec<ShownEvent>>,
}

impl StatusPayload {
    pub(super) fn new(view: &InstanceView, show_input: bool, history: Option<Vec<ShownEvent>>) -> Self {
        Self {
            name: view.name.to_string(),
            instance_id: view.id.to_string(),
            runtime_status: view.status.name(),
            input: shown(view.input.as_ref().filter(|_| show_input)),
            custom_status: shown(view.custom_status.as_ref()),
            output: output(view),
            created_time: whole_seconds(view.created_at),
            last_updated_time: whole_seconds(view.updated_at),
            history_events: history,
        }
    }
}

/// The output; of a failed instance, its failure as text.
pub(super) fn output(view: &InstanceView) -> Option<Json> {
    let failure = || view.failure.as_ref().map(|failure| Json::from(Value::from(failure.to_string())));
    view.output.as_ref().map(|output: &Payload| Json::of_payload(output)).or_else(failure)
}

/// `yyyy-MM-ddTHH:mm:ssZ`; what is less than a second is cut off.
fn whole_seconds(at: Timestamp) -> String {
    let seconds = at.0.div_euclid(1_000_000_000);
    jiff::Timestamp::from_second(seconds).map(|at| at.to_string()).unwrap_or_default()
}

/// The answer's status for an instance's status.
pub(super) fn code(status: Status, fail_loudly: bool) -> StatusCode {
    match status {
        Status::Running | Status::Pending | Status::ContinuedAsNew | Status::Suspended => {
            StatusCode::ACCEPTED
        }
        Status::Failed if fail_loudly => StatusCode::INTERNAL_SERVER_ERROR,
        Status::Failed | Status::Completed | Status::Canceled | Status::Terminated => StatusCode::OK,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_cut_to_whole_seconds() {
        assert_eq!(whole_seconds(Timestamp(1_772_366_400_999_999_999)), "2026-03-01T12:00:00Z");
        assert_eq!(whole_seconds(Timestamp(-1)), "1969-12-31T23:59:59Z");
    }
}
