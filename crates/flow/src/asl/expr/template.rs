//! Payload templates: JSON in which keys that end in `.$` take their values from paths and intrinsic functions.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::{EvalError, PathExpr, Problem, Scope, text};

/// How deep a template may nest.
const DEEPEST: usize = 256;

/// `Parameters`, `ResultSelector`, `ItemSelector`, `Assign` and the like in the JSONPath language.
#[derive(Debug, Clone, PartialEq)]
pub struct Template(Node);

#[derive(Debug, Clone, PartialEq)]
enum Node {
    Literal(Value),
    Object(Vec<(String, Self)>),
    List(Vec<Self>),
    /// The key as written, for error texts, and what it takes its value from.
    Path(String, PathExpr),
}

impl Template {
    /// Reads the template that stands at `pointer` in a definition.
    pub fn parse(value: &Value, pointer: &str) -> Result<Self, Vec<Problem>> {
        let mut problems = Vec::new();
        let node = parse(value, pointer, 0, &mut problems);
        if problems.is_empty() { Ok(Self(node)) } else { Err(problems) }
    }

    /// The value with everything filled in. `field` names the template in errors about the whole of it.
    pub fn eval(&self, scope: &Scope<'_>, field: &str) -> Result<Value, EvalError> {
        let value = self.0.eval(scope)?;
        if text::fits(&value, scope.limits.depth, scope.limits.bytes) {
            return Ok(value);
        }
        Err(EvalError::runtime(format!(
            "The value of the field '{field}' is larger than an expression may give."
        )))
    }

    /// Adds the names of the variables that this reads.
    pub fn used_variables(&self, names: &mut BTreeSet<String>) {
        self.0.used_variables(names);
    }
}

fn parse(value: &Value, pointer: &str, depth: usize, problems: &mut Vec<Problem>) -> Node {
    match value {
        _ if depth > DEEPEST => {
            problems.push(Problem::schema(
                pointer,
                format!("Payload templates nest at most {DEEPEST} levels deep"),
            ));
            Node::Literal(Value::Null)
        }
        Value::Object(members) => parse_object(members, pointer, depth, problems),
        Value::Array(items) => {
            let items: Vec<Node> = items
                .iter()
                .enumerate()
                .map(|(i, item)| parse(item, &format!("{pointer}[{i}]"), depth + 1, problems))
                .collect();
            if items.iter().all(Node::is_literal) { Node::Literal(value.clone()) } else { Node::List(items) }
        }
        _ => Node::Literal(value.clone()),
    }
}

fn parse_object(
    members: &Map<String, Value>,
    pointer: &str,
    depth: usize,
    problems: &mut Vec<Problem>,
) -> Node {
    let mut nodes = Vec::with_capacity(members.len());
    for (key, value) in members {
        match key.strip_suffix(".$") {
            None => nodes.push((key.clone(), parse(value, &format!("{pointer}/{key}"), depth + 1, problems))),
            Some(name) => match parse_path(key, value, pointer) {
                Ok(path) => nodes.push((name.to_owned(), Node::Path(key.clone(), path))),
                Err(problem) => problems.push(problem),
            },
        }
    }
    if nodes.iter().all(|(_, node)| node.is_literal()) && problems.is_empty() {
        return Node::Literal(Value::Object(members.clone()));
    }
    Node::Object(nodes)
}

fn parse_path(key: &str, value: &Value, pointer: &str) -> Result<PathExpr, Problem> {
    let text = format!(
        "The value for the field '{key}' must be a valid JSONPath or a valid intrinsic function call"
    );
    let Some(path) = value.as_str() else {
        let hint = format!("it is a {}; write the key without '.$' for a fixed value", text::type_of(value));
        return Err(Problem::schema(pointer, text).with_hint(Some(hint)));
    };
    PathExpr::parse(path).map_err(|error| Problem::schema(pointer, text).with_hint(Some(error.to_string())))
}

impl Node {
    fn is_literal(&self) -> bool {
        matches!(self, Self::Literal(_))
    }

    fn eval(&self, scope: &Scope<'_>) -> Result<Value, EvalError> {
        match self {
            Self::Literal(value) => Ok(value.clone()),
            Self::Path(key, path) => path.eval(scope, key),
            Self::List(items) => items.iter().map(|item| item.eval(scope)).collect(),
            Self::Object(members) => {
                let members = members.iter().map(|(key, node)| Ok((key.clone(), node.eval(scope)?)));
                members.collect::<Result<Map<String, Value>, EvalError>>().map(Value::Object)
            }
        }
    }

    fn used_variables(&self, names: &mut BTreeSet<String>) {
        match self {
            Self::Literal(_) => {}
            Self::Path(_, path) => path.used_variables(names),
            Self::List(items) => items.iter().for_each(|item| item.used_variables(names)),
            Self::Object(members) => members.iter().for_each(|(_, node)| node.used_variables(names)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::{Value, json};

    use super::super::intrinsic::tests::scope_of;
    use super::Template;

    fn check(template: &Value) -> String {
        let template = match Template::parse(template, "/States/S/Parameters") {
            Ok(template) => template,
            Err(problems) => return problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"),
        };
        let input = json!({"a": 1, "list": [1, 2]});
        scope_of(&input, |scope| match template.eval(scope, "Parameters") {
            Ok(value) => value.to_string(),
            Err(error) => error.to_string(),
        })
    }

    #[test]
    fn marked_keys_are_filled_in() {
        insta::assert_snapshot!(check(&json!({"x.$": "$.a", "y": {"z.$": "$.list[1]", "k": "$.a"}, "w": [1, {"v.$": "$"}]})),
            @r#"{"x":1,"y":{"z":2,"k":"$.a"},"w":[1,{"v":{"a":1,"list":[1,2]}}]}"#);
        insta::assert_snapshot!(check(&json!({"x.$": "States.Format('{}!', $.a)"})), @r#"{"x":"1!"}"#);
        insta::assert_snapshot!(check(&json!("$.a")), @r#""$.a""#);
        insta::assert_snapshot!(check(&json!({"x.$": "$.b"})), @r#"States.Runtime: The JSONPath '$.b' specified for the field 'x.$' could not be found in the input '{"a":1,"list":[1,2]}'"#);
    }

    #[test]
    fn wrong_paths_are_found_when_a_template_is_read() {
        insta::assert_snapshot!(check(&json!({"x.$": 5, "y": {"z.$": "a.b"}})), @r"
        SCHEMA_VALIDATION_FAILED: The value for the field 'x.$' must be a valid JSONPath or a valid intrinsic function call at /States/S/Parameters (it is a number; write the key without '.$' for a fixed value)
        SCHEMA_VALIDATION_FAILED: The value for the field 'z.$' must be a valid JSONPath or a valid intrinsic function call at /States/S/Parameters/y (a path begins with '$' (at character 1))
        ");
    }

    #[test]
    fn variables_are_listed() {
        let template = json!({"x.$": "$v.a", "y": [{"z.$": "States.Array($w, States.Array($u))"}]});
        let mut names = BTreeSet::new();
        Template::parse(&template, "").unwrap().used_variables(&mut names);
        assert_eq!(names.into_iter().collect::<Vec<_>>(), ["u", "v", "w"]);
    }
}
