//! Expressions that are plain paths, such as `$states.input.order.id`, which most expressions are.
//!
//! They are read without the engine: no value is converted, and integers beyond 2^53 stay what they are.

use jsonata_core::ast::{AstNode, PathStep};
use serde_json::Value;

use super::super::JsonataScope;
use super::Query;
use super::engine::Core;
use super::reads;

/// A variable and names of members.
#[derive(Debug)]
pub(super) struct Direct {
    variable: String,
    names: Vec<String>,
    /// The same expression for the engine, because a path through a list gathers values.
    general: Core,
}

impl Direct {
    pub(super) fn of(ast: &AstNode) -> Option<Self> {
        let (variable, names) = match ast {
            AstNode::Variable(variable) => (variable, Vec::new()),
            AstNode::Path { steps } => {
                let (first, rest) = steps.split_first()?;
                let AstNode::Variable(variable) = plain(first)? else { return None };
                (variable, rest.iter().map(name).collect::<Option<_>>()?)
            }
            _ => return None,
        };
        if variable.is_empty() || variable == "$" {
            return None;
        }
        Some(Self { variable: variable.clone(), names, general: Core::new(ast.clone(), reads::of(ast)) })
    }
}

/// The node of a step that has nothing but its node.
fn plain(step: &PathStep) -> Option<&AstNode> {
    let bare = step.stages.is_empty() && step.focus.is_none() && step.index_var.is_none();
    (bare && step.ancestor_label.is_none() && !step.is_tuple && !step.inner_tuple).then_some(&step.node)
}

fn name(step: &PathStep) -> Option<String> {
    match plain(step)? {
        AstNode::Name(name) => Some(name.clone()),
        _ => None,
    }
}

impl Query for Direct {
    fn run(&self, scope: &JsonataScope<'_>) -> Result<Option<Value>, String> {
        let root = match self.variable.as_str() {
            "states" => Some(scope.states),
            name => scope.variables.get(name).map(AsRef::as_ref),
        };
        // What is not a variable may be a function.
        let Some(mut value) = root else { return self.general.run(scope) };
        for name in &self.names {
            value = match value {
                Value::Object(members) => match members.get(name) {
                    Some(value) => value,
                    None => return Ok(None),
                },
                Value::Array(_) => return self.general.run(scope),
                _ => return Ok(None),
            };
        }
        Ok(Some(value.clone()))
    }
}
