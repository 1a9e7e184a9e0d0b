//! Which of the forms that are no JSON gives a line its time: the order of the contract's table.

use super::{Rules, epoch, klog, logfmt, month, usual};
use crate::{Level, Timestamp, Zone};

/// Bytes at a line's start that may stand before a time which is not at its beginning.
const PREFIX_BYTES_MAX: usize = 48;

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

/// The time of a line that is no JSON object and matches no form of the user's.
pub(super) fn find(line: &[u8], rules: &Rules) -> Option<Found> {
    let zone = &rules.zone;
    let usual = |bytes: &[u8]| usual::parse(bytes, zone);
    let day_first = |bytes: &[u8]| month::day_first(bytes, zone);
    at_start(line, usual)
        .or_else(|| after_prefix(line, usual))
        .or_else(|| common_log(line, zone))
        .or_else(|| at(line, 0, epoch::at_start))
        .or_else(|| logfmt::time(line, zone))
        .or_else(|| klog::klog(line, rules))
        .or_else(|| at(line, 0, |line| month::syslog(line, rules)))
        .or_else(|| at(line, 0, |line| month::twelve_hours(line, zone)))
        .or_else(|| at_start(line, day_first))
        .or_else(|| after_prefix(line, day_first))
}

/// A form at the line's start, after at most two spaces and one `[`.
fn at_start(line: &[u8], form: impl Fn(&[u8]) -> Option<(Timestamp, usize)>) -> Option<Found> {
    let spaces = line.iter().take(2).take_while(|&&byte| byte == b' ');
    let mut start = spaces.count();
    start += usize::from(line.get(start) == Some(&b'['));
    at(line, start, form)
}

/// The first place after a prefix where the form holds a time, in a line that does not start with white space.
fn after_prefix(line: &[u8], form: impl Fn(&[u8]) -> Option<(Timestamp, usize)>) -> Option<Found> {
    if matches!(line.first()?, b' ' | b'\t' | b'\r' | 0x0b | 0x0c) {
        return None;
    }
    let prefix = &line[..line.len().min(PREFIX_BYTES_MAX + 1)];
    let starts = |pair: &[u8; 2]| pair[1].is_ascii_digit() && matches!(pair[0], b' ' | b'\t' | b'|' | b'(' | b'[');
    prefix
        .array_windows()
        .enumerate()
        .filter(|(_, pair)| starts(pair))
        .find_map(|(before, _)| at(line, before + 1, &form))
}

/// The common log format's time, in brackets.
fn common_log(line: &[u8], zone: &Zone) -> Option<Found> {
    let head = &line[..line.len().min(HEAD_BYTES)];
    memchr::memchr_iter(b'[', head).find_map(|bracket| at(head, bracket + 1, |bytes| month::common_log(bytes, zone)))
}

/// The form at that place of the line.
fn at(line: &[u8], start: usize, form: impl Fn(&[u8]) -> Option<(Timestamp, usize)>) -> Option<Found> {
    let (time, used) = form(&line[start..])?;
    Some(Found { time, start, end: start + used, level: None })
}
