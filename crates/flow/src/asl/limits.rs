//! Every bound on definitions and executions.

use super::expr::ExprLimits;

/// Bounds on definitions and executions.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Bytes of a definition's text.
    pub definition_bytes: usize,
    /// Machines within machines (branches, processors).
    pub nesting: usize,
    /// States of a machine, those of its branches and processors included.
    pub states: usize,
    /// Bytes of one state's input, result or output as JSON text; as much as Step Functions allows unless set otherwise.
    pub payload_bytes: usize,
    /// Transitions in a row without waiting for anything: a loop that never waits ends here.
    pub transitions_without_waiting: u64,
    /// Iterations of an inline map that run at once when `MaxConcurrency` does not say.
    pub inline_concurrency: usize,
    /// Child executions of a distributed map that run at once when `MaxConcurrency` does not say.
    pub distributed_concurrency: usize,
    /// Items of one map.
    pub map_items: usize,
    /// Bytes of items that are read in one go by an `ItemReader`.
    pub slice_bytes: usize,
    /// Bounds on expressions.
    pub expr: ExprLimits,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            definition_bytes: 1 << 20,
            nesting: 32,
            states: 10_000,
            payload_bytes: 256 << 10,
            transitions_without_waiting: 1_000_000,
            inline_concurrency: 40,
            distributed_concurrency: 1_000,
            map_items: 100_000_000,
            slice_bytes: 1 << 20,
            expr: ExprLimits::default(),
        }
    }
}
