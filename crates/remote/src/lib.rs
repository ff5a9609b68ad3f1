//! Rust programs as workers and clients of a server, over the Durable Task protocol (gRPC).
//!
//! What a program offers is written exactly as for an engine in the same process; where it runs is decided at the end:
//!
//! ```no_run
//! use partita::{ActivityContext, OrchestrationContext, Result, Runtime};
//! use partita_remote::{Client, Worker};
//! use tokio_util::sync::CancellationToken;
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
//! const SERVER: &str = "http://127.0.0.1:7080";
//! let offers = Runtime::builder().orchestrator("Hello", hello).activity("Greet", greet);
//! let stop = CancellationToken::new();
//! let working = tokio::spawn(Worker::connect(SERVER)?.registry(offers.registry()).run(stop.clone()));
//!
//! let client = Client::connect(SERVER).await?;
//! let id = client.start("Hello", &["Ada", "Grace"]).await?;
//! let greetings: Vec<String> = client.result(&id).await?;
//!
//! stop.cancel(); // what is under way comes to its end
//! working.await??;
//! # Ok(()) }
//! ```
//!
//! | module | holds |
//! | --- | --- |
//! | [`worker`] | running what a program offers for a server |
//! | [`client`] | starting, watching and steering instances |
//! | `entities` | signalling entities and looking at them, as methods of the client |
//! | [`target`] | which server, and what it is told with each request |
//! | [`error`] | what can go wrong, by what to do about it |
//! | `backoff` | waits between attempts |
//!
//! # What is different from an engine in the same process
//!
//! - The protocol has no word for giving up on something that was asked for. A timer or an activity that an orchestrator
//!   drops just goes on, and what comes of it is ignored. So an instance that dropped something can move from an engine
//!   in the same process to workers, and not back.
//! - A lock of entities that is given up before it is there is granted all the same, and stays until the instance ends
//!   or continues as new.
//! - An entity without a state does not exist for clients, and of a lock they learn only who has it. A server that is set
//!   to the older messages (`workers.entity-messages`) does not tell operations who calls.
//! - A worker hears nothing of a call that nobody waits for any more.
//! - `parent()` does not know whether the parent waits.
#![forbid(unsafe_code)]

mod backoff;
pub mod client;
mod entities;
pub mod error;
pub mod target;
pub mod worker;

pub use client::Client;
pub use error::Error;
pub use partita::StartOptions;
pub use target::Target;
pub use worker::Worker;
