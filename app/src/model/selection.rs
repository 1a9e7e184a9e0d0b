//! What is selected: from one point of the log to another, whatever of it is in the document.

use std::ops::{Range, RangeInclusive};

/// A point in the log: a line of the view, from 0, and a byte of its drawn text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Point {
    /// The line.
    pub line: u64,
    /// The byte.
    pub byte: usize,
}

/// A selection, from where it was begun to where it ends by now; the end may come before the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Selection {
    /// Where it was begun.
    pub anchor: Point,
    /// Where it ends.
    pub head: Point,
    /// Whole lines.
    pub lines: bool,
}

impl Selection {
    /// Whole lines, from one to another.
    #[must_use]
    pub fn of_lines(anchor: u64, head: u64) -> Self {
        Self { anchor: Point { line: anchor, byte: 0 }, head: Point { line: head, byte: 0 }, lines: true }
    }

    /// Nothing is selected.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        !self.lines && self.anchor == self.head
    }

    /// Its lines, the first and the last perhaps in part.
    #[must_use]
    pub fn span(&self) -> RangeInclusive<u64> {
        self.anchor.line.min(self.head.line)..=self.anchor.line.max(self.head.line)
    }

    /// How many lines it touches.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.span().end() - self.span().start() + 1
    }

    /// What of a line with a text of `length` bytes is selected; none where nothing is.
    #[must_use]
    pub fn part(&self, line: u64, length: usize) -> Option<Range<usize>> {
        if !self.span().contains(&line) || self.is_empty() {
            return None;
        }
        if self.lines {
            return Some(0..length);
        }
        let (first, last) = (self.anchor.min(self.head), self.anchor.max(self.head));
        let start = if line == first.line { first.byte.min(length) } else { 0 };
        let end = if line == last.line { last.byte.min(length) } else { length };
        Some(start..end.max(start))
    }

    /// Lines were counted anew: each is `by` further down.
    pub fn shift(&mut self, by: i64) {
        for point in [&mut self.anchor, &mut self.head] {
            point.line = point.line.saturating_add_signed(by);
        }
    }
}

/// The word at a byte of a text: letters, digits and what joins them; or the one sign that is there.
#[must_use]
pub fn word(text: &str, byte: usize) -> Range<usize> {
    let joins = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '/' | ':' | '@');
    let mut at = byte.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    let (before, after) = text.split_at(at);
    let start = before.rfind(|c| !joins(c)).map_or(0, |at| at + before[at..].chars().next().map_or(1, char::len_utf8));
    let end = at + after.find(|c| !joins(c)).unwrap_or(after.len());
    if start < end {
        return start..end;
    }
    at..at + after.chars().next().map_or(0, char::len_utf8)
}

#[cfg(test)]
mod tests {
    use super::{Point, Selection, word};

    #[test]
    fn a_selection_is_the_same_whichever_end_was_first() {
        let (a, b) = (Point { line: 3, byte: 5 }, Point { line: 5, byte: 2 });
        for (anchor, head) in [(a, b), (b, a)] {
            let selection = Selection { anchor, head, lines: false };
            assert_eq!((selection.span(), selection.count()), (3..=5, 3));
            assert_eq!(selection.part(3, 10), Some(5..10));
            assert_eq!(selection.part(4, 7), Some(0..7));
            assert_eq!(selection.part(5, 7), Some(0..2));
            assert_eq!((selection.part(2, 7), selection.part(6, 7)), (None, None));
        }
    }

    #[test]
    fn whole_lines_are_selected_even_where_they_are_empty() {
        let selection = Selection::of_lines(7, 7);
        assert!(!selection.is_empty());
        assert_eq!(selection.part(7, 0), Some(0..0));
    }

    #[test]
    fn a_point_is_nothing_and_a_line_that_became_shorter_is_no_trouble() {
        let point = Point { line: 1, byte: 9 };
        assert!(Selection { anchor: point, head: point, lines: false }.is_empty());
        let selection = Selection { anchor: point, head: Point { line: 1, byte: 20 }, lines: false };
        assert_eq!(selection.part(1, 4), Some(4..4));
    }

    #[test]
    fn a_word_is_what_one_would_paste_elsewhere() {
        let text = "at s3://runs/etl-7 (é_x)";
        let at = |byte| &text[word(text, byte)];
        assert_eq!((at(0), at(5), at(2)), ("at", "s3://runs/etl-7", "at"));
        assert_eq!((at(19), at(21), at(text.len())), ("(", "é_x", ""));
    }
}
