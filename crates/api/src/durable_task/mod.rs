//! The Durable Task protocol: its messages, and their conversions from and to what the engine knows.
//!
//! | module | holds |
//! | --- | --- |
//! | [`proto`] | the messages and the service, made from `proto/durable_task.proto` |
//! | [`value`] | instants, failures, tags, traces, statuses |
//! | [`event`] | the events of a history |
//! | [`action`] | what an orchestrator asks for |
//! | [`instance`] | instances, and requests about them |
//! | [`entity`] | entities and their work |
//! | [`work`] | work items |
//! | [`worker`], [`client`] | the same from the other side: for programs that connect to a server |
//!
//! The protocol carries inputs, outputs and statuses as text, and the engine keeps text: it is neither parsed nor
//! changed on the way, whether it is JSON or not, and an empty text is not the same as none.
//!
//! What comes in is checked here only as far as the kernel has no place for it; bounds are the kernel's affair.

pub mod action;
pub mod client;
pub mod entity;
pub mod event;
pub mod instance;
pub mod value;
pub mod work;
pub mod worker;

pub use action::{Completion, completion};
pub use event::{from_history_event, to_history_event};

/// The messages and the service, made from `proto/durable_task.proto`.
#[allow(missing_docs, unreachable_pub, clippy::all, clippy::pedantic)]
pub mod proto {
    tonic::include_proto!("_");
}

/// A message that cannot be taken: which field, and what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invalid {
    /// The field's path, as the protocol names it: `actions[2].scheduleTask.name`.
    pub field: String,
    /// What is wrong, and what would be right.
    pub problem: String,
}

impl Invalid {
    /// Says what is wrong with a field.
    pub fn new(field: impl Into<String>, problem: impl Into<String>) -> Self {
        Self { field: field.into(), problem: problem.into() }
    }

    /// A field that must be there.
    #[must_use]
    pub fn missing(field: &str) -> Self {
        Self::new(field, "it is missing")
    }

    /// The same, seen from the message that has `field` in it.
    #[must_use]
    pub fn within(self, field: &str) -> Self {
        Self { field: format!("{field}.{}", self.field), ..self }
    }
}

impl std::fmt::Display for Invalid {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.field, self.problem)
    }
}
impl std::error::Error for Invalid {}
