//! Cuts a source into lines, with memory for a block and one line's head, whatever the line's length.

use std::ops::Range;
use std::sync::Arc;

use memchr::memchr;
use record::limits::TEXT_BYTES_MAX;

use crate::layout::Encoding;
use crate::limits::{BLOCK_BYTES_FIRST, BLOCK_BYTES_MAX, WILD_BYTES};
use crate::{Error, Source};

/// Where a line lies in its source, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RawLine {
    /// Its first byte.
    pub start: u64,
    /// The end of its content, a carriage return included.
    pub end: u64,
    /// Where the next line starts: `end` itself where no newline follows.
    pub next: u64,
    /// Its head is not the whole of it.
    pub cut: bool,
}

/// Reads a source line by line. It keeps the bytes from a given offset on, as long as they are few.
pub(crate) struct Lines {
    source: Arc<dyn Source>,
    encoding: Encoding,
    /// Where the source counts as ended: it may have grown meanwhile.
    end: u64,
    /// Bytes to read next; they double from one read to the next, up to `block_bytes_max`.
    block_bytes: usize,
    block_bytes_max: usize,
    /// Bytes of the source from `base` on; the first `filled` are valid.
    buf: Vec<u8>,
    base: u64,
    filled: usize,
    /// Where in `buf` the next line starts.
    at: usize,
    /// Where in `buf` the head of the last line lies.
    head: Range<usize>,
    /// Bytes after `at` that hold no newline.
    searched: usize,
    /// The last line was longer than the buffer: the next one starts here.
    jump: Option<u64>,
    ended: bool,
    failure: Option<Error>,
}

impl Lines {
    /// The lines of `source` from `offset` on, which is the start of one, as long as the source is now; it reads
    /// `block_bytes` at a time at most.
    pub fn new(source: Arc<dyn Source>, encoding: Encoding, offset: u64, block_bytes: usize) -> Self {
        Self {
            end: source.bytes().unwrap_or(u64::MAX),
            source,
            encoding,
            block_bytes: block_bytes.min(BLOCK_BYTES_FIRST),
            block_bytes_max: block_bytes,
            buf: Vec::new(),
            base: offset,
            filled: 0,
            at: 0,
            head: 0..0,
            searched: 0,
            jump: None,
            ended: false,
            failure: None,
        }
    }

    /// The same lines, of a source that ends at `end`.
    pub fn until(self, end: u64) -> Self {
        Self { end, ..self }
    }

    /// Where the next line starts.
    pub fn offset(&self) -> u64 {
        self.jump.unwrap_or(self.base + self.at as u64)
    }

    /// The next line. Bytes from `keep` on stay in the buffer, if that is not too much.
    ///
    /// What comes before a failure is a line too; then there are no more, and [`Self::failure`] tells why.
    pub fn next(&mut self, keep: u64) -> Option<RawLine> {
        loop {
            let line = self.next_at_hand();
            if line.is_some() || self.is_at_end() {
                return line;
            }
            self.fill(keep);
        }
    }

    /// The next line, if it lies in the buffer as a whole, or is too long to ever do so.
    #[inline]
    pub fn next_at_hand(&mut self) -> Option<RawLine> {
        if self.jump.is_some() {
            return None;
        }
        if let Some(end) = self.newline(self.at + self.searched) {
            return Some(self.line(end, self.encoding.newline().len()));
        }
        let left = self.filled - self.at;
        if self.ended {
            return (left > 0).then(|| self.line(self.filled, 0));
        }
        if left > TEXT_BYTES_MAX {
            return Some(self.long_line());
        }
        // A newline of two bytes may lie across the end.
        self.searched = left.saturating_sub(1);
        None
    }

    /// No line comes any more.
    pub fn is_at_end(&self) -> bool {
        self.ended && self.jump.is_none() && self.at == self.filled
    }

    /// Gives the buffer away, into `bytes`, and the offset of its first byte; what lies from `keep` on stays here too.
    pub fn hand_over(&mut self, keep: u64, bytes: &mut Vec<u8>) -> u64 {
        let base = self.base;
        let from = if self.jump.is_some() { self.filled } else { self.place(keep) };
        let block_bytes = self.filled - from + self.block_bytes;
        if bytes.capacity() > 8 * block_bytes.max(self.block_bytes_max) {
            // A line near the limit made it so large: most never need that again.
            *bytes = Vec::new();
        }
        let needed = block_bytes.max(bytes.len().min(4 * block_bytes));
        // Not a byte more than that: there may be thousands of sources.
        bytes.reserve_exact(needed.saturating_sub(bytes.len()));
        bytes.resize(needed, 0);
        bytes[..self.filled - from].copy_from_slice(&self.buf[from..self.filled]);
        std::mem::swap(&mut self.buf, bytes);
        bytes.truncate(self.filled);
        self.drop_before(from);
        base
    }

