//! Intrinsic functions: `States.Format('Hello {}', $.name)` and its 17 siblings.

mod arrays;
mod format;
mod parse;
mod strings;

use std::borrow::Cow;
use std::collections::BTreeSet;

use serde_json::Value;

use super::error::INTRINSIC;
use super::random::JavaRandom;
use super::{EvalError, ParseError, PathExpr, Scope, text};
pub(super) use strings::digest;

/// A call of an intrinsic function, with its arguments.
#[derive(Debug, Clone, PartialEq)]
pub struct Intrinsic {
    text: Box<str>,
    function: Function,
    arguments: Vec<Argument>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Argument {
    /// A text in quotes as it was written, escapes and all, and as it is meant.
    Text {
        raw: String,
        value: Value,
    },
    Literal(Value),
    Path(PathExpr),
    Call(Intrinsic),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Function {
    Format,
    StringToJson,
    JsonToString,
    Array,
    ArrayPartition,
    ArrayContains,
    ArrayRange,
    ArrayGetItem,
    ArrayLength,
    ArrayUnique,
    Base64Encode,
    Base64Decode,
    Hash,
    JsonMerge,
    MathRandom,
    MathAdd,
    StringSplit,
    Uuid,
}

impl Function {
    /// Each function with its name, and the least and the most arguments that it takes.
    const ALL: [(&'static str, Self, usize, usize); 18] = [
        ("Format", Self::Format, 1, usize::MAX),
        ("StringToJson", Self::StringToJson, 1, 1),
        ("JsonToString", Self::JsonToString, 1, 1),
        ("Array", Self::Array, 0, usize::MAX),
        ("ArrayPartition", Self::ArrayPartition, 2, 2),
        ("ArrayContains", Self::ArrayContains, 2, 2),
        ("ArrayRange", Self::ArrayRange, 3, 3),
        ("ArrayGetItem", Self::ArrayGetItem, 2, 2),
        ("ArrayLength", Self::ArrayLength, 1, 1),
        ("ArrayUnique", Self::ArrayUnique, 1, 1),
        ("Base64Encode", Self::Base64Encode, 1, 1),
        ("Base64Decode", Self::Base64Decode, 1, 1),
        ("Hash", Self::Hash, 2, 2),
        ("JsonMerge", Self::JsonMerge, 3, 3),
        ("MathRandom", Self::MathRandom, 2, 3),
        ("MathAdd", Self::MathAdd, 2, 2),
        ("StringSplit", Self::StringSplit, 2, 2),
        ("UUID", Self::Uuid, 0, 0),
    ];
}

/// What a function gives, or why it refuses.
pub(super) type Outcome = Result<Value, String>;
type Values<'v> = [Cow<'v, Value>];

impl Intrinsic {
    /// Reads a call; the whole text must be one.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        parse::whole(text)
    }

    /// The call as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Adds the names of the variables that the arguments read.
    pub fn used_variables(&self, names: &mut BTreeSet<String>) {
        for argument in &self.arguments {
            match argument {
                Argument::Path(path) => path.used_variables(names),
                Argument::Call(call) => call.used_variables(names),
                Argument::Text { .. } | Argument::Literal(_) => {}
            }
        }
    }

    /// What the call gives. Fails with `States.IntrinsicFailure`, or with `States.Runtime` for a missing argument.
    pub fn eval(&self, scope: &Scope<'_>) -> Result<Value, EvalError> {
        let arguments = self.arguments.iter().map(|argument| self.argument(argument, scope));
        let arguments = arguments.collect::<Result<Vec<_>, EvalError>>()?;
        let value =
            self.call(&arguments, scope).map_err(|why| EvalError::new(INTRINSIC, self.failed(&why)))?;
        if text::fits(&value, scope.limits.depth, scope.limits.bytes) {
            return Ok(value);
        }
        Err(EvalError::new(INTRINSIC, self.failed("The result is larger than an expression may give.")))
    }

    fn failed(&self, why: &str) -> String {
        format!("The function '{}' had the following error: {why}", self.text)
    }

    fn argument<'a>(
        &'a self,
        argument: &'a Argument,
        scope: &Scope<'a>,
    ) -> Result<Cow<'a, Value>, EvalError> {
        match argument {
            Argument::Literal(value) | Argument::Text { value, .. } => Ok(Cow::Borrowed(value)),
            Argument::Call(call) => call.eval(scope).map(Cow::Owned),
            Argument::Path(path) => path.find(scope)?.ok_or_else(|| {
                let input = text::quoted(path.root(scope).unwrap_or(scope.input));
                EvalError::runtime(self.failed(&format!(
                    "The JsonPath argument for the field '{path}' could not be found in the input '{input}'"
                )))
            }),
        }
    }

    fn call(&self, arguments: &Values<'_>, scope: &Scope<'_>) -> Outcome {
        let at = |i: usize| arguments.get(i).map_or(&Value::Null, AsRef::as_ref);
        let (first, second, third) = (at(0), at(1), at(2));
        match self.function {
            Function::Format => self.format(arguments, scope.limits),
            Function::StringToJson => strings::parse_json(first),
            Function::JsonToString => Ok(Value::String(first.to_string())),
            Function::Array => Ok(arguments.iter().map(|value| value.as_ref().clone()).collect()),
            Function::ArrayPartition => arrays::partition(first, second),
            Function::ArrayContains => arrays::contains(first, second),
            Function::ArrayRange => arrays::range(first, second, third),
            Function::ArrayGetItem => arrays::get(first, second),
            Function::ArrayLength => Ok(arrays::list(first)?.len().into()),
            Function::ArrayUnique => arrays::unique(first),
            Function::Base64Encode => strings::encode(first),
            Function::Base64Decode => strings::decode(first),
            Function::Hash => strings::hash(first, second),
            Function::JsonMerge => merge(first, second, third),
            Function::MathRandom => random(first, second, arguments.get(2).map(AsRef::as_ref), scope),
            Function::MathAdd => add(first, second),
            Function::StringSplit => strings::split(first, second),
            Function::Uuid => Ok(scope.draw.uuid().to_string().into()),
        }
    }

    /// The template of `States.Format` keeps its escapes until the places are found.
    fn format(&self, arguments: &Values<'_>, limits: &super::ExprLimits) -> Outcome {
        let template = match self.arguments.first() {
            Some(Argument::Text { raw, .. }) => raw.as_str(),
            _ => arguments
                .first()
                .and_then(|value| value.as_str())
                .ok_or("The first argument must be a string.")?,
        };
        format::format(template, arguments.get(1..).unwrap_or_default(), limits).map(Value::String)
    }
}

