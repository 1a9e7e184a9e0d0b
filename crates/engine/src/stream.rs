//! One source as an ordered stream of lines: its own times become keys that never fall.

use std::sync::Arc;

use record::scan::{Head, Rules, Scanner};
use record::{Level, Timestamp, Wrapping};

use crate::batch::{Batch, Line};
use crate::layout::{Encoding, Layout};
use crate::limits::{FIRST_TIME_BYTES, WILD_BYTES, WILD_LINES, WILD_NANOS};
use crate::lines::{Lines, RawLine};
use crate::{Error, Source};

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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origin {
    /// How its bytes are read.
    pub layout: Layout,
    /// The key of its first line.
    pub first_key: Timestamp,
    /// It has no timed line near its start: all its lines have `first_key`.
    pub untimed: bool,
    /// Its lines before this offset were placed when it had no timed line yet, and have `first_key`; else 0.
    pub timed_from: u64,
}

impl Origin {
    /// Reads as much of `source` as tells its layout and its first time: a few lines, and 1 MiB at most.
    ///
    /// # Errors
    ///
    /// What reading the first bytes gives.
    pub fn find(source: &Arc<dyn Source>, rules: &Rules, block_bytes: usize) -> Result<Self, Error> {
        let layout = Layout::detect(&**source)?;
        let first_key = source.arrived(0).map_or_else(|| source.modified(), |(arrived, _)| arrived);
        let untimed = Self { layout, first_key, untimed: true, timed_from: 0 };
        let stream = Stream::new(source, rules, &untimed, untimed.standing(), block_bytes);
        let first = stream.singly().take_while(|line| line.start() < FIRST_TIME_BYTES).find(is_sure);
        let timed = first.and_then(|line| line.time());
        Ok(timed.map_or(untimed, |first_key| Self { layout, first_key, untimed: false, timed_from: 0 }))
    }

    /// How a stream of the whole source stands before its first line.
    #[must_use]
    pub fn standing(&self) -> Standing {
        Standing { offset: 0, key: self.first_key, level: None }
    }
}

/// The line has a time, and one that is believed.
pub(crate) fn is_sure(line: &Line) -> bool {
    line.time().is_some() && !line.is_wild()
}

