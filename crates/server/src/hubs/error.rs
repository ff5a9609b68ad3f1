//! Why something was not done with a hub.

use super::InvalidHubName;
use crate::answer::Refusal;
use partita_api::problem::{Problem, ProblemKind};
use partita_engine::EngineError;
use partita_engine::store::StoreError;

/// Why something was not done with a task hub.
#[derive(Debug, thiserror::Error)]
pub enum HubError {
    /// The name is none.
    #[error(transparent)]
    Name(#[from] InvalidHubName),
    /// There is none of that name.
    #[error("there is no task hub {name:?}; there are {known}. `partita hub create {name}` makes it")]
    Unknown {
        /// Its name.
        name: String,
        /// The names of those that there are, some of them when there are many.
        known: String,
    },
    /// No more are allowed.
    #[error(
        "there are {0} task hubs beside the default one, and hubs.max allows no more; delete one with `partita hub delete \
         NAME`, or raise hubs.max"
    )]
    TooMany(usize),
    /// It has instances that have not ended.
    #[error(
        "the task hub {name:?} has {unfinished} instances that have not ended; end them first, or delete it with `partita \
         hub delete {name} --force`"
    )]
    Busy {
        /// Its name.
        name: String,
        /// How many there are.
        unfinished: u64,
    },
    /// What was asked for does not go with the hub that is always there.
    #[error("{0}")]
    Default(&'static str),
    /// Only this process's owner does that.
    #[error(
        "the task hub {0:?} is not made or deleted by clients of this protocol: `partita hub create {0}` and `partita hub \
         delete {0}` do it, or set hubs.on-first-use to let clients do it"
    )]
    NotByClients(String),
    /// This server has one hub, that of the engine that it was given.
    #[error(
        "this server has one task hub, which is the engine that it was given: no others can be made or deleted"
    )]
    Alone,
    /// Its engine.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// It cannot be opened.
    #[error("the task hub {name:?} cannot be opened: {cause}")]
    Open {
        /// Its name.
        name: String,
        /// Why not.
        cause: EngineError,
    },
    /// A file operation.
    #[error("{0}: {1}")]
    Io(String, std::io::Error),
}

impl From<StoreError> for HubError {
    fn from(error: StoreError) -> Self {
        Self::Engine(error.into())
    }
}

impl HubError {
    fn kind(&self) -> ProblemKind {
        match self {
            Self::Name(_) => ProblemKind::Invalid,
            Self::Unknown { .. } => ProblemKind::HubNotFound,
            Self::TooMany(_) => ProblemKind::TooManyHubs,
            Self::Busy { .. } | Self::Default(_) => ProblemKind::HubInUse,
            Self::NotByClients(_) => ProblemKind::NotAllowed,
            Self::Alone => ProblemKind::Unsupported,
            Self::Engine(_) | Self::Open { .. } | Self::Io(..) => ProblemKind::Internal,
        }
    }
}

impl From<&HubError> for Problem {
    fn from(error: &HubError) -> Self {
        let new = || Self::new(error.kind(), error.to_string());
        match error {
            HubError::Engine(cause) => Self::from(cause),
            HubError::Open { cause, .. } => Self { detail: error.to_string(), ..Self::from(cause) },
            HubError::Unknown { name, .. } => new().with("taskHub", name.as_str()),
            HubError::TooMany(limit) => new().with("limit", *limit),
            HubError::Busy { name, unfinished } => {
                new().with("taskHub", name.as_str()).with("unfinished", *unfinished)
            }
            _ => new(),
        }
    }
}

impl From<HubError> for Refusal {
    fn from(error: HubError) -> Self {
        let problem = Problem::from(&error);
        if problem.status >= 500 {
            tracing::warn!(%error, "a task hub failed");
        }
        Self::from(problem)
    }
}
