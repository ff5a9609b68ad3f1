//! The stored form: compact, versioned, and self-describing per event.
//!
//! Integers are variable-length (LEB128, zigzag where signed), texts carry their length, structures are
//! their fields in order. Each variant of an enumeration is written as its tag, its schema version and
//! its length, so that a reader can name, skip or refuse what it does not know. Tags are never reused
//! and the fields of a schema version never change (`docs/adr`).

use alloc::{boxed::Box, collections::BTreeMap, sync::Arc, vec::Vec};
use core::fmt;

/// Why stored bytes cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DecodeError {
    /// The bytes end in the middle of something.
    Truncated {
        /// Where the reader stood.
        offset: usize,
    },
    /// Text that is not UTF-8.
    NotText {
        /// Where the text began.
        offset: usize,
    },
    /// A number out of its range.
    BadNumber {
        /// Where the number began.
        offset: usize,
    },
    /// A variant that this version does not know: the data comes from a later one.
    UnknownTag {
        /// What was being read.
        what: &'static str,
        /// Its tag.
        tag: u8,
    },
    /// A schema version that this version does not know.
    UnknownVersion {
        /// What was being read.
        what: &'static str,
        /// Its schema version.
        version: u8,
    },
    /// Bytes are left over.
    Trailing {
        /// How many.
        bytes: usize,
    },
    /// Nested deeper than anything that Partita writes.
    TooDeep,
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Truncated { offset } => write!(f, "the record ends early, at byte {offset}"),
            Self::NotText { offset } => write!(f, "the text at byte {offset} is not UTF-8"),
            Self::BadNumber { offset } => write!(f, "the number at byte {offset} is out of range"),
            Self::UnknownTag { what, tag } => {
                write!(
                    f,
                    "{what} of the unknown kind {tag}: written by a later version of Partita, or damaged"
                )
            }
            Self::UnknownVersion { what, version } => {
                write!(
                    f,
                    "{what} in the unknown schema version {version}: written by a later version of Partita"
                )
            }
            Self::Trailing { bytes } => write!(f, "{bytes} bytes are left over after the record"),
            Self::TooDeep => f.write_str("the record is nested too deeply"),
        }
    }
}

impl core::error::Error for DecodeError {}

/// A value with a stored form.
pub trait Wire: Sized {
    /// Appends the stored form.
    fn put(&self, w: &mut Writer);
    /// Reads it back.
    ///
    /// # Errors
    /// When the bytes are not what `put` wrote.
    fn get(r: &mut Reader<'_>) -> Result<Self, DecodeError>;

    /// The stored form alone.
    fn to_bytes(&self) -> Vec<u8> {
        let mut w = Writer::default();
        self.put(&mut w);
        w.into_bytes()
    }

    /// Reads exactly one value.
    ///
    /// # Errors
    /// When the bytes are not exactly what `put` wrote.
    fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut r = Reader::new(bytes);
        let value = Self::get(&mut r)?;
        match r.remaining() {
            0 => Ok(value),
            bytes => Err(DecodeError::Trailing { bytes }),
        }
    }
}

/// Writes stored forms one after another.
#[derive(Default)]
pub struct Writer {
    buffer: Vec<u8>,
}

impl Writer {
    /// Goes on at the end of `buffer`.
    #[must_use]
    pub fn append_to(buffer: Vec<u8>) -> Self {
        Self { buffer }
    }
    /// What was written.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.buffer
    }
    /// One byte.
    pub fn u8(&mut self, value: u8) {
        self.buffer.push(value);
    }
    /// An unsigned number.
    pub fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            #[allow(clippy::cast_possible_truncation)] // the low seven bits are meant
            self.buffer.push(value as u8 | 0x80);
            value >>= 7;
        }
        #[allow(clippy::cast_possible_truncation)] // below 0x80 here
        self.buffer.push(value as u8);
    }
    /// Bytes whose number the reader knows.
    pub fn bytes(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }
    /// Text with its length.
    pub fn text(&mut self, text: &str) {
        self.varint(text.len() as u64);
        self.bytes(text.as_bytes());
    }
    /// What `body` writes, with its length before it.
    pub fn framed(&mut self, body: impl FnOnce(&mut Self)) {
        let start = self.buffer.len();
        self.buffer.push(0); // nearly every body is shorter than 128 bytes
        body(self);
        let length = self.buffer.len() - start - 1;
        if let (Ok(short @ 0..0x80), Some(slot)) = (u8::try_from(length), self.buffer.get_mut(start)) {
            *slot = short;
            return;
        }
        let body: Vec<u8> = self.buffer.drain(start + 1..).collect();
        self.buffer.truncate(start);
        self.varint(length as u64);
        self.bytes(&body);
    }
}

