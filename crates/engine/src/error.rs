//! What can go wrong, by what the caller can do about it.

use partita_kernel::limits::LimitExceeded;
use partita_kernel::{InstanceId, Status};
use partita_store::StoreError;

/// Why the engine did not do what it was asked.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum EngineError {
    /// No such instance.
    #[error("there is no instance {0:?}")]
    NotFound(InstanceId),
    /// The instance has ended, and what was asked needs one that has not.
    #[error("the instance {id:?} has ended: it is {status}")]
    Finished {
        /// Which.
        id: InstanceId,
        /// How.
        status: Status,
    },
    /// What was asked needs an instance in another status.
    #[error("the instance {id:?} is {status}: {rule}")]
    WrongStatus {
        /// Which.
        id: InstanceId,
        /// Where it stands.
        status: Status,
        /// What was needed.
        rule: String,
    },
    /// An instance of that id exists.
    #[error(
        "an instance {id:?} exists already and is {status}; choose another id, or purge or restart that one"
    )]
    AlreadyExists {
        /// Which.
        id: InstanceId,
        /// Where it stands.
        status: Status,
    },
    /// Nobody here offers this workflow.
    #[error("no workflow is called {name:?}{}", crate::nearest::advice(.known))]
    UnknownWorkflow {
        /// The name asked for.
        name: String,
        /// The nearest names that are known.
        known: Vec<String>,
    },
    /// Nobody here has the code of such entities.
    #[error("no entity is called {name:?}{}", crate::nearest::advice(.known))]
    UnknownEntity {
        /// The name asked for.
        name: String,
        /// The nearest names that are known.
        known: Vec<String>,
    },
    /// The request makes no sense.
    #[error("{0}")]
    Invalid(String),
    /// Something is larger than it may be.
    #[error(transparent)]
    Limit(#[from] LimitExceeded),
    /// Too much is under way. Try again later.
    #[error("the server is busy: {0}; try again later")]
    Overloaded(String),
    /// The engine is stopping. Ask another node, or later.
    #[error("the server is stopping")]
    Stopping,
    /// The store did not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
}
