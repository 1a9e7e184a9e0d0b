//! Which of the forms that are no JSON gives a line its time: the order of the contract's table.

use super::usual::Minute;
use super::year::Years;
use super::{epoch, klog, logfmt, month};
use crate::lanes;
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
    pub(super) fn usual(&mut self, bytes: &[u8]) -> Option<(Timestamp, usize)> {
        self.minute.parse(bytes, &self.zone)
    }
}

/// The time of a line that is no JSON object and matches no form of the user's.
pub(super) fn find(line: &[u8], known: &mut Known) -> Option<Found> {
    if let Some(found) = usual_at_start(line, known) {
        return Some(found);
    }
    if !may_be_timed(line) {
        return None;
    }
    let mut starts = after_prefix(line);
    starts
        .clone()
        .find_map(|start| at(line, start, |bytes| known.usual(bytes)))
        .or_else(|| common_log(line, &known.zone))
        .or_else(|| at(line, 0, epoch::at_start))
        .or_else(|| logfmt::time(line, known))
        .or_else(|| klog::klog(line, known))
        .or_else(|| at(line, 0, |line| month::syslog(line, known)))
        .or_else(|| at(line, 0, |line| month::twelve_hours(line, &known.zone)))
        .or_else(|| at(line, start(line), |bytes| month::day_first(bytes, &known.zone)))
        .or_else(|| starts.find_map(|start| at(line, start, |bytes| month::day_first(bytes, &known.zone))))
}

/// The usual form where most lines have it.
#[inline]
pub(super) fn usual_at_start(line: &[u8], known: &mut Known) -> Option<Found> {
    at(line, start(line), |bytes| known.usual(bytes))
}

/// False where no form can hold: they all have a colon behind a digit, but for those that begin with a digit.
fn may_be_timed(line: &[u8]) -> bool {
    let head = &line[..line.len().min(HEAD_BYTES)];
    let clock = |before: u8, byte: u8| (byte == b':') & before.is_ascii_digit();
    line.first().is_some_and(u8::is_ascii_digit) || lanes::any_pair(head, clock)
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
    const BLOCK_BYTES: usize = 64;
    const _: () = assert!(PREFIX_BYTES_MAX < BLOCK_BYTES);
    if matches!(line, [] | [b' ' | b'\t' | b'\r' | 0x0b | 0x0c, ..]) {
        return lanes::places(0);
    }
    let filled = |bytes: &[u8]| lanes::filled(&bytes[..bytes.len().min(BLOCK_BYTES)], 0);
    let block = line.first_chunk::<BLOCK_BYTES>().copied().unwrap_or_else(|| filled(line));
    let ends_prefix = |byte| (byte == b' ') | (byte == b'\t') | (byte == b'|') | (byte == b'(') | (byte == b'[');
    let prefix = lanes::marks(&block, ends_prefix);
    let digits = lanes::marks(&block, |byte: u8| byte.is_ascii_digit());
    lanes::places(prefix << 1 & digits & ((2 << PREFIX_BYTES_MAX) - 1))
}

/// The common log format's time, in brackets.
fn common_log(line: &[u8], zone: &Zone) -> Option<Found> {
    let head = &line[..line.len().min(HEAD_BYTES)];
    memchr::memchr_iter(b'[', head).find_map(|bracket| at(head, bracket + 1, |bytes| month::common_log(bytes, zone)))
}

/// The form at that place of the line.
#[inline]
fn at(line: &[u8], start: usize, form: impl FnOnce(&[u8]) -> Option<(Timestamp, usize)>) -> Option<Found> {
    let (time, used) = form(&line[start..])?;
    Some(Found { time, start, end: start + used, level: None })
}