/// An integer argument; other numbers are rounded, as the service does.
#[expect(clippy::cast_possible_truncation, reason = "the range is checked")]
pub(super) fn integer(value: &Value) -> Result<i64, String> {
    let wanted = || format!("Expected an integer, but was '{}'.", text::quoted(value));
    match (value.as_i64(), value.as_f64()) {
        (Some(integer), _) => Ok(integer),
        (None, Some(float)) if float.abs() < 9e15 => Ok(float.round() as i64),
        _ => Err(wanted()),
    }
}

pub(super) fn string(value: &Value) -> Result<&str, String> {
    value.as_str().ok_or_else(|| format!("Expected a string, but was '{}'.", text::quoted(value)))
}

fn add(left: &Value, right: &Value) -> Outcome {
    let sum = integer(left)?.checked_add(integer(right)?);
    sum.map(Value::from).ok_or_else(|| "The sum is out of the range of integers.".to_owned())
}

/// A shallow merge; the service knows no deep one either.
fn merge(left: &Value, right: &Value, deep: &Value) -> Outcome {
    match (left, right, deep) {
        (Value::Object(left), Value::Object(right), Value::Bool(false)) => {
            let mut merged = left.clone();
            merged.extend(right.iter().map(|(key, value)| (key.clone(), value.clone())));
            Ok(Value::Object(merged))
        }
        (_, _, Value::Bool(true)) => {
            Err("Deep merging is not supported; the third argument must be false.".to_owned())
        }
        (_, _, Value::Bool(false)) => Err("The first and second argument must be JSON objects.".to_owned()),
        _ => Err("The third argument must be a boolean.".to_owned()),
    }
}

