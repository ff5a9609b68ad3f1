//! Durable workflows as plain async Rust.
//!
//! ```no_run
//! use partita::{ActivityContext, OrchestrationContext, Result, Runtime};
//!
//! async fn greet(_: ActivityContext, name: String) -> Result<String> {
//!     Ok(format!("Hello, {name}!"))
//! }
//!
//! async fn hello(ctx: OrchestrationContext, names: Vec<String>) -> Result<Vec<String>> {
//!     let calls = names.iter().map(|name| ctx.call_activity("Greet", name));
//!     partita::try_join_all(calls).await
//! }
//!
//! # async fn run() -> Result<()> {
//! let runtime = Runtime::builder().orchestrator("Hello", hello).activity("Greet", greet).start().await?;
//! let id = runtime.client().start("Hello", &["Ada", "Grace"]).await?;
//! let greetings: Vec<String> = runtime.client().result(&id).await?;
//! # Ok(()) }
//! ```
//!
//! An orchestrator is replayed: after a crash, or when it was not in memory, it runs again from its
//! start, and everything it had awaited answers from its history. So it must do the same each time: time,
//! randomness and I/O come from its [context](OrchestrationContext) or from activities.
//!
//! | module | holds |
//! | --- | --- |
//! | [`runtime`] | what a process offers, and the engine under it |
//! | [`context`] | what an orchestrator can ask for |
//! | [`durable`] | the futures that it gets |
//! | [`activity`] | what an activity knows of its call |
//! | [`entity`] | entities, and critical sections over them |
//! | [`client`] | starting, watching and steering instances |
//! | [`retry`] | retry policies |
//! | [`http`] | calls of HTTP endpoints from orchestrators |
//! | [`serial`] | values and payloads |
//! | [`testing`] | workflows in virtual time; replay checks |
#![forbid(unsafe_code)]

pub mod activity;
pub mod client;
pub mod context;
mod core;
pub mod durable;
pub mod dynamic;
pub mod endpoint;
pub mod entity;
mod error;
mod execution;
pub mod http;
pub mod retry;
pub mod runtime;
pub mod serial;
#[cfg(feature = "test-kit")]
pub mod testing;

pub use activity::ActivityContext;
pub use client::{Client, StartOptions};
pub use context::OrchestrationContext;
pub use durable::{Durable, Either, Either3, Timer, select, select_all, select3};
pub use entity::{EntityContext, EntityId, EntityType};
pub use error::{Error, Result};
pub use futures::future::{join, join_all, try_join, try_join_all};
pub use retry::RetryPolicy;
pub use runtime::{Runtime, RuntimeBuilder};

pub use partita_engine as engine;
pub use partita_engine::{Engine, EngineError, InstanceView};
pub use partita_kernel::{Failure, InstanceId, Status};
