//! Which of the forms that are no JSON gives a line its time: the order of the contract's table.

use std::iter;

use super::usual::Minute;
use super::year::Years;
use super::{epoch, escape, klog, logfmt, month};
use crate::lanes;
use crate::{Level, Timestamp, Zone};

/// Bytes at a line's start that may stand before a time which is not at its beginning.
const PREFIX_BYTES_MAX: usize = 48;

/// Places that are asked at a time whether a time begins there.
const BLOCK_BYTES: usize = 64;

const _: () = assert!(PREFIX_BYTES_MAX < BLOCK_BYTES);

/// Bytes at a line's start in which the forms that may stand anywhere are looked for.
pub(super) const HEAD_BYTES: usize = 256;

/// A time in a line.
#[derive(Clone, Copy, Debug)]
pub(super) struct Found {
    pub time: Timestamp,
    /// Where the form begins, in bytes.
    pub start: usize,
    /// The place after it, its zone included.
    pub end: usize,
    /// The level that the form itself tells: klog's letter.
    pub level: Option<Level>,
}

impl Found {
    /// Nothing but two spaces and a `[` stands before it.
    pub(super) fn begins_line(&self) -> bool {
        self.start <= 3
    }
}

/// What the forms must know beside a line.
#[derive(Clone, Debug)]
pub(super) struct Known {
    /// The zone of times that name none.
    pub zone: Zone,
    /// The years that a time without one may be in.
    pub years: Years,
    /// The last minute that was read.
    pub minute: Minute,
}

impl Known {
    /// Reads the usual form at the very start of `bytes`.
    #[inline]
    pub(super) fn usual(&mut self, bytes: &[u8]) -> Option<(Timestamp, usize)> {
        self.minute.parse(bytes, &self.zone)
    }
}

/// The time of a line that is no JSON object and matches no form of the user's.
pub(super) fn find(line: &[u8], known: &mut Known) -> Option<Found> {
    // One return after the other: to hand what was found through a chain of `or_else` copies it at each.
    if let found @ Some(_) = usual_at_start(line, known) {
        return found;
    }
    let starts = after_prefix(line);
    for start in starts.clone() {
        // Nearly all numbers behind a space are no years.
        let is_year = matches!(line.get(start + 4), Some(b'-' | b'/'));
        if is_year && let found @ Some(_) = at(line, start, |bytes| known.usual(bytes)) {
            return found;
        }
    }
    if let found @ Some(_) = common_log(line, &known.zone) {
        return found;
    }
    if let found @ Some(_) = at(line, 0, epoch::at_start) {
        return found;
    }
    if let found @ Some(_) = logfmt::time(line, known) {
        return found;
    }
    if let found @ Some(_) = klog::klog(line, known) {
        return found;
    }
    if let found @ Some(_) = at(line, 0, |line| month::syslog(line, known)) {
        return found;
    }
    if let found @ Some(_) = at(line, 0, |line| month::twelve_hours(line, &known.zone)) {
        return found;
    }
    let mut day_first = iter::once(start(line)).chain(starts);
    day_first.find_map(|start| at(line, start, |bytes| month::day_first(bytes, &known.zone)))
}

/// The usual form where most lines have it.
#[inline]
pub(super) fn usual_at_start(line: &[u8], known: &mut Known) -> Option<Found> {
    at(line, start(line), |bytes| known.usual(bytes))
}

/// False where no form can hold and no escape sequence hides one: all forms have a colon behind a digit, but for those
/// that begin with a digit.
pub(super) fn may_be_timed(line: &[u8]) -> bool {
    const _: () = assert!(HEAD_BYTES <= escape::LOOKED_AT_BYTES);
    let head = &line[..line.len().min(escape::LOOKED_AT_BYTES)];
    let sign = |before: u8, byte| (byte == escape::ESC) | ((byte == b':') & before.is_ascii_digit());
    matches!(line.first(), Some(b'0'..=b'9' | &escape::ESC)) || lanes::any_pair(head, sign)
}

/// The place after at most two spaces and one `[`.
fn start(line: &[u8]) -> usize {
    let spaces = match line {
        [b' ', b' ', ..] => 2,
        [b' ', ..] => 1,
        _ => 0,
    };
    spaces + usize::from(line.get(spaces) == Some(&b'['))
}

/// Where a form may begin after a prefix, in a line that does not start with white space: at a digit behind a space,
/// a tab, `|`, `(` or `[`.
fn after_prefix(line: &[u8]) -> impl Iterator<Item = usize> + Clone {
    if matches!(line, [] | [b' ' | b'\t' | b'\r' | 0x0b | 0x0c, ..]) {
        return lanes::places(0);
    }
    // Whether a form begins at a place is seen from two bytes, so that there is one more of them.
    let short;
    let block: &[u8; BLOCK_BYTES + 1] = match line.first_chunk() {
        Some(block) => block,
        None => {
            short = lanes::filled(line, 0);
            &short
        }
    };
    let ends_prefix = |byte| (byte == b' ') | (byte == b'\t') | (byte == b'|') | (byte == b'(') | (byte == b'[');
    let marks = lanes::marks::<BLOCK_BYTES>(|at| ends_prefix(block[at]) & block[at + 1].is_ascii_digit());
    lanes::places(marks << 1 & ((2 << PREFIX_BYTES_MAX) - 1))
}

/// The common log format's time, in brackets.
fn common_log(line: &[u8], zone: &Zone) -> Option<Found> {
    let head = &line[..line.len().min(HEAD_BYTES)];
    // A month behind a slash is rarer than a bracket, and this faster than to look for all brackets.
    if !lanes::any_pair(head, |before, byte| (before == b'/') & byte.is_ascii_uppercase()) {
        return None;
    }
    memchr::memchr_iter(b'[', head).find_map(|bracket| at(head, bracket + 1, |bytes| month::common_log(bytes, zone)))
}

/// The form at that place of the line.
#[inline]
fn at(line: &[u8], start: usize, form: impl FnOnce(&[u8]) -> Option<(Timestamp, usize)>) -> Option<Found> {
    let (time, used) = form(&line[start..])?;
    Some(Found { time, start, end: start + used, level: None })
}