    /// The head of the last line: all of it, or its first [`TEXT_BYTES_MAX`] bytes.
    pub fn head(&self) -> &[u8] {
        &self.buf[self.head.clone()]
    }

    /// Why there are no more lines, if it is not the end.
    pub fn failure(&mut self) -> Option<Error> {
        self.failure.take()
    }

    fn line(&mut self, end: usize, newline_bytes: usize) -> RawLine {
        let start = self.at;
        self.head = start..end.min(start + TEXT_BYTES_MAX);
        self.at = end + newline_bytes;
        self.searched = 0;
        RawLine {
            start: self.base + start as u64,
            end: self.base + end as u64,
            next: self.base + self.at as u64,
            cut: end - start > TEXT_BYTES_MAX,
        }
    }

    /// The index in the buffer of the first newline from `from` on.
    fn newline(&self, from: usize) -> Option<usize> {
        newline_in(&self.buf[..self.filled], from, self.base, self.encoding)
    }

    /// Passes over a line that is longer than a text may be. Its head stays in the buffer.
    fn long_line(&mut self) -> RawLine {
        let start = self.base + self.at as u64;
        self.head = self.at..self.at + TEXT_BYTES_MAX;
        let mut block = vec![0; BLOCK_BYTES_MAX];
        // The last byte in the buffer may be the first half of a newline.
        let mut base = self.base + self.filled as u64 - 1;
        loop {
            let mut filled = 0;
            while filled < 2 && !self.ended {
                match self.read_at(base + filled as u64, &mut block[filled..]) {
                    Ok(0) => self.ended = true,
                    Ok(count) => filled += count,
                    Err(error) => self.fail(error),
                }
            }
            if let Some(at) = newline_in(&block[..filled], 0, base, self.encoding) {
                let end = base + at as u64;
                let next = end + self.encoding.newline().len() as u64;
                self.jump = Some(next);
                return RawLine { start, end, next, cut: true };
            }
            if self.ended {
                let end = base + filled as u64;
                self.jump = Some(end);
                return RawLine { start, end, next: end, cut: true };
            }
            base += filled as u64 - 1;
        }
    }

    /// Reads one block more. Drops what lies before `keep`; where that is too little to drop, all before the line.
    pub fn fill(&mut self, keep: u64) {
        if let Some(offset) = self.jump.take() {
            self.base = offset;
            self.at = 0;
            self.filled = 0;
            self.searched = 0;
        }
        let room = self.block_bytes_max + usize::try_from(WILD_BYTES).unwrap_or(usize::MAX);
        let keep = self.place(keep);
        let drop = if self.at - keep > room { self.at } else { keep };
        if drop > 0 {
            self.buf.copy_within(drop..self.filled, 0);
            self.drop_before(drop);
        }
        let needed = self.filled + self.block_bytes;
        if self.buf.len() < needed {
            self.buf.reserve_exact(needed - self.buf.len());
            self.buf.resize(needed, 0);
        } else if self.buf.len() > 4 * (needed + room) {
            self.buf.truncate(needed);
            self.buf.shrink_to_fit();
        }
        // The buffer cannot be written by what borrows the whole of this.
        let (source, end, offset) = (&self.source, self.end, self.base + self.filled as u64);
        match read_until(&**source, end, offset, &mut self.buf[self.filled..needed]) {
            Ok(0) => self.ended = true,
            Ok(count) => self.filled += count,
            Err(error) => self.fail(error),
        }
        self.block_bytes = (2 * self.block_bytes).min(self.block_bytes_max);
    }

    /// Where in the buffer an offset lies; no further than the next line.
    fn place(&self, offset: u64) -> usize {
        usize::try_from(offset.saturating_sub(self.base)).unwrap_or(usize::MAX).min(self.at)
    }

