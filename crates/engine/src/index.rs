//! What one pass over a log leaves behind: checkpoints to start from, and a summary of each stretch between two.

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

/// Checkpoints and summaries of the part of a log that was passed so far. Takes under a byte a line.
#[derive(Clone, Debug)]
pub struct Index {
    sources: usize,
    spacing: u64,
    /// Where every stream stood before each block: `sources` entries a block.
    standings: Vec<Standing>,
    blocks: Vec<Block>,
    lines: u64,
    levels: LevelCounts,
    lines_by_source: Vec<u64>,
    complete: bool,
    failures: Vec<Failure>,
}

impl Index {
    /// An index of nothing, for a log of `sources` sources.
    pub(crate) fn new(sources: usize) -> Self {
        Self {
            sources,
            spacing: CHECKPOINT_LINES_MIN.max(CHECKPOINT_LINES_PER_SOURCE * sources as u64),
            standings: Vec::new(),
            blocks: Vec::new(),
            lines: 0,
            levels: [0; 7],
            lines_by_source: vec![0; sources],
            complete: false,
            failures: Vec::new(),
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

    fn last_standings(&self) -> &[Standing] {
        &self.standings[self.standings.len().saturating_sub(self.sources)..]
    }

    /// Takes in a stretch that was passed.
    pub(crate) fn push(&mut self, stretch: Stretch) {
        let Stretch { standings, block, lines_by_source } = stretch;
        debug_assert_eq!(standings.len(), self.sources, "a standing for each source");
        debug_assert_eq!(self.lines, self.spacing * self.blocks.len() as u64, "only the last block is short");
        self.standings.extend_from_slice(&standings);
        self.lines += block.lines;
        for (sum, count) in self.levels.iter_mut().zip(block.levels) {
            *sum += count;
        }
        for (sum, count) in self.lines_by_source.iter_mut().zip(lines_by_source) {
            *sum += count;
        }
        self.blocks.push(block);
    }

    /// Notes that nothing comes any more.
    pub(crate) fn finish(&mut self, failures: Vec<Failure>) {
        self.failures = failures;
        self.complete = true;
        self.standings.shrink_to_fit();
        self.blocks.shrink_to_fit();
    }
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
