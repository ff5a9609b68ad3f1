//! The functions that a path can end with.

use std::borrow::Cow;

use serde_json::{Number, Value};

/// A function of the whole result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Function {
    Length,
    Min,
    Max,
    Average,
    Sum,
    Deviation,
    Keys,
    First,
    Last,
}

impl Function {
    pub(crate) const NAMES: &'static str = "length, size, min, max, avg, sum, stddev, keys, first, last";

    pub(crate) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "length" | "size" => Self::Length,
            "min" => Self::Min,
            "max" => Self::Max,
            "avg" => Self::Average,
            "sum" => Self::Sum,
            "stddev" => Self::Deviation,
            "keys" => Self::Keys,
            "first" => Self::First,
            "last" => Self::Last,
            _ => return None,
        })
    }

    /// What the function gives, if it applies to such a value.
    pub(crate) fn apply(self, value: &Value) -> Option<Value> {
        match self {
            Self::Length => length(value).map(Value::from),
            Self::Keys => value.as_object().map(|object| object.keys().cloned().map(Value::String).collect()),
            Self::First => value.as_array()?.first().cloned(),
            Self::Last => value.as_array()?.last().cloned(),
            Self::Min => float(numbers(value)?.into_iter().reduce(f64::min)?),
            Self::Max => float(numbers(value)?.into_iter().reduce(f64::max)?),
            Self::Sum => float(numbers(value)?.iter().sum()),
            Self::Average => float(mean(&numbers(value)?)),
            Self::Deviation => float(deviation(&numbers(value)?)),
        }
    }
}

/// How many characters, items or members there are.
pub(super) fn length(value: &Value) -> Option<usize> {
    match value {
        Value::String(text) => Some(text.chars().count()),
        Value::Array(items) => Some(items.len()),
        Value::Object(members) => Some(members.len()),
        _ => None,
    }
}

/// The numbers of a list; there must be one.
fn numbers(value: &Value) -> Option<Vec<f64>> {
    let numbers: Vec<f64> = value.as_array()?.iter().filter_map(Value::as_f64).collect();
    (!numbers.is_empty()).then_some(numbers)
}

#[expect(clippy::cast_precision_loss, reason = "lists are far shorter than 2^53")]
fn mean(numbers: &[f64]) -> f64 {
    numbers.iter().sum::<f64>() / numbers.len() as f64
}

fn deviation(numbers: &[f64]) -> f64 {
    let mean = mean(numbers);
    let squares: Vec<f64> = numbers.iter().map(|number| (number - mean).powi(2)).collect();
    self::mean(&squares).sqrt()
}

fn float(number: f64) -> Option<Value> {
    Number::from_f64(number).map(Value::Number)
}

/// Applies the function to what the path gave.
pub(super) fn applied<'v>(function: Option<Function>, value: Cow<'v, Value>) -> Option<Cow<'v, Value>> {
    match function {
        None => Some(value),
        Some(function) => function.apply(&value).map(Cow::Owned),
    }
}
