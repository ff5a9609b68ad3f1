//! Errors (RFC 9457, `application/problem+json`).

use partita_engine::EngineError;
use partita_engine::store::StoreError;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The media type of problems.
pub const MEDIA_TYPE: &str = "application/problem+json";

/// What went wrong, and what to do about it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Problem {
    /// The kind of problem, a URI: `urn:partita:problem:` and a name of [`ProblemKind`].
    #[serde(rename = "type", default)]
    pub type_uri: String,
    /// The kind in words.
    #[serde(default)]
    pub title: String,
    /// The HTTP status.
    #[serde(default)]
    pub status: u16,
    /// What was wrong with this request, and what to do next.
    #[serde(default)]
    pub detail: String,
    /// More of it by name, such as `limit`, `size`, `nearest`, `retryAfter`.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

macro_rules! kinds {
    ($($(#[doc = $doc:literal])* $kind:ident => $status:literal, $name:literal, $title:literal;)*) => {
        /// The kinds of problems.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum ProblemKind { $($(#[doc = $doc])* $kind,)* }
        impl ProblemKind {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$kind),*];
            /// The HTTP status.
            #[must_use]
            pub fn status(self) -> u16 {
                match self { $(Self::$kind => $status,)* }
            }
            /// The name at the end of the type's URI.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$kind => $name,)* }
            }
            /// The kind in words.
            #[must_use]
            pub fn title(self) -> &'static str {
                match self { $(Self::$kind => $title,)* }
            }
        }
    };
}

kinds! {
    /// The request makes no sense.
    Invalid => 400, "invalid", "The request is not valid";
    /// The body is not JSON, or not the JSON that was expected.
    MalformedJson => 400, "malformed-json", "The body is not the JSON that was expected";
    /// The request came for a host that this server does not answer for.
    WrongHost => 403, "wrong-host", "The request names a host that is not served here";
    /// The server's configuration does not allow it.
    NotAllowed => 403, "not-allowed", "The server's configuration does not allow this";
    /// No more task hubs are allowed.
    TooManyHubs => 403, "too-many-hubs", "There are as many task hubs as there may be";
    /// There is nothing at this address.
    NoRoute => 404, "no-route", "There is nothing at this address";
    /// No such instance.
    InstanceNotFound => 404, "instance-not-found", "There is no such instance";
    /// No such workflow.
    WorkflowNotFound => 404, "workflow-not-found", "There is no such workflow";
    /// The instance is of another kind of workflow.
    NotAStateMachine => 404, "not-a-state-machine", "The instance does not run a state machine that is known here";
    /// No such function.
    FunctionNotFound => 404, "function-not-found", "There is no such function";
    /// No such schedule.
    ScheduleNotFound => 404, "schedule-not-found", "There is no such schedule";
    /// No such entity.
    EntityNotFound => 404, "entity-not-found", "There is no such entity";
    /// No such task hub.
    HubNotFound => 404, "hub-not-found", "There is no such task hub";
    /// The address knows other methods.
    MethodNotAllowed => 405, "method-not-allowed", "This address knows other methods";
    /// An instance of that id exists.
    AlreadyExists => 409, "already-exists", "An instance of that id exists";
    /// The instance is in another status than what was asked needs.
    WrongStatus => 409, "wrong-status", "The instance's status does not allow this";
    /// The entity is locked, or something waits for it.
    EntityInUse => 409, "entity-in-use", "The entity is in use";
    /// The task hub is needed, by instances that have not ended or by the server.
    HubInUse => 409, "hub-in-use", "The task hub is in use";
    /// The same is being done already.
    UnderWay => 409, "under-way", "The same is being done already";
    /// The definition was changed since it was read.
    DefinitionChanged => 409, "definition-changed", "The definition was changed meanwhile";
    /// The instance has ended.
    Finished => 410, "finished", "The instance has ended";
    /// The instance is not in the status that the operation needs.
    PreconditionFailed => 412, "precondition-failed", "The instance is in another status than this needs";
    /// Something is larger than it may be.
    TooLarge => 413, "too-large", "Something is larger than it may be";
    /// The body is of another media type than expected.
    UnsupportedMediaType => 415, "unsupported-media-type", "The body is of another media type than expected";
    /// The same `Idempotency-Key` came with another request.
    KeyReused => 422, "idempotency-key-reused", "The idempotency key was used for another request";
    /// The definition cannot run.
    InvalidDefinition => 422, "invalid-definition", "The definition cannot run";
    /// Too much is under way.
    Overloaded => 429, "overloaded", "The server is busy";
    /// The server failed.
    Internal => 500, "internal", "The server failed";
    /// The instance that the answer was to come from did not succeed.
    InstanceFailed => 502, "instance-failed", "The instance did not succeed";
    /// This server cannot do it.
    Unsupported => 501, "unsupported", "This server cannot do that";
    /// The server is stopping, or not ready.
    NotReady => 503, "not-ready", "The server is not ready";
    /// The store cannot be reached.
    StoreUnavailable => 503, "store-unavailable", "The store cannot be reached";
    /// The store is full.
    StoreFull => 507, "store-full", "The store is full";
}

/// What stands before a kind's name in its URI.
pub const TYPE_PREFIX: &str = "urn:partita:problem:";

