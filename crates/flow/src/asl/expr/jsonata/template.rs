//! JSON values in which texts may be expressions.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::super::{EvalError, JsonataScope, Problem, text};
use super::{JsonataExpr, is_jsonata};

/// How deep a template may nest.
const DEEPEST: usize = 256;

/// `Arguments`, `Output`, `Assign` and the like in the JSONata language.
#[derive(Debug, Clone, PartialEq)]
pub struct JsonataTemplate(Node);

#[derive(Debug, Clone, PartialEq)]
enum Node {
    Literal(Value),
    Object(Vec<(String, Self)>),
    List(Vec<Self>),
    Expression(JsonataExpr),
}

impl JsonataTemplate {
    /// Reads the template that stands at `pointer` in a definition.
    pub fn parse(value: &Value, pointer: &str) -> Result<Self, Vec<Problem>> {
        let mut problems = Vec::new();
        let node = parse(value, pointer, 0, &mut problems);
        if problems.is_empty() { Ok(Self(node)) } else { Err(problems) }
    }

    /// The value with everything filled in. `field` is the field's name, for example `Output`.
    pub fn eval(&self, scope: &JsonataScope<'_>, field: &str) -> Result<Value, EvalError> {
        let value = self.0.eval(scope, field)?;
        if text::fits(&value, scope.limits.depth, scope.limits.bytes) {
            return Ok(value);
        }
        Err(EvalError::runtime(format!(
            "The value of the field '{field}' is larger than an expression may give."
        )))
    }

    /// Adds the names of the variables that this may read, without `states`.
    pub fn used_variables(&self, names: &mut BTreeSet<String>) {
        self.0.used_variables(names);
    }

    /// The expression, if the whole template is one.
    pub fn as_expr(&self) -> Option<&JsonataExpr> {
        match &self.0 {
            Node::Expression(expression) => Some(expression),
            _ => None,
        }
    }
}

fn parse(value: &Value, pointer: &str, depth: usize, problems: &mut Vec<Problem>) -> Node {
    match value {
        _ if depth > DEEPEST => {
            problems.push(Problem::schema(
                pointer,
                format!("Values with JSONata nest at most {DEEPEST} levels deep"),
            ));
            Node::Literal(Value::Null)
        }
        Value::String(text) => parse_text(text, pointer).unwrap_or_else(|problem| {
            problems.push(problem);
            Node::Literal(Value::Null)
        }),
        Value::Array(items) => {
            let item = |(i, item)| parse(item, &format!("{pointer}[{i}]"), depth + 1, problems);
            let items: Vec<Node> = items.iter().enumerate().map(item).collect();
            if items.iter().all(Node::is_literal) { Node::Literal(value.clone()) } else { Node::List(items) }
        }
        Value::Object(members) => {
            let member = |(key, item): (&String, &Value)| {
                (key.clone(), parse(item, &format!("{pointer}/{key}"), depth + 1, problems))
            };
            let members: Vec<(String, Node)> = members.iter().map(member).collect();
            let literal = members.iter().all(|(_, node)| node.is_literal());
            if literal { Node::Literal(value.clone()) } else { Node::Object(members) }
        }
        _ => Node::Literal(value.clone()),
    }
}

fn parse_text(text: &str, pointer: &str) -> Result<Node, Problem> {
    if is_jsonata(text) {
        return JsonataExpr::parse(text).map(Node::Expression).map_err(|error| {
            Problem::schema(pointer, format!("The JSONata expression is not valid: {}", error.message))
        });
    }
    if text.starts_with("{%") {
        let hint = Some("a JSONata expression ends with '%}'".to_owned());
        return Err(Problem::schema(pointer, "The JSONata expression is not valid").with_hint(hint));
    }
    Ok(Node::Literal(text.into()))
}

impl Node {
    fn is_literal(&self) -> bool {
        matches!(self, Self::Literal(_))
    }

    fn eval(&self, scope: &JsonataScope<'_>, field: &str) -> Result<Value, EvalError> {
        match self {
            Self::Literal(value) => Ok(value.clone()),
            Self::Expression(expression) => expression.eval(scope, field),
            Self::List(items) => {
                let item = |(i, item): (usize, &Self)| item.eval(scope, &format!("{field}[{i}]"));
                items.iter().enumerate().map(item).collect()
            }
            Self::Object(members) => {
                let member = |(key, node): &(String, Self)| {
                    Ok((key.clone(), node.eval(scope, &format!("{field}/{key}"))?))
                };
                members
                    .iter()
                    .map(member)
                    .collect::<Result<Map<String, Value>, EvalError>>()
                    .map(Value::Object)
            }
        }
    }

    fn used_variables(&self, names: &mut BTreeSet<String>) {
        match self {
            Self::Literal(_) => {}
            Self::Expression(expression) => expression.used_variables(names),
            Self::List(items) => items.iter().for_each(|item| item.used_variables(names)),
            Self::Object(members) => members.iter().for_each(|(_, node)| node.used_variables(names)),
        }
    }
}
