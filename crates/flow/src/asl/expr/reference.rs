//! Where a `ResultPath` puts a value.

use serde_json::{Map, Value};

use super::error::RESULT_PATH;
use super::path::Step;
use super::{EvalError, ParseError, Path, text};

/// How deep the whole may nest when something has been put into it; JSON is read up to a depth of 128.
const DEEPEST: usize = 120;

/// A path that says one place, into which a value can be put.
#[derive(Debug, Clone, PartialEq)]
pub struct ReferencePath(Path);

impl ReferencePath {
    /// Reads a path of names and indexes.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        let path = Path::parse(text)?;
        if path.is_reference() {
            return Ok(Self(path));
        }
        Err(ParseError::new(0, "this must be a reference path, which selects one place by names and indexes"))
    }

    /// The path as it was written.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// Whether the path is `$`, so that the value replaces everything.
    pub fn is_root(&self) -> bool {
        self.0.is_root()
    }

    /// `into` with `value` at this place. Missing objects and lists on the way are made.
    /// Fails with `States.ResultPathMatchFailure` where something else is in the way.
    pub fn set(&self, into: &Value, value: Value) -> Result<Value, EvalError> {
        if self.is_root() {
            return Ok(value);
        }
        let inner = DEEPEST.checked_sub(self.0.steps().len());
        if !inner.is_some_and(|inner| text::fits(&value, inner, usize::MAX)) {
            return Err(self.mismatch(into));
        }
        let mut root = into.clone();
        match place(&mut root, self.0.steps()) {
            Some(place) => *place = value,
            None => return Err(self.mismatch(into)),
        }
        Ok(root)
    }

    fn mismatch(&self, into: &Value) -> EvalError {
        let cause =
            format!("Unable to apply ReferencePath {} to input {}", self.as_str(), text::quoted(into));
        EvalError::new(RESULT_PATH, cause)
    }
}

/// The place that the steps lead to. A member that is made on the way is null until the next step is in it.
fn place<'v>(root: &'v mut Value, steps: &[Step]) -> Option<&'v mut Value> {
    let mut made = false;
    let mut value = root;
    for step in steps {
        value = match step {
            Step::Name(name) => {
                if made {
                    *value = Value::Object(Map::new());
                }
                let members = value.as_object_mut()?;
                made = !members.contains_key(name);
                members.entry(name.clone()).or_insert(Value::Null)
            }
            Step::Index(index) => {
                if made {
                    *value = Value::Array(Vec::new());
                }
                let items = value.as_array_mut()?;
                let index = usize::try_from(*index).ok()?;
                made = index == items.len();
                if made {
                    items.push(Value::Null);
                }
                items.get_mut(index)?
            }
            _ => return None,
        };
    }
    Some(value)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::ReferencePath;

    fn check(path: &str, into: &Value) -> String {
        match ReferencePath::parse(path).unwrap().set(into, json!("new")) {
            Ok(value) => value.to_string(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn a_value_is_put_where_the_path_says() {
        insta::assert_snapshot!(check("$", &json!(5)), @r#""new""#);
        insta::assert_snapshot!(check("$.a", &json!({"a": 1, "b": 2})), @r#"{"a":"new","b":2}"#);
        insta::assert_snapshot!(check("$.a.b.c", &json!({"x": 1})), @r#"{"x":1,"a":{"b":{"c":"new"}}}"#);
        insta::assert_snapshot!(check("$.a[1]", &json!({"a": [1, 2]})), @r#"{"a":[1,"new"]}"#);
        insta::assert_snapshot!(check("$.a[0].b", &json!({})), @r#"{"a":[{"b":"new"}]}"#);
        insta::assert_snapshot!(check("$['a b']", &json!({})), @r#"{"a b":"new"}"#);
    }

    #[test]
    fn something_else_may_be_in_the_way() {
        insta::assert_snapshot!(check("$.a", &json!([1])), @"States.ResultPathMatchFailure: Unable to apply ReferencePath $.a to input [1]");
        insta::assert_snapshot!(check("$.a.b", &json!({"a": 5})), @r#"States.ResultPathMatchFailure: Unable to apply ReferencePath $.a.b to input {"a":5}"#);
        insta::assert_snapshot!(check("$.a[7]", &json!({"a": []})), @r#"States.ResultPathMatchFailure: Unable to apply ReferencePath $.a[7] to input {"a":[]}"#);
    }

    #[test]
    fn values_nest_only_so_deep() {
        let deep = |levels: usize| (0..levels).fold(json!(1), |value, _| json!([value]));
        let put =
            |levels: usize| ReferencePath::parse("$.a.b").unwrap().set(&json!({}), deep(levels)).is_ok();
        assert_eq!([put(117), put(118), put(119)], [true, true, false]);
    }

    #[test]
    fn only_places_can_be_written() {
        for path in ["$.*", "$..a", "$.a[0:1]", "$.a.length()"] {
            assert!(ReferencePath::parse(path).is_err(), "{path}");
        }
    }
}
