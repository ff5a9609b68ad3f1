//! Task hubs: instances that are kept apart from each other in one process.
//!
//! A hub is a store, an engine over it, and its own workers. The hub `default` is the process itself and is always there;
//! this module is about the others. What a process offers beside its state machines, functions above all, is code without
//! a state of its own, and is offered in every hub.
//!
//! | module | holds |
//! | --- | --- |
//! | `registry` | [`Hubs`]: opening, making, deleting |
//! | `hub` | [`Hub`], one of them |
//! | `name` | [`HubName`] |
//! | `ground` | what all hubs of a process share, and engines on it |
//! | `place` | where hubs are kept |
//! | `door` | which hub a request is for |
//! | `error` | [`HubError`] |

mod door;
mod error;
mod ground;
mod hub;
mod name;
mod place;
mod registry;

pub(crate) use door::{Door, HEADER, Refused};
pub use error::HubError;
pub(crate) use ground::{Ground, machines};
pub use hub::Hub;
pub(crate) use hub::unfinished;
pub use name::{HubName, InvalidHubName};
pub(crate) use place::Place;
pub use registry::{HubOptions, Hubs};

/// The hub of requests that name none.
pub const DEFAULT: &str = "default";
