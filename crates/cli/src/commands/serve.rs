//! `partita serve`, and the server inside of `partita dev`.

use crate::args::ServeArgs;
use crate::commands::config::load;
use crate::exit::{Exit, Failure, Result};
use crate::output::Printer;
use partita::Runtime;
use partita_server::{Config, ServeError, Server};
use std::future::Future;
use std::io::IsTerminal;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tracing_subscriber::EnvFilter;

/// Where a server keeps everything when nothing else is said.
const DATA_DIR: &str = "partita-data";
/// How long functions under way get to end.
const GRACE: Duration = Duration::from_secs(10);

pub(super) async fn run(args: &ServeArgs, printer: &Printer) -> Result<Exit> {
    if args.database_url.is_some() {
        return Err(Failure::usage(
            "--database-url: this version keeps everything in a folder, not in a database",
        )
        .advise("use --data-dir FOLDER; a store for PostgreSQL is planned"));
    }
    let config = load(&args.config, flags(args), printer)?;
    log();
    let stop = stop_signal()?;
    let place = place(&config);
    let hosted = host(&config, place.as_deref()).await?;
    let kept = place.map_or_else(|| "memory".to_owned(), |folder| folder.display().to_string());
    printer.note(&format!(
        "partita {} at http://{}, kept in {kept}",
        env!("CARGO_PKG_VERSION"),
        hosted.address()
    ));
    hosted.serve(stop).await?;
    Ok(Exit::Ok)
}

/// The flags as settings.
fn flags(args: &ServeArgs) -> Vec<(String, String)> {
    let mut flags = Vec::new();
    let mut add = |key: &str, value: Option<String>| flags.extend(value.map(|value| (key.to_owned(), value)));
    add("listen", args.listen.clone());
    add("listen", args.port.map(|port| format!("127.0.0.1:{port}")));
    add("data-dir", args.data_dir.as_ref().map(|folder| folder.display().to_string()));
    add("data-dir", args.in_memory.then(|| "memory".to_owned()));
    add("allow-unauthenticated-network", args.allow_unauthenticated_network.then(|| "true".to_owned()));
    flags
}

/// The folder in which everything is kept; `None` for memory.
fn place(config: &Config) -> Option<PathBuf> {
    match config.origins.contains_key("data-dir") {
        true => config.settings.data_dir.clone(),
        false => Some(PathBuf::from(DATA_DIR)),
    }
}

/// A server with its engine, about to serve.
pub(crate) struct Hosted {
    runtime: Runtime,
    server: Server,
}

/// Opens the store and listens.
pub(crate) async fn host(config: &Config, folder: Option<&Path>) -> Result<Hosted> {
    let engine = config.engine_config();
    let builder = Runtime::builder().configure(|settings| *settings = engine);
    let builder = match folder {
        Some(folder) => builder.data_dir(folder),
        None => builder.in_memory(),
    };
    let runtime = builder.start().await?;
    for unknown in config.unknown_workflows(runtime.engine().registry()) {
        tracing::warn!("{unknown}");
    }
    match Server::bind(runtime.engine().clone(), config.server_options()).await {
        Ok(server) => Ok(Hosted { runtime, server }),
        Err(error) => {
            runtime.shutdown(Duration::ZERO).await?;
            Err(not_listening(&error))
        }
    }
}

fn not_listening(error: &ServeError) -> Failure {
    let exit = match error {
        ServeError::OpenToTheNetwork(_) => Exit::Usage,
        ServeError::InUse(_) => Exit::Conflict,
        _ => Exit::Failed,
    };
    Failure::new(exit, error.to_string())
}

impl Hosted {
    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// Serves until it is told to stop; then ends what is under way, and lets the store go.
    pub(crate) async fn serve(self, stop: impl Future<Output = ()> + Send + 'static) -> Result<()> {
        let served = self.server.serve(stop).await;
        self.runtime.shutdown(GRACE).await?;
        served.map_err(|error| not_listening(&error))
    }
}

/// Resolves at Ctrl-C, SIGTERM, and when the terminal is closed.
pub(crate) fn stop_signal() -> Result<impl Future<Output = ()> + Send + 'static> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hangup = signal(SignalKind::hangup())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
        }
    })
}

/// Writes logs to the standard error: `PARTITA_LOG` says which, `PARTITA_LOG_FORMAT=json` how.
pub(crate) fn log() {
    let filter =
        EnvFilter::try_from_env("PARTITA_LOG").unwrap_or_else(|_| EnvFilter::new("warn,partita=info"));
    let logs = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let logs = logs.with_ansi(std::io::stderr().is_terminal());
    let done = match std::env::var("PARTITA_LOG_FORMAT").as_deref() {
        Ok("json") => logs.json().try_init(),
        _ => logs.try_init(),
    };
    drop(done); // somebody else does it already
}
