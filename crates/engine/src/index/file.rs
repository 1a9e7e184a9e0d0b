//! An index as the bytes of a file, and back.
//!
//! A magic number (8 bytes), the version (4), the length of what follows unpacked (8), a checksum of all but itself and
//! the magic number (8), all with the low byte first; then, packed by zstd, what the index is of ([`LogIdentity`]) and the
//! columns: for each source offsets, keys and levels, then the blocks' keys, their lines a level and a source. A column
//! holds one number a block, as the difference from the block before where it rises. So a block of three sources takes
//! some twenty bytes, where memory takes nearly three hundred.

use std::io::Read as _;

use record::{Level, Timestamp};
use xxhash_rust::xxh3::Xxh3;

use super::bytes::{Reader, Writer};
use super::identity::{LogIdentity, Relation};
use super::{Block, Index, grown};
use crate::limits::{INDEX_FILE_BYTES_MAX, ZSTD_WINDOW_LOG_MAX};
use crate::merge::Input;
use crate::stream::Standing;

const MAGIC: [u8; 8] = *b"LBINDEX\n";
const VERSION: u32 = 1;
const HEAD_BYTES: usize = 8 + 4 + 8 + 8;

/// No key is further from 1970: a file's last modification has 64 bits of seconds. Spans of keys can be reckoned with.
const KEY_NANOS_MAX: u128 = 1 << 94;

/// The level at which zstd packs an index: a hundredth of a second for the index of ten million lines.
const ZSTD_LEVEL: i32 = 9;

/// Why the bytes of a file are no index. It is then built again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IndexFileError {
    /// They are something else.
    #[error("it is no index")]
    NotAnIndex,
    /// Another version of this program wrote them.
    #[error("it is an index of version {0}")]
    Version(u32),
    /// They are cut short, or were changed.
    #[error("its checksum is wrong")]
    Torn,
    /// They cannot be what an index says of its log.
    #[error("it makes no sense: {0}")]
    Wrong(&'static str),
}

/// What an index that was kept is worth today.
#[derive(Debug)]
pub enum Loaded {
    /// The log is the same: the index is whole, or as far as it was built.
    Same(Index),
    /// Some files have grown: the part of the index that this cannot change, to be built on from [`Index::resume`].
    Grown(Index),
    /// It is of another log, or of other bytes.
    Stale,
}

impl Index {
    /// The bytes of a file from which [`Index::load`] reads it again, by itself or half built.
    ///
    /// None where a source failed, since its lines would be missing for ever; where too little is built to be worth it;
    /// or where it would take more than [`INDEX_FILE_BYTES_MAX`].
    #[must_use]
    pub fn encode(&self, of: &LogIdentity) -> Option<Vec<u8>> {
        if !self.failures().is_empty() || of.sources.len() != self.sources {
            return None;
        }
        let (blocks, resume) = self.resumable()?;
        let mut out = Writer::default();
        of.with_guessed_years(&self.guessed_years).encode(&mut out);
        self.encode_columns(blocks, resume, &mut out);
        pack(&out.0)
    }

    /// The bytes of a file that holds `unpacked`, whatever that says: what [`Index::load`] must bear. For fuzzing.
    #[doc(hidden)]
    #[must_use]
    pub fn seal(unpacked: &[u8]) -> Option<Vec<u8>> {
        pack(unpacked)
    }

    /// The index that `file` holds, as far as it is right for `inputs`, whose identity is `today`.
    ///
    /// Takes memory by the length of the log, whatever the file says.
    ///
    /// # Errors
    ///
    /// [`IndexFileError`] where the bytes are no index. They are of no more use then.
    pub fn load(file: &[u8], today: &LogIdentity, inputs: &[Input]) -> Result<Loaded, IndexFileError> {
        let unpacked = unpack(file, unpacked_bytes_max(today))?;
        let mut bytes = Reader(&unpacked);
        let of = LogIdentity::decode(&mut bytes)?;
        let relation = of.relation(today, inputs);
        if relation == Relation::Other {
            return Ok(Loaded::Stale);
        }
        let mut index = Self::decode_columns(&of, &mut bytes)?;
        index.note_guessed_years(&of.guessed_years());
        if !bytes.0.is_empty() {
            return Err(IndexFileError::Wrong("there is more behind its end"));
        }
        Ok(match relation {
            Relation::Grown(places) => match grown::trim(index, &of, &places, inputs) {
                Some(index) => Loaded::Grown(index),
                None => Loaded::Stale,
            },
            Relation::Same | Relation::Other => Loaded::Same(index),
        })
    }

