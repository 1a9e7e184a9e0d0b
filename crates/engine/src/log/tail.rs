//! The end of a log before it was counted: read backwards from the sources' ends.

use std::sync::Arc;

use record::Timestamp;

use super::Log;
use super::near::standing_after;
use crate::limits::{BLOCK_BYTES_MIN, TAIL_BYTES};
use crate::merge::Merge;

impl Log {
    /// The merge of the last `count` lines, without an index, and how many lines it gives.
    ///
    /// The lines are the last ones as far as the sources' own ends tell: a line further up whose time is ahead of
    /// them all can only be seen by the index. None where that cannot be told from a bounded stretch, or where a
    /// source does not know its length yet, or where copies are left out.
    #[must_use]
    pub fn tail(&self, count: u64) -> Option<(Merge, u64)> {
        if self.copies {
            return None;
        }
        let sources = self.inputs().len().max(1) as u64;
        let mut reach = (TAIL_BYTES / 16 / sources).max(BLOCK_BYTES_MIN as u64);
        loop {
            if let Some(found) = self.tail_within(count, reach) {
                return Some(found);
            }
            if reach * sources >= TAIL_BYTES {
                return None;
            }
            reach *= 4;
        }
    }

    /// The same, looking no further back than `reach` bytes from each source's end.
    fn tail_within(&self, count: u64, reach: u64) -> Option<(Merge, u64)> {
        let mut standings = Vec::new();
        // Lines from this key on are all among those read.
        let mut sure_from = Timestamp::from_nanos(i128::MIN);
        for input in self.inputs().iter() {
            let bytes = input.source.bytes()?;
            let standing = if bytes <= reach {
                input.origin.standing()
            } else {
                let standing = standing_after(input, bytes - reach, self.inputs().len())?;
                sure_from = sure_from.max(standing.key);
                standing
            };
            standings.push(standing);
        }
        let whole = sure_from == Timestamp::from_nanos(i128::MIN);
        let mut merge = Merge::new(Arc::clone(self.inputs()), &standings);
        let mut lines = 0;
        let mut sure_lines = 0;
        while let Some((_, line)) = merge.next() {
            lines += 1;
            // A key equal to it may stand in a line that was not read.
            sure_lines += u64::from(line.key > sure_from);
        }
        if !whole && sure_lines < count {
            return None;
        }
        let kept = count.min(lines);
        let mut merge = Merge::new(Arc::clone(self.inputs()), &standings);
        for _ in 0..lines - kept {
            merge.next();
        }
        Some((merge, kept))
    }
}
