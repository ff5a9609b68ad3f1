//! Values that are given outright, by a path, or by a JSONata expression.

use crate::asl::expr::{JsonataTemplate, PathExpr, Template, is_jsonata};
use serde_json::Value;

/// A value with expressions in it.
#[derive(Debug)]
pub(crate) struct Payload {
    pub(crate) language: Compiled,
    pub(crate) needs: Needs,
}

/// A compiled payload.
#[derive(Debug)]
pub(crate) enum Compiled {
    /// A payload template of JSONPath.
    Template(Template),
    /// JSON with JSONata expressions.
    Jsonata(JsonataTemplate),
}

/// A JSONata field, with its text for messages.
#[derive(Debug)]
pub struct Query {
    pub(crate) template: JsonataTemplate,
    /// The expression without its braces; the JSON text of what is no expression.
    pub(crate) source: String,
    pub(crate) needs: Needs,
}

/// A path with its text and its field, for messages.
#[derive(Debug)]
pub(crate) struct Lookup {
    pub(crate) path: PathExpr,
    pub(crate) text: String,
    pub(crate) field: &'static str,
}

/// A number.
#[derive(Debug)]
#[allow(private_interfaces)] // looked up by the interpreter alone
pub enum Amount {
    /// Given outright.
    Fixed(f64),
    /// Looked up.
    Path(Box<Lookup>),
    /// Computed.
    Query(Box<Query>),
}

/// A text.
#[derive(Debug)]
#[allow(private_interfaces)] // looked up by the interpreter alone
pub enum Text {
    /// Given outright.
    Fixed(String),
    /// Looked up.
    Path(Box<Lookup>),
    /// Computed.
    Query(Box<Query>),
}

/// What expressions look at, as far as their text tells: what they do not look at need not be made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Needs {
    pub(crate) context: bool,
    pub(crate) input: bool,
    pub(crate) result: bool,
    pub(crate) error: bool,
}

impl Needs {
    /// What the JSONata expressions of a value look at.
    pub(crate) fn of_jsonata(value: &Value) -> Self {
        let mut needs = Self::default();
        visit(value, &mut |text| {
            if is_jsonata(text) {
                needs.expression(text);
            }
        });
        needs
    }

    /// What a payload template looks at.
    pub(crate) fn of_template(value: &Value) -> Self {
        let mut needs = Self::default();
        visit(value, &mut |text| needs.context |= text.contains("$$"));
        needs
    }

    fn expression(&mut self, text: &str) {
        for rest in text.split("$states").skip(1) {
            let member = |name: &str| {
                let tail = rest.strip_prefix('.').and_then(|rest| rest.strip_prefix(name));
                tail.is_some_and(|tail| !tail.starts_with(|c: char| c.is_alphanumeric() || c == '_'))
            };
            match () {
                () if member("input") => self.input = true,
                () if member("result") => self.result = true,
                () if member("errorOutput") => self.error = true,
                () if member("context") => self.context = true,
                () => *self = Self { context: true, input: true, result: true, error: true },
            }
        }
    }
}

fn visit(value: &Value, see: &mut impl FnMut(&str)) {
    match value {
        Value::String(text) => see(text),
        Value::Array(items) => items.iter().for_each(|item| visit(item, see)),
        Value::Object(members) => members.values().for_each(|item| visit(item, see)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_what_is_looked_at_is_needed() {
        let needs = Needs::of_jsonata(&json!({"a": "{% $states.input.x %}", "b": ["{% $states.result %}"]}));
        assert_eq!(needs, Needs { input: true, result: true, ..Needs::default() });
        let all = Needs::of_jsonata(&json!("{% $lookup($states, 'in' & 'put') %}"));
        assert_eq!(all, Needs { context: true, input: true, result: true, error: true });
        assert_eq!(Needs::of_jsonata(&json!("$states.input")), Needs::default());
        assert!(Needs::of_template(&json!({"t.$": "States.Format('{}', $$.Task.Token)"})).context);
    }
}
