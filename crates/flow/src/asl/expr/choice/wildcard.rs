//! Patterns of `StringMatches`.

/// A pattern in which `*` stands for any characters; `\*` is an asterisk and `\\` a backslash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wildcard {
    /// The texts between the asterisks; there is one more of them than asterisks.
    parts: Vec<String>,
}

impl Wildcard {
    /// Reads a pattern. There is nothing that a pattern cannot be.
    pub fn parse(pattern: &str) -> Self {
        let mut parts = Vec::new();
        let mut part = String::new();
        let mut rest = pattern.chars().peekable();
        while let Some(c) = rest.next() {
            match (c, rest.peek()) {
                ('*', _) => parts.push(std::mem::take(&mut part)),
                ('\\', Some('*' | '\\')) => part.extend(rest.next()),
                _ => part.push(c),
            }
        }
        parts.push(part);
        Self { parts }
    }

    /// Whether the whole text matches, in time linear in the text.
    pub fn matches(&self, text: &str) -> bool {
        let Some((first, others)) = self.parts.split_first() else { return false };
        let Some(text) = text.strip_prefix(first.as_str()) else { return false };
        let Some((last, middle)) = others.split_last() else { return text.is_empty() };
        // Each part taken at its first place leaves the most for the parts after it.
        let rest =
            middle.iter().try_fold(text, |rest, part| rest.split_once(part.as_str()).map(|(_, rest)| rest));
        rest.is_some_and(|rest| rest.ends_with(last.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::Wildcard;

    fn check(pattern: &str, yes: &[&str], no: &[&str]) {
        let wildcard = Wildcard::parse(pattern);
        for text in yes {
            assert!(wildcard.matches(text), "'{pattern}' should match '{text}'");
        }
        for text in no {
            assert!(!wildcard.matches(text), "'{pattern}' should not match '{text}'");
        }
    }

    #[test]
    fn asterisks_stand_for_anything() {
        check(
            "log-*.txt",
            &["log-.txt", "log-1.txt", "log-a.txt.txt"],
            &["log.txt", "log-1.txtx", "xlog-1.txt"],
        );
        check("*", &["", "x"], &[]);
        check("", &[""], &["x"]);
        check("a*b*c", &["abc", "axbxc", "abbc"], &["ab", "acb", "abcd"]);
        check("a*a", &["aa", "aba"], &["a"]);
        check("**", &["", "x"], &[]);
    }

    #[test]
    fn escapes_are_taken_as_they_are() {
        check(r"a\*b", &["a*b"], &["axb", r"a\xb"]);
        check(r"a\\*", &[r"a\", r"a\x"], &["a*", "a"]);
        check(r"a\b\", &[r"a\b\"], &["ab"]);
    }

    #[test]
    fn long_texts_take_no_longer_than_they_are() {
        let wildcard = Wildcard::parse(&"a*".repeat(1000));
        assert!(!wildcard.matches(&"ab".repeat(900)));
        assert!(Wildcard::parse("*a*a*a*a*b").matches(&format!("{}b", "a".repeat(1_000_000))));
    }
}
