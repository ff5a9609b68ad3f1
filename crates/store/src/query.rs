//! Questions about many instances.

use partita_kernel::{InstanceId, Name, Payload, Status, Tags, Timestamp};

/// Which instances are meant. Everything given must hold; what is empty or `None` does not restrict.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Any of these statuses.
    pub statuses: Vec<Status>,
    /// Any of these workflow names; a name that ends with `*` stands for all that begin so.
    pub names: Vec<String>,
    /// Ids that begin so.
    pub id_prefix: Option<String>,
    /// Ids that contain this, in any case.
    pub id_contains: Option<String>,
    /// All of these tags.
    pub tags: Tags,
    /// Accepted at or after.
    pub created_from: Option<Timestamp>,
    /// Accepted before.
    pub created_to: Option<Timestamp>,
    /// Changed at or after.
    pub updated_from: Option<Timestamp>,
    /// Changed before.
    pub updated_to: Option<Timestamp>,
    /// Ended at or after.
    pub completed_from: Option<Timestamp>,
    /// Ended before.
    pub completed_to: Option<Timestamp>,
    /// Sub-orchestrations of this instance.
    pub parent: Option<InstanceId>,
    /// Only those that nobody started as a sub-orchestration.
    pub roots_only: bool,
    /// Only those that were set aside, or only those that were not.
    pub set_aside: Option<bool>,
}

/// In which order a list comes; the id decides between equals.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// Newest first.
    #[default]
    CreatedDescending,
    /// Oldest first.
    CreatedAscending,
    /// Last changed first.
    UpdatedDescending,
    /// By id.
    IdAscending,
}

/// The place after a row, in the order of its list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// The row's time in that order; zero when the order is by id.
    pub at: Timestamp,
    /// The row's id.
    pub id: InstanceId,
}

/// A question for a page of instances.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    /// Which.
    pub filter: Filter,
    /// In which order.
    pub order: Order,
    /// After which row.
    pub after: Option<Cursor>,
    /// How many at most.
    pub limit: usize,
    /// Whether the kernel's records are wanted too.
    pub with_records: bool,
}

impl Default for Query {
    fn default() -> Self {
        Self {
            filter: Filter::default(),
            order: Order::default(),
            after: None,
            limit: 100,
            with_records: false,
        }
    }
}

/// A page of instances.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// The instances.
    pub rows: Vec<Row>,
    /// Where the next page begins; `None` on the last.
    pub next: Option<Cursor>,
}

/// One instance in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its id.
    pub id: InstanceId,
    /// Its workflow.
    pub name: Name,
    /// Its workflow's version.
    pub version: Option<Name>,
    /// Its runtime status.
    pub status: Status,
    /// When it was accepted.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// When it ended.
    pub completed_at: Option<Timestamp>,
    /// Its parent.
    pub parent: Option<InstanceId>,
    /// Its tags.
    pub tags: Tags,
    /// What the orchestrator last said of its progress.
    pub custom_status: Option<Payload>,
    /// Whether it was set aside.
    pub set_aside: bool,
    /// The kernel's records of head and state, if they were asked for.
    pub records: Option<(Vec<u8>, Vec<u8>)>,
}

/// How many instances there are of each status.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// By status.
    pub by_status: Vec<(Status, u64)>,
}

impl Counts {
    /// All together.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.by_status.iter().map(|(_, count)| count).sum()
    }
    /// Of one status.
    #[must_use]
    pub fn of(&self, status: Status) -> u64 {
        self.by_status.iter().find(|(found, _)| *found == status).map_or(0, |(_, count)| *count)
    }
}