    /// How many blocks are worth keeping, and where to go on behind them; none where the log is whole.
    fn resumable(&self) -> Option<(usize, Option<&[Standing]>)> {
        if self.complete {
            return Some((self.blocks.len(), None));
        }
        // Where the last block ends is not always noted; where it begins is.
        let blocks = self.blocks.len() - usize::from(self.resume.is_none() && !self.blocks.is_empty());
        (blocks > 0).then(|| (blocks, Some(self.row(blocks))))
    }

    fn encode_columns(&self, blocks: usize, resume: Option<&[Standing]>, out: &mut Writer) {
        let unit = unit_of(&self.blocks[..blocks], &self.standings);
        out.number(blocks as u128);
        out.flag(resume.is_some());
        out.number(unit.cast_unsigned());
        out.number(u128::from(self.spacing));
        out.number(self.blocks[..blocks].last().map_or(0, |block| u128::from(block.lines)));
        for source in 0..self.sources {
            let standings = || {
                let kept = self.standings[..blocks * self.sources].iter().skip(source).step_by(self.sources);
                kept.chain(resume.map(|standings| &standings[source]))
            };
            let mut before = 0;
            for standing in standings() {
                out.number(u128::from(standing.offset.wrapping_sub(before)));
                before = standing.offset;
            }
            let mut keys = Rising { unit, before: 0 };
            for standing in standings() {
                keys.encode(standing.key, out);
            }
            out.0.extend(standings().map(|standing| byte_of(standing.level)));
        }
        let mut keys = Rising { unit, before: 0 };
        for block in &self.blocks[..blocks] {
            keys.encode(block.first_key, out);
            keys.encode(block.last_key, out);
        }
        // What is left of a block's lines is without a level, and of the last source.
        for level in 0..Level::ALL.len() {
            for block in &self.blocks[..blocks] {
                out.number(u128::from(block.levels[level]));
            }
        }
        for source in 0..self.sources.saturating_sub(1) {
            for lines in self.block_lines[..blocks * self.sources].iter().skip(source).step_by(self.sources) {
                out.number(u128::from(*lines));
            }
        }
    }

