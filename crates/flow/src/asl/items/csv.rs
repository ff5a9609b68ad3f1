//! Comma-separated values (RFC 4180), with other delimiters as well.

use serde_json::{Map, Value};

/// Rows of fields. Fields in quotes may hold delimiters, line breaks, and quotes twice.
pub(super) struct Rows<'t> {
    rest: &'t str,
    delimiter: char,
}

impl<'t> Rows<'t> {
    pub(super) fn new(text: &'t str, delimiter: char) -> Self {
        Self { rest: text.strip_prefix('\u{feff}').unwrap_or(text), delimiter }
    }

    /// One field; whether the row ends with it.
    fn field(&mut self) -> (String, bool) {
        let mut field = String::new();
        let mut quoted = false;
        let mut chars = self.rest.char_indices().peekable();
        while let Some((at, c)) = chars.next() {
            let after = at + c.len_utf8();
            match c {
                '"' if quoted => match chars.peek() {
                    Some((_, '"')) => {
                        chars.next();
                        field.push('"');
                    }
                    _ => quoted = false,
                },
                '"' if field.is_empty() => quoted = true,
                c if quoted => field.push(c),
                c if c == self.delimiter => return self.done(after, field, false),
                '\n' => return self.done(after, field, true),
                '\r' if matches!(chars.peek(), Some((_, '\n')) | None) => {}
                c => field.push(c),
            }
        }
        let end = self.rest.len();
        self.done(end, field, true)
    }

    fn done(&mut self, after: usize, field: String, last: bool) -> (String, bool) {
        self.rest = self.rest.get(after..).unwrap_or_default();
        (field, last)
    }
}

impl Iterator for Rows<'_> {
    type Item = Vec<String>;

    fn next(&mut self) -> Option<Vec<String>> {
        while !self.rest.is_empty() {
            let mut row = Vec::new();
            loop {
                let (field, last) = self.field();
                row.push(field);
                if last {
                    break;
                }
            }
            // Empty lines are no rows.
            if row.iter().any(|field| !field.is_empty()) {
                return Some(row);
            }
        }
        None
    }
}

/// A row as an object: fields that are missing are empty, those that are too many are dropped.
pub(super) fn object(headers: &[String], row: Vec<String>) -> Value {
    let fields = row.into_iter().map(Value::String).chain(std::iter::repeat(Value::String(String::new())));
    Value::Object(headers.iter().cloned().zip(fields).collect::<Map<_, _>>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn rows_are_read() {
        let rows = |text, delimiter| Rows::new(text, delimiter).collect::<Vec<_>>();
        assert_eq!(
            rows("a,b\r\n1,\"x,\"\"y\"\"\n2\"\n\n3,", ','),
            [["a", "b"], ["1", "x,\"y\"\n2"], ["3", ""]]
        );
        assert_eq!(rows("a|b", '|'), [["a", "b"]]);
        assert_eq!(rows("", ','), Vec::<Vec<String>>::new());
    }

    #[test]
    fn rows_become_objects() {
        let headers = ["a".to_owned(), "b".to_owned()];
        assert_eq!(object(&headers, vec!["1".into()]), json!({"a": "1", "b": ""}));
        assert_eq!(object(&headers, vec!["1".into(), "2".into(), "3".into()]), json!({"a": "1", "b": "2"}));
    }
}
