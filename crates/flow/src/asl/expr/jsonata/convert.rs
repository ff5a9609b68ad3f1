//! Between JSON values and the engine's values.

use jsonata_core::value::JValue;
use serde_json::{Map, Number, Value};

use super::super::ExprLimits;

pub(super) fn to_engine(value: &Value) -> JValue {
    match value {
        Value::Null => JValue::Null,
        Value::Bool(boolean) => JValue::Bool(*boolean),
        Value::Number(number) => JValue::Number(number.as_f64().unwrap_or_default()),
        Value::String(text) => JValue::string(text.as_str()),
        Value::Array(items) => JValue::array(items.iter().map(to_engine).collect()),
        Value::Object(members) => {
            JValue::object(members.iter().map(|(key, value)| (key.clone(), to_engine(value))).collect())
        }
    }
}

/// The JSON of a value, if it is one that JSON has and fits the limits.
pub(super) fn from_engine(value: &JValue, limits: &ExprLimits) -> Result<Option<Value>, String> {
    if matches!(value, JValue::Undefined) {
        return Ok(None);
    }
    let mut left = limits.bytes;
    convert(value, limits.depth, &mut left).map(Some)
}

fn convert(value: &JValue, depth: usize, left: &mut usize) -> Result<Value, String> {
    let too_large = || "The result is larger than an expression may give.".to_owned();
    let size = match value {
        JValue::String(text) => text.len() + 2,
        _ => 1,
    };
    *left = left.checked_sub(size).ok_or_else(too_large)?;
    match value {
        JValue::Null | JValue::Undefined => Ok(Value::Null),
        JValue::Bool(boolean) => Ok(Value::Bool(*boolean)),
        JValue::Number(number) => Ok(self::number(*number)),
        JValue::String(text) => Ok(Value::String(text.to_string())),
        JValue::Array(_) | JValue::Object(_) if depth == 0 => Err("The result nests too deep.".to_owned()),
        JValue::Array(items) => items.iter().map(|item| convert(item, depth - 1, left)).collect(),
        JValue::Object(members) => {
            let mut object = Map::new();
            for (key, member) in members.iter() {
                *left = left.checked_sub(key.len() + 4).ok_or_else(too_large)?;
                if !matches!(member, JValue::Undefined) && !member.is_function() {
                    object.insert(key.clone(), convert(member, depth - 1, left)?);
                }
            }
            Ok(Value::Object(object))
        }
        _ => Err("The result is a function, which is no JSON value.".to_owned()),
    }
}

/// Whole numbers are integers, as JavaScript writes them.
#[expect(clippy::cast_possible_truncation, reason = "checked to be whole and in range")]
pub(super) fn number(number: f64) -> Value {
    if number.fract() == 0.0 && number.abs() < 9.2e18 {
        return Value::from(number as i64);
    }
    Number::from_f64(number).map_or(Value::Null, Value::Number)
}

/// Whether the value is small enough to be written as a text or compared. Values can share their parts, so that
/// few steps can make a value that has more parts than memory has bytes.
pub(super) fn is_small(value: &JValue, limits: &ExprLimits) -> bool {
    let mut left = limits.bytes;
    let mut open = vec![value];
    while let Some(value) = open.pop() {
        let size = match value {
            JValue::String(text) => text.len() + 1,
            JValue::Array(items) => {
                open.extend(items.iter());
                items.len() + 1
            }
            JValue::Object(members) => {
                open.extend(members.values());
                members.len() + 1
            }
            _ => 1,
        };
        match left.checked_sub(size) {
            Some(rest) => left = rest,
            None => return false,
        }
    }
    true
}
