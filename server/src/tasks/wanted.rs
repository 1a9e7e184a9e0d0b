//! What was asked for of a task's log.

use record::wire::Start;

use crate::filters::Typed;

/// What was asked for.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// Where it starts.
    pub start: Start,
    /// So many lines earlier.
    pub before: u64,
    /// At most so many lines; `u64::MAX` where there is no limit.
    pub limit: u64,
    /// The end may be shown before the lines were counted, its lines without numbers.
    pub uncounted: bool,
    /// Which lines count.
    pub filter: Typed,
    /// With so many lines around each match.
    pub context: u64,
    /// What a client had before it lost the stream: what was asked for goes on behind it.
    pub resume: Option<Resume>,
}

impl Wanted {
    /// How many lines are left of its limit for who had so many; `u64::MAX` where there is none.
    pub fn left(&self, had: u64) -> u64 {
        if self.limit == u64::MAX { u64::MAX } else { self.limit.saturating_sub(had) }
    }

    /// How many lines were had where so many are left; none where there is no limit.
    pub fn had(&self, left: u64) -> Option<u64> {
        (self.limit < u64::MAX).then(|| self.limit.saturating_sub(left))
    }
}

/// What a client had of a stream of events, as the last event's id tells it.
#[derive(Clone, Debug)]
pub enum Resume {
    /// All of it.
    End,
    /// The line with this number and all before it, and how far that was in each file.
    Behind {
        /// The number, as it was then.
        n: u64,
        /// How many lines there were of those that were asked for, where there was a limit.
        had: Option<u64>,
        /// As [`Sent::write`] wrote it.
        sent: String,
    },
}

impl Resume {
    /// Reads the id of an event: `end`, or `N:` and what was sent, or `N+HAD:` and that.
    #[must_use]
    pub fn read(id: &str) -> Option<Self> {
        if id == "end" {
            return Some(Self::End);
        }
        let (n, sent) = id.split_once(':')?;
        let (n, had) = n.split_once('+').map_or((n, None), |(n, had)| (n, Some(had)));
        let had = had.map(|had| had.parse().ok());
        if had == Some(None) {
            return None;
        }
        let is_known = |byte: u8| byte.is_ascii_hexdigit() || byte == b'-' || byte == b',';
        let sent = Some(sent).filter(|sent| sent.bytes().all(is_known))?;
        Some(Self::Behind { n: n.parse().ok()?, had: had.flatten(), sent: sent.to_owned() })
    }
}
