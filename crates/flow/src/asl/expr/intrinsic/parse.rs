//! The grammar of calls.

use serde_json::Value;

use super::super::path::Cursor;
use super::super::{ParseError, PathExpr, nearest};
use super::{Argument, Function, Intrinsic};

/// How deep calls may nest; the service allows 10.
const DEEPEST: usize = 10;
/// The longest call, in bytes, and the most arguments of one.
const LONGEST: usize = 64 * 1024;
const MOST_ARGUMENTS: usize = 1000;

pub(super) fn whole(text: &str) -> Result<Intrinsic, ParseError> {
    if text.len() > LONGEST {
        return Err(ParseError::new(LONGEST, format!("a call has at most {LONGEST} bytes")));
    }
    let mut cursor = Cursor::new(text);
    let call = call(&mut cursor, 1)?;
    cursor.skip_space();
    match cursor.peek() {
        None => Ok(call),
        Some(c) => Err(cursor.error(format!("'{c}' cannot stand behind a call"))),
    }
}

fn call(cursor: &mut Cursor<'_>, depth: usize) -> Result<Intrinsic, ParseError> {
    let start = cursor.at();
    if depth > DEEPEST {
        return Err(cursor.error(format!("calls nest at most {DEEPEST} deep")));
    }
    cursor.expect("States.")?;
    let name = cursor.take_while(|c| c.is_alphanumeric() || c == '_');
    let Some((_, function, least, most)) = Function::ALL.into_iter().find(|(known, ..)| *known == name)
    else {
        return Err(ParseError::new(start, unknown(name)));
    };
    cursor.skip_space();
    let arguments = arguments(cursor, depth)?;
    if arguments.len() < least || arguments.len() > most {
        return Err(ParseError::new(start, wrong_count(name, arguments.len(), least, most)));
    }
    Ok(Intrinsic { text: cursor.since(start).into(), function, arguments })
}

fn unknown(name: &str) -> String {
    let names = Function::ALL.iter().map(|(name, ..)| *name);
    match nearest(name, names) {
        Some(meant) => format!("there is no function 'States.{name}'; 'States.{meant}' is probably meant"),
        None => format!("there is no function 'States.{name}'"),
    }
}

fn wrong_count(name: &str, count: usize, least: usize, most: usize) -> String {
    let wanted = match (least, most) {
        (least, most) if least == most => least.to_string(),
        (least, usize::MAX) => format!("at least {least}"),
        _ => format!("{least} to {most}"),
    };
    format!("'States.{name}' takes {wanted} arguments, not {count}")
}

fn arguments(cursor: &mut Cursor<'_>, depth: usize) -> Result<Vec<Argument>, ParseError> {
    cursor.expect("(")?;
    let mut arguments = Vec::new();
    loop {
        cursor.skip_space();
        if arguments.is_empty() && cursor.eat(")") {
            return Ok(arguments);
        }
        arguments.push(argument(cursor, depth)?);
        cursor.skip_space();
        if cursor.eat(")") {
            return Ok(arguments);
        }
        cursor.expect(",").map_err(|e| ParseError::new(e.at, "expected ',' or ')'"))?;
        if arguments.len() >= MOST_ARGUMENTS {
            return Err(cursor.error(format!("a call has at most {MOST_ARGUMENTS} arguments")));
        }
    }
}

fn argument(cursor: &mut Cursor<'_>, depth: usize) -> Result<Argument, ParseError> {
    match cursor.peek() {
        Some('\'') => quoted(cursor),
        Some('$') => PathExpr::parse_next(cursor).map(Argument::Path),
        Some('S') => call(cursor, depth + 1).map(Argument::Call),
        _ => {
            let start = cursor.at();
            let word = cursor.take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '+' | '.'));
            let value = serde_json::from_str(word).map_err(|_| {
                let expected =
                    "expected a path, a text in single quotes, a number, true, false, null or a call";
                ParseError::new(start, expected)
            });
            value.map(Argument::Literal)
        }
    }
}

/// A text in single quotes. A backslash stands in front of a quote, a brace or a backslash only.
fn quoted(cursor: &mut Cursor<'_>) -> Result<Argument, ParseError> {
    let start = cursor.at();
    cursor.expect("'")?;
    let mut value = String::new();
    let inner = cursor.at();
    loop {
        let before = cursor.at();
        match cursor.next() {
            None => return Err(ParseError::new(start, "this quote is not closed")),
            Some('\'') => {
                let raw = cursor.since(inner);
                let raw = raw.strip_suffix('\'').unwrap_or(raw).to_owned();
                return Ok(Argument::Text { raw, value: Value::String(value) });
            }
            Some('\\') => match cursor.next() {
                Some(c @ ('\'' | '{' | '}' | '\\')) => value.push(c),
                _ => {
                    return Err(ParseError::new(before, "a backslash stands in front of ', {, } or \\ only"));
                }
            },
            Some(c) => value.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::check;
    use serde_json::json;

    fn refused(call: &str) -> String {
        check(call, &json!({}))
    }

    #[test]
    fn texts_that_are_no_calls() {
        insta::assert_snapshot!(refused("States.Formt('x')"), @"no call: there is no function 'States.Formt'; 'States.Format' is probably meant (at character 1)");
        insta::assert_snapshot!(refused("States.Frobnicate()"), @"no call: there is no function 'States.Frobnicate' (at character 1)");
        insta::assert_snapshot!(refused("States.ArrayLength()"), @"no call: 'States.ArrayLength' takes 1 arguments, not 0 (at character 1)");
        insta::assert_snapshot!(refused("States.MathRandom(1)"), @"no call: 'States.MathRandom' takes 2 to 3 arguments, not 1 (at character 1)");
        insta::assert_snapshot!(refused("States.Format()"), @"no call: 'States.Format' takes at least 1 arguments, not 0 (at character 1)");
        insta::assert_snapshot!(refused("States.Array('a"), @"no call: this quote is not closed (at character 14)");
        insta::assert_snapshot!(refused(r"States.Array('\n')"), @r"no call: a backslash stands in front of ', {, } or \ only (at character 15)");
        insta::assert_snapshot!(refused("States.Array(1 2)"), @"no call: expected ',' or ')' (at character 16)");
        insta::assert_snapshot!(refused("States.Array(1,)"), @"no call: expected a path, a text in single quotes, a number, true, false, null or a call (at character 16)");
        insta::assert_snapshot!(refused("States.UUID() x"), @"no call: 'x' cannot stand behind a call (at character 15)");
        insta::assert_snapshot!(refused("States.Array"), @"no call: expected '(' (at character 13)");
        let deep = |n: usize| format!("{}{}", "States.Array(".repeat(n), ")".repeat(n));
        assert!(!refused(&deep(10)).starts_with("no call"));
        insta::assert_snapshot!(refused(&deep(11)), @"no call: calls nest at most 10 deep (at character 131)");
    }

    #[test]
    fn literals_and_escapes() {
        insta::assert_snapshot!(refused(r"States.Array('it\'s', '\\ \{\}', 1, -2.5, true, null, States.Array( ))"), @r#"["it's","\\ {}",1,-2.5,true,null,[]]"#);
    }
}
