//! The program that becomes a function's process: it gives up rights, then runs the interpreter in its place.
//!
//! The host starts its own executable again with a hidden argument, which calls [`main`]. That process has one thread,
//! so what it does to itself holds for all that follows, and nothing of the host's memory or environment is in it.

#[cfg(target_os = "linux")]
mod linux;

use crate::plan::{CONTROL, LENGTH_DIGITS, Plan};
use rustix::process::{Resource, Rlimit, setrlimit};
use std::io::{self, Read, Write};
use std::os::fd::IntoRawFd;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};

/// The code with which the launcher ends when it could not become the program.
pub(crate) const FAILED: u8 = 125;

/// Reads a plan from standard input, carries it out, and becomes the program; it returns only when that failed.
#[must_use]
pub fn main() -> ExitCode {
    let error = match launch() {
        Ok(never) => match never {},
        Err(error) => error,
    };
    let _ = writeln!(io::stderr(), "partita: cannot start the function's process: {error}");
    ExitCode::from(FAILED)
}

fn launch() -> Result<std::convert::Infallible, String> {
    let plan = read_plan()?;
    let control = move_control().map_err(|error| format!("its control socket: {error}"))?;
    confine(&plan)?;
    let mut words = plan.program.iter();
    let program = words.next().ok_or("no program was named")?;
    let error = Command::new(program)
        .args(words)
        .env_clear()
        .envs(&plan.env)
        .env(CONTROL, control.to_string())
        .current_dir(&plan.folder)
        .exec();
    Err(format!("{}: {error}", program.display()))
}

/// Reads exactly the plan, and nothing of what follows it.
fn read_plan() -> Result<Plan, String> {
    let mut stdin = rustix_stdin();
    let mut digits = [0; LENGTH_DIGITS];
    stdin.read_exact(&mut digits).map_err(|error| format!("no plan arrived: {error}"))?;
    let length: u64 = std::str::from_utf8(&digits)
        .ok()
        .and_then(|digits| digits.parse().ok())
        .ok_or("what arrived is no plan; only the host can start this program")?;
    let mut plan = Vec::new();
    stdin.take(length).read_to_end(&mut plan).map_err(|error| format!("the plan broke off: {error}"))?;
    serde_json::from_slice(&plan).map_err(|error| format!("the plan cannot be read: {error}"))
}

/// Standard input without a buffer, which would swallow what is meant for the program.
fn rustix_stdin() -> impl Read {
    struct Stdin;
    impl Read for Stdin {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            Ok(rustix::io::read(rustix::stdio::stdin(), buffer)?)
        }
    }
    Stdin
}

/// Moves the control socket away from standard input, which becomes empty.
fn move_control() -> io::Result<i32> {
    let control = rustix::io::dup(rustix::stdio::stdin())?;
    let empty = std::fs::File::open("/dev/null")?;
    rustix::stdio::dup2_stdin(&empty)?;
    Ok(control.into_raw_fd())
}

fn confine(plan: &Plan) -> Result<(), String> {
    #[cfg(target_os = "linux")]
    linux::give_up_rights(plan)?;
    limit(plan).map_err(|error| format!("its limits: {error}"))?;
    #[cfg(target_os = "linux")]
    linux::close_in(plan)?;
    Ok(())
}

fn limit(plan: &Plan) -> io::Result<()> {
    set(Resource::Core, 0)?;
    set(Resource::Nofile, plan.files)?;
    set(Resource::Fsize, plan.file_bytes)?;
    if let Some(bytes) = plan.memory {
        set(Resource::Data, bytes)?;
    }
    if let Some(processes) = plan.processes {
        set(Resource::Nproc, processes)?;
    }
    Ok(())
}

fn set(resource: Resource, value: u64) -> io::Result<()> {
    let most = rustix::process::getrlimit(resource).maximum.unwrap_or(u64::MAX);
    let value = value.min(most);
    Ok(setrlimit(resource, Rlimit { current: Some(value), maximum: Some(value) })?)
}
