//! The directives of a time format, and what they read from a line.

use std::str::Chars;

use super::TimeFormatError;
use crate::civil::{self, Civil};
use crate::scan::usual;
use crate::{Timestamp, Zone};

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

const WEEKDAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

/// One step of a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Directive {
    Literal(u8),
    Space,
    /// The space that may stand in for a leading zero.
    Padding,
    Year,
    YearOfCentury,
    Month,
    MonthName,
    Day,
    DayOfYear,
    Weekday,
    Hour,
    Hour12,
    HalfDay,
    Minute,
    Second,
    Fraction,
    Seconds1970,
    Offset,
    ZoneName,
}

/// Reads what follows `%` in a pattern, and appends what it means.
pub(super) fn push(pattern: &mut Chars<'_>, directives: &mut Vec<Directive>) -> Result<(), TimeFormatError> {
    use Directive as D;
    let slash = D::Literal(b'/');
    let dash = D::Literal(b'-');
    let colon = D::Literal(b':');
    let mut letter = pattern.next().ok_or(TimeFormatError::Unfinished)?;
    if letter == ':' {
        letter = pattern.next().ok_or(TimeFormatError::Unfinished)?;
        if letter != 'z' {
            return Err(TimeFormatError::Unknown(':'));
        }
    }
    let meant: &[Directive] = match letter {
        '%' => &[D::Literal(b'%')],
        'n' | 't' => &[D::Space],
        'Y' => &[D::Year],
        'y' => &[D::YearOfCentury],
        'm' => &[D::Month],
        'b' | 'B' | 'h' => &[D::MonthName],
        'd' => &[D::Day],
        'e' => &[D::Padding, D::Day],
        'j' => &[D::DayOfYear],
        'a' | 'A' => &[D::Weekday],
        'H' => &[D::Hour],
        'k' => &[D::Padding, D::Hour],
        'I' => &[D::Hour12],
        'l' => &[D::Padding, D::Hour12],
        'p' | 'P' => &[D::HalfDay],
        'M' => &[D::Minute],
        'S' => &[D::Second],
        'f' => &[D::Fraction],
        's' => &[D::Seconds1970],
        'z' => &[D::Offset],
        'Z' => &[D::ZoneName],
        'F' => &[D::Year, dash, D::Month, dash, D::Day],
        'D' => &[D::Month, slash, D::Day, slash, D::YearOfCentury],
        'T' => &[D::Hour, colon, D::Minute, colon, D::Second],
        'R' => &[D::Hour, colon, D::Minute],
        'r' => &[D::Hour12, colon, D::Minute, colon, D::Second, D::Space, D::HalfDay],
        unknown => return Err(TimeFormatError::Unknown(unknown)),
    };
    directives.extend_from_slice(meant);
    Ok(())
}

/// What was read of a line so far.
pub(super) struct Reading<'a> {
    line: &'a [u8],
    at: usize,
    civil: Civil,
    day_of_year: Option<u16>,
    /// The hour was read as one of twelve.
    twelve: bool,
    afternoon: Option<bool>,
    seconds_1970: Option<i64>,
    east: Option<i32>,
}

impl Directive {
    /// Reads the line on; none if it does not match. Whether the date exists is not looked at.
    pub(super) fn read(self, reading: &mut Reading<'_>) -> Option<()> {
        let two = |reading: &mut Reading<'_>| u8::try_from(reading.number(1, 2)?).ok();
        match self {
            Self::Literal(byte) => reading.byte(byte)?,
            Self::Space => {
                reading.space()?;
            }
            Self::Padding => reading.at += usize::from(reading.line.get(reading.at) == Some(&b' ')),
            Self::Year => reading.civil.year = u16::try_from(reading.number(4, 4)?).ok()?,
            Self::YearOfCentury => {
                let year = u16::try_from(reading.number(2, 2)?).ok()?;
                // POSIX: 69 to 99 are of the twentieth century.
                reading.civil.year = year + if year < 69 { 2000 } else { 1900 };
            }
            Self::Month => reading.civil.month = two(reading)?,
            Self::MonthName => reading.civil.month = reading.name(&MONTHS)? + 1,
            Self::Day => {
                reading.civil.day = two(reading)?;
            }
            Self::DayOfYear => {
                reading.day_of_year = Some(u16::try_from(reading.number(1, 3)?).ok()?);
            }
            Self::Weekday => {
                reading.name(&WEEKDAYS)?;
            }
            Self::Hour => {
                reading.civil.hour = two(reading)?;
            }
            Self::Hour12 => {
                reading.twelve = true;
                reading.civil.hour = two(reading)?;
            }
            Self::HalfDay => reading.afternoon = Some(reading.name(&["AM", "PM"])? == 1),
            Self::Minute => reading.civil.minute = two(reading)?,
            Self::Second => reading.civil.second = two(reading)?,
            Self::Fraction => reading.fraction()?,
            Self::Seconds1970 => reading.seconds_1970 = Some(reading.number(1, 12)?),
            Self::Offset => {
                let rest = &reading.line[reading.at..];
                let (east, length) = match rest.first()? {
                    b'Z' => (0, 1),
                    _ => usual::numeric_offset(rest)?,
                };
                reading.east = Some(east);
                reading.at += length;
            }
            Self::ZoneName => reading.zone_name()?,
        }
        Some(())
    }
}

