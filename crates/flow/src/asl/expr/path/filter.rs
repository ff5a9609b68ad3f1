//! Filters: `[?(@.price < 10 && @.name =~ /x.*/)]`.

use std::borrow::Cow;

use regex::{Regex, RegexBuilder};
use serde_json::Value;

use super::super::{EvalError, ExprLimits, ParseError};
use super::function::length;
use super::parse::{Cursor, Inside, after_root};
use super::{Path, eval};

/// How deep parentheses and filters within filters may nest.
const DEEPEST: usize = 16;
/// How large a regular expression may become, in bytes of its compiled form.
const LARGEST_REGEX: usize = 1 << 20;

/// A condition on a value, called `@`.
#[derive(Debug, Clone)]
pub(crate) enum Filter {
    Any(Vec<Self>),
    All(Vec<Self>),
    Not(Box<Self>),
    Exists(Operand),
    Compare(Operand, Comparison, Operand),
    Matches(Operand, Regex),
}

#[derive(Debug, Clone)]
pub(crate) enum Operand {
    Current(Path),
    Root(Path),
    Literal(Value),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comparison {
    Equal,
    Different,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    In,
    NotIn,
    Contains,
    SubsetOf,
    AnyOf,
    NoneOf,
    Size,
    Empty,
}

/// The comparisons; a token that begins like another one comes first.
const COMPARISONS: [(&str, Comparison); 15] = [
    ("===", Comparison::Equal),
    ("==", Comparison::Equal),
    ("!=", Comparison::Different),
    ("<=", Comparison::LessOrEqual),
    ("<", Comparison::Less),
    (">=", Comparison::GreaterOrEqual),
    (">", Comparison::Greater),
    ("in ", Comparison::In),
    ("nin ", Comparison::NotIn),
    ("contains ", Comparison::Contains),
    ("subsetof ", Comparison::SubsetOf),
    ("anyof ", Comparison::AnyOf),
    ("noneof ", Comparison::NoneOf),
    ("size ", Comparison::Size),
    ("empty ", Comparison::Empty),
];

/// A filter in parentheses, which are next.
pub(super) fn parse(cursor: &mut Cursor<'_>, depth: usize) -> Result<Filter, ParseError> {
    if depth >= DEEPEST {
        return Err(cursor.error(format!("filters nest at most {DEEPEST} deep")));
    }
    cursor.skip_space();
    cursor.expect("(")?;
    let filter = any(cursor, depth + 1)?;
    cursor.skip_space();
    cursor.expect(")")?;
    Ok(filter)
}

fn any(cursor: &mut Cursor<'_>, depth: usize) -> Result<Filter, ParseError> {
    let mut filters = vec![all(cursor, depth)?];
    while separated(cursor, "||") {
        filters.push(all(cursor, depth)?);
    }
    Ok(Filter::Any(filters))
}

fn all(cursor: &mut Cursor<'_>, depth: usize) -> Result<Filter, ParseError> {
    let mut filters = vec![one(cursor, depth)?];
    while separated(cursor, "&&") {
        filters.push(one(cursor, depth)?);
    }
    Ok(Filter::All(filters))
}

fn separated(cursor: &mut Cursor<'_>, token: &str) -> bool {
    cursor.skip_space();
    cursor.eat(token)
}

fn one(cursor: &mut Cursor<'_>, depth: usize) -> Result<Filter, ParseError> {
    if depth >= DEEPEST {
        return Err(cursor.error(format!("filters nest at most {DEEPEST} deep")));
    }
    cursor.skip_space();
    if cursor.eat("!") {
        return Ok(Filter::Not(Box::new(one(cursor, depth + 1)?)));
    }
    if cursor.peek() == Some('(') {
        return parse(cursor, depth);
    }
    let left = operand(cursor, depth)?;
    cursor.skip_space();
    if cursor.eat("=~") {
        return Ok(Filter::Matches(left, regex(cursor)?));
    }
    let Some((_, comparison)) = COMPARISONS.into_iter().find(|(token, _)| cursor.eat(token)) else {
        return Ok(Filter::Exists(left));
    };
    cursor.skip_space();
    Ok(Filter::Compare(left, comparison, operand(cursor, depth)?))
}

fn operand(cursor: &mut Cursor<'_>, depth: usize) -> Result<Operand, ParseError> {
    let start = cursor.at();
    match cursor.peek() {
        Some('@') => {
            cursor.next();
            Ok(Operand::Current(after_root(cursor, start, Inside::Filter, depth)?))
        }
        Some('$') => {
            cursor.next();
            Ok(Operand::Root(after_root(cursor, start, Inside::Filter, depth)?))
        }
        _ => literal(cursor, depth).map(Operand::Literal),
    }
}

fn literal(cursor: &mut Cursor<'_>, depth: usize) -> Result<Value, ParseError> {
    match cursor.peek() {
        Some('\'' | '"') => cursor.quoted().map(Value::String),
        Some('[') if depth < DEEPEST => list(cursor, depth + 1),
        _ => {
            let start = cursor.at();
            let word = cursor.take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '+' | '.'));
            serde_json::from_str(word).map_err(|_| {
                ParseError::new(start, "expected '@', '$', a number, a text in quotes, true, false or null")
            })
        }
    }
}

fn list(cursor: &mut Cursor<'_>, depth: usize) -> Result<Value, ParseError> {
    cursor.expect("[")?;
    let mut items = Vec::new();
    loop {
        cursor.skip_space();
        if cursor.eat("]") {
            return Ok(Value::Array(items));
        }
        if !items.is_empty() {
            cursor.expect(",")?;
            cursor.skip_space();
        }
        items.push(literal(cursor, depth)?);
    }
}

