//! What is written and read: bytes that the kernel made, beside the fields that a store may index.

use partita_kernel::{InstanceId, Name, Payload, Status, Tags, Timestamp};

/// What one partition makes durable at once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Batch {
    /// Instances written or deleted, in order; the same instance may come more than once.
    pub writes: Vec<Write>,
    /// Messages for other instances, of this partition or another.
    pub sent: Vec<StoredMessage>,
    /// Messages that these writes took in; they are gone from now on.
    pub consumed: Vec<MessageId>,
}

/// A change of one instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Write {
    /// Its new record, and what its history gains.
    Put(Box<Put>),
    /// Gone, with its history.
    Delete(InstanceId),
}

/// An instance's new record, and what its history gains.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Put {
    /// Which instance.
    pub id: InstanceId,
    /// What does not change within a generation: given with the first record and when it changes.
    pub head: Option<HeadRecord>,
    /// What changes with each turn.
    pub state: StateRecord,
    /// Whether the history before `events` goes.
    pub reset_history: bool,
    /// What the history gains.
    pub events: Events,
}

/// Consecutive events of one history, encoded one after another.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Events {
    /// The number of the first one.
    pub first: u32,
    /// How many.
    pub count: u32,
    /// Their stored form.
    pub bytes: Vec<u8>,
}

/// What does not change within a generation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeadRecord {
    /// The workflow's name.
    pub name: Name,
    /// The workflow's version.
    pub version: Option<Name>,
    /// When the instance was accepted.
    pub created_at: Timestamp,
    /// Its parent.
    pub parent: Option<InstanceId>,
    /// Its tags.
    pub tags: Tags,
    /// The kernel's own record.
    pub bytes: Vec<u8>,
}

/// What changes with each turn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateRecord {
    /// The runtime status.
    pub status: Status,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// When it ended.
    pub completed_at: Option<Timestamp>,
    /// When something is due that no message announces.
    pub next_wake: Option<Timestamp>,
    /// Whether it must be looked at when its partition gets a new owner.
    pub recover: bool,
    /// Whether it was set aside.
    pub set_aside: bool,
    /// What the orchestrator last said of its progress.
    pub custom_status: Option<Payload>,
    /// The kernel's own record.
    pub bytes: Vec<u8>,
}

/// An instance as it was last written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredInstance {
    /// Which instance.
    pub id: InstanceId,
    /// The kernel's record of what does not change.
    pub head: Vec<u8>,
    /// The kernel's record of what changes.
    pub state: Vec<u8>,
}

/// Part of a history: consecutive events in one or more encoded runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HistoryPage {
    /// Runs of events, consecutive, the first of which holds the event that was asked for.
    pub runs: Vec<Events>,
    /// How many events the history has in all.
    pub total: u32,
}

/// Names a message for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MessageId(pub u128);

/// A message between instances that was sent and not consumed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredMessage {
    /// Its name.
    pub id: MessageId,
    /// Whose inbox.
    pub target: InstanceId,
    /// The kernel's own record.
    pub bytes: Vec<u8>,
}
