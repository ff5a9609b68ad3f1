//! The form of a journal segment: a header, then frames one after another.
//!
//! A frame is what one group commit wrote and synced: all of it is there or none. Its checksum covers the
//! segment's number and first entry too, so a frame that an earlier life of a recycled file left behind never counts.

/// The version of the journal's form. Readers refuse any other.
pub(crate) const FORMAT: u32 = 1;
/// Bytes of a segment's header.
pub(crate) const HEADER_BYTES: usize = 32;
/// Bytes of a frame before its body.
pub(crate) const FRAME_BYTES: usize = 24;

const SEGMENT_MAGIC: &[u8; 8] = b"PARTITAJ";
const FRAME_MAGIC: [u8; 4] = *b"pFrm";
const ALIGNMENT: usize = 8;

/// What a segment says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SegmentHeader {
    /// The number in its name.
    pub(crate) number: u64,
    /// The sequence number of its first entry.
    pub(crate) first: u64,
}

/// How a segment begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HeaderFound {
    /// With its own header.
    Valid(SegmentHeader),
    /// With the header of another version of Partita.
    OtherVersion(u32),
    /// It was never begun, or its first write is torn.
    None,
}

impl SegmentHeader {
    pub(crate) fn encode(self) -> [u8; HEADER_BYTES] {
        let mut bytes = [0; HEADER_BYTES];
        let fields = SEGMENT_MAGIC
            .iter()
            .copied()
            .chain(FORMAT.to_le_bytes())
            .chain(self.checksum().to_le_bytes())
            .chain(self.number.to_le_bytes())
            .chain(self.first.to_le_bytes());
        for (slot, byte) in bytes.iter_mut().zip(fields) {
            *slot = byte;
        }
        bytes
    }

    fn checksum(self) -> u32 {
        let crc = crc32c::crc32c(&self.number.to_le_bytes());
        crc32c::crc32c_append(crc, &self.first.to_le_bytes())
    }

    /// Reads the header of segment `number`.
    pub(crate) fn find(bytes: &[u8], number: u64) -> HeaderFound {
        if bytes.get(..8) != Some(SEGMENT_MAGIC.as_slice()) {
            return HeaderFound::None;
        }
        let (Some(format), Some(crc), Some(found), Some(first)) =
            (u32_at(bytes, 8), u32_at(bytes, 12), u64_at(bytes, 16), u64_at(bytes, 24))
        else {
            return HeaderFound::None;
        };
        let header = Self { number: found, first };
        match format {
            FORMAT if crc == header.checksum() && found == number => HeaderFound::Valid(header),
            FORMAT => HeaderFound::None,
            other => HeaderFound::OtherVersion(other),
        }
    }
}

/// A frame found in a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Frame<'a> {
    /// The sequence number of its first entry.
    pub(crate) first: u64,
    /// How many entries it holds.
    pub(crate) count: u32,
    /// The entries.
    pub(crate) body: &'a [u8],
    /// Where the next frame begins.
    pub(crate) end: usize,
}

/// Begins a frame at the end of `buffer`: leaves room for what [`finish`] fills in.
pub(crate) fn begin(buffer: &mut Vec<u8>) {
    buffer.extend_from_slice(&[0; FRAME_BYTES]);
}

/// Fills in the frame that begins at `start` of `buffer` and ends with it, and pads it. `None` when it is too
/// long for a frame.
pub(crate) fn finish(
    buffer: &mut Vec<u8>,
    start: usize,
    segment: SegmentHeader,
    first: u64,
    count: u32,
) -> Option<()> {
    let frame = buffer.get_mut(start..)?;
    let length = u32::try_from(frame.len().checked_sub(FRAME_BYTES)?).ok()?;
    let fields = first.to_le_bytes().into_iter().chain(length.to_le_bytes()).chain(count.to_le_bytes());
    for (slot, byte) in frame.iter_mut().skip(8).zip(fields) {
        *slot = byte;
    }
    let crc = checksum(segment, frame.get(8..)?);
    let fields = FRAME_MAGIC.into_iter().chain(crc.to_le_bytes());
    for (slot, byte) in frame.iter_mut().zip(fields) {
        *slot = byte;
    }
    let whole = frame.len().next_multiple_of(ALIGNMENT);
    buffer.resize(start + whole, 0);
    Some(())
}

