//! Where the frames of a spool lie: in memory, among those of others in a scratch file, or in a file of the cache.

use std::io;
use std::ops::Range;
use std::sync::Arc;

use super::scratch::Growing;
use super::{FileSource, Source as _};
use crate::cache::Pin;

/// Where frames lie. Cheap to clone.
#[derive(Clone, Default)]
pub(super) enum Store {
    /// There are none.
    #[default]
    Nothing,
    /// The only one.
    Memory(Arc<Vec<u8>>),
    /// Where frames are added.
    Growing(Arc<Growing>),
    /// A whole file in the cache.
    Cached(Arc<FileSource>, Arc<Pin>),
}

impl Store {
    /// The bytes of a frame.
    pub fn read(&self, range: Range<u64>) -> io::Result<Vec<u8>> {
        let mut frame = vec![0; usize::try_from(range.end - range.start).map_err(io::Error::other)?];
        match self {
            Self::Nothing => return Err(io::ErrorKind::NotFound.into()),
            Self::Memory(only) => return Ok(only.to_vec()),
            Self::Growing(growing) => growing.read(&mut frame, range.start)?,
            Self::Cached(file, _) => read_exact(file, range.start, &mut frame)?,
        }
        Ok(frame)
    }

    /// The very same store.
    pub fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Nothing, Self::Nothing) => true,
            (Self::Memory(one), Self::Memory(two)) => Arc::ptr_eq(one, two),
            (Self::Growing(one), Self::Growing(two)) => Arc::ptr_eq(one, two),
            (Self::Cached(one, _), Self::Cached(two, _)) => Arc::ptr_eq(one, two),
            _ => false,
        }
    }

    /// Throws the file away, if it would be found again: it does not hold what it should. One that another process has
    /// put in its place stays.
    pub fn discard(&self) {
        if let Self::Cached(file, pin) = self {
            let (device, inode, ..) = file.identity();
            if FileSource::identity_at(file.path()).is_some_and(|found| (found.0, found.1) == (device, inode)) {
                pin.remove();
            }
        }
    }
}

pub(super) fn read_exact(file: &FileSource, offset: u64, buf: &mut [u8]) -> io::Result<()> {
    let mut filled = 0;
    while filled < buf.len() {
        match file.read_at(offset + filled as u64, &mut buf[filled..]).map_err(io::Error::other)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            count => filled += count,
        }
    }
    Ok(())
}
