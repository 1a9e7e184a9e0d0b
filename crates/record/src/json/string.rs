//! JSON's strings: where their plain stretches end, how they are read and written.

use memchr::memchr;

/// How many bytes at the start of `bytes` are neither a quotation mark, nor a backslash, nor a control character.
pub(super) fn plain(bytes: &[u8]) -> usize {
    const ONES: u64 = u64::MAX / 255;
    const HIGH: u64 = ONES * 0x80;
    // Eight bytes at a time, as numbers: a zero byte is found by its borrow (Bit Twiddling Hacks, "Determine if a
    // word has a zero byte"). A borrow can reach the byte above, so that only the lowest mark is exact.
    let zeros = |word: u64| word.wrapping_sub(ONES) & !word & HIGH;
    let (words, _) = bytes.as_chunks::<8>();
    for (index, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        let control = word.wrapping_sub(ONES * 0x20) & !word & HIGH;
        let quote = zeros(word ^ (ONES * u64::from(b'"')));
        let backslash = zeros(word ^ (ONES * u64::from(b'\\')));
        let marks = control | quote | backslash;
        if marks != 0 {
            return index * 8 + (marks.trailing_zeros() / 8) as usize;
        }
    }
    let start = words.len() * 8;
    let is_plain = |byte: &u8| *byte >= 0x20 && *byte != b'"' && *byte != b'\\';
    let rest = bytes[start..].iter().take_while(|byte| is_plain(byte));
    start + rest.count()
}

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
    pub(crate) fn with_start<T>(self, read: impl FnOnce(&[u8]) -> T) -> T {
        if !self.escaped {
            return read(self.bytes);
        }
        let mut start = [0; START_BYTES];
        let mut len = 0;
        self.decode(|stretch| {
            let stretch = &stretch[..stretch.len().min(START_BYTES - len)];
            start[len..len + stretch.len()].copy_from_slice(stretch);
            len += stretch.len();
        });
        read(&start[..len])
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
    out.push(b'"');
    let mut rest = text.as_bytes();
    loop {
        let (stretch, after) = rest.split_at(plain(rest));
        out.extend_from_slice(stretch);
        let Some((&byte, after)) = after.split_first() else {
            break;
        };
        rest = after;
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
    out.push(b'"');
}
