//! What belongs under a head: the lines that continue it, or its group from `::group::` to `::endgroup::`.

use std::ops::Range;

use record::wire::Record;

/// Lines that are looked through for the end of a group.
pub const OUTLINE_LINES_MAX: u64 = 100_000;

/// Opens a group.
const GROUP: &str = "::group::";

/// Closes one.
const END: &str = "::endgroup::";

/// Whether a line opens a group. What stands before it is a time, a level or the like.
#[must_use]
pub fn opens_group(text: &str) -> bool {
    marker(text) == Some(GROUP)
}

/// The marker in a line's head, if there is one.
fn marker(text: &str) -> Option<&'static str> {
    let mut end = text.len().min(200);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let head = text.get(..end)?;
    [GROUP, END].into_iter().find(|marker| head.contains(marker))
}

/// Finds what belongs under a head from the lines that follow it, one by one.
#[derive(Debug)]
pub struct Outline {
    source: String,
    is_group: bool,
    depth: u32,
    /// Lines of the head's source so far, as they are gathered.
    found: Vec<Range<u64>>,
    /// As far as the first group within: all that belongs to a group that is never closed.
    before_inner: Option<Vec<Range<u64>>>,
    closed: bool,
}

impl Outline {
    /// What belongs under this record.
    #[must_use]
    pub fn new(head: &Record) -> Self {
        Self {
            source: head.source.clone(),
            is_group: opens_group(&head.text),
            depth: 1,
            found: Vec::new(),
            before_inner: None,
            closed: false,
        }
    }

    /// Takes the next line of the view. Says whether there may be more to come.
    pub fn push(&mut self, line: u64, record: &Record) -> bool {
        if record.source != self.source {
            // Between the lines of a head and those that continue it there is no other.
            return self.is_group;
        }
        if !self.is_group {
            if record.cont {
                self.add(line);
            }
            return record.cont;
        }
        match marker(&record.text) {
            Some(GROUP) => {
                if self.before_inner.is_none() {
                    self.before_inner = Some(self.found.clone());
                }
                self.depth += 1;
            }
            Some(_) => self.depth -= 1,
            None => {}
        }
        self.add(line);
        self.closed = self.depth == 0;
        !self.closed
    }

    /// The stretches of lines that belong under the head.
    #[must_use]
    pub fn finish(self) -> Vec<Range<u64>> {
        match self.before_inner {
            // Never closed: it ends where the next one starts.
            Some(before) if !self.closed => before,
            _ => self.found,
        }
    }

    fn add(&mut self, line: u64) {
        match self.found.last_mut() {
            Some(last) if last.end == line => last.end += 1,
            _ => self.found.push(line..line + 1),
        }
    }
}

#[cfg(test)]
#[expect(clippy::single_range_in_vec_init, reason = "a list of ranges may have one")]
mod tests {
    use std::ops::Range;

    use record::wire::Record;

    use super::{Outline, opens_group};
    use crate::model::sample;

    fn record(text: &str) -> Record {
        let (source, text) = text.split_once(' ').unwrap_or((text, ""));
        Record { source: source.to_owned(), cont: text.starts_with(' '), ..sample::record(text) }
    }

    #[track_caller]
    fn check(lines: &[&str], expected: &[Range<u64>]) {
        let mut outline = Outline::new(&record(lines[0]));
        for (line, text) in (1..).zip(&lines[1..]) {
            if !outline.push(line, &record(text)) {
                break;
            }
        }
        assert_eq!(outline.finish(), expected, "{lines:?}");
    }

    #[test]
    fn lines_that_continue_a_head_belong_to_it() {
        check(&["a ERROR x", "a  File", "a   row", "a INFO y", "a  z"], &[1..3]);
        check(&["a ERROR x", "b  File"], &[]);
    }

    #[test]
    fn a_group_ends_at_its_own_end_and_leaves_other_sources_alone() {
        check(&["a ::group::one", "a x", "b y", "a ::endgroup::", "a z"], &[1..2, 3..4]);
        check(&["a ::group::one", "a ::group::two", "a x", "a ::endgroup::", "a ::endgroup::", "a z"], &[1..5]);
        check(&["a ::group::empty", "a ::endgroup::"], &[1..2]);
        check(&["a ::group::head", "b ::endgroup::", "a ::endgroup::"], &[2..3]);
    }

    #[test]
    fn a_group_that_is_never_closed_ends_where_the_next_one_starts() {
        check(&["a ::group::one", "a x", "a ::group::two", "a y", "a ::endgroup::", "a z"], &[1..2]);
        check(&["a ::group::one", "a x", "a y"], &[1..3]);
    }

    #[test]
    fn a_marker_may_stand_behind_a_time() {
        assert!(opens_group("[2026-11-22T02:14:00Z] {x.py:1} INFO - ::group::Pre task execution logs"));
        assert!(!opens_group("INFO - ::endgroup::"));
        assert!(!opens_group(&format!("{}::group::", "é".repeat(200))));
    }
}
