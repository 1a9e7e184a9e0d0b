//! The forms that name the month: the common log format, syslog's, `java.util.logging`'s and redis'.

use memchr::memchr;

use super::find::Known;
use super::{usual, year};
use crate::civil::{self, Civil};
use crate::{Timestamp, Zone};

/// `20/Dec/2024:03:04:05 +0000]`, from behind its opening bracket; the closing one is not counted.
pub(super) fn common_log(bytes: &[u8], zone: &Zone) -> Option<(Timestamp, usize)> {
    let date: &[u8; 12] = bytes.first_chunk()?;
    if date[2] != b'/' || date[6] != b'/' || date[11] != b':' {
        return None;
    }
    let mut civil = Civil {
        year: four(&date[7..])?,
        month: civil::month(&date[3..6])?,
        day: usual::two(date[0], date[1])?,
        ..Civil::default()
    };
    let end = usual::clock(bytes, date.len(), &mut civil)?;
    // Here alone the space before an offset is part of the form.
    let spaced = bytes[end..].strip_prefix(b" ");
    let (time, end) = match spaced.and_then(usual::numeric_offset) {
        Some(_) => usual::with_zone(bytes, end + 1, &civil, zone)?,
        None => usual::with_zone(bytes, end, &civil, zone)?,
    };
    (bytes.get(end) == Some(&b']')).then_some((time, end))
}

/// `Nov 22 01:59:00` (RFC 3164), after an optional `<34>`.
pub(super) fn syslog(bytes: &[u8], known: &Known) -> Option<(Timestamp, usize)> {
    let start = priority(bytes);
    let mut civil = Civil::default();
    let at = month_and_day(bytes, start, &mut civil)?;
    let at = space(bytes, at)?;
    let end = usual::clock(bytes, at, &mut civil)?;
    year::nearest(bytes, end, &mut civil, known)
}

/// `Nov 22, 2026 8:02:14 AM`, with the narrow space that newer CLDR data puts before `AM` as well.
pub(super) fn twelve_hours(bytes: &[u8], zone: &Zone) -> Option<(Timestamp, usize)> {
    let mut civil = Civil::default();
    let at = month_and_day(bytes, 0, &mut civil)?;
    let at = at + usize::from(bytes.get(at) == Some(&b','));
    let at = space(bytes, at)?;
    civil.year = four(bytes.get(at..)?)?;
    let at = space(bytes, at + 4)?;
    let end = if bytes.get(at + 1) == Some(&b':') {
        // `usual::clock` wants two digits of hours, which the space before a single one stands in for.
        let mut padded = [b'0'; 20];
        let rest = &bytes[at..bytes.len().min(at + 19)];
        padded[1..=rest.len()].copy_from_slice(rest);
        usual::clock(&padded[..=rest.len()], 0, &mut civil)? + at - 1
    } else {
        usual::clock(bytes, at, &mut civil)?
    };
    let rest = &bytes[end..];
    let half = rest.strip_prefix(b" ").or_else(|| rest.strip_prefix("\u{202f}".as_bytes()))?;
    let afternoon = match half {
        [b'A' | b'P', b'M', after, ..] if after.is_ascii_alphanumeric() => return None,
        [b'A', b'M', ..] => false,
        [b'P', b'M', ..] => true,
        _ => return None,
    };
    if !(1..=12).contains(&civil.hour) {
        return None;
    }
    civil.hour = civil.hour % 12 + if afternoon { 12 } else { 0 };
    usual::with_zone(bytes, bytes.len() - half.len() + 2, &civil, zone)
}

/// `22 Nov 2026 02:31:59.145`.
pub(super) fn day_first(bytes: &[u8], zone: &Zone) -> Option<(Timestamp, usize)> {
    let (day, at) = day(bytes, 0)?;
    let at = space(bytes, at)?;
    let mut civil = Civil { day, month: civil::month(bytes.get(at..at + 3)?)?, ..Civil::default() };
    let at = space(bytes, at + 3)?;
    civil.year = four(bytes.get(at..)?)?;
    let at = space(bytes, at + 4)?;
    let end = usual::clock(bytes, at, &mut civil)?;
    usual::with_zone(bytes, end, &civil, zone)
}

/// The length of `<PRI>` at the start, one to three digits in it; 0 if there is none.
fn priority(bytes: &[u8]) -> usize {
    let Some(inside) = bytes.strip_prefix(b"<") else {
        return 0;
    };
    match memchr(b'>', &inside[..inside.len().min(4)]) {
        Some(length @ 1..=3) if inside[..length].iter().all(u8::is_ascii_digit) => length + 2,
        _ => 0,
    }
}

/// Reads `Nov 22`, `Nov  2` or `Nov 2`; gives the place after it.
fn month_and_day(bytes: &[u8], start: usize, civil: &mut Civil) -> Option<usize> {
    civil.month = civil::month(bytes.get(start..start + 3)?)?;
    let at = space(bytes, start + 3)?;
    let padded = bytes.get(at) == Some(&b' ');
    let (day, end) = day(bytes, at + usize::from(padded))?;
    civil.day = day;
    (!padded || end == at + 2).then_some(end)
}

/// One or two digits, and the place after them.
fn day(bytes: &[u8], at: usize) -> Option<(u8, usize)> {
    let first = *bytes.get(at)?;
    match bytes.get(at + 1) {
        Some(second @ b'0'..=b'9') => Some((usual::two(first, *second)?, at + 2)),
        _ => Some((usual::two(b'0', first)?, at + 1)),
    }
}

fn space(bytes: &[u8], at: usize) -> Option<usize> {
    (bytes.get(at) == Some(&b' ')).then_some(at + 1)
}

/// The number that the first four digits make.
fn four(bytes: &[u8]) -> Option<u16> {
    let digits: &[u8; 4] = bytes.first_chunk()?;
    Some(u16::from(usual::two(digits[0], digits[1])?) * 100 + u16::from(usual::two(digits[2], digits[3])?))
}
