//! The exact merge of any number of streams: by key, then by the source's place, then by offset.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io::{self, Write};
use std::sync::Arc;

use record::limits::TEXT_BYTES_MAX;
use record::scan::Rules;
use record::text::Text;
use record::{RecordView, Timestamp, Wrapping, text};

use crate::layout::Encoding;
use crate::limits::{BLOCK_BYTES_MAX, BLOCK_BYTES_MIN, BLOCKS_BYTES_MAX};
use crate::lines::Lines;
use crate::stream::{Line, Origin, Standing, Stream, without_return};
use crate::{Error, Source};

/// A source of a merge, ready to be read from its first line or from any standing.
#[derive(Clone)]
pub struct Input {
    /// Its id, as records name it.
    pub id: Arc<str>,
    /// Its bytes.
    pub source: Arc<dyn Source>,
    /// How its times are read.
    pub rules: Rules,
    /// What its first lines told.
    pub origin: Origin,
}

/// A failure while merging, and the place in the task of the source that failed.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The source's place, from 0.
    pub source: usize,
    /// What went wrong.
    pub error: Error,
}

/// Bytes to read at a time, so that the blocks of `sources` stay within their bound.
pub(crate) fn block_bytes(sources: usize) -> usize {
    (BLOCKS_BYTES_MAX / sources.max(1)).clamp(BLOCK_BYTES_MIN, BLOCK_BYTES_MAX)
}

/// The lines of all inputs in the one order.
///
/// A line is looked at while it is the current one: [`Merge::next`] goes on to the next, then [`Merge::record`] and
/// [`Merge::write_raw`] hand it out. Needs memory for a block and a short look ahead of each source.
pub struct Merge {
    inputs: Arc<[Input]>,
    streams: Vec<Stream>,
    /// The first line of each stream that was not passed yet.
    heads: Vec<Option<(Standing, Line)>>,
    /// The streams by their heads' keys; the current one is not among them.
    waiting: BinaryHeap<Reverse<(Timestamp, usize)>>,
    current: Option<usize>,
    failures: Vec<Failure>,
    scratch: Vec<u8>,
}

impl Merge {
    /// The merge of `inputs`, each from its standing on.
    #[must_use]
    pub fn new(inputs: Arc<[Input]>, standings: &[Standing]) -> Self {
        debug_assert_eq!(inputs.len(), standings.len(), "a standing for each input");
        let block_bytes = block_bytes(inputs.len());
        let mut streams: Vec<Stream> = inputs
            .iter()
            .zip(standings)
            .map(|(input, standing)| Stream::new(&input.source, &input.rules, &input.origin, *standing, block_bytes))
            .collect();
        let heads: Vec<_> = streams.iter_mut().map(Stream::next).collect();
        let waiting =
            heads.iter().enumerate().filter_map(|(i, head)| head.map(|(_, line)| Reverse((line.key, i)))).collect();
        let mut merge =
            Self { inputs, streams, heads, waiting, current: None, failures: Vec::new(), scratch: Vec::new() };
        for source in 0..merge.streams.len() {
            if merge.heads[source].is_none() {
                merge.note_failure(source);
            }
        }
        merge
    }

    /// The merge of `inputs` from their first lines on.
    #[must_use]
    pub fn from_start(inputs: Arc<[Input]>) -> Self {
        let standings: Vec<_> = inputs.iter().map(|input| input.origin.standing()).collect();
        Self::new(inputs, &standings)
    }

    /// Goes on to the next line: the place of its source, and the line. None after the last.
    #[expect(clippy::should_implement_trait, reason = "the line borrows from the merge")]
    pub fn next(&mut self) -> Option<(usize, &Line)> {
        if let Some(source) = self.current.take() {
            self.heads[source] = self.streams[source].next();
            match self.heads[source] {
                // Most lines follow one of the same source: no need to go through the heap then.
                Some((_, line)) if self.waiting.peek().is_none_or(|least| (line.key, source) < least.0) => {
                    self.current = Some(source);
                }
                Some((_, line)) => self.waiting.push(Reverse((line.key, source))),
                None => self.note_failure(source),
            }
        }
        if self.current.is_none() {
            let Reverse((_, source)) = self.waiting.pop()?;
            self.current = Some(source);
        }
        self.current()
    }

