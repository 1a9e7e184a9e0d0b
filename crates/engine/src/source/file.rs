//! A file as a source: `pread` on a bounded number of open files.
//!
//! Never `mmap`: a file that is truncated while it is mapped ends the process with a SIGBUS.

use std::collections::VecDeque;
use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::time::{Duration, Instant};

use record::Timestamp;

use super::{FileIdentity, Source, identity};
use crate::Error;
use crate::limits::OPEN_FILES_MAX;

/// A regular file, as long as it was when it was opened: what is appended later belongs to a later look.
#[derive(Debug)]
pub struct FileSource {
    path: PathBuf,
    identity: (u64, u64),
    bytes: u64,
    modified: Timestamp,
    slot: Arc<Slot>,
    /// Hashes of its first and last bytes, as they were when it was opened.
    ends: OnceLock<Ends>,
    /// When it was last changed, as far as its ends were looked at since.
    looked_at: Mutex<Looked>,
}

/// A change of a file, and when it was first seen; none where it was opened as it was then.
type Looked = (Timestamp, Option<Instant>);

/// How long after a change was seen the ends are looked at again and again: a file's time is set when somebody begins to
/// write, and its bytes after that.
const SETTLED: Duration = Duration::from_secs(1);

/// None where they could not be read.
type Ends = Option<(u128, u128)>;

/// Where a source keeps its open file, if it has one.
type Slot = Mutex<Option<Arc<File>>>;

/// The slots that hold an open file, the one filled longest ago first.
static OPEN: Mutex<VecDeque<Weak<Slot>>> = Mutex::new(VecDeque::new());

impl FileSource {
    /// Opens the file at `path`.
    ///
    /// # Errors
    ///
    /// [`Error::Open`] where the system refuses, [`Error::NotAFile`] for a folder, a pipe or a device.
    pub fn open(path: impl Into<PathBuf>) -> Result<Arc<Self>, Error> {
        let path = path.into();
        let metadata = std::fs::metadata(&path).map_err(|cause| open_error(&path, cause))?;
        if !metadata.is_file() {
            return Err(Error::NotAFile { name: path.display().to_string(), what: kind(&metadata) });
        }
        let source = Arc::new(Self {
            identity: (metadata.dev(), metadata.ino()),
            bytes: metadata.len(),
            modified: modified(&metadata),
            path,
            slot: Arc::default(),
            ends: OnceLock::new(),
            looked_at: Mutex::new((modified(&metadata), None)),
        });
        // A file that cannot be read is told now, not at its first line.
        source.file()?;
        source.ends.get_or_init(|| source.ends_now());
        Ok(source)
    }

    /// Its path, as it was opened.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What tells this state of this file from any other: device, inode, length, last change.
    #[must_use]
    pub fn identity(&self) -> (u64, u64, u64, Timestamp) {
        (self.identity.0, self.identity.1, self.bytes, self.modified)
    }

    /// The same of whatever lies at `path` now; none where nothing does.
    #[must_use]
    pub fn identity_at(path: &Path) -> Option<(u64, u64, u64, Timestamp)> {
        let metadata = std::fs::metadata(path).ok()?;
        Some((metadata.dev(), metadata.ino(), metadata.len(), modified(&metadata)))
    }

    /// The same file as long as it is now. From now on it stays open: it may lose its name.
    ///
    /// # Errors
    ///
    /// [`Error::CutShort`] and [`Error::Replaced`] where it is not the file that has grown.
    pub fn longer(&self) -> Result<Arc<Self>, Error> {
        let file = self.file()?;
        let metadata = file.metadata().map_err(|cause| open_error(&self.path, cause))?;
        if metadata.len() < self.bytes {
            return Err(Error::CutShort { name: self.name(), expected: self.bytes, found: metadata.len() });
        }
        if self.ends.get() != Some(&self.ends_now()) {
            return Err(Error::Replaced { name: self.name() });
        }
        let longer = Arc::new(Self {
            path: self.path.clone(),
            identity: self.identity,
            bytes: metadata.len(),
            modified: modified(&metadata),
            // Not among those that are closed to make room.
            slot: Arc::new(Mutex::new(Some(file))),
            ends: OnceLock::new(),
            looked_at: Mutex::new((modified(&metadata), None)),
        });
        longer.ends.get_or_init(|| longer.ends_now());
        Ok(longer)
    }

