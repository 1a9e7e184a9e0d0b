//! A source that can only be read forward, made readable at any offset: what was read is kept, packed, in a file.
//!
//! Standard input, pipes and compressed files come this way. They are unpacked as far as they are asked for. What comes
//! out is packed again, in frames of 256 KiB that can each be read by itself; only the last, unfinished one is kept as it
//! is, so that what comes through a pipe can be read at once. Where there is a [`Cache`], the frames of a file that was
//! unpacked to its end stay over a restart, and are used as long as the packed file is the same.

use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use record::Timestamp;

use super::frames::{self, Table};
use super::packing::MAGIC_BYTES;
use super::store::{Full, Growing, Home, Store};
use super::{DiskBudget, FileIdentity, FileSource, Packing, Source};
use crate::Error;
use crate::cache::{Cache, CacheKey};
use crate::limits::{FRAME_TEXT_BYTES, KEPT_TEXT_BYTES_MIN, SPOOL_BYTES_MAX, SPOOL_DISK_BYTES_MAX, UNPACK_BYTES};

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

impl Spools {
    /// Unnamed files in `folder`, which are gone with the process however it ends, within the budget of this process.
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

    /// A packed file, read through.
    ///
    /// # Errors
    ///
    /// [`Error::Unpack`] where no decoder can be made.
    pub fn unpack(&self, file: Arc<FileSource>, packing: Packing) -> Result<Arc<SpoolSource>, Error> {
        let name = file.path().display().to_string();
        let modified = file.modified();
        let identity = file.file_identity().map(|identity| FileIdentity { packed: true, ..identity });
        let home = self.cache.as_ref().zip(identity).map(|(cache, identity)| {
            let key = CacheKey::text([name_of(packing), &bytes_of(&identity)[..]]);
            Home { cache: Arc::clone(cache), key, file: Arc::clone(&file) }
        });
        if let Some((store, table, bytes)) = home.as_ref().and_then(Home::find) {
            let kept = Kept { store, table, rest: Vec::new(), bytes, ended: true };
            return Ok(Arc::new(self.source(name, modified, identity, kept, Input::default())));
        }
        let packed = BufReader::with_capacity(UNPACK_BYTES, Forward { source: file, offset: 0 });
        let reader = packing.decoder(packed).map_err(|cause| Error::Unpack {
            name: name.clone(),
            offset: 0,
            cause: Arc::new(cause),
        })?;
        let input = Input { reader: Some(reader), home, ..Input::default() };
        Ok(Arc::new(self.source(name, modified, identity, Kept::default(), input)))
    }

    /// What `reader` gives, such as a pipe, named `name` in errors.
    #[must_use]
    pub fn pipe(
        &self,
        name: impl Into<String>,
        reader: impl Read + Send + 'static,
        modified: Timestamp,
    ) -> Arc<SpoolSource> {
        let input = Input { reader: Some(Box::new(reader)), ..Input::default() };
        Arc::new(self.source(name.into(), modified, None, Kept::default(), input))
    }

    fn source(
        &self,
        name: String,
        modified: Timestamp,
        identity: Option<FileIdentity>,
        kept: Kept,
        input: Input,
    ) -> SpoolSource {
        static NUMBERS: AtomicU64 = AtomicU64::new(0);
        SpoolSource {
            name,
            modified,
            identity,
            number: NUMBERS.fetch_add(1, Ordering::Relaxed),
            spools: self.clone(),
            kept: RwLock::new(kept),
            input: Mutex::new(input),
        }
    }
}

/// The packing that a file's first bytes tell.
fn packing_of(file: &FileSource) -> Result<Option<Packing>, Error> {
    let mut head = [0; MAGIC_BYTES];
    let mut filled = 0;
    while filled < head.len() {
        match file.read_at(filled as u64, &mut head[filled..])? {
            0 => break,
            count => filled += count,
        }
    }
    Ok(Packing::of_bytes(&head[..filled]))
}

const fn name_of(packing: Packing) -> &'static [u8] {
    match packing {
        Packing::Gzip => b"gz",
        Packing::Zstd => b"zst",
        Packing::Xz => b"xz",
        Packing::Bzip2 => b"bz2",
    }
}

fn bytes_of(identity: &FileIdentity) -> Vec<u8> {
    let FileIdentity { device, inode, bytes, modified, first_hash, last_hash, packed: _ } = identity;
    let mut out = Vec::new();
    out.extend([device, inode, bytes].iter().flat_map(|number| number.to_le_bytes()));
    out.extend(modified.nanos().to_le_bytes());
    out.extend([first_hash, last_hash].iter().flat_map(|hash| hash.to_le_bytes()));
    out
}

/// A source read from its start to its end.
struct Forward {
    source: Arc<FileSource>,
    offset: u64,
}

impl Read for Forward {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let count = self.source.read_at(self.offset, buf).map_err(io::Error::other)?;
        self.offset += count as u64;
        Ok(count)
    }
}

/// Bytes that come in order, kept as they come.
pub struct SpoolSource {
    name: String,
    modified: Timestamp,
    identity: Option<FileIdentity>,
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
}

#[derive(Default)]
struct Input {
    /// None once it ended or failed.
    reader: Option<Box<dyn Read + Send>>,
    block: Vec<u8>,
    failed: Option<Error>,
    home: Option<Home>,
}

impl SpoolSource {
    /// What `reader` gives, kept in an unnamed file in `folder`; see [`Spools::pipe`].
    ///
    /// # Errors
    ///
    /// None any more: a folder in which no file can be made is told when one is needed.
    pub fn new(
        name: impl Into<String>,
        reader: impl Read + Send + 'static,
        modified: Timestamp,
        folder: &Path,
    ) -> Result<Arc<Self>, Error> {
        Ok(Spools::new(folder).pipe(name, reader, modified))
    }

