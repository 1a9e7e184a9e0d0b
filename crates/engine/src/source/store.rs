//! Where the frames of a spool lie: in memory, in a file that grows, or in a file of the cache.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::frames::{self, Table};
use super::{DiskBudget, FileSource, Source as _};
use crate::cache::{Cache, CacheKey, Part, Pin};

/// Where frames lie. Cheap to clone.
#[derive(Clone, Default)]
pub(super) enum Store {
    /// There are none.
    #[default]
    Nothing,
    /// The only one.
    Memory(Arc<Vec<u8>>),
    /// A file that frames are added to.
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
            Self::Growing(growing) => growing.file().read_exact_at(&mut frame, range.start)?,
            Self::Cached(file, _) => read_exact(file, range.start, &mut frame)?,
        }
        Ok(frame)
    }

    /// Throws the file away, if it would be found again: it does not hold what it should.
    pub fn discard(&self) {
        if let Self::Cached(_, pin) = self {
            pin.remove();
        }
    }
}

/// A file of frames that is gone with the process, or that may be kept once it is whole.
pub(super) struct Growing {
    file: GrowingFile,
    budget: Arc<DiskBudget>,
    /// Bytes taken from the budget.
    taken: AtomicU64,
}

enum GrowingFile {
    Unnamed(File),
    Part(Part),
}

/// Why frames could not be written.
pub(super) enum Full {
    /// The budget is used up: its bytes.
    Budget(u64),
    /// What the system said.
    System(io::Error),
}

impl Growing {
    /// A file that can be kept at `home`; where there is none, or no file can be made there, an unnamed one in `folder`.
    pub fn new(home: Option<&Home>, folder: &Path, budget: &Arc<DiskBudget>) -> io::Result<Self> {
        let file = match home.and_then(Home::part) {
            Some(part) => GrowingFile::Part(part),
            None => GrowingFile::Unnamed(tempfile::tempfile_in(folder)?),
        };
        Ok(Self { file, budget: Arc::clone(budget), taken: AtomicU64::new(0) })
    }

    /// Writes a frame at `start`, within the budget.
    pub fn write(&self, frame: &[u8], start: u64) -> Result<(), Full> {
        let bytes = frame.len() as u64;
        if !self.budget.take(bytes) {
            return Err(Full::Budget(self.budget.max()));
        }
        self.taken.fetch_add(bytes, Ordering::Relaxed);
        self.file().write_all_at(frame, start).map_err(Full::System)
    }

    /// The file, if it is one that may be kept.
    pub fn part(&self) -> Option<&Part> {
        match &self.file {
            GrowingFile::Unnamed(_) => None,
            GrowingFile::Part(part) => Some(part),
        }
    }

    fn file(&self) -> &File {
        match &self.file {
            GrowingFile::Unnamed(file) => file,
            GrowingFile::Part(part) => part.file(),
        }
    }
}

impl Drop for Growing {
    fn drop(&mut self) {
        self.budget.give_back(self.taken.load(Ordering::Relaxed));
    }
}

/// Where in a cache the text of a packed file belongs.
pub(super) struct Home {
    pub cache: Arc<Cache>,
    pub key: CacheKey,
    /// The packed file.
    pub file: Arc<FileSource>,
}

impl Home {
    /// The whole text, if it is there: its frames, their table and its length. What is there and is not whole is thrown
    /// away.
    pub fn find(&self) -> Option<(Store, Table, u64)> {
        let pin = self.cache.pin(self.key);
        let file = FileSource::open(pin.path()).ok()?;
        let read = |offset: u64, buf: &mut [u8]| read_exact(&file, offset, buf).ok();
        let Some((table, text_bytes)) = frames::read_trailer(file.identity().2, self.key.hash(), read) else {
            pin.remove();
            return None;
        };
        self.cache.mark_used(self.key);
        Some((Store::Cached(file, Arc::new(pin)), table, text_bytes))
    }

    /// The packed file is still as it was when it was opened.
    pub fn is_current(&self) -> bool {
        FileSource::identity_at(self.file.path()) == Some(self.file.identity())
    }

    /// A file that may be kept here. Where none can be made, the cache notes why.
    fn part(&self) -> Option<Part> {
        self.cache.part(self.key).map_err(|error| self.cache.note_trouble(error)).ok()
    }
}

fn read_exact(file: &FileSource, offset: u64, buf: &mut [u8]) -> io::Result<()> {
    let mut filled = 0;
    while filled < buf.len() {
        match file.read_at(offset + filled as u64, &mut buf[filled..]).map_err(io::Error::other)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            count => filled += count,
        }
    }
    Ok(())
}