    /// Reads the columns; checks every number against the others and against the sources' lengths.
    fn decode_columns(of: &LogIdentity, bytes: &mut Reader<'_>) -> Result<Self, IndexFileError> {
        use IndexFileError::Wrong;
        let sources = of.sources.len();
        let mut index = Self::new(sources);
        // A byte a block in every column.
        let blocks = bytes.count(3 * sources + 2 + Level::ALL.len() + sources.saturating_sub(1))?;
        let resumes = bytes.flag()?;
        let unit = bytes.number()?.cast_signed();
        let spacing = bytes.small()?;
        let last_lines = bytes.small()?;
        if sources == 0 || unit <= 0 || spacing != index.spacing {
            return Err(Wrong("it was built another way"));
        }
        if (last_lines == 0) != (blocks == 0) || last_lines > spacing || (resumes && last_lines != spacing) {
            return Err(Wrong("its blocks are not full"));
        }
        let lines = (blocks as u64).checked_sub(1).map_or(0, |full| full * spacing + last_lines);
        if of.text_bytes().is_some_and(|text_bytes| lines > text_bytes) {
            return Err(Wrong("it has more lines than its log has bytes"));
        }
        let rows = blocks + usize::from(resumes);
        let nothing = Standing { offset: 0, key: Timestamp::from_nanos(0), level: None };
        let mut standings = vec![nothing; rows * sources];
        for (place, source) in of.sources.iter().enumerate() {
            let column = || (0..rows).map(|row| row * sources + place);
            let text_bytes = source.text_bytes_max();
            let mut before = 0_u64;
            for at in column() {
                let offset = before.checked_add(bytes.small()?).filter(|offset| *offset <= text_bytes);
                before = offset.ok_or(Wrong("a source is too short"))?;
                standings[at].offset = before;
            }
            let mut keys = Rising { unit, before: 0 };
            for (row, at) in column().enumerate() {
                standings[at].key = keys.decode(bytes, row > 0)?;
            }
            for at in column() {
                standings[at].level = level_of(bytes.byte()?)?;
            }
        }
        let mut keys = Rising { unit, before: 0 };
        for number in 0..blocks {
            let first_key = keys.decode(bytes, number > 0)?;
            let last_key = keys.decode(bytes, true)?;
            let lines = if number + 1 == blocks { last_lines } else { spacing };
            index.blocks.push(Block { first_key, last_key, lines, levels: [0; 7] });
        }
        for level in 0..Level::ALL.len() {
            for block in &mut index.blocks {
                block.levels[level] = bytes.small()?;
            }
        }
        for block in &mut index.blocks {
            let levelled = block.levels.iter().try_fold(0_u64, |sum, lines| sum.checked_add(*lines));
            let rest = levelled.and_then(|levelled| block.lines.checked_sub(levelled));
            block.levels[Level::ALL.len()] = rest.ok_or(Wrong("a block has more levels than lines"))?;
        }
        index.block_lines = vec![0; blocks * sources];
        for source in 0..sources - 1 {
            for block in 0..blocks {
                let lines = u32::try_from(bytes.small()?).map_err(|_| Wrong("a block has too many lines"))?;
                index.block_lines[block * sources + source] = lines;
            }
        }
        for (block, lines) in index.blocks.iter().zip(index.block_lines.chunks_exact_mut(sources)) {
            let others: u64 = lines.iter().map(|lines| u64::from(*lines)).sum();
            let rest = block.lines.checked_sub(others).and_then(|rest| u32::try_from(rest).ok());
            lines[sources - 1] = rest.ok_or(Wrong("a block has more lines of its sources than lines"))?;
        }
        index.resume = resumes.then(|| standings.split_off(blocks * sources));
        index.standings = standings;
        index.complete = !resumes;
        index.sum_up();
        Ok(index)
    }
}

/// A column of keys, each as its distance from the one before.
struct Rising {
    unit: i128,
    before: i128,
}

impl Rising {
    fn encode(&mut self, key: Timestamp, out: &mut Writer) {
        let key = key.nanos() / self.unit;
        out.signed(key.wrapping_sub(self.before));
        self.before = key;
    }

    fn decode(&mut self, bytes: &mut Reader<'_>, rises: bool) -> Result<Timestamp, IndexFileError> {
        let step = bytes.signed()?;
        if rises && step < 0 {
            return Err(IndexFileError::Wrong("keys fall"));
        }
        let nanos = self.before.checked_add(step).and_then(|key| {
            self.before = key;
            key.checked_mul(self.unit)
        });
        let nanos = nanos.filter(|nanos| nanos.unsigned_abs() <= KEY_NANOS_MAX);
        Ok(Timestamp::from_nanos(nanos.ok_or(IndexFileError::Wrong("a key is too large"))?))
    }
}

/// The coarsest unit that loses nothing: most logs have times in milliseconds or microseconds.
fn unit_of(blocks: &[Block], standings: &[Standing]) -> i128 {
    let keys = || {
        let of_blocks = blocks.iter().flat_map(|block| [block.first_key, block.last_key]);
        of_blocks.chain(standings.iter().map(|standing| standing.key))
    };
    let fits = |unit: &i128| keys().all(|key| key.nanos() % unit == 0);
    [1_000_000_000, 1_000_000, 1_000].into_iter().find(fits).unwrap_or(1)
}

