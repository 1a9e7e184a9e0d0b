//! A line's bytes as text.

use std::borrow::Cow;
use std::str;

use crate::limits::TEXT_BYTES_MAX;

/// What a line says, and what of it is not quite so in the source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text<'a> {
    /// The text.
    pub text: Cow<'a, str>,
    /// Bytes that are no character stand in it as U+FFFD.
    pub lossy: bool,
    /// Bytes of the line that are left out at its end.
    pub cut: u64,
}

/// Decodes a line as WHATWG's UTF-8 decoder does.
///
/// `head` is the line's start: the whole line, or at least its first [`TEXT_BYTES_MAX`] bytes. `line_bytes` is
/// the whole line's length, without its end (`\n` or `\r\n`). Of a longer line the text holds the first
/// [`TEXT_BYTES_MAX`] bytes, cut back to a whole character. Allocates only where the line is not UTF-8.
#[must_use]
#[inline]
pub fn decode(head: &[u8], line_bytes: u64) -> Text<'_> {
    let (mut head, fits) = shortened(head, line_bytes);
    if !fits {
        head = &head[..head.len() - unfinished(head)];
    }
    let cut = line_bytes.saturating_sub(head.len() as u64);
    // `from_utf8_lossy` goes byte by byte; what is UTF-8, as nearly all lines are, is seen much faster.
    match str::from_utf8(head) {
        Ok(text) => Text { text: Cow::Borrowed(text), lossy: false, cut },
        Err(_) => Text { text: String::from_utf8_lossy(head), lossy: true, cut },
    }
}

/// Decodes a line of UTF-16 as WHATWG's decoder does; lengths are as for [`decode`], in bytes of the source.
#[must_use]
pub fn decode_utf16(head: &[u8], line_bytes: u64, big_endian: bool) -> Text<'static> {
    let (mut head, fits) = shortened(head, line_bytes);
    let unit = |pair: &[u8; 2]| {
        if big_endian { u16::from_be_bytes(*pair) } else { u16::from_le_bytes(*pair) }
    };
    if !fits {
        head = &head[..head.len() & !1];
        let last = head.last_chunk().map(unit);
        if last.is_some_and(|unit| (0xd800..0xdc00).contains(&unit)) {
            head = &head[..head.len() - 2];
        }
    }
    let (pairs, half) = head.as_chunks::<2>();
    let mut lossy = !half.is_empty();
    let mut text = String::with_capacity(head.len());
    for character in char::decode_utf16(pairs.iter().map(unit)) {
        lossy |= character.is_err();
        text.push(character.unwrap_or(char::REPLACEMENT_CHARACTER));
    }
    if !half.is_empty() {
        text.push(char::REPLACEMENT_CHARACTER);
    }
    Text { text: Cow::Owned(text), lossy, cut: line_bytes.saturating_sub(head.len() as u64) }
}

/// The part of `head` that the text may hold, and whether that is the whole line.
fn shortened(head: &[u8], line_bytes: u64) -> (&[u8], bool) {
    let line = usize::try_from(line_bytes).unwrap_or(usize::MAX);
    let head = &head[..head.len().min(line).min(TEXT_BYTES_MAX)];
    (head, head.len() == line)
}

/// How many bytes at the end of `bytes` begin a character of UTF-8 and do not finish it.
///
/// Judged by these bytes alone, so that a text does not depend on how much more of the line was at hand.
fn unfinished(bytes: &[u8]) -> usize {
    let begins = |length: &usize| {
        bytes
            .len()
            .checked_sub(*length)
            .and_then(|start| str::from_utf8(&bytes[start..]).err())
            .is_some_and(|error| error.valid_up_to() == 0 && error.error_len().is_none())
    };
    (1..=3).find(begins).unwrap_or(0)
}
