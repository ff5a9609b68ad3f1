//! Reading the journal when a store is opened: everything after what the tables hold.

use crate::disk::Disk;
use crate::entry::Entry;
use crate::frame::{self, Frame, HEADER_BYTES, HeaderFound, SegmentHeader};
use crate::segments::{Closed, file_name, number_of, wrong};
use partita_kernel::codec::Reader;
use partita_store::StoreError;
use std::path::Path;

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Found {
    /// The number of the last entry.
    pub(crate) durable: u64,
    /// The segments that are there.
    pub(crate) closed: Vec<Closed>,
    /// The number that the next segment gets.
    pub(crate) next_number: u64,
    /// Frames at the end that were not whole, and so were never acknowledged.
    pub(crate) torn: u64,
    /// Whole frames read.
    pub(crate) frames: u64,
}

struct Segment {
    number: u64,
    length: u64,
    header: Option<SegmentHeader>,
}

/// Reads all entries after `position`, in order.
///
/// # Errors
/// [`StoreError::Corrupt`] when an entry is missing or damaged that must have been whole, and what `take`
/// returns.
pub(crate) fn replay(
    disk: &dyn Disk,
    folder: &Path,
    position: u64,
    take: &mut dyn FnMut(u64, Entry) -> Result<(), StoreError>,
) -> Result<Found, StoreError> {
    let segments = list(disk, folder)?;
    read_all(disk, folder, &segments, position, position, take)
}

/// Reads all entries that are still there, also those that the tables hold already, to check them.
///
/// # Errors
/// As [`replay`].
pub(crate) fn verify(
    disk: &dyn Disk,
    folder: &Path,
    position: u64,
    take: &mut dyn FnMut(u64, Entry) -> Result<(), StoreError>,
) -> Result<Found, StoreError> {
    let segments = list(disk, folder)?;
    let first = segments
        .iter()
        .find_map(|segment| segment.header)
        .map_or(position, |header| header.first.saturating_sub(1));
    read_all(disk, folder, &segments, first.min(position), position, take)
}

/// Reads the entries after `from`; those up to `position` may be missing.
fn read_all(
    disk: &dyn Disk,
    folder: &Path,
    segments: &[Segment],
    from: u64,
    position: u64,
    take: &mut dyn FnMut(u64, Entry) -> Result<(), StoreError>,
) -> Result<Found, StoreError> {
    let mut found = Found { durable: from, next_number: 1, ..Found::default() };
    if let Some(last) = segments.last() {
        found.next_number = last.number + 1;
    }
    for (index, segment) in segments.iter().enumerate() {
        let next = segments.iter().skip(index + 1).find_map(|next| next.header);
        let blank_follows = segments.get(index + 1).is_some_and(|next| next.header.is_none());
        let last = match (segment.header, next) {
            (None, Some(next)) if next.first > found.durable.max(position) + 1 => {
                return Err(damaged(folder, segment.number, 0, "its header is damaged"));
            }
            (None, Some(next)) => next.first.saturating_sub(1),
            (None, None) => blank(disk, folder, segment)?,
            (Some(_), Some(next)) if next.first <= from + 1 => next.first.saturating_sub(1),
            (Some(header), next) => {
                let mut tail =
                    Tail { folder, segment, header, next, blank_follows, from, position, found: &mut found };
                tail.read(disk, take)?
            }
        };
        found.closed.push(Closed { number: segment.number, last, length: segment.length });
    }
    Ok(found)
}

fn list(disk: &dyn Disk, folder: &Path) -> Result<Vec<Segment>, StoreError> {
    let files = match disk.list(folder) {
        Ok(files) => files,
        // A copy that was made by a backup and never opened has none: everything is in its tables.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(wrong(&error, "reading the journal's folder")),
    };
    let mut segments = Vec::new();
    for (name, length) in files {
        let Some(number) = number_of(&name) else { continue };
        let header = read_header(disk, &folder.join(&name), number, length)?;
        segments.push(Segment { number, length, header });
    }
    segments.sort_by_key(|segment| segment.number);
    Ok(segments)
}

fn read_header(
    disk: &dyn Disk,
    path: &Path,
    number: u64,
    length: u64,
) -> Result<Option<SegmentHeader>, StoreError> {
    if length < HEADER_BYTES as u64 {
        return Ok(None);
    }
    let mut bytes = [0; HEADER_BYTES];
    let read = disk.open(path).and_then(|file| file.read_at(&mut bytes, 0));
    read.map_err(|error| wrong(&error, "reading the journal"))?;
    match SegmentHeader::find(&bytes, number) {
        HeaderFound::Valid(header) => Ok(Some(header)),
        HeaderFound::None => Ok(None),
        HeaderFound::OtherVersion(version) => Err(StoreError::Version(format!(
            "journal/{} has the format {version} and this program reads {}; use the version of Partita that wrote it",
            file_name(number),
            frame::FORMAT
        ))),
    }
}

