//! Values that events, messages and commands are made of.

use crate::codec::{DecodeError, Reader, Wire, Writer, record};
use alloc::{boxed::Box, string::String, sync::Arc};
use core::{fmt, time::Duration};

/// The name of a workflow, function, event or entity operation.
pub type Name = Arc<str>;

/// Tags: pairs of text, in the order of their keys.
pub type Tags = alloc::collections::BTreeMap<Name, Name>;

/// An instant: nanoseconds since 1970 in UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// The latest instant there is.
    pub const MAX: Self = Self(i64::MAX);

    /// The instant `duration` later; the latest one there is when that is out of range.
    #[must_use]
    pub fn after(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)))
    }

    /// The instant `duration` earlier.
    #[must_use]
    pub fn before(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)))
    }

    /// How long `self` is after `earlier`; zero when it is not.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// Whole milliseconds since 1970.
    #[must_use]
    pub fn millis(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }
}
impl Wire for Timestamp {
    fn put(&self, w: &mut Writer) {
        w.bytes(&self.0.to_le_bytes());
    }
    fn get(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self(i64::from_le_bytes(r.array()?)))
    }
}

/// A serialized input, output or status: text that is JSON by convention. Cheap to clone.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Payload(Arc<str>);

impl Payload {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
    /// Its size in bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }
    /// Whether it has no text at all (which is not the same as no payload).
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
impl From<&str> for Payload {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}
impl From<String> for Payload {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}
impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
impl Wire for Payload {
    fn put(&self, w: &mut Writer) {
        w.text(&self.0);
    }
    fn get(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self(r.text()?.into()))
    }
}

record! {
    /// W3C trace context, carried and handed on, never interpreted.
    pub struct Trace {
        /// The `traceparent` header.
        pub parent: Name,
        /// The `tracestate` header.
        pub state: Option<Name>,
    }
}

record! {
    /// What went wrong, as every Durable Task SDK tells it.
    pub struct Failure {
        /// The error's type or class name.
        pub error_type: Name,
        /// The error's message.
        pub message: Name,
        /// Where it happened.
        pub stack_trace: Option<Payload>,
        /// The cause.
        pub inner: Option<Box<Failure>>,
        /// Whether trying again is pointless.
        pub non_retriable: bool,
        /// Further properties, each a JSON text.
        pub properties: Tags,
    }
}

impl Failure {
    /// A failure with a type and a message.
    pub fn new(error_type: &str, message: impl Into<Name>) -> Self {
        Self {
            error_type: error_type.into(),
            message: message.into(),
            stack_trace: None,
            inner: None,
            non_retriable: false,
            properties: Tags::new(),
        }
    }

    /// Says that trying again is pointless.
    #[must_use]
    pub fn non_retriable(mut self) -> Self {
        self.non_retriable = true;
        self
    }

    /// Adds a cause.
    #[must_use]
    pub fn caused_by(mut self, inner: Self) -> Self {
        self.inner = Some(Box::new(inner));
        self
    }

    /// The bytes of text in it, causes included.
    #[must_use]
    pub fn size(&self) -> usize {
        let own = |failure: &Self| {
            failure.error_type.len()
                + failure.message.len()
                + failure.stack_trace.as_ref().map_or(0, Payload::len)
                + failure.properties.iter().map(|(key, value)| key.len() + value.len()).sum::<usize>()
        };
        self.causes().map(own).sum()
    }

    /// How many failures it tells: itself, its cause, that one's cause, …
    #[must_use]
    pub fn depth(&self) -> usize {
        self.causes().count()
    }

    fn causes(&self) -> impl Iterator<Item = &Self> {
        core::iter::successors(Some(self), |failure| failure.inner.as_deref())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.error_type, self.message)?;
        match &self.inner {
            Some(inner) => write!(f, " (caused by {inner})"),
            None => Ok(()),
        }
    }
}
impl core::error::Error for Failure {}

record! {
    /// Who started an instance as a sub-orchestration, and as which of its tasks.
    pub struct ParentLink {
        /// The parent.
        pub instance: crate::ids::InstanceId,
        /// The parent's workflow.
        pub name: Name,
        /// The parent's workflow version.
        pub version: Option<Name>,
        /// The parent's generation that asked.
        pub execution: crate::ids::ExecutionId,
        /// The parent's task.
        pub task_id: i32,
        /// Whether the parent does not want to hear of the outcome.
        pub detached: bool,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::*;
    use alloc::string::ToString;

    #[test]
    fn times_stay_in_their_range() {
        assert_eq!(at(1).after(Duration::from_secs(2)), at(3));
        assert_eq!(at(1).after(Duration::MAX), Timestamp::MAX);
        assert_eq!(at(3).before(Duration::from_secs(2)), at(1));
        assert_eq!(Timestamp(i64::MIN).before(Duration::MAX), Timestamp(i64::MIN));
        assert_eq!(at(3).since(at(1)), Duration::from_secs(2));
        assert_eq!(at(1).since(at(3)), Duration::ZERO);
        assert_eq!(Timestamp(-1).millis(), -1);
        assert_eq!(Timestamp(1_999_999).millis(), 1);
    }

    #[test]
    fn a_failure_with_its_causes() {
        let mut failure = Failure::new("Outer", "o").caused_by(Failure::new("Inner", "in")).non_retriable();
        failure.stack_trace = payload("at x");
        failure.properties.insert("k".into(), "1".into());
        assert_eq!(failure.to_string(), "Outer: o (caused by Inner: in)");
        assert_eq!(failure.depth(), 2);
        assert_eq!(failure.size(), "OuteroInnerinat xk1".len());
    }

    #[test]
    fn payloads() {
        let payload = Payload::from(String::from("äb"));
        assert_eq!((payload.as_str(), payload.len(), payload.is_empty()), ("äb", 3, false));
        assert!(Payload::from("").is_empty());
    }
}
