//! Lines of one source that lie one behind another, with the bytes that they were read from.

use record::{Level, Timestamp};

use crate::stream::Standing;

/// A line and its place in its source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line {
    /// The time by which it is placed.
    pub key: Timestamp,
    /// Its own time, where `flags` say that it has one.
    own: Timestamp,
    /// Where its text begins, in bytes; what an anchor names.
    pub offset: u64,
    /// Where the next line begins, in bytes; [`Line::end`] itself where no newline follows.
    pub next: u64,
    /// Its level, or its head's.
    pub level: Option<Level>,
    flags: u8,
    /// Bytes of its newline: 0 to 2.
    newline_bytes: u8,
    /// Bytes of a byte-order mark before it: 0 to 3.
    mark_bytes: u8,
}

const TIMED: u8 = 1;
const LATE: u8 = 2;
const WILD: u8 = 4;
const WRAPPED: u8 = 8;

impl Line {
    /// A line that was not placed yet: its key is its own time, if it has one.
    pub(crate) fn new(offset: u64, end: u64, next: u64, time: Option<Timestamp>, level: Option<Level>) -> Self {
        let own = time.unwrap_or_default();
        Self {
            key: own,
            own,
            offset,
            next,
            level,
            flags: if time.is_some() { TIMED } else { 0 },
            newline_bytes: u8::try_from(next - end).unwrap_or_default(),
            mark_bytes: 0,
        }
    }

    /// Where its bytes begin: at a byte-order mark, where one stands before it.
    #[must_use]
    pub fn start(&self) -> u64 {
        self.offset - u64::from(self.mark_bytes)
    }

    /// Where its content ends, a carriage return included.
    #[must_use]
    pub fn end(&self) -> u64 {
        self.next - u64::from(self.newline_bytes)
    }

    /// Its own time; none on a continuation.
    #[must_use]
    pub fn time(&self) -> Option<Timestamp> {
        (self.flags & TIMED != 0).then_some(self.own)
    }

    /// Its own time is before its key.
    #[must_use]
    pub fn is_late(&self) -> bool {
        self.flags & LATE != 0
    }

    /// Its own time is far ahead of its neighbours' and did not move the key.
    #[must_use]
    pub fn is_wild(&self) -> bool {
        self.flags & WILD != 0
    }

    /// It is one line of a container runtime's wrapping, or several that are joined.
    #[must_use]
    pub fn is_wrapped(&self) -> bool {
        self.flags & WRAPPED != 0
    }

    pub(crate) fn mark_wild(&mut self) {
        self.flags |= WILD;
    }

    pub(crate) fn mark_wrapped(&mut self) {
        self.flags |= WRAPPED;
    }

    /// A byte-order mark of so many bytes stands before it.
    pub(crate) fn mark_bytes_before(&mut self, bytes: u64) {
        self.mark_bytes = u8::try_from(bytes).unwrap_or_default();
    }

    /// It goes on to here: a part of it follows.
    pub(crate) fn extend_to(&mut self, end: u64, next: u64) {
        self.next = next;
        self.newline_bytes = u8::try_from(next - end).unwrap_or_default();
    }

    /// Gives it the key and the level that a stream has after it.
    pub(crate) fn place(&mut self, after: &mut Standing, untimed: bool) {
        if self.flags & TIMED == 0 {
            self.level = after.level;
        } else {
            if self.flags & WILD == 0 && !untimed {
                after.key = after.key.max(self.own);
            }
            if self.own < after.key {
                self.flags |= LATE;
            }
            after.level = self.level;
        }
        self.key = after.key;
        after.offset = self.next;
    }
}

/// Lines whose keys are settled, in their order.
#[derive(Debug)]
pub(crate) struct Batch {
    /// Bytes of the source from `base` on. A line of more than a text's length is not among them.
    pub bytes: Vec<u8>,
    pub base: u64,
    pub lines: Vec<Line>,
    /// How the stream stood before the first line.
    pub before: Standing,
    /// A line up to here has its year from the source's last modification.
    pub guessed_a_year: bool,
}

impl Batch {
    /// A batch of nothing, before a line at this standing.
    pub fn empty(before: Standing) -> Self {
        Self { bytes: Vec::new(), base: 0, lines: Vec::new(), before, guessed_a_year: false }
    }

    /// How the stream stood before line `at`.
    pub fn standing(&self, at: usize) -> Standing {
        match at.checked_sub(1).and_then(|before| self.lines.get(before)) {
            Some(before) => Standing { offset: before.next, key: before.key, level: before.level },
            None => self.before,
        }
    }

    /// The bytes from `start` to `end`, where they are all here.
    pub fn bytes(&self, start: u64, end: u64) -> Option<&[u8]> {
        let from = usize::try_from(start.checked_sub(self.base)?).ok()?;
        let to = usize::try_from(end.checked_sub(self.base)?).ok()?;
        self.bytes.get(from..to)
    }
}