/// An integer from `start` to before `end`; the same one for the same seed.
fn random(start: &Value, end: &Value, seed: Option<&Value>, scope: &Scope<'_>) -> Outcome {
    let (start, end) = (integer(start)?, integer(end)?);
    let span = end.checked_sub(start).filter(|span| *span > 0);
    let span = span.ok_or("The start number must be less than the end number.")?;
    let fraction = match seed {
        Some(seed) => JavaRandom::new(integer(seed)?).double(),
        None => scope.draw.random(),
    };
    Ok(start.saturating_add(portion(fraction, span)).into())
}

/// The whole part of `fraction` times `span`, less than `span`.
#[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "clamped to the span")]
fn portion(fraction: f64, span: i64) -> i64 {
    ((fraction * span as f64) as i64).clamp(0, span - 1)
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::{Value, json};
    use uuid::Uuid;

    use super::super::{Draw, ExprLimits, Scope, Variables};
    use super::Intrinsic;

    /// Chance that is the same each time.
    pub(in super::super) struct Fixed;

    impl Draw for Fixed {
        fn random(&self) -> f64 {
            0.5
        }

        fn uuid(&self) -> Uuid {
            Uuid::from_u128(0x1111_1111_1111_4111_8111_1111_1111_1111)
        }
    }

    pub(in super::super) fn scope_of<T>(input: &Value, run: impl FnOnce(&Scope<'_>) -> T) -> T {
        let (variables, limits) = (Variables::new(), ExprLimits::default());
        run(&Scope { input, context: &json!({}), variables: &variables, draw: &Fixed, limits: &limits })
    }

    pub(super) fn check(call: &str, input: &Value) -> String {
        let call = match Intrinsic::parse(call) {
            Ok(call) => call,
            Err(error) => return format!("no call: {error}"),
        };
        scope_of(input, |scope| match call.eval(scope) {
            Ok(value) => value.to_string(),
            Err(error) => error.to_string(),
        })
    }

    #[test]
    fn numbers_and_chance() {
        let input = json!({"n": 41, "f": 1.5, "s": "x"});
        insta::assert_snapshot!(check("States.MathAdd($.n, 1)", &input), @"42");
        insta::assert_snapshot!(check("States.MathAdd($.n, -1)", &input), @"40");
        insta::assert_snapshot!(check("States.MathAdd($.f, 1)", &input), @"3");
        insta::assert_snapshot!(check("States.MathAdd($.s, 1)", &input), @"States.IntrinsicFailure: The function 'States.MathAdd($.s, 1)' had the following error: Expected an integer, but was '\"x\"'.");
        insta::assert_snapshot!(check("States.MathAdd(9223372036854775807, 1)", &input), @"States.IntrinsicFailure: The function 'States.MathAdd(9223372036854775807, 1)' had the following error: The sum is out of the range of integers.");
        insta::assert_snapshot!(check("States.MathRandom(0, 10)", &input), @"5");
        insta::assert_snapshot!(check("States.MathRandom(0, 1000, 42)", &input), @"727");
        insta::assert_snapshot!(check("States.MathRandom(5, 5)", &input), @"States.IntrinsicFailure: The function 'States.MathRandom(5, 5)' had the following error: The start number must be less than the end number.");
        insta::assert_snapshot!(check("States.UUID()", &input), @r#""11111111-1111-4111-8111-111111111111""#);
    }

    #[test]
    fn objects() {
        let input = json!({"a": {"x": {"p": 1}, "y": 1}, "b": {"x": {"q": 2}}});
        insta::assert_snapshot!(check("States.JsonMerge($.a, $.b, false)", &input), @r#"{"x":{"q":2},"y":1}"#);
        insta::assert_snapshot!(check("States.JsonMerge($.a, $.b, true)", &input), @"States.IntrinsicFailure: The function 'States.JsonMerge($.a, $.b, true)' had the following error: Deep merging is not supported; the third argument must be false.");
        insta::assert_snapshot!(check("States.JsonToString($.b)", &input), @r#""{\"x\":{\"q\":2}}""#);
        insta::assert_snapshot!(check("States.StringToJson(States.JsonToString($.b))", &input), @r#"{"x":{"q":2}}"#);
        insta::assert_snapshot!(check("States.Array($.none)", &json!({"a": 1})), @r#"States.Runtime: The function 'States.Array($.none)' had the following error: The JsonPath argument for the field '$.none' could not be found in the input '{"a":1}'"#);
    }
}
