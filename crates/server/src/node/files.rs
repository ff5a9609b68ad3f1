//! The state machines of an app's files: offering them, and writing them anew.

use super::folder::{AppFolder, WORKFLOWS, WorkflowFile, workflows};
use super::offer::{AppEvent, Report};
use crate::state_machines::{Put, StateMachines};
use parking_lot::Mutex;
use partita_engine::store::StoreError;
use partita_flow::asl::catalogue::revision_id;
use partita_flow::asl::check::{Format, Problem, Severity};
use std::collections::BTreeMap;
use std::fs::Metadata;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

/// The state machines of an app's files.
#[derive(Debug)]
pub struct AppFiles {
    folder: PathBuf,
    dev: bool,
    machines: Arc<StateMachines>,
    report: Report,
    /// Files are taken in and written one after the other.
    changing: tokio::sync::Mutex<()>,
    /// The files as they were when they were taken in.
    taken: Mutex<Stamps>,
}

/// Files with what tells that they were changed.
pub(super) type Stamps = BTreeMap<PathBuf, Stamp>;

/// What tells that a file was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    modified: Option<SystemTime>,
    bytes: u64,
}

impl Stamp {
    fn of(path: &Path) -> Option<Self> {
        path.metadata().ok().filter(Metadata::is_file).as_ref().map(Self::from_data)
    }

    fn from_data(data: &Metadata) -> Self {
        Self { modified: data.modified().ok(), bytes: data.len() }
    }
}

/// The file of a workflow, as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FileView {
    /// Relative to the app's folder.
    pub(crate) path: String,
    /// Why it cannot be written here, if it cannot.
    pub(crate) fixed: Option<String>,
}

/// Why a definition was not written.
#[derive(Debug)]
pub(crate) enum NotWritten {
    /// Nothing is written here.
    Fixed(String),
    /// The definition is another than the one that was changed; its revision.
    Changed { current: String },
    /// It cannot run.
    Invalid(Vec<Problem>, Format),
    /// The store.
    Store(StoreError),
    /// The file.
    File(PathBuf, io::Error),
}

impl From<StoreError> for NotWritten {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl AppFiles {
    /// The files of an app's folder; they are written in development alone.
    pub(super) fn new(folder: PathBuf, dev: bool, machines: Arc<StateMachines>, report: Report) -> Arc<Self> {
        let (changing, taken) = Default::default();
        Arc::new(Self { folder, dev, machines, report, changing, taken })
    }

    /// Offers the state machines of all files that an app was found with.
    pub(super) async fn offer(&self, app: &AppFolder) -> Result<(), StoreError> {
        for file in &app.workflows {
            self.take_in(file).await?;
        }
        Ok(())
    }

    /// Offers the state machine of a file, unless it was taken in as it is now.
    pub(super) async fn take_in(&self, file: &WorkflowFile) -> Result<(), StoreError> {
        let _alone = self.changing.lock().await;
        // Before it is read: what changes it afterwards is noticed.
        let Some(stamp) = Stamp::of(&file.path).filter(|stamp| !self.has_taken(&file.path, *stamp)) else {
            return Ok(());
        };
        self.taken.lock().insert(file.path.clone(), stamp);
        let event = match std::fs::read_to_string(&file.path) {
            Err(error) => AppEvent::Warning(format!("{}: {error}", file.path.display())),
            Ok(text) => match self.machines.put_file(&file.name, &text, file.format).await? {
                Ok(put) => taken(&file.name, put),
                Err(problems) => AppEvent::WorkflowRefused { path: file.path.clone(), problems },
            },
        };
        let _ = self.report.send(event);
        Ok(())
    }

    fn has_taken(&self, path: &Path, stamp: Stamp) -> bool {
        self.taken.lock().get(path) == Some(&stamp)
    }

    /// The files that there are now.
    pub(super) fn stamps(&self) -> Stamps {
        let files = workflows(&self.folder).into_iter();
        files.filter_map(|file| Stamp::of(&file.path).map(|stamp| (file.path, stamp))).collect()
    }

    /// Those of the files that are to be taken in. One that is gone and comes back is taken in again.
    pub(super) fn changed(&self, now: &Stamps) -> Vec<WorkflowFile> {
        self.taken.lock().retain(|path, _| now.contains_key(path));
        let changed = now.iter().filter(|(path, stamp)| !self.has_taken(path, **stamp));
        changed.filter_map(|(path, _)| WorkflowFile::of(path)).collect()
    }

