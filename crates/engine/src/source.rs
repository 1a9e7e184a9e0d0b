//! A source: a sequence of bytes that can be read at any offset.

mod arrivals;
mod budget;
mod file;
mod frames;
mod growing;
mod identity;
mod memory;
mod packed;
mod packing;
mod scratch;
mod spool;
mod store;

pub use arrivals::Arrivals;
pub use budget::DiskBudget;
pub use file::FileSource;
pub use growing::{GrowingFile, Look, begin_mark, mark_before, name_mark};
pub use identity::FileIdentity;
#[cfg(test)]
pub(crate) use identity::ends_of;
pub(crate) use identity::{hash_before, hash_first};
pub use memory::MemorySource;
pub use packing::Packing;
pub use spool::{Followed, SpoolSource, Spools};

use std::ops::Range;

use record::Timestamp;

use crate::Error;

/// A sequence of bytes, read at offsets by several threads at once.
///
/// What was read once reads the same again, or fails: an implementation tells replaced and shortened files by an
/// error, never by other bytes.
pub trait Source: Send + Sync {
    /// Reads bytes from `offset` on into `buf`, as many as come at once, and tells how many.
    ///
    /// Nought is the end of the source, and only that. Blocks until bytes are there.
    ///
    /// # Errors
    ///
    /// What [`Error`] lists, with the source's name and the offset.
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<usize, Error>;

    /// The bytes of a stretch, as far as the source has them. Blocks until they are there.
    ///
    /// # Errors
    ///
    /// Those of [`Self::read_at`].
    fn read_stretch(&self, bytes: Range<u64>) -> Result<Vec<u8>, Error> {
        let count = bytes.end.saturating_sub(bytes.start);
        let mut read = vec![0; usize::try_from(count).unwrap_or_default()];
        let mut filled = 0;
        while filled < read.len() {
            match self.read_at(bytes.start + filled as u64, &mut read[filled..])? {
                0 => break,
                count => filled += count,
            }
        }
        read.truncate(filled);
        Ok(read)
    }

    /// Its length in bytes, where that is known before it was read to the end.
    fn bytes(&self) -> Option<u64>;

    /// Its bytes in all: while it grows, more than those of the lines that count.
    fn bytes_written(&self) -> Option<u64> {
        self.bytes()
    }

    /// When it was last changed: the time of lines in a source without times.
    fn modified(&self) -> Timestamp;

    /// When the byte at `offset` arrived, and where bytes begin that arrived later; none where nobody noted it. The time of
    /// lines in a source without times, before [`Self::modified`].
    fn arrived(&self, _offset: u64) -> Option<(Timestamp, u64)> {
        None
    }

    /// What tells the file that it is read from, in its present state, from any other; none where there is none.
    ///
    /// Reads the file's first and last bytes. What is known of a source without it is not kept over a restart.
    fn file_identity(&self) -> Option<FileIdentity> {
        None
    }
}
