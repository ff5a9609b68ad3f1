//! Partita's HTTP server.
//!
//! One port, several dialects, each a thin adapter over one [`Engine`](partita_engine::Engine):
//!
//! | module | holds |
//! | --- | --- |
//! | [`server`] | the listening server, for the binary and for services |
//! | [`options`] | what can be set |
//! | `app` | the router, and what all handlers share |
//! | `partita` | the own API under `/api/v1` |
//! | `durable_functions` | the Durable Functions HTTP API under `/runtime/webhooks/durabletask` |
//! | [`durable_task`] | the Durable Task protocol (gRPC), for its SDKs' clients and workers |
//! | [`oci_functions`] | the API of OCI Functions under `/20260325` and other dates |
//! | `fn_project` | the API of the Fn Project under `/v2`, `/invoke`, `/t` |
//! | `step_functions` | the API of AWS Step Functions at `POST /` |
//! | [`hubs`] | task hubs: which there are, and which a request is for |
//! | [`node`] | a process: a store, an engine, an app's functions and state machines |
//! | [`functions`], [`state_machines`] | what is offered to workflows beside Rust code |
//! | [`triggers`] | routes that a configuration adds |
//! | [`schedules`] | starts by the clock |
//! | [`config`] | flags, environment, `partita.toml`, defaults |
//! | `health`, `metrics` | `/livez`, `/readyz`, `/metrics` |
//! | `entities` | what the dialects share of entities |
//! | `guard`, `observe` | which requests are let in, and what is noted of them |
//!
//! To serve inside an axum application of one's own, take [`router`].
#![forbid(unsafe_code)]

mod answer;
mod app;
pub mod config;
mod connections;
mod console;
mod durable_functions;
pub mod durable_task;
mod entities;
mod extract;
mod fn_project;
pub mod functions;
mod guard;
mod health;
pub mod hubs;
mod live;
mod metrics;
pub mod node;
mod observe;
pub mod oci_functions;
pub mod options;
mod partita;
pub mod parts;
pub mod schedules;
pub mod server;
mod start;
pub mod state_machines;
mod step_functions;
pub mod triggers;

pub use app::{OPENAPI, router};
pub use config::Config;
pub use options::ServerOptions;
pub use parts::Parts;
pub use schedules::Schedules;
pub use server::{ServeError, Server};
pub use triggers::Triggers;
