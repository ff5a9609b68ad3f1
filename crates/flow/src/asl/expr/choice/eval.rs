//! Whether a test holds.

use std::cmp::Ordering;

use jiff::Timestamp;
use serde_json::{Number, Value};

use super::super::{EvalError, PathExpr, Scope, timestamp};
use super::{Kind, Operand, Relation, Test, Type};

pub(super) fn holds(test: &Test, scope: &Scope<'_>) -> Result<bool, EvalError> {
    match test {
        Test::And(tests) => first(tests, false, scope),
        Test::Or(tests) => first(tests, true, scope),
        Test::Not(test) => Ok(!holds(test, scope)?),
        Test::Matches { variable, pattern } => {
            let value = present(variable, scope)?;
            Ok(value.as_str().is_some_and(|text| pattern.matches(text)))
        }
        Test::Compare { variable, relation, operand } => {
            let value = present(variable, scope)?;
            Ok(compare(&value, operand, scope)?.is_some_and(|order| relation.allows(order)))
        }
        Test::Is { variable, kind: Kind::Present, expected } => {
            Ok(variable.find(scope)?.is_some() == *expected)
        }
        Test::Is { variable, kind, expected } => Ok(kind.describes(&*present(variable, scope)?) == *expected),
    }
}

/// Whether a test gives `wanted` (for "or"), or else whether none does.
fn first(tests: &[Test], wanted: bool, scope: &Scope<'_>) -> Result<bool, EvalError> {
    for test in tests {
        if holds(test, scope)? == wanted {
            return Ok(wanted);
        }
    }
    Ok(!wanted)
}

fn present<'a>(path: &PathExpr, scope: &Scope<'a>) -> Result<std::borrow::Cow<'a, Value>, EvalError> {
    path.find(scope)?.ok_or_else(|| {
        let cause =
            format!("Invalid path '{path}': The choice state's condition path references an invalid value.");
        EvalError::runtime(cause)
    })
}

/// How the value compares with the operand, if both are of the type of the comparison.
fn compare(value: &Value, operand: &Operand, scope: &Scope<'_>) -> Result<Option<Ordering>, EvalError> {
    Ok(match operand {
        Operand::String(text) => value.as_str().map(|value| value.cmp(text)),
        Operand::Number(number) => value_number(value).and_then(|value| numbers(value, number)),
        Operand::Boolean(boolean) => value.as_bool().map(|value| value.cmp(boolean)),
        Operand::Timestamp(moment) => value_moment(value).map(|value| value.cmp(moment)),
        Operand::Path(kind, path) => values(*kind, value, &*present(path, scope)?),
    })
}

fn values(kind: Type, left: &Value, right: &Value) -> Option<Ordering> {
    match kind {
        Type::String => Some(left.as_str()?.cmp(right.as_str()?)),
        Type::Number => numbers(value_number(left)?, value_number(right)?),
        Type::Boolean => Some(left.as_bool()?.cmp(&right.as_bool()?)),
        Type::Timestamp => Some(value_moment(left)?.cmp(&value_moment(right)?)),
    }
}

fn value_number(value: &Value) -> Option<&Number> {
    match value {
        Value::Number(number) => Some(number),
        _ => None,
    }
}

fn value_moment(value: &Value) -> Option<Timestamp> {
    timestamp::parse(value.as_str()?)
}

/// Integers compare exactly, other numbers as doubles.
fn numbers(left: &Number, right: &Number) -> Option<Ordering> {
    match (left.as_i128(), right.as_i128()) {
        (Some(left), Some(right)) => Some(left.cmp(&right)),
        _ => left.as_f64()?.partial_cmp(&right.as_f64()?),
    }
}

impl Relation {
    fn allows(self, order: Ordering) -> bool {
        match self {
            Self::Equals => order.is_eq(),
            Self::LessThan => order.is_lt(),
            Self::GreaterThan => order.is_gt(),
            Self::LessThanEquals => order.is_le(),
            Self::GreaterThanEquals => order.is_ge(),
        }
    }
}

