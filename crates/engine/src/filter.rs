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
    /// Their text does not match.
    pub without: Option<Arc<Pattern>>,
    /// They bear a time of their own: no continuations.
    pub heads: bool,
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
        let Self { levels, sources, since, until, pattern, without, heads } = self;
        let any_place = levels.is_none() && sources.is_none() && since.is_none() && until.is_none() && !heads;
        any_place && pattern.is_none() && without.is_none()
    }

    /// The same whether or not a text matches.
    #[must_use]
    pub fn without_pattern(&self) -> Self {
        Self { pattern: None, ..self.clone() }
    }

    /// Only its condition on sources, which holds no compiled expression.
    #[must_use]
    pub fn of_sources(&self) -> Self {
        Self { sources: self.sources.clone(), ..Self::default() }
    }

    /// Lines of this source may be wanted.
    #[must_use]
    pub fn wants_source(&self, source: usize) -> bool {
        self.sources.as_ref().is_none_or(|sources| sources.get(source).copied().unwrap_or(false))
    }

    /// There is a condition on the lines' text.
    #[must_use]
    #[inline]
    pub fn asks_text(&self) -> bool {
        self.pattern.is_some() || self.without.is_some()
    }

    /// A text meets the conditions on it.
    #[must_use]
    pub fn wants_text(&self, text: &str) -> bool {
        self.pattern.as_ref().is_none_or(|pattern| pattern.is_match(text))
            && self.without.as_ref().is_none_or(|without| !without.is_match(text))
    }

    /// The line meets all conditions but those on its text.
    #[must_use]
    #[inline]
    pub fn wants(&self, source: usize, line: &Line) -> bool {
        self.wants_source(source)
            && self.levels.is_none_or(|levels| levels.has(line.level))
            && self.since.is_none_or(|since| line.key >= since)
            && self.until.is_none_or(|until| line.key <= until)
            && (!self.heads || line.time().is_some())
    }

    /// No line after one with this key is wanted.
    #[must_use]
    pub fn ends_before(&self, key: Timestamp) -> bool {
        self.until.is_some_and(|until| key > until)
    }

    /// How many lines of a block meet the conditions but those on their text, as far as its summary tells.
    pub(crate) fn share(&self, block: &Block) -> Share {
        let lines = self.levels.map_or(block.lines, |levels| levels.lines(block));
        let too_early = self.since.is_some_and(|since| block.last_key < since);
        let too_late = self.until.is_some_and(|until| block.first_key > until);
        if lines == 0 || too_early || too_late {
            return Share::None;
        }
        let all = !self.heads
            && lines == block.lines
            && self.sources.is_none()
            && self.since.is_none_or(|since| block.first_key >= since)
            && self.until.is_none_or(|until| block.last_key <= until);
        if all { Share::All } else { Share::Some }
    }
}
