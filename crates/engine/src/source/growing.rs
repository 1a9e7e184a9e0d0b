//! A file that grows, followed by its name through rotation: one source without a seam.

mod marks;
mod rotation;

pub use marks::{begin_mark, mark_before, name_mark};

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};

use record::{Timestamp, Wrapping};

use super::{Arrivals, FileIdentity, FileSource, Source};
use crate::Error;
use crate::layout::Layout;
use crate::limits::BLOCK_BYTES_MAX;

/// What a look at a growing file found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// It is as it was.
    Same,
    /// There are more bytes behind those that were there.
    Grown,
    /// The bytes that were there are gone, or others are in their place: it is another source.
    Replaced,
}

/// The bytes of a file and of all that come to bear its name after it, one behind the other.
///
/// A file that was renamed is read to its end before the next one is. One that was cut back is found again in the copy that
/// was made before, if there is one (logrotate's `copytruncate`).
#[derive(Debug)]
pub struct GrowingFile {
    path: PathBuf,
    /// It stays the file that it is, whatever comes to bear its name.
    pinned: AtomicBool,
    parts: RwLock<Vec<Part>>,
    /// The end of what counts as its lines.
    end: AtomicU64,
    /// What lies behind this was not acknowledged, and is not looked at.
    durable: AtomicU64,
    /// When its bytes arrived, where somebody notes it.
    arrivals: OnceLock<Arc<Arrivals>>,
    lines: Mutex<Searched>,
}

/// How far a newline was looked for, and what was found.
#[derive(Clone, Copy, Debug, Default)]
struct Searched {
    searched: u64,
    /// Where the last line with a newline ends.
    line_end: u64,
    /// The same without parts that go on.
    whole: u64,
}

/// Bytes that a part of a container's line takes, most often.
const PART_BYTES: u64 = 32 << 10;

/// Bytes of parts that are waited for until the last one comes; a longer line is shown as it is.
const PARTS_BYTES_MAX: u64 = 2 << 20;

/// One of the files.
#[derive(Clone, Debug)]
struct Part {
    /// Where in the source its first byte lies.
    start: u64,
    file: Arc<FileSource>,
    /// A hash of its first line, once that is whole.
    first_line: Arc<OnceLock<u32>>,
    /// What is read behind it, where its last line has no end and does not go on in the next one.
    newline: &'static [u8],
}

impl Part {
    /// Where its file ends.
    fn file_end(&self) -> u64 {
        self.start + self.file.identity().2
    }

    fn end(&self) -> u64 {
        self.file_end() + self.newline.len() as u64
    }
}

impl GrowingFile {
    /// Opens the file at `path`. None of its bytes count until [`Self::set_end`] says so.
    ///
    /// # Errors
    ///
    /// Those of [`FileSource::open`].
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, Error> {
        let path = path.into();
        let file = FileSource::open(&path)?;
        Ok(Self::new(path, file))
    }

    /// The file at `path`, which is open.
    pub(crate) fn new(path: PathBuf, file: Arc<FileSource>) -> Self {
        let parts = RwLock::new(vec![Part { start: 0, file, first_line: Arc::default(), newline: b"" }]);
        Self {
            path,
            pinned: AtomicBool::new(false),
            parts,
            end: AtomicU64::new(0),
            durable: AtomicU64::new(u64::MAX),
            arrivals: OnceLock::new(),
            lines: Mutex::default(),
        }
    }

