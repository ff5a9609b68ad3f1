//! What an expression reads, so that only that is converted for the engine.
//!
//! An expression in a Map state with 10,000 items that reads `$states.context.Map.Item.Value` must not pay for
//! `$states.input`, which holds all of them.

use std::collections::BTreeMap;

use jsonata_core::ast::{AstNode, PathStep, Stage};
use jsonata_core::value::JValue;
use serde_json::Value;

use super::convert::to_engine;

/// The variables that an expression reads, and which parts of them.
#[derive(Debug, Clone, Default)]
pub(super) struct Reads(BTreeMap<String, Part>);

#[derive(Debug, Clone)]
enum Part {
    All,
    Members(BTreeMap<String, Part>),
}

impl Reads {
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// The part of a variable's value that is read.
    pub(super) fn part(&self, name: &str, value: &Value) -> JValue {
        self.0.get(name).map_or(JValue::Undefined, |part| part.of(value))
    }

    fn add(&mut self, variable: &str, path: &[&str]) {
        let part = self.0.entry(variable.to_owned()).or_insert_with(|| Part::Members(BTreeMap::new()));
        part.add(path);
    }
}

impl Part {
    fn add(&mut self, path: &[&str]) {
        match (&mut *self, path.split_first()) {
            (Self::All, _) => {}
            (_, None) => *self = Self::All,
            (Self::Members(members), Some((name, rest))) => {
                members.entry((*name).to_owned()).or_insert_with(|| Self::Members(BTreeMap::new())).add(rest);
            }
        }
    }

    fn of(&self, value: &Value) -> JValue {
        match (self, value) {
            (Self::Members(parts), Value::Object(members)) => {
                let read =
                    parts.iter().filter_map(|(name, part)| Some((name.clone(), part.of(members.get(name)?))));
                JValue::object(read.collect())
            }
            _ => to_engine(value),
        }
    }
}

/// What the expression reads. A name that the expression binds itself is listed as well.
pub(super) fn of(ast: &AstNode) -> Reads {
    let mut reads = Reads::default();
    let mut open = vec![ast];
    while let Some(node) = open.pop() {
        match node {
            AstNode::Variable(name) => reads.add(name, &[]),
            AstNode::Path { steps } => {
                let skipped = usize::from(add_path(steps, &mut reads));
                open.extend(children(node).into_iter().skip(skipped));
            }
            other => open.extend(children(other)),
        }
    }
    reads
}

/// Adds what a path reads of the variable that it begins with; false, if it begins with something else.
fn add_path(steps: &[PathStep], reads: &mut Reads) -> bool {
    let Some((AstNode::Variable(variable), rest)) =
        steps.split_first().map(|(first, rest)| (&first.node, rest))
    else {
        return false;
    };
    let mut names = Vec::new();
    // A reference to a parent, or a filter, may look at more than the path names.
    let whole = steps.iter().any(|step| step.ancestor_label.is_some() || step.is_tuple || step.inner_tuple);
    if !whole && steps.first().is_some_and(|first| first.stages.is_empty()) {
        for step in rest {
            let AstNode::Name(name) = &step.node else { break };
            names.push(name.as_str());
            if !step.stages.is_empty() {
                break;
            }
        }
    }
    reads.add(variable, &names);
    true
}

/// The expression and everything inside it.
pub(super) fn nodes(ast: &AstNode) -> impl Iterator<Item = &AstNode> {
    let mut open = vec![ast];
    std::iter::from_fn(move || {
        let node = open.pop()?;
        open.extend(children(node));
        Some(node)
    })
}

/// The conditions of a step.
fn filters(step: &PathStep) -> impl Iterator<Item = &AstNode> {
    step.stages.iter().filter_map(|stage| match stage {
        Stage::Filter(filter) => Some(&**filter),
        Stage::KeepArray | Stage::Index(_) => None,
    })
}

/// The nodes directly inside a node; those of a path are its steps and then their conditions.
pub(super) fn children(node: &AstNode) -> Vec<&AstNode> {
    match node {
        AstNode::Binary { lhs, rhs, .. } => vec![&**lhs, &**rhs],
        AstNode::Unary { operand, .. } => vec![&**operand],
        AstNode::Function { args, .. } => args.iter().collect(),
        AstNode::Call { procedure, args } => std::iter::once(&**procedure).chain(args).collect(),
        AstNode::Lambda { body, .. } | AstNode::FunctionApplication(body) => vec![&**body],
        AstNode::Array(nodes) | AstNode::ArrayGroup(nodes) | AstNode::Block(nodes) => nodes.iter().collect(),
        AstNode::Object(pairs) => pairs.iter().flat_map(|(key, value)| [key, value]).collect(),
        AstNode::ObjectTransform { input, pattern } => {
            std::iter::once(&**input).chain(pattern.iter().flat_map(|(key, value)| [key, value])).collect()
        }
        AstNode::Conditional { condition, then_branch, else_branch } => {
            [&**condition, &**then_branch].into_iter().chain(else_branch.as_deref()).collect()
        }
        AstNode::Sort { input, terms } => {
            std::iter::once(&**input).chain(terms.iter().map(|(term, _)| term)).collect()
        }
        AstNode::Transform { location, update, delete } => {
            [&**location, &**update].into_iter().chain(delete.as_deref()).collect()
        }
        AstNode::Path { steps } => {
            steps.iter().map(|step| &step.node).chain(steps.iter().flat_map(filters)).collect()
        }
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
