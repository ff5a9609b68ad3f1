//! Errors as gRPC statuses.

use partita_api::durable_task::Invalid;
use partita_api::{Problem, ProblemKind};
use partita_engine::EngineError;
use partita_engine::store::StoreError;
use tonic::{Code, Status};

/// Characters of a status's text. It travels in a header: with a long one, clients give up the whole connection.
const MOST: usize = 1000;

/// A text that may hold what a stranger has sent.
fn bounded(text: &str) -> String {
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// What a client is told.
pub(super) fn of_engine(error: &EngineError) -> Status {
    let code = match error {
        EngineError::NotFound(_) => Code::NotFound,
        EngineError::Finished { .. } | EngineError::WrongStatus { .. } => Code::FailedPrecondition,
        EngineError::AlreadyExists { .. } => Code::AlreadyExists,
        EngineError::UnknownWorkflow { .. }
        | EngineError::UnknownEntity { .. }
        | EngineError::Invalid(_)
        | EngineError::Limit(_) => Code::InvalidArgument,
        EngineError::Overloaded(_) | EngineError::Store(StoreError::Full(_)) => Code::ResourceExhausted,
        EngineError::Stopping => Code::Unavailable,
        EngineError::Store(_) => Code::Internal,
    };
    Status::new(code, bounded(&error.to_string()))
}

/// What was refused before it came to this protocol, or is no affair of an instance.
pub(super) fn of_problem(problem: &Problem) -> Status {
    let is = |kind| problem.is(kind);
    let code = match problem.status {
        _ if is(ProblemKind::TooManyHubs) => Code::ResourceExhausted,
        _ if is(ProblemKind::Unsupported) => Code::Unimplemented,
        400 => Code::InvalidArgument,
        403 => Code::PermissionDenied,
        404 => Code::NotFound,
        409 => Code::FailedPrecondition,
        429 | 507 => Code::ResourceExhausted,
        503 => Code::Unavailable,
        _ => Code::Unknown,
    };
    Status::new(code, bounded(&problem.detail))
}

pub(super) fn of_invalid(invalid: &Invalid) -> Status {
    Status::invalid_argument(bounded(&invalid.to_string()))
}

/// What ends a call that the server does not wait for because it stops.
pub(super) fn stopping() -> Status {
    Status::unavailable("the server is stopping")
}

/// For what this server has no place for.
pub(super) fn absent(what: &str) -> Status {
    Status::unimplemented(what.to_owned())
}
