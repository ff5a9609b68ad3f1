//! The error that orchestrators and activities return.

use partita_kernel::{Failure, Payload};
use std::fmt;

/// A result with this crate's error.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why an orchestrator or an activity did not succeed. Made from any error by `?`.
///
/// It becomes the failure that is recorded: the error's type, its message, its causes.
pub struct Error(pub(crate) Kind);

pub(crate) enum Kind {
    Failure(Box<Failure>),
    /// Not an error: the orchestrator begins again.
    ContinueAsNew,
}

impl Error {
    /// An error with a type and a message.
    pub fn new(error_type: &str, message: impl Into<String>) -> Self {
        Failure::new(error_type, message.into()).into()
    }

    /// Says that trying again is pointless: no retry policy does.
    #[must_use]
    pub fn non_retriable(self) -> Self {
        match self.0 {
            Kind::Failure(failure) => failure.non_retriable().into(),
            Kind::ContinueAsNew => self,
        }
    }

    /// What is recorded of it; `None` for the value that continue-as-new returns.
    #[must_use]
    pub fn failure(&self) -> Option<&Failure> {
        match &self.0 {
            Kind::Failure(failure) => Some(failure),
            Kind::ContinueAsNew => None,
        }
    }

    /// What an activity that fails with this records.
    #[must_use]
    pub fn into_failure(self) -> Failure {
        match self.0 {
            Kind::Failure(failure) => *failure,
            Kind::ContinueAsNew => {
                Failure::new("ContinueAsNew", "continue-as-new is for orchestrators alone")
            }
        }
    }
}

impl<E: std::error::Error + Send + Sync + 'static> From<E> for Error {
    fn from(error: E) -> Self {
        let any: &(dyn std::error::Error + 'static) = &error;
        match any.downcast_ref::<Failure>() {
            Some(failure) => Self(Kind::Failure(Box::new(failure.clone()))),
            None => Self(Kind::Failure(Box::new(describe(&error, short_type_name::<E>())))),
        }
    }
}

fn describe(error: &dyn std::error::Error, error_type: &str) -> Failure {
    let failure = Failure::new(error_type, error.to_string());
    match error.source() {
        Some(source) => failure.caused_by(describe(source, "Cause")),
        None => failure,
    }
}

/// `a::b::Error<c::D>` as `Error`.
fn short_type_name<E>() -> &'static str {
    let full = std::any::type_name::<E>();
    let path = full.split('<').next().unwrap_or(full);
    path.rsplit("::").next().unwrap_or(path)
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Failure(failure) => failure.fmt(f),
            Kind::ContinueAsNew => f.write_str("the orchestrator continues as new"),
        }
    }
}
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The failure that an orchestrator sees of something it had asked for.
pub(crate) fn task_failure(what: &str, failure: &Failure) -> Failure {
    let mut seen =
        Failure::new("TaskFailed", format!("{what} failed: {}", failure.message)).caused_by(failure.clone());
    seen.non_retriable = failure.non_retriable;
    seen
}

/// What an output that is not what the caller expects is told as.
pub(crate) fn not_readable(what: &str, payload: Option<&Payload>, error: &serde_json::Error) -> Failure {
    let text: String = payload.map_or("null", Payload::as_str).chars().take(120).collect();
    Failure::new("InvalidData", format!("{what} is not what was expected: {error}; it begins {text}"))
        .non_retriable()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Outer(std::num::ParseIntError);
    impl fmt::Display for Outer {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("no number")
        }
    }
    impl std::error::Error for Outer {
        fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
            Some(&self.0)
        }
    }

    #[test]
    fn any_error_becomes_a_failure_with_its_causes() {
        let error = Error::from(Outer("x".parse::<i32>().unwrap_err()));
        let failure = error.failure().unwrap();
        assert_eq!((&*failure.error_type, &*failure.message), ("Outer", "no number"));
        assert_eq!(&*failure.inner.as_ref().unwrap().message, "invalid digit found in string");
    }

    #[test]
    fn a_failure_stays_itself() {
        let failure = Failure::new("Refused", "no money").non_retriable();
        assert_eq!(Error::from(failure.clone()).failure(), Some(&failure));
    }
}