    /// `other` begins with the very bytes of this file, as far as their ends tell.
    pub(crate) fn is_begin_of(&self, other: &Self) -> bool {
        other.bytes >= self.bytes && self.ends.get().is_some_and(|ends| *ends == identity::ends_of(other, self.bytes))
    }

    /// It is still as it was when it was opened, also under another name, as long as it could be read there.
    pub(crate) fn is_unchanged(&self) -> bool {
        let metadata = self.file().ok().and_then(|file| file.metadata().ok());
        metadata.is_some_and(|metadata| metadata.len() == self.bytes && modified(&metadata) == self.modified)
    }

    /// It has no name any more; what it holds is there as long as it is open.
    pub(crate) fn is_deleted(&self) -> bool {
        self.file().is_ok_and(|file| file.metadata().is_ok_and(|metadata| metadata.nlink() == 0))
    }

    /// The open file; opened again where it was closed to make room for others.
    fn file(&self) -> Result<Arc<File>, Error> {
        if let Some(file) = &*lock(&self.slot) {
            return Ok(Arc::clone(file));
        }
        let file = File::open(&self.path).map_err(|cause| open_error(&self.path, cause))?;
        let metadata = file.metadata().map_err(|cause| open_error(&self.path, cause))?;
        if (metadata.dev(), metadata.ino()) != self.identity {
            return Err(Error::Replaced { name: self.name() });
        }
        let file = Arc::new(file);
        *lock(&self.slot) = Some(Arc::clone(&file));
        make_room_for(&self.slot);
        Ok(file)
    }

    fn name(&self) -> String {
        self.path.display().to_string()
    }

    fn ends_now(&self) -> Ends {
        identity::ends_of(&Unchecked(self), self.bytes)
    }

    /// That what was just read is not what somebody wrote over the file since it was opened. Whatever is appended leaves
    /// the ends as they were.
    fn check_unchanged(&self) -> Result<(), Error> {
        let file = self.file()?;
        let now = modified(&file.metadata().map_err(|cause| open_error(&self.path, cause))?);
        let (before, seen_at) = *lock(&self.looked_at);
        if before == now && seen_at.is_none_or(|seen_at| seen_at.elapsed() >= SETTLED) {
            return Ok(());
        }
        if self.ends.get() != Some(&self.ends_now()) {
            return Err(Error::Replaced { name: self.name() });
        }
        if before != now {
            *lock(&self.looked_at) = (now, Some(Instant::now()));
        }
        Ok(())
    }

    fn read_unchecked(&self, offset: u64, buf: &mut [u8]) -> Result<usize, Error> {
        let left = self.bytes.saturating_sub(offset);
        let count = buf.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        if count == 0 {
            return Ok(0);
        }
        let file = self.file()?;
        loop {
            match file.read_at(&mut buf[..count], offset) {
                Ok(0) => {
                    let found = file.metadata().map_or(offset, |metadata| metadata.len());
                    return Err(Error::CutShort { name: self.name(), expected: self.bytes, found });
                }
                Ok(read) => return Ok(read),
                Err(cause) if cause.kind() == io::ErrorKind::Interrupted => {}
                Err(cause) => {
                    return Err(Error::Read { name: self.name(), offset, cause: Arc::new(cause) });
                }
            }
        }
    }
}

impl Source for FileSource {
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<usize, Error> {
        let count = self.read_unchecked(offset, buf)?;
        if count > 0 {
            self.check_unchanged()?;
        }
        Ok(count)
    }

    fn bytes(&self) -> Option<u64> {
        Some(self.bytes)
    }

    fn modified(&self) -> Timestamp {
        self.modified
    }

    fn file_identity(&self) -> Option<FileIdentity> {
        let (device, inode, bytes, modified) = self.identity();
        let (first_hash, last_hash) = self.ends_now()?;
        Some(FileIdentity { device, inode, bytes, modified, first_hash, last_hash, packed: false })
    }
}

/// A file that is read without a look at whether it was changed.
struct Unchecked<'a>(&'a FileSource);

