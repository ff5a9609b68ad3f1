//! Why the catalogue refuses something, by what the caller can do about it.

use super::record::Kind;
use partita_engine::store::StoreError;

/// Why something could not be done.
#[derive(Debug, thiserror::Error)]
pub enum CatalogueError {
    /// There is nothing of that id.
    #[error("there is no {kind} {id:?}")]
    Missing {
        /// What was looked for.
        kind: Kind,
        /// Its id.
        id: String,
    },
    /// The name is taken.
    #[error("there is a {kind} called {name:?} already")]
    Taken {
        /// What was to be added.
        kind: Kind,
        /// Its name.
        name: String,
    },
    /// It was changed since the caller read it.
    #[error("the {kind} was changed meanwhile: it is at {current:?}, and the request is for {expected:?}")]
    Stale {
        /// What was to be changed.
        kind: Kind,
        /// The state that the caller knows.
        expected: String,
        /// The state that it has.
        current: String,
    },
    /// It still has functions.
    #[error("the application {name:?} still has {functions} functions; delete them first")]
    InUse {
        /// The application's name.
        name: String,
        /// How many.
        functions: usize,
    },
    /// It follows from files.
    #[error("the {kind} {name:?} is defined by files; change them instead")]
    Fixed {
        /// What was to be changed.
        kind: Kind,
        /// Its name.
        name: String,
    },
    /// A value makes no sense.
    #[error("{field}: {reason}")]
    Invalid {
        /// Which value.
        field: &'static str,
        /// Why, and what it should be.
        reason: String,
    },
    /// There are too many.
    #[error("there are {limit} of this kind ({kind}) already, which is the most that are kept")]
    TooMany {
        /// Of what.
        kind: Kind,
        /// The most.
        limit: usize,
    },
    /// The store failed.
    #[error("the catalogue could not be kept: {0}")]
    Store(#[from] StoreError),
    /// What the store holds cannot be read.
    #[error("the catalogue in the store cannot be read: {0}")]
    Unreadable(serde_json::Error),
    /// A file operation failed.
    #[error("{what}: {error}")]
    Io {
        /// What was tried, with the path.
        what: String,
        /// What the system said.
        error: std::io::Error,
    },
}

impl CatalogueError {
    pub(crate) fn invalid(field: &'static str, reason: impl Into<String>) -> Self {
        Self::Invalid { field, reason: reason.into() }
    }

    pub(super) fn io(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> Self {
        let what = what.into();
        move |error| Self::Io { what, error }
    }

    pub(crate) fn missing(kind: Kind, id: &str) -> Self {
        Self::Missing { kind, id: id.to_owned() }
    }
}
