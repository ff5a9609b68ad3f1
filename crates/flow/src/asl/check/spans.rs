//! Where the values of a text are: a tree of them with their places, for JSON and for YAML.
//!
//! It is made when somebody asks where a problem is, of a text that was read before.

use super::text::Format;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_saphyr::Spanned;
use std::fmt;
use std::ops::Range;

/// How deep values are looked into; what is deeper has the place of what it is in. As deep as the reader of JSON goes.
const DEPTH: usize = 128;

/// A value of a text.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Node {
    /// Its bytes.
    pub(super) bytes: Range<usize>,
    pub(super) inner: Inner,
}

/// What is in a value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Inner {
    Scalar,
    List(Vec<Node>),
    Members(Vec<Member>),
}

/// A member of an object: its name, the bytes of its name, and its value.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Member {
    pub(super) name: String,
    pub(super) key: Range<usize>,
    pub(super) value: Node,
}

impl Node {
    fn scalar(bytes: Range<usize>) -> Self {
        Self { bytes, inner: Inner::Scalar }
    }
}

/// The tree of a text; `None` when it cannot be read.
pub(super) fn read(text: &str, format: Format) -> Option<Node> {
    match format {
        Format::Json => Json { text, at: 0 }.value(0),
        Format::Yaml => yaml(text),
    }
}

/// A reader of JSON that looks for places and nothing else: `serde_json` has read the text before, and said what is
/// wrong with it.
struct Json<'t> {
    text: &'t str,
    at: usize,
}

impl Json<'_> {
    fn value(&mut self, depth: usize) -> Option<Node> {
        self.space();
        let start = self.at;
        let inner = match self.peek()? {
            b'{' if depth < DEPTH => Inner::Members(self.members(depth)?),
            b'[' if depth < DEPTH => Inner::List(self.items(depth)?),
            b'"' => {
                self.string()?;
                Inner::Scalar
            }
            _ => {
                self.skip(|byte| !matches!(byte, b',' | b']' | b'}') && !byte.is_ascii_whitespace());
                Inner::Scalar
            }
        };
        (self.at > start).then_some(Node { bytes: start..self.at, inner })
    }

    fn members(&mut self, depth: usize) -> Option<Vec<Member>> {
        let mut members = Vec::new();
        self.at += 1;
        while self.more(b'}')? {
            let start = self.at;
            let name = self.string()?;
            let key = start..self.at;
            self.space();
            self.take(b':')?;
            members.push(Member { name, key, value: self.value(depth + 1)? });
        }
        Some(members)
    }

    fn items(&mut self, depth: usize) -> Option<Vec<Node>> {
        let mut items = Vec::new();
        self.at += 1;
        while self.more(b']')? {
            items.push(self.value(depth + 1)?);
        }
        Some(items)
    }

    /// Whether there is another part before the end, which is taken.
    fn more(&mut self, end: u8) -> Option<bool> {
        self.space();
        if self.peek()? == b',' {
            self.at += 1;
            self.space();
        }
        if self.peek()? == end {
            self.at += 1;
            return Some(false);
        }
        Some(true)
    }

    /// The string that begins here, without its escapes.
    fn string(&mut self) -> Option<String> {
        let start = self.at;
        self.take(b'"')?;
        loop {
            match self.peek()? {
                b'"' => break,
                b'\\' => self.at += 2,
                _ => self.at += 1,
            }
        }
        self.at += 1;
        serde_json::from_str(self.text.get(start..self.at)?).ok()
    }

    fn take(&mut self, byte: u8) -> Option<()> {
        (self.peek()? == byte).then(|| self.at += 1)
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn space(&mut self) {
        self.skip(|byte| byte.is_ascii_whitespace());
    }

    fn skip(&mut self, which: impl Fn(u8) -> bool) {
        while self.peek().is_some_and(&which) {
            self.at += 1;
        }
    }
}