impl<'a> Reading<'a> {
    pub(super) fn new(line: &'a [u8]) -> Self {
        Self {
            line,
            at: 0,
            civil: Civil::default(),
            day_of_year: None,
            twelve: false,
            afternoon: None,
            seconds_1970: None,
            east: None,
        }
    }

    /// The place after what was read; none where its last number goes on.
    pub(super) fn end(&self) -> Option<usize> {
        let digit = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_digit);
        let last = self.at.checked_sub(1)?;
        let goes_on = digit(self.line.get(last)) && digit(self.line.get(self.at));
        (!goes_on).then_some(self.at)
    }

    /// The instant that was read; none if there is no such date or time of day.
    pub(super) fn instant(&self, zone: &Zone) -> Option<Timestamp> {
        let mut civil = self.civil;
        if let Some(seconds) = self.seconds_1970 {
            return Timestamp::at(seconds, civil.nanos);
        }
        if let Some(afternoon) = self.afternoon
            && self.twelve
        {
            if !(1..=12).contains(&civil.hour) {
                return None;
            }
            civil.hour = civil.hour % 12 + if afternoon { 12 } else { 0 };
        }
        if let Some(day_of_year) = self.day_of_year {
            let first = civil::days(civil.year, 1, 1)?;
            let (year, month, day) = civil::date(first + i64::from(day_of_year.checked_sub(1)?));
            if year != i64::from(civil.year) {
                return None;
            }
            civil.month = u8::try_from(month).ok()?;
            civil.day = u8::try_from(day).ok()?;
        }
        match self.east {
            Some(east) => Zone::Fixed(east).instant(&civil),
            None => zone.instant(&civil),
        }
    }

    fn byte(&mut self, byte: u8) -> Option<()> {
        (self.line.get(self.at) == Some(&byte)).then(|| self.at += 1)
    }

    /// White space, at least one byte of it.
    fn space(&mut self) -> Option<()> {
        let rest = &self.line[self.at..];
        let length = rest.iter().take_while(|byte| byte.is_ascii_whitespace());
        let length = length.count();
        self.at += length;
        (length > 0).then_some(())
    }

    /// A number of so many digits, at most 18.
    fn number(&mut self, digits_min: usize, digits_max: usize) -> Option<i64> {
        let rest = &self.line[self.at..];
        let digits = rest.iter().take(digits_max);
        let length = digits.take_while(|byte| byte.is_ascii_digit()).count();
        self.at += length;
        (length >= digits_min)
            .then(|| rest[..length].iter().fold(0, |number, digit| number * 10 + i64::from(digit - b'0')))
    }

    /// Digits of the second's fraction; those after the ninth are passed over.
    fn fraction(&mut self) -> Option<()> {
        let start = self.at;
        let nanos = self.number(1, 9)?;
        let missing = 9 - u32::try_from(self.at - start).ok()?;
        self.civil.nanos = u32::try_from(nanos).ok()? * 10_u32.pow(missing);
        while self.line.get(self.at).is_some_and(u8::is_ascii_digit) {
            self.at += 1;
        }
        Some(())
    }

    /// Which of the names stands here, in any case, whole or its first three letters.
    fn name(&mut self, names: &[&str]) -> Option<u8> {
        let rest = &self.line[self.at..];
        let starts = |name: &str| {
            let found = rest.get(..name.len());
            found.is_some_and(|found| found.eq_ignore_ascii_case(name.as_bytes()))
        };
        let short = |name: &str| name.len().min(3);
        let index = names.iter().position(|name| starts(&name[..short(name)]))?;
        let name = names[index];
        self.at += if starts(name) { name.len() } else { short(name) };
        u8::try_from(index).ok()
    }

    /// A zone's abbreviation. Those of UTC count; the others do not, since one name is many zones.
    fn zone_name(&mut self) -> Option<()> {
        let rest = &self.line[self.at..];
        let letters = rest.iter().take_while(|byte| byte.is_ascii_alphabetic());
        let name = &rest[..letters.count()];
        if matches!(name, b"Z" | b"UTC" | b"GMT") {
            self.east = Some(0);
        }
        self.at += name.len();
        (!name.is_empty()).then_some(())
    }
}
