//! The arguments of commands that run or look at servers and stores.

use super::values::setting;
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// Runs an app's folder.
#[derive(Debug, Args)]
pub(crate) struct DevArgs {
    /// The folder with `partita.toml`
    #[arg(default_value = ".")]
    pub(crate) folder: PathBuf,
    /// The port of the API; the next free one is taken when it is in use
    #[arg(long, value_name = "NUMBER")]
    pub(crate) port: Option<u16>,
    /// Do not start processes again when files change
    #[arg(long)]
    pub(crate) no_watch: bool,
}

/// Where settings come from, beside the environment.
#[derive(Clone, Debug, Args)]
pub(crate) struct ConfigArgs {
    /// The configuration; `partita.toml` in this folder, if there is one, when not given
    #[arg(long, value_name = "FILE", env = "PARTITA_CONFIG", hide_env_values = true)]
    pub(crate) config: Option<PathBuf>,
    /// Any setting that `partita config show` lists; can be given several times
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = setting)]
    pub(crate) settings: Vec<(String, String)>,
}

/// Runs a server.
#[derive(Debug, Args)]
pub(crate) struct ServeArgs {
    /// The port
    #[arg(long, value_name = "NUMBER")]
    pub(crate) port: Option<u16>,
    /// The address and port
    #[arg(long, value_name = "ADDRESS", conflicts_with = "port")]
    pub(crate) listen: Option<String>,
    /// The folder in which everything is kept [default: partita-data]
    #[arg(long, value_name = "FOLDER", conflicts_with_all = ["in_memory", "database_url"])]
    pub(crate) data_dir: Option<PathBuf>,
    /// Keep everything in memory: it is gone when the server ends
    #[arg(long, conflicts_with = "database_url")]
    pub(crate) in_memory: bool,
    /// A database in which everything is kept; not in this version
    #[arg(long, value_name = "URL")]
    pub(crate) database_url: Option<String>,
    /// Listen where other machines can reach it, although it does not ask anybody who they are: whoever
    /// can reach it can start, read and delete everything
    #[arg(long)]
    pub(crate) allow_unauthenticated_network: bool,
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
}

/// What to do with a store.
#[derive(Debug, Subcommand)]
pub(crate) enum StoreCommand {
    /// Check a store that nobody has open: journal, tables, histories
    Check {
        /// The store's folder
        folder: PathBuf,
    },
    /// Copy a store, while it is in use or not
    Backup {
        /// Where to: a new folder; on a running server, its name within the server's `backup-dir`
        target: PathBuf,
        /// The folder of a store that nobody has open; without it, the running server makes the copy
        #[arg(long, value_name = "FOLDER")]
        from: Option<PathBuf>,
    },
    /// Make a store smaller that nobody has open
    Compact {
        /// The store's folder
        folder: PathBuf,
    },
    /// Show a store's size and place
    Info {
        /// The folder of a store that nobody has open; without it, the running server is asked
        folder: Option<PathBuf>,
    },
}
