//! What tells the files of a growing source again by what is in them, whatever their names and inodes have become.

use std::ops::Range;

use xxhash_rust::xxh3::xxh3_64;

use super::{GrowingFile, Part};
use crate::Source;

/// Bytes of a file's first line that count.
const FIRST_BYTES: u64 = 1 << 10;

/// Bytes before a place that tell it from the same place in another file.
const BEFORE_BYTES: u64 = 256;

/// Bits of a hash: it stands in every event.
const BITS: u32 = 24;

impl GrowingFile {
    /// The files that it is made of: where the bytes of each lie in it, and a hash of its first line. None in its place where
    /// that cannot be read any more.
    #[must_use]
    pub fn files(&self) -> Vec<(Range<u64>, Option<u32>)> {
        self.parts().iter().map(|part| (part.start..part.file_end(), self.first_line(part))).collect()
    }

    fn first_line(&self, part: &Part) -> Option<u32> {
        if let Some(known) = part.first_line.get() {
            return Some(*known);
        }
        let first = part.start..part.file_end().min(part.start + FIRST_BYTES);
        let bytes = self.read_stretch(first.clone()).ok()?;
        if bytes.len() as u64 != first.end - first.start {
            return None;
        }
        let line = bytes.split_inclusive(|byte| *byte == b'\n').next().unwrap_or_default();
        let hash = hash(line);
        // One that has no end yet will be another.
        if line.ends_with(b"\n") || line.len() as u64 == FIRST_BYTES {
            part.first_line.get_or_init(|| hash);
        }
        Some(hash)
    }
}

/// A hash of a name, to be told beside one of these.
#[must_use]
pub fn name_mark(name: &str) -> u32 {
    hash(name.as_bytes())
}

/// A hash of the first line of a source that does not grow.
#[must_use]
pub fn begin_mark(source: &dyn Source) -> u32 {
    let bytes = source.read_stretch(0..FIRST_BYTES).unwrap_or_default();
    hash(bytes.split_inclusive(|byte| *byte == b'\n').next().unwrap_or_default())
}

/// A hash of what stands before `offset`, but not before `start`. None where the source ends before.
#[must_use]
pub fn mark_before(source: &dyn Source, offset: u64, start: u64) -> Option<u32> {
    let bytes = offset.saturating_sub(BEFORE_BYTES).max(start)..offset;
    let read = source.read_stretch(bytes.clone()).ok()?;
    (read.len() as u64 == bytes.end.saturating_sub(bytes.start)).then(|| hash(&read))
}

fn hash(bytes: &[u8]) -> u32 {
    u32::try_from(xxh3_64(bytes) >> (u64::BITS - BITS)).unwrap_or_default()
}