/// The lines of one source in their order, each with its key, a batch at a time.
///
/// Whether a time is wild is seen from the lines after it, so the stream reads up to [`WILD_LINES`] timed lines or
/// [`WILD_BYTES`] ahead of what it gives out.
pub struct Stream {
    lines: Lines,
    scanner: Scanner,
    layout: Layout,
    untimed: bool,
    timed_from: u64,
    /// What knows when lines without a time arrived, where there may be some.
    arrivals: Option<Arc<dyn Source>>,
    /// When those before this offset did.
    arrived: (Option<Timestamp>, u64),
    /// How it stands before the first line that was not given out.
    standing: Standing,
    /// Read, and not given out yet: nobody knows yet whether they are wild.
    unsettled: Vec<Line>,
    /// No time among the last [`WILD_LINES`] timed lines is later than this.
    highest: Timestamp,
    /// The last line is wrapped and goes on, in this stream of a container's.
    goes_on: Option<u8>,
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
            timed_from: origin.timed_from,
            arrivals: (origin.untimed || origin.timed_from > 0).then(|| Arc::clone(source)),
            arrived: (None, 0),
            standing,
            unsettled: Vec::new(),
            highest: NEVER,
            goes_on: None,
            scratch: Vec::new(),
        }
    }

    /// The same stream, of a source that ends at `end`.
    pub fn until(self, end: u64) -> Self {
        Self { lines: self.lines.until(end), ..self }
    }

    /// How it stands before the first line that was not given out; at its end after the last.
    pub fn standing(&self) -> Standing {
        self.standing
    }

    /// The lines one by one, for those who want but a few.
    pub fn singly(mut self) -> impl Iterator<Item = Line> {
        let mut batch = Batch::empty(self.standing);
        let mut at = 0;
        std::iter::from_fn(move || {
            if at == batch.lines.len() {
                at = 0;
                self.read(&mut batch);
            }
            let line = batch.lines.get(at).copied();
            at += 1;
            line
        })
    }

    /// Why there are no more lines, if it is not the end of the source.
    pub fn failure(&mut self) -> Option<Error> {
        self.lines.failure()
    }

    /// Reads on, until some lines are settled: they are put into `batch`, in place of what it holds. False at the end.
    pub(crate) fn read(&mut self, batch: &mut Batch) -> bool {
        batch.lines.clear();
        std::mem::swap(&mut batch.lines, &mut self.unsettled);
        let lines = &mut batch.lines;
        let mut settled;
        loop {
            while let Some(raw) = self.lines.next_at_hand() {
                self.take_in(raw, lines);
            }
            if self.lines.is_at_end() {
                settled = lines.len();
                break;
            }
            settled = self.settled(lines);
            if settled > 0 {
                break;
            }
            self.lines.fill(lines.first().map_or(u64::MAX, Line::start));
        }
        self.unsettled.extend_from_slice(&lines[settled..]);
        lines.truncate(settled);
        batch.before = self.standing;
        batch.guessed_a_year = self.scanner.guessed_a_year();
        for line in lines.iter_mut() {
            let is_untimed = self.untimed || line.offset < self.timed_from;
            if is_untimed && let Some(source) = &self.arrivals {
                if line.offset >= self.arrived.1 {
                    let (time, next) = source.arrived(line.offset).unzip();
                    self.arrived = (time, next.unwrap_or(line.next));
                }
                self.standing.key = self.arrived.0.map_or(self.standing.key, |time| time.max(self.standing.key));
            }
            line.place(&mut self.standing, is_untimed);
        }
        let keep = self.unsettled.first().map_or(u64::MAX, Line::start);
        batch.base = self.lines.hand_over(keep, &mut batch.bytes);
        settled > 0
    }

    /// How many of the first of these lines can no longer be changed by what comes.
    fn settled(&self, lines: &[Line]) -> usize {
        let read_to = self.lines.offset();
        let mut timed = 0;
        let mut end = lines.len();
        for (at, line) in lines.iter().enumerate().rev() {
            // A line is settled once so many timed lines came after it, or so many bytes; and so is all before it.
            if timed >= WILD_LINES || read_to >= line.next + WILD_BYTES {
                break;
            }
            let is_open = self.goes_on.is_some() && at + 1 == lines.len();
            if is_sure(line) || is_open {
                end = at;
            }
            timed += u64::from(line.time().is_some());
        }
        end
    }

    /// Finds the line's own time and level, and notes what it says of the lines before it.
    #[inline]
    fn take_in(&mut self, raw: RawLine, lines: &mut Vec<Line>) {
        let mut line = match self.layout.wrapping {
            None => self.plain(raw),
            Some(wrapping) => match self.wrapped(wrapping, raw, lines) {
                Some(line) => line,
                None => return,
            },
        };
        if raw.start == self.layout.mark_bytes {
            line.mark_bytes_before(self.layout.mark_bytes);
        }
        if let Some(time) = line.time() {
            if self.highest > time && self.highest.nanos() > time.nanos() + WILD_NANOS {
                self.highest = mark_wild(lines, time, line.offset);
            }
            self.highest = self.highest.max(time);
        }
        lines.push(line);
    }

    #[inline]
    fn plain(&mut self, raw: RawLine) -> Line {
        let Head { time, level } = match self.layout.encoding {
            Encoding::Utf8 => self.scanner.head(without_return(self.lines.head()), raw.cut),
            Encoding::Utf16 { big_endian } => {
                let head = self.lines.head();
                let text = record::text::decode_utf16(head, head.len() as u64, big_endian).text;
                self.scanner.head(without_return(text.as_bytes()), raw.cut)
            }
        };
        Line::new(raw.start, raw.end, raw.next, time, level)
    }

    /// A line of a container runtime. None where it is a part of the line before it, which it is added to.
    fn wrapped(&mut self, wrapping: Wrapping, raw: RawLine, lines: &mut [Line]) -> Option<Line> {
        let goes_on = self.goes_on.take();
        let Some(part) = wrapping.part(without_return(self.lines.head()), &mut self.scratch) else {
            return Some(self.plain(raw));
        };
        // Only a neighbour is joined: lines never change places, and text output gives back the file.
        if let Some(last) = lines.last_mut()
            && goes_on == Some(part.stream)
        {
            last.extend_to(raw.end, raw.next);
            self.goes_on = (!part.ends).then_some(part.stream);
            return None;
        }
        self.goes_on = (!part.ends).then_some(part.stream);
        let mut line = Line::new(raw.start, raw.end, raw.next, Some(part.time), self.scanner.level_of(part.text));
        line.mark_wrapped();
        Some(line)
    }
}

/// Before every time.
const NEVER: Timestamp = Timestamp::from_nanos(i128::MIN);

/// Marks what is too far ahead of `time`, among the timed lines shortly before `start`; gives the latest time of those.
fn mark_wild(lines: &mut [Line], time: Timestamp, start: u64) -> Timestamp {
    let mut highest = NEVER;
    let mut timed = 0;
    for line in lines.iter_mut().rev() {
        if timed == WILD_LINES || start >= line.next + WILD_BYTES {
            break;
        }
        if let Some(own) = line.time() {
            if own.nanos() > time.nanos() + WILD_NANOS {
                line.mark_wild();
            }
            timed += 1;
            highest = highest.max(own);
        }
    }
    highest
}

/// The line without the carriage return of a line end `\r\n`.
pub(crate) fn without_return(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use record::Zone;

    use super::*;
    use crate::MemorySource;

    #[test]
    fn a_time_that_is_not_within_the_first_mebibyte_does_not_make_a_source_timed() {
        let modified = Timestamp::from_nanos(1_734_660_000_000_000_000);
        let rules = Rules { zone: Zone::Utc, modified, format: None };
        for (before, untimed) in [(FIRST_TIME_BYTES - 1, false), (FIRST_TIME_BYTES, true)] {
            let mut text = vec![b'x'; usize::try_from(before).expect("small") - 1];
            text.extend_from_slice(b"\n2024-12-20T00:00:02Z next\n");
            let source: Arc<dyn Source> = Arc::new(MemorySource::new(text, modified));
            let origin = Origin::find(&source, &rules, 4096).expect("memory reads");
            assert_eq!(origin.untimed, untimed, "after {before} bytes");
            assert_eq!(origin.first_key == modified, untimed, "after {before} bytes");
        }
    }
}
