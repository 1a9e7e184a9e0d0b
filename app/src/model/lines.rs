//! The lines at hand: pages of records by their place in the view, bounded by bytes, and a stretch whose place is not
//! known yet.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Range;
use std::rc::Rc;

use record::wire::Record;

use super::folds::Folds;

/// Lines a page holds.
pub const PAGE_LINES: u64 = 256;

/// Bytes that the pages hold at most; beyond it those farthest from the reader go.
pub const CACHE_BYTES_MAX: usize = 16 << 20;

/// Lines that a stretch without numbers holds at most.
const LOOSE_LINES_MAX: usize = 20_000;

/// All lines at hand. Lines are counted from 0 here.
#[derive(Debug, Default)]
pub struct Lines {
    count: u64,
    counted: bool,
    pages: BTreeMap<u64, Page>,
    bytes: usize,
    loose: Option<Loose>,
    folds: Folds,
}

#[derive(Debug, Default)]
struct Page {
    rows: Vec<Option<Rc<Record>>>,
    bytes: usize,
}

/// Neighbouring lines whose numbers are not known yet, laid where they are thought to be.
#[derive(Debug)]
struct Loose {
    first: u64,
    rows: VecDeque<Rc<Record>>,
    at_end: bool,
}

/// What is to be asked for next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Need {
    /// A page, by its number.
    Page(u64),
    /// Lines before this one, which has no number yet.
    Before(Rc<Record>),
    /// Lines after this one, which has no number yet.
    After(Rc<Record>),
}

