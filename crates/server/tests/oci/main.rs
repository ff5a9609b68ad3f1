//! The APIs of OCI Functions and of the Fn Project: real nodes with real functions, and the cloud's own SDK as the
//! client.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // helpers of tests

mod fn_project;
mod launcher;
mod node;
mod sdk;
mod site;
mod venv;
