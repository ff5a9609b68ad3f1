//! What the host is told of a function.

use super::error::CatalogueError;
use super::record::{Application, Function, Source};
use super::state::State;
use partita_functions::{Entrypoint, FunctionSpec, Runtime};
use std::path::{Path, PathBuf};
use std::time::Duration;

const HANDLER: &str = "sourceDetails.handler";
const RUNTIME: &str = "sourceDetails.runtimeConfig.functionsRuntimeName";

/// The folder in which an archive's code is.
pub(super) fn code_folder(root: &Path, id: &str, sha256: &str) -> PathBuf {
    root.join("code").join(id).join(sha256)
}

/// What the host is told of a function, without the means to sign as itself.
pub(super) fn spec(
    root: &Path,
    state: &State,
    application: &Application,
    function: &Function,
) -> Result<FunctionSpec, CatalogueError> {
    let mut spec = match (&function.fixed, &function.source) {
        (Some(fixed), _) => FunctionSpec::clone(fixed),
        (None, Source::Local { address }) => local(state, address)?,
        (None, Source::Archive { sha256, runtime, handler }) => {
            let folder = code_folder(root, &function.id, sha256);
            of_archive(&folder, &function.name, runtime.as_deref(), handler.as_deref())?
        }
        (None, Source::Folder) => return Err(CatalogueError::invalid("source", "its files are gone")),
    };
    spec.name.clone_from(&function.address);
    spec.app.clone_from(&application.name);
    spec.fn_id.clone_from(&function.id);
    spec.app_id.clone_from(&application.id);
    if function.fixed.is_none() {
        spec.config.extend(application.config.clone());
        spec.config.extend(function.config.clone());
        spec.memory_mb = function.memory_mb;
        spec.timeout = Duration::from_secs(function.timeout_s);
        spec.idle_timeout = Duration::from_secs(function.idle_timeout_s);
        spec.min_processes = provisioned(function).min(spec.max_processes);
    }
    Ok(spec)
}

/// The function of the app's folder that another one borrows its code from.
pub(super) fn local(state: &State, address: &str) -> Result<FunctionSpec, CatalogueError> {
    let found = state.functions.values().find(|function| function.address == address);
    let fixed = found.and_then(|function| function.fixed.as_deref());
    fixed.cloned().ok_or_else(|| {
        let known: Vec<&str> = state
            .functions
            .values()
            .filter(|function| function.fixed.is_some())
            .map(|function| function.address.as_str())
            .collect();
        let known =
            if known.is_empty() { "it has none".to_owned() } else { format!("it has {}", known.join(", ")) };
        CatalogueError::invalid("image", format!("the app's folder has no function {address:?}; {known}"))
    })
}

/// The processes that the cloud would keep ready for a function.
fn provisioned(function: &Function) -> usize {
    let config = function.details.get("provisionedConcurrencyConfig");
    let count = config.and_then(|config| config.get("count")?.as_u64());
    count.and_then(|count| count.try_into().ok()).unwrap_or(0)
}

/// What unpacked code says of itself, or what its first file is called.
pub(super) fn of_archive(
    folder: &Path,
    name: &str,
    runtime: Option<&str>,
    handler: Option<&str>,
) -> Result<FunctionSpec, CatalogueError> {
    let chosen = runtime.map(parse_runtime).transpose()?;
    let described = ["func.yaml", "func.yml", "func.json"].iter().any(|file| folder.join(file).is_file());
    let mut spec = if described {
        FunctionSpec::read(folder).map_err(|error| {
            let shown = error.to_string().replace(&format!("{}/", folder.display()), "");
            CatalogueError::invalid("sourceDetails.archiveSourceDetails", shown)
        })?
    } else {
        let runtime = chosen.or_else(|| guess(folder)).ok_or_else(|| {
            CatalogueError::invalid(RUNTIME, "it is missing, and the archive has neither func.py nor func.js")
        })?;
        FunctionSpec::new(name, folder, runtime)
    };
    if let Some(runtime) = chosen.filter(|runtime| *runtime != spec.runtime) {
        spec.runtime = runtime;
        spec.entrypoint = FunctionSpec::new(name, folder, runtime).entrypoint;
    }
    if let Some(handler) = handler {
        spec.entrypoint = entrypoint(spec.runtime, handler)?;
    }
    if !folder.join(&spec.entrypoint.file).is_file() {
        let reason = format!("the archive has no file {}", spec.entrypoint.file.display());
        return Err(CatalogueError::invalid(HANDLER, reason));
    }
    Ok(spec)
}

fn guess(folder: &Path) -> Option<Runtime> {
    let files = [("func.py", Runtime::Python), ("func.js", Runtime::Node)];
    files.into_iter().find(|(file, _)| folder.join(file).is_file()).map(|(_, runtime)| runtime)
}

fn parse_runtime(text: &str) -> Result<Runtime, CatalogueError> {
    let lower = text.to_lowercase();
    match lower.as_str() {
        _ if lower.starts_with("python") => Ok(Runtime::Python),
        _ if lower.starts_with("node") => Ok(Runtime::Node),
        _ => {
            let reason = format!("{text:?} is not one of the runtimes here, which are python and node");
            Err(CatalogueError::invalid(RUNTIME, reason))
        }
    }
}

