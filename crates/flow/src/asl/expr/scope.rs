//! What an expression can see while it is evaluated, and how far it may go.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;
use uuid::Uuid;

/// The variables that are visible, by name without the `$`. Values are shared, so that a copy of a scope is cheap.
pub type Variables = BTreeMap<String, Arc<Value>>;

/// Where chance comes from. An implementation gives the same values again when an execution is replayed.
pub trait Draw {
    /// The next number, at least 0 and less than 1.
    fn random(&self) -> f64;
    /// The next random UUID.
    fn uuid(&self) -> Uuid;
}

/// What a JSONPath expression sees.
#[derive(Clone, Copy)]
pub struct Scope<'a> {
    /// What `$` is: the state's input, its result, or what else the field applies to.
    pub input: &'a Value,
    /// What `$$` is: the context object.
    pub context: &'a Value,
    /// What `$name` is.
    pub variables: &'a Variables,
    /// Chance, for `States.UUID` and `States.MathRandom`.
    pub draw: &'a dyn Draw,
    /// The bounds of this evaluation.
    pub limits: &'a ExprLimits,
}

impl<'a> Scope<'a> {
    /// The same scope with another `$`.
    #[must_use]
    pub fn with_input<'b>(&self, input: &'b Value) -> Scope<'b>
    where
        'a: 'b,
    {
        Scope { input, ..*self }
    }
}

/// What a JSONata expression sees.
#[derive(Clone, Copy)]
pub struct JsonataScope<'a> {
    /// What `$states` is: an object with `input`, `context`, and where there is one `result` or `errorOutput`.
    pub states: &'a Value,
    /// What `$name` is.
    pub variables: &'a Variables,
    /// Chance, for `$random` without a seed and `$uuid`.
    pub draw: &'a dyn Draw,
    /// What `$now` and `$millis` say.
    pub now: Timestamp,
    /// The bounds of this evaluation.
    pub limits: &'a ExprLimits,
}

/// The bounds of one evaluation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExprLimits {
    /// How deep a computed value may nest. JSON is read up to a depth of 128, so more could be written but not read
    /// again. The recursion of JSONata functions is bounded in proportion.
    pub depth: usize,
    /// How many values a path, an array function or a JSONata sequence may give.
    pub items: usize,
    /// How many bytes of JSON a computed value may take.
    pub bytes: usize,
    /// How many steps (function calls and path steps) a JSONata expression may take.
    pub steps: u64,
    /// The last resort against a JSONata expression whose single steps are slow, in milliseconds. It is far beyond
    /// what the other bounds let through, because an evaluation that ends by the clock may end otherwise in a replay.
    pub timeout_ms: u64,
}

impl Default for ExprLimits {
    fn default() -> Self {
        Self { depth: 100, items: 1_000_000, bytes: 16 << 20, steps: 2_000_000, timeout_ms: 60_000 }
    }
}
