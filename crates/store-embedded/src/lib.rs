//! The embedded store: a journal that is synced at every commit, folded into SQLite a moment later.
//!
//! An acknowledgement waits for one write and one sync of the journal, and for nothing else. A thread of its
//! own puts the newest state into tables that any SQLite tool can read. Between the two, reads find what is
//! not in the tables yet in memory. `docs/adr/0001-embedded-store.md` says why.
//!
//! | module | holds |
//! | --- | --- |
//! | `store` | [`EmbeddedStore`], which puts the rest together |
//! | `journal` | the thread that makes batches durable |
//! | `segments`, `frame`, `entry` | the journal's files, and what lies in them |
//! | `replay` | reading the journal when a store is opened |
//! | `overlay` | what is durable and not yet in the tables |
//! | `fold`, `tables`, `tally` | the thread that puts it there, and counts |
//! | `db`, `pool` | SQLite and its connections |
//! | `read`, `list` | answering questions |
//! | [`maintenance`] | check, backup, compact |
//! | `online` | checking while the store is in use |
//! | [`disk`], [`simulated`] | the file operations under the journal, and a disk that fails on purpose |

#![forbid(unsafe_code)]

mod db;
pub mod disk;
mod entry;
mod fold;
mod frame;
mod journal;
mod list;
mod lock;
pub mod maintenance;
mod online;
mod overlay;
mod pool;
mod read;
mod replay;
mod segments;
mod shared;
pub mod simulated;
mod store;
mod tables;
mod tally;

pub use store::{EmbeddedStore, Options};
