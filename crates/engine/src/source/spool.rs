//! A source that can only be read forward, made readable at any offset: what was read is kept, packed, on disk.
//!
//! Standard input, pipes and compressed files come this way. They are unpacked as far as they are asked for. What comes
//! out is packed again, in frames of 256 KiB that can each be read by itself; only the last, unfinished one is kept as it
//! is, so that what comes through a pipe can be read at once. Where there is a [`Cache`], the frames of a file that was
//! unpacked to its end stay over a restart, and are used as long as the packed file is the same. Where they are damaged
//! or gone, it is unpacked again.

use std::cell::RefCell;
use std::io::{self, Read};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use record::Timestamp;

use super::frames::{self, Table};
use super::packed::{Home, Packed, packing_of};
use super::scratch::{Full, Growing};
use super::store::Store;
use super::{DiskBudget, FileIdentity, FileSource, GrowingFile, Packing, Source};
use crate::Error;
use crate::cache::Cache;
use crate::limits::{
    FRAME_TEXT_BYTES, KEPT_TEXT_BYTES_MIN, RENEWALS_MAX, SPOOL_BYTES_MAX, SPOOL_DISK_BYTES_MAX, UNPACK_BYTES,
};

/// Where and how far sources are unpacked. Cheap to clone; the clones share the budget and the cache.
#[derive(Clone, Debug)]
pub struct Spools {
    folder: PathBuf,
    cache: Option<Arc<Cache>>,
    budget: Arc<DiskBudget>,
    /// Bytes of text, and bytes on disk, that one source may take.
    text_max: u64,
    disk_max: u64,
}

/// A source, and the file that may grow, where it is one.
pub type Followed = (Arc<dyn Source>, Option<Arc<GrowingFile>>);

impl Spools {
    /// In an unnamed file in `folder`, which is gone with the process however it ends, within the budget of this process.
    /// All sources of a folder and a budget share one.
    #[must_use]
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
            cache: None,
            budget: DiskBudget::process(),
            text_max: SPOOL_BYTES_MAX,
            disk_max: SPOOL_DISK_BYTES_MAX,
        }
    }

    /// The same; files that were unpacked to their end are kept in `cache`.
    #[must_use]
    pub fn with_cache(self, cache: Arc<Cache>) -> Self {
        Self { cache: Some(cache), ..self }
    }

    /// The same within another budget.
    #[must_use]
    pub fn with_budget(self, budget: Arc<DiskBudget>) -> Self {
        Self { budget, ..self }
    }

    /// The same with no more than `bytes` on disk for one source.
    #[must_use]
    pub fn with_disk_max(self, bytes: u64) -> Self {
        Self { disk_max: bytes, ..self }
    }

    /// The same with no more than `bytes` of text from one source.
    #[must_use]
    pub fn with_text_max(self, bytes: u64) -> Self {
        Self { text_max: bytes.min(SPOOL_BYTES_MAX), ..self }
    }

    /// Opens the file at `path`: read through where its name tells a packing, else as it is.
    ///
    /// Which packing it is its first bytes tell, and its name where they do not: it cannot be unpacked then, and says so.
    /// An empty file is an empty source, whatever its name.
    ///
    /// # Errors
    ///
    /// What [`FileSource::open`] and reading the file's first bytes give, [`Error::Unpack`] where no decoder can be made.
    pub fn open(&self, path: impl Into<PathBuf>) -> Result<Arc<dyn Source>, Error> {
        let path = path.into();
        let named = Packing::of(&path);
        let file = FileSource::open(path)?;
        match named.filter(|_| file.bytes() != Some(0)) {
            Some(named) => {
                let packing = packing_of(&file)?.unwrap_or(named);
                Ok(self.unpack(file, packing)?)
            }
            None => Ok(file),
        }
    }

    /// The same; a file that is not packed is followed as it grows.
    ///
    /// # Errors
    ///
    /// As [`Self::open`].
    pub fn follow(&self, path: impl Into<PathBuf>) -> Result<Followed, Error> {
        let path = path.into();
        let named = Packing::of(&path);
        let file = FileSource::open(&path)?;
        if let Some(named) = named.filter(|_| file.bytes() != Some(0)) {
            let packing = packing_of(&file)?.unwrap_or(named);
            return Ok((self.unpack(file, packing)?, None));
        }
        let growing = Arc::new(GrowingFile::new(path, file));
        Ok((Arc::clone(&growing) as Arc<dyn Source>, Some(growing)))
    }

    /// A packed file, read through.
    ///
    /// # Errors
    ///
    /// [`Error::Unpack`] where no decoder can be made.
    pub fn unpack(&self, file: Arc<FileSource>, packing: Packing) -> Result<Arc<SpoolSource>, Error> {
        let name = file.path().display().to_string();
        let modified = file.modified();
        let packed = Packed::new(file, packing, self.cache.as_ref());
        let (kept, input) = match packed.home().and_then(Home::find) {
            Some(found) => (Kept::whole(found), Input::default()),
            None => (Kept::default(), Input { reader: Some(packed.reader()?), failed: None }),
        };
        Ok(Arc::new(self.source(name, modified, Some(packed), kept, input)))
    }

    /// What `reader` gives, such as a pipe, named `name` in errors.
    #[must_use]
    pub fn pipe(
        &self,
        name: impl Into<String>,
        reader: impl Read + Send + 'static,
        modified: Timestamp,
    ) -> Arc<SpoolSource> {
        let input = Input { reader: Some(Box::new(reader)), failed: None };
        Arc::new(self.source(name.into(), modified, None, Kept::default(), input))
    }

    fn source(
        &self,
        name: String,
        modified: Timestamp,
        packed: Option<Packed>,
        kept: Kept,
        input: Input,
    ) -> SpoolSource {
        static NUMBERS: AtomicU64 = AtomicU64::new(0);
        SpoolSource {
            name,
            modified,
            packed,
            number: NUMBERS.fetch_add(1, Ordering::Relaxed),
            spools: self.clone(),
            kept: RwLock::new(kept),
            input: Mutex::new(input),
        }
    }
}

