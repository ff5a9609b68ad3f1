//! Values that share their parts.
//!
//! `$reduce([1..64], function($a, $i) { {"l": $a, "r": $a} }, 1)` takes 64 steps and little memory, but has 2^64 parts
//! when somebody writes it out or compares it. Only an expression that gives a value a name can make such a value, and
//! only there the operands of what walks through whole values are measured.

use jsonata_core::ast::{AstNode, BinaryOp, PathStep, Stage};

use super::guard::{is_literal, measured};

/// Whether the node gives a value a name.
pub(super) fn names_values(node: &AstNode) -> bool {
    matches!(
        node,
        AstNode::Lambda { .. } | AstNode::Binary { op: BinaryOp::ColonEqual | BinaryOp::ChainPipe, .. }
    )
}

/// Has the operands of comparisons and concatenations measured.
pub(super) fn measure_operands(ast: &mut AstNode) {
    let mut open = vec![ast];
    while let Some(node) = open.pop() {
        match node {
            AstNode::Binary { op, lhs, rhs } if walks_through(*op) => {
                measure(lhs);
                measure(rhs);
            }
            _ => {}
        }
        open.extend(children(node));
    }
}

fn walks_through(op: BinaryOp) -> bool {
    matches!(op, BinaryOp::Equal | BinaryOp::NotEqual | BinaryOp::In | BinaryOp::Concatenate)
}

/// Operators give small values, or are measured themselves; an array constructor on a side of `in` stays one.
fn measure(operand: &mut AstNode) {
    let small = matches!(
        operand,
        AstNode::Binary { .. } | AstNode::Unary { .. } | AstNode::Array(_) | AstNode::Regex { .. }
    );
    if !small && !is_literal(operand) {
        *operand = measured(std::mem::replace(operand, AstNode::Null));
    }
}

/// The nodes directly inside a node.
fn children(node: &mut AstNode) -> Vec<&mut AstNode> {
    match node {
        AstNode::Binary { lhs, rhs, .. } => vec![&mut **lhs, &mut **rhs],
        AstNode::Unary { operand, .. } => vec![&mut **operand],
        AstNode::Function { args, .. } => args.iter_mut().collect(),
        AstNode::Call { procedure, args } => std::iter::once(&mut **procedure).chain(args).collect(),
        AstNode::Lambda { body, .. } | AstNode::FunctionApplication(body) => vec![&mut **body],
        AstNode::Array(nodes) | AstNode::ArrayGroup(nodes) | AstNode::Block(nodes) => {
            nodes.iter_mut().collect()
        }
        AstNode::Object(pairs) => pairs.iter_mut().flat_map(|(key, value)| [key, value]).collect(),
        AstNode::ObjectTransform { input, pattern } => std::iter::once(&mut **input)
            .chain(pattern.iter_mut().flat_map(|(key, value)| [key, value]))
            .collect(),
        AstNode::Conditional { condition, then_branch, else_branch } => {
            [&mut **condition, &mut **then_branch].into_iter().chain(else_branch.as_deref_mut()).collect()
        }
        AstNode::Sort { input, terms } => {
            std::iter::once(&mut **input).chain(terms.iter_mut().map(|(term, _)| term)).collect()
        }
        AstNode::Transform { location, update, delete } => {
            [&mut **location, &mut **update].into_iter().chain(delete.as_deref_mut()).collect()
        }
        AstNode::Path { steps } => steps.iter_mut().flat_map(inside_step).collect(),
        AstNode::String(_)
        | AstNode::Name(_)
        | AstNode::Number(_)
        | AstNode::Boolean(_)
        | AstNode::Null
        | AstNode::Undefined
        | AstNode::Placeholder
        | AstNode::Regex { .. }
        | AstNode::Variable(_)
        | AstNode::ParentVariable(_)
        | AstNode::Wildcard
        | AstNode::Descendant
        | AstNode::Parent(_) => Vec::new(),
    }
}

fn inside_step(step: &mut PathStep) -> impl Iterator<Item = &mut AstNode> {
    let filters = step.stages.iter_mut().filter_map(|stage| match stage {
        Stage::Filter(filter) => Some(&mut **filter),
        Stage::KeepArray | Stage::Index(_) => None,
    });
    std::iter::once(&mut step.node).chain(filters)
}
