//! `States.Format`.

use std::borrow::Cow;

use serde_json::Value;

use super::super::ExprLimits;

/// The template with each `{}` replaced by the next argument. A backslash keeps the next character as it is.
pub(super) fn format(
    template: &str,
    arguments: &[Cow<'_, Value>],
    limits: &ExprLimits,
) -> Result<String, String> {
    let mut out = String::with_capacity(template.len());
    let mut arguments = arguments.iter();
    let mut rest = template.chars();
    while let Some(c) = rest.next() {
        match c {
            '\\' => out.extend(rest.next()),
            '{' if rest.as_str().starts_with('}') => {
                rest.next();
                let value =
                    arguments.next().ok_or("There are more places in the template than arguments.")?;
                push_plain(value, &mut out, 0, limits)?;
            }
            '{' | '}' => {
                return Err(format!("Brace '{c}' in the template must be escaped or part of '{{}}'."));
            }
            c => out.push(c),
        }
        if out.len() > limits.bytes {
            return Err("The result is larger than an expression may give.".to_owned());
        }
    }
    if arguments.next().is_some() {
        return Err("There are more arguments than places in the template.".to_owned());
    }
    Ok(out)
}

/// A value in the form in which Java shows maps and lists: `{a=1, b=[x, y]}`.
fn push_plain(value: &Value, out: &mut String, depth: usize, limits: &ExprLimits) -> Result<(), String> {
    if depth > limits.depth.min(256) {
        return Err("An argument nests too deep.".to_owned());
    }
    match value {
        Value::String(text) => out.push_str(text),
        Value::Array(items) => {
            out.push('[');
            for (i, item) in items.iter().enumerate() {
                out.push_str(if i == 0 { "" } else { ", " });
                push_plain(item, out, depth + 1, limits)?;
            }
            out.push(']');
        }
        Value::Object(members) => {
            out.push('{');
            for (i, (key, item)) in members.iter().enumerate() {
                out.push_str(if i == 0 { "" } else { ", " });
                out.push_str(key);
                out.push('=');
                push_plain(item, out, depth + 1, limits)?;
            }
            out.push('}');
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => out.push_str(&value.to_string()),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::tests::check;
    use serde_json::json;

    #[test]
    fn places_are_filled() {
        let input = json!({"n": "Ann", "o": {"a": 1, "b": ["x", null, 1.5]}, "t": "<{}>", "e": r"\{{}\}"});
        insta::assert_snapshot!(check("States.Format('Hi {}, {}!', $.n, 7)", &input), @r#""Hi Ann, 7!""#);
        insta::assert_snapshot!(check("States.Format('{}', $.o)", &input), @r#""{a=1, b=[x, null, 1.5]}""#);
        insta::assert_snapshot!(check("States.Format($.t, $.n)", &input), @r#""<Ann>""#);
        insta::assert_snapshot!(check("States.Format($.e, $.n)", &input), @r#""{Ann}""#);
        insta::assert_snapshot!(check(r"States.Format('\{\} {} it\'s \\', true)", &input), @r#""{} true it's \\""#);
    }

    #[test]
    fn places_and_arguments_must_be_as_many() {
        insta::assert_snapshot!(check("States.Format('{} {}', 1)", &json!({})), @"States.IntrinsicFailure: The function 'States.Format('{} {}', 1)' had the following error: There are more places in the template than arguments.");
        insta::assert_snapshot!(check("States.Format('{}', 1, 2)", &json!({})), @"States.IntrinsicFailure: The function 'States.Format('{}', 1, 2)' had the following error: There are more arguments than places in the template.");
        insta::assert_snapshot!(check("States.Format('{x', 1)", &json!({})), @"States.IntrinsicFailure: The function 'States.Format('{x', 1)' had the following error: Brace '{' in the template must be escaped or part of '{}'.");
        insta::assert_snapshot!(check("States.Format(1)", &json!({})), @"States.IntrinsicFailure: The function 'States.Format(1)' had the following error: The first argument must be a string.");
    }
}
