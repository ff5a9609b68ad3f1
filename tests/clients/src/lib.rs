//! What tests with real clients share: Python and Node.js with the packages that a client needs, installed once.

use std::fmt;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Why a client's packages are not there. Tests with a client are worth nothing without it.
#[derive(Debug)]
pub struct Missing(String);

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Missing {}

impl From<io::Error> for Missing {
    fn from(error: io::Error) -> Self {
        Self(error.to_string())
    }
}

/// The Python of a virtual environment with these packages, such as `boto3==1.43.11`. It stays in `folder`, beside
/// what Cargo builds.
///
/// # Errors
/// Says what could not be made or installed, with what the program printed.
pub fn python(folder: &Path, packages: &[&str]) -> Result<PathBuf, Missing> {
    let place = folder.join(packages.join("+").replace(['=', '/'], "-"));
    let python = place.join("bin/python");
    once(folder, &place, "whole", || {
        run(
            Command::new("python3").args(["-m", "venv"]).arg(&place),
            "a virtual environment cannot be made",
        )?;
        let install = ["-m", "pip", "install", "--quiet", "--no-input", "--no-compile"];
        run(
            Command::new(&python).args(install).args(packages),
            "packages cannot be installed from the package index",
        )
    })?;
    Ok(python)
}

/// The folder `node_modules` with these packages, such as `@microsoft/durabletask-js@0.4.0`, and all that they need.
/// It stays in `folder`, beside what Cargo builds. Scripts find it when it is in their folder or in one above.
///
/// # Errors
/// Says what could not be installed, with what the program printed.
pub fn node_modules(folder: &Path, packages: &[&str]) -> Result<PathBuf, Missing> {
    let place = folder.join(packages.join("+").replace(['@', '/'], "-"));
    let modules = place.join("node_modules");
    once(folder, &place, "node_modules/whole", || {
        std::fs::create_dir(&place)?;
        std::fs::write(place.join("package.json"), "{\"private\": true}\n")?; // npm would look above for one
        let install = ["install", "--silent", "--no-audit", "--no-fund", "--no-update-notifier"];
        let npm = &mut Command::new("npm");
        run(
            npm.args(install).args(packages).current_dir(&place),
            "packages cannot be installed from the package registry",
        )
    })?;
    Ok(modules)
}

/// Fills `place`, in `folder`, unless that was done before: then the file `mark` is in it.
fn once(
    folder: &Path,
    place: &Path,
    mark: &str,
    fill: impl FnOnce() -> Result<(), Missing>,
) -> Result<(), Missing> {
    std::fs::create_dir_all(folder)?;
    let mut beside = place.as_os_str().to_owned();
    beside.push(".lock");
    let lock = File::create(beside)?;
    lock.lock()?; // another process may be filling it
    if place.join(mark).is_file() {
        return Ok(());
    }
    let _ = std::fs::remove_dir_all(place); // what was left half made
    fill()?;
    Ok(std::fs::write(place.join(mark), "")?)
}

fn run(command: &mut Command, problem: &str) -> Result<(), Missing> {
    match command.output() {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => Err(Missing(format!("{problem}: {command:?}\n{}", printed(&output)))),
        Err(error) => Err(Missing(format!("{problem}: {command:?}: {error}"))),
    }
}

/// What a program has printed.
#[must_use]
pub fn printed(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}
