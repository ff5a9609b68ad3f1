//! The arguments of commands about schedules.

use super::values::past;
use clap::{Args, Subcommand};
use partita_api::Time;

/// What to do with a schedule.
#[derive(Debug, Subcommand)]
pub(crate) enum ScheduleCommand {
    /// Start nothing any more, until it is resumed; this wins over the configuration
    Pause(ScheduleArgs),
    /// Let it go on; times that passed meanwhile are passed over
    Resume(ScheduleArgs),
    /// Start an instance now, even if an earlier one still runs or it is paused
    Run(ScheduleArgs),
    /// Start what it would have started in a span of the past; what is there already is not started again
    Backfill(BackfillArgs),
}

/// A schedule.
#[derive(Debug, Args)]
pub(crate) struct ScheduleArgs {
    /// Its name
    pub(crate) name: String,
}

/// Makes up for a span of the past.
#[derive(Debug, Args)]
pub(crate) struct BackfillArgs {
    #[command(flatten)]
    pub(crate) schedule: ScheduleArgs,
    /// From this time on, or from so long ago (`2h`)
    #[arg(long, value_name = "TIME", value_parser = past)]
    pub(crate) from: Time,
    /// Before this time, or so long ago; now when not given
    #[arg(long, value_name = "TIME", value_parser = past)]
    pub(crate) to: Option<Time>,
    /// Only say what would be started
    #[arg(long)]
    pub(crate) dry_run: bool,
}
