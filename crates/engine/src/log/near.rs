//! A place in a log before it was counted: found in each source by halving, as if its times rose.

use std::sync::Arc;

use record::Timestamp;

use super::{Log, Place};
use crate::limits::{BLOCK_BYTES_MIN, FIRST_TIME_BYTES, NEAR_BYTES_MAX, NEAR_BYTES_MIN};
use crate::lines::Lines;
use crate::merge::{Input, Merge, block_bytes};
use crate::stream::{Standing, Stream, is_sure};

impl Log {
    /// The merge from `before` lines before a time or an anchor on, without an index, and how many lines before the
    /// place it begins.
    ///
    /// It is that place as far as the times near it tell: a line further up whose time is ahead of them can only be seen
    /// by the index. None where that cannot be told from a bounded stretch, where a source does not know its length yet,
    /// where copies are left out, and for places that only counting finds.
    #[must_use]
    pub fn near(&self, place: Place, before: u64) -> Option<(Merge, u64)> {
        if self.copies {
            return None;
        }
        let key = match place {
            Place::Time(time) => time,
            Place::Anchor { source, offset } => key_at(self.inputs().get(source)?, offset, self.inputs().len())?,
            Place::Line(_) | Place::Tail(_) => return None,
        };
        let ends: Option<Vec<u64>> =
            self.inputs().iter().map(|input| first_at(input, key, self.inputs().len())).collect();
        let ends = ends?;
        let mut reach = NEAR_BYTES_MIN;
        loop {
            if let Some(found) = self.near_within(place, key, before, &ends, reach) {
                return Some(found);
            }
            if reach >= NEAR_BYTES_MAX / self.inputs().len().max(1) as u64 {
                return None;
            }
            reach *= 4;
        }
    }

    /// The same, looking no further back than `reach` bytes before the places in `ends`.
    fn near_within(&self, place: Place, key: Timestamp, before: u64, ends: &[u64], reach: u64) -> Option<(Merge, u64)> {
        let mut standings = Vec::new();
        // Lines from this key on are all among those read.
        let mut sure_from = None;
        for (input, end) in self.inputs().iter().zip(ends) {
            let standing = if *end <= reach {
                input.origin.standing()
            } else {
                let standing = standing_after(input, end - reach, self.inputs().len())?;
                sure_from = sure_from.max(Some(standing.key));
                standing
            };
            standings.push(standing);
        }
        if sure_from.is_some_and(|sure_from| sure_from >= key) {
            return None;
        }
        let mut merge = Merge::new(Arc::clone(self.inputs()), &standings);
        let (mut lines, mut sure_lines) = (0, 0);
        loop {
            let (source, line) = merge.next()?;
            let is_it = match place {
                Place::Anchor { source: wanted, offset } => source == wanted && offset < line.next,
                _ => line.key >= key,
            };
            if is_it {
                break;
            }
            lines += 1;
            sure_lines += u64::from(sure_from.is_none_or(|sure_from| line.key > sure_from));
        }
        if sure_from.is_some() && sure_lines < before {
            return None;
        }
        let kept = before.min(lines);
        let mut merge = Merge::new(Arc::clone(self.inputs()), &standings);
        for _ in 0..lines - kept {
            merge.next();
        }
        Some((merge, kept))
    }
}

/// Where in a source, to within some kilobytes, the first line lies whose key is not before `key`.
fn first_at(input: &Input, key: Timestamp, sources: usize) -> Option<u64> {
    let bytes = input.source.bytes()?;
    if input.origin.first_key >= key {
        return Some(0);
    }
    if input.origin.untimed && input.source.arrived(0).is_none() {
        return Some(bytes);
    }
    let (mut low, mut high) = (0, bytes);
    while high - low > NEAR_BYTES_MIN {
        let middle = low.midpoint(high);
        match standing_after(input, middle, sources) {
            Some(standing) if standing.key < key => low = middle,
            Some(_) => high = middle,
            // No time is near: it may be the end, or a long stretch without one.
            None if high == bytes && bytes - middle <= FIRST_TIME_BYTES => high = middle,
            None => return None,
        }
    }
    Some(high)
}

/// The key of the line in which a byte of a source lies, as far as the times shortly before it tell.
fn key_at(input: &Input, offset: u64, sources: usize) -> Option<Timestamp> {
    let bytes = input.source.bytes()?;
    if offset >= bytes {
        return None;
    }
    let standing = match offset.checked_sub(NEAR_BYTES_MIN) {
        Some(from) => standing_after(input, from, sources)?,
        None => input.origin.standing(),
    };
    let stream = Stream::new(&input.source, &input.rules, &input.origin, standing, block_bytes(sources));
    stream.singly().find(|line| offset < line.next).map(|line| line.key)
}

/// A standing at the first line that starts after `offset`. None where no time is found shortly after it, though the source
/// has times.
pub(super) fn standing_after(input: &Input, offset: u64, sources: usize) -> Option<Standing> {
    let layout = input.origin.layout;
    let block_bytes = block_bytes(sources).min(4 * BLOCK_BYTES_MIN);
    // Even offsets are the starts of units in UTF-16, and as good as any in UTF-8.
    let mut lines = Lines::new(Arc::clone(&input.source), layout.encoding, offset & !1, block_bytes);
    lines.next(u64::MAX);
    let standing = Standing { offset: lines.offset(), key: input.origin.first_key, level: None };
    if input.origin.untimed {
        let key = input.source.arrived(standing.offset).map_or(standing.key, |(arrived, _)| arrived);
        return Some(Standing { key, ..standing });
    }
    let stream = Stream::new(&input.source, &input.rules, &input.origin, standing, block_bytes);
    let near = standing.offset.saturating_add(FIRST_TIME_BYTES);
    let found = stream.singly().find(|line| is_sure(line) || line.offset >= near);
    let key = found.filter(is_sure)?.time()?;
    Some(Standing { key, ..standing })
}
