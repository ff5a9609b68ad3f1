//! The addresses at which an instance is managed.

use super::call::Call;
use crate::answer::{json, with_header};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use partita_api::paths::encode;
use serde::Serialize;

/// The body of a 202: the instance and where it is managed.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CheckStatus {
    id: String,
    status_query_get_uri: String,
    send_event_post_uri: String,
    terminate_post_uri: String,
    purge_history_delete_uri: String,
    restart_post_uri: String,
    suspend_post_uri: String,
    resume_post_uri: String,
}

impl CheckStatus {
    /// For an instance of the dialect at `base`, with what every URI's query ends with.
    pub(crate) fn new(base: &str, id: &str, query: &str, fail_loudly: bool) -> Self {
        let instance = format!("{base}/instances/{}", encode(id));
        let loud = if fail_loudly { "&returnInternalServerErrorOnFailure=true" } else { "" };
        Self {
            id: id.to_owned(),
            status_query_get_uri: format!("{instance}?{query}{loud}"),
            send_event_post_uri: format!("{instance}/raiseEvent/{{eventName}}?{query}"),
            terminate_post_uri: format!("{instance}/terminate?reason={{text}}&{query}"),
            purge_history_delete_uri: format!("{instance}?{query}"),
            restart_post_uri: format!("{instance}/restart?{query}"),
            suspend_post_uri: format!("{instance}/suspend?reason={{text}}&{query}"),
            resume_post_uri: format!("{instance}/resume?reason={{text}}&{query}"),
        }
    }

    /// The 202 with its headers.
    pub(crate) fn into_response(self) -> Response {
        let mut response = json(StatusCode::ACCEPTED, &self);
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("10"));
        with_header(response, header::LOCATION, &self.status_query_get_uri)
    }
}

/// What every URI's query ends with; `code` only when the caller has one.
pub(crate) fn query(task_hub: &str, connection: &str, code: Option<&str>) -> String {
    let code = code.map(|code| format!("&code={}", encode(code))).unwrap_or_default();
    format!("taskHub={}&connection={}{code}", encode(task_hub), encode(connection))
}

/// The 202 for an instance, in answer to `call`.
pub(super) fn check_status(call: &Call, id: &str) -> Response {
    let options = &call.app.options;
    let task_hub = call.get("taskHub").unwrap_or(&options.task_hub);
    let connection = call.get("connection").unwrap_or(&options.connection);
    let query = query(task_hub, connection, call.get("code"));
    let fail_loudly = call.flag("returnInternalServerErrorOnFailure").unwrap_or(false);
    CheckStatus::new(&call.base, id, &query, fail_loudly).into_response()
}
