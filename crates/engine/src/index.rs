//! What one pass over a log leaves behind: checkpoints to start from, and a summary of each stretch between two.

mod bytes;
mod file;
mod grown;
mod identity;
#[cfg(test)]
mod tests;

pub use file::{IndexFileError, Loaded};
pub use identity::LogIdentity;

use std::sync::Arc;

use record::{Level, Timestamp};

use crate::Line;
use crate::limits::{CHECKPOINT_LINES_MIN, CHECKPOINT_LINES_PER_SOURCE};
use crate::merge::Failure;
use crate::stream::Standing;

/// Counts of lines a level: those of [`Level::ALL`] in order, and last the lines without a level.
pub type LevelCounts = [u64; 7];

/// The place of a level among [`LevelCounts`].
#[must_use]
pub const fn level_place(level: Option<Level>) -> usize {
    match level {
        Some(level) => level as usize,
        None => 6,
    }
}

/// The lines from one checkpoint to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block {
    /// The key of its first line; no line of it has an earlier one.
    pub first_key: Timestamp,
    /// The key of its last line; no line of it has a later one.
    pub last_key: Timestamp,
    /// Its lines.
    pub lines: u64,
    /// Its lines a level.
    pub levels: LevelCounts,
}

/// Checkpoints and summaries of the part of a log that was passed so far. Takes half a byte a line of few sources,
/// and two of very many.
#[derive(Clone, Debug)]
pub struct Index {
    sources: usize,
    spacing: u64,
    /// Where every stream stood before each block: `sources` entries a block.
    standings: Vec<Standing>,
    /// Where every stream stood behind the last block, if that is known and nothing was added since.
    resume: Option<Vec<Standing>>,
    blocks: Vec<Block>,
    /// Lines of every source in each block: `sources` entries a block.
    block_lines: Vec<u32>,
    lines: u64,
    levels: LevelCounts,
    lines_by_source: Vec<u64>,
    complete: bool,
    failures: Vec<Failure>,
    /// The sources of which a line has its year from the last modification.
    guessed_years: Vec<bool>,
    /// Where each source ended when the log was last seen to grow; none where it never did.
    ends: Option<Arc<[u64]>>,
    /// The log's first so many fences count.
    fences: usize,
}

impl Index {
    /// An index of nothing, for a log of `sources` sources.
    pub(crate) fn new(sources: usize) -> Self {
        Self {
            sources,
            spacing: CHECKPOINT_LINES_MIN.max(CHECKPOINT_LINES_PER_SOURCE * sources as u64),
            standings: Vec::new(),
            resume: None,
            blocks: Vec::new(),
            block_lines: Vec::new(),
            lines: 0,
            levels: [0; 7],
            lines_by_source: vec![0; sources],
            complete: false,
            failures: Vec::new(),
            guessed_years: vec![false; sources],
            ends: None,
            fences: 0,
        }
    }

    /// The index of a log that may grow: for now its sources end so.
    pub(crate) fn until(self, ends: Arc<[u64]>) -> Self {
        Self { ends: Some(ends), ..self }
    }

    /// The same index for a log of other sources: `from` tells of each which one of this log it was. One that is new, or of
    /// which no line was numbered, stands at its beginning, as in `starts`.
    pub(crate) fn widened(&self, from: &[Option<usize>], starts: &[Standing]) -> Self {
        fn row<T: Copy>(old: &[T], from: &[Option<usize>], other: impl Fn(usize) -> T) -> Vec<T> {
            from.iter().enumerate().map(|(place, from)| from.map_or_else(|| other(place), |from| old[from])).collect()
        }
        let old = self.sources.max(1);
        let ends = self.ends.as_ref().map(|ends| row(ends, from, |_| 0).into());
        let failures = self.failures.iter().filter_map(|failure| {
            let source = from.iter().position(|from| *from == Some(failure.source))?;
            Some(Failure { source, error: failure.error.clone() })
        });
        Self {
            sources: from.len(),
            standings: self.standings.chunks_exact(old).flat_map(|old| row(old, from, |place| starts[place])).collect(),
            block_lines: self.block_lines.chunks_exact(old).flat_map(|old| row(old, from, |_| 0)).collect(),
            resume: None,
            lines_by_source: row(&self.lines_by_source, from, |_| 0),
            guessed_years: row(&self.guessed_years, from, |_| false),
            failures: failures.collect(),
            blocks: self.blocks.clone(),
            ends,
            ..*self
        }
    }

