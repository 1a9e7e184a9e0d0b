//! The year of a time that has none.

use std::cell::Cell;

use super::find::Known;
use super::usual;
use crate::civil::{self, Civil, DAY_S};
use crate::{Timestamp, Zone};

const NANOS_A_DAY: i128 = 1_000_000_000 * DAY_S as i128;

/// The years that a time without one may be in, by its source's last modification.
#[derive(Clone, Debug)]
pub(super) struct Years {
    /// The year of the last modification; none where it is beyond all that a line can bear.
    modified: Option<i64>,
    /// The last year that has a time which is not past [`Self::latest`], with a zone of up to [`FAR_S`].
    last: i64,
    /// A day past the last modification.
    latest: Timestamp,
    /// A year was asked for.
    asked: Cell<bool>,
}

/// Seconds between UTC and any zone there is.
const FAR_S: i32 = 86_400;

impl Years {
    pub(super) fn new(modified: Timestamp) -> Self {
        let nanos = modified.nanos();
        let day = i32::try_from(nanos.div_euclid(NANOS_A_DAY)).ok().map(i64::from);
        let year = |day: i64| civil::date(day).0;
        Self {
            modified: day.map(year),
            // A day that is allowed, a day that the zone may make, and the rest of the day.
            last: day.map_or(0, |day| year(day + 3)),
            latest: Timestamp::from_nanos(nanos.saturating_add(NANOS_A_DAY)),
            asked: Cell::new(false),
        }
    }

    /// A year was asked for: the last modification has told what a line says.
    pub(super) fn asked(&self) -> bool {
        self.asked.get()
    }

    /// The instant of `civil` in the year that puts it nearest to, and not more than a day past, the source's last
    /// modification.
    fn nearest(&self, civil: &mut Civil, zone: &Zone) -> Option<Timestamp> {
        self.asked.set(true);
        let modified = self.modified?;
        let last = match zone {
            Zone::Utc => self.last,
            Zone::Fixed(east) if (-FAR_S..=FAR_S).contains(east) => self.last,
            Zone::Fixed(_) | Zone::Named(_) => modified + 1,
        };
        // The latest that is early enough is the nearest too. Between leap years lie up to eight years.
        (modified - 8..=last).rev().find_map(|year| {
            civil.year = u16::try_from(year).ok()?;
            zone.instant(civil).filter(|time| *time <= self.latest)
        })
    }
}

/// The instant of `civil`, which has no year, in the zone that may stand at `at` of the line; and the place after that.
pub(super) fn nearest(line: &[u8], at: usize, civil: &mut Civil, known: &Known) -> Option<(Timestamp, usize)> {
    let (time, end) = match usual::offset(&line[at..]) {
        Some((east, length)) => (known.years.nearest(civil, &Zone::Fixed(east)), at + length),
        None => (known.years.nearest(civil, &known.zone), at),
    };
    Some((time?, end))
}