impl Source for Unchecked<'_> {
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<usize, Error> {
        self.0.read_unchecked(offset, buf)
    }

    fn bytes(&self) -> Option<u64> {
        self.0.bytes()
    }

    fn modified(&self) -> Timestamp {
        self.0.modified()
    }
}

/// Notes that `slot` was filled, and empties those filled longest ago. No slot is locked while this waits.
fn make_room_for(slot: &Arc<Slot>) {
    let mut evicted = Vec::new();
    {
        let mut open = lock(&OPEN);
        open.push_back(Arc::downgrade(slot));
        if open.len() > OPEN_FILES_MAX {
            open.retain(|slot| slot.strong_count() > 0);
        }
        while open.len() > OPEN_FILES_MAX {
            evicted.extend(open.pop_front().and_then(|slot| slot.upgrade()));
        }
    }
    for slot in evicted {
        *lock(&slot) = None;
    }
}

/// A panic elsewhere leaves these in order: each holds one value, set at once.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn open_error(path: &Path, cause: io::Error) -> Error {
    Error::Open { name: path.display().to_string(), cause: Arc::new(cause) }
}

fn modified(metadata: &Metadata) -> Timestamp {
    Timestamp::from_nanos(i128::from(metadata.mtime()) * 1_000_000_000 + i128::from(metadata.mtime_nsec()))
}

fn kind(metadata: &Metadata) -> &'static str {
    use std::os::unix::fs::FileTypeExt as _;
    let kind = metadata.file_type();
    if kind.is_dir() {
        "a folder"
    } else if kind.is_fifo() {
        "a pipe"
    } else if kind.is_socket() {
        "a socket"
    } else {
        "a device"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(path: &Path, text: &str) {
        std::fs::write(path, text).expect("a temporary file is written");
    }

    #[test]
    fn more_files_than_may_be_open_are_all_read() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let sources: Vec<_> = (0..OPEN_FILES_MAX + 50)
            .map(|i| {
                let path = folder.path().join(i.to_string());
                write(&path, &format!("line {i}"));
                FileSource::open(path).expect("it opens")
            })
            .collect();
        for _ in 0..2 {
            for (i, source) in sources.iter().enumerate() {
                let mut buf = [0; 32];
                let count = source.read_at(5, &mut buf).expect("it reads");
                assert_eq!(std::str::from_utf8(&buf[..count]), Ok(i.to_string().as_str()));
            }
        }
        let open = sources.iter().filter(|source| lock(&source.slot).is_some()).count();
        assert!(open <= OPEN_FILES_MAX, "{open} files are open");
    }

    #[test]
    fn a_file_that_is_cut_short_says_so_with_both_lengths() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("a.log");
        write(&path, "0123456789");
        let source = FileSource::open(&path).expect("it opens");
        write(&path, "012");
        let error = source.read_at(5, &mut [0; 8]).expect_err("nothing is at 5 any more");
        assert!(matches!(error, Error::CutShort { expected: 10, found: 3, .. }), "{error}");
    }

    #[test]
    fn a_file_that_is_written_over_fails_and_never_gives_other_bytes() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("a.log");
        write(&path, &"old line\n".repeat(1000));
        let source = FileSource::open(&path).expect("it opens");
        // As copy-truncate does: the same file, cut to nothing, and grown beyond what it was.
        write(&path, &"a new line\n".repeat(2000));
        let later = std::time::UNIX_EPOCH + Duration::from_secs(4_000_000_000);
        File::options()
            .append(true)
            .open(&path)
            .and_then(|file| file.set_modified(later))
            .expect("it was changed later");
        let error = source.read_at(4500, &mut [0; 9]).expect_err("these are other bytes");
        assert!(matches!(error, Error::Replaced { .. }), "{error}");
    }

    #[test]
    fn what_is_appended_after_opening_is_not_seen() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("a.log");
        write(&path, "one");
        let source = FileSource::open(&path).expect("it opens");
        write(&path, "one two");
        let mut buf = [0; 8];
        assert_eq!(source.read_at(0, &mut buf).expect("it reads"), 3);
        assert_eq!(source.read_at(3, &mut buf).expect("it reads"), 0);
    }

    #[test]
    fn a_folder_is_refused_by_name() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let error = FileSource::open(folder.path()).expect_err("a folder is no source");
        assert!(error.to_string().ends_with("is a folder, not a file"), "{error}");
    }
}
