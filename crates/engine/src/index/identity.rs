//! What an index is of: its sources, each in its state, and how their lines were read.

use record::{Timestamp, Wrapping};

use super::IndexFileError;
use super::bytes::{Reader, Writer};
use crate::cache::CacheKey;
use crate::layout::{Encoding, Layout};
use crate::limits::SPOOL_BYTES_MAX;
use crate::merge::Input;
use crate::source::{FileIdentity, hash_before, hash_first};
use crate::stream::Origin;

/// What an index is of, and by what it is found again after a restart.
#[derive(Clone, Debug)]
pub struct LogIdentity {
    pub(super) sources: Vec<SourceIdentity>,
    reading: String,
    pub(super) copies: u8,
}

/// A source as it was when its lines were indexed.
#[derive(Clone, Debug)]
pub(super) struct SourceIdentity {
    id: String,
    pub file: FileIdentity,
    /// Bytes of its text, where that was known.
    pub text_bytes: Option<u64>,
    pub origin: Origin,
    depends_on_modified: bool,
}

/// How the sources of today stand to those of an index.
#[derive(Debug, PartialEq)]
pub(super) enum Relation {
    /// They are the same.
    Same,
    /// These have grown, by their places; the others are the same.
    Grown(Vec<usize>),
    /// They are others, or were changed where they should only grow.
    Other,
}

/// Bytes that a source takes at least: an empty id, and a byte a number.
const SOURCE_BYTES_MIN: usize = 12 + 2 * 16;

impl LogIdentity {
    /// The identity of `inputs` as they stand. Reads the first and last bytes of each file.
    ///
    /// `reading` says how times are read, such as the zone and the user's own form; `copies` how lines that are in
    /// several sources are treated, 0 for not at all.
    ///
    /// None where a source is not a file, so that nothing tells it from another after a restart.
    #[must_use]
    pub fn of(inputs: &[Input], reading: &str, copies: u8) -> Option<Self> {
        let source = |input: &Input| {
            let file = input.source.file_identity()?;
            Some(SourceIdentity {
                id: input.id.to_string(),
                file,
                text_bytes: if file.packed { input.source.bytes() } else { Some(file.bytes) },
                origin: input.origin,
                depends_on_modified: input.origin.untimed,
            })
        };
        let sources: Option<Vec<_>> = inputs.iter().map(source).collect();
        Some(Self { sources: sources?, reading: reading.to_owned(), copies }).filter(|log| !log.sources.is_empty())
    }

    /// It is of the very state that `before` is of; only the lengths of packed texts may have become known since.
    #[must_use]
    pub fn is_state_of(&self, before: &Self) -> bool {
        let alike = |(now, then): (&SourceIdentity, &SourceIdentity)| {
            now.id == then.id && now.file == then.file && now.origin == then.origin
        };
        self.reading == before.reading
            && self.copies == before.copies
            && self.sources.len() == before.sources.len()
            && self.sources.iter().zip(&before.sources).all(alike)
    }

    /// The same, of sources of which some have lines whose year was told by the last modification.
    pub(super) fn with_guessed_years(&self, guessed: &[bool]) -> Self {
        let mut same = self.clone();
        for (source, guessed) in same.sources.iter_mut().zip(guessed) {
            source.depends_on_modified |= guessed;
        }
        same
    }

    /// By a source's place: what its lines say depends on its last modification.
    pub(super) fn guessed_years(&self) -> Vec<bool> {
        self.sources.iter().map(|source| source.depends_on_modified).collect()
    }

    /// Where in a cache its index lies. The same while its files grow.
    #[must_use]
    pub fn cache_key(&self) -> CacheKey {
        let mut parts = vec![self.reading.as_bytes().to_vec(), vec![self.copies]];
        for source in &self.sources {
            parts.push(source.id.as_bytes().to_vec());
            parts.push(source.file.device.to_le_bytes().to_vec());
            parts.push(source.file.inode.to_le_bytes().to_vec());
        }
        CacheKey::index(parts.iter().map(Vec::as_slice))
    }

    /// How the sources of `today`, which can be read from `inputs`, stand to these.
    pub(super) fn relation(&self, today: &Self, inputs: &[Input]) -> Relation {
        let as_before = self.reading == today.reading
            && self.copies == today.copies
            && self.sources.len() == today.sources.len()
            && self.sources.len() == inputs.len();
        if !as_before {
            return Relation::Other;
        }
        let mut grown = Vec::new();
        for (place, (old, new)) in self.sources.iter().zip(&today.sources).enumerate() {
            if old.id != new.id || !are_alike(&old.origin, &new.origin) {
                return Relation::Other;
            }
            if old.file == new.file {
                continue;
            }
            if !old.has_grown_to(new, &inputs[place]) {
                return Relation::Other;
            }
            grown.push(place);
        }
        if grown.is_empty() { Relation::Same } else { Relation::Grown(grown) }
    }

