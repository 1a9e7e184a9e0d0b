//! Which lines are wanted.

use std::sync::Arc;

use record::{Level, Timestamp};

use crate::index::{Block, level_place};
use crate::{Line, Pattern};

/// A set of levels; lines without a level can be among them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Levels(u8);

impl Levels {
    /// The set that has this one as well.
    #[must_use]
    pub fn with(self, level: Option<Level>) -> Self {
        Self(self.0 | 1 << level_place(level))
    }

    /// It has this one.
    #[must_use]
    #[inline]
    pub fn has(self, level: Option<Level>) -> bool {
        self.0 & 1 << level_place(level) != 0
    }

    /// How many of a block's lines have one of these.
    fn lines(self, block: &Block) -> u64 {
        block.levels.iter().enumerate().filter(|(place, _)| self.0 & 1 << place != 0).map(|(_, lines)| lines).sum()
    }
}

/// Which lines of a log are wanted: those that meet every condition there is.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Their level is one of these.
    pub levels: Option<Levels>,
    /// Their source is one of these: one entry a source of the log, by its place.
    pub sources: Option<Arc<[bool]>>,
    /// Their key is not before this time.
    pub since: Option<Timestamp>,
    /// Their key is not after this time.
    pub until: Option<Timestamp>,
    /// Their text matches.
    pub pattern: Option<Arc<Pattern>>,
}

/// How much of a block is wanted, as far as its summary tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Share {
    None,
    Some,
    All,
}

impl Filter {
    /// Every line is wanted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let Self { levels, sources, since, until, pattern } = self;
        levels.is_none() && sources.is_none() && since.is_none() && until.is_none() && pattern.is_none()
    }

    /// The same without its pattern.
    #[must_use]
    pub fn without_pattern(&self) -> Self {
        Self { pattern: None, ..self.clone() }
    }

    /// Lines of this source may be wanted.
    #[must_use]
    pub fn wants_source(&self, source: usize) -> bool {
        self.sources.as_ref().is_none_or(|sources| sources.get(source).copied().unwrap_or(false))
    }

    /// The line meets all conditions but that on its text.
    #[must_use]
    #[inline]
    pub fn wants(&self, source: usize, line: &Line) -> bool {
        self.wants_source(source)
            && self.levels.is_none_or(|levels| levels.has(line.level))
            && self.since.is_none_or(|since| line.key >= since)
            && self.until.is_none_or(|until| line.key <= until)
    }

    /// No line after one with this key is wanted.
    #[must_use]
    pub fn ends_before(&self, key: Timestamp) -> bool {
        self.until.is_some_and(|until| key > until)
    }

    /// How many lines of a block meet the conditions but that on their text, as far as its summary tells.
    pub(crate) fn share(&self, block: &Block) -> Share {
        let lines = self.levels.map_or(block.lines, |levels| levels.lines(block));
        let too_early = self.since.is_some_and(|since| block.last_key < since);
        let too_late = self.until.is_some_and(|until| block.first_key > until);
        if lines == 0 || too_early || too_late {
            return Share::None;
        }
        let all = lines == block.lines
            && self.sources.is_none()
            && self.since.is_none_or(|since| block.first_key >= since)
            && self.until.is_none_or(|until| block.last_key <= until);
        if all { Share::All } else { Share::Some }
    }
}
