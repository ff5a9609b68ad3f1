//! The arguments of commands about entities.

use super::values::{Data, future, past};
use clap::{Args, Subcommand};
use partita_api::Time;

/// Lists entities.
#[derive(Debug, Args)]
pub(crate) struct EntitiesArgs {
    /// Of this name, in any case (`Cart*` for all that begin so)
    pub(crate) name: Option<String>,
    /// Whose keys begin so
    #[arg(long, value_name = "TEXT", requires = "name")]
    pub(crate) key_prefix: Option<String>,
    /// Changed since: a time, or how long ago (`2h`)
    #[arg(long, value_name = "TIME", value_parser = past)]
    pub(crate) updated_after: Option<Time>,
    /// Not changed since: a time, or how long ago
    #[arg(long, value_name = "TIME", value_parser = past)]
    pub(crate) updated_before: Option<Time>,
    /// Also those without a state, which are only locked or waited for
    #[arg(long)]
    pub(crate) transient: bool,
    /// The states too
    #[arg(long)]
    pub(crate) state: bool,
    /// How many at most
    #[arg(long, value_name = "NUMBER", default_value_t = 50, conflicts_with = "all")]
    #[arg(value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) limit: u32,
    /// All of them
    #[arg(long, short)]
    pub(crate) all: bool,
}

/// What to do with entities.
#[derive(Debug, Subcommand)]
pub(crate) enum EntityCommand {
    /// Show an entity and its state
    Show(EntityArgs),
    /// Have an entity run an operation, without waiting for it
    Signal(SignalArgs),
    /// Delete an entity at once, unless it is locked or something waits for it
    Delete(EntityArgs),
    /// Release locks that no critical section holds any more, and remove entities of which nothing is left
    Clean,
}

/// An entity.
#[derive(Debug, Args)]
pub(crate) struct EntityArgs {
    /// Its name, in any case
    pub(crate) name: String,
    /// Its key; `''` for the empty one
    pub(crate) key: String,
}

/// Has an entity run an operation.
#[derive(Debug, Args)]
pub(crate) struct SignalArgs {
    #[command(flatten)]
    pub(crate) entity: EntityArgs,
    /// The operation
    pub(crate) operation: String,
    /// The operation's input: JSON, `@file`, or `-` for the standard input
    #[arg(long, short, value_name = "JSON")]
    pub(crate) input: Option<Data>,
    /// Not to be run before: a time, or how long until then (`2h`)
    #[arg(long, value_name = "TIME", value_parser = future)]
    pub(crate) at: Option<Time>,
}
