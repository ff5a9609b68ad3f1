//! Questions about many instances.

use partita_kernel::{InstanceId, Name, Payload, Status, Tags, Timestamp};

/// Which instances are meant. Everything given must hold; what is empty or `None` does not restrict.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Entities instead of instances. A list holds one of the two kinds, never both.
    pub entities: bool,
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

impl Filter {
    /// Whether an instance passes. What a store does in its own way must agree with this.
    #[must_use]
    pub fn matches(&self, row: &Row) -> bool {
        let id = row.id.as_str();
        row.id.is_entity() == self.entities
            && (self.statuses.is_empty() || self.statuses.contains(&row.status))
            && (self.names.is_empty() || self.names.iter().any(|name| name_matches(name, &row.name)))
            && self.id_prefix.as_deref().is_none_or(|prefix| id.starts_with(prefix))
            && self.id_contains.as_deref().is_none_or(|part| contains_in_any_case(id, part))
            && self.tags.iter().all(|(key, value)| row.tags.get(key) == Some(value))
            && within(Some(row.created_at), self.created_from, self.created_to)
            && within(Some(row.updated_at), self.updated_from, self.updated_to)
            && within(row.completed_at, self.completed_from, self.completed_to)
            && self.parent.as_ref().is_none_or(|parent| row.parent.as_ref() == Some(parent))
            && (!self.roots_only || row.parent.is_none())
            && self.set_aside.is_none_or(|wanted| row.set_aside == wanted)
    }
}

/// Whether `name` is meant by `pattern`: it is the same, or begins with what stands before a final `*`.
#[must_use]
pub fn name_matches(pattern: &str, name: &str) -> bool {
    pattern.strip_suffix('*').map_or(pattern == name, |prefix| name.starts_with(prefix))
}

/// Whether `text` contains `part`, upper and lower case being the same.
#[must_use]
pub fn contains_in_any_case(text: &str, part: &str) -> bool {
    text.to_lowercase().contains(&part.to_lowercase())
}

fn within(at: Option<Timestamp>, from: Option<Timestamp>, to: Option<Timestamp>) -> bool {
    match at {
        None => from.is_none() && to.is_none(),
        Some(at) => from.is_none_or(|from| at >= from) && to.is_none_or(|to| at < to),
    }
}

/// In which order a list comes; the id decides between equals, in the same direction.
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

impl Order {
    /// Whether the greatest comes first.
    #[must_use]
    pub fn is_descending(self) -> bool {
        matches!(self, Self::CreatedDescending | Self::UpdatedDescending)
    }

    /// The place of a row in this order.
    #[must_use]
    pub fn place(self, row: &Row) -> Cursor {
        let at = match self {
            Self::CreatedDescending | Self::CreatedAscending => row.created_at,
            Self::UpdatedDescending => row.updated_at,
            Self::IdAscending => Timestamp(0),
        };
        Cursor { at, id: row.id.clone() }
    }

    /// Which of two places comes first.
    #[must_use]
    pub fn compare(self, a: &Cursor, b: &Cursor) -> std::cmp::Ordering {
        let ascending = a.cmp(b);
        if self.is_descending() { ascending.reverse() } else { ascending }
    }
}

/// The place after a row, in the order of its list.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
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

impl Page {
    /// Makes a page of rows that come in the query's order, after its cursor. One more row than the limit
    /// tells that there is another page.
    #[must_use]
    pub fn cut(query: &Query, mut rows: Vec<Row>) -> Self {
        let more = rows.len() > query.limit;
        rows.truncate(query.limit);
        let next = rows.last().filter(|_| more).map(|row| query.order.place(row));
        Self { rows, next }
    }
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
