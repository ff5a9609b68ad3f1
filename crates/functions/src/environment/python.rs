//! Virtual environments for Python functions.

use super::build::Build;
use super::{BuildError, Environment, hash, on_path, read_optional};
use crate::isolation::{is_open_to_all, whole};
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// The package that every function needs.
const FDK: &str = "fdk";
/// Prints what the host must know of an interpreter.
const PROBE: &str = "import json, sys; print(json.dumps({'executable': sys.executable, 'prefix': sys.base_prefix, \
                     'version': sys.version, 'numbers': list(sys.version_info[:2])}))";
/// The oldest version that the FDK supports.
const OLDEST: (u32, u32) = (3, 9);

/// A Python interpreter.
#[derive(Debug, Deserialize)]
pub(super) struct Interpreter {
    executable: PathBuf,
    prefix: PathBuf,
    version: String,
    numbers: (u32, u32),
}

impl Interpreter {
    /// The interpreter that was configured, or the first of the search path; if functions have users of their own, the
    /// first that those can run.
    pub(super) async fn find(configured: Option<&Path>, users: bool) -> Result<Self, BuildError> {
        if let Some(program) = configured {
            return Self::probe(program).await;
        }
        let mut first = None;
        for program in on_path("python3") {
            let Ok(interpreter) = Self::probe(&program).await else { continue };
            if !users || interpreter.is_open() {
                return Ok(interpreter);
            }
            first = first.or(Some(interpreter));
        }
        first.ok_or_else(|| {
            BuildError::new("no Python 3.9 or later was found: install python3, or configure its path")
        })
    }

    async fn probe(program: &Path) -> Result<Self, BuildError> {
        let failed = |reason: String| BuildError::new(format!("{}: {reason}", program.display()));
        let mut command = tokio::process::Command::new(program);
        command.args(["-I", "-c", PROBE]).kill_on_drop(true);
        let output = command.output().await.map_err(|error| failed(error.to_string()))?;
        let found: Self = serde_json::from_slice(&output.stdout)
            .map_err(|_| failed(String::from_utf8_lossy(&output.stderr).trim().to_owned()))?;
        if found.numbers < OLDEST {
            return Err(failed(format!("it is Python {}, and the FDK needs 3.9 or later", found.version)));
        }
        Ok(found)
    }

    fn is_open(&self) -> bool {
        is_open_to_all(&self.executable) && is_open_to_all(&self.prefix)
    }

    pub(super) fn environment(&self, folder: PathBuf) -> Environment {
        let mut read = Vec::new();
        if ![Path::new("/"), Path::new("/usr"), Path::new("/usr/local")].contains(&self.prefix.as_path()) {
            read.push(self.prefix.clone());
        }
        read.push(whole(&self.executable));
        Environment { program: folder.join("bin/python"), folder, read, open: self.is_open() }
    }
}

/// What a function requires.
pub(super) struct Wanted {
    folder: PathBuf,
    /// The file, unless there is none.
    requirements: Option<PathBuf>,
    texts: Vec<u8>,
    needs_fdk: bool,
}

impl Wanted {
    pub(super) fn read(folder: &Path) -> Result<Self, BuildError> {
        let file = folder.join("requirements.txt");
        let Some(text) = read_optional(&file)? else {
            return Ok(Self {
                folder: whole(folder),
                requirements: None,
                texts: Vec::new(),
                needs_fdk: true,
            });
        };
        let mut texts = text.clone();
        let text = String::from_utf8_lossy(&text);
        for other in included(&text) {
            texts.extend(read_optional(&folder.join(other))?.unwrap_or_default());
        }
        let needs_fdk = !text.lines().any(|line| package(line) == FDK);
        Ok(Self { folder: whole(folder), requirements: Some(whole(&file)), texts, needs_fdk })
    }

    /// What environments have in common that can stand for one another.
    pub(super) fn key(&self, interpreter: &Interpreter) -> String {
        let executable = interpreter.executable.as_os_str().as_encoded_bytes();
        hash(&[executable, interpreter.version.as_bytes(), &self.texts])
    }

    /// Makes a virtual environment and installs into it: with uv if there is one, which is ten times faster, with pip
    /// otherwise.
    pub(super) async fn install(
        &self,
        interpreter: &Interpreter,
        build: &Build,
        line: &(dyn Fn(String) + Send + Sync),
    ) -> Result<(), BuildError> {
        let target = build.folder.to_string_lossy().into_owned();
        let python = build.folder.join("bin/python");
        let base = interpreter.executable.to_string_lossy().into_owned();
        if let Some(uv) = on_path("uv").first() {
            build
                .run(
                    uv,
                    ["venv", "--quiet", "--allow-existing", "--python", &base, &target],
                    &self.folder,
                    line,
                )
                .await?;
            let python = python.to_string_lossy();
            let install = ["pip", "install", "--python", &python].map(str::to_owned);
            return build.run(uv, self.packages(install), &self.folder, line).await;
        }
        // The environment does not need a pip of its own, whose installation would take half of the time.
        let bare = build
            .run(&interpreter.executable, ["-m", "venv", "--without-pip", &target], &self.folder, line)
            .await;
        bare.map_err(explain_venv)?;
        if build.run(&interpreter.executable, ["-m", "pip", "--version"], &self.folder, line).await.is_ok() {
            let install = ["-m", "pip", "--python", &python.to_string_lossy(), "install", "--no-input"];
            let install = install.map(str::to_owned);
            return build.run(&interpreter.executable, self.packages(install), &self.folder, line).await;
        }
        build.run(&python, ["-m", "ensurepip", "--default-pip"], &self.folder, line).await?;
        let install = ["-m", "pip", "install", "--no-input"].map(str::to_owned);
        build.run(&python, self.packages(install), &self.folder, line).await
    }

    fn packages<const N: usize>(&self, command: [String; N]) -> Vec<String> {
        let mut words = Vec::from(command);
        if let Some(file) = &self.requirements {
            words.extend(["-r".to_owned(), file.to_string_lossy().into_owned()]);
        }
        if self.needs_fdk {
            words.push(FDK.to_owned());
        }
        words
    }
}

fn explain_venv(error: BuildError) -> BuildError {
    if !error.output.contains("No module named venv") {
        return error;
    }
    let reason = "this Python has no module venv: install it (python3-venv on Debian), or install uv";
    BuildError { reason: reason.to_owned(), output: error.output }
}

/// The normalized name of the package that a line of a requirements file asks for.
fn package(line: &str) -> String {
    let name: String =
        line.trim().chars().take_while(|c| c.is_ascii_alphanumeric() || "-_.".contains(*c)).collect();
    name.to_lowercase().replace(['_', '.'], "-")
}

/// Other files that a requirements file includes.
fn included(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter_map(|line| {
        let mut words = line.split_whitespace();
        let flag = words.next()?;
        ["-r", "--requirement", "-c", "--constraint"].contains(&flag).then(|| words.next()).flatten()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fdk_is_added_when_it_is_not_asked_for() {
        for (text, expected) in [
            ("", true),
            ("requests==2.0\n# fdk\n", true),
            ("fdk>=0.1.74", false),
            ("FDK\n", false),
            ("fdk-extra", true),
            ("fdk[x] ; python_version > '3'", false),
        ] {
            let folder = tempfile::tempdir().unwrap();
            std::fs::write(folder.path().join("requirements.txt"), text).unwrap();
            assert_eq!(Wanted::read(folder.path()).unwrap().needs_fdk, expected, "{text:?}");
        }
    }
}