impl Kind {
    fn describes(self, value: &Value) -> bool {
        match self {
            Self::Present => true,
            Self::Null => value.is_null(),
            Self::Numeric => value.is_number(),
            Self::String => value.is_string(),
            Self::Boolean => value.is_boolean(),
            Self::Timestamp => value_moment(value).is_some(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::super::intrinsic::tests::scope_of;
    use super::super::Test;

    fn check(rule: &Value) -> String {
        let input = json!({
            "n": 5, "f": 5.0, "big": 9_007_199_254_740_993_i64, "s": "b", "t": "2024-01-01T00:00:00Z",
            "u": "2024-01-01T01:00:00+01:00", "yes": true, "null": null, "star": "a*b", "m": 5,
        });
        let test = Test::parse(rule, "").unwrap();
        scope_of(&input, |scope| match test.eval(scope) {
            Ok(holds) => holds.to_string(),
            Err(error) => error.to_string(),
        })
    }

    fn yes(rule: &Value) {
        assert_eq!(check(rule), "true", "{rule}");
        assert_eq!(check(&json!({"Not": rule})), "false", "{rule}");
    }

    fn no(rule: &Value) {
        assert_eq!(check(rule), "false", "{rule}");
    }

    #[test]
    fn values_of_one_type_compare() {
        yes(&json!({"Variable": "$.n", "NumericEquals": 5.0}));
        yes(&json!({"Variable": "$.f", "NumericLessThanEqualsPath": "$.n"}));
        no(&json!({"Variable": "$.big", "NumericEquals": 9_007_199_254_740_992_i64}));
        yes(&json!({"Variable": "$.s", "StringGreaterThan": "a"}));
        yes(&json!({"Variable": "$.t", "TimestampEquals": "2024-01-01T01:00:00+01:00"}));
        yes(&json!({"Variable": "$.t", "TimestampEqualsPath": "$.u"}));
        yes(&json!({"Variable": "$.yes", "BooleanEqualsPath": "$.yes"}));
        yes(&json!({"Variable": "$.star", "StringMatches": "a\\**"}));
    }

    #[test]
    fn values_of_different_types_do_not() {
        for operator in ["StringEquals", "TimestampEquals"] {
            no(&json!({"Variable": "$.n", operator: "2024-01-01T00:00:00Z"}));
        }
        no(&json!({"Variable": "$.s", "NumericLessThan": 5}));
        no(&json!({"Variable": "$.s", "NumericLessThanPath": "$.n"}));
        no(&json!({"Variable": "$.null", "BooleanEquals": false}));
        no(&json!({"Variable": "$.n", "StringMatches": "*"}));
    }

    #[test]
    fn kinds() {
        yes(&json!({"Variable": "$.null", "IsNull": true}));
        yes(&json!({"Variable": "$.n", "IsNull": false}));
        yes(&json!({"Variable": "$.t", "IsTimestamp": true}));
        yes(&json!({"Variable": "$.s", "IsTimestamp": false}));
        yes(&json!({"Variable": "$.none", "IsPresent": false}));
        yes(&json!({"Variable": "$.null", "IsPresent": true}));
    }

    #[test]
    fn combinations_stop_at_the_first_answer() {
        let missing = json!({"Variable": "$.none", "IsNull": true});
        no(&json!({"And": [{"Variable": "$.n", "IsNull": true}, missing]}));
        yes(&json!({"Or": [{"Variable": "$.n", "IsNumeric": true}, missing]}));
        insta::assert_snapshot!(check(&json!({"And": [missing]})), @"States.Runtime: Invalid path '$.none': The choice state's condition path references an invalid value.");
        insta::assert_snapshot!(check(&json!({"Variable": "$.n", "NumericEqualsPath": "$.none"})), @"States.Runtime: Invalid path '$.none': The choice state's condition path references an invalid value.");
    }
}
