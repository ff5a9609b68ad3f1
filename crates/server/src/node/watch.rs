//! Bringing state machines in again when their files change. Functions are watched by their host.

use super::folder::{AppFolder, WORKFLOWS, WorkflowFile};
use super::offer::{AppEvent, Report, workflow};
use crate::state_machines::StateMachines;
use notify::{EventKind, RecursiveMode, Watcher};
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

/// How long a file has to be left alone: editors write in several steps.
const CALM: Duration = Duration::from_millis(100);

/// Watches an app's state machines as long as this is polled.
pub(super) async fn workflows(app: AppFolder, machines: Arc<StateMachines>, report: Report) {
    let folder = app.folder.join(WORKFLOWS);
    let (sender, mut changes) = unbounded_channel();
    let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        let Ok(event) = event else { return };
        if matches!(event.kind, EventKind::Access(_)) {
            return;
        }
        for path in event.paths {
            let _ = sender.send(path);
        }
    });
    let watching = watcher.and_then(|mut watcher| {
        watcher.watch(&folder, RecursiveMode::NonRecursive)?;
        Ok(watcher)
    });
    let _watcher = match watching {
        Ok(watcher) => watcher,
        Err(error) => {
            let text = format!("changes of {} are not noticed: {error}", folder.display());
            let _ = report.send(AppEvent::Warning(text));
            return;
        }
    };
    while let Some(first) = changes.recv().await {
        for path in calm(first, &mut changes).await {
            let Some(file) = WorkflowFile::of(&path).filter(|file| file.path.is_file()) else { continue };
            if let Err(error) = workflow(&file, &machines, &report).await {
                let _ = report.send(AppEvent::Warning(format!("{}: {error}", path.display())));
            }
        }
    }
}

/// What has changed, once nothing changes any more.
async fn calm(first: PathBuf, changes: &mut UnboundedReceiver<PathBuf>) -> BTreeSet<PathBuf> {
    let mut changed = BTreeSet::from([first]);
    while let Ok(Some(path)) = tokio::time::timeout(CALM, changes.recv()).await {
        changed.insert(path);
    }
    changed
}
