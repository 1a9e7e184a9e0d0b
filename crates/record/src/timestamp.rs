//! An instant, to the nanosecond.

use std::fmt;
use std::str;

use crate::civil::{self, Civil, DAY_S};
use crate::scan::usual;
use crate::{Zone, digits};

/// Nanoseconds since 1970-01-01T00:00:00Z, leap seconds not counted.
///
/// 128 bits, since logs do hold dates such as 9999-12-31 and 64 bits of nanoseconds end in 2262.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i128);

/// The seconds that RFC 3339 can write: 0000-01-01T00:00:00Z to 9999-12-31T23:59:59Z.
const SECONDS: std::ops::RangeInclusive<i64> = -62_167_219_200..=253_402_300_799;

/// Bytes of `2024-12-20T03:04:05.123456789Z`.
const RFC3339_BYTES_MAX: usize = 30;

impl Timestamp {
    /// The instant `nanos` nanoseconds after 1970-01-01T00:00:00Z.
    #[must_use]
    pub const fn from_nanos(nanos: i128) -> Self {
        Self(nanos)
    }

    /// Nanoseconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub const fn nanos(self) -> i128 {
        self.0
    }

    /// The instant at which it is that date and time of day in UTC, years 1 to 9999.
    ///
    /// None if there is no such date or time of day. Second 60 counts as 59.
    #[must_use]
    pub fn from_civil(year: i32, month: u8, day: u8, hour: u8, min: u8, sec: u8, nanos: u32) -> Option<Self> {
        let civil = Civil { year: u16::try_from(year).ok()?, month, day, hour, minute: min, second: sec, nanos };
        Self::at(civil.seconds()?, nanos)
    }

    /// Reads the contract's usual form (`2024-12-20 03:04:05,123`) at the very start of `bytes`.
    ///
    /// `zone` is that of a time that names none. With the instant comes the number of bytes read, zone
    /// included; what follows them is not looked at. None if there is no such form, date or time of day.
    #[must_use]
    pub fn parse_usual(bytes: &[u8], zone: &Zone) -> Option<(Self, usize)> {
        usual::parse(bytes, zone)
    }

    /// Appends the instant in UTC as RFC 3339 has it, with `Z` and 0, 3, 6 or 9 digits of fraction: the
    /// fewest that lose nothing.
    ///
    /// An instant outside the years 0000 to 9999, which no line bears, is written as the
    /// nearest of these.
    pub fn write_rfc3339(self, out: &mut Vec<u8>) {
        self.write_rfc3339_after(&mut Day::default(), out);
    }

    /// As [`Self::write_rfc3339`], where `day` is that of the instant that was written before.
    pub(crate) fn write_rfc3339_after(self, day: &mut Day, out: &mut Vec<u8>) {
        // Spelled where it is to stand: to copy bytes that were just written in pairs waits for all of them.
        let start = out.len();
        out.extend_from_slice(&[0; RFC3339_BYTES_MAX]);
        if let Some(text) = out.last_chunk_mut() {
            let len = self.spell(day, text);
            out.truncate(start + len);
        }
    }

    /// The instant `seconds` and `nanos` after 1970; none if RFC 3339 cannot write it.
    pub(crate) fn at(seconds: i64, nanos: u32) -> Option<Self> {
        let nanos = i128::from(nanos);
        SECONDS.contains(&seconds).then(|| Self(i128::from(seconds) * 1_000_000_000 + nanos))
    }

    /// Seconds since 1970, kept within [`SECONDS`], and the nanoseconds beyond them.
    fn split(self) -> (i64, i64) {
        // Division of 128 bits takes longer than all the rest; times from 1677 to 2262 do without.
        if let Ok(nanos) = i64::try_from(self.0) {
            return (nanos.div_euclid(1_000_000_000), nanos.rem_euclid(1_000_000_000));
        }
        let seconds = i64::try_from(self.0.div_euclid(1_000_000_000));
        let nanos = i64::try_from(self.0.rem_euclid(1_000_000_000)).unwrap_or_default();
        match seconds {
            Ok(seconds) if SECONDS.contains(&seconds) => (seconds, nanos),
            _ if self.0 < 0 => (*SECONDS.start(), 0),
            _ => (*SECONDS.end(), 999_999_999),
        }
    }

    /// Writes the text of [`Self::write_rfc3339`] to the start of `text`; gives its length.
    fn spell(self, day: &mut Day, text: &mut [u8; RFC3339_BYTES_MAX]) -> usize {
        let (seconds, nanos) = self.split();
        day.turn(seconds.div_euclid(DAY_S));
        let of_day = narrow(seconds.rem_euclid(DAY_S));
        let nanos = narrow(nanos);
        *text = *b"0000-00-00T00:00:00.000000000Z";
        text[..day.text.len()].copy_from_slice(&day.text);
        let mut put = |at: usize, number: u32| text[at..at + 2].copy_from_slice(&digits::pair(number));
        put(11, of_day / 3600);
        put(14, of_day / 60 % 60);
        put(17, of_day % 60);
        put(20, nanos / 10_000_000);
        put(22, nanos / 100_000);
        put(24, nanos / 1_000);
        // The last pair overlaps the one before it by a digit, the same.
        put(26, nanos / 10);
        put(27, nanos);
        let end = match nanos {
            0 => 19,
            _ if nanos.is_multiple_of(1_000_000) => 23,
            _ if nanos.is_multiple_of(1_000) => 26,
            _ => 29,
        };
        text[end] = b'Z';
        end + 1
    }
}

/// A day and how it is spelled, kept from one instant to the next: most have it in common.
#[derive(Clone, Debug)]
pub(crate) struct Day {
    /// Days since 1970-01-01.
    number: i64,
    text: [u8; 10],
}

impl Default for Day {
    fn default() -> Self {
        Self { number: 0, text: *b"1970-01-01" }
    }
}

impl Day {
    /// Goes on to the day of that number, of the years 0000 to 9999.
    fn turn(&mut self, number: i64) {
        if number == self.number {
            return;
        }
        let (year, month, day) = civil::date(number);
        let mut put = |at: usize, number: u32| self.text[at..at + 2].copy_from_slice(&digits::pair(number));
        put(0, narrow(year) / 100);
        put(2, narrow(year));
        put(5, narrow(month));
        put(8, narrow(day));
        self.number = number;
    }
}

/// A part of a date, a time of day or a second: all of them fit.
fn narrow(part: i64) -> u32 {
    u32::try_from(part).unwrap_or_default()
}

/// As [`Timestamp::write_rfc3339`].
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = [0; RFC3339_BYTES_MAX];
        let len = self.spell(&mut Day::default(), &mut text);
        f.pad(str::from_utf8(&text[..len]).map_err(|_| fmt::Error)?)
    }
}
