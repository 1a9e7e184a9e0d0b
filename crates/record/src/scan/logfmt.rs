//! logfmt's members: `key=value`, `key="value"`.

use memchr::memchr_iter;

use super::find::{Found, HEAD_BYTES, Known};
use crate::lanes;

/// The first of `ts=`, `time=`, `timestamp=` and `t=` that has a time in the usual form.
pub(super) fn time(line: &[u8], known: &mut Known) -> Option<Found> {
    let head = &line[..line.len().min(HEAD_BYTES)];
    if !lanes::any_pair(head, |before, byte| (before == b'=') & ((byte == b'"') | byte.is_ascii_digit())) {
        return None;
    }
    memchr_iter(b'=', head).find_map(|equals| {
        let quote = usize::from(head.get(equals + 1) == Some(&b'"'));
        let value = equals + 1 + quote;
        if !head.get(value)?.is_ascii_digit() {
            return None;
        }
        let key = [b"timestamp".as_slice(), b"time", b"ts", b"t"]
            .into_iter()
            .find(|key| ends_in_key(&head[..equals], key))?;
        let (time, used) = known.usual(&head[value..])?;
        Some(Found { time, start: equals - key.len(), end: value + used, level: None })
    })
}

/// True if `before` ends in that key and no longer one: at its start, or after a byte that no key has.
pub(super) fn ends_in_key(before: &[u8], key: &[u8]) -> bool {
    before.strip_suffix(key).is_some_and(|rest| {
        !rest.last().is_some_and(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'))
    })
}
