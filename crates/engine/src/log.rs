//! A log: sources in one order, and any stretch of it at once.

mod grow;
mod near;
mod pick;
mod search;
mod stats;
mod tail;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError, RwLock, RwLockReadGuard};
use std::time::Duration;

use record::Timestamp;

use crate::growth::{Bounds, Fences};
use crate::index::{Index, Stretch, partition_point};
use crate::merge::{Failure, Input, Merge, block_bytes};
use crate::stream::Standing;

pub use pick::Picker;
pub use search::{Ended, Searched};
pub use stats::{Bucket, Buckets, By};

/// How often who waits for the index asks whether it is still wanted.
const ASK_EVERY: Duration = Duration::from_millis(50);

/// A place in the merged order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The line with this ordinal, from 0.
    Line(u64),
    /// So many lines before the end; the first line, where there are fewer.
    Tail(u64),
    /// The first line whose key is not before this time.
    Time(Timestamp),
    /// The line of this source (by its place) in which this byte lies.
    Anchor {
        /// The source's place, from 0.
        source: usize,
        /// Any byte of the line.
        offset: u64,
    },
}

/// What is known of a [`Place`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// It is the line with this ordinal.
    At(u64),
    /// It lies beyond the end.
    Beyond,
    /// The index has not come so far.
    NotYet,
}

/// A log, with the index that one pass over it makes. Its sources stand still, but for what [`Log::grow`] takes in.
pub struct Log {
    inputs: Arc<[Input]>,
    /// Its sources are copies of one another.
    copies: bool,
    index: RwLock<Index>,
    /// Where it had grown, and the order of the whole would be another. The index says how many of them count.
    fences: Arc<Fences>,
    /// The last time that each source's own lines bear, as far as they were numbered by this process.
    times: Mutex<Box<[Option<Timestamp>]>>,
    /// Told after each change of the index.
    indexed: (Mutex<()>, Condvar),
}

impl Log {
    /// The log of `inputs`, in the order that breaks ties. Reads nothing yet.
    #[must_use]
    pub fn new(inputs: impl Into<Arc<[Input]>>) -> Self {
        let inputs = inputs.into();
        let index = RwLock::new(Index::new(inputs.len()));
        let times = Mutex::new(vec![None; inputs.len()].into());
        Self { inputs, copies: false, index, fences: Arc::default(), times, indexed: Default::default() }
    }

    /// The same log, of sources that are copies of one another: each line is shown once (contract, section 5).
    #[must_use]
    pub fn without_copies(self) -> Self {
        Self { copies: true, ..self }
    }

    /// The same log with what is known of it already: an index that was kept ([`Index::load`]), whole or to be built on.
    /// It must be of these inputs, and with or without copies as this log is.
    #[must_use]
    pub fn with_index(self, index: Index) -> Self {
        debug_assert_eq!(index.lines_by_source().len(), self.inputs.len(), "an index of these inputs");
        let index = match self.ends() {
            Some(ends) if index.ends().is_none() => index.until(ends),
            _ => index,
        };
        Self { index: RwLock::new(index), ..self }
    }

    /// Its sources.
    #[must_use]
    pub fn inputs(&self) -> &Arc<[Input]> {
        &self.inputs
    }

    /// The index as far as it was built.
    pub fn index(&self) -> RwLockReadGuard<'_, Index> {
        // A panic while it was written left whole blocks: `push` is all that writes.
        self.index.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The last time that the lines of each source bear, where it is known; wild ones do not count.
    #[must_use]
    pub fn last_times(&self) -> Vec<Option<Timestamp>> {
        self.times.lock().unwrap_or_else(PoisonError::into_inner).to_vec()
    }

    fn note_times(&self, times: &[Option<Timestamp>]) {
        let mut known = self.times.lock().unwrap_or_else(PoisonError::into_inner);
        for (known, time) in known.iter_mut().zip(times) {
            *known = (*known).max(*time);
        }
    }

