//! The order examples for workers: the order flow in Python and in JavaScript, run with the real program and the
//! published SDKs, and killed again and again.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr
)]

mod examples;
mod kills;
mod place;
mod shop;
