//! Expressions of the Amazon States Language: JSONPath, intrinsic functions, payload templates, choice rules, JSONata.
//!
//! Everything here is parsed once, when a definition is loaded, and evaluated many times. Evaluation is a pure
//! function of its [`Scope`]: chance and time are arguments, so that a replay gives what the first run gave.
//! Nothing here panics, recurses without a bound, or builds values without a bound ([`ExprLimits`]).
//!
//! | module | holds |
//! | --- | --- |
//! | `scope` | [`Scope`], [`JsonataScope`], [`Draw`], [`ExprLimits`] |
//! | `error` | [`EvalError`], [`ParseError`], [`Problem`] |
//! | `path` | [`Path`], the JSONPath dialect of the service |
//! | `path_expr` | [`PathExpr`]: a path into the input, the context or a variable, or an intrinsic function |
//! | `reference` | [`ReferencePath`], where a `ResultPath` puts a value |
//! | `intrinsic` | [`Intrinsic`], the `States.*` functions |
//! | `template` | [`Template`], payload templates |
//! | `choice` | choice rules and their 39 operators |
//! | `jsonata` | [`JsonataExpr`], [`JsonataTemplate`] and the engine behind them |
//! | `timestamp` | RFC 3339 timestamps as the service reads them |

pub mod choice;
mod error;
mod intrinsic;
mod jsonata;
mod names;
mod path;
mod path_expr;
mod random;
mod reference;
mod scope;
mod template;
mod text;
pub mod timestamp;

pub use error::{EvalError, ParseError, Problem};
pub use intrinsic::Intrinsic;
pub use jsonata::{JsonataExpr, JsonataTemplate, is_jsonata};
pub use names::nearest;
pub use path::Path;
pub use path_expr::PathExpr;
pub use reference::ReferencePath;
pub use scope::{Draw, ExprLimits, JsonataScope, Scope, Variables};
pub use template::Template;

#[cfg(test)]
mod arbitrary;