impl Lines {
    /// How many lines there are, or seem to be.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    /// How many rows they take: those that are folded take none.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.folds.rows(self.count)
    }

    /// What is folded.
    #[must_use]
    pub fn folds(&self) -> &Folds {
        &self.folds
    }

    /// What is folded, to be changed.
    pub fn folds_mut(&mut self) -> &mut Folds {
        &mut self.folds
    }

    /// The record that a row shows, if it is at hand.
    #[must_use]
    pub fn at(&self, row: u64) -> Option<&Rc<Record>> {
        self.get(self.folds.line(row))
    }

    /// Whether that is exact.
    #[must_use]
    pub fn counted(&self) -> bool {
        self.counted
    }

    /// Learns how many lines there are. Says by how much lines without a number moved with the end.
    pub fn set_count(&mut self, count: u64, counted: bool) -> i64 {
        self.count = count;
        self.counted = counted;
        match &mut self.loose {
            Some(loose) if loose.at_end => {
                let first = loose.first;
                loose.first = count.saturating_sub(loose.rows.len() as u64);
                loose.first.cast_signed() - first.cast_signed()
            }
            _ => 0,
        }
    }

    /// The record at a line, if it is at hand.
    #[must_use]
    pub fn get(&self, line: u64) -> Option<&Rc<Record>> {
        if let Some(row) = self.loose.as_ref().and_then(|loose| loose.get(line)) {
            return Some(row);
        }
        let slot = usize::try_from(line % PAGE_LINES).ok()?;
        self.pages.get(&(line / PAGE_LINES))?.rows.get(slot)?.as_ref()
    }

    /// Whether a line lies in the stretch without numbers.
    #[must_use]
    pub fn is_loose(&self, line: u64) -> bool {
        self.loose.as_ref().is_some_and(|loose| loose.get(line).is_some())
    }

    /// Whether there is a stretch without numbers that does not end at the log's end.
    #[must_use]
    pub fn has_loose(&self) -> bool {
        self.loose.as_ref().is_some_and(|loose| !loose.at_end)
    }

    /// Whether the log's end is at hand, with or without numbers.
    #[must_use]
    pub fn has_end(&self) -> bool {
        self.counted || self.loose.as_ref().is_some_and(|loose| loose.at_end)
    }

    /// Keeps the record of a line.
    pub fn keep(&mut self, line: u64, record: Record) {
        let Ok(slot) = usize::try_from(line % PAGE_LINES) else {
            return;
        };
        let page = self.pages.entry(line / PAGE_LINES).or_default();
        if page.rows.len() <= slot {
            page.rows.resize(slot + 1, None);
        }
        let bytes = weight(&record);
        if let Some(place) = page.rows.get_mut(slot)
            && place.is_none()
        {
            *place = Some(Rc::new(record));
            page.bytes += bytes;
            self.bytes += bytes;
        }
    }

    /// Lays down lines without numbers, the first of them at `first`, in place of those that were.
    pub fn lay(&mut self, first: u64, rows: Vec<Record>, at_end: bool) {
        let first = if at_end { self.count.saturating_sub(rows.len() as u64) } else { first };
        self.loose = Some(Loose { first, rows: rows.into_iter().map(Rc::new).collect(), at_end });
    }

    /// Where a record lies in the stretch without numbers, if it does.
    #[must_use]
    pub fn loose_place(&self, record: &Record) -> Option<u64> {
        let loose = self.loose.as_ref()?;
        let same = |row: &Rc<Record>| row.offset == record.offset && row.source == record.source;
        loose.rows.iter().position(same).map(|at| loose.first + at as u64)
    }

    /// Whether a record is the first of the stretch without numbers, or the last, if not `first`.
    #[must_use]
    pub fn ends_loose(&self, record: &Record, first: bool) -> bool {
        let loose = self.loose.as_ref();
        let end = loose.and_then(|loose| if first { loose.rows.front() } else { loose.rows.back() });
        end.is_some_and(|end| end.offset == record.offset && end.source == record.source)
    }

    /// Adds lines before or after those without numbers; `reached_end` says that the log has no more after them.
    /// Says by how much the lines that were there moved.
    pub fn extend(&mut self, rows: Vec<Record>, before: bool, reached_end: bool) -> i64 {
        let Some(loose) = &mut self.loose else {
            return 0;
        };
        let added = rows.len() as u64;
        let old_first = loose.first;
        if before {
            let moved = added.saturating_sub(loose.first);
            for row in rows.into_iter().rev() {
                loose.rows.push_front(Rc::new(row));
            }
            loose.first = loose.first.saturating_sub(added);
            loose.rows.truncate(LOOSE_LINES_MAX);
            return moved.cast_signed();
        }
        loose.rows.extend(rows.into_iter().map(Rc::new));
        while loose.rows.len() > LOOSE_LINES_MAX {
            loose.rows.pop_front();
            loose.first += 1;
        }
        if reached_end {
            loose.at_end = true;
            let first = self.count.saturating_sub(loose.rows.len() as u64);
            loose.first = first;
            return first.cast_signed() - old_first.cast_signed();
        }
        0
    }

    /// The number of the line at `line` is now known to be `n` from 1: the lines beside it get theirs.
    /// Says by how much they moved.
    pub fn settle(&mut self, line: u64, n: u64) -> i64 {
        let Some(loose) = self.loose.take() else {
            return 0;
        };
        let moved = n.cast_signed() - 1 - line.cast_signed();
        for (index, row) in loose.rows.into_iter().enumerate() {
            let line = loose.first.saturating_add(index as u64).saturating_add_signed(moved);
            self.keep(line, Record { n: Some(line + 1), ..Rc::unwrap_or_clone(row) });
        }
        moved
    }

    /// Gives the lines at the end their numbers, once all are counted.
    pub fn settle_end(&mut self) {
        if self.counted && self.loose.as_ref().is_some_and(|loose| loose.at_end) {
            let first = self.loose.as_ref().map_or(0, |loose| loose.first);
            self.settle(first, first + 1);
        }
    }

    /// Forgets all lines: the order has changed.
    pub fn forget(&mut self) {
        self.folds = Folds::default();
        self.pages.clear();
        self.bytes = 0;
        self.loose = None;
    }

    /// What to ask for so that the rows of `view` can be shown, the nearest first, and then what lies ahead
    /// (`ahead` pages further, negative towards the top).
    #[must_use]
    pub fn needs(&self, view: &Range<u64>, ahead: i64) -> Vec<Need> {
        if let Some(loose) = self.loose.as_ref().filter(|loose| loose.meets(view)) {
            return loose.needs(view, self.count);
        }
        let last = self.count.saturating_sub(1) / PAGE_LINES;
        // Row by row: between two of them a whole fold may lie.
        let mut pages: Vec<u64> = view.clone().map(|row| self.folds.line(row) / PAGE_LINES).collect();
        pages.dedup();
        let first = self.folds.line(view.start) / PAGE_LINES;
        let (from, to) = (first, pages.last().copied().unwrap_or(first));
        if pages.is_empty() {
            pages.push(first);
        }
        if ahead >= 0 {
            pages.extend((1..=ahead.unsigned_abs()).map(|step| to + step));
        } else {
            pages.extend((1..=ahead.unsigned_abs()).filter_map(|step| from.checked_sub(step)));
        }
        pages.into_iter().filter(|&page| page <= last && !self.has_page(page)).map(Need::Page).collect()
    }

    /// Drops the pages farthest from the rows in view until the rest fits; never one of those in view.
    pub fn trim(&mut self, view: Range<u64>) {
        let mut kept: Vec<u64> = view.map(|row| self.folds.line(row) / PAGE_LINES).collect();
        kept.dedup();
        let here = kept.first().copied().unwrap_or_default();
        while self.bytes > CACHE_BYTES_MAX && self.pages.len() > 4 {
            let others = self.pages.keys().copied().filter(|page| !kept.contains(page));
            let farthest = others.max_by_key(|page| page.abs_diff(here));
            let Some(page) = farthest.and_then(|page| self.pages.remove(&page)) else {
                return;
            };
            self.bytes -= page.bytes;
        }
    }

    /// How many lines of a page are at hand, from its first on.
    #[must_use]
    pub fn known_of(&self, number: u64) -> u64 {
        let known = |page: &Page| page.rows.iter().take_while(|row| row.is_some()).count() as u64;
        // One that is whole is only asked for again by mistake.
        self.pages.get(&number).map_or(0, known).min(PAGE_LINES - 1)
    }

    fn has_page(&self, number: u64) -> bool {
        let lines = self.count.saturating_sub(number * PAGE_LINES).min(PAGE_LINES);
        self.pages
            .get(&number)
            .is_some_and(|page| page.rows.len() as u64 >= lines && page.rows.iter().all(Option::is_some))
    }
}