    /// The current line again.
    #[must_use]
    pub fn current(&self) -> Option<(usize, &Line)> {
        let source = self.current?;
        self.heads[source].as_ref().map(|(_, line)| (source, line))
    }

    /// What is merged, in the order that breaks ties.
    #[must_use]
    pub fn inputs(&self) -> &Arc<[Input]> {
        &self.inputs
    }

    /// Where every stream stands before the current line.
    #[must_use]
    pub fn standings(&self) -> Vec<Standing> {
        self.heads
            .iter()
            .zip(&self.streams)
            .map(|(head, stream)| head.map_or_else(|| stream.standing_at_end(), |(before, _)| before))
            .collect()
    }

    /// The sources that broke off so far. Their lines before that were handed out.
    #[must_use]
    pub fn failures(&self) -> &[Failure] {
        &self.failures
    }

    /// Writes the current line's bytes and its newline, unaltered; adds a newline where the source lacks its last.
    ///
    /// # Errors
    ///
    /// What `out` gives. A source that fails meanwhile is noted among the failures, and the line ends there.
    pub fn write_raw(&mut self, out: &mut impl Write) -> io::Result<()> {
        let Some((source, line)) = self.current().map(|(source, line)| (source, *line)) else { return Ok(()) };
        if let Some(bytes) = self.streams[source].bytes(line.start, line.next) {
            out.write_all(bytes)?;
        } else {
            self.copy_raw(source, line, out)?;
        }
        if line.end == line.next {
            out.write_all(self.inputs[source].origin.layout.encoding.newline())?;
        }
        Ok(())
    }

    /// Copies a line that is no longer at hand, block by block.
    fn copy_raw(&mut self, source: usize, line: Line, out: &mut impl Write) -> io::Result<()> {
        let mut block = vec![0; BLOCK_BYTES_MAX];
        let mut offset = line.start;
        while offset < line.next {
            let count = usize::try_from(line.next - offset).unwrap_or(usize::MAX).min(block.len());
            match self.inputs[source].source.read_at(offset, &mut block[..count]) {
                Ok(0) => break,
                Ok(count) => {
                    out.write_all(&block[..count])?;
                    offset += count as u64;
                }
                Err(error) => {
                    self.failures.push(Failure { source, error });
                    break;
                }
            }
        }
        Ok(())
    }

    /// The current line as a record, numbered `n`.
    pub fn record(&mut self, n: Option<u64>) -> Option<RecordView<'_>> {
        let (source, line) = self.current().map(|(source, line)| (source, *line))?;
        self.scratch.clear();
        let input = &self.inputs[source];
        let text = if line.wrapped {
            wrapped_text(input, line, self.streams[source].bytes(line.offset, line.end))
        } else {
            let wanted = usize::try_from(line.end - line.offset).unwrap_or(usize::MAX).min(TEXT_BYTES_MAX + 8);
            let head = match self.streams[source].bytes(line.offset, line.end) {
                Some(bytes) => &bytes[..wanted],
                None => {
                    let read = read_up_to(&*input.source, line.offset, wanted, &mut self.scratch);
                    if let Err(error) = read {
                        self.failures.push(Failure { source, error });
                    }
                    &self.scratch
                }
            };
            plain_text(input, line, head)
        };
        Some(RecordView {
            n,
            time: line.time,
            level: line.level,
            source: &input.id,
            offset: line.offset,
            text,
            cont: line.time.is_none(),
            late: line.late,
            wild: line.wild,
        })
    }

    fn note_failure(&mut self, source: usize) {
        if let Some(error) = self.streams[source].failure() {
            self.failures.push(Failure { source, error });
        }
    }
}

