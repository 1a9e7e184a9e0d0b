//! One source as an ordered stream of lines: its own times become keys that never fall.

use std::collections::VecDeque;
use std::sync::Arc;

use record::scan::{Head, Rules, Scanner};
use record::{Level, Timestamp, Wrapping};

use crate::layout::{Encoding, Layout};
use crate::limits::{FIRST_TIME_BYTES, WILD_BYTES, WILD_LINES, WILD_NANOS};
use crate::lines::{Lines, RawLine};
use crate::{Error, Source};

/// A line and its place in its source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line {
    /// Where its bytes begin: at a byte-order mark, where one stands before it.
    pub start: u64,
    /// Where its text begins, in bytes; what an anchor names.
    pub offset: u64,
    /// Where its content ends, a carriage return included.
    pub end: u64,
    /// Where the next line begins; `end` itself where no newline follows.
    pub next: u64,
    /// The time by which it is placed.
    pub key: Timestamp,
    /// Its own time; none on a continuation.
    pub time: Option<Timestamp>,
    /// Its level, or its head's.
    pub level: Option<Level>,
    /// Its own time is before its key.
    pub late: bool,
    /// Its own time is far ahead of its neighbours' and did not move the key.
    pub wild: bool,
    /// It is one line of a container runtime's wrapping, or several that are joined.
    pub wrapped: bool,
}

/// Where a stream stands before a line: enough to go on from there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The start of the next line, in bytes.
    pub offset: u64,
    /// The key of the line before it; of the first timed line, before the first.
    pub key: Timestamp,
    /// The level of the last timed line.
    pub level: Option<Level>,
}

/// What has to be known of a source before its first line can be placed.
#[derive(Clone, Copy, Debug)]
pub struct Origin {
    /// How its bytes are read.
    pub layout: Layout,
    /// The key of its first line.
    pub first_key: Timestamp,
    /// It has no timed line near its start: all its lines have `first_key`.
    pub untimed: bool,
}

impl Origin {
    /// Reads as much of `source` as tells its layout and its first time: a few lines, and 1 MiB at most.
    ///
    /// # Errors
    ///
    /// What reading the first bytes gives.
    pub fn find(source: &Arc<dyn Source>, rules: &Rules, block_bytes: usize) -> Result<Self, Error> {
        let layout = Layout::detect(&**source)?;
        let modified = source.modified();
        let untimed = Self { layout, first_key: modified, untimed: true };
        let stream = Stream::new(source, rules, &untimed, untimed.standing(), block_bytes);
        for (_, line) in stream {
            if line.start >= FIRST_TIME_BYTES {
                break;
            }
            if let Some(time) = line.time
                && !line.wild
            {
                return Ok(Self { layout, first_key: time, untimed: false });
            }
        }
        Ok(untimed)
    }

    /// How a stream of the whole source stands before its first line.
    #[must_use]
    pub fn standing(&self) -> Standing {
        Standing { offset: 0, key: self.first_key, level: None }
    }
}

/// The lines of one source in their order, each with its key.
///
/// Whether a time is wild is seen from the lines after it, so the stream reads up to [`WILD_LINES`] timed lines or
/// [`WILD_BYTES`] ahead of what it gives out.
pub struct Stream {
    lines: Lines,
    scanner: Scanner,
    layout: Layout,
    untimed: bool,
    /// Read, and not given out yet.
    pending: VecDeque<Line>,
    /// How many of `pending` have a time.
    pending_timed: u64,
    /// No time in `pending` is later than this.
    highest: Timestamp,
    ended: bool,
    key: Timestamp,
    level: Option<Level>,
    scratch: Vec<u8>,
}

impl Stream {
    /// The lines of `source` from `standing` on.
    pub fn new(
        source: &Arc<dyn Source>,
        rules: &Rules,
        origin: &Origin,
        standing: Standing,
        block_bytes: usize,
    ) -> Self {
        let offset = if standing.offset == 0 { origin.layout.mark_bytes } else { standing.offset };
        Self {
            lines: Lines::new(Arc::clone(source), origin.layout.encoding, offset, block_bytes),
            scanner: Scanner::new(rules.clone()),
            layout: origin.layout,
            untimed: origin.untimed,
            pending: VecDeque::new(),
            pending_timed: 0,
            highest: Timestamp::from_nanos(i128::MIN),
            ended: false,
            key: standing.key,
            level: standing.level,
            scratch: Vec::new(),
        }
    }

    /// How the stream stands before its next line, where there is none.
    pub fn standing_at_end(&self) -> Standing {
        Standing { offset: self.lines.offset(), key: self.key, level: self.level }
    }

