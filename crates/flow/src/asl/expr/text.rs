//! Values as they appear in texts.

use serde_json::Value;

/// How many bytes of a value an error text quotes; the service cuts causes as well.
const LONGEST: usize = 16 * 1024;

/// The value as compact JSON, cut where it is too long for a text.
pub(crate) fn quoted(value: &Value) -> String {
    let mut text = value.to_string();
    if text.len() > LONGEST {
        let end = (0..=LONGEST).rev().find(|end| text.is_char_boundary(*end)).unwrap_or_default();
        text.truncate(end);
        text.push_str("...");
    }
    text
}

/// The name of the value's JSON type.
pub(crate) fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// Whether the value nests at most `depth` deep and has at most `bytes` bytes of JSON (counted roughly, from below).
pub(crate) fn fits(value: &Value, depth: usize, bytes: usize) -> bool {
    let mut left = bytes;
    let mut open = vec![(value, 0)];
    while let Some((value, level)) = open.pop() {
        let size = match value {
            Value::String(text) => text.len() + 2,
            Value::Array(items) => {
                open.extend(items.iter().map(|item| (item, level + 1)));
                items.len() + 1
            }
            Value::Object(members) => {
                open.extend(members.values().map(|item| (item, level + 1)));
                members.keys().map(|key| key.len() + 4).sum::<usize>() + 1
            }
            _ => 1,
        };
        match left.checked_sub(size) {
            Some(rest) if level <= depth => left = rest,
            _ => return false,
        }
    }
    true
}
