//! Packages for Node.js functions.

use super::build::Build;
use super::{BuildError, Environment, hash, on_path, read_optional};
use crate::isolation::{is_open_to_all, whole};
use std::path::{Path, PathBuf};

/// The package that every function needs.
const FDK: &str = "@fnproject/fdk";
/// Files that decide what is installed.
const MANIFEST: &str = "package.json";
const SETTINGS: &str = ".npmrc";
const LOCKS: [&str; 2] = ["package-lock.json", "npm-shrinkwrap.json"];

/// A Node.js program.
#[derive(Debug)]
pub(super) struct Interpreter {
    program: PathBuf,
    version: String,
}

impl Interpreter {
    pub(super) async fn find(configured: Option<&Path>) -> Result<Self, BuildError> {
        let program = configured.map(Path::to_owned).or_else(|| on_path("node").into_iter().next());
        let program = program.ok_or_else(|| {
            BuildError::new("no Node.js was found: install it, or configure the path of its program node")
        })?;
        let failed = |reason: String| BuildError::new(format!("{}: {reason}", program.display()));
        let mut command = tokio::process::Command::new(&program);
        command.arg("--version").kill_on_drop(true);
        let output = command.output().await.map_err(|error| failed(error.to_string()))?;
        let version = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        if !output.status.success() || !version.starts_with('v') {
            return Err(failed("it does not say its version".to_owned()));
        }
        Ok(Self { program: whole(&program), version })
    }

    pub(super) fn environment(&self, folder: PathBuf) -> Environment {
        let mut read = vec![self.program.clone()];
        // A Node.js of its own folder has its libraries beside that of its program.
        if let Some(prefix) = self.program.parent().and_then(Path::parent)
            && ![Path::new("/"), Path::new("/usr"), Path::new("/usr/local")].contains(&prefix)
        {
            read.push(prefix.to_owned());
        }
        Environment { program: self.program.clone(), folder, read, open: is_open_to_all(&self.program) }
    }
}

/// What a function requires.
pub(super) struct Wanted {
    files: Vec<(&'static str, Vec<u8>)>,
    locked: bool,
    needs_fdk: bool,
}

impl Wanted {
    pub(super) fn read(folder: &Path) -> Result<Self, BuildError> {
        let mut files = Vec::new();
        let mut needs_fdk = true;
        if let Some(manifest) = read_optional(&folder.join(MANIFEST))? {
            let json: serde_json::Value = serde_json::from_slice(&manifest)
                .map_err(|error| BuildError::new(format!("{}: {error}", folder.join(MANIFEST).display())))?;
            needs_fdk = json.get("dependencies").and_then(|packages| packages.get(FDK)).is_none();
            files.push((MANIFEST, manifest));
            for lock in LOCKS {
                files.extend(read_optional(&folder.join(lock))?.map(|bytes| (lock, bytes)));
            }
        }
        files.extend(read_optional(&folder.join(SETTINGS))?.map(|bytes| (SETTINGS, bytes)));
        let locked = files.iter().any(|(name, _)| LOCKS.contains(name));
        Ok(Self { files, locked, needs_fdk })
    }

    /// What environments have in common that can stand for one another.
    pub(super) fn key(&self, interpreter: &Interpreter) -> String {
        let mut parts = vec![interpreter.version.as_bytes()];
        for (name, bytes) in &self.files {
            parts.extend([name.as_bytes(), bytes]);
        }
        hash(&parts)
    }

    pub(super) async fn install(
        &self,
        build: &Build,
        line: &(dyn Fn(String) + Send + Sync),
    ) -> Result<(), BuildError> {
        let folder = &build.folder;
        for (name, bytes) in &self.files {
            std::fs::write(folder.join(name), bytes)
                .map_err(|error| BuildError::new(format!("{}: {error}", folder.join(name).display())))?;
        }
        let npm = on_path("npm").into_iter().next();
        let npm =
            npm.ok_or_else(|| BuildError::new("npm was not found: install it together with Node.js"))?;
        let quiet = ["--no-audit", "--no-fund", "--no-update-notifier", "--prefer-offline", "--omit=dev"];
        let command = if self.locked && !self.needs_fdk { "ci" } else { "install" };
        let mut words = vec![command];
        words.extend(quiet);
        if self.needs_fdk {
            words.push(FDK);
        }
        build.run(&npm, words, folder, line).await
    }
}