impl Problem {
    /// A problem of a kind, with its detail.
    #[must_use]
    pub fn new(kind: ProblemKind, detail: impl Into<String>) -> Self {
        Self {
            type_uri: format!("{TYPE_PREFIX}{}", kind.name()),
            title: kind.title().to_owned(),
            status: kind.status(),
            detail: detail.into(),
            extra: Map::new(),
        }
    }

    /// Adds an extension member.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.extra.insert(key.to_owned(), value.into());
        self
    }

    /// Whether it is of that kind.
    #[must_use]
    pub fn is(&self, kind: ProblemKind) -> bool {
        self.type_uri.strip_prefix(TYPE_PREFIX) == Some(kind.name())
    }

    /// After how many seconds to try again, if that may help.
    #[must_use]
    pub fn retry_after(&self) -> Option<u64> {
        self.extra.get("retryAfter").and_then(Value::as_u64)
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.detail.is_empty() { &self.title } else { &self.detail })
    }
}
impl std::error::Error for Problem {}

impl From<&EngineError> for Problem {
    fn from(error: &EngineError) -> Self {
        let new = |kind| Self::new(kind, error.to_string());
        match error {
            EngineError::NotFound(id) => new(ProblemKind::InstanceNotFound).with("instanceId", id.as_str()),
            EngineError::Finished { id, status } => new(ProblemKind::Finished)
                .with("instanceId", id.as_str())
                .with("runtimeStatus", status.name()),
            EngineError::WrongStatus { id, status, .. } => new(ProblemKind::WrongStatus)
                .with("instanceId", id.as_str())
                .with("runtimeStatus", status.name()),
            EngineError::AlreadyExists { id, status } => new(ProblemKind::AlreadyExists)
                .with("instanceId", id.as_str())
                .with("runtimeStatus", status.name()),
            EngineError::UnknownWorkflow { name, known } => new(ProblemKind::WorkflowNotFound)
                .with("workflow", name.as_str())
                .with("nearest", known.clone()),
            EngineError::UnknownEntity { name, known } => {
                new(ProblemKind::EntityNotFound).with("entity", name.as_str()).with("nearest", known.clone())
            }
            EngineError::Invalid(_) => new(ProblemKind::Invalid),
            EngineError::Limit(exceeded) => new(ProblemKind::TooLarge)
                .with("what", exceeded.what)
                .with("size", exceeded.size)
                .with("limit", exceeded.limit)
                .with("unit", exceeded.unit),
            EngineError::Overloaded(_) => new(ProblemKind::Overloaded).with("retryAfter", 1),
            EngineError::Stopping => new(ProblemKind::NotReady).with("retryAfter", 5),
            EngineError::Store(error) => Self::from(error),
        }
    }
}

impl From<&StoreError> for Problem {
    fn from(error: &StoreError) -> Self {
        let new = |kind| Self::new(kind, error.to_string());
        match error {
            StoreError::Full(_) => new(ProblemKind::StoreFull).with("retryAfter", 30),
            StoreError::Unavailable(_) | StoreError::Poisoned(_) => {
                new(ProblemKind::StoreUnavailable).with("retryAfter", 5)
            }
            StoreError::Fenced | StoreError::Locked(_) => new(ProblemKind::NotReady).with("retryAfter", 5),
            StoreError::Unsupported(_) => new(ProblemKind::Unsupported),
            StoreError::Corrupt(_) | StoreError::Version(_) => new(ProblemKind::Internal),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use partita_engine::kernel::limits::LimitExceeded;

    fn written(error: &EngineError) -> String {
        let problem = Problem::from(error);
        let text = serde_json::to_string(&problem).unwrap();
        assert_eq!(serde_json::from_str::<Problem>(&text).unwrap(), problem);
        text
    }

    #[test]
    fn problems_say_what_kind_they_are_and_carry_facts() {
        let limit = LimitExceeded { what: "input", size: 9, limit: 8, unit: "bytes" };
        insta::assert_snapshot!(written(&EngineError::Limit(limit)), @r#"{"type":"urn:partita:problem:too-large","title":"Something is larger than it may be","status":413,"detail":"input: 9 bytes, where at most 8 are allowed","what":"input","size":9,"limit":8,"unit":"bytes"}"#);
        let unknown =
            EngineError::UnknownWorkflow { name: "Oder".into(), known: Vec::from(["Order".into()]) };
        insta::assert_snapshot!(written(&unknown), @r#"{"type":"urn:partita:problem:workflow-not-found","title":"There is no such workflow","status":404,"detail":"no workflow is called \"Oder\"; the nearest known names are Order","workflow":"Oder","nearest":["Order"]}"#);
        insta::assert_snapshot!(written(&EngineError::Stopping), @r#"{"type":"urn:partita:problem:not-ready","title":"The server is not ready","status":503,"detail":"the server is stopping","retryAfter":5}"#);
        insta::assert_snapshot!(written(&EngineError::Store(StoreError::Full("disk".into()))), @r#"{"type":"urn:partita:problem:store-full","title":"The store is full","status":507,"detail":"the store is full: disk","retryAfter":30}"#);
    }

    #[test]
    fn names_and_statuses_are_unique_enough() {
        let names: std::collections::BTreeSet<_> = ProblemKind::ALL.iter().map(|kind| kind.name()).collect();
        assert_eq!(names.len(), ProblemKind::ALL.len());
    }
}
