//! From a path and a value to the values that it selects.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::super::{EvalError, ExprLimits};
use super::{Path, Step, filter, function};

/// What the path gives, beginning at `start`; filters see the whole of `root`.
pub(super) fn find<'v>(
    path: &Path,
    root: &'v Value,
    start: &'v Value,
    limits: &ExprLimits,
) -> Result<Option<Cow<'v, Value>>, EvalError> {
    let found = if path.steps.iter().all(Step::is_definite) {
        path.steps.iter().try_fold(start, |value, step| member(value, step)).map(Cow::Borrowed)
    } else {
        Some(Cow::Owned(Value::Array(several(path, root, start, limits)?)))
    };
    Ok(found.and_then(|found| function::applied(path.function, found)))
}

/// The member of `value` that a definite step names.
fn member<'v>(value: &'v Value, step: &Step) -> Option<&'v Value> {
    match step {
        Step::Name(name) => value.as_object()?.get(name),
        Step::Index(index) => item(value.as_array()?, *index),
        _ => None,
    }
}

/// The item at an index, which counts from the end where it is negative.
fn item(items: &[Value], index: i64) -> Option<&Value> {
    let index = match usize::try_from(index) {
        Ok(index) => index,
        Err(_) => items.len().checked_sub(usize::try_from(index.unsigned_abs()).ok()?)?,
    };
    items.get(index)
}

/// All values that a path selects which may select several.
fn several(path: &Path, root: &Value, start: &Value, limits: &ExprLimits) -> Result<Vec<Value>, EvalError> {
    let mut found = vec![Cow::Borrowed(start)];
    for step in &path.steps {
        let mut next = Vec::new();
        for value in found {
            match value {
                Cow::Borrowed(value) => select(step, root, value, limits, &mut next)?,
                // Only the object of several names is not part of the input, and no step after it needs to be.
                Cow::Owned(value) => {
                    let mut inner = Vec::new();
                    select(step, root, &value, limits, &mut inner)?;
                    next.extend(inner.into_iter().map(|value| Cow::Owned(value.into_owned())));
                }
            }
            bounded(path, next.len(), limits)?;
        }
        found = next;
    }
    Ok(found.into_iter().map(Cow::into_owned).collect())
}

fn bounded(path: &Path, count: usize, limits: &ExprLimits) -> Result<(), EvalError> {
    if count <= limits.items {
        return Ok(());
    }
    let text = format!("The JSONPath '{}' selects more than {} values.", path.text, limits.items);
    Err(EvalError::runtime(text))
}

/// Adds what one step selects in one value.
fn select<'v>(
    step: &Step,
    root: &Value,
    value: &'v Value,
    limits: &ExprLimits,
    out: &mut Vec<Cow<'v, Value>>,
) -> Result<(), EvalError> {
    match step {
        Step::Name(_) | Step::Index(_) => out.extend(member(value, step).map(Cow::Borrowed)),
        Step::Names(names) => out.extend(only(value, names).map(Cow::Owned)),
        Step::Indexes(indexes) => {
            let items = value.as_array().map(Vec::as_slice).unwrap_or_default();
            out.extend(indexes.iter().filter_map(|index| item(items, *index)).map(Cow::Borrowed));
        }
        Step::Slice(from, to) => out.extend(slice(value, *from, *to).iter().map(Cow::Borrowed)),
        Step::Wildcard => match value {
            Value::Array(items) => out.extend(items.iter().map(Cow::Borrowed)),
            Value::Object(members) => out.extend(members.values().map(Cow::Borrowed)),
            _ => {}
        },
        Step::Deep => descend(value, limits, out),
        Step::Filter(filter) => filtered(filter, root, value, limits, out)?,
    }
    Ok(())
}

/// The object of the members that exist; nothing, if none does.
fn only(value: &Value, names: &[String]) -> Option<Value> {
    let members = value.as_object()?;
    let found: Map<String, Value> = names
        .iter()
        .filter_map(|name| members.get(name).map(|value| (name.clone(), value.clone())))
        .collect();
    (!found.is_empty()).then_some(Value::Object(found))
}

fn slice(value: &Value, from: Option<i64>, to: Option<i64>) -> &[Value] {
    let items = value.as_array().map(Vec::as_slice).unwrap_or_default();
    let place = |index: i64| match usize::try_from(index) {
        Ok(index) => index.min(items.len()),
        Err(_) => items.len().saturating_sub(usize::try_from(index.unsigned_abs()).unwrap_or(usize::MAX)),
    };
    let (from, to) = (from.map_or(0, place), to.map_or(items.len(), place));
    items.get(from..to).unwrap_or_default()
}

/// The value and everything inside it, parents first. More than the limit allows is of no use to anybody.
fn descend<'v>(value: &'v Value, limits: &ExprLimits, out: &mut Vec<Cow<'v, Value>>) {
    let mut open = vec![value];
    while let Some(value) = open.pop() {
        if out.len() > limits.items {
            return;
        }
        out.push(Cow::Borrowed(value));
        match value {
            Value::Array(items) => open.extend(items.iter().rev()),
            Value::Object(members) => open.extend(members.values().rev()),
            _ => {}
        }
    }
}

/// The items of a list that pass, or an object that passes itself.
fn filtered<'v>(
    filter: &filter::Filter,
    root: &Value,
    value: &'v Value,
    limits: &ExprLimits,
    out: &mut Vec<Cow<'v, Value>>,
) -> Result<(), EvalError> {
    let candidates = match value {
        Value::Array(items) => items.as_slice(),
        Value::Object(_) => std::slice::from_ref(value),
        _ => &[],
    };
    for candidate in candidates {
        if filter.accepts(root, candidate, limits)? {
            out.push(Cow::Borrowed(candidate));
        }
    }
    Ok(())
}

