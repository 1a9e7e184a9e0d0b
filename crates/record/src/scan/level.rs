//! The level of a line that is no JSON object.

use memchr::memchr_iter;

use super::{escape, logfmt};
use crate::lanes;
use crate::level::{Level, WORD_BYTES_MAX, WORD_BYTES_MIN, is_in_word, word_at_start, word_in_any_case};

/// Bytes after the time in which a level is looked for.
const AFTER_TIME_BYTES: usize = 256;

/// The level that the line says: logfmt's, else the one that its time's form `told`, else the first word for one.
///
/// `after_time` is the place after its time.
pub(super) fn level(line: &[u8], after_time: usize, told: Option<Level>) -> Option<Level> {
    member(line, after_time).or(told).or_else(|| word(line, after_time))
}

/// False where the line has no escape sequence that would matter, and no `level=`: then the level is its [`word`].
///
/// Both in one pass. A key that merely ends in `l` counts too, which is seldom.
#[inline]
pub(super) fn may_be_member_or_escaped(line: &[u8], after_time: usize) -> bool {
    let end = line.len().min((after_time + AFTER_TIME_BYTES).max(escape::LOOKED_AT_BYTES));
    let sign = |before, byte| (byte == escape::ESC) | ((before == b'l') & (byte == b'='));
    line.first() == Some(&escape::ESC) || lanes::any_pair(&line[..end], sign)
}

/// The first usable `level=`.
fn member(line: &[u8], after_time: usize) -> Option<Level> {
    let head = &line[..line.len().min(after_time + AFTER_TIME_BYTES)];
    if !lanes::any_pair(head, |before, byte| (before == b'l') & (byte == b'=')) {
        return None;
    }
    memchr_iter(b'=', head).find_map(|equals| {
        if !logfmt::ends_in_key(&line[..equals], b"level") {
            return None;
        }
        let value = &line[equals + 1..];
        let value = value.strip_prefix(b"\"").unwrap_or(value);
        let in_value = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
        let length = value.iter().take(WORD_BYTES_MAX + 1).take_while(in_value);
        word_in_any_case(&value[..length.count()])
    })
}

/// The first level word in upper case that stands alone behind the time.
#[inline]
pub(super) fn word(line: &[u8], after_time: usize) -> Option<Level> {
    let end = line.len().min(after_time + AFTER_TIME_BYTES);
    let upper = |at: usize| line[at].is_ascii_uppercase();
    // A word has three letters or more, so that every third byte meets it, at one of its first three.
    let mut at = after_time + WORD_BYTES_MIN - 1;
    while at < end {
        if upper(at) {
            let one_back = upper(at - 1);
            let first = at - usize::from(one_back) - usize::from(one_back & upper(at - 2));
            let alone = first == 0 || !is_in_word(line[first - 1]);
            if alone
                && let Some((level, length)) = word_at_start(&line[first..])
                && first + length <= end
            {
                return Some(level);
            }
        }
        at += WORD_BYTES_MIN;
    }
    None
}
