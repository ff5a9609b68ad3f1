//! Functions in real processes, with the real FDKs.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod support;

mod builds;
mod calls;
mod failures;
mod isolation;
mod logs;
mod pool;
mod reload;
