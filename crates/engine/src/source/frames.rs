//! Text as independent frames: packed by zstd, each readable by itself, with a table that says where each lies.
//!
//! All frames hold [`FRAME_TEXT_BYTES`] of text but the last, so that an offset tells its frame. A file of them, when it
//! is whole, ends with the table, and with a trailer that says what it is of; see [`trailer`].

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use xxhash_rust::xxh3::xxh3_64;
use zstd::bulk::{Compressor, Decompressor};
use zstd::zstd_safe::{CParameter, compress_bound};

use crate::limits::{FRAME_TEXT_BYTES, FRAME_ZSTD_LEVEL, FRAMES_MAX, FRAMES_PER_SOURCE_MAX, SPOOL_BYTES_MAX};

/// The frame in which the byte of text at `offset` lies, and where in it.
pub(crate) fn place(offset: u64) -> (usize, usize) {
    let bytes = FRAME_TEXT_BYTES as u64;
    // A spool has at most SPOOL_BYTES_MAX of text.
    let frame = usize::try_from(offset / bytes).unwrap_or(usize::MAX);
    (frame, usize::try_from(offset % bytes).unwrap_or(0))
}

/// A thread's zstd contexts, made when they are first needed: a megabyte or so, too much to make anew for each frame.
#[derive(Default)]
struct Contexts {
    packer: Option<Compressor<'static>>,
    unpacker: Option<Decompressor<'static>>,
}

thread_local! {
    static CONTEXTS: RefCell<Contexts> = RefCell::default();
}

/// Packs one frame's text, with a checksum.
pub(crate) fn pack(text: &[u8]) -> io::Result<Vec<u8>> {
    debug_assert!(text.len() <= FRAME_TEXT_BYTES, "a frame of {} bytes", text.len());
    CONTEXTS.with_borrow_mut(|contexts| {
        let packer = match &mut contexts.packer {
            Some(packer) => packer,
            none => {
                let mut packer = Compressor::new(FRAME_ZSTD_LEVEL)?;
                packer.set_parameter(CParameter::ChecksumFlag(true))?;
                none.insert(packer)
            }
        };
        packer.compress(text)
    })
}

/// Unpacks one frame, which must hold `text_bytes` of text, at most [`FRAME_TEXT_BYTES`].
pub(crate) fn unpack(frame: &[u8], text_bytes: usize) -> io::Result<Vec<u8>> {
    CONTEXTS.with_borrow_mut(|contexts| {
        let unpacker = match &mut contexts.unpacker {
            Some(unpacker) => unpacker,
            none => none.insert(Decompressor::new()?),
        };
        let mut text = Vec::with_capacity(text_bytes.min(FRAME_TEXT_BYTES));
        unpacker.decompress_to_buffer(frame, &mut text)?;
        if text.len() == text_bytes {
            Ok(text)
        } else {
            Err(io::Error::new(io::ErrorKind::InvalidData, "a frame holds less text than it should"))
        }
    })
}

/// Unpacked frames of all sources, the one used last at the back.
static RECENT: Mutex<VecDeque<Recent>> = Mutex::new(VecDeque::new());

struct Recent {
    source: u64,
    frame: usize,
    text: Arc<Vec<u8>>,
}

/// The text of a frame, where it is at hand. `source` is its source's number in this process.
pub(crate) fn recent(source: u64, frame: usize) -> Option<Arc<Vec<u8>>> {
    let mut recent = RECENT.lock().unwrap_or_else(PoisonError::into_inner);
    let at = recent.iter().rposition(|recent| recent.source == source && recent.frame == frame)?;
    let found = recent.remove(at)?;
    let text = Arc::clone(&found.text);
    recent.push_back(found);
    Some(text)
}

/// Keeps the text of a frame at hand.
pub(crate) fn remember(source: u64, frame: usize, text: Arc<Vec<u8>>) {
    let mut recent = RECENT.lock().unwrap_or_else(PoisonError::into_inner);
    recent.retain(|recent| recent.source != source || recent.frame != frame);
    if recent.iter().filter(|recent| recent.source == source).count() >= FRAMES_PER_SOURCE_MAX
        && let Some(oldest) = recent.iter().position(|recent| recent.source == source)
    {
        recent.remove(oldest);
    }
    recent.push_back(Recent { source, frame, text });
    while recent.len() > FRAMES_MAX {
        recent.pop_front();
    }
}

/// Forgets the frames of a source that is gone.
pub(crate) fn forget(source: u64) {
    RECENT.lock().unwrap_or_else(PoisonError::into_inner).retain(|recent| recent.source != source);
}

/// Where frames lie in their file: the end of each, in bytes; each begins where the one before it ends.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Table {
    ends: Vec<u64>,
}