/// Bytes that come in order, kept as they come.
pub struct SpoolSource {
    name: String,
    modified: Timestamp,
    /// None for what can be read only once.
    packed: Option<Packed>,
    /// Its own among all spools of this process.
    number: u64,
    spools: Spools,
    /// Only the holder of `input` writes to it.
    kept: RwLock<Kept>,
    input: Mutex<Input>,
}

/// What was unpacked so far.
#[derive(Default)]
struct Kept {
    store: Store,
    /// Where the frames lie in the store.
    table: Table,
    /// The text behind the last frame, less than a frame.
    rest: Vec<u8>,
    /// Bytes of text: those of the frames, and `rest`.
    bytes: u64,
    /// No more will come.
    ended: bool,
    /// What `bytes` will be at the end, where it was unpacked to its end before.
    whole_bytes: Option<u64>,
}

impl Kept {
    /// All of it, as it was found.
    fn whole((store, table, bytes): (Store, Table, u64)) -> Self {
        Self { store, table, rest: Vec::new(), bytes, ended: true, whole_bytes: None }
    }

    /// The length of the text, once that is known.
    fn known_bytes(&self) -> Option<u64> {
        self.whole_bytes.or(self.ended.then_some(self.bytes))
    }
}

#[derive(Default)]
struct Input {
    /// None once it ended or failed.
    reader: Option<Box<dyn Read + Send>>,
    failed: Option<Error>,
}

thread_local! {
    /// What a decoder's text goes through: one for each thread, since thousands of sources may stand half unpacked.
    static BLOCK: RefCell<Vec<u8>> = RefCell::default();
}

/// A store that does not give what was put there, and how that shows.
struct Bad {
    store: Store,
    error: Error,
}

impl SpoolSource {
    fn kept(&self) -> RwLockReadGuard<'_, Kept> {
        // A panic while it was written left whole steps: each changes what is there only when all is ready.
        self.kept.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn kept_mut(&self) -> RwLockWriteGuard<'_, Kept> {
        self.kept.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Copies text from `offset` on, as far as its frame goes. None where it was not unpacked so far.
    fn copy(&self, offset: u64, buf: &mut [u8]) -> Result<Option<usize>, Bad> {
        let kept = self.kept();
        if offset >= kept.bytes {
            return Ok(kept.ended.then_some(0));
        }
        let (frame, at) = frames::place(offset);
        if frame >= kept.table.len() {
            return Ok(Some(copy_from(&kept.rest, at, buf)));
        }
        let (store, range) = (kept.store.clone(), kept.table.range(frame));
        let left = kept.bytes - (offset - at as u64);
        drop(kept);
        if let Some(text) = frames::recent(self.number, frame) {
            return Ok(Some(copy_from(&text, at, buf)));
        }
        let packed = match store.read(range) {
            Ok(packed) => packed,
            Err(cause) => {
                let name = format!("what was unpacked of {}", self.name);
                return Err(Bad { store, error: Error::Read { name, offset, cause: Arc::new(cause) } });
            }
        };
        let text_bytes = usize::try_from(left).unwrap_or(usize::MAX).min(FRAME_TEXT_BYTES);
        let Ok(text) = frames::unpack(&packed, text_bytes).map(Arc::new) else {
            store.discard();
            return Err(Bad { store, error: Error::Damaged { name: self.name.clone(), offset } });
        };
        let count = copy_from(&text, at, buf);
        frames::remember(self.number, frame, text);
        Ok(Some(count))
    }