    /// Why there are no more lines, if it is not the end of the source.
    pub fn failure(&mut self) -> Option<Error> {
        self.lines.failure()
    }

    /// The bytes from `start` to `end`, where they are still at hand.
    pub fn bytes(&self, start: u64, end: u64) -> Option<&[u8]> {
        self.lines.bytes(start, end)
    }

    /// Nothing that comes later can change what is said of the first pending line.
    fn first_is_settled(&self) -> bool {
        if self.ended {
            return true;
        }
        let Some(first) = self.pending.front() else { return false };
        first.time.is_none()
            || first.wild
            || self.pending_timed > WILD_LINES
            || self.lines.offset() >= first.next + WILD_BYTES
    }

    fn take_in(&mut self, line: Line) {
        if let Some(time) = line.time {
            if self.highest.nanos() > time.nanos() + WILD_NANOS {
                self.mark_wild(time, line.start);
            }
            self.highest = if self.pending_timed == 0 { time } else { self.highest.max(time) };
            self.pending_timed += 1;
        }
        self.pending.push_back(line);
    }

    /// Marks what is too far ahead of `time`, among the timed lines shortly before `start`.
    fn mark_wild(&mut self, time: Timestamp, start: u64) {
        let mut highest = Timestamp::from_nanos(i128::MIN);
        let mut timed = 0;
        for line in self.pending.iter_mut().rev() {
            let Some(own) = line.time else { continue };
            if timed < WILD_LINES && start < line.next + WILD_BYTES && own.nanos() > time.nanos() + WILD_NANOS {
                line.wild = true;
            }
            timed += 1;
            highest = highest.max(own);
        }
        self.highest = highest;
    }

    /// Reads one line more and finds its own time and level.
    fn read(&mut self) -> Option<Line> {
        let keep = self.pending.front().map_or(u64::MAX, |line| line.start);
        let raw = self.lines.next(keep)?;
        if let Some(wrapping) = self.layout.wrapping
            && let Some(line) = self.read_wrapped(wrapping, raw, keep)
        {
            return Some(line);
        }
        let Head { time, level } = match self.layout.encoding {
            Encoding::Utf8 => self.scanner.head(without_return(self.lines.head()), raw.cut),
            Encoding::Utf16 { big_endian } => {
                let head = self.lines.head();
                let text = record::text::decode_utf16(head, head.len() as u64, big_endian).text;
                self.scanner.head(without_return(text.as_bytes()), raw.cut)
            }
        };
        Some(self.line(raw, time, level, false))
    }

    /// A line of a container runtime, joined with its other parts. None where this one is not wrapped.
    fn read_wrapped(&mut self, wrapping: Wrapping, mut raw: RawLine, keep: u64) -> Option<Line> {
        let first = wrapping.part(without_return(self.lines.head()), &mut self.scratch)?;
        let (time, stream, mut ends) = (first.time, first.stream, first.ends);
        let level = self.scanner.level_of(first.text);
        while !ends {
            let Some(next) = self.lines.next(keep.min(raw.start)) else { break };
            match wrapping.part(without_return(self.lines.head()), &mut self.scratch) {
                // Only a neighbour is joined: lines never change places, and text output gives back the file.
                Some(part) if part.stream == stream => {
                    ends = part.ends;
                    raw = RawLine { end: next.end, next: next.next, ..raw };
                }
                _ => {
                    self.lines.back_to(next.start);
                    break;
                }
            }
        }
        Some(self.line(raw, Some(time), level, true))
    }

    fn line(&self, raw: RawLine, time: Option<Timestamp>, level: Option<Level>, wrapped: bool) -> Line {
        Line {
            start: if raw.start == self.layout.mark_bytes { 0 } else { raw.start },
            offset: raw.start,
            end: raw.end,
            next: raw.next,
            key: self.key,
            time,
            level,
            late: false,
            wild: false,
            wrapped,
        }
    }
}

/// The lines, and how the stream stood before each.
impl Iterator for Stream {
    type Item = (Standing, Line);

    fn next(&mut self) -> Option<Self::Item> {
        while !self.first_is_settled() {
            match self.read() {
                Some(line) => self.take_in(line),
                None => self.ended = true,
            }
        }
        let mut line = self.pending.pop_front()?;
        let before = Standing { offset: line.start, key: self.key, level: self.level };
        if let Some(time) = line.time {
            self.pending_timed -= 1;
            if !line.wild && !self.untimed {
                self.key = self.key.max(time);
            }
            line.late = time < self.key;
            self.level = line.level;
        }
        line.key = self.key;
        line.level = self.level;
        Some((before, line))
    }
}

/// The line without the carriage return of a line end `\r\n`.
pub(crate) fn without_return(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}
