//! The Durable Task protocol as a worker sees it that speaks it by hand, and that need not be kind.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(missing_docs)]

mod entities;
mod hostile;
mod nonsense;
mod port;
mod site;
mod workers;
