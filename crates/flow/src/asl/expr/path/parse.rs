//! The grammar of paths.

use super::filter;
use super::function::Function;
use super::{Path, Step};

use super::super::ParseError;

/// The longest path, in bytes, and the most steps of one; the service allows far less.
const LONGEST: usize = 64 * 1024;
const MOST_STEPS: usize = 1024;

/// A place in a text that is being read.
pub(crate) struct Cursor<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Cursor<'t> {
    pub(crate) fn new(text: &'t str) -> Self {
        Self { text, at: 0 }
    }

    pub(crate) fn at(&self) -> usize {
        self.at
    }

    pub(crate) fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    pub(crate) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    pub(crate) fn next(&mut self) -> Option<char> {
        let next = self.peek()?;
        self.at += next.len_utf8();
        Some(next)
    }

    pub(crate) fn eat(&mut self, token: &str) -> bool {
        let found = self.rest().starts_with(token);
        if found {
            self.at += token.len();
        }
        found
    }

    pub(crate) fn skip_space(&mut self) {
        self.take_while(char::is_whitespace);
    }

    pub(crate) fn take_while(&mut self, mut wanted: impl FnMut(char) -> bool) -> &'t str {
        let rest = self.rest();
        let length = rest.find(|c| !wanted(c)).unwrap_or(rest.len());
        self.at += length;
        rest.get(..length).unwrap_or_default()
    }

    /// The text between `from` and here.
    pub(crate) fn since(&self, from: usize) -> &'t str {
        self.text.get(from..self.at).unwrap_or_default()
    }

    pub(crate) fn error(&self, message: impl Into<String>) -> ParseError {
        ParseError::new(self.at, message)
    }

    pub(crate) fn expect(&mut self, token: &str) -> Result<(), ParseError> {
        if self.eat(token) { Ok(()) } else { Err(self.error(format!("expected '{token}'"))) }
    }

    /// A quoted text, of which the opening quote is next. A backslash takes the next character as it is.
    pub(crate) fn quoted(&mut self) -> Result<String, ParseError> {
        let start = self.at;
        let quote = self.next();
        let mut text = String::new();
        loop {
            match self.next() {
                None => return Err(ParseError::new(start, "this quote is not closed")),
                c if c == quote => return Ok(text),
                Some('\\') => text.extend(self.next()),
                Some(c) => text.push(c),
            }
        }
    }

    fn integer(&mut self) -> Result<i64, ParseError> {
        let start = self.at;
        self.eat("-");
        self.take_while(|c| c.is_ascii_digit());
        let text = self.since(start);
        text.parse().map_err(|_| ParseError::new(start, "expected an index, a name in quotes, '*' or '?('"))
    }
}

pub(super) fn whole(text: &str) -> Result<Path, ParseError> {
    if text.len() > LONGEST {
        return Err(ParseError::new(LONGEST, format!("a path has at most {LONGEST} bytes")));
    }
    let mut cursor = Cursor::new(text);
    cursor.expect("$").map_err(|_| ParseError::new(0, "a path begins with '$'"))?;
    let path = after_root(&mut cursor, 0, Inside::Nothing, 0)?;
    match cursor.peek() {
        None => Ok(path),
        Some(c) => Err(cursor.error(format!("'{c}' cannot stand here"))),
    }
}

/// What a path stands in, which decides where its names end.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Inside {
    Nothing,
    /// An argument of an intrinsic function ends at a comma or a parenthesis.
    Call,
    Filter,
}

/// The steps that follow a `$` or `@` which begins at `start` and has been read.
pub(crate) fn after_root(
    cursor: &mut Cursor<'_>,
    start: usize,
    inside: Inside,
    depth: usize,
) -> Result<Path, ParseError> {
    let mut steps = Vec::new();
    let mut function = None;
    while function.is_none() && steps.len() < MOST_STEPS {
        if cursor.eat("..") {
            steps.push(Step::Deep);
            if cursor.peek() == Some('[') {
                continue;
            }
            steps.push(dotted(cursor, inside)?);
        } else if cursor.eat(".") {
            let from = cursor.at();
            let step = dotted(cursor, inside)?;
            match (&step, cursor.peek()) {
                (Step::Name(name), Some('(')) => function = Some(call(cursor, from, name)?),
                _ => steps.push(step),
            }
        } else if cursor.eat("[") {
            steps.push(bracketed(cursor, depth)?);
        } else {
            break;
        }
    }
    if matches!(steps.last(), Some(Step::Deep)) {
        return Err(cursor.error("a path cannot end with '..'"));
    }
    if steps.len() >= MOST_STEPS {
        return Err(cursor.error(format!("a path has at most {MOST_STEPS} steps")));
    }
    Ok(Path { text: cursor.since(start).into(), steps, function })
}

/// What follows a dot.
fn dotted(cursor: &mut Cursor<'_>, inside: Inside) -> Result<Step, ParseError> {
    if cursor.eat("*") {
        return Ok(Step::Wildcard);
    }
    let name = cursor.take_while(|c| !ends_name(c, inside));
    if name.is_empty() {
        return Err(cursor.error("expected a name or '*' after '.'"));
    }
    Ok(Step::Name(name.to_owned()))
}

