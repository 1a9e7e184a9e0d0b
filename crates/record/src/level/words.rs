//! The words that programs have for levels.

use super::Level;
use crate::lanes;

/// The shortest word, `ERR`, has as many bytes.
pub(crate) const WORD_BYTES_MIN: usize = 3;

/// The longest, `EMERGENCY`.
pub(crate) const WORD_BYTES_MAX: usize = 9;

/// A word in upper case, as a number to compare with.
#[derive(Clone, Copy)]
struct Word {
    /// Its bytes, the first the lowest.
    text: u64,
    /// Ones where it has bytes.
    mask: u64,
    length: usize,
    /// What may follow it: `WARN` goes on in `WARNING`.
    longer: &'static [u8],
    level: Level,
}

/// The words, each where [`place`] puts it; no text matches the others.
const WORDS: [Word; 16] = {
    let none = Word { text: u64::MAX, mask: 0, length: 0, longer: b"", level: Level::Trace };
    let words: [(&[u8], &'static [u8], Level); 12] = [
        (b"TRACE", b"", Level::Trace),
        (b"DEBUG", b"", Level::Debug),
        (b"INFO", b"", Level::Info),
        (b"NOTICE", b"", Level::Info),
        (b"WARN", b"ING", Level::Warn),
        (b"ERR", b"OR", Level::Error),
        (b"SEVERE", b"", Level::Error),
        (b"CRITICAL", b"", Level::Fatal),
        (b"PANIC", b"", Level::Fatal),
        (b"ALERT", b"", Level::Fatal),
        (b"EMERG", b"ENCY", Level::Fatal),
        (b"FATAL", b"", Level::Fatal),
    ];
    let mut table = [none; 16];
    let mut next = 0;
    while next < words.len() {
        let (word, longer, level) = words[next];
        let mut text = 0;
        let mut at = word.len();
        while at > 0 {
            at -= 1;
            text = text << 8 | word[at] as u64;
        }
        let entry = &mut table[place(text)];
        assert!(entry.length == 0, "two words have one place");
        *entry = Word { text, mask: u64::MAX >> (64 - 8 * word.len()), length: word.len(), longer, level };
        next += 1;
    }
    table
};

/// Where a word stands in [`WORDS`], by its first three bytes. The factor was found by trying.
const fn place(text: u64) -> usize {
    let product = (text & 0xff_ffff) * 0x1778_8b95;
    (product >> 28) as usize % 16
}

/// The level word in upper case with which `bytes` begin, and its length. No letter, digit or `_` follows it.
#[inline]
pub(crate) fn at_start(bytes: &[u8]) -> Option<(Level, usize)> {
    let start = bytes.first_chunk().copied().unwrap_or_else(|| lanes::filled(bytes, 0));
    let start = u64::from_le_bytes(start);
    let word = &WORDS[place(start)];
    if start & word.mask != word.text {
        return None;
    }
    let goes_on = |length: usize| bytes.get(length).is_some_and(|&byte| is_in_word(byte));
    if !goes_on(word.length) {
        return Some((word.level, word.length));
    }
    let length = word.length + word.longer.len();
    let whole = bytes[word.length..].starts_with(word.longer) && !goes_on(length);
    whole.then_some((word.level, length))
}

/// The level that the whole of `word` means, in any case.
pub(crate) fn in_any_case(word: &[u8]) -> Option<Level> {
    // To clear this bit gives the upper-case letter for just the two bytes that are that letter.
    let upper = |byte: u8| byte & !0x20;
    let text = word.iter().take(8).rev().fold(0, |text, &byte| text << 8 | u64::from(upper(byte)));
    let known = &WORDS[place(text)];
    let rest = word.get(known.length..)?;
    let whole = rest.is_empty() || !known.longer.is_empty() && rest.eq_ignore_ascii_case(known.longer);
    (text & known.mask == known.text && whole).then_some(known.level)
}

/// True for what is no end of a word.
pub(crate) fn is_in_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}
