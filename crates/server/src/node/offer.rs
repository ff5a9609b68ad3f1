//! Bringing what is in an app's folder into a running node.

use crate::config::{Config, FunctionConfig};
use crate::functions::Functions;
use crate::functions::catalogue::{Catalogue, CatalogueError};
use partita_flow::asl::check::Problem;
use partita_functions::{AppSpec, FunctionSpec, FunctionState, Host, HostEvent};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::mpsc::UnboundedSender;

/// Where an app's events go.
pub type Report = UnboundedSender<AppEvent>;

/// Something that happened to an app.
#[derive(Clone, Debug)]
pub enum AppEvent {
    /// Something about its functions.
    Function(HostEvent),
    /// A state machine is offered, in a new revision or in the one that was known.
    Workflow {
        /// Its name.
        name: String,
        /// Its revision.
        revision: String,
        /// Whether it was known in this revision before.
        known: bool,
        /// What is most likely not meant.
        warnings: Vec<Problem>,
    },
    /// A state machine cannot be offered. An earlier revision of it, if there is one, still is.
    WorkflowRefused {
        /// Its file.
        path: PathBuf,
        /// Why.
        problems: Vec<Problem>,
    },
    /// All functions were built and started, or are known to be broken.
    FunctionsDeployed,
    /// Something else that somebody should know.
    Warning(String),
}

/// Adds the app's functions, with what the configuration says of them. Calls of them wait until they are deployed.
pub(super) async fn functions(
    mut app: AppSpec,
    config: &Config,
    place: &Path,
    catalogue: &Arc<Catalogue>,
    report: &Report,
) -> Result<(), CatalogueError> {
    let warn = |text: String| drop(report.send(AppEvent::Warning(text)));
    for spec in &mut app.functions {
        if let Some(function) = config.functions.get(&spec.name) {
            refine(spec, function, place);
        }
        spec.warnings.iter().for_each(|warning| warn(format!("{}: {warning}", spec.name)));
        if let Err(error) = prepare(spec) {
            warn(format!("{}: {error}", spec.name));
        }
    }
    for (name, address) in catalogue.add_static(&app).await? {
        warn(format!(
            "the function {name:?} of the folder is called {address:?}: one of its name was made through an API before"
        ));
    }
    Ok(())
}

fn refine(spec: &mut FunctionSpec, function: &FunctionConfig, place: &Path) {
    spec.config.extend(function.config.clone());
    spec.timeout = function.timeout().unwrap_or(spec.timeout);
    spec.memory_mb = function.memory.unwrap_or(spec.memory_mb);
    spec.min_processes = function.min_processes.unwrap_or(spec.min_processes);
    spec.max_processes = function.max_processes.unwrap_or(spec.max_processes);
    if let Some(name) = &function.data {
        let folder = place.join("function-data").join(name);
        let folder = std::path::absolute(&folder).unwrap_or(folder);
        spec.config.insert("FUNCTION_DATA".to_owned(), folder.display().to_string());
        spec.writable.push(folder);
    }
}

/// Builds and starts all functions.
pub(super) async fn deploy(catalogue: Arc<Catalogue>, functions: Arc<Functions>, report: Report) {
    catalogue.deploy_all();
    let failed = catalogue.settled().await;
    let known = functions.host().map(Host::functions).unwrap_or_default();
    let told = |name: &str| {
        known
            .iter()
            .any(|known| known.spec.name == name && matches!(known.state, FunctionState::Broken { .. }))
    };
    for (function, reason) in failed.into_iter().filter(|(name, _)| !told(name)) {
        let _ = report.send(AppEvent::Function(HostEvent::Broken { function, reason }));
    }
    let _ = report.send(AppEvent::FunctionsDeployed);
}

/// Makes the folders in which a function writes.
fn prepare(spec: &FunctionSpec) -> Result<(), String> {
    for folder in &spec.writable {
        std::fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    }
    Ok(())
}

/// Hands the host's events on.
pub(super) async fn tell_of(mut events: Receiver<HostEvent>, report: Report) {
    loop {
        match events.recv().await {
            Ok(event) => {
                let _ = report.send(AppEvent::Function(event));
            }
            Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Closed) => return,
        }
    }
}