/// Reads stored forms one after another.
pub struct Reader<'a> {
    bytes: &'a [u8],
    offset: usize,
    depth: u8,
}

impl<'a> Reader<'a> {
    const MAX_DEPTH: u8 = 64;

    /// Reads from the start of `bytes`.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, offset: 0, depth: 0 }
    }
    /// How many bytes are left.
    #[must_use]
    pub fn remaining(&self) -> usize {
        self.bytes.len() - self.offset
    }
    /// The next `count` bytes.
    ///
    /// # Errors
    /// When there are fewer.
    pub fn take(&mut self, count: usize) -> Result<&'a [u8], DecodeError> {
        let taken = self
            .offset
            .checked_add(count)
            .and_then(|end| self.bytes.get(self.offset..end))
            .ok_or(DecodeError::Truncated { offset: self.offset })?;
        self.offset += count;
        Ok(taken)
    }
    /// The next `N` bytes.
    ///
    /// # Errors
    /// When there are fewer.
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let offset = self.offset;
        self.take(N)?.try_into().map_err(|_| DecodeError::Truncated { offset })
    }
    /// One byte.
    ///
    /// # Errors
    /// When there is none.
    pub fn u8(&mut self) -> Result<u8, DecodeError> {
        self.array::<1>().map(|[byte]| byte)
    }
    /// An unsigned number.
    ///
    /// # Errors
    /// When it is cut off or too large.
    pub fn varint(&mut self) -> Result<u64, DecodeError> {
        let start = self.offset;
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.u8()?;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                return Err(DecodeError::BadNumber { offset: start });
            }
            value |= bits << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(DecodeError::BadNumber { offset: start })
    }
    /// A length or count that the remaining bytes could hold.
    ///
    /// # Errors
    /// When they could not.
    pub fn length(&mut self) -> Result<usize, DecodeError> {
        let offset = self.offset;
        match usize::try_from(self.varint()?) {
            Ok(length) if length <= self.remaining() => Ok(length),
            _ => Err(DecodeError::Truncated { offset }),
        }
    }
    /// Text with its length.
    ///
    /// # Errors
    /// When it is cut off or not UTF-8.
    pub fn text(&mut self) -> Result<&'a str, DecodeError> {
        let length = self.length()?;
        let offset = self.offset;
        core::str::from_utf8(self.take(length)?).map_err(|_| DecodeError::NotText { offset })
    }
    /// A body with its length before it.
    ///
    /// # Errors
    /// When it is cut off.
    pub fn frame(&mut self) -> Result<Reader<'a>, DecodeError> {
        let length = self.length()?;
        Ok(Reader { bytes: self.take(length)?, offset: 0, depth: self.depth })
    }
    fn deeper<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, DecodeError>,
    ) -> Result<T, DecodeError> {
        if self.depth == Self::MAX_DEPTH {
            return Err(DecodeError::TooDeep);
        }
        self.depth += 1;
        let value = read(self);
        self.depth -= 1;
        value
    }
}

