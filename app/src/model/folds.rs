//! Folded lines: stretches of a view that stand behind their head, and what is left to be shown.

use std::ops::Range;

/// What a head hides.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Fold {
    head: u64,
    hidden: Vec<Range<u64>>,
}

/// All that is folded. A line is one of the view; a row is one that is shown, counted from 0 like the lines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Folds {
    folds: Vec<Fold>,
    /// What all folds hide together: in order, none touching another; with how many lines are hidden before each.
    hidden: Vec<(Range<u64>, u64)>,
}

impl Folds {
    /// Hides these stretches behind a head.
    pub fn fold(&mut self, head: u64, hidden: Vec<Range<u64>>) {
        self.folds.retain(|fold| fold.head != head);
        self.folds.push(Fold { head, hidden });
        self.join();
    }

    /// Shows what a head hides. Says whether it hid something.
    pub fn unfold(&mut self, head: u64) -> bool {
        let before = self.folds.len();
        self.folds.retain(|fold| fold.head != head);
        self.join();
        self.folds.len() < before
    }

    /// Shows a line, whatever it is folded into.
    pub fn reveal(&mut self, line: u64) {
        self.folds.retain(|fold| !fold.hidden.iter().any(|hidden| hidden.contains(&line)));
        self.join();
    }

    /// How many lines a head hides, if it is folded.
    #[must_use]
    pub fn behind(&self, head: u64) -> Option<u64> {
        let fold = self.folds.iter().find(|fold| fold.head == head)?;
        Some(fold.hidden.iter().map(|hidden| hidden.end - hidden.start).sum())
    }

    /// Nothing is folded.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.folds.is_empty()
    }

    /// How many rows so many lines leave.
    #[must_use]
    pub fn rows(&self, lines: u64) -> u64 {
        let hidden = self
            .hidden
            .last()
            .map_or(0, |(range, before)| before + range.end.min(lines.max(range.start)) - range.start);
        lines.saturating_sub(hidden)
    }

    /// The line that a row shows.
    #[must_use]
    pub fn line(&self, row: u64) -> u64 {
        // Of the stretches that are hidden before the row: their lines come on top.
        let at = self.hidden.partition_point(|(range, before)| range.start - before <= row);
        let hidden = at.checked_sub(1).and_then(|at| self.hidden.get(at));
        row + hidden.map_or(0, |(range, before)| before + (range.end - range.start))
    }

    /// The row of a line; of one that is hidden, the row before it, which is its head's or a later one's.
    #[must_use]
    pub fn row(&self, line: u64) -> u64 {
        let at = self.hidden.partition_point(|(range, _)| range.start <= line);
        match at.checked_sub(1).and_then(|at| self.hidden.get(at)) {
            Some((range, before)) if range.contains(&line) => (range.start - before).saturating_sub(1),
            Some((range, before)) => line - before - (range.end - range.start),
            None => line,
        }
    }

    fn join(&mut self) {
        let mut all: Vec<Range<u64>> = self.folds.iter().flat_map(|fold| fold.hidden.clone()).collect();
        all.retain(|range| !range.is_empty());
        all.sort_by_key(|range| range.start);
        self.hidden.clear();
        let mut before = 0;
        for range in all {
            match self.hidden.last_mut() {
                Some((last, _)) if range.start <= last.end => {
                    let more = range.end.saturating_sub(last.end);
                    last.end += more;
                    before += more;
                }
                _ => {
                    let length = range.end - range.start;
                    self.hidden.push((range, before));
                    before += length;
                }
            }
        }
    }
}

#[cfg(test)]
#[expect(clippy::single_range_in_vec_init, reason = "a list of ranges may have one")]
mod tests {
    use super::Folds;

    #[test]
    fn rows_and_lines_agree_with_a_list_of_what_is_left() {
        let mut seed = 7_u64;
        let mut next = |below: u64| {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            seed % below
        };
        for _ in 0..500 {
            let lines = 1 + next(60);
            let mut folds = Folds::default();
            let mut hidden = vec![false; usize::try_from(lines).unwrap()];
            for head in 0..next(5) {
                let start = 1 + next(lines);
                let end = (start + next(8)).min(lines);
                let range = start.min(end)..end;
                folds.fold(head, vec![range.clone()]);
                range.for_each(|line| hidden[usize::try_from(line).unwrap()] = true);
            }
            let left: Vec<u64> = (0..lines).filter(|line| !hidden[usize::try_from(*line).unwrap()]).collect();
            assert_eq!(folds.rows(lines), left.len() as u64, "{folds:?}");
            for (row, line) in (0..).zip(&left) {
                assert_eq!(folds.line(row), *line, "{folds:?}");
                assert_eq!(folds.row(*line), row, "{folds:?}");
            }
        }
    }

    #[test]
    fn what_was_folded_within_stays_folded_when_the_outer_one_opens() {
        let mut folds = Folds::default();
        folds.fold(2, vec![3..5]);
        folds.fold(0, vec![1..8]);
        assert_eq!((folds.rows(10), folds.behind(0), folds.behind(2)), (3, Some(7), Some(2)));
        assert!(folds.unfold(0));
        assert_eq!(folds.rows(10), 8);
        assert!(!folds.unfold(0));
    }

    #[test]
    fn a_hidden_line_is_shown_by_opening_all_that_hides_it() {
        let mut folds = Folds::default();
        folds.fold(0, vec![1..9]);
        folds.fold(3, vec![4..6]);
        folds.fold(10, vec![11..12]);
        assert_eq!(folds.row(5), 0);
        folds.reveal(5);
        assert_eq!((folds.row(5), folds.behind(10)), (5, Some(1)));
    }
}
