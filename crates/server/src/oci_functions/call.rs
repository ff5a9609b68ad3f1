//! One request to this API.

use super::error::OciError;
use super::operation::Operation;
use super::{applications, authenticate, functions, invoke, listings, work_requests};
use crate::app::Shared;
use crate::extract::{base, read_body};
use crate::functions::catalogue::Catalogue;
use axum::body::{Body, Bytes};
use axum::extract::Query;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use std::sync::Arc;

pub(super) const REQUEST_ID: &str = "opc-request-id";
const WORK_REQUEST_ID: &str = "opc-work-request-id";
/// The version since which changes are acknowledged and go on as work requests.
const ASYNCHRONOUS: u32 = 20_260_325;
/// Bytes of the body of an invocation.
const INVOKE_BYTES: usize = 6 << 20;
/// Bytes of any other body: an archive in base64, with room.
const BODY_BYTES: usize = 64 << 20;
/// Characters of a client's request id that are given back.
const LONGEST_ID: usize = 200;

pub(super) type Outcome = Result<Response, OciError>;

/// A request that was let in.
pub(super) struct Call {
    pub(super) catalogue: Arc<Catalogue>,
    pub(super) parts: Parts,
    pub(super) body: Bytes,
    /// `http://host/…`, without the version.
    pub(super) base: String,
    version: u32,
    query: Vec<(String, String)>,
}

impl Call {
    /// Lets a request in and carries it out.
    pub(super) async fn perform(
        app: Shared,
        version: u32,
        parts: Parts,
        body: Body,
        operation: Operation,
        request_id: &str,
    ) -> Outcome {
        let catalogue = app.parts.catalogue.clone();
        let now_s = jiff::Timestamp::now().as_second();
        let caller = authenticate(&app.parts.keys, catalogue.as_deref(), &parts, now_s)
            .map_err(|reason| OciError::not_authenticated(&reason))?;
        if operation.changes() {
            caller.may_change().map_err(OciError::from)?;
        }
        let catalogue = catalogue.ok_or_else(|| OciError::not_found("this server hosts no functions"))?;
        let body = take_body(&parts.headers, body, &operation).await?;
        caller.check(&body).map_err(|reason| OciError::not_authenticated(&reason))?;
        let query = Query::<Vec<(String, String)>>::try_from_uri(&parts.uri)
            .map_err(|error| OciError::invalid(format!("the query cannot be read: {error}")))?;
        let base = base(&app, &parts);
        let call = Self { catalogue, parts, body, base, version, query: query.0 };
        call.dispatch(operation, request_id).await
    }

    async fn dispatch(&self, operation: Operation, request_id: &str) -> Outcome {
        match operation {
            Operation::Invoke { function } => invoke::invoke(self, &function, request_id).await,
            Operation::ListApplications => applications::list(self),
            Operation::CreateApplication => applications::create(self).await,
            Operation::GetApplication { id } => applications::get(self, &id),
            Operation::UpdateApplication { id } => applications::update(self, &id).await,
            Operation::DeleteApplication { id } => applications::delete(self, &id).await,
            Operation::ChangeCompartment { id } => applications::change_compartment(self, &id).await,
            Operation::ListFunctions => functions::list(self),
            Operation::CreateFunction => functions::create(self).await,
            Operation::GetFunction { id } => functions::get(self, &id),
            Operation::UpdateFunction { id } => functions::update(self, &id).await,
            Operation::DeleteFunction { id } => functions::delete(self, &id).await,
            Operation::ListRuntimes => listings::runtimes(self),
            Operation::GetRuntime { id } => listings::runtime(&id),
            Operation::ListRuntimeVersions => listings::runtime_versions(self),
            Operation::GetRuntimeVersion { id } => listings::runtime_version(&id),
            Operation::ListPrebuilt => listings::prebuilt(),
            Operation::GetPrebuilt { id } => {
                Err(OciError::not_found(format!("there is no pre-built function {id:?}")))
            }
            Operation::ListWorkRequests => work_requests::list(self),
            Operation::GetWorkRequest { id } => work_requests::get(self, &id),
            Operation::CancelWorkRequest { id } => work_requests::cancel(self, &id),
            Operation::ListWorkRequestErrors { id } => work_requests::errors(self, &id),
            Operation::ListWorkRequestLogs { id } => work_requests::logs(self, &id),
        }
    }

    /// The value of a parameter of the query.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn require(&self, name: &str) -> Result<&str, OciError> {
        self.get(name).filter(|value| !value.is_empty()).ok_or_else(|| OciError::missing(name))
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.parts.headers.get(name)?.to_str().ok()
    }

    /// The state that the caller knows of what it changes.
    pub(super) fn if_match(&self) -> Option<&str> {
        self.header("if-match")
    }

    /// Something that was made, or read.
    pub(super) fn shown(&self, body: &Value, etag: &str, job: Option<&str>) -> Response {
        let mut response = crate::answer::json(StatusCode::OK, body);
        add_header(response.headers_mut(), "etag", etag);
        self.add_job(&mut response, job);
        response
    }

    /// Something that was changed: older versions show it, newer ones only name the work request.
    pub(super) fn changed(&self, body: &Value, etag: &str, job: &str) -> Response {
        if self.version < ASYNCHRONOUS {
            return self.shown(body, etag, None);
        }
        self.accepted(job)
    }

    /// Something that was taken away or moved.
    pub(super) fn accepted(&self, job: &str) -> Response {
        let status = if self.version < ASYNCHRONOUS { StatusCode::NO_CONTENT } else { StatusCode::ACCEPTED };
        let mut response = status.into_response();
        self.add_job(&mut response, Some(job));
        response
    }

    fn add_job(&self, response: &mut Response, job: Option<&str>) {
        if let Some(job) = job.filter(|_| self.version >= ASYNCHRONOUS) {
            add_header(response.headers_mut(), WORK_REQUEST_ID, job);
        }
    }
}

async fn take_body(headers: &HeaderMap, body: Body, operation: &Operation) -> Result<Bytes, OciError> {
    let invoke = matches!(operation, Operation::Invoke { .. });
    let limit = if invoke { INVOKE_BYTES } else { BODY_BYTES };
    read_body(headers, body, limit).await.map_err(|refusal| match refusal.0.status {
        413 if invoke => OciError::request_too_large(),
        413 => {
            OciError::new(StatusCode::PAYLOAD_TOO_LARGE, "RequestEntityTooLarge", refusal.0.detail.clone())
        }
        _ => OciError::unparseable(refusal.0.detail.clone()),
    })
}

/// The id of a request: the client's, if it sent one, and then the server's.
pub(super) fn request_id(headers: &HeaderMap) -> String {
    let own = uuid::Uuid::new_v4().simple().to_string().to_uppercase();
    let sent = headers.get(REQUEST_ID).and_then(|value| value.to_str().ok());
    match sent.filter(|sent| !sent.is_empty() && sent.len() <= LONGEST_ID) {
        Some(sent) => format!("{sent}/{own}"),
        None => own,
    }
}

/// Sets a header; one that cannot be written is left out.
pub(super) fn add_header(headers: &mut HeaderMap, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(HeaderName::from_static(name), value);
    }
}

/// A time as the cloud writes it.
pub(super) fn time(ms: i64) -> String {
    format!("{:.3}", jiff::Timestamp::from_millisecond(ms).unwrap_or_default())
}
