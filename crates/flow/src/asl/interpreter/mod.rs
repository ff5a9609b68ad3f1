//! Running a machine over an orchestration context.
//!
//! | file | holds |
//! | --- | --- |
//! | `run.rs` | what one execution shares: its context, its environment, the number of its events |
//! | `frame.rs` | one line of states: variables, the last event; entering and leaving states |
//! | `sees.rs` | evaluating expressions, with what they may see |
//! | `flow.rs` | data on its way through a state |
//! | `machine.rs` | from state to state |
//! | `choice.rs`, `wait.rs`, `fail.rs`, `parallel.rs`, `task/`, `map/` | what the kinds of states do |
//! | `handlers.rs` | Retry and Catch |
//! | `fault.rs` | why a state failed |
//! | `size.rs` | how long a value is as JSON |

mod choice;
mod fail;
mod fault;
mod flow;
mod frame;
mod handlers;
mod machine;
mod map;
mod parallel;
mod run;
mod sees;
mod size;
mod task;
mod wait;

pub(crate) use fault::Fault;
pub(crate) use frame::Frame;
pub(crate) use machine::machine;
pub use run::Environment;
pub(crate) use run::Run;
pub(crate) use size::{json_size, spaced_size};
