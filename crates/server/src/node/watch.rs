//! Bringing state machines in again when their files change. Functions are watched by their host.

use super::folder::{AppFolder, WORKFLOWS, WorkflowFile, workflows as found};
use super::offer::{AppEvent, Report, workflow};
use crate::state_machines::StateMachines;
use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// How long a file has to be left alone: editors write in several steps.
const CALM: Duration = Duration::from_millis(100);

/// Watches an app's state machines as long as this is polled. Their folder may be made later.
pub(super) async fn workflows(app: AppFolder, machines: Arc<StateMachines>, report: Report) {
    let folder = app.folder.join(WORKFLOWS);
    let (sender, mut changes) = unbounded_channel();
    let mut watcher = match watcher(&app.folder, &folder, sender) {
        Ok(watcher) => watcher,
        Err(error) => {
            let text = format!("changes of {} are not noticed: {error}", folder.display());
            let _ = report.send(AppEvent::Warning(text));
            return;
        }
    };
    while let Some(first) = changes.recv().await {
        let changed = calm(first, &mut changes).await;
        let appeared = changed.contains(&folder) && watch(&mut watcher, &folder).is_ok();
        let files = match appeared {
            true => found(&app.folder),
            false => changed
                .iter()
                .filter(|path| path.parent() == Some(&folder))
                .filter_map(|path| WorkflowFile::of(path))
                .collect(),
        };
        for file in files.into_iter().filter(|file| file.path.is_file()) {
            if let Err(error) = workflow(&file, &machines, &report).await {
                let _ = report.send(AppEvent::Warning(format!("{}: {error}", file.path.display())));
            }
        }
    }
}

/// Watches the app's folder, in which the folder of state machines may appear, and that folder if it is there.
fn watcher(
    app: &Path,
    folder: &Path,
    sender: UnboundedSender<PathBuf>,
) -> notify::Result<RecommendedWatcher> {
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        let Ok(event) = event else { return };
        if matches!(event.kind, EventKind::Access(_)) {
            return;
        }
        for path in event.paths {
            let _ = sender.send(path);
        }
    })?;
    watch(&mut watcher, app)?;
    if folder.is_dir() {
        watch(&mut watcher, folder)?;
    }
    Ok(watcher)
}

fn watch(watcher: &mut RecommendedWatcher, folder: &Path) -> notify::Result<()> {
    watcher.watch(folder, RecursiveMode::NonRecursive)
}

/// What has changed, once nothing changes any more.
async fn calm(first: PathBuf, changes: &mut UnboundedReceiver<PathBuf>) -> BTreeSet<PathBuf> {
    let mut changed = BTreeSet::from([first]);
    while let Ok(Some(path)) = tokio::time::timeout(CALM, changes.recv()).await {
        changed.insert(path);
    }
    changed
}
