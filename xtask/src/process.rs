//! Other programs.

use crate::Outcome;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// The cargo that runs this program.
pub(crate) fn cargo() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// Runs a program to its end.
pub(crate) fn run(command: &mut Command) -> Outcome {
    let shown = format!("{command:?}");
    let status = command.status().map_err(|error| format!("cannot run {shown}: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("{shown} ended with {status}")) }
}

/// Whether a program can be run at all.
pub(crate) fn exists(program: &str, argument: &str) -> bool {
    let found = Command::new(program).arg(argument).stdout(Stdio::null()).stderr(Stdio::null()).status();
    found.is_ok_and(|status| status.success())
}

/// A program in the background that ends when this is dropped.
pub(crate) struct Background(Child);

impl Background {
    pub(crate) fn start(command: &mut Command) -> Outcome<Self> {
        let shown = format!("{command:?}");
        command.spawn().map(Self).map_err(|error| format!("cannot run {shown}: {error}"))
    }

    /// Waits until `ready` holds; says so when the program ends before.
    pub(crate) fn until(&mut self, what: &str, ready: impl Fn() -> bool) -> Outcome {
        let began = Instant::now();
        while !ready() {
            if let Ok(Some(status)) = self.0.try_wait() {
                return Err(format!("{what} ended with {status} before it was ready"));
            }
            if began.elapsed() > Duration::from_secs(30) {
                return Err(format!("{what} is not ready after 30 seconds"));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    pub(crate) fn wait(&mut self) -> Outcome {
        self.0.wait().map(drop).map_err(|error| error.to_string())
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        let _ = self.0.kill(); // it may have ended by itself
        let _ = self.0.wait();
    }
}
