//! Reading `func.yaml`.

use super::app::App;
use super::{Entrypoint, FunctionSpec, Runtime, is_name, name_rule};
use crate::error::SpecError;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The most bytes of a file that describes something.
const LARGEST: u64 = 1 << 20;
/// Keys that mean something for building images or for other hosts.
const UNUSED: [&str; 12] = [
    "build",
    "build_image",
    "deploy",
    "expects",
    "format",
    "headers",
    "run_image",
    "syslog_url",
    "triggers",
    "type",
    "version",
    "schema_version",
];

/// A mapping of a file, with what is needed to say what is wrong with it.
pub(super) struct Keys {
    pub(super) file: PathBuf,
    pub(super) map: Map<String, Value>,
}

impl Keys {
    /// Reads the first of some files that exists in a folder.
    pub(super) fn find(folder: &Path, names: &[&str]) -> Result<Option<Self>, SpecError> {
        let Some(file) = names.iter().map(|name| folder.join(name)).find(|file| file.is_file()) else {
            return Ok(None);
        };
        let unreadable = |reason: String| SpecError::Unreadable { file: file.clone(), reason };
        let size = file.metadata().map_err(|error| unreadable(error.to_string()))?.len();
        if size > LARGEST {
            return Err(unreadable(format!("it has {size} bytes, and may have {LARGEST}")));
        }
        let text = std::fs::read_to_string(&file).map_err(|error| unreadable(error.to_string()))?;
        let value: Value = if file.extension().is_some_and(|extension| extension == "json") {
            serde_json::from_str(&text).map_err(|error| unreadable(error.to_string()))?
        } else {
            yaml(&text).map_err(unreadable)?
        };
        match value {
            Value::Object(map) => Ok(Some(Self { file, map })),
            Value::Null => Ok(Some(Self { file, map: Map::new() })),
            _ => Err(unreadable("it is no mapping of keys to values".to_owned())),
        }
    }

    pub(super) fn invalid(&self, key: &str, reason: impl Into<String>) -> SpecError {
        SpecError::Invalid { file: self.file.clone(), key: key.to_owned(), reason: reason.into() }
    }

    fn value(&self, key: &str) -> Option<&Value> {
        self.map.get(key).filter(|value| !value.is_null())
    }

    pub(super) fn text(&self, key: &str) -> Result<Option<&str>, SpecError> {
        self.value(key)
            .map(|value| value.as_str().ok_or_else(|| self.invalid(key, format!("{value} is no text"))))
            .transpose()
    }

    fn number(&self, key: &str, most: u64) -> Result<Option<u64>, SpecError> {
        let Some(value) = self.value(key) else { return Ok(None) };
        let number = value.as_u64().or_else(|| value.as_str()?.parse().ok());
        match number.filter(|number| (1..=most).contains(number)) {
            Some(number) => Ok(Some(number)),
            None => Err(self.invalid(key, format!("{value} is no whole number between 1 and {most}"))),
        }
    }

    /// A mapping of names to plain values, as texts.
    pub(super) fn config(&self, key: &str) -> Result<BTreeMap<String, String>, SpecError> {
        let Some(value) = self.value(key) else { return Ok(BTreeMap::new()) };
        let map =
            value.as_object().ok_or_else(|| self.invalid(key, "it is no mapping of names to values"))?;
        map.iter().map(|(name, value)| Ok((name.clone(), self.plain(key, name, value)?))).collect()
    }

    fn plain(&self, key: &str, name: &str, value: &Value) -> Result<String, SpecError> {
        let key = format!("{key}.{name}");
        if name.is_empty() || name.contains(['=', '\0']) {
            return Err(self.invalid(&key, "it cannot be the name of an environment variable"));
        }
        match value {
            Value::String(text) if text.contains('\0') => Err(self.invalid(&key, "it contains a zero byte")),
            Value::String(text) => Ok(text.clone()),
            Value::Null => Ok(String::new()),
            Value::Bool(_) | Value::Number(_) => Ok(value.to_string()),
            Value::Array(_) | Value::Object(_) => Err(self
                .invalid(&key, "it is a list or a mapping, and must be a plain value; put it into quotes")),
        }
    }

