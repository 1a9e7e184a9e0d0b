//! JSON's strings: how they are read and written.

use memchr::memchr;

use super::stops::{self, Stops};
use crate::lanes;

/// Bytes that [`Raw::with_start`] gives of a string with escapes: the longest name that anything looks for has 20,
/// a time with nanoseconds and zone 35.
const START_BYTES: usize = 64;

/// The inside of a well-formed JSON string, as the line has it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Raw<'a> {
    /// What stands between the quotation marks.
    pub bytes: &'a [u8],
    /// There are escapes in it.
    pub escaped: bool,
}

impl Raw<'_> {
    /// Calls `read` with what the string means: all of it, or a start that is longer than any name, level or time.
    #[inline]
    pub(crate) fn with_start<T>(self, read: impl FnOnce(&[u8]) -> T) -> T {
        let mut start = [0; START_BYTES];
        let mut bytes = self.bytes;
        if self.escaped {
            let len = self.decode_start(&mut start);
            bytes = &start[..len];
        }
        read(bytes)
    }

    /// Writes as much of what the string means as there is room for; gives the length of that.
    #[cold]
    fn decode_start(self, start: &mut [u8; START_BYTES]) -> usize {
        let mut len = 0;
        self.decode(|stretch| {
            let stretch = &stretch[..stretch.len().min(START_BYTES - len)];
            start[len..len + stretch.len()].copy_from_slice(stretch);
            len += stretch.len();
        });
        len
    }

    /// Gives `push` what the string means, stretch by stretch; a lone surrogate becomes U+FFFD.
    pub(crate) fn decode(self, push: impl FnMut(&[u8])) {
        decode(self.bytes, push);
    }
}

/// See [`Raw::decode`].
fn decode(raw: &[u8], mut push: impl FnMut(&[u8])) {
    let mut rest = raw;
    while let Some(backslash) = memchr(b'\\', rest) {
        push(&rest[..backslash]);
        let Some((&kind, after)) = rest[backslash + 1..].split_first() else {
            return;
        };
        rest = after;
        let plain = match kind {
            b'b' => 0x08,
            b'f' => 0x0c,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'u' => {
                let character;
                (character, rest) = unicode(rest);
                push(character.encode_utf8(&mut [0; 4]).as_bytes());
                continue;
            }
            other => other,
        };
        push(&[plain]);
    }
    push(rest);
}

/// The character that follows `\u`, its second half included, and what stands behind it.
fn unicode(raw: &[u8]) -> (char, &[u8]) {
    let first = unit(raw);
    let rest = raw.get(4..).unwrap_or_default();
    if let 0xd800..0xdc00 = first
        && let Some(second) = rest.strip_prefix(b"\\u")
        && let low @ 0xdc00..0xe000 = unit(second)
    {
        let joined = 0x1_0000 + ((first - 0xd800) << 10) + (low - 0xdc00);
        let character = char::from_u32(joined).unwrap_or(char::REPLACEMENT_CHARACTER);
        return (character, second.get(4..).unwrap_or_default());
    }
    let character = char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER);
    (character, rest)
}

/// The number that four hexadecimal digits make.
fn unit(digits: &[u8]) -> u32 {
    digits.iter().take(4).fold(0, |unit, &digit| unit << 4 | char::from(digit).to_digit(16).unwrap_or_default())
}

/// Appends `text` as a JSON string, quotation marks included; escapes what it must and nothing more.
pub(crate) fn write(text: &str, out: &mut Vec<u8>) {
    let bytes = text.as_bytes();
    out.push(b'"');
    if lanes::any(bytes, stops::is_stop) {
        write_escaped(bytes, out);
    } else {
        out.extend_from_slice(bytes);
    }
    out.push(b'"');
}

/// Appends `bytes`, of which some must be escaped.
fn write_escaped(bytes: &[u8], out: &mut Vec<u8>) {
    let mut stops = Stops::new(bytes);
    let mut start = 0;
    loop {
        let stop = stops.from(start);
        push(&bytes[start..], stop - start, out);
        let Some(&byte) = bytes.get(stop) else { return };
        start = stop + 1;
        let short = match byte {
            b'"' => b'"',
            b'\\' => b'\\',
            0x08 => b'b',
            0x0c => b'f',
            b'\n' => b'n',
            b'\r' => b'r',
            b'\t' => b't',
            _ => {
                const DIGITS: &[u8; 16] = b"0123456789abcdef";
                out.extend_from_slice(b"\\u00");
                out.push(DIGITS[usize::from(byte >> 4)]);
                out.push(DIGITS[usize::from(byte & 15)]);
                continue;
            }
        };
        out.extend_from_slice(&[b'\\', short]);
    }
}

/// Appends the first `count` bytes.
fn push(bytes: &[u8], count: usize, out: &mut Vec<u8>) {
    const FEW: usize = 32;
    match bytes.first_chunk::<FEW>() {
        // A copy of fixed size is but two instructions: to copy too much is faster than to call for the right size.
        Some(chunk) if count <= FEW => {
            let end = out.len() + count;
            out.extend_from_slice(chunk);
            out.truncate(end);
        }
        _ => out.extend_from_slice(&bytes[..count]),
    }
}
