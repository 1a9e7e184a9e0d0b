//! The usual form of a time: `2024-12-20T03:04:05.123456Z` and its kin, and the parts that other forms share with it.

use crate::civil::Civil;
use crate::{Timestamp, Zone};

/// Bytes of `2024-12-20T03:04`.
const MINUTE_BYTES: usize = 16;

/// Reads the usual form at the very start of `bytes`; with the instant comes the number of bytes read.
pub(crate) fn parse(bytes: &[u8], zone: &Zone) -> Option<(Timestamp, usize)> {
    Minute::default().parse(bytes, zone)
}

/// The last minute that was read: most times of a log lie in the same as the time before them.
///
/// It only saves time: what is read does not depend on what was read before.
#[derive(Clone, Debug)]
pub(super) struct Minute {
    /// How a line spelled it.
    text: [u8; MINUTE_BYTES],
    /// Seconds since 1970 at its start, if it was in UTC.
    seconds: i64,
}

impl Default for Minute {
    fn default() -> Self {
        Self { text: *b"1970-01-01T00:00", seconds: 0 }
    }
}

impl Minute {
    /// As [`parse`].
    #[inline(always)]
    pub(super) fn parse(&mut self, bytes: &[u8], zone: &Zone) -> Option<(Timestamp, usize)> {
        let (minute, rest) = bytes.split_first_chunk()?;
        let seconds: &[u8; 3] = rest.first_chunk()?;
        if seconds[0] != b':' {
            return None;
        }
        if *minute != self.text {
            self.turn(minute)?;
        }
        let second = two(seconds[1], seconds[2]).filter(|&second| second < 61)?;
        let (nanos, end) = after_seconds(bytes, MINUTE_BYTES + seconds.len())?;
        let as_utc = self.seconds + i64::from(second.min(59));
        let (east, end) = match (offset(&bytes[end..]), zone) {
            (Some((east, length)), _) => (east, end + length),
            (None, Zone::Utc) => (0, end),
            (None, Zone::Fixed(east)) => (*east, end),
            (None, Zone::Named(_)) => return Some((named(minute, second, nanos, zone)?, end)),
        };
        Some((Timestamp::at(as_utc - i64::from(east), nanos)?, end))
    }

    /// Goes on to another minute, if there is such a one.
    #[inline(never)]
    fn turn(&mut self, minute: &[u8; MINUTE_BYTES]) -> Option<()> {
        self.seconds = civil(minute)?.seconds()?;
        self.text = *minute;
        Some(())
    }
}

/// The instant where the zone must look at the date.
#[inline(never)]
fn named(minute: &[u8; MINUTE_BYTES], second: u8, nanos: u32, zone: &Zone) -> Option<Timestamp> {
    zone.instant(&Civil { second, nanos, ..civil(minute)? })
}

/// The date, hour and minute that `2024-12-20T03:04` spells; whether there is such a minute is not looked at.
fn civil(text: &[u8; MINUTE_BYTES]) -> Option<Civil> {
    let separated = (text[4] == b'-' || text[4] == b'/')
        && text[7] == text[4]
        && (text[10] == b'T' || text[10] == b' ')
        && text[13] == b':';
    if !separated {
        return None;
    }
    // One question for all digits, at the end.
    let mut highest = 0;
    let mut two = |at: usize| {
        let (tens, ones) = (text[at].wrapping_sub(b'0'), text[at + 1].wrapping_sub(b'0'));
        highest = highest.max(tens).max(ones);
        tens.wrapping_mul(10).wrapping_add(ones)
    };
    let civil = Civil {
        year: u16::from(two(0)) * 100 + u16::from(two(2)),
        month: two(5),
        day: two(8),
        hour: two(11),
        minute: two(14),
        ..Civil::default()
    };
    (highest < 10).then_some(civil)
}

/// Reads `hh:mm:ss` and what fraction follows at `at`; gives the place after it.
pub(super) fn clock(bytes: &[u8], at: usize, civil: &mut Civil) -> Option<usize> {
    let stamp: &[u8; 8] = bytes.get(at..)?.first_chunk()?;
    if stamp[2] != b':' || stamp[5] != b':' {
        return None;
    }
    civil.hour = two(stamp[0], stamp[1])?;
    civil.minute = two(stamp[3], stamp[4])?;
    civil.second = two(stamp[6], stamp[7])?;
    let end;
    (civil.nanos, end) = after_seconds(bytes, at + stamp.len())?;
    Some(end)
}

