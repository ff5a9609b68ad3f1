//! The kernel: what a workflow instance is, and how it moves.
//!
//! A pure, synchronous, deterministic state machine. It knows no clock, draws no random number, does no
//! I/O and waits for nothing: the time and every fresh identifier are handed to it. One call of
//! [`Turn::begin`] admits the messages of an inbox as events, an executor answers with commands, and
//! [`Turn::finish`] turns those into further events and into effects that may leave only after the
//! events are durable.
//!
//! | module | holds |
//! | --- | --- |
//! | [`event`] | the facts of a history |
//! | [`message`] | what reaches an inbox |
//! | [`command`] | what an executor may ask for |
//! | [`effect`] | what leaves after the commit |
//! | [`instance`] | the state that follows from a history |
//! | [`arrival`] | what a start or a rewind means for an id |
//! | [`turn`] | one step of an instance |
//! | [`rewind`] | the way back to the last good state |
//! | [`replay`] | proof that a history reproduces its own commands |
//! | [`codec`] | the stored form of all of these |
//! | [`limits`] | every bound there is |
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(test)]
extern crate std;

pub mod arrival;
pub mod codec;
pub mod command;
pub mod effect;
pub mod entity;
pub mod event;
pub mod history;
pub mod ids;
pub mod instance;
pub mod limits;
mod machine;
pub mod message;
mod output;
pub mod replay;
pub mod rewind;
#[cfg(test)]
mod testkit;
pub mod turn;
pub mod value;

pub use command::{Command, CustomStatus, TurnOutput};
pub use effect::Effect;
pub use entity::Entity;
pub use event::{Event, EventKind};
pub use ids::{ExecutionId, InstanceId, Partition};
pub use instance::{Head, Instance, Phase, State, Status};
pub use limits::Limits;
pub use message::{Admission, Discard, Message};
pub use turn::{Begun, Decision, Turn};
pub use value::{Failure, Name, Payload, Tags, Timestamp, Trace};