impl Loose {
    fn end(&self) -> u64 {
        self.first + self.rows.len() as u64
    }

    fn get(&self, line: u64) -> Option<&Rc<Record>> {
        self.rows.get(usize::try_from(line.checked_sub(self.first)?).ok()?)
    }

    fn meets(&self, view: &Range<u64>) -> bool {
        view.start < self.end() && view.end > self.first
    }

    fn needs(&self, view: &Range<u64>, count: u64) -> Vec<Need> {
        let mut needs = Vec::new();
        if view.end > self.end()
            && !self.at_end
            && self.end() < count
            && let Some(last) = self.rows.back()
        {
            needs.push(Need::After(last.clone()));
        }
        let first = self.rows.front();
        let is_head = self.first == 0 && first.is_some_and(|row| row.offset == 0);
        if view.start < self.first + 60
            && !is_head
            && let Some(first) = first
        {
            needs.push(Need::Before(first.clone()));
        }
        needs
    }
}

fn weight(record: &Record) -> usize {
    size_of::<Record>()
        + record.text.capacity()
        + record.source.capacity()
        + record.ts.as_ref().map_or(0, String::capacity)
}

#[cfg(test)]
mod tests {
    use record::wire::Record;

    use super::{CACHE_BYTES_MAX, Lines, Need};
    use crate::model::sample;

    fn record(n: Option<u64>, text: &str) -> Record {
        Record { n, offset: n.unwrap_or(9) * 10, ..sample::record(text) }
    }

    fn page(lines: &mut Lines, number: u64, text: &str) {
        for n in number * 256 + 1..=(number + 1) * 256 {
            lines.keep(n - 1, record(Some(n), text));
        }
    }

    #[test]
    fn a_view_needs_its_own_pages_then_those_ahead() {
        let mut lines = Lines::default();
        lines.set_count(10_000, true);
        assert_eq!(lines.needs(&(250..300), 1), [0, 1, 2].map(Need::Page));
        assert_eq!(lines.needs(&(600..610), -2), [2, 1, 0].map(Need::Page));
        page(&mut lines, 0, "x");
        assert_eq!(lines.needs(&(250..300), 0), [Need::Page(1)]);
        assert_eq!(lines.needs(&(9_990..10_000), 3), [Need::Page(39)]);
    }

    #[test]
    fn the_last_page_is_whole_with_fewer_lines() {
        let mut lines = Lines::default();
        lines.set_count(300, true);
        for n in 257..=300 {
            lines.keep(n - 1, record(Some(n), "x"));
        }
        assert_eq!(lines.needs(&(290..300), 0), []);
    }

    #[test]
    fn memory_is_bounded_and_the_reader_keeps_what_is_near() {
        let mut lines = Lines::default();
        lines.set_count(1_000_000, true);
        let long = "x".repeat(4000);
        for number in 0..40 {
            page(&mut lines, number, &long);
            lines.trim(number * 256..number * 256 + 40);
        }
        assert!(lines.bytes <= CACHE_BYTES_MAX);
        assert!(lines.get(39 * 256).is_some() && lines.get(0).is_none());
    }

    #[test]
    fn lines_at_the_end_move_with_the_count_and_then_get_their_numbers() {
        let mut lines = Lines::default();
        lines.set_count(1000, false);
        lines.lay(0, (0..100).map(|i| record(None, &i.to_string())).collect(), true);
        assert_eq!(lines.get(999).map(|row| row.text.as_str()), Some("99"));
        assert_eq!(lines.set_count(1200, true), 200);
        lines.settle_end();
        let last = lines.get(1199).cloned();
        assert_eq!(last.map(|row| (row.n, row.text.clone())), Some((Some(1200), "99".to_owned())));
        assert!(!lines.is_loose(1199));
    }

    #[test]
    fn a_stretch_in_the_middle_grows_both_ways_and_settles() {
        let mut lines = Lines::default();
        lines.set_count(1000, false);
        lines.lay(500, (0..50).map(|i| record(None, &i.to_string())).collect(), false);
        assert_eq!(lines.needs(&(540..600), 1).len(), 2);
        assert_eq!(lines.extend(vec![record(None, "before")], true, false), 0);
        assert_eq!(lines.get(499).map(|row| row.text.as_str()), Some("before"));
        assert_eq!(lines.settle(500, 601), 100);
        assert_eq!(lines.get(600).map(|row| row.text.as_str()), Some("0"));
    }
}