/// The text of a line that stands in its source as it is.
fn plain_text<'a>(input: &Input, line: Line, head: &'a [u8]) -> Text<'a> {
    let bytes = line.end - line.offset;
    match input.origin.layout.encoding {
        Encoding::Utf8 => {
            let whole = head.len() as u64 == bytes;
            let returns = if whole { head.ends_with(b"\r") } else { last_bytes(input, line, 1) == b"\r" };
            let bytes = bytes - u64::from(returns);
            text::decode(if whole && returns { &head[..head.len() - 1] } else { head }, bytes)
        }
        Encoding::Utf16 { big_endian } => {
            let unit: &[u8] = if big_endian { b"\0\r" } else { b"\r\0" };
            let returns = bytes.is_multiple_of(2) && last_bytes(input, line, 2) == unit;
            let bytes = bytes - if returns { 2 } else { 0 };
            let kept = usize::try_from(bytes).unwrap_or(usize::MAX).min(head.len());
            text::decode_utf16(&head[..kept], bytes, big_endian)
        }
    }
}

/// The last bytes of a line's content; fewer where the line is shorter or cannot be read any more.
fn last_bytes(input: &Input, line: Line, count: u64) -> Vec<u8> {
    let mut last = Vec::new();
    if line.end - line.offset < count {
        return last;
    }
    let wanted = usize::try_from(count).unwrap_or(0);
    match read_up_to(&*input.source, line.end - count, wanted, &mut last) {
        Ok(()) => last,
        Err(_) => Vec::new(),
    }
}

/// The text that a container runtime wrapped, its parts joined. `at_hand` are the line's bytes, where a block has them.
fn wrapped_text(input: &Input, line: Line, at_hand: Option<&[u8]>) -> Text<'static> {
    let mut joined = Joined::default();
    if let Some(bytes) = at_hand {
        for part in bytes.split(|byte| *byte == b'\n') {
            joined.push(input.origin.layout.wrapping, without_return(part));
        }
    } else {
        let mut lines = Lines::new(Arc::clone(&input.source), Encoding::Utf8, line.offset, BLOCK_BYTES_MIN);
        while lines.offset() < line.end && lines.next(u64::MAX).is_some() {
            joined.push(input.origin.layout.wrapping, without_return(lines.head()));
        }
    }
    joined.text()
}

/// Parts of a wrapped line, as much of them as a text holds.
#[derive(Default)]
struct Joined {
    head: Vec<u8>,
    bytes: u64,
    /// The last byte was a carriage return.
    returns: bool,
    scratch: Vec<u8>,
}

impl Joined {
    fn push(&mut self, wrapping: Option<Wrapping>, part: &[u8]) {
        let part = wrapping.and_then(|wrapping| wrapping.part(part, &mut self.scratch)).map_or(part, |part| part.text);
        let room = (TEXT_BYTES_MAX + 8).saturating_sub(self.head.len());
        self.head.extend_from_slice(&part[..part.len().min(room)]);
        self.bytes += part.len() as u64;
        self.returns = part.last().map_or(self.returns, |last| *last == b'\r');
    }

    fn text(mut self) -> Text<'static> {
        if self.returns {
            self.bytes -= 1;
            self.head.truncate(usize::try_from(self.bytes).unwrap_or(usize::MAX));
        }
        let Text { text, lossy, cut } = text::decode(&self.head, self.bytes);
        Text { text: text.into_owned().into(), lossy, cut }
    }
}

/// Reads `count` bytes from `offset` on into `out`, fewer only where the source ends.
fn read_up_to(source: &dyn Source, offset: u64, count: usize, out: &mut Vec<u8>) -> Result<(), Error> {
    out.resize(count, 0);
    let mut filled = 0;
    while filled < count {
        match source.read_at(offset + filled as u64, &mut out[filled..]) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) => {
                out.truncate(filled);
                return Err(error);
            }
        }
    }
    out.truncate(filled);
    Ok(())
}