    fn kept(&self) -> RwLockReadGuard<'_, Kept> {
        // A panic while it was written left whole steps: each changes what is there only when all is ready.
        self.kept.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn kept_mut(&self) -> RwLockWriteGuard<'_, Kept> {
        self.kept.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Copies text from `offset` on, as far as its frame goes. None where it was not unpacked so far.
    fn copy(&self, offset: u64, buf: &mut [u8]) -> Result<Option<usize>, Error> {
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
        let text_bytes = usize::try_from(left).unwrap_or(usize::MAX).min(FRAME_TEXT_BYTES);
        let packed = store.read(range).map_err(|cause| Error::Read {
            name: format!("what was unpacked of {}", self.name),
            offset,
            cause: Arc::new(cause),
        })?;
        let Ok(text) = frames::unpack(&packed, text_bytes).map(Arc::new) else {
            store.discard();
            return Err(Error::Damaged { name: self.name.clone(), offset });
        };
        let count = copy_from(&text, at, buf);
        frames::remember(self.number, frame, text);
        Ok(Some(count))
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
            if let Err(error) = self.fill(&mut input, bytes, rest_bytes) {
                let home = input.home.take();
                *input = Input { failed: Some(error), home, ..Input::default() };
            }
        }
    }

    /// Takes in what the reader gives next, `bytes` being kept so far, `rest_bytes` of them behind the last frame.
    fn fill(&self, input: &mut Input, bytes: u64, rest_bytes: usize) -> Result<(), Error> {
        // Put back only when it gave something: a decoder that panicked is not asked again.
        let Some(mut reader) = input.reader.take() else {
            return Err(self.unpack_error(bytes, io::Error::other("the decoder gave up")));
        };
        let room = UNPACK_BYTES.min(FRAME_TEXT_BYTES - rest_bytes);
        input.block.resize(UNPACK_BYTES, 0);
        let count = loop {
            match reader.read(&mut input.block[..room]) {
                Ok(count) => break count,
                Err(cause) if cause.kind() == io::ErrorKind::Interrupted => {}
                Err(cause) => return Err(self.unpack_error(bytes, cause)),
            }
        };
        if count == 0 {
            input.block = Vec::new();
            self.end(input.home.as_ref());
            return Ok(());
        }
        if bytes + count as u64 > self.spools.text_max {
            return Err(Error::TooLarge { name: self.name.clone(), max: self.spools.text_max });
        }
        input.reader = Some(reader);
        {
            let mut kept = self.kept_mut();
            kept.rest.extend_from_slice(&input.block[..count]);
            kept.bytes += count as u64;
        }
        if rest_bytes + count == FRAME_TEXT_BYTES { self.pack_rest(input.home.as_ref(), false) } else { Ok(()) }
    }

    /// Makes a frame of the text behind the last one. Where that fails, the text stays where it is.
    fn pack_rest(&self, home: Option<&Home>, last: bool) -> Result<(), Error> {
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
                let growing = Growing::new(home, &self.spools.folder, &self.spools.budget)
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
        growing.write(packed, start).map_err(|full| self.full_error(text_start, full))
    }

    /// Nothing comes any more.
    fn end(&self, home: Option<&Home>) {
        if !self.kept().rest.is_empty() {
            // Where it cannot be packed, it stays in memory: it is less than a frame.
            drop(self.pack_rest(home, true));
        }
        self.kept_mut().ended = true;
        if let Some(home) = home
            && let Err(error) = self.keep(home)
        {
            home.cache.note_trouble(error);
        }
    }

    /// Gives the frames a name in the cache, where they are worth it and the packed file is still the same.
    fn keep(&self, home: &Home) -> Result<(), Error> {
        let (store, table, bytes) = {
            let kept = self.kept();
            if kept.bytes < KEPT_TEXT_BYTES_MIN || !kept.rest.is_empty() {
                return Ok(());
            }
            (kept.store.clone(), kept.table.clone(), kept.bytes)
        };
        let Store::Growing(growing) = &store else { return Ok(()) };
        let Some(part) = growing.part().filter(|_| home.is_current()) else { return Ok(()) };
        let trailer = frames::trailer(&table, bytes, home.key.hash());
        growing.write(&trailer, table.bytes()).map_err(|full| self.full_error(bytes, full))?;
        // In use from here on: the very putting of it there may throw something away.
        let _pin = home.cache.pin(home.key);
        part.keep(table.bytes() + trailer.len() as u64)?;
        if let Some((store, ..)) = home.find() {
            self.kept_mut().store = store;
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

    fn full_error(&self, offset: u64, full: Full) -> Error {
        match full {
            Full::Budget(max) => Error::DiskBudget { name: self.name.clone(), offset, max },
            Full::System(cause) => self.keep_error(offset, cause),
        }
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
        if let Some(count) = self.copy(offset, buf)? {
            return Ok(count);
        }
        self.fill_past(offset)?;
        Ok(self.copy(offset, buf)?.unwrap_or(0))
    }

    fn bytes(&self) -> Option<u64> {
        let kept = self.kept();
        kept.ended.then_some(kept.bytes)
    }

    fn modified(&self) -> Timestamp {
        self.modified
    }

    fn file_identity(&self) -> Option<FileIdentity> {
        self.identity
    }
}

impl Drop for SpoolSource {
    fn drop(&mut self) {
        frames::forget(self.number);
    }
}
