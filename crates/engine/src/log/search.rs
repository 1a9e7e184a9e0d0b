//! The lines of a log that a filter wants, found stretch by stretch.
//!
//! Between two checkpoints lies one stretch of each source, so a text is looked for in the sources' own bytes, as they
//! come, on all cores. Only blocks that hold a candidate are merged, to number it and to ask for the rest.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};

use memchr::{memchr, memchr_iter, memrchr};
use rayon::prelude::*;
use record::limits::TEXT_BYTES_MAX;

use super::Log;
use crate::filter::{Filter, Share};
use crate::index::Index;
use crate::layout::Encoding;
use crate::limits::{BLOCK_BYTES_MAX, SEARCH_GROUP_BYTES, SEARCH_READ_BYTES};
use crate::merge::{Failure, Input, block_bytes};
use crate::stream::Standing;
use crate::{Block, Error, Pattern};

/// What a stretch of the log holds.
#[derive(Clone, Debug)]
pub struct Searched {
    /// The blocks of the index that were searched; the next stretch begins where they end.
    pub blocks: Range<usize>,
    /// The ordinals of the wanted lines, rising.
    pub lines: Vec<u64>,
    /// The share of the log that has been searched, 0 to 1.
    pub share: f64,
}

/// Why a search ended.
#[derive(Clone, Debug)]
pub enum Ended {
    /// The whole log was searched.
    Done,
    /// All was searched that the index knows; it has not come further yet.
    Waits,
    /// It was told to stop.
    Stopped,
    /// A source could not be read any more.
    Failed(Failure),
}

/// A few blocks that one thread searches.
struct Group {
    blocks: Range<usize>,
    summaries: Vec<Block>,
    /// Where the sources stood before each block and behind the last; behind the log's last they have no end.
    standings: Vec<Vec<Standing>>,
}

impl Log {
    /// Finds the lines that `filter` wants, from block `from` of the index on, in order; `found` is told stretch by
    /// stretch, and says whether to go on. Ends when `stop` is set, with the log, or where the index has not come further.
    pub fn search(
        &self,
        filter: &Filter,
        from: usize,
        stop: &AtomicBool,
        mut found: impl FnMut(Searched) -> bool,
    ) -> Ended {
        let mut next = from;
        let mut group_bytes = SEARCH_GROUP_BYTES / 64;
        loop {
            let (wave, complete) = self.wave(next, group_bytes);
            group_bytes = (2 * group_bytes).min(SEARCH_GROUP_BYTES);
            if wave.is_empty() {
                return if complete { Ended::Done } else { Ended::Waits };
            }
            let results: Vec<_> = wave.par_iter().map(|group| self.search_group(filter, group)).collect();
            for (group, result) in wave.into_iter().zip(results) {
                next = group.blocks.end;
                match result {
                    Ok(lines) => {
                        let share = self.share_before(next);
                        if !found(Searched { blocks: group.blocks, lines, share }) || stop.load(Ordering::Relaxed) {
                            return Ended::Stopped;
                        }
                    }
                    Err(failure) => return Ended::Failed(failure),
                }
            }
        }
    }

    /// The next groups to search, for all cores at once; none of them where the index knows no more. True, if it knows all.
    fn wave(&self, next: usize, group_bytes: u64) -> (Vec<Group>, bool) {
        let index = self.index();
        let mut groups = Vec::new();
        let mut start = next;
        for _ in 0..2 * rayon::current_num_threads() {
            let Some(group) = Group::from(&index, start, group_bytes) else { break };
            start = group.blocks.end;
            groups.push(group);
        }
        (groups, index.is_complete())
    }

    #[expect(clippy::cast_precision_loss, reason = "a share for people needs no more than a few digits")]
    fn share_before(&self, block: usize) -> f64 {
        let index = self.index();
        let blocks = index.blocks().len();
        if block >= blocks && index.is_complete() {
            return 1.0;
        }
        let offset = |standings: &[Standing]| standings.iter().map(|standing| standing.offset).sum::<u64>();
        let bytes: u64 = self.inputs.iter().filter_map(|input| input.source.bytes()).sum();
        if block < blocks && bytes > 0 {
            return (offset(index.standings(block)) as f64 / bytes as f64).min(1.0);
        }
        0.0
    }

