//! The tests of the Durable Task SDK for Python, run against the server instead of the SDK's own test server.

use crate::Outcome;
use crate::process::{self, cargo};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

/// The suite within a checkout of the SDK's repository.
const SUITE: &str = "tests/durabletask";

/// What runs it, beside the SDK.
const TOOLS: [&str; 4] = ["pytest", "pytest-asyncio", "pytest-timeout", "opentelemetry-sdk"];

/// Seconds that one test may take.
const TEST_SECONDS: &str = "60";

/// What came of the tests of one file, or of all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Counts {
    passed: usize,
    failed: usize,
    skipped: usize,
}

impl Counts {
    /// Reads the line that pytest ends with: `1 failed, 3 passed, 2 skipped in 64.42s (0:01:04)`.
    fn read(output: &str) -> Option<Self> {
        output.lines().rev().filter(|line| line.contains(" in ")).find_map(Self::read_line)
    }

    fn read_line(line: &str) -> Option<Self> {
        let words: Vec<&str> = line.split([' ', ',', '=']).filter(|word| !word.is_empty()).collect();
        let mut counts = Self::default();
        for pair in words.windows(2) {
            let &[number, word] = pair else { continue };
            let Ok(number) = number.parse::<usize>() else { continue };
            match word {
                "passed" | "xpassed" => counts.passed += number,
                "failed" | "error" | "errors" => counts.failed += number,
                "skipped" | "xfailed" | "deselected" => counts.skipped += number,
                _ => {}
            }
        }
        (counts != Self::default()).then_some(counts)
    }

    fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

/// Runs the suite of a checkout with a published SDK, by default that of the checkout's own version.
pub(crate) fn run(checkout: &Path, version: Option<&str>) -> Outcome {
    let version = match version {
        Some(version) => version.to_owned(),
        None => version_of(checkout)?,
    };
    println!("Building the server");
    process::run(cargo().args(["build", "--quiet", "--package", "partita-cli"]))?;
    let folder = built("conformance");
    let place = folder.join("checkout");
    copy_tests(checkout, &place)?;
    let sdk = format!("durabletask=={version}");
    println!("Installing {sdk} and what runs its tests");
    let packages: Vec<&str> = std::iter::once(sdk.as_str()).chain(TOOLS).collect();
    let python =
        partita_clients::python(&folder.join("python"), &packages).map_err(|error| error.to_string())?;
    let mut all = Counts::default();
    println!("{:<64} {:>6} {:>6} {:>7}", "file", "passed", "failed", "skipped");
    for file in test_files(&place)? {
        let began = Instant::now();
        let counts = run_file(&python, &place, &file, &folder.join("log"))?;
        let name = file.strip_prefix(SUITE).unwrap_or(&file).display().to_string();
        let Counts { passed, failed, skipped } = counts;
        println!("{name:<64} {passed:>6} {failed:>6} {skipped:>7}   {:.0} s", began.elapsed().as_secs_f64());
        all.add(counts);
    }
    println!("{:<64} {:>6} {:>6} {:>7}", "all", all.passed, all.failed, all.skipped);
    println!("What pytest printed is in {}", folder.join("log").display());
    Ok(())
}

/// A file or folder beside the programs of this workspace.
fn built(name: &str) -> PathBuf {
    std::env::current_exe().unwrap_or_default().with_file_name(name)
}

fn version_of(checkout: &Path) -> Outcome<String> {
    let file = checkout.join("pyproject.toml");
    let text = fs::read_to_string(&file).map_err(|error| failed(&file, &error))?;
    let line = text.lines().find_map(|line| line.strip_prefix("version = "));
    let version = line.map(|version| version.trim().trim_matches('"').to_owned());
    version.ok_or_else(|| format!("{} names no version; use --sdk-version", file.display()))
}

/// The tests alone: beside the SDK's own folder they would run that instead of what is installed.
fn copy_tests(checkout: &Path, place: &Path) -> Outcome {
    if !checkout.join(SUITE).is_dir() {
        return Err(format!(
            "{} is no checkout of microsoft/durabletask-python: it has no {SUITE}",
            checkout.display()
        ));
    }
    let _ = fs::remove_dir_all(place); // that of the run before
    copy(&checkout.join("tests"), &place.join("tests"))?;
    let settings = "pyproject.toml";
    fs::copy(checkout.join(settings), place.join(settings)).map(drop).map_err(|error| failed(place, &error))
}

fn copy(from: &Path, to: &Path) -> Outcome {
    fs::create_dir_all(to).map_err(|error| failed(to, &error))?;
    for entry in fs::read_dir(from).map_err(|error| failed(from, &error))? {
        let path = entry.map_err(|error| failed(from, &error))?.path();
        let target = to.join(path.file_name().unwrap_or_default());
        if path.is_dir() {
            copy(&path, &target)?;
        } else {
            fs::copy(&path, &target).map_err(|error| failed(&path, &error))?;
        }
    }
    Ok(())
}

fn failed(path: &Path, error: &std::io::Error) -> String {
    format!("{}: {error}", path.display())
}

/// The suite's files, as paths from the checkout.
fn test_files(place: &Path) -> Outcome<Vec<PathBuf>> {
    let mut folders = Vec::from([PathBuf::from(SUITE)]);
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        let here = place.join(&folder);
        for entry in fs::read_dir(&here).map_err(|error| failed(&here, &error))? {
            let name = entry.map_err(|error| failed(&here, &error))?.file_name();
            let path = folder.join(&name);
            let name = name.to_string_lossy();
            if place.join(&path).is_dir() {
                folders.push(path);
            } else if name.starts_with("test_") && name.ends_with(".py") {
                files.push(path);
            }
        }
    }
    files.sort();
    Ok(files)
}

/// Runs the tests of one file. One that cannot even be read counts as failed.
fn run_file(python: &Path, place: &Path, file: &Path, log: &Path) -> Outcome<Counts> {
    let plugin = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/clients/conformance");
    let mut command = Command::new(python);
    command.args(["-m", "pytest", "-q", "--tb=short", "-p", "partita_backend", "--timeout", TEST_SECONDS]);
    command.arg(file).current_dir(place).stdin(Stdio::null());
    command.env("PARTITA", built("partita")).env("PYTHONPATH", plugin);
    let output = command.output().map_err(|error| format!("cannot run {command:?}: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    fs::create_dir_all(log).map_err(|error| failed(log, &error))?;
    let name = file.strip_prefix(SUITE).unwrap_or(file).display().to_string().replace('/', "-");
    let log = log.join(name).with_extension("txt");
    fs::write(&log, text.as_bytes()).map_err(|error| failed(&log, &error))?;
    let none = Counts { failed: 1, ..Counts::default() };
    Ok(Counts::read(&String::from_utf8_lossy(&output.stdout)).unwrap_or(none))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_read() {
        let read = |text| Counts::read(text);
        let some = Counts { passed: 3, failed: 2, skipped: 2 };
        assert_eq!(read("..F\n1 failed, 3 passed, 2 skipped, 1 warning, 1 error in 4.42s\n"), Some(some));
        let one = Counts { passed: 1, ..Counts::default() };
        assert_eq!(read("=== 1 passed in 0.02s ===\n1 passed in 0.02s"), Some(one));
        assert_eq!(read("..\n1 passed in 65.20s (0:01:05)\n"), Some(one));
        assert_eq!(read("INTERNALERROR"), None);
        assert_eq!(read("no tests ran in 0.02s"), None);
    }
}