/// A last segment without a header: never begun, or its first write is torn. The first frame's beginning
/// shares a sector with the header, so when there is a whole frame, it is the header that is damaged.
fn blank(disk: &dyn Disk, folder: &Path, segment: &Segment) -> Result<u64, StoreError> {
    let bytes = read_segment(disk, folder, segment)?;
    if let Some(first) = frame::claimed_first(&bytes, HEADER_BYTES) {
        let header = SegmentHeader { number: segment.number, first };
        if frame::frame_at(&bytes, HEADER_BYTES, header).is_some() {
            return Err(damaged(folder, segment.number, 0, "its header is damaged"));
        }
    }
    Ok(0)
}

fn read_segment(disk: &dyn Disk, folder: &Path, segment: &Segment) -> Result<Vec<u8>, StoreError> {
    let path = folder.join(file_name(segment.number));
    let mut bytes = vec![0; usize::try_from(segment.length).unwrap_or(usize::MAX)];
    let read = disk.open(&path).and_then(|file| {
        file.read_at(&mut bytes, 0)?;
        // After a kill, what is read may be only in the system's cache. It becomes visible now, so it must
        // be durable now.
        file.sync()
    });
    read.map_err(|error| wrong(&error, "reading the journal"))?;
    Ok(bytes)
}

fn damaged(folder: &Path, number: u64, offset: usize, why: &str) -> StoreError {
    let path = folder.join(file_name(number));
    StoreError::Corrupt(format!(
        "{} at byte {offset}: {why}; `partita store check` says what is readable and what is lost",
        path.display()
    ))
}

struct Tail<'a> {
    folder: &'a Path,
    segment: &'a Segment,
    header: SegmentHeader,
    next: Option<SegmentHeader>,
    /// Whether the very next segment has no header: what is missing may be in that one.
    blank_follows: bool,
    from: u64,
    position: u64,
    found: &'a mut Found,
}

impl Tail<'_> {
    /// Reads a segment and returns the number of its last entry.
    fn read(
        &mut self,
        disk: &dyn Disk,
        take: &mut dyn FnMut(u64, Entry) -> Result<(), StoreError>,
    ) -> Result<u64, StoreError> {
        if self.header.first > self.found.durable.max(self.position) + 1 {
            let why =
                format!("the entries {} to {} are missing", self.found.durable + 1, self.header.first - 1);
            return Err(self.damaged(0, &why));
        }
        let bytes = read_segment(disk, self.folder, self.segment)?;
        let mut expected = self.header.first;
        let mut offset = HEADER_BYTES;
        while self.next.is_none_or(|next| expected < next.first)
            && let Some(frame) = frame::frame_at(&bytes, offset, self.header)
            && frame.first == expected
        {
            self.read_frame(&frame, offset, take)?;
            expected += u64::from(frame.count);
            offset = frame.end;
            self.found.frames += 1;
        }
        self.check_end(&bytes, offset, expected)?;
        self.found.durable = self.found.durable.max(expected.saturating_sub(1));
        Ok(expected.saturating_sub(1))
    }

    fn read_frame(
        &self,
        frame: &Frame<'_>,
        offset: usize,
        take: &mut dyn FnMut(u64, Entry) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let last = frame.first + u64::from(frame.count);
        if last <= self.from + 1 {
            return Ok(());
        }
        let mut reader = Reader::new(frame.body);
        for sequence in frame.first..last {
            let entry = Entry::get(&mut reader).map_err(|error| {
                self.damaged(offset, &format!("the entry {sequence} cannot be read: {error}"))
            })?;
            if sequence > self.from {
                take(sequence, entry)?;
            }
        }
        Ok(())
    }

    /// Whether the segment may end here. A frame is written only after the one before it was synced, so a
    /// whole frame after a broken one proves damage; nothing behind it means that it was torn.
    fn check_end(&mut self, bytes: &[u8], offset: usize, expected: u64) -> Result<(), StoreError> {
        match self.next {
            Some(next) if next.first == expected || next.first <= self.position + 1 => Ok(()),
            Some(_) if self.blank_follows && frame::next_frame(bytes, offset, self.header).is_none() => {
                Ok(())
            }
            Some(next) => {
                let why =
                    format!("the entries {expected} to {} cannot be read", next.first.saturating_sub(1));
                Err(self.damaged(offset, &why))
            }
            None => {
                if let Some(later) = frame::next_frame(bytes, offset, self.header) {
                    let why =
                        format!("the entry {expected} is damaged, but what follows at byte {later} is whole");
                    return Err(self.damaged(offset, &why));
                }
                if frame::claimed_first(bytes, offset) == Some(expected) {
                    self.found.torn += 1;
                }
                Ok(())
            }
        }
    }

    fn damaged(&self, offset: usize, why: &str) -> StoreError {
        damaged(self.folder, self.segment.number, offset, why)
    }
}