impl Table {
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Bytes of all frames.
    pub fn bytes(&self) -> u64 {
        self.ends.last().copied().unwrap_or(0)
    }

    pub fn push(&mut self, frame_bytes: usize) {
        self.ends.push(self.bytes() + frame_bytes as u64);
    }

    /// Where frame `frame` lies; it must be one of them.
    pub fn range(&self, frame: usize) -> Range<u64> {
        let start = if frame == 0 { 0 } else { self.ends[frame - 1] };
        start..self.ends[frame]
    }
}

const MAGIC: [u8; 8] = *b"LBTEXT\r\n";
const VERSION: u32 = 1;

/// Bytes of the trailer's end, whose length does not depend on how many frames there are.
pub(crate) const TRAILER_END_BYTES: usize = 8 + 8 + 8 + 16 + 4 + 8;

/// What stands behind the frames of a whole file: the length of each frame (4 bytes), then the number of frames (8), the
/// length of the text (8), a checksum of all the trailer but itself (8), the identity of what was unpacked (16), the
/// version (4) and a magic number (8). All numbers have their low byte first.
pub(crate) fn trailer(table: &Table, text_bytes: u64, identity: u128) -> Vec<u8> {
    let mut out = Vec::with_capacity(table.len() * 4 + TRAILER_END_BYTES);
    for frame in 0..table.len() {
        let Range { start, end } = table.range(frame);
        // A frame is never longer than `frame_bytes_max`.
        out.extend_from_slice(&u32::try_from(end - start).unwrap_or(u32::MAX).to_le_bytes());
    }
    out.extend_from_slice(&(table.len() as u64).to_le_bytes());
    out.extend_from_slice(&text_bytes.to_le_bytes());
    let checksum = checksum(&out, identity);
    out.extend_from_slice(&checksum.to_le_bytes());
    out.extend_from_slice(&identity.to_le_bytes());
    out.extend_from_slice(&VERSION.to_le_bytes());
    out.extend_from_slice(&MAGIC);
    out
}

fn checksum(table: &[u8], identity: u128) -> u64 {
    let mut hasher = xxhash_rust::xxh3::Xxh3::new();
    hasher.update(&MAGIC);
    hasher.update(&VERSION.to_le_bytes());
    hasher.update(&identity.to_le_bytes());
    hasher.update(&xxh3_64(table).to_le_bytes());
    hasher.digest()
}

/// The most bytes that a frame may take.
fn frame_bytes_max() -> u64 {
    compress_bound(FRAME_TEXT_BYTES) as u64
}

/// Reads the trailer of a file of `file_bytes`, by `read(offset, buf)`: the table, and the length of the text.
///
/// None where it is torn, of another version or of another identity, or where any number in it does not fit the others.
/// Never takes more memory than the file has bytes.
pub(crate) fn read_trailer(
    file_bytes: u64,
    identity: u128,
    read: impl Fn(u64, &mut [u8]) -> Option<()>,
) -> Option<(Table, u64)> {
    let mut end = [0; TRAILER_END_BYTES];
    let end_start = file_bytes.checked_sub(TRAILER_END_BYTES as u64)?;
    read(end_start, &mut end)?;
    let (frames, rest) = end.split_first_chunk()?;
    let (text_bytes, rest) = rest.split_first_chunk()?;
    let (sum, rest) = rest.split_first_chunk()?;
    let (of, rest) = rest.split_first_chunk()?;
    let (version, magic) = rest.split_first_chunk()?;
    if magic != MAGIC || u32::from_le_bytes(*version) != VERSION || u128::from_le_bytes(*of) != identity {
        return None;
    }
    let (frames, text_bytes) = (u64::from_le_bytes(*frames), u64::from_le_bytes(*text_bytes));
    if text_bytes > SPOOL_BYTES_MAX || frames != text_bytes.div_ceil(FRAME_TEXT_BYTES as u64) {
        return None;
    }
    let table_start = end_start.checked_sub(frames.checked_mul(4)?)?;
    let mut bytes = vec![0; usize::try_from(end_start - table_start).ok()?];
    read(table_start, &mut bytes)?;
    let mut table = Table { ends: Vec::with_capacity(bytes.len() / 4) };
    for length in bytes.chunks_exact(4) {
        let length = u32::from_le_bytes(length.try_into().ok()?);
        if length == 0 || u64::from(length) > frame_bytes_max() {
            return None;
        }
        table.push(usize::try_from(length).ok()?);
    }
    bytes.extend_from_slice(&end[..16]);
    (table.bytes() == table_start && checksum(&bytes, identity) == u64::from_le_bytes(*sum))
        .then_some((table, text_bytes))
}
