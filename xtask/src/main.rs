//! What people who work on Partita do often: `cargo xtask ci`, `demo`, `bench`, `conformance`.
#![allow(clippy::print_stdout, clippy::print_stderr)] // a program for the terminal

mod ci;
mod conformance;
mod console;
mod demo;
mod http;
mod process;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// A task's outcome; the error is a sentence for the terminal.
type Outcome<T = ()> = Result<T, String>;

#[derive(Parser)]
#[command(about = "What people who work on Partita do often")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Everything that has to pass: formatting, lints, licences, dependency edges, all tests.
    Ci,
    /// The order example from nothing to its result.
    Demo {
        /// Leave the servers running until Ctrl-C.
        #[arg(long)]
        stay: bool,
    },
    /// The benchmarks, in a release build.
    Bench {
        /// Handed on: `--json`, `--only NAME`, `--seconds N`.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// The tests of the Durable Task SDK for Python, against this server: passed and failed by file.
    Conformance {
        /// A checkout of microsoft/durabletask-python.
        checkout: std::path::PathBuf,
        /// The published SDK to be tested; that of the checkout's version when left out.
        #[arg(long, value_name = "VERSION")]
        sdk_version: Option<String>,
    },
    /// Pictures of the console's main pages, into docs/images.
    Screenshots,
    /// How quickly the console shows a long history, in a browser.
    MeasureConsole,
    /// The committed snapshots of help texts and encodings, written anew.
    Bless,
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().task {
        Task::Ci => ci::run(),
        Task::Demo { stay } => demo::run(stay),
        Task::Bench { arguments } => bench(&arguments),
        Task::Conformance { checkout, sdk_version } => conformance::run(&checkout, sdk_version.as_deref()),
        Task::Screenshots => console::screenshots(),
        Task::MeasureConsole => console::measure(),
        Task::Bless => ci::bless(),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error}");
            ExitCode::FAILURE
        }
    }
}

fn bench(arguments: &[String]) -> Outcome {
    let mut command = process::cargo();
    command.args(["run", "--release", "--quiet", "--package", "partita-bench", "--"]).args(arguments);
    process::run(&mut command)
}