    /// Where each source ends, in a log that may grow.
    pub(crate) fn ends(&self) -> Option<&Arc<[u64]>> {
        self.ends.as_ref()
    }

    /// How many fences count.
    pub(crate) fn fences(&self) -> usize {
        self.fences
    }

    /// Puts what was merged anew, from before the last block on, in that block's place: the log has grown.
    pub(crate) fn grow(&mut self, stretches: Vec<Stretch>, ends: Arc<[u64]>, fences: usize) {
        if let Some(last) = self.blocks.pop() {
            let kept = self.blocks.len() * self.sources;
            self.lines -= last.lines;
            take(&mut self.levels, last.levels);
            take(&mut self.lines_by_source, self.block_lines[kept..].iter().map(|lines| u64::from(*lines)));
            self.standings.truncate(kept);
            self.block_lines.truncate(kept);
        }
        for stretch in stretches {
            self.push(stretch);
        }
        (self.ends, self.fences) = (Some(ends), fences);
    }

    /// Notes of which sources a line has its year from the last modification.
    pub(crate) fn note_guessed_years(&mut self, guessed: &[bool]) {
        for (known, guessed) in self.guessed_years.iter_mut().zip(guessed) {
            *known |= guessed;
        }
    }

    /// Lines from one checkpoint to the next.
    #[must_use]
    pub fn spacing(&self) -> u64 {
        self.spacing
    }

    /// Lines counted so far; all of them once [`Index::is_complete`].
    #[must_use]
    pub fn lines(&self) -> u64 {
        self.lines
    }

    /// Lines a level, so far.
    #[must_use]
    pub fn levels(&self) -> &LevelCounts {
        &self.levels
    }

    /// Lines a source, so far.
    #[must_use]
    pub fn lines_by_source(&self) -> &[u64] {
        &self.lines_by_source
    }

    /// The stretches passed so far, each of [`Index::spacing`] lines but the last.
    #[must_use]
    pub fn blocks(&self) -> &[Block] {
        &self.blocks
    }

