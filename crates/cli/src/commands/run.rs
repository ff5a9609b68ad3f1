//! `partita run`: a workflow once, in this process, in memory.

use crate::args::{Output, RunArgs};
use crate::commands::{CONFIG_FILE, config, launcher};
use crate::exit::{Exit, Failure, Result};
use crate::output::{Names, Printer, event_line};
use partita_api::Event;
use partita_engine::kernel::{InstanceId, Payload, Status};
use partita_engine::{Engine, InstanceView, StartRequest, WaitFor};
use partita_functions::HostEvent;
use partita_server::Config;
use partita_server::node::folder::WorkflowFile;
use partita_server::node::{AppEvent, AppFolder, Node, NodeOptions};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

/// What is to be run.
struct Target {
    /// The app whose functions and workflows are there.
    app: Option<PathBuf>,
    workflow: String,
    /// A definition outside of any app.
    file: Option<WorkflowFile>,
}

pub(super) async fn run(args: &RunArgs, printer: &Printer) -> Result<Exit> {
    let input = args.input.as_ref().map(|input| input.read().map_err(Failure::usage)).transpose()?;
    let target = target(args)?;
    let config = configuration(&target, printer)?;
    let (report, events) = unbounded_channel();
    let options = NodeOptions { data: None, app: target.app.clone(), dev: false, launcher: launcher() };
    let node = Node::open(&config, options, report).await?;
    let told = tokio::spawn(tell(events, *printer, args.quiet));
    let outcome = perform(&node, &target, input.map(|input| input.to_payload()), args, printer).await;
    node.shutdown(Duration::ZERO).await?;
    let refused = told.await.unwrap_or_default();
    match outcome {
        Err(failure) if failure.exit == Exit::NotFound && !refused.is_empty() => {
            Err(Failure::usage(refused.join("\n")))
        }
        outcome => outcome,
    }
}

fn target(args: &RunArgs) -> Result<Target> {
    let path = &args.path;
    if let Some(file) = WorkflowFile::of(path) {
        if !path.is_file() {
            return Err(Failure::new(Exit::NotFound, format!("there is no {}", path.display())));
        }
        let workflow = file.name.clone();
        return Ok(match app_around(path) {
            Some(app) => Target { app: Some(app), workflow, file: None },
            None => Target { app: None, workflow, file: Some(file) },
        });
    }
    if !path.is_dir() {
        return Err(Failure::new(
            Exit::NotFound,
            format!("there is no app and no state machine at {}", path.display()),
        ));
    }
    let app = AppFolder::read(path).map_err(|error| Failure::usage(error.to_string()))?;
    let workflow = chosen(args.workflow.as_deref(), &app)?;
    Ok(Target { app: Some(path.clone()), workflow, file: None })
}

/// The app to whose workflows a file belongs.
fn app_around(path: &Path) -> Option<PathBuf> {
    let absolute = std::path::absolute(path).ok()?;
    let folder = absolute.parent().filter(|folder| folder.ends_with("workflows"))?;
    folder.parent().map(Path::to_owned)
}

fn chosen(name: Option<&str>, app: &AppFolder) -> Result<String> {
    match (name, app.workflows.as_slice()) {
        (Some(name), _) => Ok(name.to_owned()),
        (None, [only]) => Ok(only.name.clone()),
        (None, []) => Err(Failure::new(Exit::NotFound, format!("{} has no workflows", app.folder.display()))),
        (None, several) => {
            let names: Vec<_> = several.iter().map(|file| file.name.as_str()).collect();
            Err(Failure::usage(format!("which workflow? There are {}", names.join(", "))))
        }
    }
}

fn configuration(target: &Target, printer: &Printer) -> Result<Config> {
    let file = target.app.as_ref().map(|app| app.join(CONFIG_FILE)).filter(|file| file.is_file());
    match file {
        Some(file) => {
            let args = crate::args::ConfigArgs { config: Some(file), settings: Vec::new() };
            config::load(&args, Vec::new(), printer)
        }
        None => Ok(Config::default()),
    }
}

