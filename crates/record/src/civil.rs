//! A date and a time of day as a line spells them, before a zone gives them an instant.

/// Seconds of a day; leap seconds are not counted.
pub(crate) const DAY_S: i64 = 86_400;

/// A date with a time of day, not checked yet: [`Civil::seconds`] says whether it exists.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Civil {
    pub year: u16,
    pub month: u8,
    pub day: u8,
    pub hour: u8,
    pub minute: u8,
    pub second: u8,
    pub nanos: u32,
}

impl Civil {
    /// Seconds since 1970-01-01 if this were UTC; none if there is no such date or time of day.
    ///
    /// Years 1 to 9999; second 60 counts as 59.
    pub(crate) fn seconds(&self) -> Option<i64> {
        let exists = self.hour < 24 && self.minute < 60 && self.second < 61;
        if !exists || self.nanos > 999_999_999 {
            return None;
        }
        let days = days(self.year, self.month, self.day)?;
        let second = self.second.min(59);
        Some(days * DAY_S + i64::from(self.hour) * 3600 + i64::from(self.minute) * 60 + i64::from(second))
    }
}

/// Days since 1970-01-01; none if there is no such date. Years 1 to 9999.
#[must_use]
pub fn days(year: u16, month: u8, day: u8) -> Option<i64> {
    if year == 0 || year > 9999 || day == 0 || day > month_days(year, month) {
        return None;
    }
    // Years that begin in March put the leap day last, where no later day of the year needs to know of it
    // (Howard Hinnant, chrono-Compatible Low-Level Date Algorithms, `days_from_civil`).
    let (year, month) =
        if month > 2 { (i64::from(year), i64::from(month) - 3) } else { (i64::from(year) - 1, i64::from(month) + 9) };
    let day_of_year = (153 * month + 2) / 5 + i64::from(day) - 1;
    Some(year * 365 + year / 4 - year / 100 + year / 400 + day_of_year - 719_468)
}

/// Year, month and day of the day `days` after 1970-01-01 (or before).
#[must_use]
pub fn date(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(ERA_DAYS);
    // Divisions by powers of two stand in for others, in numbers of 32 bits (Neri and Schneider, Euclidean affine
    // functions and their application to calendar algorithms, figure 12).
    let quarters = 4 * u32::try_from(days.rem_euclid(ERA_DAYS)).unwrap_or_default() + 3;
    let century = quarters / 146_097;
    let product = 2_939_745 * u64::from((quarters % 146_097) | 3);
    let (year_of_century, rest) = ((product >> 32), product & 0xffff_ffff);
    let day_of_year = rest / 2_939_745 / 4;
    let month_and_day = 2_141 * day_of_year + 197_913;
    let (march_month, day) = (month_and_day >> 16, (month_and_day & 0xffff) / 2_141 + 1);
    // Years begin in March.
    let past_december = u64::from(day_of_year >= 306);
    let year = u64::from(century) * 100 + year_of_century + past_december;
    let signed = |number: u64| i64::try_from(number).unwrap_or_default();
    (signed(year) + era * 400, signed(march_month - 12 * past_december), signed(day))
}

/// Days of four hundred years.
const ERA_DAYS: i64 = 146_097;

/// The month, 1 to 12, that three letters name in English: `Jan` to `Dec`.
pub(crate) fn month(name: &[u8]) -> Option<u8> {
    Some(match name {
        b"Jan" => 1,
        b"Feb" => 2,
        b"Mar" => 3,
        b"Apr" => 4,
        b"May" => 5,
        b"Jun" => 6,
        b"Jul" => 7,
        b"Aug" => 8,
        b"Sep" => 9,
        b"Oct" => 10,
        b"Nov" => 11,
        b"Dec" => 12,
        _ => return None,
    })
}

/// How many days that month of that year has; 0 if there is no such month.
fn month_days(year: u16, month: u8) -> u8 {
    match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
        2 => 28,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::{date, days};

    #[test]
    fn days_and_dates_are_inverse() {
        for day in (-719_162..2_932_897).step_by(97) {
            let (year, month, of_month) = date(day);
            let narrow = (u16::try_from(year), u8::try_from(month), u8::try_from(of_month));
            let (Ok(year), Ok(month), Ok(of_month)) = narrow else { panic!("day {day} is {narrow:?}") };
            assert_eq!(days(year, month, of_month), Some(day));
        }
        assert_eq!(date(0), (1970, 1, 1));
    }
}
