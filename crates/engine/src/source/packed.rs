//! A packed file: how its text is read, and where in a cache that text belongs.

use std::io::{self, BufReader, Read};
use std::sync::Arc;

use super::frames::{self, Table};
use super::packing::MAGIC_BYTES;
use super::store::{Store, read_exact};
use super::{FileIdentity, FileSource, Packing, Source as _};
use crate::Error;
use crate::cache::{Cache, CacheKey, Part, Pin};
use crate::limits::UNPACK_BYTES;

/// A packed file, as it was when it was opened.
pub(super) struct Packed {
    file: Arc<FileSource>,
    packing: Packing,
    identity: Option<FileIdentity>,
    home: Option<Home>,
}

impl Packed {
    /// `file`, whose text is kept in `cache`, if anywhere.
    pub fn new(file: Arc<FileSource>, packing: Packing, cache: Option<&Arc<Cache>>) -> Self {
        let identity = file.file_identity().map(|identity| FileIdentity { packed: true, ..identity });
        let home = cache.zip(identity).map(|(cache, identity)| {
            let key = CacheKey::text([name_of(packing), &bytes_of(&identity)[..]]);
            Home { cache: Arc::clone(cache), key }
        });
        Self { file, packing, identity, home }
    }

    pub fn identity(&self) -> Option<FileIdentity> {
        self.identity
    }

    /// None where its text is not kept.
    pub fn home(&self) -> Option<&Home> {
        self.home.as_ref()
    }

    /// It is still as it was when it was opened.
    pub fn is_current(&self) -> bool {
        self.file.is_unchanged()
    }

    /// Its text, from the start.
    pub fn reader(&self) -> Result<Box<dyn Read + Send>, Error> {
        let forward = Forward { source: Arc::clone(&self.file), offset: 0 };
        self.packing.decoder(BufReader::with_capacity(UNPACK_BYTES, forward)).map_err(|cause| Error::Unpack {
            name: self.file.path().display().to_string(),
            offset: 0,
            cause: Arc::new(cause),
        })
    }
}

/// The packing that a file's first bytes tell.
pub(super) fn packing_of(file: &FileSource) -> Result<Option<Packing>, Error> {
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

/// Where in a cache the text of a packed file belongs.
pub(super) struct Home {
    cache: Arc<Cache>,
    key: CacheKey,
}

impl Home {
    /// The whole text, if it is there: its frames, their table and its length. What is there and is not whole is thrown
    /// away.
    pub fn find(&self) -> Option<(Store, Table, u64)> {
        let pin = self.pin();
        let file = FileSource::open(pin.path()).ok()?;
        let read = |offset: u64, buf: &mut [u8]| read_exact(&file, offset, buf).ok();
        let Some((table, text_bytes)) = frames::read_trailer(file.identity().2, self.key.hash(), read) else {
            pin.remove();
            return None;
        };
        self.cache.mark_used(self.key);
        Some((Store::Cached(file, Arc::new(pin)), table, text_bytes))
    }

    /// What stands behind the frames of a whole file.
    pub fn trailer(&self, table: &Table, text_bytes: u64) -> Vec<u8> {
        frames::trailer(table, text_bytes, self.key.hash())
    }

    /// A file that may be kept here, and room in the cache for its `bytes` bytes.
    pub fn part(&self, bytes: u64) -> Result<Part, Error> {
        self.cache.make_room(self.key, bytes)?;
        self.cache.part(self.key)
    }

    pub fn pin(&self) -> Pin {
        self.cache.pin(self.key)
    }

    pub fn note_trouble(&self, error: Error) {
        self.cache.note_trouble(error);
    }
}
