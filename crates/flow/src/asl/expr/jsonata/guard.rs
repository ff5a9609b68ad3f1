//! What is added to an expression so that it ends by counting, not by the clock.
//!
//! The engine bounds recursion and sequences itself. Loops, and texts and lists that double in each round, it does
//! not. So each function body and each step that runs once for each item first calls a function that counts, and
//! what can grow goes through a function that measures. A replay then ends where the first run ended.

use jsonata_core::ast::{AstNode, BinaryOp, PathStep, Stage};

use super::functions::{REPLACEMENT, SMALL, STEP, SUBJECT, WIDTH};
use super::reads::{children, nodes};
use super::sharing;

/// How deep an expression may nest.
const DEEPEST: usize = 256;

/// Refuses what is not JSONata 2.0.6, or not supported.
pub(super) fn check(ast: &AstNode) -> Result<(), String> {
    let mut open = vec![(ast, 0)];
    while let Some((node, depth)) = open.pop() {
        if depth > DEEPEST {
            return Err(format!("expressions nest at most {DEEPEST} levels deep"));
        }
        match node {
            AstNode::Binary { op: BinaryOp::Coalesce, .. } => return Err(newer("??")),
            AstNode::Binary { op: BinaryOp::Default, .. } => return Err(newer("?:")),
            AstNode::Function { name, .. } if name == "eval" => {
                return Err("the function $eval is not supported".into());
            }
            AstNode::Variable(name) if name == "eval" => {
                return Err("the function $eval is not supported".into());
            }
            _ => {}
        }
        open.extend(children(node).into_iter().map(|child| (child, depth + 1)));
    }
    Ok(())
}

fn newer(operator: &str) -> String {
    format!("the operator '{operator}' is newer than JSONata 2.0.6, which the States Language uses")
}

/// The expression with all its guards.
pub(super) fn complete(mut ast: AstNode) -> AstNode {
    if nodes(&ast).any(sharing::names_values) {
        sharing::measure_operands(&mut ast);
    }
    guarded(ast)
}

/// The expression with what counts and measures in it.
fn guarded(node: AstNode) -> AstNode {
    match node {
        AstNode::Binary { op: BinaryOp::Concatenate, lhs, rhs } => measured(concatenation(*lhs, *rhs)),
        AstNode::Binary { op: BinaryOp::ChainPipe, lhs, rhs } => pipe(*lhs, *rhs),
        AstNode::Binary { op, lhs, rhs } => AstNode::Binary { op, lhs: inside(*lhs), rhs: inside(*rhs) },
        AstNode::Unary { op, operand } => AstNode::Unary { op, operand: inside(*operand) },
        AstNode::Function { name, args, is_builtin } => function(name, args, is_builtin),
        AstNode::Call { procedure, args } => AstNode::Call { procedure: inside(*procedure), args: all(args) },
        AstNode::Lambda { params, body, signature, thunk } => {
            AstNode::Lambda { params, body: Box::new(counted(guarded(*body))), signature, thunk }
        }
        AstNode::Array(items) if items.len() > 1 && !items.iter().all(is_literal) => measured(array(items)),
        AstNode::Array(_)
        | AstNode::ArrayGroup(_)
        | AstNode::Path { .. }
        | AstNode::FunctionApplication(_) => unmeasured(node),
        AstNode::Object(pairs) => AstNode::Object(both(pairs)),
        AstNode::ObjectTransform { input, pattern } => {
            AstNode::ObjectTransform { input: Box::new(unmeasured(*input)), pattern: both(pattern) }
        }
        AstNode::Block(nodes) => AstNode::Block(all(nodes)),
        AstNode::Conditional { condition, then_branch, else_branch } => AstNode::Conditional {
            condition: inside(*condition),
            then_branch: inside(*then_branch),
            else_branch: else_branch.map(|branch| inside(*branch)),
        },
        AstNode::Sort { input, terms } => AstNode::Sort {
            input: Box::new(unmeasured(*input)),
            terms: terms.into_iter().map(|(term, ascending)| (guarded(term), ascending)).collect(),
        },
        AstNode::Transform { location, update, delete } => {
            AstNode::Transform { location: Box::new(unmeasured(*location)), update: inside(*update), delete }
        }
        other => other,
    }
}

/// The same where an array constructor must stay one, because its place gives it another meaning.
fn unmeasured(node: AstNode) -> AstNode {
    match node {
        AstNode::Array(items) => array(items),
        AstNode::ArrayGroup(items) => AstNode::ArrayGroup(items.into_iter().map(unmeasured).collect()),
        AstNode::Path { steps } => AstNode::Path { steps: steps.into_iter().enumerate().map(step).collect() },
        AstNode::FunctionApplication(body) => AstNode::FunctionApplication(inside(*body)),
        other => guarded(other),
    }
}

fn inside(node: AstNode) -> Box<AstNode> {
    Box::new(guarded(node))
}

fn all(nodes: Vec<AstNode>) -> Vec<AstNode> {
    nodes.into_iter().map(guarded).collect()
}

fn both(pairs: Vec<(AstNode, AstNode)>) -> Vec<(AstNode, AstNode)> {
    pairs.into_iter().map(|(key, value)| (guarded(key), guarded(value))).collect()
}

