//! The arguments of commands about one instance.

use super::values::{Data, future, span, tag};
use clap::Args;
use partita_api::{Status, Time};
use std::time::Duration;

/// An instance.
#[derive(Debug, Args)]
pub(crate) struct IdArgs {
    /// The instance
    pub(crate) id: String,
}

/// An instance, and why.
#[derive(Debug, Args)]
pub(crate) struct ReasonArgs {
    /// The instance
    pub(crate) id: String,
    /// Why; it stands in the history
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: Option<String>,
}

/// How an instance is watched.
#[derive(Clone, Debug, Args)]
#[command(group = clap::ArgGroup::new("watching").args(["wait", "follow"]))]
pub(crate) struct WatchArgs {
    /// Wait until it has ended, and show it
    #[arg(long)]
    pub(crate) wait: bool,
    /// Show what happens, as it happens, until it has ended
    #[arg(long)]
    pub(crate) follow: bool,
    /// Stop waiting after this long (`30s`, `10m`, `1h30m`); the instance goes on
    #[arg(long, value_name = "TIME", value_parser = span, requires = "watching")]
    pub(crate) timeout: Option<Duration>,
}

/// Starts an instance.
#[derive(Debug, Args)]
pub(crate) struct StartArgs {
    /// The workflow
    pub(crate) name: String,
    /// The instance's id; one is made when none is given
    #[arg(long)]
    pub(crate) id: Option<String>,
    /// The input: JSON, `@file`, or `-` for the standard input
    #[arg(long, short, value_name = "JSON")]
    pub(crate) input: Option<Data>,
    /// The workflow's version
    #[arg(long, value_name = "VERSION")]
    pub(crate) workflow_version: Option<String>,
    /// A tag; can be given several times
    #[arg(long = "tag", value_name = "KEY=VALUE", value_parser = tag)]
    pub(crate) tags: Vec<(String, String)>,
    /// When to begin: a time, or how long until then (`2h`)
    #[arg(long, value_name = "TIME", value_parser = future)]
    pub(crate) at: Option<Time>,
    /// Replace an instance of the same id that has this status; can be given several times
    #[arg(long, value_name = "STATUS", value_delimiter = ',')]
    pub(crate) replace: Vec<Status>,
    #[command(flatten)]
    pub(crate) watch: WatchArgs,
}

/// Shows a history.
#[derive(Debug, Args)]
pub(crate) struct HistoryArgs {
    /// The instance
    pub(crate) id: String,
    /// Go on showing events as they come, until it has ended
    #[arg(long, short)]
    pub(crate) follow: bool,
    /// The number of the first event to show
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    pub(crate) from: u32,
    /// Stop following after this long
    #[arg(long, value_name = "TIME", value_parser = span, requires = "follow")]
    pub(crate) timeout: Option<Duration>,
}

/// Raises an event.
#[derive(Debug, Args)]
pub(crate) struct RaiseArgs {
    /// The instance
    pub(crate) id: String,
    /// The event's name
    pub(crate) event: String,
    /// The event's data: JSON, `@file`, or `-` for the standard input
    #[arg(long, short, value_name = "JSON")]
    pub(crate) data: Option<Data>,
}

/// Ends an instance.
#[derive(Debug, Args)]
pub(crate) struct TerminateArgs {
    /// The instance
    pub(crate) id: String,
    /// Why; it becomes the instance's output
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: Option<String>,
    /// Let the sub-orchestrations go on that it waits for
    #[arg(long)]
    pub(crate) no_recurse: bool,
}

/// Runs an instance again.
#[derive(Debug, Args)]
pub(crate) struct RestartArgs {
    /// The instance
    pub(crate) id: String,
    /// Give the new run an id of its own, instead of the place of the old one
    #[arg(long)]
    pub(crate) new_id: bool,
    /// Another input for the new run: JSON, `@file`, or `-` for the standard input
    #[arg(long, short, value_name = "JSON", requires = "new_id")]
    pub(crate) input: Option<Data>,
    #[command(flatten)]
    pub(crate) watch: WatchArgs,
}