/// Reads the fraction, if there is one, that follows the seconds at `at`: nanoseconds, and the place after it.
///
/// None where a third digit of seconds stands there.
fn after_seconds(bytes: &[u8], at: usize) -> Option<(u32, usize)> {
    match bytes.get(at) {
        Some(b'.' | b',') => {}
        Some(b'0'..=b'9') => return None,
        _ => return Some((0, at)),
    }
    let start = at + 1;
    if let Some(word) = bytes[start..].first_chunk()
        && let Some((nanos, digits)) = short_fraction(*word)
    {
        return Some((nanos, if digits == 0 { at } else { start + digits }));
    }
    let mut end = start;
    let mut nanos = 0;
    let mut scale = 100_000_000;
    while let Some(digit @ b'0'..=b'9') = bytes.get(end) {
        // Digits from the tenth on find `scale` at zero: they are passed over.
        nanos += u32::from(digit - b'0') * scale;
        scale /= 10;
        end += 1;
    }
    Some((nanos, if end == start { at } else { end }))
}

/// Nanoseconds of a fraction, and its digits: none where there are more than seven of them.
fn short_fraction(word: [u8; 8]) -> Option<(u32, usize)> {
    const SCALES: [u32; 8] = [1_000_000_000, 100_000_000, 10_000_000, 1_000_000, 100_000, 10_000, 1_000, 100];
    // Eight bytes as one number, the first the lowest. What is no digit is over 9 then, and carries into its own high
    // bit, or into bytes behind it, which do not matter.
    let digits = u64::from_le_bytes(word) ^ u64::from_le_bytes([b'0'; 8]);
    let others = (digits.wrapping_add(u64::from_le_bytes([0x76; 8])) | digits) & u64::from_le_bytes([0x80; 8]);
    let count = others.trailing_zeros() / 8;
    let scale = *SCALES.get(count as usize)?;
    if count == 0 {
        return Some((0, 0));
    }
    // The digits moved to the end, zeros before them; then ones are joined to pairs, those to fours, those to eight.
    let ones = digits << (64 - 8 * count);
    let pairs = (ones * 10 + (ones >> 8)) & 0x00ff_00ff_00ff_00ff;
    let fours = (pairs * 100 + (pairs >> 16)) & 0x0000_ffff_0000_ffff;
    let number = (fours * 10_000 + (fours >> 32)) & 0xffff_ffff;
    let nanos = u32::try_from(number).ok()? * scale;
    Some((nanos, count as usize))
}

/// The instant of `civil` in the zone that stands at `at`, or else in `zone`; and the place after the zone.
pub(super) fn with_zone(bytes: &[u8], at: usize, civil: &Civil, zone: &Zone) -> Option<(Timestamp, usize)> {
    let Some((east, length)) = offset(&bytes[at..]) else {
        return Some((zone.instant(civil)?, at));
    };
    let time = Timestamp::at(civil.seconds()? - i64::from(east), civil.nanos)?;
    Some((time, at + length))
}

/// Seconds east of UTC of the zone at the start of `bytes`, and its length there.
///
/// `Z`, `UTC`, `GMT`, the latter two after a space as well; `+hh:mm`, `+hhmm`, `+hh`.
pub(super) fn offset(bytes: &[u8]) -> Option<(i32, usize)> {
    let alone = |length: usize| {
        let letter = bytes.get(length).is_some_and(u8::is_ascii_alphabetic);
        (!letter).then_some((0, length))
    };
    match bytes {
        [b'Z', ..] => alone(1),
        [b'U', b'T', b'C', ..] | [b'G', b'M', b'T', ..] => alone(3),
        [b' ', b'U', b'T', b'C', ..] | [b' ', b'G', b'M', b'T', ..] => alone(4),
        [b'+' | b'-', ..] => numeric_offset(bytes),
        _ => None,
    }
}

/// As [`offset`], for the forms that begin with a sign. A digit too many makes it none of them.
pub(super) fn numeric_offset(bytes: &[u8]) -> Option<(i32, usize)> {
    // Most logs are in UTC.
    if let Some((b"+0000", rest)) = bytes.split_first_chunk()
        && !rest.first().is_some_and(u8::is_ascii_digit)
    {
        return Some((0, 5));
    }
    let sign = match bytes.first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let hours = two(*bytes.get(1)?, *bytes.get(2)?)?;
    let pair = |at: usize| two(*bytes.get(at)?, *bytes.get(at + 1)?);
    let (minutes, length) = if bytes.get(3) == Some(&b':')
        && let Some(minutes) = pair(4)
    {
        (minutes, 6)
    } else if let Some(minutes) = pair(3) {
        (minutes, 5)
    } else {
        (0, 3)
    };
    let digit_follows = bytes.get(length).is_some_and(u8::is_ascii_digit);
    if hours > 23 || minutes > 59 || digit_follows {
        return None;
    }
    Some((sign * (i32::from(hours) * 3600 + i32::from(minutes) * 60), length))
}

/// The number that two digits make.
pub(super) fn two(tens: u8, ones: u8) -> Option<u8> {
    let (tens, ones) = (tens.wrapping_sub(b'0'), ones.wrapping_sub(b'0'));
    (tens < 10 && ones < 10).then(|| tens * 10 + ones)
}