fn yaml(text: &str) -> Option<Node> {
    let value: Spanned<Yaml> = serde_saphyr::from_str(text).ok()?;
    Some(placed(value, text))
}

/// A value of YAML with the places of what is in it.
enum Yaml {
    Scalar,
    List(Vec<Spanned<Yaml>>),
    Members(Vec<(Spanned<String>, Spanned<Yaml>)>),
}

/// The bytes at which the library saw a value begin and end.
fn bytes<T>(value: &Spanned<T>, text: &str) -> Range<usize> {
    let span = value.referenced.span();
    let (start, length) = (span.byte_offset().unwrap_or(0), span.byte_len().unwrap_or(0));
    let at = |place: u64| usize::try_from(place).unwrap_or(usize::MAX).min(text.len());
    let (start, end) = (at(start), at(start.saturating_add(length)));
    // Blocks end with line breaks, which nobody means.
    let shown = text.get(start..end).unwrap_or_default().trim_end().len();
    start..start + shown
}

fn placed(value: Spanned<Yaml>, text: &str) -> Node {
    let own = bytes(&value, text);
    match value.value {
        Yaml::Scalar => Node::scalar(own),
        Yaml::List(items) => {
            let items: Vec<Node> = items.into_iter().map(|item| placed(item, text)).collect();
            let end = items.last().map_or(own.end, |last| last.bytes.end.max(own.end));
            Node { bytes: own.start..end, inner: Inner::List(items) }
        }
        Yaml::Members(members) => {
            let members: Vec<Member> = members
                .into_iter()
                .map(|(key, value)| Member {
                    key: bytes(&key, text),
                    name: key.value,
                    value: placed(value, text),
                })
                .collect();
            let end = members.last().map_or(own.end, |last| last.value.bytes.end.max(own.end));
            let start = members.first().map_or(own.start, |first| first.key.start.min(own.start));
            Node { bytes: start..end, inner: Inner::Members(members) }
        }
    }
}

impl<'de> Deserialize<'de> for Yaml {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(YamlVisitor)
    }
}

struct YamlVisitor;

impl<'de> Visitor<'de> for YamlVisitor {
    type Value = Yaml;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_bool<E>(self, _: bool) -> Result<Yaml, E> {
        Ok(Yaml::Scalar)
    }
    fn visit_i64<E>(self, _: i64) -> Result<Yaml, E> {
        Ok(Yaml::Scalar)
    }
    fn visit_u64<E>(self, _: u64) -> Result<Yaml, E> {
        Ok(Yaml::Scalar)
    }
    fn visit_i128<E>(self, _: i128) -> Result<Yaml, E> {
        Ok(Yaml::Scalar)
    }
    fn visit_u128<E>(self, _: u128) -> Result<Yaml, E> {
        Ok(Yaml::Scalar)
    }
    fn visit_f64<E>(self, _: f64) -> Result<Yaml, E> {
        Ok(Yaml::Scalar)
    }
    fn visit_str<E>(self, _: &str) -> Result<Yaml, E> {
        Ok(Yaml::Scalar)
    }
    fn visit_bytes<E>(self, _: &[u8]) -> Result<Yaml, E> {
        Ok(Yaml::Scalar)
    }
    fn visit_unit<E>(self) -> Result<Yaml, E> {
        Ok(Yaml::Scalar)
    }
    fn visit_none<E>(self) -> Result<Yaml, E> {
        Ok(Yaml::Scalar)
    }
    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Yaml, D::Error> {
        deserializer.deserialize_any(self)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Yaml, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = list.next_element()? {
            items.push(item);
        }
        Ok(Yaml::List(items))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Yaml, A::Error> {
        let mut members = Vec::new();
        while let Some(key) = map.next_key()? {
            members.push((key, map.next_value()?));
        }
        Ok(Yaml::Members(members))
    }
    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<Yaml, D::Error> {
        IgnoredAny::deserialize(deserializer).map(|_| Yaml::Scalar)
    }
}
