//! What a time without a zone means.

use std::ops::Range;

use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, TimeZone, TimeZoneTransition};

use crate::Timestamp;
use crate::civil::{Civil, DAY_S};

/// The zone of times that name none themselves (`--tz`).
#[derive(Clone, Debug)]
pub enum Zone {
    /// Coordinated universal time.
    Utc,
    /// So many seconds east of UTC, always.
    Fixed(i32),
    /// A zone with rules. An hour that comes twice is the earlier one; one that is left out is
    /// moved on by the length of the gap (jiff's `compatible`, RFC 5545's rule).
    Named(TimeZone),
}

impl Zone {
    /// The instant that this date and time of day is here; none if there is no such date.
    pub(crate) fn instant(&self, civil: &Civil) -> Option<Timestamp> {
        let seconds = civil.seconds()?;
        let east = match self {
            Self::Utc => 0,
            Self::Fixed(seconds) => i64::from(*seconds),
            Self::Named(zone) => named_offset(zone, civil)?,
        };
        Timestamp::at(seconds - east, civil.nanos)
    }
}

/// How many seconds east of UTC `zone` is at that date and time of day.
pub(crate) fn named_offset(zone: &TimeZone, civil: &Civil) -> Option<i64> {
    let small = |number: u8| i8::try_from(number).ok();
    let local = DateTime::new(
        i16::try_from(civil.year).ok()?,
        small(civil.month)?,
        small(civil.day)?,
        small(civil.hour)?,
        small(civil.minute)?,
        small(civil.second.min(59))?,
        0,
    )
    .ok()?;
    // `compatible` is the offset before the change in a gap and in a fold alike. Taking the offset and
    // adding it up here keeps 9999-12-31, which jiff's own instants no longer hold.
    let offset = match zone.to_ambiguous_timestamp(local).offset() {
        AmbiguousOffset::Unambiguous { offset } => offset,
        AmbiguousOffset::Gap { before, .. } | AmbiguousOffset::Fold { before, .. } => before,
    };
    Some(i64::from(offset.seconds()))
}

/// A stretch of local time in which a zone changes nothing: its rules need not be asked again.
#[derive(Clone, Debug, Default)]
pub(crate) struct Calm {
    /// Seconds since 1970 as if local time was UTC.
    local: Range<i64>,
    /// Seconds east of UTC.
    east: i64,
}

impl Calm {
    /// Seconds east of UTC at that local time, if it is within.
    #[inline]
    pub(crate) fn east(&self, local: i64) -> Option<i64> {
        self.local.contains(&local).then_some(self.east)
    }

    /// The stretch around that local time, empty where a change is near; `zone` is `east` then.
    pub(crate) fn around(local: i64, east: i64, zone: &TimeZone) -> Self {
        // Further than this no zone is from UTC, so that the local time of a change is within so many seconds of it.
        const FAR_S: i64 = 2 * DAY_S;
        let Ok(instant) = jiff::Timestamp::from_second(local - east) else { return Self::default() };
        let seconds = |change: TimeZoneTransition<'_>| change.timestamp().as_second();
        let first = zone.preceding(instant).next().map_or(i64::MIN, |change| seconds(change) + FAR_S);
        let end = zone.following(instant).next().map_or(i64::MAX, |change| seconds(change) - FAR_S);
        let local = if (first..end).contains(&local) { first..end } else { 0..0 };
        Self { local, east }
    }
}
