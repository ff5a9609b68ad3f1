//! An app's folder: what `partita.toml` says of its processes.

use crate::commands::read_toml;
use crate::exit::{Exit, Failure, Result};
use partita_server::node::folder::{FUNCTIONS, WORKFLOWS};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// An app.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct App {
    pub(super) name: String,
    pub(super) folder: PathBuf,
    pub(super) processes: Vec<Process>,
}

/// One process of it, ready to be started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Process {
    pub(super) name: String,
    pub(super) program: String,
    pub(super) arguments: Vec<String>,
    pub(super) directory: PathBuf,
    pub(super) env: BTreeMap<String, String>,
    pub(super) watch: Vec<PathBuf>,
    /// Whether it embeds the engine.
    pub(super) engine: bool,
    /// Answers when it is ready.
    pub(super) ready: Option<String>,
}

/// `[process.NAME]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ProcessTable {
    command: Vec<String>,
    directory: Option<PathBuf>,
    #[serde(default)]
    env: BTreeMap<String, String>,
    #[serde(default)]
    watch: Vec<PathBuf>,
    #[serde(default)]
    engine: bool,
    ready: Option<String>,
}

impl App {
    /// Reads the app in a folder.
    ///
    /// # Errors
    /// Says what is wrong, and where.
    pub(super) fn read(folder: &Path) -> Result<Self> {
        let file = folder.join(crate::commands::CONFIG_FILE);
        let offers = [FUNCTIONS, WORKFLOWS].iter().any(|inner| folder.join(inner).is_dir());
        if !file.is_file() && !offers {
            let message = format!(
                "{} is no app: it has neither partita.toml nor a folder functions or workflows",
                folder.display()
            );
            return Err(Failure::new(Exit::NotFound, message).advise(
                "name an app's folder, or write workflows/NAME.asl.json, functions/NAME/func.yaml, or partita.toml",
            ));
        }
        let table = if file.is_file() { read_toml(&file)? } else { toml::Table::new() };
        let wrong = |what: String| Failure::usage(format!("{}: {what}", file.display()));
        let name = match table.get("name") {
            Some(name) => name.as_str().ok_or_else(|| wrong("name is not a text".to_owned()))?.to_owned(),
            None => file_name(folder),
        };
        let processes = match table.get("process") {
            Some(processes) => {
                processes.clone().try_into().map_err(|error| wrong(format!("process: {error}")))?
            }
            None => BTreeMap::<String, ProcessTable>::new(),
        };
        let processes: Result<Vec<Process>, String> =
            processes.into_iter().map(|(name, table)| Process::new(folder, name, table)).collect();
        let app = Self { name, folder: folder.to_owned(), processes: processes.map_err(wrong)? };
        match app.processes.iter().filter(|process| process.engine).count() {
            0 | 1 => Ok(app),
            _ => Err(wrong(
                "more than one process has engine = true; an app's instances live in one engine".to_owned(),
            )),
        }
    }

    /// The process that embeds the engine.
    pub(super) fn engine(&self) -> Option<&Process> {
        self.processes.iter().find(|process| process.engine)
    }

    /// Where everything is kept.
    pub(super) fn data_dir(&self) -> PathBuf {
        self.folder.join(".partita")
    }
}

/// The last part of a path, also of `.`.
fn file_name(folder: &Path) -> String {
    let whole = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    whole.file_name().map_or_else(|| "app".to_owned(), |name| name.to_string_lossy().into_owned())
}

impl Process {
    fn new(folder: &Path, name: String, table: ProcessTable) -> Result<Self, String> {
        let mut command = table.command.into_iter();
        let program = command.next().ok_or_else(|| format!("process.{name}.command is empty"))?;
        let directory = table.directory.map_or_else(|| folder.to_owned(), |directory| folder.join(directory));
        if !directory.is_dir() {
            return Err(format!("process.{name}.directory: there is no folder {}", directory.display()));
        }
        let watch: Vec<PathBuf> = table.watch.into_iter().map(|path| folder.join(path)).collect();
        if let Some(missing) = watch.iter().find(|path| !path.exists()) {
            return Err(format!("process.{name}.watch: there is no {}", missing.display()));
        }
        Ok(Self {
            program: program_in(&directory, program),
            name,
            arguments: command.collect(),
            directory,
            env: table.env,
            watch,
            engine: table.engine,
            ready: table.ready,
        })
    }
}

/// A program that is named by a relative path is meant from the process's directory.
fn program_in(directory: &Path, program: String) -> String {
    if !program.contains('/') || program.starts_with('/') {
        return program;
    }
    let path = directory.join(&program);
    path.canonicalize().map_or(program, |path| path.display().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<App, String> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("partita.toml"), text).unwrap();
        std::fs::create_dir(folder.path().join("src")).unwrap();
        App::read(folder.path())
            .map_err(|failure| failure.to_string().replace(&folder.path().display().to_string(), "APP"))
    }

    #[test]
    fn processes_are_read() {
        let app = read(
            "name = \"shop\"\n[process.a]\ncommand = [\"run\", \"it\"]\nengine = true\nwatch = [\"src\"]\n\
             ready = \"http://127.0.0.1:1/\"\nenv = { K = \"V\" }\n[process.b]\ncommand = [\"other\"]\n",
        )
        .unwrap();
        assert_eq!((app.name.as_str(), app.processes.len()), ("shop", 2));
        let engine = app.engine().unwrap();
        assert_eq!((engine.name.as_str(), engine.program.as_str(), engine.arguments.len()), ("a", "run", 1));
        assert_eq!(engine.watch, [app.folder.join("src")]);
        assert_eq!(engine.env.get("K").map(String::as_str), Some("V"));
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        for (text, expected) in [
            ("[process.a]\ncommand = []", "APP/partita.toml: process.a.command is empty"),
            (
                "[process.a]\ncommand = [\"x\"]\nwatch = [\"nowhere\"]",
                "process.a.watch: there is no APP/nowhere",
            ),
            (
                "[process.a]\ncommand = [\"x\"]\ndirectory = \"d\"",
                "process.a.directory: there is no folder APP/d",
            ),
            ("[process.a]\ncommand = [\"x\"]\nengin = true", "unknown field `engin`"),
            (
                "[process.a]\ncommand = [\"x\"]\nengine = true\n[process.b]\ncommand = [\"x\"]\nengine = true",
                "more than one",
            ),
            ("name = 1", "name is not a text"),
            ("name = ", "is not TOML"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(expected), "{error}");
        }
    }
}
