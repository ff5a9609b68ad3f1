//! Identifiers. All of them are data: the kernel never makes one up out of nothing.

use crate::codec::{DecodeError, Reader, Wire, Writer};
use alloc::{format, sync::Arc};
use core::fmt;

/// The name of one workflow instance, unique within a task hub.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct InstanceId(Arc<str>);

/// Why a text cannot be an instance id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InvalidInstanceId {
    /// Nothing was given.
    Empty,
    /// Longer than the limit.
    TooLong {
        /// Characters given.
        length: usize,
        /// Characters allowed.
        limit: usize,
    },
    /// `@` at the start is kept for entities.
    LeadingAt,
    /// A character that has a meaning in URLs, or a control character.
    Character(char),
    /// Not the id of an entity.
    NotAnEntity,
}

impl fmt::Display for InvalidInstanceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("the instance id is empty; give at least one character"),
            Self::TooLong { length, limit } => {
                write!(f, "the instance id has {length} characters; at most {limit} are allowed")
            }
            Self::LeadingAt => f.write_str("an instance id must not start with '@', which marks entities"),
            Self::Character(c) => {
                write!(
                    f,
                    "the instance id contains {c:?}; '/', '\\', '#', '?' and control characters are not allowed"
                )
            }
            Self::NotAnEntity => {
                f.write_str("the id of an entity has the form '@name@key', with a name that is not empty")
            }
        }
    }
}

impl core::error::Error for InvalidInstanceId {}

impl InstanceId {
    /// Checks `text` by the rules of the Durable Functions HTTP API.
    ///
    /// # Errors
    /// Says which rule `text` breaks.
    pub fn parse(text: &str, limit: usize) -> Result<Self, InvalidInstanceId> {
        if text.is_empty() {
            return Err(InvalidInstanceId::Empty);
        }
        let length = text.chars().count();
        if length > limit {
            return Err(InvalidInstanceId::TooLong { length, limit });
        }
        if text.starts_with('@') {
            return Err(InvalidInstanceId::LeadingAt);
        }
        match text.chars().find(|c| matches!(c, '/' | '\\' | '#' | '?') || c.is_control()) {
            Some(c) => Err(InvalidInstanceId::Character(c)),
            None => Ok(Self(text.into())),
        }
    }

    /// Checks `text` as the id of an entity, `@name@key`. Names of entities are the same in any case.
    ///
    /// # Errors
    /// Says which rule `text` breaks.
    pub fn parse_entity(text: &str, limit: usize) -> Result<Self, InvalidInstanceId> {
        let parts = text.strip_prefix('@').and_then(|rest| rest.split_once('@'));
        let (name, key) = parts.filter(|(name, _)| !name.is_empty()).ok_or(InvalidInstanceId::NotAnEntity)?;
        Self::entity(name, key, limit)
    }

    /// The id of the entity of that name and key.
    ///
    /// # Errors
    /// Says which rule they break.
    pub fn entity(name: &str, key: &str, limit: usize) -> Result<Self, InvalidInstanceId> {
        if name.is_empty() || name.contains('@') {
            return Err(InvalidInstanceId::NotAnEntity);
        }
        let text = format!("@{}@{key}", name.to_lowercase());
        let length = text.chars().count();
        if length > limit {
            return Err(InvalidInstanceId::TooLong { length, limit });
        }
        match text.chars().find(|c| c.is_control()) {
            Some(c) => Err(InvalidInstanceId::Character(c)),
            None => Ok(Self(text.into())),
        }
    }

    /// Whether it is that of an entity.
    #[must_use]
    pub fn is_entity(&self) -> bool {
        self.0.starts_with('@')
    }

    /// The entity's name, in lower case, and its key.
    #[must_use]
    pub fn entity_parts(&self) -> Option<(&str, &str)> {
        self.0.strip_prefix('@')?.split_once('@')
    }

    /// Takes an id that was checked before, or that Partita made itself.
    #[must_use]
    pub fn trusted(text: &str) -> Self {
        Self(text.into())
    }

