//! When the bytes of a source arrived: the times of lines that bear none of their own.

use std::sync::{PoisonError, RwLock};

use record::Timestamp;

/// Where bytes of a source begin that arrived together, and when they did. Only ever added to.
#[derive(Debug, Default)]
pub struct Arrivals(RwLock<Vec<(u64, Timestamp)>>);

impl Arrivals {
    /// Notes that the bytes from `offset` on arrived at `time`. What is before the last that was noted stays as it is; and
    /// time does not go back.
    pub fn note(&self, offset: u64, time: Timestamp) {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        match known.last() {
            Some((last, _)) if *last >= offset => {}
            Some((_, before)) => {
                let time = time.max(*before);
                known.push((offset, time));
            }
            None => known.push((offset, time)),
        }
    }

    /// When the byte at `offset` arrived, and where bytes begin of which something else is known. None where nothing was
    /// noted of it.
    #[must_use]
    pub fn at(&self, offset: u64) -> Option<(Timestamp, u64)> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let next = known.partition_point(|(start, _)| *start <= offset);
        let (_, time) = known.get(next.checked_sub(1)?)?;
        Some((*time, known.get(next).map_or(u64::MAX, |(start, _)| *start)))
    }

    /// How many were noted, and the last.
    #[must_use]
    pub fn last(&self) -> (usize, Option<(u64, Timestamp)>) {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        (known.len(), known.last().copied())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_arrived_with_those_before_it() {
        let at = Timestamp::from_nanos;
        let arrivals = Arrivals::default();
        assert_eq!(arrivals.at(0), None);
        for (offset, time) in [(5, 10), (9, 8), (9, 20), (20, 30)] {
            arrivals.note(offset, at(time));
        }
        assert_eq!(arrivals.at(4), None);
        assert_eq!([arrivals.at(5), arrivals.at(8)], [Some((at(10), 9)); 2]);
        assert_eq!(arrivals.at(9), Some((at(10), 20)), "time does not go back");
        assert_eq!(arrivals.at(99), Some((at(30), u64::MAX)));
        assert_eq!(arrivals.last(), (3, Some((20, at(30)))));
    }
}