impl Wire for bool {
    fn put(&self, w: &mut Writer) {
        w.u8(u8::from(*self));
    }
    fn get(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(r.u8()? != 0)
    }
}
impl Wire for u64 {
    fn put(&self, w: &mut Writer) {
        w.varint(*self);
    }
    fn get(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        r.varint()
    }
}
impl Wire for u32 {
    fn put(&self, w: &mut Writer) {
        w.varint(u64::from(*self));
    }
    fn get(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let offset = r.offset;
        r.varint()?.try_into().map_err(|_| DecodeError::BadNumber { offset })
    }
}
impl Wire for i32 {
    fn put(&self, w: &mut Writer) {
        let wide = i64::from(*self);
        w.varint(((wide << 1) ^ (wide >> 63)).cast_unsigned());
    }
    fn get(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let offset = r.offset;
        let raw = r.varint()?;
        let wide = (raw >> 1).cast_signed() ^ -((raw & 1).cast_signed());
        wide.try_into().map_err(|_| DecodeError::BadNumber { offset })
    }
}
impl Wire for Arc<str> {
    fn put(&self, w: &mut Writer) {
        w.text(self);
    }
    fn get(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(r.text()?.into())
    }
}
impl<T: Wire> Wire for Option<T> {
    fn put(&self, w: &mut Writer) {
        self.is_some().put(w);
        if let Some(value) = self {
            value.put(w);
        }
    }
    fn get(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        bool::get(r)?.then(|| T::get(r)).transpose()
    }
}
impl<T: Wire> Wire for Box<T> {
    fn put(&self, w: &mut Writer) {
        (**self).put(w);
    }
    fn get(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        r.deeper(|r| T::get(r).map(Self::new))
    }
}
impl<T: Wire> Wire for Vec<T> {
    fn put(&self, w: &mut Writer) {
        w.varint(self.len() as u64);
        for value in self {
            value.put(w);
        }
    }
    fn get(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let count = r.length()?; // every element takes at least one byte
        (0..count).map(|_| T::get(r)).collect()
    }
}
impl<K: Wire + Ord, V: Wire> Wire for BTreeMap<K, V> {
    fn put(&self, w: &mut Writer) {
        w.varint(self.len() as u64);
        for (key, value) in self {
            key.put(w);
            value.put(w);
        }
    }
    fn get(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let count = r.length()?;
        (0..count).map(|_| Ok((K::get(r)?, V::get(r)?))).collect()
    }
}
impl<A: Wire, B: Wire> Wire for (A, B) {
    fn put(&self, w: &mut Writer) {
        self.0.put(w);
        self.1.put(w);
    }
    fn get(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok((A::get(r)?, B::get(r)?))
    }
}

