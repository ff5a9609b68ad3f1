//! Task hubs: kept apart, made, deleted, and there again after a restart.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(missing_docs)]

mod apart;
mod changes;
mod protocol;
mod restart;
mod site;
