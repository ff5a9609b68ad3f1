//! Errors as gRPC statuses.

use partita_api::durable_task::Invalid;
use partita_engine::EngineError;
use partita_engine::store::StoreError;
use tonic::{Code, Status};

/// What a client is told.
pub(super) fn of_engine(error: &EngineError) -> Status {
    let code = match error {
        EngineError::NotFound(_) => Code::NotFound,
        EngineError::Finished { .. } | EngineError::WrongStatus { .. } => Code::FailedPrecondition,
        EngineError::AlreadyExists { .. } => Code::AlreadyExists,
        EngineError::UnknownWorkflow { .. } | EngineError::Invalid(_) | EngineError::Limit(_) => {
            Code::InvalidArgument
        }
        EngineError::Overloaded(_) | EngineError::Store(StoreError::Full(_)) => Code::ResourceExhausted,
        EngineError::Stopping => Code::Unavailable,
        EngineError::Store(_) => Code::Internal,
    };
    Status::new(code, error.to_string())
}

pub(super) fn of_invalid(invalid: &Invalid) -> Status {
    Status::invalid_argument(invalid.to_string())
}

/// What ends a call that the server does not wait for because it stops.
pub(super) fn stopping() -> Status {
    Status::unavailable("the server is stopping")
}

/// For what this server has no place for.
pub(super) fn absent(what: &str) -> Status {
    Status::unimplemented(what.to_owned())
}
