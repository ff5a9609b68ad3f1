//! What can go wrong, by what the caller can do about it.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// An exception of a function's own code.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exception {
    /// Its class, with the module unless that is the function's own.
    pub error_type: String,
    /// Its text.
    pub message: String,
    /// The way to it, as the language prints it.
    pub traceback: String,
    /// The last place in the function's own code: file and line.
    pub place: Option<(String, u32)>,
}

impl fmt::Display for Exception {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.error_type)?;
        if !self.message.is_empty() {
            write!(formatter, ": {}", self.message)?;
        }
        if let Some((file, line)) = &self.place {
            write!(formatter, " ({file}:{line})")?;
        }
        Ok(())
    }
}

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// By itself, with a code.
    Code(i32),
    /// By a signal.
    Signal(i32),
    /// Nobody could tell, because what would have told ended too.
    Unknown,
}

impl fmt::Display for Exit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code) => write!(formatter, "it ended with code {code}"),
            Self::Signal(signal) => write!(formatter, "{} ended it", signal_name(*signal)),
            Self::Unknown => formatter.write_str("it ended, how is not known"),
        }
    }
}

fn signal_name(signal: i32) -> String {
    let name = match signal {
        4 => "SIGILL",
        5 => "SIGTRAP",
        6 => "SIGABRT",
        8 => "SIGFPE",
        9 => "SIGKILL",
        11 => "SIGSEGV",
        15 => "SIGTERM",
        25 => "SIGXFSZ (a file grew over its limit)",
        31 => "SIGSYS",
        _ => return format!("signal {signal}"),
    };
    name.to_owned()
}

/// Why a call has no answer. [`CallError::never_started`] says whether the handler may have run.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum CallError {
    /// No function has that name.
    #[error("no function is called {name:?}{}", crate::nearest::advice(.nearest))]
    NoFunction {
        /// The name asked for.
        name: String,
        /// The nearest names that are deployed.
        nearest: Vec<String>,
    },
    /// The call itself is not in order.
    #[error("the call cannot be made: {0}")]
    InvalidCall(String),
    /// The function's environment is still being built.
    #[error("the function {function} is not built yet; call it again when its environment is ready")]
    NotBuilt {
        /// Which.
        function: String,
    },
    /// The function could not be built or loaded, and its files have not changed since.
    #[error("the function {function} is broken: {reason}; correct its files and deploy it again")]
    Broken {
        /// Which.
        function: String,
        /// Why.
        reason: String,
        /// The exception with which its code failed to load.
        exception: Option<Box<Exception>>,
        /// The last lines of output.
        output: String,
    },
    /// All processes are busy and too many calls wait, or none became free in time.
    #[error("the function {function} is busy: {reason}; call it again later, or allow it more processes")]
    Busy {
        /// Which.
        function: String,
        /// What was exhausted.
        reason: String,
    },
    /// A new process ended before it could take a call.
    #[error("the function {function} does not start: {reason}")]
    StartFailed {
        /// Which.
        function: String,
        /// Why.
        reason: String,
        /// The exception with which its code failed to load.
        exception: Option<Box<Exception>>,
        /// The last lines of output.
        output: String,
    },
    /// A new process did not listen in time.
    #[error(
        "the function {function} did not start within {} ms; what its module does when it is loaded takes too long",
        .limit.as_millis()
    )]
    StartTimeout {
        /// Which.
        function: String,
        /// The time it had.
        limit: Duration,
        /// The last lines of output.
        output: String,
    },
    /// The body is too large.
    #[error("the body has {bytes} bytes, and the function {function} takes at most {limit}")]
    RequestTooLarge {
        /// Which.
        function: String,
        /// Its size.
        bytes: usize,
        /// The most it may have.
        limit: usize,
    },
    /// The handler raised an exception.
    #[error("the function {function} failed: {exception}")]
    HandlerFailed {
        /// Which.
        function: String,
        /// What it raised.
        exception: Box<Exception>,
    },
    /// The handler said itself that something took too long.
    #[error("the function {function} reported a time-out of its own: {exception}")]
    HandlerTimedOut {
        /// Which.
        function: String,
        /// What it raised.
        exception: Box<Exception>,
    },
    /// The handler ran longer than it may, and its process was ended.
    #[error(
        "the function {function} was ended after {} ms, its deadline; raise its timeout if it needs longer",
        .limit.as_millis()
    )]
    Deadline {
        /// Which.
        function: String,
        /// The time it had.
        limit: Duration,
    },
    /// The process ended while the handler ran.
    #[error("the process of the function {function} ended during the call: {exit}{}", because(.exception))]
    Crashed {
        /// Which.
        function: String,
        /// How it ended.
        exit: Exit,
        /// The exception that ended it, when there was one.
        exception: Option<Box<Exception>>,
        /// The last lines of output.
        output: String,
    },
    /// The handler returned nothing, which ends its FDK.
    #[error(
        "the function {function} returned {returned}, which its FDK cannot send; return a value, an empty text at least"
    )]
    NoAnswer {
        /// Which.
        function: String,
        /// What it returned: `null` or `undefined`.
        returned: String,
    },
    /// What came back is no answer of an FDK. The process was ended.
    #[error("the function {function} sent something that is no answer: {what}")]
    InvalidAnswer {
        /// Which.
        function: String,
        /// What came.
        what: String,
    },
    /// The answer is too large. The process was ended.
    #[error("the answer of the function {function} has more than {limit} bytes")]
    AnswerTooLarge {
        /// Which.
        function: String,
        /// The most it may have.
        limit: usize,
    },
    /// The caller cancelled the call. If it ran, its process was ended.
    #[error("the call of the function {function} was cancelled")]
    Cancelled {
        /// Which.
        function: String,
        /// Whether the handler may have begun.
        started: bool,
    },
    /// The host is stopping.
    #[error("the host of the functions is stopping")]
    Stopping,
}

