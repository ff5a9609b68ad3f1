//! What the commands do.

mod check;
mod config;
mod entity;
mod hub;
mod instance;
mod list;
mod logs;
mod paging;
mod purge;
mod run;
mod schedule;
mod serve;
mod store;
mod version;
mod workers;

pub(crate) use config::{FILE as CONFIG_FILE, load, read as read_toml};
pub(crate) use serve::{Hosted, LAUNCH, host, launcher, log, stop_signal};

use crate::api::Api;
use crate::args::{Cli, Command, ConfigCommand};
use crate::dev;
use crate::exit::{Exit, Result};
use crate::output::Printer;
use clap::CommandFactory;

/// Does what was asked for.
pub(crate) async fn run(cli: Cli, printer: Printer) -> Result<Exit> {
    let global = cli.global;
    match cli.command {
        Command::Dev(args) => dev::run(&args, &printer).await,
        Command::Serve(args) => serve::run(&args, &printer).await,
        Command::Run(args) => run::run(&args, &printer).await,
        Command::Check(args) => check::run(&args, &printer),
        Command::Config(ConfigCommand::Show(args)) => config::show(&args, &printer),
        Command::Completions { shell } => {
            clap_complete::generate(shell, &mut Cli::command(), "partita", &mut std::io::stdout());
            Ok(Exit::Ok)
        }
        Command::Version => version::run(&global, &printer).await,
        Command::Store(command) => store::run(&command, &global, &printer).await,
        command => ask(command, &Api::new(&global)?, &printer).await,
    }
}

/// What needs a server.
async fn ask(command: Command, api: &Api, printer: &Printer) -> Result<Exit> {
    match command {
        Command::Start(args) => instance::start(api, printer, &args).await,
        Command::List(args) => list::run(api, printer, &args).await,
        Command::Show(args) => instance::show(api, printer, &args.id).await,
        Command::History(args) => instance::history(api, printer, &args).await,
        Command::Why(args) => instance::why(api, printer, &args.id).await,
        Command::Logs(args) => logs::run(api, printer, &args).await,
        Command::Raise(args) => instance::raise(api, printer, &args).await,
        Command::Suspend(args) => instance::tell(api, printer, &args, "suspend", "suspended").await,
        Command::Resume(args) => instance::tell(api, printer, &args, "resume", "resumed").await,
        Command::Rewind(args) => instance::tell(api, printer, &args, "rewind", "rewound").await,
        Command::Terminate(args) => instance::terminate(api, printer, &args).await,
        Command::Restart(args) => instance::restart(api, printer, &args).await,
        Command::Purge(args) => purge::run(api, printer, &args).await,
        Command::Workers => workers::run(api, printer).await,
        Command::Entities(args) => entity::list(api, printer, &args).await,
        Command::Entity(command) => entity::run(api, printer, &command).await,
        Command::Schedules => schedule::list(api, printer).await,
        Command::Schedule(command) => schedule::run(api, printer, &command).await,
        Command::Hub(command) => hub::run(api, printer, &command).await,
        // All others were dealt with before.
        _ => Ok(Exit::Ok),
    }
}
