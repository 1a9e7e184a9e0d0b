//! What a time without a zone means.

use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, TimeZone};

use crate::Timestamp;
use crate::civil::Civil;

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
fn named_offset(zone: &TimeZone, civil: &Civil) -> Option<i64> {
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
