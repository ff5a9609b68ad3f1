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
//! | [`triggers`] | routes that a configuration adds |
//! | [`schedules`] | starts by the clock |
//! | [`config`] | flags, environment, `partita.toml`, defaults |
//! | `health`, `metrics` | `/livez`, `/readyz`, `/metrics` |
//! | `guard`, `observe` | which requests are let in, and what is noted of them |
//!
//! To serve inside an axum application of one's own, take [`router`].
#![forbid(unsafe_code)]

mod answer;
mod app;
pub mod config;
mod durable_functions;
mod extract;
mod guard;
mod health;
mod metrics;
mod observe;
pub mod options;
mod partita;
pub mod schedules;
pub mod server;
mod start;
pub mod triggers;

pub use app::{OPENAPI, router};
pub use config::Config;
pub use options::ServerOptions;
pub use schedules::Schedules;
pub use server::{ServeError, Server};
pub use triggers::Triggers;
