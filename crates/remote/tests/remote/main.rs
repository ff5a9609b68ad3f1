//! Rust programs as workers and clients of a real server, over the wire.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(missing_docs)]

mod batches;
mod clients;
mod entities;
mod flows;
mod hubs;
mod large;
mod order;
mod site;
mod trouble;
