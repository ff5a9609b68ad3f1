//! Every bound there is, in one place, passed in.

use crate::value::{Failure, Payload, Tags, Trace};
use crate::ids::InstanceId;
use core::fmt;

/// The bounds of one task hub.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one input, output or event.
    pub payload_bytes: usize,
    /// Bytes of a custom status.
    pub custom_status_bytes: usize,
    /// Characters of an instance id.
    pub instance_id_chars: usize,
    /// Characters of the name of a workflow, function or event.
    pub name_chars: usize,
    /// Tags of one instance or call.
    pub tags: usize,
    /// Bytes of one tag, key and value together.
    pub tag_bytes: usize,
    /// Events of one history.
    pub history_events: usize,
    /// Calls, timers and children that one instance may wait for at a time.
    pub outstanding: usize,
    /// Commands of one turn.
    pub commands: usize,
    /// Messages that wait in an instance that cannot run now.
    pub pending_messages: usize,
}

/// The error type of the failure with which an instance ends that asks for more than the limits allow.
pub const LIMIT_EXCEEDED: &str = "LimitExceeded";

/// How many causes one failure may tell, itself included. Not a setting: the stored form can be read only
/// to a fixed depth.
pub const FAILURE_CAUSES: usize = 32;

impl Default for Limits {
    fn default() -> Self {
        Self {
            payload_bytes: 6 << 20,
            custom_status_bytes: 16 << 10,
            instance_id_chars: 256,
            name_chars: 256,
            tags: 64,
            tag_bytes: 1024,
            history_events: 200_000,
            outstanding: 50_000,
            commands: 50_000,
            pending_messages: 10_000,
        }
    }
}

/// Something was larger than it may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LimitExceeded {
    /// What.
    pub what: &'static str,
    /// How large it is.
    pub size: usize,
    /// How large it may be.
    pub limit: usize,
    /// Of what: bytes, characters, …
    pub unit: &'static str,
}

impl fmt::Display for LimitExceeded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, size, limit, unit } = self;
        write!(f, "{what}: {size} {unit}, where at most {limit} are allowed")
    }
}
impl core::error::Error for LimitExceeded {}

/// Compares a size with its limit.
///
/// # Errors
/// When it is larger.
pub fn at_most(
    what: &'static str,
    unit: &'static str,
    size: usize,
    limit: usize,
) -> Result<(), LimitExceeded> {
    if size <= limit { Ok(()) } else { Err(LimitExceeded { what, size, limit, unit }) }
}

impl Limits {
    pub(crate) fn payload(&self, what: &'static str, payload: Option<&Payload>) -> Result<(), LimitExceeded> {
        at_most(what, "bytes", payload.map_or(0, Payload::len), self.payload_bytes)
    }
    pub(crate) fn name(&self, what: &'static str, name: &str) -> Result<(), LimitExceeded> {
        at_most(what, "characters", name.chars().count(), self.name_chars)
    }
    pub(crate) fn version(&self, version: Option<&str>) -> Result<(), LimitExceeded> {
        version.map_or(Ok(()), |version| self.name("version", version))
    }
    pub(crate) fn instance_id(&self, id: &InstanceId) -> Result<(), LimitExceeded> {
        at_most("instance id", "characters", id.as_str().chars().count(), self.instance_id_chars)
    }
    /// A trace is bounded like a tag.
    pub(crate) fn trace(&self, trace: Option<&Trace>) -> Result<(), LimitExceeded> {
        let bytes = |trace: &Trace| trace.parent.len() + trace.state.as_ref().map_or(0, |state| state.len());
        at_most("the trace", "bytes", trace.map_or(0, bytes), self.tag_bytes)
    }
    pub(crate) fn failure(&self, failure: &Failure) -> Result<(), LimitExceeded> {
        at_most("the causes of a failure", "causes", failure.depth(), FAILURE_CAUSES)?;
        at_most("failure", "bytes", failure.size(), self.payload_bytes)
    }
    pub(crate) fn tags(&self, tags: &Tags) -> Result<(), LimitExceeded> {
        at_most("tags", "tags", tags.len(), self.tags)?;
        let largest = tags.iter().map(|(key, value)| key.len() + value.len()).max().unwrap_or(0);
        at_most("a tag", "bytes", largest, self.tag_bytes)
    }
}
