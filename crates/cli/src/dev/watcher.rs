//! Which processes are to be started again when a file changes.

use super::app::Process;
use crate::exit::{Exit, Failure, Result};
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// Changes that come closer together than this are one.
const TOGETHER: Duration = Duration::from_millis(300);
/// Folders in which nothing is ever written by hand.
const IGNORED: [&str; 5] = [".git", ".partita", "target", "node_modules", "__pycache__"];

/// Watches the files of an app.
pub(super) struct Watching {
    /// The system's watcher; it watches as long as it lives.
    _watcher: RecommendedWatcher,
    changes: UnboundedReceiver<PathBuf>,
    watched: Vec<(PathBuf, usize)>,
    folder: PathBuf,
}

impl Watching {
    /// Begins to watch what the processes want to be watched.
    ///
    /// # Errors
    /// When the system cannot watch a file.
    pub(super) fn new(folder: &Path, processes: &[Process]) -> Result<Self> {
        let (sender, changes) = unbounded_channel();
        let failed = |path: &Path, error: &notify::Error| {
            Failure::new(Exit::Failed, format!("cannot watch {}: {error}", path.display()))
                .advise("--no-watch runs the app without watching it")
        };
        let watcher = notify::recommended_watcher(move |event| forward(event, &sender));
        let mut watcher = watcher.map_err(|error| failed(folder, &error))?;
        let mut watched = Vec::new();
        for (index, process) in processes.iter().enumerate() {
            for path in &process.watch {
                let path = path.canonicalize().unwrap_or_else(|_| path.clone());
                watcher.watch(&path, RecursiveMode::Recursive).map_err(|error| failed(&path, &error))?;
                watched.push((path, index));
            }
        }
        let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
        Ok(Self { _watcher: watcher, changes, watched, folder })
    }

    /// The processes that a change concerns, by number, with what changed; waits until there is one.
    pub(super) async fn next(&mut self) -> BTreeMap<usize, String> {
        let mut concerned = BTreeMap::new();
        while concerned.is_empty() {
            let Some(path) = self.changes.recv().await else {
                return std::future::pending().await; // the watcher is gone: nothing will ever change
            };
            self.note(&path, &mut concerned);
            while let Ok(Some(path)) = tokio::time::timeout(TOGETHER, self.changes.recv()).await {
                self.note(&path, &mut concerned);
            }
        }
        concerned
    }

    fn note(&self, path: &Path, concerned: &mut BTreeMap<usize, String>) {
        let shown = path.strip_prefix(&self.folder).unwrap_or(path);
        if shown.components().any(|part| IGNORED.iter().any(|ignored| part.as_os_str() == *ignored)) {
            return;
        }
        for (_, process) in self.watched.iter().filter(|(watched, _)| path.starts_with(watched)) {
            concerned.entry(*process).or_insert_with(|| shown.display().to_string());
        }
    }
}

/// Hands on what changes contents; that somebody has read a file changes nothing.
fn forward(event: notify::Result<Event>, sender: &UnboundedSender<PathBuf>) {
    let Ok(event) = event else { return };
    if matches!(event.kind, EventKind::Create(_) | EventKind::Modify(_) | EventKind::Remove(_)) {
        for path in event.paths {
            let _ = sender.send(path);
        }
    }
}
