//! Functions whose files change.

use crate::host::{Host, WeakHost};
use crate::spec::FunctionSpec;
use crate::stage::is_ignored;
use crate::status::HostEvent;
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use parking_lot::Mutex;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc::{Receiver, Sender, channel};

/// Changes that come closer together than this are one: an editor writes, renames and deletes for one save.
const TOGETHER: Duration = Duration::from_millis(40);
/// Changes that wait to be looked at; when there are more, every function is looked at.
const WAITING: usize = 4096;

/// Watches the folders of functions.
pub(crate) struct Watch {
    watcher: RecommendedWatcher,
    folders: Folders,
}

/// What is watched: by function, its folder and what it was deployed as.
type Folders = Arc<Mutex<BTreeMap<String, Watched>>>;

struct Watched {
    folder: PathBuf,
    spec: FunctionSpec,
    /// What its file said then, to tell what its author changes from what somebody else added.
    file: Option<FunctionSpec>,
}

impl Watch {
    /// Begins to watch; `None`, with a warning, when the system cannot.
    pub(crate) fn start(host: &Host) -> Option<Self> {
        let (sender, receiver) = channel(WAITING);
        let folders = Folders::default();
        match notify::recommended_watcher(move |event| forward(event, &sender)) {
            Ok(watcher) => {
                tokio::spawn(reload(host.downgrade(), receiver, folders.clone()));
                Some(Self { watcher, folders })
            }
            Err(error) => {
                host.warn(&format!("functions are not reloaded when their files change: {error}"));
                None
            }
        }
    }

    pub(crate) fn add(&mut self, spec: &FunctionSpec) {
        let folder = crate::isolation::whole(&spec.folder);
        if let Err(error) = self.watcher.watch(&folder, RecursiveMode::Recursive) {
            tracing::warn!(folder = %folder.display(), %error, "a function is not reloaded when its files change");
        }
        let watched = Watched { folder, spec: spec.clone(), file: FunctionSpec::read(&spec.folder).ok() };
        self.folders.lock().insert(spec.name.clone(), watched);
    }

    pub(crate) fn remove(&mut self, name: &str) {
        if let Some(watched) = self.folders.lock().remove(name) {
            let _ = self.watcher.unwatch(&watched.folder); // the folder itself may be gone
        }
    }
}

/// Hands on what changes contents; that somebody has read a file changes nothing.
fn forward(event: notify::Result<Event>, sender: &Sender<PathBuf>) {
    let Ok(event) = event else { return };
    if matches!(event.kind, EventKind::Create(_) | EventKind::Modify(_) | EventKind::Remove(_)) {
        for path in event.paths {
            let _ = sender.try_send(path); // there is a change waiting already
        }
    }
}

/// Reloads functions until the host is gone.
async fn reload(host: WeakHost, mut changes: Receiver<PathBuf>, folders: Folders) {
    while let Some(path) = changes.recv().await {
        let mut concerned = BTreeSet::new();
        note(&path, &folders, &mut concerned);
        while let Ok(Some(path)) = tokio::time::timeout(TOGETHER, changes.recv()).await {
            note(&path, &folders, &mut concerned);
        }
        for name in concerned {
            let Some(host) = host.upgrade() else { return };
            let folders = folders.clone();
            // Each on its own, so that one that takes long to build does not hold up the others.
            tokio::spawn(async move { host.redeploy(&name, || changed(&host, &folders, &name)).await });
        }
    }
}

/// What a function is now; `None`, after telling why, when its file makes no sense.
fn changed(host: &Host, folders: &Folders, name: &str) -> Option<FunctionSpec> {
    match folders.lock().get_mut(name)?.changed() {
        Ok(spec) => Some(spec),
        Err(reason) => {
            host.tell(HostEvent::ReloadFailed { function: name.to_owned(), reason });
            None
        }
    }
}

fn note(path: &Path, folders: &Folders, concerned: &mut BTreeSet<String>) {
    for (name, watched) in folders.lock().iter() {
        let Ok(inside) = path.strip_prefix(&watched.folder) else { continue };
        if !inside.components().any(|part| is_ignored(&part.as_os_str().to_string_lossy())) {
            concerned.insert(name.clone());
        }
    }
}

impl Watched {
    /// What the function is now: what its file says differently from before, and otherwise what it was deployed as.
    fn changed(&mut self) -> Result<FunctionSpec, String> {
        let Some(before) = &self.file else { return Ok(self.spec.clone()) };
        let now = FunctionSpec::read(&self.spec.folder).map_err(|error| error.to_string())?;
        let mut spec = self.spec.clone();
        spec.runtime = now.runtime;
        spec.entrypoint.clone_from(&now.entrypoint);
        let take = |to: &mut Duration, before: Duration, now: Duration| {
            if before != now {
                *to = now;
            }
        };
        take(&mut spec.timeout, before.timeout, now.timeout);
        take(&mut spec.idle_timeout, before.idle_timeout, now.idle_timeout);
        if before.memory_mb != now.memory_mb {
            spec.memory_mb = now.memory_mb;
        }
        if before.content_type != now.content_type {
            spec.content_type.clone_from(&now.content_type);
        }
        for name in before.config.keys().filter(|name| !now.config.contains_key(*name)) {
            spec.config.remove(name);
        }
        for (name, value) in
            now.config.iter().filter(|(name, value)| before.config.get(*name) != Some(*value))
        {
            spec.config.insert(name.clone(), value.clone());
        }
        self.file = Some(now);
        self.spec = spec.clone();
        Ok(spec)
    }
}
