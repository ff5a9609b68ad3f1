//! Everything that has to pass before a change lands.

use crate::Outcome;
use crate::console;
use crate::process::{self, cargo, exists};
use std::process::Command;
use std::time::Instant;

/// Edges between our own crates that must not be: the walls that `ARCHITECTURE.md` names.
const FORBIDDEN: [(&str, &[&str]); 8] = [
    ("partita-kernel", &["partita-store", "partita-engine", "tokio", "serde"]),
    ("partita-store", &["partita-engine", "partita-api", "tokio"]),
    ("partita-store-embedded", &["partita-engine", "partita-api"]),
    ("partita-engine", &["partita", "partita-api", "partita-server", "serde"]),
    ("partita", &["partita-api", "partita-server", "axum"]),
    ("partita-flow", &["partita-api", "partita-server", "partita-functions", "axum"]),
    ("partita-remote", &["partita-server", "partita-flow", "partita-functions", "axum"]),
    ("partita-functions", &["partita-kernel", "partita-store", "partita-engine", "partita", "axum"]),
];

pub(crate) fn run() -> Outcome {
    step("formatting", || process::run(cargo().args(["fmt", "--all", "--check"])))?;
    step("lints", || {
        let mut clippy = cargo();
        clippy.args(["clippy", "--quiet", "--workspace", "--all-targets", "--", "-D", "warnings"]);
        process::run(&mut clippy)
    })?;
    step("dependency edges", edges)?;
    step("licences and sources of dependencies", deny)?;
    step("console", console::check)?;
    step("tests", || process::run(cargo().args(["test", "--workspace"])))?;
    step("console in a browser", console::browse)
}

/// Writes the committed snapshots anew.
pub(crate) fn bless() -> Outcome {
    process::run(
        cargo().args(["test", "--workspace"]).env("INSTA_UPDATE", "always").env("PARTITA_BLESS", "1"),
    )
}

fn step(name: &str, work: impl FnOnce() -> Outcome) -> Outcome {
    println!("==> {name}");
    let began = Instant::now();
    let outcome = work();
    println!("    {name}: {:.0} s", began.elapsed().as_secs_f64());
    outcome
}

fn edges() -> Outcome {
    for (package, forbidden) in FORBIDDEN {
        let mut tree = cargo();
        tree.args(["tree", "--package", package, "--edges", "normal", "--prefix", "none", "--format", "{p}"]);
        let output = tree.output().map_err(|error| format!("cargo tree: {error}"))?;
        let text = String::from_utf8_lossy(&output.stdout);
        let names = text.lines().skip(1).filter_map(|line| line.split(' ').next());
        if let Some(found) = names.into_iter().find(|name| forbidden.contains(name)) {
            return Err(format!("{package} depends on {found}, which ARCHITECTURE.md forbids"));
        }
    }
    Ok(())
}

fn deny() -> Outcome {
    if !exists("cargo-deny", "--version") {
        if std::env::var_os("CI").is_none() {
            println!("    left out: cargo-deny is not installed (cargo install cargo-deny --locked)");
            return Ok(());
        }
        process::run(cargo().args(["install", "cargo-deny", "--locked", "--quiet"]))?;
    }
    process::run(Command::new("cargo-deny").args(["check", "licenses", "bans", "sources"]))
}