/// Declares a structure whose stored form is its fields in order. One that is stored by itself, and not as
/// a part of something that has a version, is declared `versioned`: then its schema version comes first.
macro_rules! record {
    ($(#[$meta:meta])* versioned pub struct $($rest:tt)*) => {
        $crate::codec::record! { @ [1_u8] $(#[$meta])* pub struct $($rest)* }
    };
    ($(#[$meta:meta])* pub struct $($rest:tt)*) => {
        $crate::codec::record! { @ [] $(#[$meta])* pub struct $($rest)* }
    };
    (@ [$($version:literal)?] $(#[$meta:meta])* pub struct $name:ident {
        $($(#[$field_meta:meta])* pub $field:ident: $type:ty,)*
    }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct $name { $($(#[$field_meta])* pub $field: $type,)* }

        impl $crate::codec::Wire for $name {
            fn put(&self, #[allow(unused_variables)] w: &mut $crate::codec::Writer) {
                $(w.u8($version);)?
                $($crate::codec::Wire::put(&self.$field, w);)*
            }
            fn get(#[allow(unused_variables)] r: &mut $crate::codec::Reader<'_>)
                -> Result<Self, $crate::codec::DecodeError> {
                $(match r.u8()? {
                    $version => {}
                    version => {
                        let what = stringify!($name);
                        return Err($crate::codec::DecodeError::UnknownVersion { what, version });
                    }
                })?
                Ok(Self { $($field: $crate::codec::Wire::get(r)?,)* })
            }
        }
    };
}
pub(crate) use record;

/// Declares an enumeration whose variants are stored as tag, schema version, length and fields.
macro_rules! variants {
    ($(#[$meta:meta])* pub enum $name:ident {
        $($(#[$variant_meta:meta])* $tag:literal => $variant:ident $({
            $($(#[$field_meta:meta])* $field:ident: $type:ty,)*
        })?,)*
    }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum $name {
            $($(#[$variant_meta])* $variant $({ $($(#[$field_meta])* $field: $type,)* })?,)*
        }

        impl $name {
            /// The names of all variants, in the order in which they are declared.
            pub const KINDS: &'static [&'static str] = &[$(stringify!($variant),)*];

            /// The variant's name.
            #[must_use]
            pub fn kind(&self) -> &'static str {
                match self { $(Self::$variant $({ $($field: _,)* })? => stringify!($variant),)* }
            }
        }

        impl $crate::codec::Wire for $name {
            fn put(&self, w: &mut $crate::codec::Writer) {
                match self {
                    $(Self::$variant $({ $($field,)* })? => {
                        w.u8($tag);
                        w.u8(1);
                        w.framed(|#[allow(unused_variables)] w| { $($($crate::codec::Wire::put($field, w);)*)? });
                    })*
                }
            }
            fn get(r: &mut $crate::codec::Reader<'_>) -> Result<Self, $crate::codec::DecodeError> {
                let (tag, version) = (r.u8()?, r.u8()?);
                #[allow(unused_mut)]
                let mut body = r.frame()?;
                if version != 1 {
                    return Err($crate::codec::DecodeError::UnknownVersion { what: stringify!($name), version });
                }
                let value = match tag {
                    $($tag => Self::$variant $({ $($field: $crate::codec::Wire::get(&mut body)?,)* })?,)*
                    tag => return Err($crate::codec::DecodeError::UnknownTag { what: stringify!($name), tag }),
                };
                match body.remaining() {
                    0 => Ok(value),
                    bytes => Err($crate::codec::DecodeError::Trailing { bytes }),
                }
            }
        }
    };
}
pub(crate) use variants;

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::{string::String, vec};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn numbers_read_back(unsigned: u64, signed: i32) {
            prop_assert_eq!(u64::from_bytes(&unsigned.to_bytes()), Ok(unsigned));
            prop_assert_eq!(i32::from_bytes(&signed.to_bytes()), Ok(signed));
        }

        #[test]
        fn frames_of_any_length_read_back(length in 0_usize..40_000) {
            let mut w = Writer::default();
            w.u8(7);
            w.framed(|w| w.bytes(&vec![3; length]));
            w.u8(9);
            let bytes = w.into_bytes();
            let mut r = Reader::new(&bytes);
            prop_assert_eq!(r.u8(), Ok(7));
            prop_assert_eq!(r.frame().map(|body| body.remaining()), Ok(length));
            prop_assert_eq!(r.u8(), Ok(9));
        }

        #[test]
        fn arbitrary_bytes_never_panic(bytes: Vec<u8>) {
            let _ = Vec::<(Arc<str>, Option<u64>)>::from_bytes(&bytes);
            let _ = crate::Event::from_bytes(&bytes);
            let _ = crate::Message::from_bytes(&bytes);
            let _ = crate::State::from_bytes(&bytes);
        }
    }

    #[test]
    fn a_cut_text_says_where() {
        let mut bytes = Arc::<str>::from("hello").to_bytes();
        bytes.pop();
        assert_eq!(Arc::<str>::from_bytes(&bytes), Err(DecodeError::Truncated { offset: 0 }));
    }

    #[test]
    fn deep_nesting_is_refused() {
        let failure = (0..100).fold(crate::Failure::new("E", "m"), |inner, _| {
            crate::Failure::new("E", String::from("m")).caused_by(inner)
        });
        assert_eq!(crate::Failure::from_bytes(&failure.to_bytes()), Err(DecodeError::TooDeep));
    }
}
