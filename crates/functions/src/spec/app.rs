//! Reading `app.yaml`, and the functions of an application.

use super::file::{self, Keys, folder_name};
use super::{FunctionSpec, is_name, name_rule};
use crate::error::SpecError;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The most functions of an application.
const MOST_FUNCTIONS: usize = 1000;
const APP_FILES: [&str; 3] = ["app.yaml", "app.yml", "app.json"];
const FUNCTION_FILES: [&str; 3] = ["func.yaml", "func.yml", "func.json"];

/// An application: functions with a common configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppSpec {
    /// Its name.
    pub name: String,
    /// Its folder.
    pub folder: PathBuf,
    /// What all its functions are configured with.
    pub config: BTreeMap<String, String>,
    /// Its functions, by name.
    pub functions: Vec<FunctionSpec>,
    /// What its file says that nobody does.
    pub warnings: Vec<String>,
}

/// What a function takes from its application.
pub(super) struct App {
    pub(super) name: String,
    pub(super) config: BTreeMap<String, String>,
    warnings: Vec<String>,
}

/// Reads an application: `app.yaml` if there is one, the folders directly in it, and those in its `functions`.
///
/// # Errors
/// When a file makes no sense, or two functions have one name.
pub fn read_app(folder: impl AsRef<Path>) -> Result<AppSpec, SpecError> {
    let folder = folder.as_ref();
    let app = read(folder)?.unwrap_or_else(|| unnamed(folder));
    let mut functions = Vec::new();
    let mut names = BTreeSet::new();
    for place in places(folder)? {
        let spec = file::read(&place, &app)?;
        if !names.insert(spec.name.clone()) {
            let reason = format!("another function of the application is called {:?} too", spec.name);
            return Err(SpecError::Invalid { file: place, key: "name".to_owned(), reason });
        }
        functions.push(spec);
    }
    functions.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(AppSpec {
        name: app.name,
        folder: folder.to_owned(),
        config: app.config,
        functions,
        warnings: app.warnings,
    })
}

/// The application in whose folder, or in whose folder `functions`, a function's folder is.
pub(super) fn around(function: &Path) -> Result<App, SpecError> {
    let whole = function.canonicalize().unwrap_or_else(|_| function.to_owned());
    let parent = whole.parent().unwrap_or(&whole);
    let above = match parent.parent() {
        Some(above) if parent.file_name().is_some_and(|name| name == "functions") => above,
        _ => parent,
    };
    Ok(read(above)?.unwrap_or_else(|| unnamed(above)))
}

fn read(folder: &Path) -> Result<Option<App>, SpecError> {
    let Some(keys) = Keys::find(folder, &APP_FILES)? else { return Ok(None) };
    let name = keys.text("name")?.map_or_else(|| unnamed(folder).name, str::to_owned);
    if !is_name(&name) {
        return Err(keys.invalid("name", name_rule(&name)));
    }
    let known = |key: &&String| !["name", "config", "annotations", "schema_version"].contains(&key.as_str());
    let warn = |key: &String| format!("{}: {key} has no effect here", keys.file.display());
    let warnings = keys.map.keys().filter(known).map(warn).collect();
    Ok(Some(App { name, config: keys.config("config")?, warnings }))
}

fn unnamed(folder: &Path) -> App {
    let name = Some(folder_name(folder)).filter(|name| is_name(name)).unwrap_or_else(|| "app".to_owned());
    App { name, config: BTreeMap::new(), warnings: Vec::new() }
}

/// The folders of functions in an application's folder.
fn places(folder: &Path) -> Result<Vec<PathBuf>, SpecError> {
    let mut found = Vec::new();
    for parent in [folder.to_owned(), folder.join("functions")] {
        if parent != folder && !parent.is_dir() {
            continue;
        }
        let unreadable =
            |error: std::io::Error| SpecError::Unreadable { file: parent.clone(), reason: error.to_string() };
        for entry in std::fs::read_dir(&parent).map_err(unreadable)? {
            let place = entry.map_err(unreadable)?.path();
            if FUNCTION_FILES.iter().any(|name| place.join(name).is_file()) {
                found.push(place);
            }
            if found.len() > MOST_FUNCTIONS {
                let reason = format!("it holds more than {MOST_FUNCTIONS} functions");
                return Err(SpecError::Unreadable { file: parent, reason });
            }
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(folder: &Path, file: &str, text: &str) {
        let file = folder.join(file);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
    }

    #[test]
    fn functions_directly_and_in_a_folder_take_the_configuration() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), "app.yaml", "name: shop\nsyslog_url: tcp://x\nconfig: {A: app, B: app}\n");
        write(folder.path(), "one/func.yaml", "name: one\nruntime: node\nconfig: {B: own}\n");
        write(folder.path(), "functions/two/func.json", r#"{"runtime": "python"}"#);
        write(folder.path(), "other/readme", "");
        let app = read_app(folder.path()).unwrap();
        let names: Vec<&str> = app.functions.iter().map(|function| function.name.as_str()).collect();
        assert_eq!((app.name.as_str(), names), ("shop", vec!["one", "two"]));
        assert_eq!(app.warnings.len(), 1, "{:?}", app.warnings);
        let one = FunctionSpec::read(folder.path().join("one")).unwrap();
        assert_eq!(
            (one.config["A"].as_str(), one.config["B"].as_str(), one.app.as_str()),
            ("app", "own", "shop")
        );
        let two = FunctionSpec::read(folder.path().join("functions/two")).unwrap();
        assert_eq!((two.app.as_str(), two.config["B"].as_str()), ("shop", "app"));
        assert_eq!(app.functions[1].fn_id, two.fn_id);
    }

    #[test]
    fn two_functions_of_one_name_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), "a/func.yaml", "name: same\nruntime: node\n");
        write(folder.path(), "b/func.yaml", "name: same\nruntime: node\n");
        let error = read_app(folder.path()).unwrap_err().to_string();
        assert!(error.ends_with("another function of the application is called \"same\" too"), "{error}");
    }
}
