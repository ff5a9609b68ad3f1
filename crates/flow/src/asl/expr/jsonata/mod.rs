//! JSONata: texts in `{% %}`, anywhere in a JSON value.
//!
//! The engine is `jsonata-core`, behind the trait [`Query`]. Its regular expressions are those of the crate `regex`,
//! which take linear time. What the engine cannot bound itself is bounded by what [`guard`] adds to an expression.

mod convert;
mod direct;
mod engine;
mod functions;
mod guard;
mod reads;
mod session;
mod sharing;
mod template;

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use serde_json::Value;

use super::error::QUERY;
use super::{EvalError, JsonataScope, ParseError, text};
use direct::Direct;
use reads::Reads;
pub use template::JsonataTemplate;

/// The longest expression, in bytes.
const LONGEST: usize = 256 * 1024;

/// Whether the text is a JSONata expression in `{% %}`.
pub fn is_jsonata(text: &str) -> bool {
    text.len() >= 4 && text.starts_with("{%") && text.ends_with("%}")
}

/// An expression that can be run. Implementations hold no state between runs.
trait Query: fmt::Debug + Send + Sync {
    /// What the expression gives, nothing where it is undefined, or why it failed.
    fn run(&self, scope: &JsonataScope<'_>) -> Result<Option<Value>, String>;
}

/// A JSONata expression.
#[derive(Debug, Clone)]
pub struct JsonataExpr {
    source: Box<str>,
    reads: Arc<Reads>,
    query: Arc<dyn Query>,
}

impl JsonataExpr {
    /// Reads an expression, with or without its `{% %}`. Syntax newer than JSONata 2.0.6 is refused.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        let inner = if is_jsonata(text) { text.get(2..text.len() - 2).unwrap_or_default() } else { text };
        let source = inner.trim();
        if source.len() > LONGEST {
            return Err(ParseError::new(LONGEST, format!("an expression has at most {LONGEST} bytes")));
        }
        let ast = engine::parse(source).map_err(|why| ParseError::new(0, why))?;
        let reads = reads::of(&ast);
        let query: Arc<dyn Query> = match Direct::of(&ast) {
            Some(direct) => Arc::new(direct),
            None => Arc::new(engine::Core::new(ast, reads.clone())),
        };
        Ok(Self { source: source.into(), reads: Arc::new(reads), query })
    }

    /// The expression as it was written, without `{% %}` and the space around it.
    pub fn as_str(&self) -> &str {
        &self.source
    }

    /// Adds the names of the variables that this may read, without `states`.
    pub fn used_variables(&self, names: &mut BTreeSet<String>) {
        names.extend(self.reads.names().filter(|name| *name != "states").map(str::to_owned));
    }

    /// What the expression gives. `field` says where it stands, for example `Output/result`.
    /// Fails with `States.QueryEvaluationError`.
    pub fn eval(&self, scope: &JsonataScope<'_>, field: &str) -> Result<Value, EvalError> {
        match self.query.run(scope) {
            Ok(Some(value)) => Ok(value),
            Ok(None) => Err(self.failed(field, "returned nothing (undefined).")),
            Err(why) => Err(self.failed(field, &format!("threw an error during evaluation. {why}"))),
        }
    }

    /// The error of a field that needs a value of another type, for example an `array` for `Items`.
    pub fn unexpected_type(&self, field: &str, expected: &str, value: &Value) -> EvalError {
        let (was, value) = (text::type_of(value), text::quoted(value));
        let what = format!(
            "returned an unexpected result type. Expected '{expected}', but was '{was}' for value: {value}"
        );
        self.failed(field, &what)
    }

    fn failed(&self, field: &str, what: &str) -> EvalError {
        let cause =
            format!("The JSONata expression '{}' specified for the field '{field}' {what}", self.source);
        EvalError::new(QUERY, cause)
    }
}

impl PartialEq for JsonataExpr {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source
    }
}

#[cfg(test)]
mod tests;
