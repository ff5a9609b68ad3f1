//! Bringing in functions whose folders appear while the app runs. Those that are known are watched by their host.

use super::folder::{AppFolder, FUNCTIONS};
use super::offer::{self, AppEvent, Report};
use crate::config::Config;
use crate::functions::catalogue::Catalogue;
use partita_functions::AppSpec;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// How often the folder of functions is looked at: it is one listing, and nothing has to be told of each folder in
/// the making.
const INTERVAL: Duration = Duration::from_millis(300);
/// What describes a function.
const FILES: [&str; 3] = ["func.yaml", "func.yml", "func.json"];

/// Where an app is, and what its functions need.
pub(super) struct Surroundings {
    pub(super) config: Config,
    pub(super) place: PathBuf,
    pub(super) catalogue: Arc<Catalogue>,
    pub(super) report: Report,
}

/// Looks for new functions as long as this is polled.
pub(super) async fn functions(app: AppFolder, around: Surroundings) {
    let folder = app.folder;
    // A folder with the time of its description: one that could not be read is tried again when it changes.
    let mut seen = described(&folder.join(FUNCTIONS));
    loop {
        tokio::time::sleep(INTERVAL).await;
        let now = described(&folder.join(FUNCTIONS));
        let changed = now.iter().any(|(path, at)| seen.get(path) != Some(at));
        if changed && let Some(new) = new(&folder, &around.catalogue.of_files(), &around.report) {
            around.bring_in(new).await;
        }
        seen = now;
    }
}

/// The folders of functions, with the time at which their description was last changed.
fn described(functions: &Path) -> BTreeMap<PathBuf, Option<SystemTime>> {
    let folders = std::fs::read_dir(functions).into_iter().flatten().flatten().map(|entry| entry.path());
    let described = folders.filter_map(|folder| {
        let file = FILES.iter().map(|name| folder.join(name)).find(|file| file.is_file())?;
        Some((folder, file.metadata().and_then(|data| data.modified()).ok()))
    });
    described.collect()
}

/// The app with those of its functions alone that are not known.
fn new(folder: &Path, known: &[String], report: &Report) -> Option<AppSpec> {
    let mut app = match AppFolder::read(folder) {
        Ok(app) => app.functions?,
        Err(error) => {
            let _ = report.send(AppEvent::Warning(error.to_string()));
            return None;
        }
    };
    app.functions.retain(|spec| !known.contains(&spec.name));
    (!app.functions.is_empty()).then_some(app)
}

impl Surroundings {
    async fn bring_in(&self, app: AppSpec) {
        let names: Vec<String> = app.functions.iter().map(|spec| spec.name.clone()).collect();
        match offer::functions(app, &self.config, &self.place, &self.catalogue, &self.report).await {
            Ok(()) => self.catalogue.deploy_named(&names),
            Err(error) => drop(self.report.send(AppEvent::Warning(error.to_string()))),
        }
    }
}