    /// Sees to it that the text is found elsewhere than in `bad`, which was thrown away, be it by another process. False
    /// where that cannot be: it came through a pipe, or the packed file is no longer what it was.
    fn renew(&self, bad: &Store) -> bool {
        let Some(packed) = &self.packed else { return false };
        let mut input = self.input.lock().unwrap_or_else(PoisonError::into_inner);
        let whole_bytes = {
            let kept = self.kept();
            if !kept.store.is(bad) {
                return true;
            }
            kept.known_bytes()
        };
        // Another source or process may have put it there again.
        let found = packed.home().and_then(Home::find).filter(|(.., bytes)| Some(*bytes) == whole_bytes);
        let (kept, reader) = match found {
            Some(found) => (Kept::whole(found), None),
            None if !packed.is_current() => return false,
            None => {
                let Ok(reader) = packed.reader() else { return false };
                (Kept { whole_bytes, ..Kept::default() }, Some(reader))
            }
        };
        *input = Input { reader, failed: None };
        // What was there goes when readers are no longer kept waiting.
        let _old = std::mem::replace(&mut *self.kept_mut(), kept);
        true
    }

    /// Unpacks until `offset` is kept or the input ends.
    fn fill_past(&self, offset: u64) -> Result<(), Error> {
        let mut input = self.input.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let (bytes, rest_bytes) = {
                let kept = self.kept();
                if kept.bytes > offset || kept.ended {
                    return Ok(());
                }
                (kept.bytes, kept.rest.len())
            };
            if let Some(error) = &input.failed {
                return Err(error.clone());
            }
            let mut block = BLOCK.take();
            block.resize(UNPACK_BYTES, 0);
            let filled = self.fill(&mut input, &mut block, bytes, rest_bytes);
            BLOCK.set(block);
            if let Err(error) = filled {
                *input = Input { reader: None, failed: Some(error) };
            }
        }
    }

    /// Takes in what the reader gives next, through `block`, `bytes` being kept so far, `rest_bytes` of them behind the
    /// last frame.
    fn fill(&self, input: &mut Input, block: &mut [u8], bytes: u64, rest_bytes: usize) -> Result<(), Error> {
        // Put back only when it gave something: a decoder that panicked is not asked again.
        let Some(mut reader) = input.reader.take() else {
            return Err(self.unpack_error(bytes, io::Error::other("the decoder gave up")));
        };
        let room = UNPACK_BYTES.min(FRAME_TEXT_BYTES - rest_bytes);
        let count = loop {
            match reader.read(&mut block[..room]) {
                Ok(count) => break count,
                Err(cause) if cause.kind() == io::ErrorKind::Interrupted => {}
                Err(cause) => return Err(self.unpack_error(bytes, cause)),
            }
        };
        let whole_bytes = self.kept().whole_bytes;
        if whole_bytes.is_some_and(|whole| bytes + count as u64 > whole || (count == 0 && bytes < whole)) {
            return Err(Error::Replaced { name: self.name.clone() });
        }
        if count == 0 {
            self.end();
            return Ok(());
        }
        if bytes + count as u64 > self.spools.text_max {
            return Err(Error::TooLarge { name: self.name.clone(), max: self.spools.text_max });
        }
        input.reader = Some(reader);
        {
            let mut kept = self.kept_mut();
            kept.rest.extend_from_slice(&block[..count]);
            kept.bytes += count as u64;
        }
        if rest_bytes + count == FRAME_TEXT_BYTES { self.pack_rest(false) } else { Ok(()) }
    }

    /// Makes a frame of the text behind the last one. Where that fails, the text stays where it is.
    fn pack_rest(&self, last: bool) -> Result<(), Error> {
        let (packed, start, store, frame, text_start) = {
            let kept = self.kept();
            let text_start = kept.bytes - kept.rest.len() as u64;
            let packed = frames::pack(&kept.rest).map_err(|cause| self.keep_error(text_start, cause))?;
            (packed, kept.table.bytes(), kept.store.clone(), kept.table.len(), text_start)
        };
        let packed_bytes = packed.len();
        let store = match store {
            Store::Nothing if last => Store::Memory(Arc::new(packed)),
            Store::Growing(growing) => {
                self.write(&growing, &packed, start, text_start)?;
                Store::Growing(growing)
            }
            Store::Nothing | Store::Memory(_) | Store::Cached(..) => {
                debug_assert_eq!(start, 0, "only what grows gets a second frame");
                let growing = Growing::new(&self.spools.folder, &self.spools.budget)
                    .map_err(|cause| self.keep_error(text_start, cause))?;
                self.write(&growing, &packed, start, text_start)?;
                Store::Growing(Arc::new(growing))
            }
        };
        let text = {
            let mut kept = self.kept_mut();
            kept.store = store;
            kept.table.push(packed_bytes);
            std::mem::take(&mut kept.rest)
        };
        // Who reads from start to end finds it here and never unpacks it.
        frames::remember(self.number, frame, Arc::new(text));
        Ok(())
    }

    fn write(&self, growing: &Growing, packed: &[u8], start: u64, text_start: u64) -> Result<(), Error> {
        if start + packed.len() as u64 > self.spools.disk_max {
            let max = self.spools.disk_max;
            return Err(Error::TooMuchDisk { name: self.name.clone(), offset: text_start, max });
        }
        growing.write(packed, start).map_err(|full| match full {
            Full::Budget(max) => Error::DiskBudget { name: self.name.clone(), offset: text_start, max },
            Full::System(cause) => self.keep_error(text_start, cause),
        })
    }

    /// Nothing comes any more.
    fn end(&self) {
        if !self.kept().rest.is_empty() {
            // Where it cannot be packed, it stays in memory: it is less than a frame.
            drop(self.pack_rest(true));
        }
        self.kept_mut().ended = true;
        if let Some(packed) = &self.packed
            && let Some(home) = packed.home()
            && let Err(error) = self.keep(packed, home)
        {
            home.note_trouble(error);
        }
    }

    /// Copies the frames into the cache, where they are worth it and the packed file is still the same.
    fn keep(&self, packed: &Packed, home: &Home) -> Result<(), Error> {
        let (store, table, bytes) = {
            let kept = self.kept();
            if kept.bytes < KEPT_TEXT_BYTES_MIN || !kept.rest.is_empty() {
                return Ok(());
            }
            (kept.store.clone(), kept.table.clone(), kept.bytes)
        };
        if !matches!(store, Store::Growing(_)) || !packed.is_current() {
            return Ok(());
        }
        let trailer = home.trailer(&table, bytes);
        let file_bytes = table.bytes() + trailer.len() as u64;
        let part = home.part(file_bytes)?;
        for frame in 0..table.len() {
            let frame = store.read(table.range(frame)).map_err(|cause| self.keep_error(bytes, cause))?;
            part.write(&frame)?;
        }
        part.write(&trailer)?;
        // In use from here on: the very putting of it there may throw something away.
        let _pin = home.pin();
        part.keep(file_bytes)?;
        if let Some((found, ..)) = home.find() {
            // What was there goes with `store`, when readers are no longer kept waiting.
            self.kept_mut().store = found;
        }
        Ok(())
    }

    fn unpack_error(&self, offset: u64, cause: io::Error) -> Error {
        // A failure to read the packed file says so itself.
        if let Some(error) = cause.get_ref().and_then(|inner| inner.downcast_ref::<Error>()) {
            return error.clone();
        }
        // Every decoder has other words for this, and it is what happens most: a file that is still being written.
        let cause = match cause.kind() {
            io::ErrorKind::UnexpectedEof => io::Error::new(cause.kind(), "the packed file ends too early"),
            _ => cause,
        };
        Error::Unpack { name: self.name.clone(), offset, cause: Arc::new(cause) }
    }

    fn keep_error(&self, offset: u64, cause: io::Error) -> Error {
        Error::Keep { name: self.name.clone(), offset, cause: Arc::new(cause) }
    }
}

fn copy_from(text: &[u8], at: usize, buf: &mut [u8]) -> usize {
    let text = text.get(at..).unwrap_or_default();
    let count = buf.len().min(text.len());
    buf[..count].copy_from_slice(&text[..count]);
    count
}

impl Source for SpoolSource {
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<usize, Error> {
        let mut renewals = 0;
        loop {
            match self.copy(offset, buf) {
                Ok(Some(count)) => return Ok(count),
                Ok(None) => self.fill_past(offset)?,
                Err(bad) if renewals < RENEWALS_MAX && self.renew(&bad.store) => renewals += 1,
                Err(bad) => return Err(bad.error),
            }
        }
    }

    fn bytes(&self) -> Option<u64> {
        self.kept().known_bytes()
    }

    fn modified(&self) -> Timestamp {
        self.modified
    }

    fn file_identity(&self) -> Option<FileIdentity> {
        self.packed.as_ref().and_then(Packed::identity)
    }
}

impl Drop for SpoolSource {
    fn drop(&mut self) {
        frames::forget(self.number);
    }
}