fn array(items: Vec<AstNode>) -> AstNode {
    AstNode::Array(items.into_iter().map(unmeasured).collect())
}

pub(super) fn is_literal(node: &AstNode) -> bool {
    matches!(node, AstNode::String(_) | AstNode::Number(_) | AstNode::Boolean(_) | AstNode::Null)
}

/// A chain of `&` is measured once, because its length is bounded by that of the expression.
fn concatenation(lhs: AstNode, rhs: AstNode) -> AstNode {
    let part = |node: AstNode| match node {
        AstNode::Binary { op: BinaryOp::Concatenate, lhs, rhs } => concatenation(*lhs, *rhs),
        other => guarded(other),
    };
    AstNode::Binary { op: BinaryOp::Concatenate, lhs: Box::new(part(lhs)), rhs: Box::new(part(rhs)) }
}

fn call(name: &str, args: Vec<AstNode>) -> AstNode {
    AstNode::Function { name: name.to_owned(), args, is_builtin: true }
}

pub(super) fn measured(node: AstNode) -> AstNode {
    call(SMALL, vec![node])
}

/// The node after a step has been counted.
fn counted(node: AstNode) -> AstNode {
    AstNode::Block(vec![call(STEP, Vec::new()), node])
}

/// What an argument of a function goes through, if the function can make much of little.
fn argument_guard(function: &str, at: usize) -> Option<&'static str> {
    match (function, at) {
        ("string" | "join" | "distinct", 0) => Some(SMALL),
        ("pad", 1) => Some(WIDTH),
        ("replace", 0) => Some(SUBJECT),
        ("replace", 2) => Some(REPLACEMENT),
        _ => None,
    }
}

/// Whether the result can be larger than the arguments together.
fn grows(function: &str) -> bool {
    matches!(function, "replace" | "join")
}

fn argument(function: &str, at: usize, node: AstNode) -> AstNode {
    match argument_guard(function, at) {
        Some(guard) if !matches!(node, AstNode::Placeholder | AstNode::Lambda { .. }) => {
            call(guard, vec![guarded(node)])
        }
        _ => guarded(node),
    }
}

/// The call, of which the first `piped` arguments come from elsewhere.
fn arguments(name: &str, args: Vec<AstNode>, piped: usize) -> Vec<AstNode> {
    args.into_iter().enumerate().map(|(at, node)| argument(name, at + piped, node)).collect()
}

fn function(name: String, args: Vec<AstNode>, is_builtin: bool) -> AstNode {
    let partial = args.iter().any(|arg| matches!(arg, AstNode::Placeholder));
    let mut args = arguments(&name, args, 0);
    // The engine's own `$now` reads the clock.
    if name == "now" && !args.is_empty() {
        args.insert(0, call("millis", Vec::new()));
        return AstNode::Function { name: "fromMillis".to_owned(), args, is_builtin };
    }
    let measure = grows(&name) && !partial;
    let call = AstNode::Function { name, args, is_builtin };
    if measure { measured(call) } else { call }
}

/// `lhs ~> $f(…)` gives what is on the left to the call on the right, which therefore stays a call.
fn pipe(lhs: AstNode, rhs: AstNode) -> AstNode {
    let pipe = |lhs: AstNode, rhs: AstNode| AstNode::Binary {
        op: BinaryOp::ChainPipe,
        lhs: Box::new(lhs),
        rhs: Box::new(rhs),
    };
    match rhs {
        AstNode::Function { name, args, is_builtin } => {
            let measure = grows(&name);
            let lhs = argument(&name, 0, lhs);
            let args = arguments(&name, args, 1);
            let pipe = pipe(lhs, AstNode::Function { name, args, is_builtin });
            if measure { measured(pipe) } else { pipe }
        }
        rhs => pipe(guarded(lhs), guarded(rhs)),
    }
}

/// A step of a path. Steps after the first run once for each item; those that only name a member are cheap.
fn step((at, step): (usize, PathStep)) -> PathStep {
    let tuples = step.is_tuple || step.inner_tuple || step.ancestor_label.is_some();
    let node = match unmeasured(step.node) {
        AstNode::FunctionApplication(body) if !tuples => {
            AstNode::FunctionApplication(Box::new(counted(*body)))
        }
        AstNode::Object(pairs) if at > 0 && !tuples => AstNode::Object(first_counted(pairs)),
        node => node,
    };
    let stages = step.stages.into_iter().map(|stage| match stage {
        Stage::Filter(filter) => Stage::Filter(Box::new(filtered(*filter, tuples))),
        other => other,
    });
    PathStep { node, stages: stages.collect(), id: jsonata_core::ast::StepId::default(), ..step }
}

fn first_counted(pairs: Vec<(AstNode, AstNode)>) -> Vec<(AstNode, AstNode)> {
    let key = |(at, (key, value))| if at == 0 { (counted(key), value) } else { (key, value) };
    pairs.into_iter().enumerate().map(key).collect()
}

/// A condition counts each item; an index is looked at once.
fn filtered(filter: AstNode, tuples: bool) -> AstNode {
    match filter {
        filter if tuples || is_literal(&filter) => unmeasured(filter),
        filter @ (AstNode::Unary { .. } | AstNode::Array(_) | AstNode::Variable(_)) => unmeasured(filter),
        filter => counted(unmeasured(filter)),
    }
}
