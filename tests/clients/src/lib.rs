//! What tests with real clients share: Python with the packages that a client needs, installed once.

use std::fmt;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Why there is no such Python. Tests with a client are worth nothing without it.
#[derive(Debug)]
pub struct NoPython(String);

impl fmt::Display for NoPython {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for NoPython {}

impl From<io::Error> for NoPython {
    fn from(error: io::Error) -> Self {
        Self(error.to_string())
    }
}

/// The Python of a virtual environment with these packages, such as `boto3==1.43.11`. It stays in `folder`, beside
/// what Cargo builds.
///
/// # Errors
/// Says what could not be made or installed, with what the program printed.
pub fn python(folder: &Path, packages: &[&str]) -> Result<PathBuf, NoPython> {
    let place = folder.join(packages.join("+").replace(['=', '/'], "-"));
    std::fs::create_dir_all(folder)?;
    let lock = File::create(place.with_extension("lock"))?;
    lock.lock()?; // another process may be making the same one
    let (python, whole) = (place.join("bin/python"), place.join("whole"));
    if whole.is_file() {
        return Ok(python);
    }
    let _ = std::fs::remove_dir_all(&place); // what was left half made
    run(Command::new("python3").args(["-m", "venv"]).arg(&place), "a virtual environment cannot be made")?;
    let install = ["-m", "pip", "install", "--quiet", "--no-input", "--no-compile"];
    run(
        Command::new(&python).args(install).args(packages),
        "packages cannot be installed from the package index",
    )?;
    std::fs::write(whole, "")?;
    Ok(python)
}

fn run(command: &mut Command, problem: &str) -> Result<(), NoPython> {
    match command.output() {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => Err(NoPython(format!("{problem}: {command:?}\n{}", printed(&output)))),
        Err(error) => Err(NoPython(format!("{problem}: {command:?}: {error}"))),
    }
}

/// What a program has printed.
#[must_use]
pub fn printed(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}
