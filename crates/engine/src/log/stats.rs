//! How the lines of a log and their levels lie over it, from the index; only blocks across a border are read.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};

use rayon::prelude::*;
use record::Timestamp;

use super::Log;
use crate::index::{LevelCounts, level_place};
use crate::limits::STATS_BUCKETS_MAX;
use crate::merge::Failure;

/// What a log is divided by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// Spans of keys, each as long as the others.
    Time,
    /// The same from one time to another, both of them in it; lines outside are in no part.
    Span {
        /// Where the first part starts.
        since: Timestamp,
        /// Where the last part ends; not before `since`.
        until: Timestamp,
    },
    /// Stretches of the order, each of as many lines as the others, give or take one.
    Line,
}

/// One part of a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bucket {
    /// No line of it has an earlier key.
    pub from: Timestamp,
    /// The ordinal of its first line, or of the line that comes next where it has none.
    pub first: u64,
    /// Its lines.
    pub lines: u64,
    /// Its lines a level.
    pub levels: LevelCounts,
}

/// All parts of a log, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Buckets {
    /// The parts; none of an empty log.
    pub buckets: Vec<Bucket>,
    /// The key of the last line.
    pub last: Option<Timestamp>,
}

/// How lines fall into buckets.
#[derive(Clone, Copy)]
struct Scale {
    by: By,
    count: u64,
    first: i128,
    /// Nanoseconds from the first instant to the last, and one more.
    span: i128,
    lines: u64,
}

impl Scale {
    /// The place of a line's bucket, from 1; before them stand the lines before all buckets, behind them the others.
    fn slot(&self, ordinal: u64, key: Timestamp) -> usize {
        let bucket = match self.by {
            By::Line => u64::try_from(u128::from(ordinal) * u128::from(self.count) / u128::from(self.lines.max(1))),
            By::Time | By::Span { .. } => match key.nanos() - self.first {
                passed if passed < 0 => return 0,
                passed if passed >= self.span => return usize::try_from(self.count + 1).unwrap_or(0),
                passed => u64::try_from(passed * i128::from(self.count) / self.span),
            },
        };
        usize::try_from(1 + bucket.unwrap_or(0).min(self.count - 1)).unwrap_or(0)
    }

    /// The first instant of a bucket.
    fn start(&self, bucket: u64) -> Timestamp {
        let count = i128::from(self.count);
        Timestamp::from_nanos(self.first + (i128::from(bucket) * self.span + count - 1) / count)
    }
}

impl Log {
    /// The log in `count` parts (at most [`STATS_BUCKETS_MAX`]), as far as the index knows it. Empty once `stop` is set.
    ///
    /// # Errors
    ///
    /// The source that broke off, where it is one of which the index does not know.
    pub fn stats(&self, count: u64, by: By, stop: &AtomicBool) -> Result<Buckets, Failure> {
        let (blocks, spacing) = {
            let index = self.index();
            (index.blocks().to_vec(), index.spacing())
        };
        let (Some(first), Some(last)) = (blocks.first(), blocks.last()) else { return Ok(Buckets::default()) };
        let (since, until) = match by {
            By::Span { since, until } => (since, until.max(since)),
            By::Time | By::Line => (first.first_key, last.last_key),
        };
        let scale = Scale {
            by,
            count: count.clamp(1, STATS_BUCKETS_MAX),
            first: since.nanos(),
            span: until.nanos() - since.nanos() + 1,
            lines: blocks.iter().map(|block| block.lines).sum(),
        };
        let mut sums = vec![(0, LevelCounts::default()); usize::try_from(scale.count + 2).unwrap_or(0)];
        let mut across = Vec::new();
        for (at, block) in blocks.iter().enumerate() {
            let ordinal = at as u64 * spacing;
            let slot = scale.slot(ordinal, block.first_key);
            if block.lines > 0 && slot == scale.slot(ordinal + block.lines - 1, block.last_key) {
                add(&mut sums[slot], block.lines, &block.levels);
            } else {
                across.push((at, ordinal..ordinal + block.lines));
            }
        }
        // A few at a time, so that others who want the same threads have their turn.
        for wave in across.chunks(2 * rayon::current_num_threads()) {
            if stop.load(Ordering::Relaxed) {
                return Ok(Buckets::default());
            }
            let parts: Vec<_> =
                wave.par_iter().map(|(at, ordinals)| self.parts_of(*at, ordinals.clone(), scale)).collect();
            for part in parts {
                for (slot, levels) in part? {
                    add(&mut sums[slot], levels.iter().sum(), &levels);
                }
            }
        }
        let mut next = sums.first().map_or(0, |(before, _)| *before);
        let inner = sums.len() - 1;
        let buckets = (0..).zip(sums.drain(1..inner)).map(|(at, (lines, levels))| {
            let first = next;
            next += lines;
            let from = match by {
                By::Time | By::Span { .. } => scale.start(at),
                By::Line => blocks[usize::try_from(first / spacing).unwrap_or(0).min(blocks.len() - 1)].first_key,
            };
            Bucket { from, first, lines, levels }
        });
        Ok(Buckets { buckets: buckets.collect(), last: Some(last.last_key) })
    }

    /// How the lines of a block fall into slots.
    fn parts_of(&self, block: usize, ordinals: Range<u64>, scale: Scale) -> Result<Vec<(usize, LevelCounts)>, Failure> {
        let mut parts: Vec<(usize, LevelCounts)> = Vec::new();
        let mut merge = self.merge_from_block(block);
        for ordinal in ordinals {
            let Some((_, line)) = merge.next() else { break };
            let slot = scale.slot(ordinal, line.key);
            let place = level_place(line.level);
            match parts.last_mut() {
                Some((last, levels)) if *last == slot => levels[place] += 1,
                _ => {
                    let mut levels = LevelCounts::default();
                    levels[place] = 1;
                    parts.push((slot, levels));
                }
            }
        }
        self.new_failure(merge.failures()).map_or(Ok(parts), Err)
    }
}

fn add(sum: &mut (u64, LevelCounts), lines: u64, levels: &LevelCounts) {
    sum.0 += lines;
    for (sum, count) in sum.1.iter_mut().zip(levels) {
        *sum += count;
    }
}