    /// Passes over the whole log once and builds the index, or what is missing of it; `progress` is called after each
    /// checkpoint.
    ///
    /// Ends early, with the index incomplete, once `cancelled` is set. To be called once.
    pub fn build_index(&self, cancelled: &AtomicBool, mut progress: impl FnMut(&Index)) {
        let (spacing, blocks, complete) = {
            let index = self.index();
            (index.spacing(), index.blocks().len(), index.is_complete())
        };
        if complete {
            progress(&self.index());
            return;
        }
        let mut merge = self.merge_from_block(blocks);
        let mut stretch: Option<Stretch> = None;
        let mut times = vec![None; self.inputs.len()];
        while merge.next().is_some() {
            if stretch.as_ref().is_some_and(|stretch| stretch.lines() == spacing) {
                if cancelled.load(Ordering::Relaxed) {
                    return;
                }
                if !merge.failures().is_empty() {
                    self.change_index(|index| index.note_failures(merge.failures()));
                }
                self.push(stretch.take());
                self.change_index(|index| index.note_guessed_years(merge.guessed_years()));
                progress(&self.index());
            }
            let standings = stretch.is_none().then(|| merge.standings());
            let Some((source, line)) = merge.current() else { break };
            let stretch = stretch.get_or_insert_with(|| Stretch::new(standings.unwrap_or_default(), line));
            stretch.push(source, line);
            note_time(&mut times, source, line);
        }
        self.note_times(&times);
        self.push(stretch);
        self.change_index(|index| {
            index.note_guessed_years(merge.guessed_years());
            index.finish(merge.failures().to_vec());
        });
        progress(&self.index());
    }

    fn push(&self, stretch: Option<Stretch>) {
        if let Some(stretch) = stretch {
            self.change_index(|index| index.push(stretch));
        }
    }

    fn change_index(&self, change: impl FnOnce(&mut Index)) {
        change(&mut self.index.write().unwrap_or_else(PoisonError::into_inner));
        // Held for a moment, so that nobody misses this between looking and waiting.
        drop(self.indexed.0.lock().unwrap_or_else(PoisonError::into_inner));
        self.indexed.1.notify_all();
    }