    /// The whole log was passed.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.complete
    }

    /// The sources that could not be read to their end.
    #[must_use]
    pub fn failures(&self) -> &[Failure] {
        &self.failures
    }

    /// Bytes passed so far, all sources together, to within a block.
    #[must_use]
    pub fn bytes_passed(&self) -> u64 {
        self.last_standings().iter().map(|standing| standing.offset).sum()
    }

    /// Where every stream stood before block `block`.
    pub(crate) fn standings(&self, block: usize) -> &[Standing] {
        &self.standings[block * self.sources..(block + 1) * self.sources]
    }

    /// Where every stream stood behind the last block, in an index that was loaded and is to be built on: a merge from
    /// there gives the lines from [`Index::lines`] on. None once something was added, and in a new index.
    #[must_use]
    pub fn resume(&self) -> Option<&[Standing]> {
        self.resume.as_deref()
    }

    fn last_standings(&self) -> &[Standing] {
        match &self.resume {
            Some(resume) => resume,
            None => &self.standings[self.standings.len().saturating_sub(self.sources)..],
        }
    }

    /// Where every stream stood before block `row`, or behind the last one, where that is known.
    fn row(&self, row: usize) -> &[Standing] {
        match &self.resume {
            Some(resume) if row == self.blocks.len() => resume,
            _ => self.standings(row),
        }
    }

    /// The first `count` blocks, to be built on. None where that is nothing.
    fn first_blocks(mut self, count: usize) -> Option<Self> {
        if count == 0 {
            return None;
        }
        self.resume = Some(self.row(count).to_vec());
        self.blocks.truncate(count);
        self.standings.truncate(count * self.sources);
        self.block_lines.truncate(count * self.sources);
        self.complete = false;
        self.sum_up();
        Some(self)
    }

    /// Sums the blocks up anew.
    fn sum_up(&mut self) {
        self.lines = self.blocks.iter().map(|block| block.lines).sum();
        self.levels = [0; 7];
        for block in &self.blocks {
            add(&mut self.levels, block.levels);
        }
        self.lines_by_source = vec![0; self.sources];
        for lines in self.block_lines.chunks_exact(self.sources.max(1)) {
            add(&mut self.lines_by_source, lines.iter().map(|lines| u64::from(*lines)));
        }
    }

    /// Takes in a stretch that was passed.
    pub(crate) fn push(&mut self, stretch: Stretch) {
        let Stretch { standings, block, lines_by_source } = stretch;
        debug_assert_eq!(standings.len(), self.sources, "a standing for each source");
        debug_assert_eq!(self.lines, self.spacing * self.blocks.len() as u64, "only the last block is short");
        self.standings.extend_from_slice(&standings);
        self.lines += block.lines;
        add(&mut self.levels, block.levels);
        // No more than `spacing`, of which there would have to be 2^27 sources.
        self.block_lines.extend(lines_by_source.iter().map(|lines| u32::try_from(*lines).unwrap_or(u32::MAX)));
        add(&mut self.lines_by_source, lines_by_source);
        self.blocks.push(block);
        self.resume = None;
    }

    /// Notes which sources failed so far: what is built from here on lacks their lines.
    pub(crate) fn note_failures(&mut self, failures: &[Failure]) {
        self.failures = failures.to_vec();
    }

    /// Notes that nothing comes any more.
    pub(crate) fn finish(&mut self, failures: Vec<Failure>) {
        self.failures = failures;
        self.complete = true;
        self.resume = None;
        self.standings.shrink_to_fit();
        self.block_lines.shrink_to_fit();
        self.blocks.shrink_to_fit();
    }
}

fn add(sums: &mut [u64], counts: impl IntoIterator<Item = u64>) {
    for (sum, count) in sums.iter_mut().zip(counts) {
        *sum += count;
    }
}

fn take(sums: &mut [u64], counts: impl IntoIterator<Item = u64>) {
    for (sum, count) in sums.iter_mut().zip(counts) {
        *sum -= count;
    }
}

/// The first of `0..count` for which `holds` is false, where it is true for all before and false for all after.
pub(crate) fn partition_point(count: usize, holds: impl Fn(usize) -> bool) -> usize {
    let (mut low, mut high) = (0, count);
    while low < high {
        let middle = low.midpoint(high);
        if holds(middle) { low = middle + 1 } else { high = middle }
    }
    low
}

/// What is gathered from one checkpoint to the next.
#[derive(Debug)]
pub(crate) struct Stretch {
    standings: Vec<Standing>,
    block: Block,
    lines_by_source: Vec<u64>,
}

impl Stretch {
    /// A stretch that begins at `line`, which is not in it yet.
    pub fn new(standings: Vec<Standing>, line: &Line) -> Self {
        let lines_by_source = vec![0; standings.len()];
        let block = Block { first_key: line.key, last_key: line.key, lines: 0, levels: [0; 7] };
        Self { standings, block, lines_by_source }
    }

    /// Its lines so far.
    pub fn lines(&self) -> u64 {
        self.block.lines
    }

    /// Takes in the next line of the merge.
    pub fn push(&mut self, source: usize, line: &Line) {
        self.block.lines += 1;
        self.block.last_key = line.key;
        self.block.levels[level_place(line.level)] += 1;
        self.lines_by_source[source] += 1;
    }
}
