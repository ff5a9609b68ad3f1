//! Connected workers: who they are, what they can run, what they are running, and what waits for one.
//!
//! | module | holds |
//! | --- | --- |
//! | `filter` | what a worker takes |
//! | `job` | something to do, and where its outcome goes |
//! | `answers` | handing on what workers answer |
//! | `dispatch` | which worker gets what; no input or output |
//! | `hub` | all of it behind one lock, and what happens by the clock |
//! | `stream` | the stream of work items to one worker |
//! | `token` | completion tokens |
//! | `known` | the names that workers are expected to run, kept over restarts |
//! | `offers` | workers as the engine sees them |
//! | `view` | workers as they are shown |

mod answers;
mod dispatch;
mod filter;
mod hub;
mod job;
mod known;
mod offers;
mod stream;
mod token;
mod view;

pub use hub::{EntityMessages, WorkerOptions, Workers};
pub use offers::WorkerOffers;
pub use stream::WorkStream;
pub use view::{RunningView, WaitingView, WorkerView};

pub(super) use filter::Filters;
pub(super) use hub::{Found, Newcomer};
pub(super) use known::Names;

/// Bytes of one message that is taken, when nothing else is said.
pub const DEFAULT_RECEIVE_BYTES: usize = 64 << 20;
