//! Terminals' escape sequences, passed over.

use memchr::{memchr, memchr2};

use crate::lanes;

pub(super) const ESC: u8 = 0x1b;

/// Bytes at a line's start in which an escape sequence matters to its time and level.
pub(super) const LOOKED_AT_BYTES: usize = 512;

/// Bytes kept of a line without its sequences: more than the forms and the search for a level reach.
const KEPT_BYTES: usize = 1024;

/// The line, or the start of it without its escape sequences, which is then written to `scratch`.
pub(super) fn passed_over<'a>(line: &'a [u8], scratch: &'a mut Vec<u8>) -> &'a [u8] {
    let start = &line[..line.len().min(LOOKED_AT_BYTES)];
    if !lanes::any(start, |byte| byte == ESC) {
        return line;
    }
    scratch.clear();
    let mut rest = line;
    while scratch.len() < KEPT_BYTES {
        let room = &rest[..rest.len().min(KEPT_BYTES)];
        let Some(escape) = memchr(ESC, room) else {
            scratch.extend_from_slice(room);
            break;
        };
        scratch.extend_from_slice(&rest[..escape]);
        rest = &rest[escape..];
        rest = &rest[length(rest)..];
    }
    scratch
}

/// The length of the escape sequence at the start of `bytes` (ECMA-48; the second byte tells its kind).
fn length(bytes: &[u8]) -> usize {
    let run = |from: usize, of: std::ops::RangeInclusive<u8>| {
        let rest = bytes.get(from..).unwrap_or_default();
        from + rest.iter().take_while(|byte| of.contains(byte)).count()
    };
    // A sequence that breaks off reaches as far as it is one.
    let with_final = |end: usize, of: std::ops::RangeInclusive<u8>| {
        end + usize::from(bytes.get(end).is_some_and(|byte| of.contains(byte)))
    };
    match bytes.get(1) {
        Some(b'[') => with_final(run(run(2, 0x30..=0x3f), 0x20..=0x2f), 0x40..=0x7e),
        Some(b']') => operating_system_command(bytes),
        Some(0x20..=0x2f) => with_final(run(2, 0x20..=0x2f), 0x30..=0x7e),
        Some(0x30..=0x7e) => 2,
        _ => 1,
    }
}

/// The length of `ESC ] …` up to its BEL or `ESC \`; one that has no end is but its two first bytes.
fn operating_system_command(bytes: &[u8]) -> usize {
    match memchr2(0x07, ESC, &bytes[2..]) {
        Some(end) if bytes[2 + end] == 0x07 => 2 + end + 1,
        Some(end) if bytes.get(2 + end + 1) == Some(&b'\\') => 2 + end + 2,
        _ => 2,
    }
}
