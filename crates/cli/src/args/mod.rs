//! The command line, as clap reads it.

mod app;
mod entity;
mod filter;
mod instance;
mod schedule;
mod serve;
mod values;

pub(crate) use app::{CheckArgs, LogsArgs, RunArgs};
pub(crate) use entity::{EntitiesArgs, EntityArgs, EntityCommand, SignalArgs};
pub(crate) use filter::{ListArgs, PurgeArgs};
pub(crate) use instance::{
    HistoryArgs, IdArgs, RaiseArgs, ReasonArgs, RestartArgs, StartArgs, TerminateArgs, WatchArgs,
};
pub(crate) use schedule::{BackfillArgs, ScheduleCommand};
pub(crate) use serve::{ConfigArgs, DevArgs, ServeArgs, StoreCommand};
pub(crate) use values::Data;

use clap::{Parser, Subcommand, ValueEnum};

/// The server that is asked when nothing else is said.
pub(crate) const DEFAULT_SERVER: &str = "http://127.0.0.1:4001";

const EXIT_CODES: &str = "\
Exit codes:
  0  it was done
  1  it could not be done
  2  it was asked for in a way that makes no sense
  3  there is no such instance, workflow, entity, schedule or file
  4  the instance, entity or store is not in a state for it, or an instance of that id exists
  5  the instance that was waited for failed or was terminated (--wait, --follow)
  6  the server cannot be reached
  7  it took longer than --timeout";

const START_EXAMPLES: &str = "\
Examples:
  partita start NewOrder --input '{\"shoppingCartId\": \"...\"}' --follow
  partita start Cleanup --at 2h --tag team=shop
  id=$(partita start Report --input @report.json)";

const LIST_EXAMPLES: &str = "\
Examples:
  partita list --status running,failed --created-after 2h
  partita list --name 'Order*' --all -o jsonl
  partita list --count";

const PURGE_EXAMPLES: &str = "\
Examples:
  partita purge 6f2a3b1c
  partita purge --status completed --older-than 7d --yes";

const ENTITIES_EXAMPLES: &str = "\
Examples:
  partita entities
  partita entities Cart --key-prefix berlin- --state
  partita entities --transient --all -o jsonl";

const DEV_HELP: &str = "\
What is in the folder is offered, and brought in again when it changes:
  functions/NAME/func.yaml  functions for the FDKs of the Fn Project, with func.py or func.js
  workflows/NAME.asl.json   state machines (also .asl.yaml)

Its partita.toml, if there is one, can name processes:
  [process.NAME]
  command   = [\"program\", \"argument\"]
  directory = \"...\"           the folder, when left out
  env       = { KEY = \"...\" }
  watch     = [\"src\"]         files and folders; a change starts the process again
  ready     = \"http://...\"    answers when the process is ready
  engine    = true            it embeds the engine: it gets PARTITA_LISTEN and PARTITA_DATA_DIR

When no process embeds the engine, a server runs beside them, with the triggers, schedules and
settings of the same file, and the processes get PARTITA_SERVER.";

/// Durable workflows: runs apps and servers; starts, watches and steers instances.
#[derive(Debug, Parser)]
#[command(name = "partita", version, after_help = EXIT_CODES, propagate_version = false)]
#[command(disable_help_subcommand = true, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: GlobalArgs,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What all commands know.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Everywhere")]
pub(crate) struct GlobalArgs {
    /// The server to ask
    #[arg(long, global = true, value_name = "URL", env = "PARTITA_SERVER", hide_env_values = true)]
    #[arg(default_value = DEFAULT_SERVER)]
    pub(crate) server: String,
    /// The task hub that is meant; the default one when not given
    #[arg(long, global = true, value_name = "NAME", env = "PARTITA_HUB", hide_env_values = true)]
    pub(crate) hub: Option<String>,
    /// How results are written: for people, as one JSON document, or as one a line, as they come
    #[arg(long, short, global = true, value_enum, default_value_t = Output::Table)]
    pub(crate) output: Output,
    /// Short for `--output json`
    #[arg(long, global = true, conflicts_with = "output")]
    pub(crate) json: bool,
    /// When to use colours; `auto` means on a terminal, and not when NO_COLOR is set
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto, value_name = "WHEN")]
    pub(crate) color: Color,
}

impl GlobalArgs {
    /// How results are written.
    pub(crate) fn format(&self) -> Output {
        if self.json { Output::Json } else { self.output }
    }
}

/// How results are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[allow(missing_docs)] // what is said of the values would make every help text twice as long
pub(crate) enum Output {
    Table,
    Json,
    Jsonl,
}

/// When to use colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[allow(missing_docs)] // each is what its name says
pub(crate) enum Color {
    Auto,
    Always,
    Never,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run an app's folder: start its processes, and start them again when they change
    #[command(after_help = DEV_HELP)]
    Dev(DevArgs),
    /// Run a workflow or a state machine once, in this process
    Run(RunArgs),
    /// Check definitions, and say all that is wrong with them
    Check(CheckArgs),
    /// Run a server
    Serve(ServeArgs),
    /// Start an instance of a workflow
    #[command(after_help = START_EXAMPLES)]
    Start(StartArgs),
    /// List instances
    #[command(visible_alias = "ls", after_help = LIST_EXAMPLES)]
    List(ListArgs),
    /// Show one instance
    Show(IdArgs),
    /// Show what has happened to an instance, event by event
    History(HistoryArgs),
    /// Say what an instance waits for
    Why(IdArgs),
    /// Show what functions have printed
    Logs(LogsArgs),
    /// Raise an external event at an instance
    Raise(RaiseArgs),
    /// Stop an instance for now; it keeps what arrives
    Suspend(ReasonArgs),
    /// Let a suspended or set-aside instance go on
    Resume(ReasonArgs),
    /// End an instance, with the sub-orchestrations that it waits for
    Terminate(TerminateArgs),
    /// Take a failed instance back to its last good state: what failed is tried again
    Rewind(ReasonArgs),
    /// Run an instance again from its beginning, with the same input
    Restart(RestartArgs),
    /// Delete instances that have ended
    #[command(after_help = PURGE_EXAMPLES)]
    Purge(PurgeArgs),
    /// List entities
    #[command(after_help = ENTITIES_EXAMPLES)]
    Entities(EntitiesArgs),
    /// Show, signal and delete entities
    #[command(subcommand)]
    Entity(EntityCommand),
    /// Show the workers, what each can run and has at hand, and what waits for one
    Workers,
    /// List schedules
    Schedules,
    /// Pause, resume and run schedules, and make up for what they missed
    #[command(subcommand)]
    Schedule(ScheduleCommand),
    /// Show, make and delete task hubs, which keep instances apart from each other
    #[command(subcommand)]
    Hub(HubCommand),
    /// Check, copy, shrink and look at stores
    #[command(subcommand)]
    Store(StoreCommand),
    /// Look at the configuration
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Write the completions of a shell
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
    /// Show the versions of this program and of the server
    Version,
}

/// What to do with task hubs.
#[derive(Debug, Subcommand)]
pub(crate) enum HubCommand {
    /// Show the task hubs that there are
    List,
    /// Make a task hub, unless it is there
    Create {
        /// Its name: 1 to 45 letters, digits, - and _, beginning with a letter; upper and lower case are the same
        name: String,
    },
    /// Delete a task hub with everything that is in it
    Delete {
        /// Its name
        name: String,
        /// Also when it has instances that have not ended
        #[arg(long)]
        force: bool,
    },
}

/// What to do with the configuration.
#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Show every setting, its value, and where it comes from
    Show(ConfigArgs),
}
