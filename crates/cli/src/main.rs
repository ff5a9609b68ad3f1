//! The command line of Partita.
//!
//! | module | holds |
//! | --- | --- |
//! | `args` | the command line, as clap reads it |
//! | `commands` | what the commands do |
//! | `dev` | `partita dev`: an app's processes |
//! | `api`, `sse` | asking the server |
//! | `watch` | waiting for instances, and following them |
//! | `output` | tables, JSON, colours, times |
//! | `exit` | exit codes and errors |

mod api;
mod args;
mod commands;
mod dev;
mod exit;
mod output;
mod sse;
mod watch;

use args::{Cli, Output};
use clap::Parser;
use exit::{Exit, Failure};
use output::Printer;
use std::process::ExitCode;

fn main() -> ExitCode {
    if std::env::args_os().nth(1).is_some_and(|first| first == commands::LAUNCH) {
        return partita_functions::launcher::main();
    }
    let cli = Cli::parse();
    let printer = Printer::new(&cli.global);
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return ended(Err(error.into()), &printer),
    };
    ended(runtime.block_on(commands::run(cli, printer)), &printer)
}

fn ended(outcome: exit::Result<Exit>, printer: &Printer) -> ExitCode {
    let exit = match outcome {
        Ok(exit) => exit,
        Err(failure) => told(&failure, printer),
    };
    ExitCode::from(exit.code())
}

/// Tells a failure: as JSON where results are JSON.
fn told(failure: &Failure, printer: &Printer) -> Exit {
    match (failure.exit, printer.format) {
        (Exit::Ok, _) => {}
        (_, Output::Table) => printer.note(&format!("error: {failure}")),
        (_, Output::Json | Output::Jsonl) => printer.note(&failure.to_json().to_string()),
    }
    failure.exit
}
