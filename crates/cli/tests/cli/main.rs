//! The real program against a real server: every command, for people and as JSON, and every exit code.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)] // what is not as expected fails the test

mod dev;
mod entities;
mod help;
mod hubs;
mod instances;
mod many;
mod place;
mod schedules;
mod servers;
