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

use find::Found;
use members::Members;
pub use pattern::{TimeFormat, TimeFormatError};

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
    rules: Rules,
    /// Room for the open brackets of a JSON line.
    nesting: Vec<u8>,
    /// Room for the start of a line without its escape sequences.
    plain: Vec<u8>,
}

impl Scanner {
    /// A scanner for the lines of a source with these rules.
    #[must_use]
    pub fn new(rules: Rules) -> Self {
        Self { rules, nesting: Vec::new(), plain: Vec::new() }
    }

    /// The time and the level that `line` says itself.
    ///
    /// `line` is without its `\n` and a `\r` before it, and without what of it is over 1 MiB: `cut` tells that it
    /// goes on. Only the first few hundred bytes are looked at, unless it is a JSON object: that is read to its end.
    pub fn head(&mut self, line: &[u8], cut: bool) -> Head {
        let members = members::read(line, cut, &self.rules.zone, &mut self.nesting);
        if let Some(members) = members
            && self.rules.format.is_none()
        {
            return members.head();
        }
        let plain = escape::passed_over(line, &mut self.plain);
        let found = match (&self.rules.format, members) {
            (Some(format), _) if let Some(found) = format.find(plain, &self.rules.zone) => found,
            (_, Some(members)) => return members.head(),
            _ => match find::find(plain, &self.rules) {
                Some(found) => found,
                None => return Head::default(),
            },
        };
        let level = match members {
            Some(members) => members.level,
            None => level::level(plain, found.end, found.level),
        };
        Head { time: Some(found.time), level }
    }

    /// The level that a text says which has its time from elsewhere, such as a container runtime's wrapping.
    ///
    /// A time of its own that it begins with is passed over. `text` is as for [`Self::head`].
    pub fn level_of(&mut self, text: &[u8]) -> Option<Level> {
        if let Some(members) = members::read(text, false, &self.rules.zone, &mut self.nesting) {
            return members.level;
        }
        let plain = escape::passed_over(text, &mut self.plain);
        let format = self.rules.format.as_ref();
        let found = format
            .and_then(|format| format.find(plain, &self.rules.zone))
            .or_else(|| find::find(plain, &self.rules))
            .filter(Found::begins_line);
        match found {
            Some(found) => level::level(plain, found.end, found.level),
            None => level::level(plain, 0, None),
        }
    }
}

impl Members {
    fn head(self) -> Head {
        Head { time: self.time, level: self.time.and(self.level) }
    }
}
