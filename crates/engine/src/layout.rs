//! How the bytes of a source are to be read: encoding, byte-order mark, a container runtime's wrapping.

use record::Wrapping;

use crate::limits::{LAYOUT_BYTES, LAYOUT_LINES};
use crate::{Error, Source};

/// The encoding of a source's text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Encoding {
    /// UTF-8 or what is near it.
    #[default]
    Utf8,
    /// UTF-16, as a byte-order mark said.
    Utf16 {
        /// The higher byte comes first.
        big_endian: bool,
    },
}

impl Encoding {
    /// The bytes that end a line.
    #[must_use]
    pub const fn newline(self) -> &'static [u8] {
        match self {
            Self::Utf8 => b"\n",
            Self::Utf16 { big_endian: false } => b"\n\0",
            Self::Utf16 { big_endian: true } => b"\0\n",
        }
    }
}

/// How a source's bytes are read, told by its first stretch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Layout {
    /// Its encoding.
    pub encoding: Encoding,
    /// Bytes of its byte-order mark, 0 where it has none.
    pub mark_bytes: u64,
    /// The container runtime's wrapping that all its first lines have.
    pub wrapping: Option<Wrapping>,
}

impl Layout {
    /// Looks at the first lines of `source`, and at no more of them than are needed: a pipe may be slow.
    ///
    /// # Errors
    ///
    /// What reading gives. A source that breaks off later is judged by what came before.
    pub fn detect(source: &dyn Source) -> Result<Self, Error> {
        let mut head = vec![0; LAYOUT_BYTES];
        let mut filled = 0;
        let mut whole = false;
        while filled < head.len()
            && memchr::memchr_iter(b'\n', &head[..filled]).take(LAYOUT_LINES).count() < LAYOUT_LINES
        {
            match source.read_at(filled as u64, &mut head[filled..]) {
                Ok(0) => {
                    whole = true;
                    break;
                }
                Ok(count) => filled += count,
                Err(error) if filled == 0 => return Err(error),
                Err(_) => break,
            }
        }
        Ok(Self::of(&head[..filled], whole))
    }

    /// The layout that a source's first bytes tell; `whole`: there are no others.
    fn of(head: &[u8], whole: bool) -> Self {
        let (encoding, mark_bytes) = match head {
            [0xEF, 0xBB, 0xBF, ..] => (Encoding::Utf8, 3),
            [0xFF, 0xFE, ..] => (Encoding::Utf16 { big_endian: false }, 2),
            [0xFE, 0xFF, ..] => (Encoding::Utf16 { big_endian: true }, 2),
            _ => (Encoding::Utf8, 0),
        };
        let wrapping = if encoding == Encoding::Utf8 {
            let text = &head[usize::try_from(mark_bytes).unwrap_or(0)..];
            let end = if whole { text.len() } else { memchr::memrchr(b'\n', text).map_or(0, |at| at + 1) };
            let lines: Vec<&[u8]> = text[..end]
                .split_inclusive(|byte| *byte == b'\n')
                .take(LAYOUT_LINES)
                .map(|line| line.strip_suffix(b"\n").unwrap_or(line))
                .map(|line| line.strip_suffix(b"\r").unwrap_or(line))
                .collect();
            Wrapping::detect(&lines)
        } else {
            None
        };
        Self { encoding, mark_bytes, wrapping }
    }
}
