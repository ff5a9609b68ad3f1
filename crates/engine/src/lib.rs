//! The engine: a tokio shell around the kernel.
//!
//! A task hub's instances are split into partitions; each has one owner, a single task that admits
//! messages, runs turns, commits them in groups, and only then lets their effects leave.
//!
//! | module | holds |
//! | --- | --- |
//! | [`engine`] | the handle that everybody else holds |
//! | [`executor`] | what orchestrators and functions must offer |
//! | [`remote`] | turns that somebody else runs |
//! | [`replaying`] | bringing an orchestrator to where its history ends |
//! | [`config`] | what can be set |
//! | [`clock`] | real and virtual time |
//! | [`error`] | what can go wrong, by what to do about it |
//! | [`view`] | instances as they are shown |
//! | [`why`] | why an instance waits |
//! | [`metrics`] | what is counted |
//! | [`durations`] | how long things took |
//! | `partition` | the loop |
#![forbid(unsafe_code)]

pub mod clock;
pub mod config;
pub mod durations;
pub mod engine;
pub mod entities;
pub mod error;
pub mod executor;
pub mod metrics;
mod nearest;
mod partition;
pub mod remote;
pub mod replaying;
mod retention;
pub mod view;
mod watch;
pub mod why;

pub use clock::{Clock, SystemClock, VirtualClock};
pub use config::{EngineConfig, RetentionRule};
pub use engine::{Engine, PurgeReport, StartRequest, Started, WaitFor};
pub use entities::{
    EntityBatch, EntityCleaning, EntityCode, EntityFailure, EntityPage, EntityQuery, EntitySignal, EntityView,
};
pub use error::EngineError;
pub use executor::{
    Execution, Function, FunctionCall, InstanceInfo, Offers, Orchestrator, Registry, Workflow,
};
pub use remote::{
    Past, RemoteFailure, RemoteOrchestrator, RemoteOutput, RemoteReply, RemoteResult, RemoteTurn, Span,
};
pub use replaying::{check_history, replay_history};
pub use view::{HistoryView, InstancePage, InstanceView};
pub use why::{Reason, Why};

pub use partita_kernel as kernel;
pub use partita_store as store;
