//! `partita dev`: runs an app's folder.
//!
//! | module | holds |
//! | --- | --- |
//! | `app` | what `partita.toml` says of the app's processes |
//! | `process` | keeping one process running |
//! | `watcher` | which processes a changed file concerns |

mod app;
mod process;
mod watcher;

use crate::args::{ConfigArgs, DEFAULT_SERVER, DevArgs};
use crate::commands::{self, Hosted};
use crate::exit::{Exit, Failure, Result};
use crate::output::{Printer, Style};
use app::App;
use partita_functions::HostEvent;
use partita_server::node::{AppEvent, NodeOptions, Report};
use process::{Supervisor, Voice};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use watcher::Watching;

/// How many ports are tried when the first is taken.
const PORTS: u16 = 20;
/// How often it is asked whether everything is ready.
const ASK: Duration = Duration::from_millis(200);

/// Where the API of an app is, and who serves it.
struct Place {
    address: SocketAddr,
    /// This program's own server, when no process embeds the engine.
    hosted: Option<Hosted>,
}

pub(crate) async fn run(args: &DevArgs, printer: &Printer) -> Result<Exit> {
    let app = App::read(&args.folder)?;
    let stop = commands::stop_signal()?;
    commands::log();
    let width =
        app.processes.iter().map(|process| process.name.len()).max().unwrap_or(0).max("partita".len());
    let own = Voice::new(printer, "partita", width, Style::Bold);
    let (report, events) = unbounded_channel();
    let place = match app.engine() {
        Some(_) => Place { address: free(args.port)?, hosted: None },
        None => own_server(&app, args, report, printer).await?,
    };
    introduce(&own, &app, &place);
    let telling = tokio::spawn(tell(events, own.clone()));

    let stopping = CancellationToken::new();
    let mut running = JoinSet::new();
    let senders = start(&app, &place, printer, width, &stopping, &mut running);
    let ready = tokio::spawn(when_ready(probes(&app, &place), own.clone(), place.address));
    let watching = watch(args, &app, senders)?;

    let over = stopping.clone();
    tokio::spawn(async move {
        stop.await;
        over.cancel();
    });
    let served = match place.hosted {
        Some(hosted) => hosted.serve(stopping.clone().cancelled_owned()).await,
        None => {
            stopping.cancelled().await;
            Ok(())
        }
    };
    stopping.cancel();
    ready.abort();
    telling.abort();
    while running.join_next().await.is_some() {}
    if let Some(watching) = watching {
        watching.abort();
    }
    served.map(|()| Exit::Ok)
}

/// The first lines.
fn introduce(own: &Voice, app: &App, place: &Place) {
    own.say(&format!("version  {} runs the app {:?}", env!("CARGO_PKG_VERSION"), app.name));
    let by = app.engine().map(|process| format!(", in the process {:?}", process.name)).unwrap_or_default();
    own.say(&format!("API      http://{}{by}", place.address));
    own.say(&format!("store    {}", app.data_dir().display()));
}

/// What ends the first lines, once everything answers.
async fn when_ready(probes: Vec<String>, own: Voice, address: SocketAddr) {
    let Ok(http) = client() else { return };
    for probe in probes {
        loop {
            let answer = http.get(&probe).timeout(Duration::from_secs(2)).send().await;
            if answer.is_ok_and(|answer| answer.status().is_success()) {
                break;
            }
            tokio::time::sleep(ASK).await;
        }
    }
    let server = format!("http://{address}");
    let flag = if server == DEFAULT_SERVER { String::new() } else { format!(" --server {server}") };
    own.say(&format!(
        "ready    open {server} in a browser, or: partita list{flag}   (Ctrl-C ends everything)"
    ));
}

fn client() -> reqwest::Result<reqwest::Client> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy().build()
}

/// What must answer before the app is ready.
fn probes(app: &App, place: &Place) -> Vec<String> {
    let engine = app.engine().filter(|process| process.ready.is_none());
    let engine = engine.map(|_| format!("http://{}/readyz", place.address));
    app.processes.iter().filter_map(|process| process.ready.clone()).chain(engine).collect()
}

/// The server of an app whose processes do not embed the engine.
async fn own_server(app: &App, args: &DevArgs, report: Report, printer: &Printer) -> Result<Place> {
    let file = app.folder.join(commands::CONFIG_FILE);
    let mut further = Vec::new();
    further.extend(args.port.map(|port| ("listen".to_owned(), format!("127.0.0.1:{port}"))));
    further.push(("next-ports".to_owned(), PORTS.to_string()));
    let config = ConfigArgs { config: file.is_file().then_some(file), settings: Vec::new() };
    let mut config = commands::load(&config, further, printer)?;
    // Nobody else reaches this server, and trying things out must not begin with making keys.
    if config.oci.is_empty() && config.settings.server.listen.ip().is_loopback() {
        config.settings.oci_signatures.get_or_insert(false);
    }
    config.settings.hubs.on_first_use.get_or_insert(true);
    let options = NodeOptions {
        data: Some(app.data_dir()),
        app: Some(app.folder.clone()),
        dev: !args.no_watch,
        launcher: commands::launcher(),
    };
    let hosted = commands::host(&config, options, report).await?;
    Ok(Place { address: hosted.address(), hosted: Some(hosted) })
}

