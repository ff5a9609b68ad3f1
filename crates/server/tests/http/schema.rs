//! Checks answers against the OpenAPI document: the part of JSON Schema that it uses.

use crate::support::Got;
use partita_server::OPENAPI;
use serde_json::Value;
use std::sync::LazyLock;

pub(crate) static DOCUMENT: LazyLock<Value> = LazyLock::new(|| serde_json::from_str(OPENAPI).unwrap());

/// Checks an answer, if its address is one of the document's.
pub(crate) fn check(method: &str, path: &str, got: &Got) {
    let Some(operation) = operation(method, path) else { return };
    let Some(response) = operation["responses"].get(got.status.to_string()) else {
        panic!("{method} {path} answered {}, which is not documented: {}", got.status, got.text);
    };
    let response = resolved(response);
    let Some(content) = response.get("content") else {
        assert!(
            got.text.is_empty(),
            "{method} {path} answered {} with an undocumented body: {}",
            got.status,
            got.text
        );
        return;
    };
    let media = got.header("content-type").split(';').next().unwrap();
    let schema = content.get(media).unwrap_or_else(|| panic!("{method} {path}: {media} is not documented"));
    if media.ends_with("json") {
        let mut faults = Vec::new();
        validate(&schema["schema"], &got.json(), "$", &mut faults);
        assert!(faults.is_empty(), "{method} {path}: {faults:#?}\n{}", got.text);
    }
}

/// Checks a value against one of the document's schemas.
pub(crate) fn conforms(name: &str, value: &Value) {
    let mut faults = Vec::new();
    validate(&DOCUMENT["components"]["schemas"][name], value, "$", &mut faults);
    assert!(faults.is_empty(), "{name}: {faults:#?}\n{value}");
}

fn operation(method: &str, path: &str) -> Option<&'static Value> {
    let paths = DOCUMENT["paths"].as_object().unwrap();
    let mut fits: Vec<_> = paths.iter().filter(|(template, _)| fits(template, path)).collect();
    fits.sort_by_key(|(template, _)| template.matches('{').count());
    fits.first()?.1.get(method.to_lowercase())
}

fn fits(template: &str, path: &str) -> bool {
    let (a, b): (Vec<_>, Vec<_>) = (template.split('/').collect(), path.split('/').collect());
    a.len() == b.len() && a.iter().zip(&b).all(|(a, b)| a.starts_with('{') || a == b)
}

fn resolved(value: &Value) -> &Value {
    match value["$ref"].as_str() {
        Some(reference) => {
            DOCUMENT.pointer(reference.trim_start_matches('#')).unwrap_or_else(|| panic!("{reference}"))
        }
        None => value,
    }
}

pub(crate) fn validate(schema: &Value, value: &Value, at: &str, faults: &mut Vec<String>) {
    let schema = resolved(schema);
    if let Some(any) = schema["anyOf"].as_array() {
        let fits = any.iter().any(|schema| {
            let mut faults = Vec::new();
            validate(schema, value, at, &mut faults);
            faults.is_empty()
        });
        if !fits {
            faults.push(format!("{at}: none of the alternatives fits {value}"));
        }
        return;
    }
    let types: Vec<&str> = match &schema["type"] {
        Value::String(one) => vec![one],
        Value::Array(several) => several.iter().filter_map(Value::as_str).collect(),
        _ => return,
    };
    if !types.iter().any(|name| is(name, value)) {
        faults.push(format!("{at}: {value} is not {types:?}"));
        return;
    }
    if let Some(allowed) = schema["enum"].as_array()
        && !allowed.contains(value)
    {
        faults.push(format!("{at}: {value} is none of {allowed:?}"));
    }
    match value {
        Value::Object(map) => object(schema, map, at, faults),
        Value::Array(list) => {
            for (index, item) in list.iter().enumerate() {
                validate(&schema["items"], item, &format!("{at}[{index}]"), faults);
            }
        }
        _ => {}
    }
}

fn object(schema: &Value, map: &serde_json::Map<String, Value>, at: &str, faults: &mut Vec<String>) {
    for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        if !map.contains_key(name) {
            faults.push(format!("{at}: {name} is missing"));
        }
    }
    for (key, value) in map {
        match schema["properties"].get(key) {
            Some(schema) => validate(schema, value, &format!("{at}.{key}"), faults),
            None if schema["additionalProperties"] == false => {
                faults.push(format!("{at}: {key} is not documented"));
            }
            None if schema["additionalProperties"].is_object() => {
                validate(&schema["additionalProperties"], value, &format!("{at}.{key}"), faults);
            }
            None => {}
        }
    }
}

fn is(name: &str, value: &Value) -> bool {
    match name {
        "null" => value.is_null(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("{other}"),
    }
}
