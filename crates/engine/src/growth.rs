//! The order of a log while it grows: what was numbered keeps its number.
//!
//! Each time a log has grown, its new lines are merged by themselves, behind all that were numbered. Where that makes a
//! difference to the order of the whole, a [`Fence`] stays: no line behind it is placed before one in front of it, and
//! what stands in front of it was placed without a look at what stands behind. Between two fences the order is exact. A
//! line behind a fence whose key would be before it gets the fence's key, and with it is late.

use std::sync::{Arc, PoisonError, RwLock};

use record::Timestamp;

/// Fences from one that tells all ends to the next: those between tell only what differs.
const FULL_EVERY: usize = 64;

/// Where each source ended when a log had grown so far, and what came behind was to stay behind.
#[derive(Debug)]
struct Fence {
    /// Lines in front of it.
    lines: u64,
    /// The key of the last of them: no line behind has an earlier one.
    key: Timestamp,
    /// The ends of the sources that had grown since the fence before, by their places; those of all, every so often.
    ends: Box<[(u32, u64)]>,
}

/// All fences of a log. Only ever added to, so that a merge can go on beside.
#[derive(Debug, Default)]
pub(crate) struct Fences(RwLock<Vec<Fence>>);

impl Fences {
    /// Adds one behind `lines` lines, where the sources end so.
    pub fn push(&self, lines: u64, key: Timestamp, ends: &[u64]) {
        let before = self.count().checked_sub(1).map(|last| self.ends(last, ends.len()));
        let mut fences = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let is_full = fences.len().is_multiple_of(FULL_EVERY);
        let differs = |place: usize, end: u64| is_full || before.as_ref().is_none_or(|before| before[place] != end);
        let ends = ends.iter().enumerate().filter(|(place, end)| differs(*place, **end));
        let ends = ends.map(|(place, end)| (u32::try_from(place).unwrap_or(u32::MAX), *end)).collect();
        fences.push(Fence { lines, key, ends });
    }

    /// Forgets those behind the first `count`: they were put up in vain.
    pub fn truncate(&self, count: usize) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).truncate(count);
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.0.read().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// How many of the first `count` lie in front of the line with this ordinal.
    pub fn before(&self, ordinal: u64, count: usize) -> usize {
        let fences = self.0.read().unwrap_or_else(PoisonError::into_inner);
        fences[..count.min(fences.len())].partition_point(|fence| fence.lines <= ordinal)
    }

    /// Where each of `sources` sources ended at a fence.
    fn ends(&self, fence: usize, sources: usize) -> Box<[u64]> {
        let fences = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let full = fence - fence % FULL_EVERY;
        let mut ends = vec![0; sources];
        for fence in &fences[full..=fence] {
            for (place, end) in &fence.ends {
                ends[*place as usize] = *end;
            }
        }
        ends.into()
    }

    fn key(&self, fence: usize) -> Timestamp {
        self.0.read().unwrap_or_else(PoisonError::into_inner)[fence].key
    }

    /// The same fences for a log of other sources: `from` tells of each which one of this log it was. One that none of them
    /// was had no lines.
    pub fn widened(&self, from: &[Option<usize>]) -> Self {
        let place = |old: u32| from.iter().position(|from| *from == Some(old as usize));
        let moved = |(old, end): &(u32, u64)| Some((u32::try_from(place(*old)?).ok()?, *end));
        let widened = |fence: &Fence| Fence {
            lines: fence.lines,
            key: fence.key,
            ends: fence.ends.iter().filter_map(moved).collect(),
        };
        let fences = self.0.read().unwrap_or_else(PoisonError::into_inner);
        Self(RwLock::new(fences.iter().map(widened).collect()))
    }
}

/// How far a merge goes, and which fences it passes on its way.
#[derive(Clone, Debug)]
pub(crate) struct Bounds {
    fences: Arc<Fences>,
    /// The fence that comes next.
    next: usize,
    /// Those that count.
    count: usize,
    /// Where the sources end behind the last.
    last: Arc<[u64]>,
}

impl Bounds {
    /// From behind the first `next` of `count` fences on, to where the sources end.
    pub fn new(fences: Arc<Fences>, next: usize, count: usize, last: Arc<[u64]>) -> Self {
        Self { fences, next, count, last }
    }

    /// Where each source ends for now.
    pub fn ends(&self) -> Box<[u64]> {
        if self.next < self.count { self.fences.ends(self.next, self.last.len()) } else { (*self.last).into() }
    }

    /// Passes the next fence, and tells its key; none where there is none.
    pub fn pass(&mut self) -> Option<Timestamp> {
        let key = (self.next < self.count).then(|| self.fences.key(self.next))?;
        self.next += 1;
        Some(key)
    }
}
