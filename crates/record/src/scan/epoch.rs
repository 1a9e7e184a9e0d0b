//! Times counted from 1970.

use crate::Timestamp;

/// 9999-12-31T23:59:59.999999999Z, the last instant that a line can bear.
const NANOS_MAX: i128 = 253_402_300_799_999_999_999;

/// `1734663845123` (ms) or `1734663845.123` (s) at the start of `bytes`, before a space or tab.
pub(super) fn at_start(bytes: &[u8]) -> Option<(Timestamp, usize)> {
    let digits = |from: usize| {
        let rest = bytes.get(from..).unwrap_or_default();
        rest.iter().take(14).take_while(|byte| byte.is_ascii_digit()).count()
    };
    let (shift, end) = match (digits(0), bytes.get(10)) {
        (13, _) => (6, 13),
        (10, Some(b'.')) if let fraction @ 1..=9 = digits(11) => (9, 11 + fraction),
        _ => return None,
    };
    if !matches!(bytes.get(end), Some(b' ' | b'\t')) {
        return None;
    }
    let whole = if shift == 6 { 13 } else { 10 };
    let nanos = nanos(bytes[..end].iter().copied(), whole + shift);
    Some((Timestamp::from_nanos(nanos), end))
}

/// The instant that a JSON number counts from 1970, in s, ms, µs or ns by its size: under 1e11, 1e14, 1e17, else.
///
/// Exact: nothing is rounded, and what is less than a nanosecond is left out. None under 1e8 (and so for
/// negative ones) or beyond the year 9999. `number` is a number by JSON's grammar, or digits alone.
pub(super) fn by_size(number: &[u8]) -> Option<Timestamp> {
    if number.first() == Some(&b'-') {
        return None;
    }
    let mark = number.iter().position(|byte| matches!(byte, b'e' | b'E'));
    let (mantissa, exponent) = match mark {
        Some(mark) => (&number[..mark], exponent(&number[mark + 1..])),
        None => (number, 0),
    };
    let point = mantissa.iter().position(|&byte| byte == b'.');
    let integers = point.unwrap_or(mantissa.len());
    let digits = mantissa.iter().copied().filter(u8::is_ascii_digit);
    let zeros = digits.clone().take_while(|&digit| digit == b'0').count();
    // The number is 0.d₁d₂d₃… × 10^size, with d₁ not zero.
    let size = i64::try_from(integers).ok()?.checked_sub(i64::try_from(zeros).ok()?)?.checked_add(exponent)?;
    let significant = digits.skip(zeros);
    significant.clone().next()?;
    let shift = match size {
        9..=11 => 9,
        12..=14 => 6,
        15..=17 => 3,
        18..=21 => 0,
        _ => return None,
    };
    let nanos = nanos(significant, usize::try_from(size).ok()? + shift);
    (nanos <= NANOS_MAX).then_some(Timestamp::from_nanos(nanos))
}

/// The number that the first `count` digits make, with zeros after them if they are fewer. At most 21.
fn nanos(bytes: impl Iterator<Item = u8>, count: usize) -> i128 {
    let digits = bytes.filter(u8::is_ascii_digit);
    digits.chain(std::iter::repeat(b'0')).take(count).fold(0, |nanos, digit| nanos * 10 + i128::from(digit - b'0'))
}

/// What stands behind `e`, as far as it matters: no line is long enough to make up for a billion.
fn exponent(text: &[u8]) -> i64 {
    let size = text
        .iter()
        .filter(|byte| byte.is_ascii_digit())
        .fold(0, |size: i64, digit| (size * 10 + i64::from(digit - b'0')).min(1_000_000_000));
    if text.first() == Some(&b'-') { -size } else { size }
}