async fn perform(
    node: &Node,
    target: &Target,
    input: Option<Payload>,
    args: &RunArgs,
    printer: &Printer,
) -> Result<Exit> {
    if let (Some(file), Some(machines)) = (&target.file, &node.parts().state_machines) {
        let text = std::fs::read_to_string(&file.path)?;
        if let Err(problems) = machines.put_file(&file.name, &text, file.format).await? {
            let texts: Vec<String> =
                problems.iter().map(|problem| format!("{}: {problem}", file.path.display())).collect();
            return Err(Failure::usage(texts.join("\n")));
        }
    }
    let engine = node.runtime().engine();
    let request = StartRequest { name: target.workflow.clone(), input, ..StartRequest::default() };
    let id = engine.start(request).await.map_err(not_started)?.id;
    let followed = follow(engine, &id, args, printer);
    let view = match args.timeout {
        None => followed.await?,
        Some(timeout) => match tokio::time::timeout(timeout, followed).await {
            Ok(view) => view?,
            Err(_) => return Err(Failure::new(Exit::TimedOut, "it has not ended in time, and was given up")),
        },
    };
    ended(&view, printer)
}

fn not_started(error: partita_engine::EngineError) -> Failure {
    match error {
        partita_engine::EngineError::UnknownWorkflow { .. } => {
            Failure::new(Exit::NotFound, error.to_string())
        }
        other => other.into(),
    }
}

/// Shows what happens until the instance has ended.
async fn follow(engine: &Engine, id: &InstanceId, args: &RunArgs, printer: &Printer) -> Result<InstanceView> {
    let (mut shown, mut names) = (0, Names::default());
    let quiet = args.quiet || printer.format != Output::Table;
    loop {
        let gone = || Failure::new(Exit::Failed, "the instance is gone");
        let view = engine.get(id).await?.ok_or_else(gone)?;
        if !quiet {
            let history = engine.whole_history(id).await?;
            for (index, event) in (0..).zip(&history).skip(shown) {
                let event = Event::of(index, event);
                if !matches!(event.kind.as_str(), "OrchestratorStarted" | "OrchestratorCompleted") {
                    printer.note(&event_line(&event, &mut names, printer));
                }
            }
            shown = history.len();
        }
        if view.status.is_terminal() {
            return Ok(view);
        }
        if let Some(aside) = &view.set_aside {
            return Err(Failure::new(Exit::InstanceFailed, format!("it was set aside: {}", aside.reason)));
        }
        let change = WaitFor::Change { updated_at: view.updated_at, history_events: view.history_events };
        engine.wait(id, change, None).await?;
    }
}

/// The result alone goes to the standard output.
fn ended(view: &InstanceView, printer: &Printer) -> Result<Exit> {
    if view.status == Status::Completed {
        printer.line(view.output.as_ref().map_or("null", Payload::as_str))?;
        return Ok(Exit::Ok);
    }
    let why = view.failure.as_ref().map_or_else(|| view.status.to_string(), ToString::to_string);
    let mut failure = Failure::new(Exit::InstanceFailed, format!("the workflow did not succeed: {why}"));
    if let Some(trace) = view.failure.as_ref().and_then(deepest_trace) {
        failure = failure.advise(trace);
    }
    Err(failure)
}

/// The stack trace nearest to the cause.
fn deepest_trace(failure: &partita_engine::kernel::Failure) -> Option<String> {
    let inner = failure.inner.as_deref().and_then(deepest_trace);
    inner.or_else(|| failure.stack_trace.as_ref().map(|trace| trace.as_str().to_owned()))
}

/// Tells what happens to the app; gives what could not be offered.
async fn tell(mut events: UnboundedReceiver<AppEvent>, printer: Printer, quiet: bool) -> Vec<String> {
    let mut refused = Vec::new();
    while let Some(event) = events.recv().await {
        match event {
            AppEvent::WorkflowRefused { path, problems } => {
                refused.extend(problems.iter().map(|problem| format!("{}: {problem}", path.display())));
            }
            AppEvent::Function(HostEvent::BuildStarted { function }) if !quiet => {
                printer.note(&format!("building the environment of {function}"));
            }
            AppEvent::Function(HostEvent::Broken { function, reason }) => {
                printer.note(&format!("the function {function} is broken: {reason}"));
            }
            AppEvent::Function(HostEvent::Warning { text }) | AppEvent::Warning(text) if !quiet => {
                printer.note(&format!("warning: {text}"));
            }
            _ => {}
        }
    }
    refused
}
