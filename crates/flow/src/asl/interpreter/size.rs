//! How long a value is as JSON.

use serde_json::Value;

/// Bytes of the value as compact JSON text.
pub(crate) fn json_size(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(true) => 4,
        Value::Bool(false) => 5,
        Value::Number(number) => number_size(number),
        Value::String(text) => text_size(text),
        Value::Array(items) => 2 + items.iter().map(json_size).sum::<usize>() + items.len().saturating_sub(1),
        Value::Object(members) => {
            let inner: usize =
                members.iter().map(|(name, value)| text_size(name) + 1 + json_size(value)).sum();
            2 + inner + members.len().saturating_sub(1)
        }
    }
}

/// Bytes of the value as JSON text with a space after each comma and colon, as Lambda's Python runtime writes it.
pub(crate) fn spaced_size(value: &Value) -> usize {
    json_size(value) + spaces(value)
}

fn spaces(value: &Value) -> usize {
    match value {
        Value::Array(items) => items.len().saturating_sub(1) + items.iter().map(spaces).sum::<usize>(),
        Value::Object(members) => {
            (2 * members.len()).saturating_sub(1) + members.values().map(spaces).sum::<usize>()
        }
        _ => 0,
    }
}

fn number_size(number: &serde_json::Number) -> usize {
    match (number.as_u64(), number.as_i64()) {
        (Some(whole), _) => digits(whole),
        (None, Some(whole)) => 1 + digits(whole.unsigned_abs()),
        (None, None) => number.to_string().len(),
    }
}

fn digits(number: u64) -> usize {
    number.checked_ilog10().map_or(1, |log| log as usize + 1)
}

fn text_size(text: &str) -> usize {
    let escaped = |byte: u8| match byte {
        b'"' | b'\\' | b'\n' | b'\r' | b'\t' | 8 | 12 => 1,
        0..=31 => 5,
        _ => 0,
    };
    text.len() + 2 + text.bytes().map(escaped).sum::<usize>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn spaces_are_counted() {
        let text = r#"{"a": [1, 2, {}], "b": {"c": []}}"#;
        assert_eq!(spaced_size(&serde_json::from_str(text).unwrap()), text.len());
    }

    #[test]
    fn sizes_are_those_of_the_text() {
        for value in [
            json!(null),
            json!([]),
            json!({}),
            json!([1, -20, 3.5, true, false]),
            json!(u64::MAX),
            json!(0),
            json!({"a": "ü\n\"\u{1}\\", "b": [{"c": {}}, "x"]}),
        ] {
            assert_eq!(json_size(&value), value.to_string().len(), "{value}");
        }
    }
}