pub(super) fn why_missing(steps: &[Step], root: &Value) -> String {
    let mut place = String::from("$");
    let mut value = root;
    for (i, step) in steps.iter().enumerate() {
        match step {
            Step::Name(name) => place.push_str(&format!("['{name}']")),
            Step::Index(index) => place.push_str(&format!("[{index}]")),
            _ => break,
        }
        value = match (member(value, step), step) {
            (Some(value), _) => value,
            (None, Step::Index(_)) => return format!("Index out of bounds when evaluating path {place}"),
            (None, _) if i + 1 == steps.len() => return format!("No results for path: {place}"),
            (None, _) => return format!("Missing property in path {place}"),
        };
    }
    format!("No results for path: {place}")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::super::ExprLimits;
    use super::Path;

    fn check(path: &str, expected: impl Into<Option<Value>>) {
        let input = json!({
            "a": {"b": [10, 20, 30], "delivery-partner": "x", "c d": 1},
            "users": [{"n": "ann", "age": 31, "tags": ["x"]}, {"n": "bob", "age": 25}, {"n": "cy"}],
            "zero": 0, "null": null, "limit": 30,
        });
        let found = Path::parse(path).unwrap().find(&input, &ExprLimits::default()).unwrap();
        assert_eq!(found.map(std::borrow::Cow::into_owned), expected.into(), "{path}");
    }

    #[test]
    fn definite_paths_give_a_value_or_nothing() {
        check("$.a.b[0]", json!(10));
        check("$.a.b[-1]", json!(30));
        check("$['a']['c d']", json!(1));
        check("$.a.delivery-partner", json!("x"));
        check("$.null", json!(null));
        check("$.a.b[3]", None);
        check("$.a.b[-4]", None);
        check("$.no.such", None);
        check("$.a.b.c", None);
    }

    #[test]
    fn other_paths_give_lists() {
        check("$.a.b[0:2]", json!([10, 20]));
        check("$.a.b[1:]", json!([20, 30]));
        check("$.a.b[:-1]", json!([10, 20]));
        check("$.a.b[-2:]", json!([20, 30]));
        check("$.a.b[2:1]", json!([]));
        check("$.a.b[0,2,7]", json!([10, 30]));
        check("$.users[*].n", json!(["ann", "bob", "cy"]));
        check("$..n", json!(["ann", "bob", "cy"]));
        check("$.a.*", json!([[10, 20, 30], "x", 1]));
        check("$.a..[0]", json!([10]));
        check("$.users[0]['n','age']", json!([{"n": "ann", "age": 31}]));
        check("$.no[*]", json!([]));
        check("$.no[1:5].x", json!([]));
    }

    #[test]
    fn filters_keep_what_passes() {
        check("$.users[?(@.age > 30)].n", json!(["ann"]));
        check("$.users[?(@.age < $.limit)].n", json!(["bob"]));
        check("$.users[?(@.age)].n", json!(["ann", "bob"]));
        check("$.users[?(!@.age)].n", json!(["cy"]));
        check("$.users[?(@.n == 'ann' || @.n == \"cy\")].n", json!(["ann", "cy"]));
        check("$.users[?(@.n != 'ann' && (@.age >= 25))].n", json!(["bob"]));
        check("$.users[?(@.n =~ /^A.*/i)].n", json!(["ann"]));
        check("$.users[?(@.n in ['bob', 'cy'])].n", json!(["bob", "cy"]));
        check("$.users[?(@.tags contains 'x')].n", json!(["ann"]));
        check("$.users[?(@.n.length() == 2)].n", json!(["cy"]));
        check("$.users[?(@.tags[0] == 'x')].n", json!(["ann"]));
        check("$.users[?(@.age == '25')].n", json!(["bob"]));
        check("$.a.b[?(@ > 15)]", json!([20, 30]));
        check("$.zero[?(@ > 15)]", json!([]));
    }

    #[test]
    fn functions_end_a_path() {
        check("$.users.length()", json!(3));
        check("$.a.b.max()", json!(30.0));
        check("$.users[*].age.sum()", json!(56.0));
        check("$.a.keys()", json!(["b", "delivery-partner", "c d"]));
        check("$.a.b.first()", json!(10));
        check("$.zero.length()", None);
    }

    #[test]
    fn selections_are_bounded() {
        let input = json!([[1, 2], [3, 4]]);
        let limits = ExprLimits { items: 4, ..ExprLimits::default() };
        let count =
            |path: &str| Path::parse(path).unwrap().find(&input, &limits).map(|_| ()).map_err(|e| e.cause);
        assert_eq!(count("$[*][*]"), Ok(()));
        assert_eq!(count("$..*"), Err("The JSONPath '$..*' selects more than 4 values.".to_owned()));
    }

    #[test]
    fn the_first_missing_member_is_named() {
        let why = |path: &str| Path::parse(path).unwrap().why_missing(&json!({"a": {"b": [1]}}));
        assert_eq!(why("$.no.such.path"), "Missing property in path $['no']");
        assert_eq!(why("$.a.c"), "No results for path: $['a']['c']");
        assert_eq!(why("$.a.b[3]"), "Index out of bounds when evaluating path $['a']['b'][3]");
    }
}
