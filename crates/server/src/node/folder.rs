//! An app's folder: its functions and its state machines.

use partita_flow::asl::check::Format;
use partita_functions::{AppSpec, SpecError, read_app};
use std::path::{Path, PathBuf};

/// The folder of state machines.
pub const WORKFLOWS: &str = "workflows";
/// The folder of functions.
pub const FUNCTIONS: &str = "functions";

/// How names of files with state machines end.
const ENDINGS: [(&str, Format); 3] =
    [(".asl.json", Format::Json), (".asl.yaml", Format::Yaml), (".asl.yml", Format::Yaml)];

/// The file of a state machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkflowFile {
    /// The workflow's name: that of the file.
    pub name: String,
    /// Where it is.
    pub path: PathBuf,
    /// What it is written in.
    pub format: Format,
}

impl WorkflowFile {
    /// The file of a state machine by its path; `None` when its name does not end like one.
    #[must_use]
    pub fn of(path: &Path) -> Option<Self> {
        let file = path.file_name()?.to_str()?;
        let (name, format) =
            ENDINGS.iter().find_map(|(ending, format)| Some((file.strip_suffix(ending)?, *format)))?;
        let visible = !name.is_empty() && !name.starts_with('.');
        visible.then(|| Self { name: name.to_owned(), path: path.to_owned(), format })
    }
}

/// What is in an app's folder.
#[derive(Clone, Debug)]
pub struct AppFolder {
    /// Where it is.
    pub folder: PathBuf,
    /// Its functions; `None` when it has none.
    pub functions: Option<AppSpec>,
    /// Its state machines, in the order of their names.
    pub workflows: Vec<WorkflowFile>,
}

impl AppFolder {
    /// Looks at a folder.
    ///
    /// # Errors
    /// When a function's description cannot be read or makes no sense.
    pub fn read(folder: &Path) -> Result<Self, SpecError> {
        let has_functions = folder.join(FUNCTIONS).is_dir();
        let functions = has_functions.then(|| read_app(folder)).transpose()?;
        Ok(Self { folder: folder.to_owned(), functions, workflows: workflows(folder) })
    }

    /// Whether there is nothing in it that is offered to workflows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.workflows.is_empty() && self.functions.as_ref().is_none_or(|app| app.functions.is_empty())
    }
}

/// The state machines of an app's folder.
pub(crate) fn workflows(folder: &Path) -> Vec<WorkflowFile> {
    let Ok(entries) = std::fs::read_dir(folder.join(WORKFLOWS)) else { return Vec::new() };
    let mut found: Vec<_> = entries.flatten().filter_map(|entry| WorkflowFile::of(&entry.path())).collect();
    found.sort_by(|a, b| a.name.cmp(&b.name));
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_named_after_workflows() {
        for (path, expected) in [
            ("a/order.asl.json", Some(("order", Format::Json))),
            ("a/order.asl.yml", Some(("order", Format::Yaml))),
            ("a/order.v2.asl.yaml", Some(("order.v2", Format::Yaml))),
            ("a/order.json", None),
            ("a/.order.asl.json", None),
            ("a/.asl.json", None),
        ] {
            let file = WorkflowFile::of(Path::new(path));
            assert_eq!(file.as_ref().map(|file| (file.name.as_str(), file.format)), expected, "{path}");
        }
    }
}