    pub(super) fn report(&self, event: AppEvent) {
        let _ = self.report.send(event);
    }

    /// The file of a workflow.
    pub(crate) fn view(&self, name: &str) -> Option<FileView> {
        let files = self.files(name);
        let file = files.first()?;
        let path = format!("{WORKFLOWS}/{}", file.path.file_name()?.to_str()?);
        Some(FileView { path, fixed: self.fixed(name, &files) })
    }

    fn files(&self, name: &str) -> Vec<WorkflowFile> {
        workflows(&self.folder).into_iter().filter(|file| file.name == name).collect()
    }

    /// Why a workflow's file cannot be written.
    fn fixed(&self, name: &str, files: &[WorkflowFile]) -> Option<String> {
        match files {
            [] => Some(format!("the state machine {name:?} has no file in the app's folder")),
            [_] if self.dev => None,
            [_] => Some(
                "definitions are written by `partita dev` alone; change the file, and start again".into(),
            ),
            _ => Some(format!("the state machine {name:?} has several files; keep one of them")),
        }
    }

    /// Writes a new definition into a workflow's file, and takes it in.
    pub(crate) async fn write(
        &self,
        name: &str,
        text: &str,
        made_from: Option<&str>,
    ) -> Result<Put, NotWritten> {
        let _alone = self.changing.lock().await;
        let files = self.files(name);
        let file = match (self.fixed(name, &files), files.first()) {
            (None, Some(file)) => file,
            (fixed, _) => return Err(NotWritten::Fixed(fixed.unwrap_or_default())),
        };
        if let Some(made_from) = made_from {
            self.unchanged(file, made_from)?;
        }
        let problems = self.machines.check(text, file.format, self.machines.is_express(name));
        if problems.iter().any(|problem| problem.severity == Severity::Error) {
            return Err(NotWritten::Invalid(problems, file.format));
        }
        let written = replace(&file.path, text);
        let stamp = written.map_err(|error| NotWritten::File(file.path.clone(), error))?;
        let put = self.machines.put_file(name, text, file.format).await?;
        let put = put.map_err(|problems| NotWritten::Invalid(problems, file.format))?;
        // So that whoever watches the files does not take it in once more. Not before: this may be given up halfway.
        self.taken.lock().insert(file.path.clone(), stamp);
        self.report(taken(name, put.clone()));
        Ok(put)
    }

    /// Checks that both the machine and its file are still in the revision that was changed.
    fn unchanged(&self, file: &WorkflowFile, made_from: &str) -> Result<(), NotWritten> {
        let current = self.machines.get(&file.name).map(|machine| machine.revision).unwrap_or_default();
        let written = std::fs::read_to_string(&file.path).map(|text| revision_id(&text));
        let written = written.map_err(|error| NotWritten::File(file.path.clone(), error))?;
        match [current, written].into_iter().find(|revision| revision != made_from) {
            None => Ok(()),
            Some(current) => Err(NotWritten::Changed { current }),
        }
    }
}

fn taken(name: &str, put: Put) -> AppEvent {
    let Put { revision, known, warnings } = put;
    AppEvent::Workflow { name: name.to_owned(), revision, known, warnings }
}

/// Replaces a file in one step, so that nobody ever reads half of it. Gives the stamp of what was written, which is not
/// that of what somebody else writes right afterwards.
fn replace(path: &Path, text: &str) -> io::Result<Stamp> {
    // Of a link, what it leads to.
    let path = path.canonicalize()?;
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut new = tempfile::Builder::new().prefix(".partita-").suffix(".tmp").tempfile_in(folder)?;
    new.write_all(text.as_bytes())?;
    new.as_file().set_permissions(path.metadata()?.permissions())?;
    new.as_file().sync_all()?;
    let stamp = Stamp::from_data(&new.as_file().metadata()?);
    new.persist(&path).map_err(|error| error.error)?;
    Ok(stamp)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_file_is_replaced_whole_and_stays_what_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("a.asl.json"), folder.path().join("b.asl.json"));
        std::fs::write(&file, "old").unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o640)).unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        let stamp = replace(&link, "new").unwrap();
        assert_eq!(Stamp::of(&link), Some(stamp), "whoever watches knows it again");
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "new");
        assert!(link.is_symlink(), "the link still leads there");
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o640);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2, "nothing is left behind");
    }
}
