//! How the command ends: an exit code that means something, and an error that says what was wrong, where, and
//! what to do next.

use partita_api::problem::{Problem, ProblemKind};
use std::fmt;

/// The exit codes, as `--help` tells them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// It was done.
    Ok = 0,
    /// It could not be done.
    Failed = 1,
    /// It was asked for in a way that makes no sense.
    Usage = 2,
    /// There is no such instance, workflow, entity, file.
    NotFound = 3,
    /// The instance or the store is not in a state for it.
    Conflict = 4,
    /// The instance that was waited for failed, or was terminated.
    InstanceFailed = 5,
    /// The server cannot be reached.
    Unreachable = 6,
    /// It took too long.
    TimedOut = 7,
}

impl Exit {
    /// For the process.
    pub(crate) fn code(self) -> u8 {
        self as u8
    }
}

/// Why it was not done.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) exit: Exit,
    message: String,
    /// What to do next.
    advice: Option<String>,
    /// What the server said, for `--output json`.
    problem: Option<Box<Problem>>,
}

/// A result of this program.
pub(crate) type Result<T, E = Failure> = std::result::Result<T, E>;

impl Failure {
    pub(crate) fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, message: message.into(), advice: None, problem: None }
    }

    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, message)
    }

    /// Adds what to do next.
    pub(crate) fn advise(mut self, advice: impl Into<String>) -> Self {
        self.advice = Some(advice.into());
        self
    }

    /// What a server refused.
    pub(crate) fn of_problem(problem: Problem) -> Self {
        let exit = match problem.status {
            400 | 413 | 415 | 422 => Exit::Usage,
            404 => Exit::NotFound,
            409 | 410 => Exit::Conflict,
            _ => Exit::Failed,
        };
        let advice = advice(&problem).map(str::to_owned);
        Self { exit, message: problem.to_string(), advice, problem: Some(Box::new(problem)) }
    }

    /// As one JSON object.
    pub(crate) fn to_json(&self) -> serde_json::Value {
        serde_json::json!({
            "error": self.message,
            "advice": self.advice,
            "exitCode": self.exit.code(),
            "problem": self.problem,
        })
    }
}

/// What to do about a problem, where the server's own words do not say it.
fn advice(problem: &Problem) -> Option<&'static str> {
    let kinds = [
        (ProblemKind::InstanceNotFound, "`partita list` shows the instances that there are"),
        (ProblemKind::EntityNotFound, "`partita entities` shows the entities that there are"),
        (
            ProblemKind::Finished,
            "`partita restart ID` runs it again, `partita rewind ID` goes on after a failure",
        ),
        (ProblemKind::NoRoute, "is it a Partita server, and not an older one? `partita version` asks it"),
        (ProblemKind::Overloaded, "try again in a moment"),
    ];
    kinds.iter().find(|(kind, _)| problem.is(*kind)).map(|(_, advice)| *advice)
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        match &self.advice {
            Some(advice) => write!(f, "\n  {advice}"),
            None => Ok(()),
        }
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::new(Exit::Failed, error.to_string())
    }
}
impl From<partita_store::StoreError> for Failure {
    fn from(error: partita_store::StoreError) -> Self {
        use partita_store::StoreError::{Locked, Version};
        let exit = if matches!(error, Locked(_) | Version(_)) { Exit::Conflict } else { Exit::Failed };
        Self::new(exit, error.to_string())
    }
}
impl From<partita_server::node::NodeError> for Failure {
    fn from(error: partita_server::node::NodeError) -> Self {
        use partita_server::node::NodeError;
        match error {
            NodeError::Store(error) => error.into(),
            NodeError::Engine(error) => error.into(),
            NodeError::Function(error) => Self::usage(error.to_string()),
            other => Self::new(Exit::Failed, other.to_string()),
        }
    }
}
impl From<partita_engine::EngineError> for Failure {
    fn from(error: partita_engine::EngineError) -> Self {
        match error {
            partita_engine::EngineError::Store(error) => error.into(),
            other => Self::new(Exit::Failed, other.to_string()),
        }
    }
}
