//! Compares a recorded value with an observed one. Recordings hold placeholders for whatever differs from run to
//! run: `date` for timestamps, names in angle brackets, and what a case lists.

use regex::Regex;
use serde_json::{Map, Value};
use std::sync::LazyLock;

static TIMESTAMP: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"[1-9]\d{3}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:?(?:\d\d)?)").unwrap()
});
static BRACKETS: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"<[A-Za-z_][\w .\-]*(?::\d+)?>").unwrap());

/// All differences.
pub(crate) fn same(expected: &Value, got: &Value, placeholders: &[String]) -> Vec<String> {
    let mut differences = Vec::new();
    compare(&deep(expected, 0), &deep(got, 0), placeholders, "$", &mut differences);
    differences
}

/// Texts that are JSON, parsed.
fn deep(value: &Value, level: u32) -> Value {
    match value {
        Value::Object(members) => {
            Value::Object(members.iter().map(|(name, value)| (name.clone(), deep(value, level))).collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(|item| deep(item, level)).collect()),
        Value::String(text) if text.starts_with(['{', '[']) && level < 4 => {
            serde_json::from_str(text).map_or_else(|_| value.clone(), |inner: Value| deep(&inner, level + 1))
        }
        other => other.clone(),
    }
}

fn compare(
    expected: &Value,
    got: &Value,
    placeholders: &[String],
    path: &str,
    differences: &mut Vec<String>,
) {
    let short = |value: &Value| value.to_string().chars().take(700).collect::<String>();
    let mut differs = || differences.push(format!("{path}: {} != {}", short(expected), short(got)));
    match (expected, got) {
        (Value::String(expected), Value::String(got)) => {
            if !text_matches(expected, &TIMESTAMP.replace_all(got, "date"), placeholders)
                && !text_matches(expected, got, placeholders)
            {
                differs();
            }
        }
        (Value::String(text), _) => {
            let whole = BRACKETS.find(text).is_some_and(|found| found.len() == text.len());
            if !whole && !placeholders.contains(text) {
                differs();
            }
        }
        (Value::Number(one), Value::Number(other)) => {
            let (one, other) = (one.as_f64().unwrap(), other.as_f64().unwrap());
            let near = (one - other).abs() < 1e-9 * one.abs().max(other.abs());
            if !(near || one.to_bits() == other.to_bits() || one - other == 0.0) {
                differs();
            }
        }
        (Value::Object(one), Value::Object(other)) => {
            for name in one.keys().filter(|name| !other.contains_key(*name)) {
                differences.push(format!("{path}.{name}: missing"));
            }
            for (name, value) in other.iter().filter(|(name, _)| !one.contains_key(*name)) {
                differences.push(format!("{path}.{name}: unexpected {}", short(value)));
            }
            for (name, value) in one {
                if let Some(other) = other.get(name) {
                    compare(value, other, placeholders, &format!("{path}.{name}"), differences);
                }
            }
        }
        (Value::Array(one), Value::Array(other)) if one.len() == other.len() => {
            for (index, (one, other)) in one.iter().zip(other).enumerate() {
                compare(one, other, placeholders, &format!("{path}[{index}]"), differences);
            }
        }
        (Value::Array(one), Value::Array(other)) => {
            differences.push(format!("{path}: length {} != {}", one.len(), other.len()));
        }
        (one, other) if one == other => {}
        _ => differs(),
    }
}

fn text_matches(expected: &str, got: &str, placeholders: &[String]) -> bool {
    if expected == got || placeholders.iter().any(|placeholder| placeholder == expected) {
        return true;
    }
    let mut pattern = BRACKETS.replace_all(expected, "\0").into_owned();
    let mut tokens: Vec<&String> = placeholders.iter().filter(|token| !token.is_empty()).collect();
    tokens.sort_by_key(|token| std::cmp::Reverse(token.len()));
    for token in tokens {
        if token.starts_with('<') || token.len() >= 4 {
            pattern = pattern.replace(token.as_str(), "\0");
        }
    }
    let parts: Vec<String> = pattern.split('\0').map(regex::escape).collect();
    parts.len() > 1 && Regex::new(&format!("(?s)^{}$", parts.join(".*"))).unwrap().is_match(got)
}

/// An event as the recordings have it.
pub(crate) fn cleaned(mut event: Value) -> Value {
    let parsed = |value: &Value| match value.as_str().map(serde_json::from_str) {
        Some(Ok(parsed)) => parsed,
        _ => value.clone(),
    };
    let object = event.as_object_mut().unwrap();
    object.remove("timestamp");
    for details in object.values_mut().filter_map(Value::as_object_mut) {
        for name in ["input", "output", "parameters"] {
            if let Some(text) = details.get_mut(name) {
                *text = parsed(text);
            }
        }
        if let Some(Value::Object(variables)) = details.get_mut("assignedVariables") {
            let all: Map<String, Value> =
                variables.iter().map(|(name, text)| (name.clone(), parsed(text))).collect();
            *variables = all;
        }
    }
    event
}
