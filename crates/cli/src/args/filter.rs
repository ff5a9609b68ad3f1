//! Which instances are meant.

use super::values::{past, tag};
use clap::{Args, ValueEnum};
use partita_api::{Filter, Order, Status, Time};

/// Which instances are meant. All that is given must hold.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Which instances")]
pub(crate) struct FilterArgs {
    /// With this status, in any case; can be given several times, or with commas
    #[arg(long, short, value_name = "STATUS", value_delimiter = ',')]
    pub(crate) status: Vec<Status>,
    /// Of this workflow (`Order*` for all that begin so); can be given several times, or with commas
    #[arg(long, short, value_name = "NAME", value_delimiter = ',')]
    pub(crate) name: Vec<String>,
    /// With this tag; can be given several times
    #[arg(long = "tag", value_name = "KEY=VALUE", value_parser = tag)]
    pub(crate) tags: Vec<(String, String)>,
    /// Whose ids begin so
    #[arg(long, value_name = "TEXT")]
    pub(crate) id_prefix: Option<String>,
    /// Whose ids contain this, in any case
    #[arg(long, value_name = "TEXT")]
    pub(crate) id_contains: Option<String>,
    /// Started since: a time, or how long ago (`2h`)
    #[arg(long, value_name = "TIME", value_parser = past)]
    pub(crate) created_after: Option<Time>,
    /// Started before: a time, or how long ago
    #[arg(long, value_name = "TIME", value_parser = past)]
    pub(crate) created_before: Option<Time>,
    /// Changed since: a time, or how long ago
    #[arg(long, value_name = "TIME", value_parser = past)]
    pub(crate) updated_after: Option<Time>,
    /// Not changed since: a time, or how long ago
    #[arg(long, value_name = "TIME", value_parser = past)]
    pub(crate) updated_before: Option<Time>,
    /// Sub-orchestrations of this instance
    #[arg(long, value_name = "ID")]
    pub(crate) parent: Option<String>,
    /// None that is a sub-orchestration
    #[arg(long)]
    pub(crate) roots: bool,
    /// Set aside after failed turns
    #[arg(long)]
    pub(crate) set_aside: bool,
}

impl FilterArgs {
    /// For the server.
    pub(crate) fn filter(&self) -> Filter {
        Filter {
            status: self.status.clone(),
            name: self.name.clone(),
            id_prefix: self.id_prefix.clone(),
            id_contains: self.id_contains.clone(),
            tags: self.tags.iter().cloned().collect(),
            created_from: self.created_after,
            created_to: self.created_before,
            updated_from: self.updated_after,
            updated_to: self.updated_before,
            parent: self.parent.clone(),
            roots_only: self.roots,
            set_aside: self.set_aside.then_some(true),
            ..Filter::default()
        }
    }
}

/// In which order a list comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum OrderArg {
    Newest,
    Oldest,
    Updated,
    Id,
}

impl From<OrderArg> for Order {
    fn from(order: OrderArg) -> Self {
        match order {
            OrderArg::Newest => Self::Newest,
            OrderArg::Oldest => Self::Oldest,
            OrderArg::Updated => Self::Updated,
            OrderArg::Id => Self::Id,
        }
    }
}

/// Lists instances.
#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    #[command(flatten)]
    pub(crate) filter: FilterArgs,
    /// Newest first, oldest first, last changed first, or by id
    #[arg(help_heading = "The list", long, value_enum, default_value_t = OrderArg::Newest)]
    pub(crate) order: OrderArg,
    /// How many at most
    #[arg(
        help_heading = "The list",
        long,
        value_name = "NUMBER",
        default_value_t = 50,
        conflicts_with = "all"
    )]
    #[arg(value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) limit: u32,
    /// All of them
    #[arg(help_heading = "The list", long, short)]
    pub(crate) all: bool,
    /// Inputs, outputs and failures too (JSON only)
    #[arg(help_heading = "The list", long)]
    pub(crate) payloads: bool,
    /// Only how many there are, by status
    #[arg(help_heading = "The list", long, conflicts_with_all = ["all", "payloads"])]
    pub(crate) count: bool,
}

/// Deletes instances.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("which").required(true).multiple(true)
    .args(["id", "status", "name", "older_than", "tags"]))]
pub(crate) struct PurgeArgs {
    /// The instance
    #[arg(conflicts_with_all = ["status", "name", "older_than", "tags"])]
    pub(crate) id: Option<String>,
    /// Those with this status; can be given several times, or with commas
    #[arg(long, short, value_name = "STATUS", value_delimiter = ',')]
    pub(crate) status: Vec<Status>,
    /// Those of this workflow (`Order*` for all that begin so)
    #[arg(long, short, value_name = "NAME", value_delimiter = ',')]
    pub(crate) name: Vec<String>,
    /// Those that ended before: a time, or how long ago (`7d`)
    #[arg(long, value_name = "TIME", value_parser = past)]
    pub(crate) older_than: Option<Time>,
    /// Those with this tag
    #[arg(long = "tag", value_name = "KEY=VALUE", value_parser = tag)]
    pub(crate) tags: Vec<(String, String)>,
    /// Keep the instance's sub-orchestrations
    #[arg(long, requires = "id")]
    pub(crate) no_recurse: bool,
    /// Do not ask
    #[arg(long, short)]
    pub(crate) yes: bool,
}

impl PurgeArgs {
    /// For the server.
    pub(crate) fn filter(&self) -> Filter {
        Filter {
            status: self.status.clone(),
            name: self.name.clone(),
            completed_to: self.older_than,
            tags: self.tags.iter().cloned().collect(),
            ..Filter::default()
        }
    }
}
