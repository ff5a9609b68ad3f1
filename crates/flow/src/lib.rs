//! Built-in orchestrators: state machines in the Amazon States Language.
//!
//! | module | holds |
//! | --- | --- |
//! | [`asl`] | definitions, their checks, and the interpreter that runs them as orchestrators |
#![forbid(unsafe_code)]

pub mod asl;
