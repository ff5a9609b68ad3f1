//! `partita serve`, and the server inside of `partita dev`.

use crate::args::ServeArgs;
use crate::commands::config::load;
use crate::exit::{Exit, Failure, Result};
use crate::output::Printer;
use partita_functions::HostEvent;
use partita_server::node::folder::{FUNCTIONS, WORKFLOWS};
use partita_server::node::{AppEvent, Node, NodeOptions, Report};
use partita_server::{Config, ServeError, Server};
use std::ffi::OsString;
use std::future::Future;
use std::io::IsTerminal;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tracing_subscriber::EnvFilter;

/// Where a server keeps everything when nothing else is said.
const DATA_DIR: &str = "partita-data";
/// The argument by which this program enters the launcher of functions.
pub(crate) const LAUNCH: &str = "launch-function";
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
    let (report, events) = unbounded_channel();
    let options = NodeOptions { data: place.clone(), app: app(args), dev: false, launcher: launcher() };
    let hosted = host(&config, options, report).await?;
    tokio::spawn(log_events(events));
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

/// The app whose functions and workflows are offered: the folder of the configuration, if it is one.
fn app(args: &ServeArgs) -> Option<PathBuf> {
    let folder = match &args.config.config {
        Some(file) => file.parent().map_or_else(PathBuf::new, Path::to_owned),
        None => PathBuf::new(),
    };
    let folder = if folder.as_os_str().is_empty() { PathBuf::from(".") } else { folder };
    let is_app = folder.join(WORKFLOWS).is_dir() || folder.join(FUNCTIONS).is_dir();
    is_app.then_some(folder)
}

/// The program that enters the launcher of functions: this one.
pub(crate) fn launcher() -> Vec<OsString> {
    std::env::current_exe().map(|program| vec![program.into(), LAUNCH.into()]).unwrap_or_default()
}

/// Writes an app's events into the log.
async fn log_events(mut events: UnboundedReceiver<AppEvent>) {
    while let Some(event) = events.recv().await {
        match event {
            AppEvent::WorkflowRefused { path, problems } => {
                for problem in problems {
                    tracing::error!("{}: {problem}", path.display());
                }
            }
            AppEvent::Workflow { name, revision, .. } => tracing::info!(name, revision, "state machine"),
            AppEvent::Function(HostEvent::Broken { function, reason }) => {
                tracing::error!(function, reason, "broken");
            }
            AppEvent::Function(HostEvent::Ready { function }) => tracing::info!(function, "ready"),
            AppEvent::Function(HostEvent::BuildStarted { function }) => {
                tracing::info!(function, "building its environment");
            }
            AppEvent::Warning(text) => tracing::warn!("{text}"),
            // The host writes its warnings into the log itself.
            AppEvent::Function(_) | AppEvent::FunctionsDeployed => {}
        }
    }
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
    node: Node,
    server: Server,
}

/// Opens the store and listens.
pub(crate) async fn host(config: &Config, options: NodeOptions, report: Report) -> Result<Hosted> {
    let node = Node::open(config, options, report).await?;
    let engine = node.runtime().engine().clone();
    for unknown in config.unknown_workflows(engine.registry()) {
        tracing::warn!("{unknown}; what is started waits for a worker that runs it");
    }
    match Server::bind_with(engine, node.parts().clone(), config.server_options()).await {
        Ok(server) => Ok(Hosted { node, server }),
        Err(error) => {
            node.shutdown(Duration::ZERO).await?;
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
        self.node.shutdown(GRACE).await?;
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
