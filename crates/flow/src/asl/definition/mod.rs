//! A state machine with every expression compiled.
//!
//! | file | holds |
//! | --- | --- |
//! | `model.rs` | the machine, its states and their fields |
//! | `expression.rs` | values that are given outright, by a path, or by a JSONata expression |
//! | `resource.rs` | what a Task state can call |
//! | `loader.rs` | from JSON to the model; `fields.rs` reads single fields; `states.rs`, `map.rs` the kinds of states |

mod expression;
mod fields;
mod loader;
mod map;
mod model;
mod resource;
mod states;

pub use expression::{Amount, Query, Text};
pub(crate) use expression::{Compiled, Lookup, Needs, Payload};
pub(crate) use loader::Loader;
pub use model::{
    Catcher, ChoiceRule, ChoiceTest, Distributed, Filter, Flow, ItemBatcher, ItemReader, ItemSource, Kind,
    Machine, MapState, QueryLanguage, ResultPath, ResultWriter, Retrier, State, StateIndex, Target, Task,
    Tested, WaitFor,
};
pub use resource::{ChildMode, Resource, SdkCall};
