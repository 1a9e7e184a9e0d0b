//! Taking in what a log has gained.

use std::sync::Arc;

use record::Timestamp;

use super::{Log, note_time};
use crate::growth::Bounds;
use crate::index::{Index, Stretch};
use crate::limits::{BLOCK_BYTES_MIN, FIRST_TIME_BYTES, WILD_BYTES};
use crate::lines::Lines;
use crate::merge::{Failure, Input, Merge, block_bytes};
use crate::stream::{Origin, Standing, Stream};

impl Log {
    /// The log of inputs that may grow, and for now end at `ends`, each at the end of a line. Reads nothing yet.
    #[must_use]
    pub fn growing(inputs: impl Into<Arc<[Input]>>, ends: &[u64]) -> Self {
        let inputs = inputs.into();
        debug_assert_eq!(inputs.len(), ends.len(), "an end for each input");
        let index = Index::new(inputs.len()).until(ends.into());
        Self::new(inputs).with_index(index)
    }

    /// Where its sources end for now, as far as their lines were or will be numbered; none where it does not grow.
    #[must_use]
    pub fn ends(&self) -> Option<Arc<[u64]>> {
        self.index().ends().cloned()
    }

    /// Its order is not the one that it would have, had it been read when it was whole: the contract's order anew.
    #[must_use]
    pub fn is_out_of_order(&self) -> bool {
        self.index().fences() > 0 || self.inputs.iter().any(|input| input.origin.timed_from > 0)
    }

    /// Takes in what its sources have gained up to `ends`, each the end of a line: what was numbered keeps its number, and
    /// the new lines are numbered behind it. False where there is nothing new. Merges the last block and what is new.
    ///
    /// To be called by one at a time, once the index is complete.
    ///
    /// # Errors
    ///
    /// That of a source which cannot be read: then nothing was taken in.
    pub fn grow(&self, ends: &[u64]) -> Result<bool, Failure> {
        let (fences, before, block) = {
            let index = self.index();
            debug_assert!(index.is_complete(), "what is there was numbered");
            let Some(before) = index.ends().cloned() else { return Ok(false) };
            (index.fences(), before, index.blocks().len().saturating_sub(1))
        };
        if *before == *ends {
            return Ok(false);
        }
        debug_assert!(before.iter().zip(ends).all(|(before, end)| before <= end), "sources only grow");
        // One that failed to be taken in may have left its own.
        self.fences.truncate(fences);
        let seam = self.seam(block)?;
        let is_fenced = seam.last.is_some_and(|last| self.is_order_another(last, &seam.standings, &before, ends));
        if let Some((key, _)) = seam.last.filter(|_| is_fenced) {
            self.fences.push(seam.lines, key, &before);
        }
        let (fences, ends): (_, Arc<[u64]>) = (fences + usize::from(is_fenced), ends.into());
        let stretches = self.stretches(block, fences, &ends)?;
        self.change_index(|index| index.grow(stretches, ends, fences));
        Ok(true)
    }

    /// The same log with other inputs: `from` tells of each which one of this log it was; those that this log had stand in
    /// the same order, and no line is numbered of those that are new or were replaced.
    #[must_use]
    pub fn widened(&self, inputs: Vec<Input>, from: &[Option<usize>]) -> Self {
        let starts: Vec<_> = inputs.iter().map(|input| input.origin.standing()).collect();
        let index = self.index().widened(from, &starts);
        let log = Self { fences: Arc::new(self.fences.widened(from)), ..Self::new(inputs).with_index(index) };
        let before = self.last_times();
        log.note_times(&from.iter().map(|from| from.and_then(|from| before[from])).collect::<Vec<_>>());
        log
    }

    /// The merge from a block on, its fences and ends given.
    fn merge_until(&self, block: usize, fences: usize, ends: &Arc<[u64]>) -> Merge {
        let (standings, ordinal) = {
            let index = self.index();
            let starts = || self.inputs.iter().map(|input| input.origin.standing()).collect();
            let standings = if block < index.blocks().len() { index.standings(block).to_vec() } else { starts() };
            (standings, block as u64 * index.spacing())
        };
        let next = self.fences.before(ordinal, fences);
        let bounds = Bounds::new(Arc::clone(&self.fences), next, fences, Arc::clone(ends));
        Merge::within(Arc::clone(&self.inputs), &standings, block_bytes(self.inputs.len()), Some(bounds))
    }

