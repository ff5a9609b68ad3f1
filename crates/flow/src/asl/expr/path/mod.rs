//! JSONPath as Step Functions understands it, which is the dialect of the Jayway library rather than RFC 9535.
//!
//! `$.delivery-partner` is a name with a hyphen; a path that can give several values gives a list, which is empty
//! where nothing matches; a path that can give one value only gives that value or nothing.

mod eval;
mod filter;
mod function;
mod parse;

use serde_json::Value;

use super::{EvalError, ExprLimits, ParseError, Scope};
use filter::Filter;
use function::Function;

pub(crate) use parse::{Cursor, Inside, after_root};

/// A JSONPath that begins with `$`.
#[derive(Debug, Clone)]
pub struct Path {
    text: Box<str>,
    steps: Vec<Step>,
    function: Option<Function>,
}

/// One step from a value to values inside it.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    /// `.name` or `['name']`
    Name(String),
    /// `['a', 'b']`: an object of these members
    Names(Vec<String>),
    /// `[0]`, from the end where negative
    Index(i64),
    /// `[0, 2]`
    Indexes(Vec<i64>),
    /// `[from:to]`
    Slice(Option<i64>, Option<i64>),
    /// `.*` or `[*]`
    Wildcard,
    /// `..`: the value and all values inside it
    Deep,
    /// `[?(…)]`
    Filter(Filter),
}

impl Path {
    /// Reads a path; the whole text must be one.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        parse::whole(text)
    }

    /// The path as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether the path gives one value at most.
    pub fn is_definite(&self) -> bool {
        self.function.is_some() || self.steps.iter().all(Step::is_definite)
    }

    /// Whether the path is made of names and indexes only, so that it says one place (a reference path).
    pub fn is_reference(&self) -> bool {
        self.function.is_none() && self.steps.iter().all(Step::is_definite)
    }

    /// Whether the path is `$` alone.
    pub fn is_root(&self) -> bool {
        self.steps.is_empty() && self.function.is_none()
    }

    /// What the path gives in the scope's input: nothing, where a member of a definite path is missing.
    pub fn eval(&self, scope: &Scope<'_>) -> Result<Option<Value>, EvalError> {
        let found = self.find(scope.input, scope.limits)?;
        Ok(found.map(std::borrow::Cow::into_owned))
    }

    /// What the path gives in `root`, without a copy where it can be shared.
    pub(crate) fn find<'v>(
        &self,
        root: &'v Value,
        limits: &ExprLimits,
    ) -> Result<Option<std::borrow::Cow<'v, Value>>, EvalError> {
        eval::find(self, root, root, limits)
    }

    /// Why a definite path gives nothing in `root`, in the words of the service.
    pub(crate) fn why_missing(&self, root: &Value) -> String {
        eval::why_missing(&self.steps, root)
    }

    pub(crate) fn steps(&self) -> &[Step] {
        &self.steps
    }
}

impl PartialEq for Path {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Step {
    fn is_definite(&self) -> bool {
        matches!(self, Self::Name(_) | Self::Index(_))
    }
}
