//! What can go wrong, by what the caller can do about it.

use partita_api::durable_task::Invalid;
use partita_engine::kernel::Failure;
use tonic::{Code, Status};

/// Why a server did not do what it was asked. The texts are the server's own where it gave one.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Error {
    /// No such instance.
    #[error("{0}")]
    NotFound(String),
    /// An instance of that id exists. Choose another id, or say which statuses may be replaced.
    #[error("{0}")]
    AlreadyExists(String),
    /// What was asked needs an instance in another status.
    #[error("{0}")]
    WrongStatus(String),
    /// The request makes no sense, or is larger than it may be.
    #[error("{0}")]
    Invalid(String),
    /// Too much is under way. Try again later.
    #[error("{0}")]
    Overloaded(String),
    /// The server cannot be reached, or is stopping. It is not known whether it did what was asked.
    #[error("the server cannot be reached: {0}")]
    Unreachable(String),
    /// The server does not let this program in.
    #[error("the server refuses: {0}")]
    Refused(String),
    /// The server, or the protocol, cannot do this.
    #[error("{0}")]
    Unsupported(String),
    /// The server failed, or answered what makes no sense.
    #[error("the server failed: {0}")]
    Server(String),
    /// A value cannot be written as JSON.
    #[error(transparent)]
    Data(#[from] Failure),
}

impl Error {
    /// Whether asking again later may help.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Overloaded(_) | Self::Unreachable(_))
    }
}

impl From<Status> for Error {
    fn from(status: Status) -> Self {
        let text = text(&status);
        match status.code() {
            Code::NotFound => Self::NotFound(text),
            Code::AlreadyExists => Self::AlreadyExists(text),
            Code::FailedPrecondition => Self::WrongStatus(text),
            Code::InvalidArgument | Code::OutOfRange => Self::Invalid(text),
            Code::ResourceExhausted => Self::Overloaded(text),
            Code::PermissionDenied | Code::Unauthenticated => Self::Refused(text),
            Code::Unimplemented => Self::Unsupported(text),
            _ if is_lost(&status) => Self::Unreachable(text),
            _ => Self::Server(text),
        }
    }
}

impl From<Invalid> for Error {
    fn from(invalid: Invalid) -> Self {
        Self::Server(format!("its answer makes no sense: {invalid}"))
    }
}

/// What a status says, with what is behind it.
pub(crate) fn text(status: &Status) -> String {
    let mut text = match status.message() {
        "" => status.code().description().to_owned(),
        message => message.to_owned(),
    };
    let mut cause = std::error::Error::source(status);
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = error.source();
    }
    text
}

/// Whether a request may not have reached the server, or its answer not this program.
pub(crate) fn is_lost(status: &Status) -> bool {
    let broken = std::error::Error::source(status).is_some();
    match status.code() {
        Code::Unavailable | Code::Cancelled | Code::Aborted | Code::DeadlineExceeded => true,
        Code::Unknown | Code::Internal => broken,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_by_what_to_do() {
        let of = |code| Error::from(Status::new(code, "why"));
        assert_eq!(of(Code::NotFound), Error::NotFound("why".into()));
        assert_eq!(of(Code::OutOfRange), Error::Invalid("why".into()));
        assert_eq!(of(Code::Internal), Error::Server("why".into()));
        assert!(of(Code::Unavailable).is_transient() && of(Code::ResourceExhausted).is_transient());
        assert!(!of(Code::Unauthenticated).is_transient());
        let broken = Status::from_error(Box::new(std::io::Error::other("the wire is cut")));
        assert_eq!(Error::from(broken), Error::Unreachable("the wire is cut".into()));
    }
}
