//! The cloud's SDK, installed once for each version.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A virtual environment with that version of the SDK. It stays beside what Cargo builds.
///
/// # Panics
/// When it cannot be made: these tests are worth nothing without the SDK.
pub(crate) fn with_sdk(version: &str) -> PathBuf {
    let parent = Path::new(env!("CARGO_TARGET_TMPDIR")).join("oci-sdk");
    std::fs::create_dir_all(&parent).unwrap();
    let folder = parent.join(version);
    let lock = File::create(folder.with_extension("lock")).unwrap();
    lock.lock().unwrap(); // another process may be making the same one
    let python = folder.join("bin/python");
    if folder.join("whole").is_file() {
        return python;
    }
    let _ = std::fs::remove_dir_all(&folder);
    run(Command::new("python3").args(["-m", "venv"]).arg(&folder), "a virtual environment cannot be made");
    let package = format!("oci=={version}");
    let install = ["-m", "pip", "install", "--quiet", "--no-input", "--no-compile", &package];
    run(
        Command::new(&python).args(install),
        &format!("{package} cannot be installed from the package index"),
    );
    std::fs::write(folder.join("whole"), "").unwrap();
    python
}

fn run(command: &mut Command, problem: &str) {
    let output = command.output().unwrap_or_else(|error| panic!("{problem}: {command:?}: {error}"));
    assert!(output.status.success(), "{problem}: {command:?}\n{}", told(&output));
}

/// What a program has printed.
pub(crate) fn told(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}
