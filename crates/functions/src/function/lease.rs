//! The right to use a process for a call.

use super::Function;
use crate::call::Call;
use crate::error::CallError;
use crate::process::{Process, Ran};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// A process in the hands of a call.
///
/// Whoever drops it without giving it back has not waited for the handler's end: the process is ended then, unless it
/// was never used.
pub(crate) struct Lease {
    function: Arc<Function>,
    process: Option<Process>,
    /// The call that runs.
    running: Option<String>,
}

impl Lease {
    pub(super) fn new(function: Arc<Function>, process: Process) -> Self {
        Self { function, process: Some(process), running: None }
    }

    /// The process, with nothing else done.
    pub(super) fn into_process(mut self) -> Option<Process> {
        self.process.take()
    }

    /// Runs a call. Afterwards it is clear whether the process can be given back.
    pub(super) async fn run(&mut self, call: &Call, cancelled: &CancellationToken) -> Ran {
        let Some(process) = self.process.as_mut() else { return Ran::NotSent("it is gone".to_owned()) };
        let logs = &self.function.host.logs;
        self.function.state.lock().counts.calls += 1;
        logs.begin(&self.function.name, &call.call_id);
        self.running = Some(call.call_id.clone());
        let ran = process.run(call, cancelled).await;
        if let Ran::Lost(error) = &ran {
            process.end_of_call();
            logs.note(&self.function.name, Some(&call.call_id), said_of(error));
        }
        self.over();
        ran
    }

    /// The call that ran is over: its log is whole.
    fn over(&mut self) {
        let Some(call) = self.running.take() else { return };
        if let Some(process) = &self.process {
            process.end_of_call();
        }
        self.function.host.logs.end(&call);
    }

    /// Gives the process back for the next call.
    pub(super) fn give_back(mut self) {
        if let Some(process) = self.process.take() {
            self.function.take_back(process);
        }
    }
}

/// What the log of a call says about its process.
fn said_of(error: &CallError) -> String {
    match error {
        CallError::Crashed { exit, .. } => format!("the process ended: {exit}"),
        error => error.to_string(),
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let unused = self.running.is_none();
        if !unused {
            if let (Some(call), Some(process)) = (&self.running, &self.process) {
                process.end_of_call();
                let text =
                    "whoever made the call does not wait for it any more: its process is ended".to_owned();
                self.function.host.logs.note(&self.function.name, Some(call), text);
            }
            self.over();
        }
        let Some(process) = self.process.take() else { return };
        if unused && process.is_unused() {
            self.function.take_back(process);
            return;
        }
        let generation = process.generation.clone();
        drop(process);
        self.function.lost(&generation);
    }
}
