//! The year of a time that has none.

use super::{Rules, usual};
use crate::civil::{self, Civil, DAY_S};
use crate::{Timestamp, Zone};

const NANOS_A_SECOND: i128 = 1_000_000_000;

/// The instant of `civil` in the year that puts it nearest to, and not more than a day past, the source's last
/// modification; with the place after the zone that may stand at `at` of the line.
pub(super) fn nearest(line: &[u8], at: usize, mut civil: Civil, rules: &Rules) -> Option<(Timestamp, usize)> {
    let explicit;
    let (zone, end) = match usual::offset(&line[at..]) {
        Some((east, length)) => {
            explicit = Zone::Fixed(east);
            (&explicit, at + length)
        }
        None => (&rules.zone, at),
    };
    let modified = rules.modified.nanos();
    let latest = Timestamp::from_nanos(modified.saturating_add(NANOS_A_SECOND * i128::from(DAY_S)));
    let modified_day = modified.div_euclid(NANOS_A_SECOND * i128::from(DAY_S));
    let (modified_year, ..) = civil::date(i64::try_from(modified_day).ok()?);
    // The latest that is early enough is the nearest too. Between leap years lie up to eight years.
    let mut years = (modified_year.checked_sub(8)?..=modified_year.checked_add(1)?).rev();
    years.find_map(|year| {
        civil.year = u16::try_from(year).ok()?;
        let time = zone.instant(&civil)?;
        (time <= latest).then_some((time, end))
    })
}