    /// How all stands behind the last line that was numbered.
    fn seam(&self, block: usize) -> Result<Seam, Failure> {
        let mut merge = self.merge_from_block(block);
        let mut last = None;
        while let Some((source, line)) = merge.next() {
            last = Some((line.key, source));
        }
        match self.new_failure(merge.failures()) {
            Some(failure) => Err(failure),
            None => Ok(Seam { lines: self.index().lines(), last, standings: merge.standings() }),
        }
    }

    /// What a merge from a block on gives.
    fn stretches(&self, block: usize, fences: usize, ends: &Arc<[u64]>) -> Result<Vec<Stretch>, Failure> {
        let spacing = self.index().spacing();
        let mut merge = self.merge_until(block, fences, ends);
        let mut stretches: Vec<Stretch> = Vec::new();
        let mut times = vec![None; self.inputs.len()];
        while merge.next().is_some() {
            if stretches.last().is_none_or(|stretch| stretch.lines() == spacing) {
                let standings = merge.standings();
                let Some((_, line)) = merge.current() else { break };
                stretches.push(Stretch::new(standings, line));
            }
            if let (Some(stretch), Some((source, line))) = (stretches.last_mut(), merge.current()) {
                stretch.push(source, line);
                note_time(&mut times, source, line);
            }
        }
        self.note_times(&times);
        self.new_failure(merge.failures()).map_or(Ok(stretches), Err)
    }

    /// Whether lines that were numbered would stand elsewhere, or be read otherwise, were they merged with what comes now.
    fn is_order_another(&self, last: (Timestamp, usize), standings: &[Standing], before: &[u64], ends: &[u64]) -> bool {
        self.inputs.iter().enumerate().any(|(place, input)| {
            let (before, end) = (before[place], ends[place]);
            if before == end {
                return false;
            }
            let stream = Stream::new(&input.source, &input.rules, &input.origin, standings[place], BLOCK_BYTES_MIN);
            let first = stream.until(end).singly().next();
            first.is_none_or(|first| (first.key, place) < last) || reads_otherwise(input, before, end)
        })
    }
}

/// The end of what was numbered.
struct Seam {
    lines: u64,
    /// Key and source of the last line.
    last: Option<(Timestamp, usize)>,
    standings: Vec<Standing>,
}

/// Whether a look at what lies between `before` and `end` changes what is said of lines in front of it: which of them are
/// wild, and where a wrapped one ends.
fn reads_otherwise(input: &Input, before: u64, end: u64) -> bool {
    // Lines with more than [`WILD_BYTES`] behind them are settled; each of the others is looked at.
    let from = before.saturating_sub(2 * WILD_BYTES) & !1;
    let mut offset = 0;
    if from > 0 {
        let lines = Lines::new(Arc::clone(&input.source), input.origin.layout.encoding, from, BLOCK_BYTES_MIN);
        let mut lines = lines.until(before);
        lines.next(u64::MAX);
        offset = lines.offset();
        if offset >= before || offset + WILD_BYTES > before {
            return true;
        }
    }
    let read = |end: u64| {
        let standing = Standing { offset, key: input.origin.first_key, level: None };
        let stream = Stream::new(&input.source, &input.rules, &input.origin, standing, BLOCK_BYTES_MIN).until(end);
        let lines = stream.singly().take_while(move |line| line.start() < before);
        lines.map(|line| (line.next, line.is_wild()))
    };
    !read(before).eq(read(end))
}

impl Input {
    /// The same input as it is to be read from `end` on: where no line of it was numbered, as its first lines say now; where
    /// it had no time so far, with the times that have come. None where nothing about it is to be changed.
    ///
    /// # Errors
    ///
    /// That of reading its first lines.
    pub fn reread(&self, end: u64) -> Result<Option<Self>, crate::Error> {
        let origin = &self.origin;
        if end > 0 && !(origin.untimed && end < FIRST_TIME_BYTES) {
            return Ok(None);
        }
        let found = Origin::find(&self.source, &self.rules, BLOCK_BYTES_MIN)?;
        let origin = if end == 0 {
            found
        } else if found.untimed {
            return Ok(None);
        } else {
            Origin { layout: origin.layout, first_key: origin.first_key, untimed: false, timed_from: end }
        };
        Ok((origin != self.origin).then(|| Self { origin, ..self.clone() }))
    }
}