    /// How many files it is made of.
    #[must_use]
    pub fn count(&self) -> usize {
        self.parts.read().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// How many of its files were deleted, and their bytes: they take room on the disk as long as they are open.
    #[must_use]
    pub fn deleted(&self) -> (usize, u64) {
        let parts = self.parts();
        let deleted = parts.iter().filter(|part| part.file.is_deleted());
        deleted.fold((0, 0), |(files, bytes), part| (files + 1, bytes + part.file.identity().2))
    }

    /// What was read of its files is still in them.
    #[must_use]
    pub fn is_intact(&self) -> bool {
        !self.parts().iter().any(|part| part.file.longer().is_err_and(|error| error.is_change()))
    }

    /// Lets go the first of its files that were deleted, as far as they end before `offset`: nobody will read there again.
    pub fn forget_deleted(&self, offset: u64) {
        let mut parts = self.parts.write().unwrap_or_else(PoisonError::into_inner);
        let is_done = |part: &&Part| part.end() <= offset && part.file.is_deleted();
        let done = parts[..parts.len().saturating_sub(1)].iter().take_while(is_done).count();
        parts.drain(..done);
    }

    /// The same without those of its files that were deleted, one behind the other; none where no other is there.
    #[must_use]
    pub fn without_deleted(self: &Arc<Self>) -> Option<Arc<Self>> {
        let parts = self.parts();
        let is_there = |part: &&Part| !part.file.is_deleted();
        let there = parts.iter().filter(is_there).count();
        if there == parts.len() {
            return Some(Arc::clone(self));
        }
        let mut left = Vec::new();
        for part in parts.iter().filter(is_there) {
            push(&mut left, Arc::clone(&part.file));
            if let Some(left) = left.last_mut() {
                left.newline = part.newline;
            }
        }
        left.first()?;
        let pinned = AtomicBool::new(self.is_pinned());
        let (end, durable) = (AtomicU64::new(0), AtomicU64::new(u64::MAX));
        let (parts, path) = (RwLock::new(left), self.path.clone());
        Some(Arc::new(Self { path, pinned, parts, end, durable, arrivals: OnceLock::new(), lines: Mutex::default() }))
    }

    /// Makes it stay the file that it is, under whatever name: one that was rotated before it was opened.
    ///
    /// # Errors
    ///
    /// Those of [`FileSource::longer`].
    pub fn pin(&self) -> Result<(), Error> {
        let mut parts = self.parts.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(part) = parts.last_mut() {
            part.file = part.file.longer()?;
        }
        self.pinned.store(true, Ordering::Release);
        Ok(())
    }

    /// Its path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// It is made of this file, by device and inode, or that is one of those that it is made of.
    #[must_use]
    pub fn has(&self, device: u64, inode: u64) -> bool {
        is_part(&self.parts(), (device, inode))
    }

    /// All bytes that are there.
    #[must_use]
    pub fn written(&self) -> u64 {
        self.parts().last().map_or(0, Part::end).min(self.durable.load(Ordering::Acquire))
    }

    /// Looks at nothing behind `durable`: that may still be taken back.
    pub fn set_durable(&self, durable: u64) {
        self.durable.store(durable, Ordering::Release);
    }

    /// Lines without a time are placed by when their bytes arrived. To be told before anything is read.
    pub fn set_arrivals(&self, arrivals: Arc<Arrivals>) {
        // The first that was told stays.
        self.arrivals.set(arrivals).ok();
    }

    /// Only what lies before `end` counts from now on.
    pub fn set_end(&self, end: u64) {
        self.end.store(end, Ordering::Release);
    }

    /// Where the last line that has its newline ends; before the first part of one of which a container's runtime has not
    /// written the last. Reads what was written since this was last asked.
    ///
    /// # Errors
    ///
    /// That of reading.
    pub fn last_line_end(&self, layout: Layout) -> Result<u64, Error> {
        let written = self.written();
        let mut known = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        let newline = layout.encoding.newline();
        let unit = newline.len() as u64;
        let mut line_end = known.line_end;
        let mut to = written / unit * unit;
        while to > known.searched {
            let from = to.saturating_sub(BLOCK_BYTES_MAX as u64).max(known.searched / unit * unit);
            let block = self.read_stretch(from..to)?;
            let last = block.chunks_exact(newline.len()).rposition(|unit| unit == newline);
            if let Some(last) = last {
                line_end = from + (last as u64 + 1) * unit;
                break;
            }
            to = from;
        }
        let whole = match layout.wrapping {
            Some(wrapping) if line_end != known.line_end => self.last_whole(wrapping, line_end)?,
            Some(_) => known.whole,
            None => line_end,
        };
        *known = Searched { searched: written, line_end, whole };
        Ok(whole)
    }

    /// Where the parts begin that stand before `end` and go on in one to come; `end` where there are none.
    fn last_whole(&self, wrapping: Wrapping, end: u64) -> Result<u64, Error> {
        for bytes in [PART_BYTES, PARTS_BYTES_MAX] {
            let from = end.saturating_sub(bytes);
            let block = self.read_stretch(from..end)?;
            let mut begin = end;
            let mut scratch = Vec::new();
            let mut stream = None;
            for line in block.split_inclusive(|byte| *byte == b'\n').rev() {
                let start = begin - line.len() as u64;
                if start == from && from > 0 {
                    // It may begin earlier.
                    stream = None;
                    break;
                }
                let line = line.strip_suffix(b"\n").unwrap_or(line);
                let part = wrapping.part(line.strip_suffix(b"\r").unwrap_or(line), &mut scratch);
                let part = part.filter(|part| !part.ends && stream.is_none_or(|stream| stream == part.stream));
                let Some(part) = part else { return Ok(begin) };
                stream = Some(part.stream);
                begin = start;
            }
            if stream.is_some() {
                return Ok(begin);
            }
        }
        Ok(end)
    }

    /// It stays the file that it is, under whatever name.
    #[must_use]
    pub fn is_pinned(&self) -> bool {
        self.pinned.load(Ordering::Acquire)
    }

    /// Puts a longer file in the place of one that it was.
    fn put(&self, at: usize, longer: Arc<FileSource>) -> Look {
        let mut parts = self.parts.write().unwrap_or_else(PoisonError::into_inner);
        let Some(part) = parts.get_mut(at) else { return Look::Same };
        let has_grown = longer.identity().2 > part.file.identity().2;
        part.file = longer;
        if has_grown { Look::Grown } else { Look::Same }
    }

    fn parts(&self) -> Vec<Part> {
        self.parts.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Source for GrowingFile {
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<usize, Error> {
        let part = {
            let parts = self.parts.read().unwrap_or_else(PoisonError::into_inner);
            let behind = parts.partition_point(|part| part.start <= offset);
            // One that is empty begins where the next one does.
            parts[..behind].iter().rev().find(|part| offset < part.end()).cloned()
        };
        match part {
            Some(part) if offset >= part.file_end() => {
                let newline = part.newline.iter().skip(usize::try_from(offset - part.file_end()).unwrap_or(usize::MAX));
                Ok(buf.iter_mut().zip(newline).map(|(to, from)| *to = *from).count())
            }
            Some(part) => part.file.read_at(offset - part.start, buf),
            None => Ok(0),
        }
    }

    fn bytes(&self) -> Option<u64> {
        Some(self.end.load(Ordering::Acquire))
    }

    fn bytes_written(&self) -> Option<u64> {
        Some(self.written())
    }

    fn modified(&self) -> Timestamp {
        self.parts().last().map(|part| part.file.modified()).unwrap_or_default()
    }

    fn arrived(&self, offset: u64) -> Option<(Timestamp, u64)> {
        self.arrivals.get()?.at(offset)
    }

    fn file_identity(&self) -> Option<FileIdentity> {
        let parts = self.parts();
        // What is made of several, or has a rest that does not count, is known by none of them.
        let whole = |part: &&Part| self.end.load(Ordering::Acquire) == part.end();
        parts.first().filter(|_| parts.len() == 1).filter(whole)?.file.file_identity()
    }
}

/// The file is one of these.
fn is_part(parts: &[Part], file: (u64, u64)) -> bool {
    parts.iter().any(|part| (part.file.identity().0, part.file.identity().1) == file)
}

fn push(parts: &mut Vec<Part>, file: Arc<FileSource>) {
    let start = parts.last().map_or(0, Part::end);
    parts.push(Part { start, file, first_line: Arc::default(), newline: b"" });
}