    /// Words of a command, whether written as one text or as a list.
    fn words(&self, key: &str) -> Result<Vec<String>, SpecError> {
        match self.value(key) {
            None => Ok(Vec::new()),
            Some(Value::String(text)) => Ok(text.split_whitespace().map(str::to_owned).collect()),
            Some(Value::Array(list)) if list.iter().all(Value::is_string) => {
                Ok(list.iter().filter_map(Value::as_str).map(str::to_owned).collect())
            }
            Some(_) => Err(self.invalid(key, "it is neither a text nor a list of texts")),
        }
    }
}

/// Reads YAML in which only `true` and `false` are booleans: a value `yes` of a configuration is the text "yes".
fn yaml(text: &str) -> Result<Value, String> {
    let options = serde_saphyr::options! { strict_booleans: true };
    serde_saphyr::from_str_with_options(text, options).map_err(|error| error.to_string())
}

/// Reads a function's folder.
pub(super) fn read(folder: &Path, app: &App) -> Result<FunctionSpec, SpecError> {
    let keys = Keys::find(folder, &["func.yaml", "func.yml", "func.json"])?
        .ok_or_else(|| SpecError::Missing(folder.to_owned()))?;
    let mut spec = FunctionSpec::new(name(&keys, folder)?, folder, runtime(&keys, folder)?);
    spec.belong_to(&app.name);
    spec.config = app.config.clone();
    spec.config.extend(keys.config("config")?);
    spec.entrypoint = entrypoint(&keys, spec.runtime)?;
    spec.content_type = keys.text("content_type")?.map(str::to_owned);
    if let Some(memory) = keys.number("memory", 8192)? {
        spec.memory_mb = memory;
    }
    if let Some(seconds) = keys.number("timeout", 300)? {
        spec.timeout = Duration::from_secs(seconds);
    }
    if let Some(seconds) = keys.number("idle_timeout", 3600)? {
        spec.idle_timeout = Duration::from_secs(seconds);
    }
    spec.annotations = annotations(&keys)?;
    spec.warnings = warnings(&keys);
    Ok(spec)
}

fn name(keys: &Keys, folder: &Path) -> Result<String, SpecError> {
    let name = match keys.text("name")? {
        Some(name) => name.to_owned(),
        None => folder_name(folder),
    };
    if is_name(&name) { Ok(name) } else { Err(keys.invalid("name", name_rule(&name))) }
}