fn because(exception: &Option<Box<Exception>>) -> String {
    exception.as_ref().map(|exception| format!(", because of {exception}")).unwrap_or_default()
}

impl CallError {
    /// Whether it is certain that the handler did not run, so that another try cannot do anything twice.
    #[must_use]
    pub fn never_started(&self) -> bool {
        match self {
            Self::NoFunction { .. }
            | Self::InvalidCall(_)
            | Self::NotBuilt { .. }
            | Self::Broken { .. }
            | Self::Busy { .. }
            | Self::StartFailed { .. }
            | Self::StartTimeout { .. }
            | Self::RequestTooLarge { .. }
            | Self::Stopping => true,
            Self::Cancelled { started, .. } => !started,
            Self::HandlerFailed { .. }
            | Self::HandlerTimedOut { .. }
            | Self::Deadline { .. }
            | Self::Crashed { .. }
            | Self::NoAnswer { .. }
            | Self::InvalidAnswer { .. }
            | Self::AnswerTooLarge { .. } => false,
        }
    }

    /// A stable name of the outcome, for programs.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::NoFunction { .. } => "no-function",
            Self::InvalidCall(_) => "invalid-call",
            Self::NotBuilt { .. } => "not-built",
            Self::Broken { .. } => "broken",
            Self::Busy { .. } => "busy",
            Self::StartFailed { .. } => "start-failed",
            Self::StartTimeout { .. } => "start-timeout",
            Self::RequestTooLarge { .. } => "request-too-large",
            Self::HandlerFailed { .. } => "handler-failed",
            Self::HandlerTimedOut { .. } => "handler-timed-out",
            Self::Deadline { .. } => "deadline",
            Self::Crashed { .. } => "crashed",
            Self::NoAnswer { .. } => "no-answer",
            Self::InvalidAnswer { .. } => "invalid-answer",
            Self::AnswerTooLarge { .. } => "answer-too-large",
            Self::Cancelled { .. } => "cancelled",
            Self::Stopping => "stopping",
        }
    }

    /// The exception of the function's own code, when one was told.
    #[must_use]
    pub fn exception(&self) -> Option<&Exception> {
        match self {
            Self::HandlerFailed { exception, .. } | Self::HandlerTimedOut { exception, .. } => {
                Some(exception)
            }
            Self::Broken { exception, .. }
            | Self::StartFailed { exception, .. }
            | Self::Crashed { exception, .. } => exception.as_deref(),
            _ => None,
        }
    }
}

/// Why a function was not deployed.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum DeployError {
    /// The specification makes no sense.
    #[error("the function {function} cannot be deployed: {reason}")]
    Invalid {
        /// Which.
        function: String,
        /// Why.
        reason: String,
    },
    /// Its environment could not be built.
    #[error("the environment of the function {function} could not be built: {reason}\n{output}")]
    Environment {
        /// Which.
        function: String,
        /// Why.
        reason: String,
        /// All that the build printed.
        output: String,
    },
    /// Its first process did not start.
    #[error("{0}")]
    Start(CallError),
    /// A file operation failed.
    #[error("the function {function} cannot be deployed: {what}: {error}")]
    Io {
        /// Which.
        function: String,
        /// What was tried, with the path.
        what: String,
        /// What the system said.
        error: String,
    },
    /// The host is stopping.
    #[error("the host of the functions is stopping")]
    Stopping,
}

/// Why the host did not start.
#[derive(Debug, thiserror::Error)]
pub enum HostError {
    /// A file operation failed.
    #[error("{what}: {error}")]
    Io {
        /// What was tried, with the path.
        what: String,
        /// What the system said.
        error: std::io::Error,
    },
    /// The configuration makes no sense.
    #[error("{0}")]
    Invalid(String),
}

/// Why a folder is no function.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum SpecError {
    /// There is no file that describes a function.
    #[error("{0} has no func.yaml, func.yml or func.json")]
    Missing(PathBuf),
    /// A file cannot be read.
    #[error("{file} cannot be read: {reason}")]
    Unreadable {
        /// Which.
        file: PathBuf,
        /// Why.
        reason: String,
    },
    /// A key has a value that makes no sense.
    #[error("{file}: {key}: {reason}")]
    Invalid {
        /// The file.
        file: PathBuf,
        /// The key.
        key: String,
        /// What is wrong with it, and what it should be.
        reason: String,
    },
}