    /// Waits until the index knows the whole of a block, or of the log. False once `stop` is set.
    pub fn wait_for_block(&self, block: usize, stop: &AtomicBool) -> bool {
        let mut waiting = self.indexed.0.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if stop.load(Ordering::Relaxed) {
                return false;
            }
            {
                let index = self.index();
                if index.is_complete() || index.blocks().len() > block + 1 {
                    return true;
                }
            }
            let waited = self.indexed.1.wait_timeout(waiting, ASK_EVERY);
            waiting = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// The ordinal of a place, as far as the index reaches. Reads up to [`Index::spacing`] lines.
    #[must_use]
    pub fn find(&self, place: Place) -> Found {
        match place {
            Place::Line(ordinal) => {
                {
                    let index = self.index();
                    if ordinal < index.lines() {
                        return Found::At(ordinal);
                    }
                    if index.is_complete() {
                        return Found::Beyond;
                    }
                    if ordinal >= index.spacing() {
                        return Found::NotYet;
                    }
                }
                // Near the top no index is needed: that the line is there is seen by merging up to it. Where it is not,
                // the log is short, and will soon be counted; an empty one needs no counting.
                match self.merge_from(ordinal).next() {
                    Some(_) => Found::At(ordinal),
                    None if ordinal == 0 => Found::Beyond,
                    None => Found::NotYet,
                }
            }
            Place::Tail(count) => {
                let index = self.index();
                if index.is_complete() { Found::At(index.lines().saturating_sub(count)) } else { Found::NotYet }
            }
            Place::Time(time) => self.find_from(
                |index| index.blocks().partition_point(|block| block.last_key < time),
                |_, line| line.key >= time,
            ),
            Place::Anchor { source, offset } => self.find_from(
                |index| {
                    // The last block before which the source stood at or before the line.
                    let after =
                        partition_point(index.blocks().len(), |block| index.standings(block)[source].offset <= offset);
                    let last = after == index.blocks().len() && !index.is_complete();
                    if last { after } else { after.saturating_sub(1) }
                },
                |at, line| at == source && offset < line.next,
            ),
        }
    }

    /// The first line that `is_it`, looked for from the block on that `block` names.
    fn find_from(&self, block: impl Fn(&Index) -> usize, is_it: impl Fn(usize, &crate::Line) -> bool) -> Found {
        let (block, complete, spacing) = {
            let index = self.index();
            let block = block(&index);
            if block >= index.blocks().len() {
                return if index.is_complete() { Found::Beyond } else { Found::NotYet };
            }
            (block, index.is_complete(), index.spacing())
        };
        let first = block as u64 * spacing;
        let mut merge = self.merge_from_block(block);
        // It lies in that block, or the index is not of this log.
        for ordinal in first..first + spacing {
            let Some((source, line)) = merge.next() else { break };
            if is_it(source, line) {
                return Found::At(ordinal);
            }
        }
        if complete { Found::Beyond } else { Found::NotYet }
    }

    /// Where every source stands before a line; behind the last one, where there are no more.
    ///
    /// # Errors
    ///
    /// A source that cannot be read, while it could when it was indexed: lines of the others would count in its stead.
    pub fn standings(&self, ordinal: u64) -> Result<Vec<Standing>, Failure> {
        let mut merge = self.merge_from(ordinal);
        merge.next();
        self.new_failure(merge.failures()).map_or_else(|| Ok(merge.standings()), Err)
    }

    /// The merge from a line on: its first [`Merge::next`] gives the line `ordinal`.
    ///
    /// Reads up to [`Index::spacing`] lines in vain; all that lie between the last checkpoint and the line, where the
    /// index has not come so far.
    #[must_use]
    pub fn merge_from(&self, ordinal: u64) -> Merge {
        let (block, spacing) = {
            let index = self.index();
            let last = index.blocks().len().saturating_sub(1);
            (usize::try_from(ordinal / index.spacing()).unwrap_or(usize::MAX).min(last), index.spacing())
        };
        let mut merge = self.merge_from_block(block);
        for _ in block as u64 * spacing..ordinal {
            if merge.next().is_none() {
                break;
            }
        }
        merge
    }

    /// The merge from the first line of a block on, or from behind the last block of an index that is to be built on; from
    /// the first line of all, where that is not known.
    fn merge_from_block(&self, block: usize) -> Merge {
        self.merge_from_block_in(block, block_bytes(self.inputs.len()))
    }

    /// The same, reading so many bytes at a time.
    fn merge_from_block_in(&self, block: usize, block_bytes: usize) -> Merge {
        let (standings, earlier, bounds) = {
            let index = self.index();
            let standings = match index.blocks().len() {
                blocks if block < blocks => Some(index.standings(block)),
                blocks if block == blocks => index.resume(),
                _ => None,
            };
            let ordinal = standings.map_or(0, |_| block as u64 * index.spacing());
            let bounds = self.bounds(&index, ordinal);
            (standings.map(<[Standing]>::to_vec), standings.and_then(|_| self.before_key(&index, block)), bounds)
        };
        let from = |standings: Option<&[Standing]>| {
            let start = || self.inputs.iter().map(|input| input.origin.standing()).collect();
            let standings = standings.map_or_else(start, <[Standing]>::to_vec);
            Merge::within(Arc::clone(&self.inputs), &standings, block_bytes, bounds.clone())
        };
        if !self.copies {
            return from(standings.as_deref());
        }
        // What was seen of a key decides about the lines that follow: it is seen again from its first line on.
        let mut merge = from(earlier.as_deref()).without_copies();
        while let Some((source, line)) = merge.next() {
            if standings.as_ref().is_none_or(|standings| line.start() >= standings[source].offset) {
                merge.hold();
                break;
            }
        }
        merge
    }

    /// How far a merge from this ordinal on goes, by what the index knows; none where that is as far as the sources go.
    fn bounds(&self, index: &Index, ordinal: u64) -> Option<Bounds> {
        let ends = Arc::clone(index.ends()?);
        let count = index.fences();
        Some(Bounds::new(Arc::clone(&self.fences), self.fences.before(ordinal, count), count, ends))
    }

    /// The standings of the last block that begins before the key with which `block` begins; behind the last block, before
    /// the key with which that ends.
    fn before_key(&self, index: &Index, block: usize) -> Option<Vec<Standing>> {
        let blocks = index.blocks();
        let key = blocks.get(block).map(|block| block.first_key).or(blocks.last().map(|block| block.last_key))?;
        let blocks = if self.copies { &index.blocks()[..block] } else { &[] };
        let earlier = blocks.partition_point(|block| block.first_key < key).checked_sub(1)?;
        Some(index.standings(earlier).to_vec())
    }
}

/// Notes the time that a line bears, if it is believed.
#[inline]
fn note_time(times: &mut [Option<Timestamp>], source: usize, line: &crate::Line) {
    if let Some(time) = line.time().filter(|_| !line.is_wild()) {
        times[source] = times[source].max(Some(time));
    }
}