/// The frame of `segment` at `offset`, if there is a whole one.
pub(crate) fn frame_at(bytes: &[u8], offset: usize, segment: SegmentHeader) -> Option<Frame<'_>> {
    let rest = bytes.get(offset..)?;
    if rest.get(..4)? != FRAME_MAGIC {
        return None;
    }
    let (crc, first) = (u32_at(rest, 4)?, u64_at(rest, 8)?);
    let (length, count) = (usize::try_from(u32_at(rest, 16)?).ok()?, u32_at(rest, 20)?);
    let whole = FRAME_BYTES.checked_add(length)?;
    if checksum(segment, rest.get(8..whole)?) != crc {
        return None;
    }
    let body = rest.get(FRAME_BYTES..whole)?;
    Some(Frame { first, count, body, end: offset + whole.next_multiple_of(ALIGNMENT) })
}

/// The offset of the next whole frame of `segment` at or after `offset`.
pub(crate) fn next_frame(bytes: &[u8], offset: usize, segment: SegmentHeader) -> Option<usize> {
    let start = offset.next_multiple_of(ALIGNMENT);
    (start..bytes.len()).step_by(ALIGNMENT).find(|at| frame_at(bytes, *at, segment).is_some())
}

/// The number of the first entry that the bytes at `offset` claim to hold, if they claim to be a frame.
pub(crate) fn claimed_first(bytes: &[u8], offset: usize) -> Option<u64> {
    let rest = bytes.get(offset..)?;
    if rest.get(..4)? == FRAME_MAGIC { u64_at(rest, 8) } else { None }
}

fn checksum(segment: SegmentHeader, rest: &[u8]) -> u32 {
    crc32c::crc32c_append(segment.checksum(), rest)
}

fn u32_at(bytes: &[u8], offset: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(offset..offset + 4)?.try_into().ok()?))
}

fn u64_at(bytes: &[u8], offset: usize) -> Option<u64> {
    Some(u64::from_le_bytes(bytes.get(offset..offset + 8)?.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segment(number: u64) -> SegmentHeader {
        SegmentHeader { number, first: 1 }
    }

    fn frame(number: u64, first: u64, body: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        begin(&mut bytes);
        bytes.extend_from_slice(body);
        finish(&mut bytes, 0, segment(number), first, 1).unwrap();
        bytes
    }

    #[test]
    fn frames_read_back_only_in_their_own_segment() {
        let bytes = frame(7, 41, b"hello");
        assert_eq!(
            frame_at(&bytes, 0, segment(7)),
            Some(Frame { first: 41, count: 1, body: b"hello", end: 32 })
        );
        assert_eq!(frame_at(&bytes, 0, segment(8)), None);
    }

    #[test]
    fn a_flipped_bit_anywhere_is_noticed() {
        let good = frame(1, 1, b"some body");
        for bit in 0..(FRAME_BYTES + 9) * 8 {
            let mut bad = good.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(frame_at(&bad, 0, segment(1)), None, "bit {bit}");
        }
    }

    #[test]
    fn a_frame_after_damage_is_found() {
        let mut bytes = frame(1, 1, b"first");
        let second = bytes.len();
        bytes.extend(frame(1, 2, b"second"));
        bytes[10] ^= 1;
        assert_eq!(next_frame(&bytes, 0, segment(1)), Some(second));
    }

    #[test]
    fn headers_read_back_and_name_other_versions() {
        let header = SegmentHeader { number: 3, first: 9 };
        let mut bytes = header.encode();
        assert_eq!(SegmentHeader::find(&bytes, 3), HeaderFound::Valid(header));
        assert_eq!(SegmentHeader::find(&bytes, 4), HeaderFound::None);
        bytes[8] = 9;
        assert_eq!(SegmentHeader::find(&bytes, 3), HeaderFound::OtherVersion(9));
    }
}