/// The name of a folder, however its path is written.
pub(super) fn folder_name(folder: &Path) -> String {
    let whole = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    whole.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

fn runtime(keys: &Keys, folder: &Path) -> Result<Runtime, SpecError> {
    let Some(runtime) = keys.text("runtime")? else {
        let exists = |runtime: &Runtime| folder.join(runtime.default_file()).is_file();
        let found = [Runtime::Python, Runtime::Node].into_iter().find(exists);
        return found.ok_or_else(|| keys.invalid("runtime", "it is missing; say python or node"));
    };
    match runtime {
        _ if runtime.starts_with("python") => Ok(Runtime::Python),
        _ if runtime.starts_with("node") => Ok(Runtime::Node),
        _ => Err(keys.invalid("runtime", format!("{runtime:?} is not supported; python and node are"))),
    }
}

/// The file and the handler that the words of an image's command name.
fn entrypoint(keys: &Keys, runtime: Runtime) -> Result<Entrypoint, SpecError> {
    let mut words = keys.words("entrypoint")?;
    words.extend(keys.words("cmd")?);
    let is_program = |word: &String| {
        let name = word.rsplit('/').next().unwrap_or_default();
        name == "fdk" || name.starts_with("python") || name.starts_with("node")
    };
    let mut words = words.into_iter().skip_while(is_program).filter(|word| !word.starts_with('-'));
    let file = words.next().unwrap_or_else(|| runtime.default_file().to_owned());
    let file = PathBuf::from(file.strip_prefix("/function/").unwrap_or(&file));
    if file.is_absolute() || file.components().any(|part| part.as_os_str() == "..") {
        let reason = format!("{} is not in the function's folder, which is /function here", file.display());
        return Err(keys.invalid("entrypoint", reason));
    }
    Ok(Entrypoint { file, handler: words.next().unwrap_or_else(|| "handler".to_owned()) })
}

fn annotations(keys: &Keys) -> Result<BTreeMap<String, String>, SpecError> {
    match keys.value("annotations") {
        None => Ok(BTreeMap::new()),
        Some(Value::Object(map)) => {
            Ok(map.iter().map(|(name, value)| (name.clone(), value.to_string())).collect())
        }
        Some(_) => Err(keys.invalid("annotations", "it is no mapping of names to values")),
    }
}

fn warnings(keys: &Keys) -> Vec<String> {
    const KNOWN: [&str; 11] = [
        "annotations",
        "cmd",
        "config",
        "content_type",
        "entrypoint",
        "idle_timeout",
        "memory",
        "name",
        "runtime",
        "schema_version",
        "timeout",
    ];
    const SILENT: [&str; 2] = ["version", "triggers"];
    let file = keys.file.display();
    let warn = |key: &String| match key.as_str() {
        key if KNOWN.contains(&key) || SILENT.contains(&key) => None,
        key if UNUSED.contains(&key) => Some(format!("{file}: {key} has no effect here")),
        key => Some(format!("{file}: {key} is not a known key and has no effect")),
    };
    keys.map.keys().filter_map(warn).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a folder with these files is, or the text of the error with the folder's path left out.
    fn read_files(files: &[(&str, &str)]) -> Result<FunctionSpec, String> {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        let shown = format!("{}/", folder.path().display());
        FunctionSpec::read(folder.path()).map_err(|error| error.to_string().replace(&shown, ""))
    }

    #[test]
    fn a_function_as_the_fn_tools_make_it() {
        let spec = read_files(&[(
            "func.yaml",
            "schema_version: 20180708\nname: hello\nversion: 0.0.1\nruntime: python3.11\n\
             build_image: fnproject/python:3.11-dev\nentrypoint: /python/bin/fdk /function/main.py greet\n\
             memory: 256\ntimeout: 60\nidle_timeout: 5\ncolour: red\nconfig:\n  A: text\n  B: 7\n  C: true\n  D: yes\n",
        )])
        .unwrap();
        assert_eq!((spec.name.as_str(), spec.runtime, spec.memory_mb), ("hello", Runtime::Python, 256));
        assert_eq!(spec.entrypoint, Entrypoint { file: "main.py".into(), handler: "greet".into() });
        assert_eq!((spec.timeout.as_secs(), spec.idle_timeout.as_secs()), (60, 5));
        let config: Vec<_> = spec.config.iter().map(|(key, value)| format!("{key}={value}")).collect();
        assert_eq!(config, ["A=text", "B=7", "C=true", "D=yes"]);
        assert_eq!(spec.warnings.len(), 2, "{:?}", spec.warnings);
        assert_eq!(spec.problem(), None);
    }

    #[test]
    fn defaults() {
        let spec = read_files(&[("func.yml", "name: n"), ("func.js", "")]).unwrap();
        assert_eq!(spec.runtime, Runtime::Node);
        assert_eq!(spec.entrypoint.file, Path::new("func.js"));
        assert_eq!((spec.memory_mb, spec.timeout.as_secs(), spec.idle_timeout.as_secs()), (128, 30, 30));
        let spec = read_files(&[
            ("func.json", r#"{"name": "j", "entrypoint": ["node", "a/b.js"]}"#),
            ("func.js", ""),
        ]);
        assert_eq!(spec.unwrap().entrypoint.file, Path::new("a/b.js"));
    }

    #[test]
    fn errors_say_file_key_and_rule() {
        for (text, expected) in [
            ("name: a b\nruntime: node", "func.yaml: name: \"a b\" is no name"),
            (
                "name: a\nruntime: cobol",
                "func.yaml: runtime: \"cobol\" is not supported; python and node are",
            ),
            ("name: a", "func.yaml: runtime: it is missing; say python or node"),
            (
                "name: a\nruntime: node\ntimeout: 301",
                "func.yaml: timeout: 301 is no whole number between 1 and 300",
            ),
            ("name: a\nruntime: node\nmemory: much", "func.yaml: memory: \"much\" is no whole number"),
            ("name: a\nruntime: node\nconfig: {A: [1]}", "func.yaml: config.A: it is a list or a mapping"),
            (
                "name: a\nruntime: node\nentrypoint: node /etc/x.js",
                "func.yaml: entrypoint: /etc/x.js is not in",
            ),
            ("name: a\nruntime: node\nentrypoint: node ../x.js", "func.yaml: entrypoint: ../x.js is not in"),
            ("- a", "func.yaml cannot be read: it is no mapping"),
            ("name: [", "func.yaml cannot be read: "),
        ] {
            let error = read_files(&[("func.yaml", text)]).unwrap_err();
            assert!(error.starts_with(expected), "{text:?}: {error}");
        }
        assert!(read_files(&[]).unwrap_err().ends_with("has no func.yaml, func.yml or func.json"));
    }
}
