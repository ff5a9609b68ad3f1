//! What machines do that the recordings do not show, in virtual time. Every run is also replayed: it must ask for
//! the same things, and tell the same events.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout
)]
#![allow(missing_docs)]
// Definitions are written where they are handed over.
#![allow(clippy::needless_pass_by_value)]

#[path = "behaviour/distributed.rs"]
mod distributed;
#[path = "behaviour/flow.rs"]
mod flow;
#[path = "behaviour/handlers.rs"]
mod handlers;
#[path = "behaviour/limits.rs"]
mod limits;
#[path = "behaviour/many.rs"]
mod many;
#[path = "behaviour/stage.rs"]
mod stage;
#[path = "behaviour/tokens.rs"]
mod tokens;
