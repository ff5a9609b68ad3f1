//! Tests over HTTP against real servers.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // helpers of tests

mod definitions;
mod durable_functions;
mod entities;
mod executions;
mod functions;
mod live;
mod node;
mod own_api;
mod schedules;
mod schema;
mod server;
mod store;
mod support;
mod triggers;
