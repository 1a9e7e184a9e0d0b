//! A place in a log, as addresses name it.

use record::wire::{Record, Start};

/// A place in a log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Place {
    /// Its first line.
    #[default]
    Top,
    /// Line `n`, from 1.
    Line(u64),
    /// Its last line.
    End,
    /// The first line at or after a time (RFC 3339, UTC).
    Time(String),
    /// The line that an anchor names.
    Anchor(Anchor),
}

/// What names a line for ever: the source it lies in, and where in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Anchor {
    /// The source's id.
    pub source: String,
    /// Where the line's first byte lies.
    pub offset: u64,
}

/// What tells whether the line at an anchor is still the one that a link was made for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mark {
    /// The line's time, or that of the line it continues.
    pub ts: Option<String>,
    /// A hash of its bytes.
    pub hash: Option<u32>,
}

/// Bytes of a line's text that its hash is made of: as many as every answer about it has.
const HASHED_BYTES: usize = 1024;

/// The hash that links carry: FNV-1a over the first bytes of a line's text, up to a whole character.
#[must_use]
pub fn hash(text: &str) -> u32 {
    let mut end = HASHED_BYTES.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.bytes().take(end).fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

impl Anchor {
    /// The anchor of a record.
    #[must_use]
    pub fn of(record: &Record) -> Self {
        Self { source: record.source.clone(), offset: record.offset }
    }

    /// As an address has it.
    #[must_use]
    pub fn text(&self) -> String {
        format!("{}:{}", self.source, self.offset)
    }
}

impl Place {
    /// The place that names this record for ever.
    #[must_use]
    pub fn of(record: &Record) -> Self {
        Self::Anchor(Anchor::of(record))
    }

    /// Where a window of `lines` lines starts that shows this place.
    #[must_use]
    pub fn start(&self, lines: u64) -> Start {
        match self {
            Self::Top => Start::Line(1),
            Self::Line(n) => Start::Number(*n),
            Self::End => Start::Tail(lines),
            Self::Time(time) => Start::Time(time.clone()),
            Self::Anchor(anchor) => Start::Anchor { source: anchor.source.clone(), offset: anchor.offset },
        }
    }

    /// What it is called in an address, and its value there.
    pub(super) fn pair(&self) -> Option<(&'static str, String)> {
        match self {
            Self::Top => None,
            Self::Line(n) => Some(("n", n.to_string())),
            Self::End => Some(("n", "end".to_owned())),
            Self::Time(time) => Some(("at", time.clone())),
            Self::Anchor(anchor) => Some(("anchor", anchor.text())),
        }
    }
}

/// A line number of an address: from 1, or `end`.
pub(super) fn line_number(value: &str) -> Option<Place> {
    match value.parse() {
        Ok(0) => None,
        Ok(n) => Some(Place::Line(n)),
        Err(_) => (value == "end").then_some(Place::End),
    }
}

/// `SOURCE:OFFSET`.
pub(super) fn anchor(value: &str) -> Option<Anchor> {
    let (source, offset) = value.rsplit_once(':')?;
    let offset = offset.parse().ok()?;
    (!source.is_empty()).then(|| Anchor { source: source.to_owned(), offset })
}
