//! The console: its own checks and tests, and those in a browser against real servers.

use crate::Outcome;
use crate::process::{self, cargo};
use std::path::Path;
use std::process::Command;
use std::time::SystemTime;

/// The console's sources.
const SOURCES: &str = "ui";
/// The tests in a browser.
const TESTS: &str = "tests/console";

/// Types, lints, sizes, and the tests that need no browser.
pub(crate) fn check() -> Outcome {
    install(SOURCES)?;
    npm(SOURCES, &["run", "check"])?;
    npm(SOURCES, &["test"])?;
    npm(SOURCES, &["run", "build"])?;
    npm(SOURCES, &["run", "size"])
}

/// The tests in a browser: the examples and a server with something of everything.
pub(crate) fn browse() -> Outcome {
    if std::env::var_os("CHROMIUM").is_some_and(|path| path.is_empty()) {
        println!("    left out: there is no Chromium");
        return Ok(());
    }
    build()?;
    npm(TESTS, &["run", "check"])?;
    npm(TESTS, &["test"])
}

/// Pictures of the main pages, for the README.
pub(crate) fn screenshots() -> Outcome {
    build()?;
    npm(TESTS, &["run", "screenshots"])
}

/// How quickly a long history opens and scrolls.
pub(crate) fn measure() -> Outcome {
    build()?;
    npm(TESTS, &["run", "measure"])
}

fn build() -> Outcome {
    let packages = ["partita-cli", "order-example", "partita-console-tests"];
    process::run(cargo().args(["build", "--quiet"]).args(packages.iter().flat_map(|name| ["-p", name])))?;
    install(TESTS)
}

/// Installs what a folder's lock file says, unless that was done. Not with `npm ci`, which refuses a lock file that does
/// not know the optional packages of every other platform.
fn install(folder: &str) -> Outcome {
    let changed = |file: &str| -> Option<SystemTime> {
        std::fs::metadata(Path::new(folder).join(file)).and_then(|about| about.modified()).ok()
    };
    let installed = changed("node_modules/.package-lock.json");
    if installed.is_some() && installed >= changed("package-lock.json") {
        return Ok(());
    }
    npm(folder, &["install", "--no-audit", "--no-fund"])
}

fn npm(folder: &str, arguments: &[&str]) -> Outcome {
    process::run(Command::new("npm").args(arguments).current_dir(folder))
}
