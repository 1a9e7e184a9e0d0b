//! A set of lines: what a filter let through, as numbers that any place can be found in at once.

use roaring::RoaringTreemap;

/// Ordinals of a log's lines. A line's rank is how many lines of the set come before it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LineSet {
    lines: RoaringTreemap,
    len: u64,
}

impl LineSet {
    /// Takes in lines that rise, but for those that are not behind all that it has.
    pub fn extend(&mut self, lines: &[u64]) {
        let new = self.lines.max().map_or(0, |last| lines.partition_point(|line| *line <= last));
        // What does not rise is left out, and the count stays right.
        self.len += match self.lines.append(lines.iter().skip(new).copied()) {
            Ok(added) => added,
            Err(error) => error.valid_until(),
        };
    }

    /// How many lines it has.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.len
    }

    /// It has none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// How many of its lines come before this one.
    #[must_use]
    pub fn rank(&self, ordinal: u64) -> u64 {
        ordinal.checked_sub(1).map_or(0, |before| self.lines.rank(before))
    }

    /// Its lines from this rank on, `count` at most.
    #[must_use]
    pub fn from_rank(&self, rank: u64, count: usize) -> Vec<u64> {
        let Some(first) = self.lines.select(rank) else { return Vec::new() };
        let mut lines = self.lines.iter();
        lines.advance_to(first);
        lines.take(count).collect()
    }

    /// Leaves out all lines from this one on.
    pub fn truncate(&mut self, ordinal: u64) {
        self.lines.remove_range(ordinal..);
        self.len = self.lines.len();
    }

    /// Bytes that it takes, about.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.lines.serialized_size()
    }

    /// The same with up to `count` lines before and behind each: of those in `others`, or of a log of so many lines.
    #[must_use]
    pub fn with_context(&self, count: u64, others: Option<&Self>, log_lines: u64) -> Self {
        match others {
            None => {
                let mut lines = self.lines.clone();
                for ordinal in &self.lines {
                    let end = ordinal.saturating_add(count).saturating_add(1).min(log_lines);
                    lines.insert_range(ordinal.saturating_sub(count)..end);
                }
                Self { len: lines.len(), lines }
            }
            Some(others) => {
                let mut around = self.around(others, count);
                around.lines |= &self.lines;
                around.len = around.lines.len();
                around
            }
        }
    }

    /// The lines of `others` with up to `count` lines of them before and behind each line of this set. One pass.
    fn around(&self, others: &Self, count: u64) -> Self {
        let mut found = Self::default();
        let mut gathered = Vec::new();
        let mut matches = self.lines.iter().peekable();
        // Walks behind: all lines before `passed` were taken, or are too far from a match.
        let mut behind = others.lines.iter();
        let (mut passed, mut until) = (0_u64, None);
        for (rank, ordinal) in (0_u64..).zip(&others.lines) {
            while matches.next_if(|line| *line < ordinal).is_some() {}
            if matches.next_if_eq(&ordinal).is_some() {
                let first = rank.saturating_sub(count).max(passed);
                for _ in passed..first {
                    behind.next();
                }
                passed = first;
                until = Some(rank.saturating_add(count));
            }
            if until.is_none_or(|until| rank > until) {
                continue;
            }
            for _ in passed..=rank {
                gathered.extend(behind.next());
                if gathered.len() == GATHERED_LINES {
                    found.extend(&gathered);
                    gathered.clear();
                }
            }
            passed = rank + 1;
        }
        found.extend(&gathered);
        found
    }
}

/// Lines that are gathered before they are put into a set.
const GATHERED_LINES: usize = 4096;

#[cfg(test)]
mod tests {
    use super::*;

    fn set(lines: &[u64]) -> LineSet {
        let mut set = LineSet::default();
        set.extend(lines);
        set
    }

    #[test]
    fn rank_and_place_are_inverse() {
        let lines: Vec<u64> = (0..1000).map(|at| at * at).collect();
        let set = set(&lines);
        assert_eq!(set.len(), 1000);
        for (rank, line) in (0..).zip(&lines) {
            assert_eq!(set.rank(*line), rank);
            assert_eq!(set.from_rank(rank, 1), [*line]);
        }
        assert_eq!(set.from_rank(998, 10), lines[998..]);
        assert!(set.from_rank(1000, 10).is_empty());
    }

    #[test]
    fn context_is_what_lies_around_within_the_log() {
        let check = |lines: &[u64], count, others: Option<&[u64]>, expected: &[u64]| {
            let others = others.map(set);
            let around = set(lines).with_context(count, others.as_ref(), 20);
            assert_eq!(around.from_rank(0, 100), expected);
            assert_eq!(around.len(), expected.len() as u64);
        };
        check(&[0, 5, 6, 19], 1, None, &[0, 1, 4, 5, 6, 7, 18, 19]);
        check(&[5], 0, None, &[5]);
        check(&[3], 100, None, &(0..20).collect::<Vec<_>>());
        check(&[6, 16], 1, Some(&[2, 4, 6, 8, 12, 14, 16]), &[4, 6, 8, 14, 16]);
        check(&[6, 8], 2, Some(&[2, 4, 6, 8, 12, 14, 16]), &[2, 4, 6, 8, 12, 14]);
        check(&[2], 0, Some(&[2, 4]), &[2]);
        check(&[12], u64::MAX, Some(&[2, 4, 12, 14]), &[2, 4, 12, 14]);
        check(&[3], u64::MAX, None, &(0..20).collect::<Vec<_>>());
    }

    #[test]
    fn lines_that_changed_are_left_out() {
        let mut set = set(&[1, 5, 9]);
        set.truncate(5);
        assert_eq!(set.from_rank(0, 9), [1]);
        set.extend(&[6]);
        assert_eq!(set.len(), 2);
    }
}