    /// The ordinals of the wanted lines of a group.
    fn search_group(&self, filter: &Filter, group: &Group) -> Result<Vec<u64>, Failure> {
        let mut lines = Vec::new();
        let mut shares = group.shares(filter);
        let candidates = match (&filter.pattern, &filter.without) {
            (Some(pattern), _) => {
                let candidates = self.candidates(filter, pattern, group, &shares)?;
                for (at, share) in shares.iter_mut().enumerate() {
                    *share = if candidates.any_in(group, at) { Share::Some } else { Share::None };
                }
                Some(candidates)
            }
            (None, Some(without)) => {
                // What is no candidate surely does not match, and is wanted unread.
                let candidates = self.candidates(filter, without, group, &shares)?;
                for (at, share) in shares.iter_mut().enumerate() {
                    if *share == Share::All && candidates.any_in(group, at) {
                        *share = Share::Some;
                    }
                }
                Some(candidates)
            }
            (None, None) => None,
        };
        let spacing = self.index().spacing();
        for (run, share) in runs(&shares) {
            let first = (group.blocks.start + run.start) as u64 * spacing;
            let count: u64 = group.summaries[run.clone()].iter().map(|block| block.lines).sum();
            match share {
                Share::None => {}
                Share::All => lines.extend(first..first + count),
                Share::Some => {
                    self.wanted_of(
                        filter,
                        candidates.as_ref(),
                        (&group.standings[run.start], group.standings.get(run.end)),
                        group.blocks.start + run.start,
                        first..first + count,
                        &mut lines,
                    )?;
                }
            }
        }
        Ok(lines)
    }

    /// Merges a few blocks and asks of each line whether it is wanted.
    fn wanted_of(
        &self,
        filter: &Filter,
        candidates: Option<&Candidates>,
        standings: (&[Standing], Option<&Vec<Standing>>),
        block: usize,
        ordinals: Range<u64>,
        lines: &mut Vec<u64>,
    ) -> Result<(), Failure> {
        let mut cursor = candidates.map(|candidates| Cursor::new(candidates, standings));
        // Most blocks with a candidate have but one: what lies behind it need not be looked at.
        let only_candidates = filter.pattern.is_some();
        let left = |cursor: &Option<Cursor>| cursor.as_ref().filter(|_| only_candidates).and_then(|cursor| cursor.left);
        let few = left(&cursor).is_some_and(|left| left as u64 * 256 <= ordinals.end - ordinals.start);
        let block_bytes = if few { SEARCH_READ_BYTES } else { block_bytes(self.inputs.len()) };
        let mut merge = self.merge_from_block_in(block, block_bytes);
        for ordinal in ordinals {
            if left(&cursor) == Some(0) {
                break;
            }
            let Some((source, line)) = merge.next() else { break };
            if !filter.wants(source, line) {
                continue;
            }
            let offset = line.offset;
            let may_match = cursor.as_mut().map(|cursor| cursor.is_candidate(source, offset));
            let wanted = match may_match {
                Some(true) => merge.text().is_some_and(|text| filter.wants_text(&text.text)),
                Some(false) => !only_candidates,
                None => true,
            };
            if wanted {
                lines.push(ordinal);
            }
        }
        self.new_failure(merge.failures()).map_or(Ok(()), Err)
    }

    /// A failure among these that the index does not know of: lines behind it have other ordinals than the index says.
    #[must_use]
    pub fn new_failure(&self, failures: &[Failure]) -> Option<Failure> {
        let index = self.index();
        let known = |failure: &&Failure| !index.failures().iter().any(|known| known.source == failure.source);
        failures.iter().find(known).cloned()
    }

    /// The lines of a group that may match.
    fn candidates(
        &self,
        filter: &Filter,
        pattern: &Pattern,
        group: &Group,
        shares: &[Share],
    ) -> Result<Candidates, Failure> {
        let mut candidates = Candidates { by_source: Vec::new() };
        for (source, input) in self.inputs.iter().enumerate() {
            let layout = input.origin.layout;
            let mut found = Vec::new();
            if !filter.wants_source(source) {
                candidates.by_source.push(Some(found));
                continue;
            }
            if layout.wrapping.is_some() || layout.encoding != Encoding::Utf8 {
                candidates.by_source.push(None);
                continue;
            }
            for (run, share) in runs(shares) {
                if share == Share::None {
                    continue;
                }
                let start = group.standings[run.start][source].offset.max(layout.mark_bytes);
                let end = group.standings.get(run.end).map_or(u64::MAX, |standings| standings[source].offset);
                if start < end
                    && let Err(error) = candidates_in(input, pattern, start..end, &mut found)
                    && let Some(failure) = self.new_failure(&[Failure { source, error }])
                {
                    return Err(failure);
                }
            }
            candidates.by_source.push(Some(found));
        }
        Ok(candidates)
    }
}

