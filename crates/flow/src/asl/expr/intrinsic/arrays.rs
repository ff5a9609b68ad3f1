//! The functions of lists.

use std::collections::HashSet;

use serde_json::Value;

use super::super::text;
use super::{Outcome, integer};

/// The most items of a range, as in the service.
const LONGEST_RANGE: i64 = 1000;

pub(super) fn list(value: &Value) -> Result<&Vec<Value>, String> {
    value.as_array().ok_or_else(|| format!("Expected an array, but was '{}'.", text::quoted(value)))
}

pub(super) fn partition(items: &Value, size: &Value) -> Outcome {
    let size = usize::try_from(integer(size)?).ok().filter(|size| *size > 0);
    let size = size.ok_or("The chunk size must be a positive integer.")?;
    Ok(list(items)?.chunks(size).map(|chunk| Value::Array(chunk.to_vec())).collect())
}

pub(super) fn contains(items: &Value, wanted: &Value) -> Outcome {
    Ok(list(items)?.contains(wanted).into())
}

/// From the first number to the last one, both included.
pub(super) fn range(first: &Value, last: &Value, step: &Value) -> Outcome {
    let (first, last, step) = (integer(first)?, integer(last)?, integer(step)?);
    if step == 0 {
        return Err("The step must not be zero.".to_owned());
    }
    let span = last.checked_sub(first).ok_or("The range is too large.")?;
    let count = span
        .checked_div(step)
        .map_or(0, |count| if span.signum() * step.signum() < 0 { 0 } else { count + 1 });
    if count > LONGEST_RANGE {
        return Err(format!("A range has at most {LONGEST_RANGE} items."));
    }
    Ok((0..count).map(|i| Value::from(first + i * step)).collect())
}

pub(super) fn get(items: &Value, index: &Value) -> Outcome {
    let (items, index) = (list(items)?, integer(index)?);
    let item = usize::try_from(index).ok().and_then(|index| items.get(index));
    item.cloned()
        .ok_or_else(|| format!("Index {index} is out of bounds for an array of length {}.", items.len()))
}

/// The items without repetitions, in the order of their first appearance.
pub(super) fn unique(items: &Value) -> Outcome {
    let mut seen = HashSet::new();
    Ok(list(items)?.iter().filter(|item| seen.insert(canonical(item))).cloned().collect())
}

/// A text that equal values share.
fn canonical(value: &Value) -> String {
    let mut sorted = value.clone();
    sorted.sort_all_objects();
    sorted.to_string()
}

#[cfg(test)]
mod tests {
    use super::super::tests::check;
    use serde_json::json;

    #[test]
    fn functions_of_lists() {
        let input = json!({"l": [1, 2, 3, 4, 5], "d": [1, 1, "1", {"a": 1, "b": 2}, {"b": 2, "a": 1}, null, null], "s": "x"});
        insta::assert_snapshot!(check("States.ArrayPartition($.l, 2)", &input), @"[[1,2],[3,4],[5]]");
        insta::assert_snapshot!(check("States.ArrayPartition($.l, 0)", &input), @"States.IntrinsicFailure: The function 'States.ArrayPartition($.l, 0)' had the following error: The chunk size must be a positive integer.");
        insta::assert_snapshot!(check("States.ArrayContains($.l, 3)", &input), @"true");
        insta::assert_snapshot!(check("States.ArrayContains($.l, '3')", &input), @"false");
        insta::assert_snapshot!(check("States.ArrayGetItem($.l, 4)", &input), @"5");
        insta::assert_snapshot!(check("States.ArrayGetItem($.l, 5)", &input), @"States.IntrinsicFailure: The function 'States.ArrayGetItem($.l, 5)' had the following error: Index 5 is out of bounds for an array of length 5.");
        insta::assert_snapshot!(check("States.ArrayLength($.l)", &input), @"5");
        insta::assert_snapshot!(check("States.ArrayLength($.s)", &input), @"States.IntrinsicFailure: The function 'States.ArrayLength($.s)' had the following error: Expected an array, but was '\"x\"'.");
        insta::assert_snapshot!(check("States.ArrayUnique($.d)", &input), @r#"[1,"1",{"a":1,"b":2},null]"#);
    }

    #[test]
    fn ranges() {
        let check = |call: &str| check(call, &json!({}));
        insta::assert_snapshot!(check("States.ArrayRange(1, 9, 2)"), @"[1,3,5,7,9]");
        insta::assert_snapshot!(check("States.ArrayRange(1, 9, 9)"), @"[1]");
        insta::assert_snapshot!(check("States.ArrayRange(3, 1, -1)"), @"[3,2,1]");
        insta::assert_snapshot!(check("States.ArrayRange(1, 3, -1)"), @"[]");
        insta::assert_snapshot!(check("States.ArrayRange(3, 3, 1)"), @"[3]");
        insta::assert_snapshot!(check("States.ArrayRange(1, 3, 0)"), @"States.IntrinsicFailure: The function 'States.ArrayRange(1, 3, 0)' had the following error: The step must not be zero.");
        assert_eq!(check("States.ArrayRange(1, 999, 1)").matches(',').count(), 998);
        assert_eq!(check("States.ArrayRange(1, 1000, 1)").matches(',').count(), 999);
        insta::assert_snapshot!(check("States.ArrayRange(1, 1001, 1)"), @"States.IntrinsicFailure: The function 'States.ArrayRange(1, 1001, 1)' had the following error: A range has at most 1000 items.");
        insta::assert_snapshot!(check("States.ArrayRange(-9223372036854775808, 9223372036854775807, 1)"), @"States.IntrinsicFailure: The function 'States.ArrayRange(-9223372036854775808, 9223372036854775807, 1)' had the following error: The range is too large.");
    }
}
