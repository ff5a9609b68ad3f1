//! From a problem to its place in the text.

use super::problem::Problem;
use super::spans::{Inner, Node, read};
use super::text::Format;
use std::ops::Range;

/// A problem with its place in the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed {
    /// The problem.
    pub problem: Problem,
    /// Where it is, as a JSON pointer (RFC 6901): empty for the definition itself.
    pub pointer: String,
    /// Where that is in the text.
    pub place: Place,
}

/// A part of a text. Lines and columns count from 1, columns in UTF-16 code units as editors do; the end is what
/// comes after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The line in which it begins.
    pub line: usize,
    /// The column in which it begins.
    pub column: usize,
    /// The line in which it ends.
    pub end_line: usize,
    /// The column after its last character.
    pub end_column: usize,
}

/// Finds the places of problems in the text that they are about.
///
/// Of a member whose value is an object or a list, the name alone is meant: so a problem of a whole state does not
/// cover its fields.
#[must_use]
pub fn locate(text: &str, format: Format, problems: Vec<Problem>) -> Vec<Placed> {
    let lines = Lines::of(text);
    let tree = read(text, format);
    let broken = if tree.is_none() || problems.iter().any(|problem| !problem.pointer.starts_with('/')) {
        breaks_at(text, format, &lines)
    } else {
        None
    };
    let placed = |problem: Problem| {
        let (pointer, bytes) = match (&tree, problem.pointer.starts_with('/'), &broken) {
            (Some(tree), true, _) => found(tree, &problem.pointer),
            (_, _, Some(at)) => (String::new(), text.len().min(*at)..text.len().min(*at)),
            (tree, ..) => (String::new(), tree.as_ref().map_or(0..0, |tree| beginning(text, tree))),
        };
        let bytes = first_line(text, visible(text, bytes));
        Placed { problem, pointer, place: lines.place(text, &bytes) }
    };
    problems.into_iter().map(placed).collect()
}

/// Where a text stops being JSON or YAML.
fn breaks_at(text: &str, format: Format, lines: &Lines) -> Option<usize> {
    match format {
        Format::Json => {
            let error = serde_json::from_str::<serde::de::IgnoredAny>(text).err()?;
            // It counts bytes, and the column is that of the last one that it has read.
            Some(lines.start(error.line()) + error.column().saturating_sub(1))
        }
        Format::Yaml => {
            let error = serde_saphyr::from_str::<serde_json::Value>(text).err()?;
            let location = error.location()?;
            let line = usize::try_from(location.line()).ok()?;
            let column = usize::try_from(location.column()).ok()?;
            let rest = text.get(lines.start(line)..)?;
            let before = rest.chars().take_while(|c| *c != '\n').take(column.saturating_sub(1));
            Some(lines.start(line) + before.map(char::len_utf8).sum::<usize>())
        }
    }
}

/// At least one character, if there is one.
fn visible(text: &str, bytes: Range<usize>) -> Range<usize> {
    if !bytes.is_empty() {
        return bytes;
    }
    let start = (0..=bytes.start).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    let length = text.get(start..).and_then(|rest| rest.chars().next()).filter(|c| *c != '\n');
    start..start + length.map_or(0, char::len_utf8)
}

/// What of it is in its first line; long blocks are not covered whole.
fn first_line(text: &str, bytes: Range<usize>) -> Range<usize> {
    let shown = text.get(bytes.clone()).unwrap_or_default();
    let length =
        shown.find('\n').map_or(shown.len(), |end| shown.get(..end).unwrap_or_default().trim_end().len());
    bytes.start..bytes.start + length
}

/// The part of a value that stands for it.
fn beginning(text: &str, node: &Node) -> Range<usize> {
    let Range { start, end } = node.bytes;
    match (&node.inner, text.as_bytes().get(start)) {
        (Inner::List(_) | Inner::Members(_), Some(b'{' | b'[')) => start..start + 1,
        _ => start..end,
    }
}

/// A part of a pointer.
enum Part {
    Name(String),
    Index(usize),
}

/// The JSON pointer and the bytes of what a problem's pointer means: of the last part that there is.
///
/// The checker writes names as they are, so a name may have slashes: the way that goes furthest is meant.
fn found(tree: &Node, pointer: &str) -> (String, Range<usize>) {
    let way = way(tree, pointer.trim_end_matches('/'));
    let mut written = String::new();
    for part in &way.parts {
        written.push('/');
        match part {
            Part::Name(name) => written.push_str(&escaped(name)),
            Part::Index(index) => written.push_str(&index.to_string()),
        }
    }
    (written, way.bytes)
}

/// A way into a tree, and how much of the pointer it did not follow.
struct Way {
    parts: Vec<Part>,
    bytes: Range<usize>,
    left: usize,
}

fn way(node: &Node, rest: &str) -> Way {
    let own = match &node.inner {
        Inner::Scalar => node.bytes.clone(),
        _ => node.bytes.start..node.bytes.start + 1,
    };
    let mut best = Way { parts: Vec::new(), bytes: own, left: rest.len() };
    match &node.inner {
        Inner::Scalar => {}
        // The last of members of the same name is the one that counts.
        Inner::Members(members) => {
            for member in members.iter().rev() {
                let Some(after) = after(rest, &member.name) else { continue };
                let mut way = way(&member.value, after);
                if way.parts.is_empty() && !matches!(member.value.inner, Inner::Scalar) {
                    way.bytes = member.key.clone();
                }
                way.parts.insert(0, Part::Name(member.name.clone()));
                if way.left < best.left {
                    best = way;
                }
            }
        }
        Inner::List(items) => {
            if let Some((index, after)) = indexed(rest)
                && let Some(item) = items.get(index)
            {
                best = way(item, after);
                best.parts.insert(0, Part::Index(index));
            }
        }
    }
    best
}

/// What follows a name at the beginning of a pointer.
fn after<'p>(pointer: &'p str, name: &str) -> Option<&'p str> {
    let rest = pointer.strip_prefix('/')?.strip_prefix(name)?;
    (rest.is_empty() || rest.starts_with(['/', '['])).then_some(rest)
}

/// A position in a list at the beginning of a pointer, `[3]` or `/3`, and what follows it.
fn indexed(pointer: &str) -> Option<(usize, &str)> {
    let inner = pointer.strip_prefix(['/', '['])?;
    let digits = inner.bytes().take_while(u8::is_ascii_digit).count();
    let (number, rest) = inner.split_at_checked(digits)?;
    Some((number.parse().ok()?, rest.strip_prefix(']').unwrap_or(rest)))
}

/// A name as a part of a JSON pointer.
#[must_use]
pub fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// Where lines begin.
struct Lines(Vec<usize>);

impl Lines {
    fn of(text: &str) -> Self {
        Self(std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect())
    }

    /// The byte at which a line begins, counted from 1.
    fn start(&self, line: usize) -> usize {
        self.0.get(line.saturating_sub(1)).or(self.0.last()).copied().unwrap_or(0)
    }

    fn place(&self, text: &str, bytes: &Range<usize>) -> Place {
        let (line, column) = self.position(text, bytes.start);
        let (end_line, end_column) = self.position(text, bytes.end);
        Place { line, column, end_line, end_column }
    }

    fn position(&self, text: &str, at: usize) -> (usize, usize) {
        let line = self.0.partition_point(|start| *start <= at).max(1);
        let before = text.get(self.start(line)..at).unwrap_or_default();
        (line, before.encode_utf16().count() + 1)
    }
}

#[cfg(test)]
#[path = "place_tests.rs"]
mod tests;