impl Group {
    /// The blocks from `start` on that hold so many bytes; none at the end of what the index knows.
    fn from(index: &Index, start: usize, bytes: u64) -> Option<Self> {
        let known = if index.is_complete() { index.blocks().len() } else { index.blocks().len().saturating_sub(1) };
        if start >= known {
            return None;
        }
        let offset = |block: usize| index.standings(block).iter().map(|standing| standing.offset).sum::<u64>();
        let first = offset(start);
        let mut end = start + 1;
        while end < known && offset(end) - first < bytes {
            end += 1;
        }
        let last = (end + 1).min(index.blocks().len());
        Some(Self {
            blocks: start..end,
            summaries: index.blocks()[start..end].to_vec(),
            standings: (start..last).map(|block| index.standings(block).to_vec()).collect(),
        })
    }

    /// What the summaries tell of each block.
    fn shares(&self, filter: &Filter) -> Vec<Share> {
        self.summaries
            .iter()
            .enumerate()
            .map(|(at, block)| match filter.share(block) {
                Share::Some if !self.has_sources(filter, at) => Share::None,
                share => share,
            })
            .collect()
    }

    /// A wanted source has lines in this block.
    fn has_sources(&self, filter: &Filter, at: usize) -> bool {
        let Some(behind) = self.standings.get(at + 1) else { return true };
        let mut pairs = self.standings[at].iter().zip(behind).enumerate();
        pairs.any(|(source, (before, behind))| filter.wants_source(source) && before.offset < behind.offset)
    }
}

/// Stretches of equal shares.
fn runs(shares: &[Share]) -> impl Iterator<Item = (Range<usize>, Share)> + '_ {
    let mut start = 0;
    shares.chunk_by(PartialEq::eq).map(move |run| {
        let range = start..start + run.len();
        start = range.end;
        (range, run[0])
    })
}

/// Lines that may match: for each source their offsets, rising. None: every line of the source may.
struct Candidates {
    by_source: Vec<Option<Vec<u64>>>,
}

impl Candidates {
    /// There is one in block `at` of the group.
    fn any_in(&self, group: &Group, at: usize) -> bool {
        let (before, behind) = (&group.standings[at], group.standings.get(at + 1));
        self.by_source.iter().enumerate().any(|(source, offsets)| {
            let start = before[source].offset;
            let end = behind.map_or(u64::MAX, |behind| behind[source].offset);
            match offsets {
                None => start < end,
                Some(offsets) => {
                    let first = offsets.partition_point(|offset| *offset < start);
                    offsets.get(first).is_some_and(|offset| *offset < end)
                }
            }
        })
    }
}

/// A way through the candidates, in the order of the merge.
struct Cursor<'a> {
    candidates: &'a Candidates,
    /// For each source the first candidate that was not passed.
    next: Vec<usize>,
    /// Candidates that were not passed; none where every line of a source may match.
    left: Option<usize>,
}

impl<'a> Cursor<'a> {
    /// The candidates between two standings of all sources; to the end, where there is no second one.
    fn new(candidates: &'a Candidates, (before, behind): (&[Standing], Option<&Vec<Standing>>)) -> Self {
        let mut next = Vec::new();
        let mut left = Some(0);
        for (source, offsets) in candidates.by_source.iter().enumerate() {
            let Some(offsets) = offsets else {
                left = None;
                next.push(0);
                continue;
            };
            let first = offsets.partition_point(|offset| *offset < before[source].offset);
            let end = behind
                .map_or(offsets.len(), |behind| offsets.partition_point(|offset| *offset < behind[source].offset));
            left = left.map(|left| left + (end - first));
            next.push(first);
        }
        Self { candidates, next, left }
    }

    fn is_candidate(&mut self, source: usize, offset: u64) -> bool {
        let Some(offsets) = &self.candidates.by_source[source] else { return true };
        let next = &mut self.next[source];
        // A candidate is passed at the line that is not before it.
        while offsets.get(*next).is_some_and(|other| *other < offset) {
            *next += 1;
            self.left = self.left.map(|left| left.saturating_sub(1));
        }
        let is_one = offsets.get(*next) == Some(&offset);
        if is_one {
            *next += 1;
            self.left = self.left.map(|left| left.saturating_sub(1));
        }
        is_one
    }
}