/// Says what happens to the app's functions and state machines.
async fn tell(mut events: UnboundedReceiver<AppEvent>, own: Voice) {
    while let Some(event) = events.recv().await {
        match event {
            AppEvent::Function(event) => tell_of_function(event, &own),
            AppEvent::Workflow { name, revision, known, warnings } => {
                let news = if known { "" } else { ", which is new" };
                own.say(&format!("workflow {name} in revision {revision}{news}"));
                warnings.iter().for_each(|warning| own.say(&format!("warning  {name}: {warning}")));
            }
            AppEvent::WorkflowRefused { path, problems } => {
                own.tell(&format!("workflow {} cannot be offered:", path.display()));
                problems.iter().for_each(|problem| own.say(&format!("  {problem}")));
            }
            AppEvent::Warning(text) => own.say(&format!("warning  {text}")),
            AppEvent::FunctionsDeployed => {}
        }
    }
}

fn tell_of_function(event: HostEvent, own: &Voice) {
    match event {
        HostEvent::BuildStarted { function } => {
            own.say(&format!("function {function}: building its environment"));
        }
        HostEvent::BuildLine { function, line } => own.say(&format!("function {function}: {line}")),
        HostEvent::Ready { function } => own.say(&format!("function {function} is ready")),
        HostEvent::Reloaded { function } => own.say(&format!("function {function} has new code")),
        HostEvent::Removed { function } => own.say(&format!("function {function} is gone")),
        HostEvent::Broken { function, reason } | HostEvent::ReloadFailed { function, reason } => {
            own.tell(&format!("function {function} is broken:"));
            reason.lines().for_each(|line| own.say(&format!("  {line}")));
        }
        HostEvent::Warning { text } => own.say(&format!("warning  {text}")),
        // These come and go with the load.
        HostEvent::ProcessStarted { .. } | HostEvent::ProcessExited { .. } => {}
    }
}

/// A free port, for the process that embeds the engine.
fn free(port: Option<u16>) -> Result<SocketAddr> {
    let first = port.unwrap_or(partita_server::options::DEFAULT_PORT);
    let addresses =
        (first..=first.saturating_add(PORTS)).map(|port| SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
    // It is free again when the listener goes; another program could take it in between, and is told of then.
    let free = addresses.into_iter().find(|address| TcpListener::bind(address).is_ok());
    free.ok_or_else(|| {
        Failure::new(
            Exit::Conflict,
            format!("the ports {first} to {} are all in use", first.saturating_add(PORTS)),
        )
        .advise("name another with --port")
    })
}

/// Starts all processes; gives what tells each of them that something has changed.
fn start(
    app: &App,
    place: &Place,
    printer: &Printer,
    width: usize,
    stopping: &CancellationToken,
    running: &mut JoinSet<()>,
) -> Vec<UnboundedSender<String>> {
    let absolute = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let mut senders = Vec::new();
    for (number, process) in app.processes.iter().enumerate() {
        let mut process = process.clone();
        let mut given = |name: &str, value: String| drop(process.env.insert(name.to_owned(), value));
        if process.engine {
            given("PARTITA_LISTEN", place.address.to_string());
            given("PARTITA_DATA_DIR", absolute(&app.data_dir()).display().to_string());
        } else {
            given("PARTITA_SERVER", format!("http://{}", place.address));
        }
        let voice = Voice::new(printer, &process.name, width, Style::Process(number));
        let (sender, changes) = unbounded_channel();
        running.spawn(Supervisor::new(process, voice).run(changes, stopping.clone()));
        senders.push(sender);
    }
    senders
}

/// Tells processes of changes, unless nobody wants that.
fn watch(
    args: &DevArgs,
    app: &App,
    senders: Vec<UnboundedSender<String>>,
) -> Result<Option<tokio::task::JoinHandle<()>>> {
    if args.no_watch || app.processes.iter().all(|process| process.watch.is_empty()) {
        // The processes must not take the end of these channels for a change.
        let keep = tokio::spawn(async move {
            let _senders = senders;
            std::future::pending::<()>().await;
        });
        return Ok(Some(keep));
    }
    let mut watching = Watching::new(&app.folder, &app.processes)?;
    Ok(Some(tokio::spawn(async move {
        loop {
            for (process, changed) in watching.next().await {
                if let Some(sender) = senders.get(process) {
                    let _ = sender.send(changed);
                }
            }
        }
    })))
}