fn ends_name(c: char, inside: Inside) -> bool {
    let always = matches!(c, '.' | '[' | '(' | '\'' | '"') || c.is_whitespace() || c.is_control();
    always
        || match inside {
            Inside::Nothing => matches!(c, ')' | ']'),
            Inside::Call => matches!(c, ')' | ']' | ','),
            Inside::Filter => matches!(c, ')' | ']' | ',' | '=' | '!' | '<' | '>' | '&' | '|' | '~'),
        }
}

/// `()` behind a name, which begins at `from`.
fn call(cursor: &mut Cursor<'_>, from: usize, name: &str) -> Result<Function, ParseError> {
    cursor.expect("(")?;
    cursor.skip_space();
    cursor.expect(")").map_err(|e| ParseError::new(e.at, "functions in paths take no arguments"))?;
    Function::named(name).ok_or_else(|| {
        ParseError::new(
            from,
            format!("there is no function '{name}()' in paths; there are {}", Function::NAMES),
        )
    })
}

/// What stands in brackets, of which the opening one has been read.
fn bracketed(cursor: &mut Cursor<'_>, depth: usize) -> Result<Step, ParseError> {
    cursor.skip_space();
    let step = match cursor.peek() {
        Some('*') => {
            cursor.next();
            Step::Wildcard
        }
        Some('\'' | '"') => names(cursor)?,
        Some('?') => {
            cursor.next();
            Step::Filter(filter::parse(cursor, depth)?)
        }
        _ => indexes(cursor)?,
    };
    cursor.skip_space();
    cursor.expect("]")?;
    Ok(step)
}

fn names(cursor: &mut Cursor<'_>) -> Result<Step, ParseError> {
    let first = cursor.quoted()?;
    let mut all = vec![first];
    cursor.skip_space();
    while cursor.eat(",") {
        cursor.skip_space();
        if !matches!(cursor.peek(), Some('\'' | '"')) {
            return Err(cursor.error("expected another name in quotes"));
        }
        all.push(cursor.quoted()?);
        cursor.skip_space();
    }
    Ok(match <[String; 1]>::try_from(all) {
        Ok([only]) => Step::Name(only),
        Err(all) => Step::Names(all),
    })
}

fn indexes(cursor: &mut Cursor<'_>) -> Result<Step, ParseError> {
    let first = if cursor.peek() == Some(':') { None } else { Some(cursor.integer()?) };
    cursor.skip_space();
    if cursor.eat(":") {
        cursor.skip_space();
        let to = if cursor.peek() == Some(']') { None } else { Some(cursor.integer()?) };
        return Ok(Step::Slice(first, to));
    }
    let mut all: Vec<i64> = first.into_iter().collect();
    while cursor.eat(",") {
        cursor.skip_space();
        all.push(cursor.integer()?);
        cursor.skip_space();
    }
    Ok(match <[i64; 1]>::try_from(all) {
        Ok([only]) => Step::Index(only),
        Err(all) => Step::Indexes(all),
    })
}

#[cfg(test)]
mod tests {
    use super::super::super::ParseError;
    use super::Path;

    fn kind(text: &str) -> (bool, bool) {
        let path = Path::parse(text).unwrap();
        (path.is_definite(), path.is_reference())
    }

    fn refused(text: &str) -> String {
        Path::parse(text).map(|_| ()).map_err(|e: ParseError| e.to_string()).unwrap_err()
    }

    #[test]
    fn kinds_of_paths() {
        for text in
            ["$", "$.a", "$.delivery-partner.sub-values", "$['a b'].c[0]", "$.a[-1]", "$.ä.日本", "$[0]"]
        {
            assert_eq!(kind(text), (true, true), "{text}");
        }
        for text in
            ["$.*", "$[*]", "$..a", "$.a[0:2]", "$.a[1:]", "$.a[:1]", "$.a[0,2]", "$['a','b']", "$[?(@.x)]"]
        {
            assert_eq!(kind(text), (false, false), "{text}");
        }
        assert_eq!(kind("$.a.length()"), (true, false));
    }

    #[test]
    fn texts_that_are_no_paths() {
        insta::assert_snapshot!(refused(""), @"a path begins with '$' (at character 1)");
        insta::assert_snapshot!(refused("a.b"), @"a path begins with '$' (at character 1)");
        insta::assert_snapshot!(refused("$.a b"), @"' ' cannot stand here (at character 4)");
        insta::assert_snapshot!(refused("$."), @"expected a name or '*' after '.' (at character 3)");
        insta::assert_snapshot!(refused("$.."), @"expected a name or '*' after '.' (at character 4)");
        insta::assert_snapshot!(refused("$[a]"), @"expected an index, a name in quotes, '*' or '?(' (at character 3)");
        insta::assert_snapshot!(refused("$['a"), @"this quote is not closed (at character 3)");
        insta::assert_snapshot!(refused("$.a[0"), @"expected ']' (at character 6)");
        insta::assert_snapshot!(refused("$.a.frob()"), @"there is no function 'frob()' in paths; there are length, size, min, max, avg, sum, stddev, keys, first, last (at character 5)");
        insta::assert_snapshot!(refused("$[99999999999999999999]"), @"expected an index, a name in quotes, '*' or '?(' (at character 3)");
    }
}