/// Notes where lines begin, between two offsets of a source, that may match.
fn candidates_in(input: &Input, pattern: &Pattern, range: Range<u64>, found: &mut Vec<u64>) -> Result<(), Error> {
    let mut buf = vec![0; BLOCK_BYTES_MAX];
    let mut base = range.start;
    let mut filled = 0;
    loop {
        let wanted = usize::try_from(range.end - base).unwrap_or(usize::MAX).min(buf.len());
        let read = match filled < wanted {
            true => input.source.read_at(base + filled as u64, &mut buf[filled..wanted]),
            false => Ok(0),
        };
        let Ok(count) = read else {
            // What stands before the break is a line too.
            pattern.candidates(&buf[..filled], |start| found.push(base + start as u64));
            return read.map(|_| ());
        };
        filled += count;
        if count == 0 && filled < buf.len() {
            // The last line of all may have no newline.
            candidates_of(pattern, &buf[..filled], |start| found.push(base + start as u64));
            return Ok(());
        }
        match memrchr(b'\n', &buf[..filled]) {
            Some(newline) => {
                candidates_of(pattern, &buf[..=newline], |start| found.push(base + start as u64));
                buf.copy_within(newline + 1..filled, 0);
                base += newline as u64 + 1;
                filled -= newline + 1;
            }
            None if filled > TEXT_BYTES_MAX => {
                found.push(base);
                base = end_of_line(input, base + filled as u64, range.end)?;
                filled = 0;
            }
            None if filled == buf.len() => buf.resize(2 * filled, 0),
            None => {}
        }
    }
}

/// Calls `found` with where each line of `lines` begins that may match.
///
/// A line that is longer than a text may always: its text ends elsewhere than its bytes, and is asked when it is read.
fn candidates_of(pattern: &Pattern, lines: &[u8], mut found: impl FnMut(usize)) {
    let mut start = 0;
    if lines.len() > TEXT_BYTES_MAX {
        let mut line = 0;
        for end in memchr_iter(b'\n', lines).chain([lines.len()]) {
            if end - line > TEXT_BYTES_MAX {
                pattern.candidates(&lines[start..line], |at| found(start + at));
                found(line);
                start = lines.len().min(end + 1);
            }
            line = end + 1;
        }
    }
    pattern.candidates(&lines[start..], |at| found(start + at));
}

/// Where the line goes on to whose bytes reach beyond `offset`: behind its newline, at `end` at most.
fn end_of_line(input: &Input, mut offset: u64, end: u64) -> Result<u64, Error> {
    let mut buf = vec![0; BLOCK_BYTES_MAX];
    while offset < end {
        let wanted = usize::try_from(end - offset).unwrap_or(usize::MAX).min(buf.len());
        let count = input.source.read_at(offset, &mut buf[..wanted])?;
        if count == 0 {
            break;
        }
        if let Some(newline) = memchr(b'\n', &buf[..count]) {
            return Ok(offset + newline as u64 + 1);
        }
        offset += count as u64;
    }
    Ok(offset)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use record::scan::Rules;
    use record::{Timestamp, Zone};

    use super::*;
    use crate::stream::Origin;
    use crate::{Case, MemorySource, Source};

    /// The ordinals of the lines in which a pattern is found.
    #[track_caller]
    fn check(text: &[u8], pattern: &str, expected: &[u64]) {
        let rules = Rules { zone: Zone::Utc, modified: Timestamp::default(), format: None };
        let source: Arc<dyn Source> = Arc::new(MemorySource::new(text, Timestamp::default()));
        let origin = Origin::find(&source, &rules, 4096).expect("memory reads");
        let log = Log::new(vec![Input { id: "s".into(), source, rules, origin }]);
        log.build_index(&AtomicBool::new(false), |_| {});
        let pattern = Some(Arc::new(Pattern::new(pattern, Case::Match).expect("a pattern")));
        let mut found = Vec::new();
        let never = AtomicBool::new(false);
        let ended = log.search(&Filter { pattern, ..Filter::default() }, 0, &never, |searched| {
            found.extend(searched.lines);
            true
        });
        assert!(matches!(ended, Ended::Done), "{ended:?}");
        assert_eq!(found, expected);
    }

    #[test]
    fn a_cut_text_is_found_by_its_end_and_not_by_what_was_cut() {
        for cut in [1, 1000, 400_000, 3 << 20] {
            let long = [vec![b'x'; TEXT_BYTES_MAX], vec![b'y'; cut]].concat();
            for end in [&b""[..], b"\n", b"\nx\n", b"\nz"] {
                let text = [b"a\nx\n", &long[..], end].concat();
                let expected: &[u64] = if end == b"\nx\n" { &[1, 2, 3] } else { &[1, 2] };
                check(&text, "x$", expected);
                check(&text, "x\\b", expected);
                check(&text, "y", &[]);
                check(&text, "^a", &[0]);
            }
        }
    }
}