/// Where the code begins: `func.py handler` as in `func.yaml`, `func.py:handler`, `func.handler`, or a file alone.
fn entrypoint(runtime: Runtime, text: &str) -> Result<Entrypoint, CatalogueError> {
    let text = text.replace(':', " ");
    let is_program =
        |word: &&str| matches!(word.rsplit('/').next(), Some("fdk" | "python" | "python3" | "node"));
    let words: Vec<&str> = text.split_whitespace().skip_while(is_program).collect();
    let is_file = |word: &str| [".py", ".js", ".mjs", ".cjs"].iter().any(|ending| word.ends_with(ending));
    let (file, handler) = match words.as_slice() {
        [file, handler] => ((*file).to_owned(), *handler),
        [file] if is_file(file) => ((*file).to_owned(), "handler"),
        [dotted] => match dotted.rsplit_once('.') {
            Some((module, handler)) => (module.replace('.', "/"), handler),
            None => ((*dotted).to_owned(), "handler"),
        },
        _ => {
            return Err(CatalogueError::invalid(
                HANDLER,
                format!("{text:?} is neither FILE HANDLER nor MODULE.HANDLER"),
            ));
        }
    };
    let ending = match runtime {
        Runtime::Python => ".py",
        Runtime::Node => ".js",
    };
    let file = file.strip_prefix("/function/").unwrap_or(&file);
    let file = PathBuf::from(if is_file(file) { file.to_owned() } else { format!("{file}{ending}") });
    if !file.components().all(|part| matches!(part, std::path::Component::Normal(_))) {
        return Err(CatalogueError::invalid(HANDLER, format!("{} is not in the archive", file.display())));
    }
    Ok(Entrypoint { file, handler: handler.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::super::record::tests::{application, function};
    use super::*;
    use serde_json::json;

    #[test]
    fn handlers_in_all_forms_that_are_written() {
        let python = |text: &str| {
            let Entrypoint { file, handler } = entrypoint(Runtime::Python, text).unwrap();
            format!("{} {handler}", file.display())
        };
        for text in ["func.py handler", "func.handler", "func:handler", "func.py:handler", "func.py", "func"]
        {
            assert_eq!(python(text), "func.py handler", "{text}");
        }
        assert_eq!(python("/python/bin/fdk /function/a.py b"), "a.py b");
        assert_eq!(python("pkg.mod.go"), "pkg/mod.py go");
        assert_eq!(entrypoint(Runtime::Node, "node func.js").unwrap().file, Path::new("func.js"));
        assert_eq!(entrypoint(Runtime::Node, "index.handler").unwrap().file, Path::new("index.js"));
        for wrong in ["", "a b c", "../x.py h", "/etc/x.py h"] {
            assert!(entrypoint(Runtime::Python, wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn code_says_what_it_is_or_the_request_does() {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("code");
        std::fs::create_dir(&folder).unwrap();
        let read = |runtime, handler| of_archive(&folder, "n", runtime, handler);
        assert!(read(None, None).unwrap_err().to_string().starts_with(RUNTIME));
        assert!(read(Some("java17"), None).unwrap_err().to_string().contains("python and node"));
        assert!(read(Some("python312"), None).unwrap_err().to_string().contains("no file func.py"));
        std::fs::write(folder.join("func.py"), "").unwrap();
        std::fs::write(folder.join("other.js"), "").unwrap();
        assert_eq!(read(None, None).unwrap().runtime, Runtime::Python);
        assert_eq!(read(Some("Node20"), Some("other.js")).unwrap().runtime, Runtime::Node);
        std::fs::write(folder.join("func.yaml"), "runtime: python\nmemory: 256\nconfig: {A: b}\n").unwrap();
        let spec = read(None, None).unwrap();
        assert_eq!((spec.memory_mb, spec.config["A"].as_str()), (256, "b"));
        std::fs::write(folder.join("func.yaml"), "runtime: cobol\n").unwrap();
        let error = read(None, None).unwrap_err().to_string();
        assert!(!error.contains(folder.to_str().unwrap()), "{error}");
    }

    #[test]
    fn a_function_may_borrow_code_of_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        let mut state = State::default();
        let mut base = FunctionSpec::new("charge", folder.path(), Runtime::Node);
        base.config.insert("A".to_owned(), "base".to_owned());
        let mut fixed = function("charge");
        fixed.fixed = Some(base.into());
        state.functions.insert(fixed.id.clone(), fixed.into());
        let mut application = application("other");
        application.config.insert("B".to_owned(), "application".to_owned());
        let mut own = function("mine");
        own.source = Source::Local { address: "charge".to_owned() };
        own.memory_mb = 512;
        own.details
            .insert("provisionedConcurrencyConfig".to_owned(), json!({"strategy": "CONSTANT", "count": 1}));
        let spec = spec(folder.path(), &state, &application, &own).unwrap();
        assert_eq!((spec.name.as_str(), spec.memory_mb, spec.min_processes), ("mine", 512, 1));
        assert_eq!((spec.config["A"].as_str(), spec.config["B"].as_str()), ("base", "application"));
        assert_eq!((spec.runtime, spec.folder.as_path()), (Runtime::Node, folder.path()));
        let error = local(&state, "gone").unwrap_err().to_string();
        assert_eq!(error, "image: the app's folder has no function \"gone\"; it has charge");
    }
}