    /// Bytes of all its texts; none where one is not known.
    pub(super) fn text_bytes(&self) -> Option<u64> {
        self.sources.iter().try_fold(0_u64, |sum, source| sum.checked_add(source.text_bytes?))
    }

    /// Bytes that it takes at most in a file.
    pub(super) fn encoded_bytes_max(&self) -> usize {
        let names: usize = self.sources.iter().map(|source| source.id.len()).sum();
        names + self.reading.len() + (self.sources.len() + 1) * 256
    }

    pub(super) fn encode(&self, out: &mut Writer) {
        out.text(&self.reading);
        out.0.push(self.copies);
        out.number(self.sources.len() as u128);
        for source in &self.sources {
            let SourceIdentity { id, file, text_bytes, origin, depends_on_modified } = source;
            let FileIdentity { device, inode, bytes, modified, first_hash, last_hash, packed } = file;
            out.text(id);
            out.number(u128::from(*device));
            out.number(u128::from(*inode));
            out.number(u128::from(*bytes));
            out.signed(modified.nanos());
            out.hash(*first_hash);
            out.hash(*last_hash);
            out.flag(*packed);
            out.number(text_bytes.map_or(0, |bytes| u128::from(bytes) + 1));
            let Origin { layout: Layout { encoding, mark_bytes, wrapping }, first_key, untimed, .. } = origin;
            out.0.push(match encoding {
                Encoding::Utf8 => 0,
                Encoding::Utf16 { big_endian: false } => 1,
                Encoding::Utf16 { big_endian: true } => 2,
            });
            out.number(u128::from(*mark_bytes));
            out.0.push(match wrapping {
                None => 0,
                Some(Wrapping::Cri) => 1,
                Some(Wrapping::Docker) => 2,
            });
            out.signed(first_key.nanos());
            out.flag(*untimed);
            out.flag(*depends_on_modified);
        }
    }

    pub(super) fn decode(bytes: &mut Reader<'_>) -> Result<Self, IndexFileError> {
        let reading = bytes.text()?.to_owned();
        let copies = bytes.byte()?;
        let count = bytes.count(SOURCE_BYTES_MIN)?;
        let mut sources = Vec::with_capacity(count);
        for _ in 0..count {
            let id = bytes.text()?.to_owned();
            let file = FileIdentity {
                device: bytes.small()?,
                inode: bytes.small()?,
                bytes: bytes.small()?,
                modified: Timestamp::from_nanos(bytes.signed()?),
                first_hash: bytes.hash()?,
                last_hash: bytes.hash()?,
                packed: bytes.flag()?,
            };
            let text_bytes = bytes.small()?.checked_sub(1);
            let encoding = match bytes.byte()? {
                0 => Encoding::Utf8,
                1 => Encoding::Utf16 { big_endian: false },
                2 => Encoding::Utf16 { big_endian: true },
                _ => return Err(IndexFileError::Wrong("there is no such encoding")),
            };
            let mark_bytes = bytes.small()?;
            let wrapping = match bytes.byte()? {
                0 => None,
                1 => Some(Wrapping::Cri),
                2 => Some(Wrapping::Docker),
                _ => return Err(IndexFileError::Wrong("there is no such wrapping")),
            };
            let first_key = Timestamp::from_nanos(bytes.signed()?);
            let untimed = bytes.flag()?;
            let origin =
                Origin { layout: Layout { encoding, mark_bytes, wrapping }, first_key, untimed, timed_from: 0 };
            let depends_on_modified = bytes.flag()?;
            sources.push(SourceIdentity { id, file, text_bytes, origin, depends_on_modified });
        }
        Ok(Self { sources, reading, copies })
    }
}

fn are_alike(old: &Origin, new: &Origin) -> bool {
    let Origin { layout, first_key, untimed, timed_from } = old;
    (*layout, *first_key, *untimed, *timed_from) == (new.layout, new.first_key, new.untimed, new.timed_from)
}

impl SourceIdentity {
    /// Bytes of its text at most.
    pub fn text_bytes_max(&self) -> u64 {
        if self.file.packed { self.text_bytes.unwrap_or(SPOOL_BYTES_MAX).min(SPOOL_BYTES_MAX) } else { self.file.bytes }
    }

    /// It is `new` by now, with bytes behind its old ones and nothing else changed.
    ///
    /// That the old bytes are the same is told by its first ones and those before its old end: a log is appended to, or
    /// written anew.
    fn has_grown_to(&self, new: &Self, input: &Input) -> bool {
        let (old_file, new_file) = (&self.file, &new.file);
        !old_file.packed
            && !new_file.packed
            && (old_file.device, old_file.inode) == (new_file.device, new_file.inode)
            && old_file.bytes <= new_file.bytes
            && !self.origin.untimed
            && (old_file.modified == new_file.modified || !(self.depends_on_modified || new.depends_on_modified))
            && hash_first(&*input.source, old_file.bytes) == Some(old_file.first_hash)
            && hash_before(&*input.source, old_file.bytes) == Some(old_file.last_hash)
    }
}
