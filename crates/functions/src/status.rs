//! What can be seen of a host from outside.

use crate::error::Exit;
use crate::spec::FunctionSpec;
use std::sync::Arc;
use std::time::Duration;

/// Where a function stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FunctionState {
    /// Its first environment is being built, or its first process is starting.
    Building,
    /// It takes calls.
    Ready,
    /// It could not be built or loaded; calls answer with the reason.
    Broken {
        /// Why.
        reason: String,
    },
}

/// A function and its processes.
#[derive(Clone, Debug)]
pub struct FunctionStatus {
    /// What it is.
    pub spec: Arc<FunctionSpec>,
    /// Where it stands.
    pub state: FunctionState,
    /// Processes that wait for a call.
    pub idle: usize,
    /// Processes that are in a call.
    pub busy: usize,
    /// Processes that are starting.
    pub starting: usize,
    /// Calls that wait for a process.
    pub waiting: usize,
    /// Calls that were handed to a process.
    pub calls: u64,
    /// Calls that ended without an answer, whatever the reason.
    pub failures: u64,
    /// Processes that were started.
    pub cold_starts: u64,
    /// How long the last one took until it listened, its environment being there.
    pub last_cold_start: Option<Duration>,
    /// How often new code replaced old code.
    pub reloads: u64,
    /// The last failure, as text.
    pub last_error: Option<String>,
}

/// Something that happened in a host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HostEvent {
    /// An environment is being built.
    BuildStarted {
        /// For which function.
        function: String,
    },
    /// A line that a build printed.
    BuildLine {
        /// For which function.
        function: String,
        /// The line.
        line: String,
    },
    /// A function takes calls.
    Ready {
        /// Which.
        function: String,
    },
    /// A function cannot take calls.
    Broken {
        /// Which.
        function: String,
        /// Why.
        reason: String,
    },
    /// New code replaced old code.
    Reloaded {
        /// Which.
        function: String,
    },
    /// Changed files could not be built; the old code stays.
    ReloadFailed {
        /// Which.
        function: String,
        /// Why.
        reason: String,
    },
    /// A function was taken away.
    Removed {
        /// Which.
        function: String,
    },
    /// A process listens.
    ProcessStarted {
        /// Of which function.
        function: String,
        /// Its process id.
        pid: u32,
    },
    /// A process ended.
    ProcessExited {
        /// Of which function.
        function: String,
        /// Its process id.
        pid: u32,
        /// How.
        exit: Exit,
    },
    /// Something that the system does not offer, or that a file asks for and nobody does.
    Warning {
        /// What.
        text: String,
    },
}
