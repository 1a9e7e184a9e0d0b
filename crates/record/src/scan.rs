//! A line's own time and its level, found where the contract says that they may stand.

mod epoch;
mod escape;
mod find;
mod klog;
mod level;
mod logfmt;
mod members;
mod month;
mod pattern;
pub(crate) mod usual;
mod year;

use find::{Found, Known};
use members::Members;
pub use pattern::{TimeFormat, TimeFormatError};
use usual::Minute;
use year::Years;

use crate::{Level, Timestamp, Zone};

/// What the times of a source's lines mean, beyond what they say themselves.
#[derive(Clone, Debug)]
pub struct Rules {
    /// The zone of times that name none.
    pub zone: Zone,
    /// The source's last modification: it tells the year where a form has none.
    pub modified: Timestamp,
    /// A form of the user's own, tried before all others.
    pub format: Option<TimeFormat>,
}

/// What one line says of itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Head {
    /// Its own time; none if it is a continuation.
    pub time: Option<Timestamp>,
    /// Its own level; none without a time, since a continuation has its head's.
    pub level: Option<Level>,
}

/// Reads lines' times and levels.
///
/// It keeps its scratch memory, so that a line has nothing allocated once that has grown. What it says of a line
/// does not depend on the lines before it.
#[derive(Clone, Debug)]
pub struct Scanner {
    format: Option<TimeFormat>,
    known: Known,
    /// Room for the open brackets of a JSON line.
    nesting: Vec<u8>,
    /// Room for the start of a line without its escape sequences.
    plain: Vec<u8>,
}

impl Scanner {
    /// A scanner for the lines of a source with these rules.
    #[must_use]
    pub fn new(rules: Rules) -> Self {
        let Rules { zone, modified, format } = rules;
        let known = Known { zone, years: Years::new(modified), minute: Minute::default() };
        Self { format, known, nesting: Vec::new(), plain: Vec::new() }
    }

    /// The time and the level that `line` says itself.
    ///
    /// `line` is without its `\n` and a `\r` before it, and without what of it is over 1 MiB: `cut` tells that it
    /// goes on. Only the first few hundred bytes are looked at, unless it is a JSON object: that is read to its end.
    pub fn head(&mut self, line: &[u8], cut: bool) -> Head {
        if members::may_be_object(line)
            && let Some(members) = members::read(line, cut, &mut self.known, &mut self.nesting)
        {
            return self.head_of_object(line, members);
        }
        if self.format.is_none() {
            // This is the way of most lines: one pass over what may change what was found, or not found, so far.
            match find::usual_at_start(line, &mut self.known) {
                Some(found) if !level::may_be_member_or_escaped(line, found.end) => {
                    return Head { time: Some(found.time), level: level::word(line, found.end) };
                }
                None if !find::may_be_timed(line) => return Head::default(),
                _ => {}
            }
        }
        let plain = escape::passed_over(line, &mut self.plain);
        let by_format = self.format.as_ref().and_then(|format| format.find(plain, &self.known.zone));
        // Without its escape sequences, a line is as likely a continuation as others are.
        if by_format.is_none() && plain.len() < line.len() && !find::may_be_timed(plain) {
            return Head::default();
        }
        match by_format.or_else(|| find::find(plain, &mut self.known)) {
            Some(found) => Head { time: Some(found.time), level: level::level(plain, found.end, found.level) },
            None => Head::default(),
        }
    }

    /// A line's time was told by the source's last modification, since it bears no year: in a source that was changed
    /// later, the same line may say another time.
    #[must_use]
    pub fn guessed_a_year(&self) -> bool {
        self.known.years.asked()
    }

    /// The level that a text says which has its time from elsewhere, such as a container runtime's wrapping.
    ///
    /// A time of its own that it begins with is passed over. `text` is as for [`Self::head`].
    pub fn level_of(&mut self, text: &[u8]) -> Option<Level> {
        if members::may_be_object(text)
            && let Some(members) = members::read(text, false, &mut self.known, &mut self.nesting)
        {
            return members.level;
        }
        let plain = escape::passed_over(text, &mut self.plain);
        let by_format = self.format.as_ref().and_then(|format| format.find(plain, &self.known.zone));
        let by_forms = || if find::may_be_timed(plain) { find::find(plain, &mut self.known) } else { None };
        let found = by_format.or_else(by_forms).filter(Found::begins_line);
        match found {
            Some(found) => level::level(plain, found.end, found.level),
            None => level::level(plain, 0, None),
        }
    }

    /// The head of a line that is a JSON object: a form of the user's own comes before its members.
    fn head_of_object(&mut self, line: &[u8], members: Members) -> Head {
        let by_format = self.format.as_ref().and_then(|format| {
            let plain = escape::passed_over(line, &mut self.plain);
            format.find(plain, &self.known.zone)
        });
        match by_format {
            Some(found) => Head { time: Some(found.time), level: members.level },
            None => members.head(),
        }
    }
}

impl Members {
    fn head(self) -> Head {
        Head { time: self.time, level: self.time.and(self.level) }
    }
}
