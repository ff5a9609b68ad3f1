//! State machines in the Amazon States Language.
//!
//! | module | holds |
//! | --- | --- |
//! | [`definition`] | a state machine with every expression compiled |
//! | [`check`] | what is wrong with a definition, all of it at once |
//! | [`expr`] | paths, intrinsic functions, templates, JSONata, choice tests |
//! | [`interpreter`] | running a machine over an orchestration context |
//! | [`orchestrator`] | a machine as an orchestrator: the one function that an engine calls |
//! | [`events`] | the events of an execution, as Step Functions tells them |
//! | [`arn`], [`token`] | names of machines and executions; tokens of tasks |
//! | [`items`] | reading the items of a distributed map from files, and writing its results |
//! | [`catalogue`] | the machines that are known, with their revisions |
//! | [`diagram`] | a machine as nodes and edges |
//! | [`limits`] | every bound |

pub mod arn;
pub mod catalogue;
pub mod check;
pub mod definition;
pub mod diagram;
pub mod events;
pub mod expr;
pub mod interpreter;
pub mod items;
pub mod limits;
pub mod orchestrator;
pub mod token;
