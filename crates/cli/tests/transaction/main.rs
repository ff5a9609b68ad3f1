//! The transaction example with the real program and real Python: its outcomes, what its functions can do wrong and
//! how it recovers, and the program killed again and again.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr
)]

mod app;
mod faults;
mod kills;
mod nodes;
mod outcomes;