    /// The id of a sub-orchestration for which the caller named none: unique, and the same on replay.
    #[must_use]
    pub fn child(execution: ExecutionId, task_id: i32) -> Self {
        Self(format!("{execution}:{task_id:x}").into())
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for InstanceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
impl fmt::Debug for InstanceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", &*self.0)
    }
}
impl AsRef<str> for InstanceId {
    fn as_ref(&self) -> &str {
        &self.0
    }
}
impl core::borrow::Borrow<str> for InstanceId {
    fn borrow(&self) -> &str {
        &self.0
    }
}
impl Wire for InstanceId {
    fn put(&self, w: &mut Writer) {
        w.text(&self.0);
    }
    fn get(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self(r.text()?.into()))
    }
}

/// One generation of an instance: fresh at the start, at each continue-as-new and at each rewind.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ExecutionId(pub u128);

impl ExecutionId {
    /// Reads the 32 hexadecimal digits that `Display` writes.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        (text.len() == 32).then(|| u128::from_str_radix(text, 16).ok().map(Self)).flatten()
    }
}
impl fmt::Display for ExecutionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}
impl fmt::Debug for ExecutionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
impl Wire for ExecutionId {
    fn put(&self, w: &mut Writer) {
        w.bytes(&self.0.to_le_bytes());
    }
    fn get(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self(u128::from_le_bytes(r.array()?)))
    }
}

/// A slice of a task hub's instances. An instance never changes its partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Partition(pub u16);

impl Partition {
    /// The partition of `id` among `count`: FNV-1a over the id's bytes, a function that may never
    /// change, because stores depend on it.
    #[must_use]
    pub fn of(id: &InstanceId, count: u16) -> Self {
        let hash = id.as_str().bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
        let mixed = hash ^ (hash >> 32);
        #[allow(clippy::cast_possible_truncation)] // the remainder of a u16 fits a u16
        Self((mixed % u64::from(count.max(1))) as u16)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn the_rules_of_instance_ids() {
        assert!(InstanceId::parse("order-1 ä", 256).is_ok());
        assert_eq!(InstanceId::parse("", 9), Err(InvalidInstanceId::Empty));
        assert_eq!(InstanceId::parse("@x", 9), Err(InvalidInstanceId::LeadingAt));
        for bad in ['/', '\\', '#', '?', '\n'] {
            assert_eq!(InstanceId::parse(&format!("a{bad}"), 9), Err(InvalidInstanceId::Character(bad)));
        }
    }

    #[test]
    fn the_length_limit_at_its_edge() {
        let text = |n| "x".repeat(n);
        assert!(InstanceId::parse(&text(15), 16).is_ok());
        assert!(InstanceId::parse(&text(16), 16).is_ok());
        assert_eq!(
            InstanceId::parse(&text(17), 16),
            Err(InvalidInstanceId::TooLong { length: 17, limit: 16 })
        );
    }

    #[test]
    fn execution_ids_read_back() {
        let id = ExecutionId(0x1234);
        assert_eq!(ExecutionId::parse(&id.to_string()), Some(id));
        assert_eq!(ExecutionId::parse("12"), None);
    }

    /// Stored data depends on these numbers.
    #[test]
    fn partitions_never_move() {
        let of = |id: &str, count| Partition::of(&InstanceId::trusted(id), count).0;
        let sample = |count| ["a", "order-1", "order-2", "ä", ""].map(|id| of(id, count));
        assert_eq!(sample(16), [0, 2, 11, 5, 1]);
        assert_eq!(sample(7), [1, 0, 3, 6, 6]);
        assert_eq!(sample(u16::MAX), [58834, 45777, 58794, 57896, 30825]);
        assert_eq!((sample(1), sample(0)), ([0; 5], [0; 5]));
        let spread: alloc::collections::BTreeSet<u16> = (0..200).map(|n| of(&format!("w{n}"), 16)).collect();
        assert_eq!(spread.len(), 16);
    }
}