/// `/pattern/flags`; a pattern matches a whole text, as in the Java library.
fn regex(cursor: &mut Cursor<'_>) -> Result<Regex, ParseError> {
    cursor.skip_space();
    let start = cursor.at();
    cursor.expect("/")?;
    let mut escaped = false;
    let pattern = cursor.take_while(|c| {
        let wanted = escaped || c != '/';
        escaped = c == '\\' && !escaped;
        wanted
    });
    cursor.expect("/").map_err(|_| ParseError::new(start, "this regular expression is not closed"))?;
    let flags = cursor.take_while(|c| c.is_ascii_alphabetic());
    RegexBuilder::new(&format!("^(?:{pattern})$"))
        .case_insensitive(flags.contains('i'))
        .multi_line(flags.contains('m'))
        .dot_matches_new_line(flags.contains('s'))
        .size_limit(LARGEST_REGEX)
        .build()
        .map_err(|error| ParseError::new(start, format!("this regular expression cannot be used: {error}")))
}

type Found<'v> = Option<Cow<'v, Value>>;

impl Filter {
    pub(super) fn accepts(
        &self,
        root: &Value,
        current: &Value,
        limits: &ExprLimits,
    ) -> Result<bool, EvalError> {
        match self {
            Self::Any(filters) => first(filters, true, root, current, limits),
            Self::All(filters) => first(filters, false, root, current, limits),
            Self::Not(filter) => Ok(!filter.accepts(root, current, limits)?),
            Self::Exists(operand) => {
                Ok(operand.find(root, current, limits)?.is_some_and(|found| exists(operand, &found)))
            }
            Self::Matches(operand, regex) => {
                let found = operand.find(root, current, limits)?;
                Ok(found.is_some_and(|value| value.as_str().is_some_and(|text| regex.is_match(text))))
            }
            Self::Compare(left, comparison, right) => {
                let left = left.find(root, current, limits)?;
                let right = right.find(root, current, limits)?;
                Ok(comparison.holds(&left, &right))
            }
        }
    }
}

/// Whether one of the filters gives `wanted` (for "or"), or else whether none does.
fn first(
    filters: &[Filter],
    wanted: bool,
    root: &Value,
    current: &Value,
    limits: &ExprLimits,
) -> Result<bool, EvalError> {
    for filter in filters {
        if filter.accepts(root, current, limits)? == wanted {
            return Ok(wanted);
        }
    }
    Ok(!wanted)
}

/// A list that a path gathered exists if something is in it.
fn exists(operand: &Operand, found: &Value) -> bool {
    match operand {
        Operand::Current(path) | Operand::Root(path) if !path.is_definite() => {
            found.as_array().is_some_and(|items| !items.is_empty())
        }
        Operand::Literal(value) => value != &Value::Bool(false) && !value.is_null(),
        _ => true,
    }
}

impl Operand {
    fn find<'v>(
        &'v self,
        root: &'v Value,
        current: &'v Value,
        limits: &ExprLimits,
    ) -> Result<Found<'v>, EvalError> {
        match self {
            Self::Current(path) => eval::find(path, root, current, limits),
            Self::Root(path) => eval::find(path, root, root, limits),
            Self::Literal(value) => Ok(Some(Cow::Borrowed(value))),
        }
    }
}

impl Comparison {
    fn holds(self, left: &Found<'_>, right: &Found<'_>) -> bool {
        let (Some(left), Some(right)) = (left.as_deref(), right.as_deref()) else {
            return self == Self::Different;
        };
        match self {
            Self::Equal => equal(left, right),
            Self::Different => !equal(left, right),
            Self::Less => order(left, right).is_some_and(std::cmp::Ordering::is_lt),
            Self::LessOrEqual => order(left, right).is_some_and(std::cmp::Ordering::is_le),
            Self::Greater => order(left, right).is_some_and(std::cmp::Ordering::is_gt),
            Self::GreaterOrEqual => order(left, right).is_some_and(std::cmp::Ordering::is_ge),
            Self::In => has(right, left),
            Self::NotIn => !has(right, left),
            Self::Contains => match (left, right) {
                (Value::String(text), Value::String(part)) => text.contains(part.as_str()),
                _ => has(left, right),
            },
            Self::SubsetOf => items(left).iter().all(|item| has(right, item)),
            Self::AnyOf => items(left).iter().any(|item| has(right, item)),
            Self::NoneOf => !items(left).iter().any(|item| has(right, item)),
            Self::Size => length(left).is_some_and(|count| right.as_u64() == u64::try_from(count).ok()),
            Self::Empty => length(left).is_some_and(|count| right.as_bool() == Some(count == 0)),
        }
    }
}

fn items(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn has(list: &Value, wanted: &Value) -> bool {
    items(list).iter().any(|item| equal(item, wanted))
}

/// A number and a text that reads like it are equal in this dialect.
fn equal(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(_), Value::Number(_)) => left.as_f64() == right.as_f64(),
        (Value::Number(number), Value::String(text)) | (Value::String(text), Value::Number(number)) => {
            text.parse::<f64>().ok() == number.as_f64()
        }
        _ => left == right,
    }
}

fn order(left: &Value, right: &Value) -> Option<std::cmp::Ordering> {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => left.as_f64()?.partial_cmp(&right.as_f64()?),
        (Value::String(left), Value::String(right)) => Some(left.cmp(right)),
        _ => None,
    }
}
