//! The arguments of commands about apps and definitions.

use super::values::Data;
use clap::Args;
use std::path::PathBuf;
use std::time::Duration;

/// Checks definitions.
#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    /// A state machine (`.asl.json`, `.asl.yaml`), or an app's folder; this folder when none is given
    #[arg(default_value = ".")]
    pub(crate) paths: Vec<PathBuf>,
    /// Warnings count as errors
    #[arg(long)]
    pub(crate) strict: bool,
}

/// Runs a workflow once.
#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    /// A state machine (`.asl.json`, `.asl.yaml`), or an app's folder
    pub(crate) path: PathBuf,
    /// The workflow, when the folder has several
    pub(crate) workflow: Option<String>,
    /// The input: JSON, `@file`, or `-` for the standard input
    #[arg(long, short, value_name = "JSON")]
    pub(crate) input: Option<Data>,
    /// Give up after this long (`30s`, `10m`, `1h30m`)
    #[arg(long, value_name = "TIME", value_parser = super::values::span)]
    pub(crate) timeout: Option<Duration>,
    /// Do not show what happens meanwhile
    #[arg(long, short)]
    pub(crate) quiet: bool,
}

/// Shows what functions have printed.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("whose").required(true).args(["id", "function"]))]
pub(crate) struct LogsArgs {
    /// Of the functions that this instance called
    pub(crate) id: Option<String>,
    /// Of this function, whoever called it
    #[arg(long, value_name = "NAME")]
    pub(crate) function: Option<String>,
    /// Go on showing what comes
    #[arg(long, short)]
    pub(crate) follow: bool,
}
