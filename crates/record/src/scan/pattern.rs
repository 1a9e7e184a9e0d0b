//! A form of the user's own: `--time-format '%d.%m.%Y %H:%M:%S'`.

mod directive;

use std::error::Error;
use std::fmt;

use directive::{Directive, Reading};

use super::find::Found;
use crate::Zone;

/// A pattern in the manner of `strptime`, which a line's start must match.
///
/// Known are `%Y %y %m %b %B %h %d %e %j` for the date, `%H %k %I %l %p %P %M %S %f` for the time of day (`%f`: 1 to 9
/// digits of the second's fraction), `%s` for seconds from 1970, `%z %:z %Z` for the zone, `%a %A` for a weekday that
/// is not checked, `%F %D %T %R %r` for what they stand for elsewhere, `%n`, `%t` and white space for any white
/// space, and `%%`. Numbers may lack their leading zeros, but for `%Y`, which has four digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimeFormat {
    directives: Vec<Directive>,
}

/// Why a pattern is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeFormatError {
    /// It ends in the middle of a directive.
    Unfinished,
    /// It has a directive that is not known.
    Unknown(char),
    /// It does not give a full date with a time of day; this is missing.
    Missing(&'static str),
}

impl fmt::Display for TimeFormatError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unfinished => f.write_str("the time format ends in a lone '%'; write '%%' for a percent sign"),
            Self::Unknown(letter) => write!(
                f,
                "the time format has '%{letter}', which is not known; known are %Y %y %m %b %B %h %d %e %j %H %k %I %l %p \
                 %P %M %S %f %s %z %:z %Z %a %A %F %D %T %R %r %n %t %%"
            ),
            Self::Missing(what) => {
                write!(f, "the time format must give a full date and a time of day, or '%s'; it has no {what}")
            }
        }
    }
}

impl Error for TimeFormatError {}

impl TimeFormat {
    /// Reads a pattern.
    ///
    /// # Errors
    ///
    /// [`TimeFormatError`] where it has an unknown directive or ends within one, and where it does not give a full
    /// date (year and either month and day or the day of the year) and a time of day (hours and minutes; with `%I`
    /// also `%p`), or else `%s`.
    pub fn new(pattern: &str) -> Result<Self, TimeFormatError> {
        let mut directives = Vec::new();
        let mut rest = pattern.chars();
        while let Some(character) = rest.next() {
            match character {
                '%' => directive::push(&mut rest, &mut directives)?,
                space if space.is_ascii_whitespace() => directives.push(Directive::Space),
                other => {
                    let mut bytes = [0; 4];
                    let bytes = other.encode_utf8(&mut bytes).bytes();
                    directives.extend(bytes.map(Directive::Literal));
                }
            }
        }
        directives.dedup_by(|one, before| *one == Directive::Space && *before == Directive::Space);
        let format = Self { directives };
        match format.missing() {
            Some(what) => Err(TimeFormatError::Missing(what)),
            None => Ok(format),
        }
    }

    /// The time at the line's start, if it matches the pattern and exists. A digit right after it makes it none.
    pub(super) fn find(&self, line: &[u8], zone: &Zone) -> Option<Found> {
        let mut reading = Reading::new(line);
        for directive in &self.directives {
            directive.read(&mut reading)?;
        }
        let end = reading.end()?;
        Some(Found { time: reading.instant(zone)?, start: 0, end, level: None })
    }

    /// What the pattern lacks to name an instant.
    fn missing(&self) -> Option<&'static str> {
        use Directive::{
            Day, DayOfYear, HalfDay, Hour, Hour12, Minute, Month, MonthName, Seconds1970, Year, YearOfCentury,
        };
        let has = |any: &[Directive]| self.directives.iter().any(|one| any.contains(one));
        if has(&[Seconds1970]) {
            return None;
        }
        let by_day = has(&[DayOfYear]);
        let wanted = [
            (has(&[Year, YearOfCentury]), "year (%Y)"),
            (by_day || has(&[Month, MonthName]), "month (%m)"),
            (by_day || has(&[Day]), "day (%d)"),
            (has(&[Hour]) || has(&[Hour12]), "hour (%H)"),
            (has(&[Hour]) || has(&[HalfDay]), "AM or PM (%p) beside %I"),
            (has(&[Minute]), "minute (%M)"),
        ];
        wanted.into_iter().find_map(|(there, what)| (!there).then_some(what))
    }
}
