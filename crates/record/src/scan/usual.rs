//! The usual form of a time: `2024-12-20T03:04:05.123456Z` and its kin, and the parts that other forms share with it.

use crate::civil::Civil;
use crate::{Timestamp, Zone};

/// Reads the usual form at the very start of `bytes`; with the instant comes the number of bytes read.
pub(crate) fn parse(bytes: &[u8], zone: &Zone) -> Option<(Timestamp, usize)> {
    let stamp: &[u8; 19] = bytes.first_chunk()?;
    let separated = (stamp[4] == b'-' || stamp[4] == b'/')
        && stamp[7] == stamp[4]
        && (stamp[10] == b'T' || stamp[10] == b' ')
        && stamp[13] == b':'
        && stamp[16] == b':';
    if !separated {
        return None;
    }
    // One question for all digits, at the end: this is the path that most lines take.
    let mut highest = 0;
    let mut two = |at: usize| {
        let (tens, ones) = (stamp[at].wrapping_sub(b'0'), stamp[at + 1].wrapping_sub(b'0'));
        highest = highest.max(tens).max(ones);
        tens.wrapping_mul(10).wrapping_add(ones)
    };
    let mut civil = Civil {
        year: u16::from(two(0)) * 100 + u16::from(two(2)),
        month: two(5),
        day: two(8),
        hour: two(11),
        minute: two(14),
        second: two(17),
        nanos: 0,
    };
    if highest > 9 {
        return None;
    }
    let used = after_seconds(bytes, stamp.len(), &mut civil)?;
    with_zone(bytes, used, &civil, zone)
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
    after_seconds(bytes, at + stamp.len(), civil)
}

/// Reads the fraction, if there is one, that follows the seconds at `at`; gives the place after it.
///
/// None where a third digit of seconds stands there.
fn after_seconds(bytes: &[u8], at: usize, civil: &mut Civil) -> Option<usize> {
    match bytes.get(at) {
        Some(b'.' | b',') => {}
        Some(b'0'..=b'9') => return None,
        _ => return Some(at),
    }
    let mut end = at + 1;
    let mut nanos = 0;
    let mut scale = 100_000_000;
    while let Some(digit @ b'0'..=b'9') = bytes.get(end) {
        // Digits from the tenth on find `scale` at zero: they are passed over.
        nanos += u32::from(digit - b'0') * scale;
        scale /= 10;
        end += 1;
    }
    civil.nanos = nanos;
    Some(if end == at + 1 { at } else { end })
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