fn byte_of(level: Option<Level>) -> u8 {
    level.map_or(0, |level| level as u8 + 1)
}

fn level_of(byte: u8) -> Result<Option<Level>, IndexFileError> {
    match byte.checked_sub(1) {
        None => Ok(None),
        Some(place) => match Level::ALL.get(usize::from(place)) {
            Some(level) => Ok(Some(*level)),
            None => Err(IndexFileError::Wrong("there is no such level")),
        },
    }
}

fn checksum(version: u32, unpacked_bytes: u64, packed: &[u8]) -> u64 {
    let mut hasher = Xxh3::new();
    hasher.update(&version.to_le_bytes());
    hasher.update(&unpacked_bytes.to_le_bytes());
    hasher.update(packed);
    hasher.digest()
}

/// A file with a head and `unpacked` in it. None where that is too much.
fn pack(unpacked: &[u8]) -> Option<Vec<u8>> {
    let unpacked_bytes = unpacked.len() as u64;
    if unpacked_bytes > INDEX_FILE_BYTES_MAX {
        return None;
    }
    let packed = zstd::bulk::compress(unpacked, ZSTD_LEVEL).ok()?;
    let mut file = Vec::with_capacity(HEAD_BYTES + packed.len());
    file.extend_from_slice(&MAGIC);
    file.extend_from_slice(&VERSION.to_le_bytes());
    file.extend_from_slice(&unpacked_bytes.to_le_bytes());
    file.extend_from_slice(&checksum(VERSION, unpacked_bytes, &packed).to_le_bytes());
    file.extend_from_slice(&packed);
    Some(file)
}

/// Checks a file's head and unpacks the rest. Takes no more than `bytes_max`, and no more than there is.
pub(super) fn unpack(file: &[u8], bytes_max: u64) -> Result<Vec<u8>, IndexFileError> {
    use IndexFileError::{NotAnIndex, Torn, Version};
    let (magic, rest) = file.split_first_chunk::<8>().ok_or(NotAnIndex)?;
    if *magic != MAGIC {
        return Err(NotAnIndex);
    }
    let (version, rest) = rest.split_first_chunk().ok_or(Torn)?;
    let (unpacked_bytes, rest) = rest.split_first_chunk().ok_or(Torn)?;
    let (sum, packed) = rest.split_first_chunk().ok_or(Torn)?;
    let (version, unpacked_bytes) = (u32::from_le_bytes(*version), u64::from_le_bytes(*unpacked_bytes));
    if version != VERSION {
        return Err(Version(version));
    }
    if u64::from_le_bytes(*sum) != checksum(version, unpacked_bytes, packed) {
        return Err(Torn);
    }
    if unpacked_bytes > bytes_max {
        return Err(IndexFileError::Wrong("it is longer than the index of its log can be"));
    }
    let mut decoder = zstd::stream::read::Decoder::with_buffer(packed).map_err(|_| Torn)?;
    decoder.window_log_max(ZSTD_WINDOW_LOG_MAX).map_err(|_| Torn)?;
    let mut unpacked = Vec::new();
    decoder.take(unpacked_bytes + 1).read_to_end(&mut unpacked).map_err(|_| Torn)?;
    if unpacked.len() as u64 == unpacked_bytes { Ok(unpacked) } else { Err(Torn) }
}

/// Bytes that the index of a log takes at most before it is packed.
fn unpacked_bytes_max(log: &LogIdentity) -> u64 {
    let sources = log.sources.len();
    let Some(text_bytes) = log.text_bytes() else { return INDEX_FILE_BYTES_MAX };
    // A line takes a byte at least. A number takes 19 bytes at most.
    let blocks = text_bytes / Index::new(sources).spacing + 2;
    let row_bytes = 19 * (4 * sources as u64 + 2 + Level::ALL.len() as u64);
    let columns = blocks.saturating_mul(row_bytes);
    columns.saturating_add(log.encoded_bytes_max() as u64 + 100).min(INDEX_FILE_BYTES_MAX)
}