    /// The bytes before this place of the buffer are there no longer.
    fn drop_before(&mut self, place: usize) {
        self.base += place as u64;
        self.at -= place.min(self.at);
        self.filled -= place;
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<usize, Error> {
        read_until(&*self.source, self.end, offset, buf)
    }

    fn fail(&mut self, error: Error) {
        self.ended = true;
        self.failure = Some(error);
    }
}

/// Reads from a source as if it ended at `end`.
fn read_until(source: &dyn Source, end: u64, offset: u64, buf: &mut [u8]) -> Result<usize, Error> {
    let left = usize::try_from(end.saturating_sub(offset)).unwrap_or(usize::MAX);
    let count = buf.len().min(left);
    if count == 0 { Ok(0) } else { source.read_at(offset, &mut buf[..count]) }
}

/// The index of the first newline from `from` on; `base` is the offset of `bytes` in its source.
fn newline_in(bytes: &[u8], from: usize, base: u64, encoding: Encoding) -> Option<usize> {
    let Encoding::Utf16 { big_endian } = encoding else {
        return memchr(b'\n', &bytes[from..]).map(|at| from + at);
    };
    let mut from = from;
    loop {
        let at = from + memchr(b'\n', &bytes[from..])?;
        // Units of two bytes lie at even offsets, since the byte-order mark is one.
        let unit = if big_endian { at.checked_sub(1) } else { Some(at) };
        if let Some(unit) = unit
            && (base + unit as u64).is_multiple_of(2)
            && bytes.get(unit..unit + 2) == Some(encoding.newline())
        {
            return Some(unit);
        }
        from = at + 1;
    }
}

#[cfg(test)]
mod tests {
    use record::Timestamp;

    use super::*;
    use crate::MemorySource;

    fn cut(bytes: &[u8], encoding: Encoding, block_bytes: usize) -> Vec<RawLine> {
        let source = Arc::new(MemorySource::new(bytes, Timestamp::default()));
        let mut lines = Lines::new(source, encoding, 0, block_bytes);
        std::iter::from_fn(|| lines.next(0)).collect()
    }

    #[track_caller]
    fn check(text: &str, expected: &[(u64, u64, u64)]) {
        for block_bytes in 1..8 {
            let found: Vec<_> = cut(text.as_bytes(), Encoding::Utf8, block_bytes)
                .into_iter()
                .map(|line| (line.start, line.end, line.next))
                .collect();
            assert_eq!(found, expected, "{text:?} in blocks of {block_bytes}");
        }
    }

    #[test]
    fn blank_lines_are_lines_and_the_rest_without_a_newline_too() {
        check("", &[]);
        check("\n", &[(0, 0, 1)]);
        check("ab\n\nc\r\nd", &[(0, 2, 3), (3, 3, 4), (4, 6, 7), (7, 8, 8)]);
    }

    #[test]
    fn a_newline_of_utf_16_is_a_whole_unit() {
        // U+0A0A and U+010A hold the byte of a newline and are none.
        let text = "a\u{a0a}\u{10a}\nb\n\u{a00}\n";
        for big_endian in [false, true] {
            let bytes: Vec<u8> = text
                .encode_utf16()
                .flat_map(|unit| if big_endian { unit.to_be_bytes() } else { unit.to_le_bytes() })
                .collect();
            for block_bytes in 1..8 {
                let found: Vec<_> = cut(&bytes, Encoding::Utf16 { big_endian }, block_bytes)
                    .into_iter()
                    .map(|line| (line.start, line.end, line.next))
                    .collect();
                assert_eq!(found, [(0, 6, 8), (8, 10, 12), (12, 14, 16)], "in blocks of {block_bytes}");
            }
        }
    }

    #[test]
    fn a_line_longer_than_a_text_is_passed_over_and_the_next_one_found() {
        let long = TEXT_BYTES_MAX * 3 + 17;
        let mut text = vec![b'x'; long];
        text.extend_from_slice(b"\nnext\n");
        let source = Arc::new(MemorySource::new(text, Timestamp::default()));
        let mut lines = Lines::new(source, Encoding::Utf8, 0, 4096);
        let first = lines.next(0).expect("a line");
        assert_eq!((first.end, first.next, first.cut), (long as u64, long as u64 + 1, true));
        assert_eq!(lines.head().len(), TEXT_BYTES_MAX);
        let second = lines.next(0).expect("a line");
        assert_eq!((second.start, second.end), (long as u64 + 1, long as u64 + 5));
        assert_eq!(lines.head(), b"next");
        assert_eq!(lines.next(0), None);
    }
}
