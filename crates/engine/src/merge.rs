//! The exact merge of any number of streams: by key, then by the source's place, then by offset.

mod ahead;
mod copies;
mod tree;

use std::io::{self, Write};
use std::sync::Arc;

use record::RecordView;
use record::scan::Rules;
use record::text::{self, Text};

use crate::batch::{Batch, Line};
use crate::growth::Bounds;
use crate::limits::{AHEAD_SOURCES_MAX, BLOCK_BYTES_LEAST, BLOCK_BYTES_MAX, BLOCKS_BYTES_MAX};
use crate::stream::{Origin, Standing, Stream};
use crate::text::text_of;
use crate::{Error, Source};
use ahead::Ahead;
use copies::Copies;
use tree::Tree;

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
    (BLOCKS_BYTES_MAX / sources.max(1)).clamp(BLOCK_BYTES_LEAST, BLOCK_BYTES_MAX)
}

/// The lines of all inputs in the one order.
///
/// A line is looked at while it is the current one: [`Merge::next`] goes on to the next, then [`Merge::record`] and
/// [`Merge::write_raw`] hand it out. Needs memory for two blocks and a short look ahead of each source.
pub struct Merge {
    inputs: Arc<[Input]>,
    streams: Vec<Reader>,
    tree: Tree,
    /// The source of the current line.
    current: Option<usize>,
    /// The current line was not handed out yet.
    held: bool,
    /// What tells copies, where they are to be left out.
    copies: Option<Copies>,
    failures: Vec<Failure>,
    /// The sources of which a line has its year from the last modification.
    guessed_years: Vec<bool>,
    /// How far it goes, in a log that grows.
    bounds: Option<Bounds>,
    block_bytes: usize,
    scratch: Vec<u8>,
}

/// A stream, and the batch of its lines that is being taken.
struct Reader {
    ahead: Ahead,
    batch: Batch,
    /// The first line of the batch that was not passed.
    at: usize,
}

impl Merge {
    /// The merge of `inputs`, each from its standing on.
    #[must_use]
    pub fn new(inputs: Arc<[Input]>, standings: &[Standing]) -> Self {
        let block_bytes = block_bytes(inputs.len());
        Self::within(inputs, standings, block_bytes, None)
    }

    /// The same of sources that end at `ends`, whatever lies behind: each the end of a line. With the standings behind its last
    /// line, their keys raised to that of the last line, it is gone on with what has come since.
    #[must_use]
    pub fn until(inputs: Arc<[Input]>, standings: &[Standing], ends: &[u64]) -> Self {
        let block_bytes = block_bytes(inputs.len());
        let bounds = Bounds::new(Arc::default(), 0, 0, ends.into());
        Self::within(inputs, standings, block_bytes, Some(bounds))
    }

    /// The same, reading so many bytes at a time (few where few lines are wanted), and within bounds.
    pub(crate) fn within(
        inputs: Arc<[Input]>,
        standings: &[Standing],
        block_bytes: usize,
        bounds: Option<Bounds>,
    ) -> Self {
        debug_assert_eq!(inputs.len(), standings.len(), "a standing for each input");
        let ends = bounds.as_ref().map(Bounds::ends);
        let mut failures = Vec::new();
        let mut streams = Vec::with_capacity(inputs.len());
        for (source, (input, standing)) in inputs.iter().zip(standings).enumerate() {
            let end = ends.as_ref().map(|ends| ends[source]);
            streams.push(Reader::new(input, source, *standing, end, block_bytes, &mut failures));
        }
        let guessed_years = streams.iter().map(|reader| reader.batch.guessed_a_year).collect();
        let keys = streams.iter().map(|reader| reader.batch.lines.first().map(|line| line.key)).collect();
        Self {
            inputs,
            streams,
            tree: Tree::new(keys),
            current: None,
            held: false,
            copies: None,
            failures,
            guessed_years,
            bounds,
            block_bytes,
            scratch: Vec::new(),
        }
    }

    /// The merge of `inputs` from their first lines on.
    #[must_use]
    pub fn from_start(inputs: Arc<[Input]>) -> Self {
        let standings: Vec<_> = inputs.iter().map(|input| input.origin.standing()).collect();
        Self::new(inputs, &standings)
    }

    /// The same merge without copies (contract, section 5): all its sources count as copies of one another.
    ///
    /// It has to stand before the first line of a key.
    #[must_use]
    pub fn without_copies(self) -> Self {
        Self { copies: Some(Copies::new()), ..self }
    }

    /// Goes on to the next line: the place of its source, and the line. None after the last.
    #[expect(clippy::should_implement_trait, reason = "the line borrows from the merge")]
    #[inline]
    pub fn next(&mut self) -> Option<(usize, &Line)> {
        if std::mem::take(&mut self.held) {
            return self.current();
        }
        self.advance();
        while self.copies.is_some() && self.current.is_some() && !self.keeps() {
            self.advance();
        }
        self.current()
    }

    /// Has [`Merge::next`] give the current line once more.
    pub(crate) fn hold(&mut self) {
        self.held = self.current.is_some();
    }

    #[inline]
    fn advance(&mut self) {
        if let Some(source) = self.current {
            let reader = &mut self.streams[source];
            reader.at += 1;
            if reader.at == reader.batch.lines.len() {
                self.refill(source);
            }
            let reader = &self.streams[source];
            self.tree.replace_least(reader.batch.lines.get(reader.at).map(|line| line.key));
        }
        self.current = self.tree.least();
        if self.current.is_none() {
            self.pass_fences();
        }
    }

    /// Goes on behind the next fences, up to one with lines behind it. Its key is the least that they may have.
    #[cold]
    fn pass_fences(&mut self) {
        while self.current.is_none()
            && let Some(bounds) = &mut self.bounds
            && let Some(key) = bounds.pass()
        {
            let ends = bounds.ends();
            for (source, (reader, end)) in self.streams.iter_mut().zip(ends).enumerate() {
                let mut standing = reader.batch.standing(reader.at);
                standing.key = standing.key.max(key);
                let failed = self.failures.iter().any(|failure| failure.source == source);
                if failed || standing.offset >= end {
                    reader.batch = Batch::empty(standing);
                    continue;
                }
                let input = &self.inputs[source];
                *reader = Reader::new(input, source, standing, Some(end), self.block_bytes, &mut self.failures);
            }
            let keys = self.streams.iter().map(|reader| reader.batch.lines.first().map(|line| line.key)).collect();
            self.tree = Tree::new(keys);
            self.current = self.tree.least();
        }
    }

    /// The current line again.
    #[must_use]
    #[inline]
    pub fn current(&self) -> Option<(usize, &Line)> {
        let source = self.current?;
        let reader = &self.streams[source];
        Some((source, reader.batch.lines.get(reader.at)?))
    }

    /// What is merged, in the order that breaks ties.
    #[must_use]
    pub fn inputs(&self) -> &Arc<[Input]> {
        &self.inputs
    }

    /// Where every stream stands before the current line.
    #[must_use]
    pub fn standings(&self) -> Vec<Standing> {
        self.streams.iter().map(|reader| reader.batch.standing(reader.at)).collect()
    }

    /// How far every source was handed out: where it stands, or behind the current line.
    #[must_use]
    pub fn passed(&self) -> Vec<u64> {
        let mut passed: Vec<_> = self.streams.iter().map(|reader| reader.batch.standing(reader.at).offset).collect();
        if let Some((source, line)) = self.current() {
            passed[source] = line.next;
        }
        passed
    }

    /// By a source's place: one of its lines has its year from the source's last modification.
    pub(crate) fn guessed_years(&self) -> &[bool] {
        &self.guessed_years
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
    #[inline]
    pub fn write_raw(&mut self, out: &mut impl Write) -> io::Result<()> {
        let Some((source, line)) = self.current().map(|(source, line)| (source, *line)) else { return Ok(()) };
        match self.streams[source].batch.bytes(line.start(), line.next) {
            Some(bytes) => out.write_all(bytes)?,
            None => self.copy_raw(source, &line, out)?,
        }
        if line.end() == line.next {
            out.write_all(self.inputs[source].origin.layout.encoding.newline())?;
        }
        Ok(())
    }

    /// Copies a line that is no longer at hand, block by block.
    fn copy_raw(&mut self, source: usize, line: &Line, out: &mut impl Write) -> io::Result<()> {
        let mut block = vec![0; BLOCK_BYTES_MAX];
        let mut offset = line.start();
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

    /// The current line's text. A source that fails meanwhile is noted among the failures, and the text is empty.
    pub fn text(&mut self) -> Option<Text<'_>> {
        self.record(None).map(|record| record.text)
    }

    /// The current line as a record, numbered `n`.
    pub fn record(&mut self, n: Option<u64>) -> Option<RecordView<'_>> {
        let Self { inputs, streams, current, failures, scratch, .. } = self;
        let source = (*current)?;
        let Reader { batch, at, .. } = &streams[source];
        let line = batch.lines.get(*at)?;
        let input = &inputs[source];
        let read = text_of(input, line, batch.bytes(line.offset, line.end()), scratch);
        let text = read.unwrap_or_else(|error| {
            failures.push(Failure { source, error });
            text::decode(b"", 0)
        });
        Some(RecordView {
            n,
            time: line.time(),
            level: line.level,
            source: &input.id,
            offset: line.offset,
            text,
            cont: line.time().is_none(),
            late: line.is_late(),
            wild: line.is_wild(),
        })
    }

    #[cold]
    fn refill(&mut self, source: usize) {
        let ahead = self.streams.len() <= AHEAD_SOURCES_MAX;
        let reader = &mut self.streams[source];
        reader.ahead.take(&mut reader.batch, ahead);
        reader.at = 0;
        self.guessed_years[source] |= reader.batch.guessed_a_year;
        note_failure(reader, source, &mut self.failures);
    }
}

impl Reader {
    /// A source from a standing on, as if it ended at `end`.
    fn new(
        input: &Input,
        source: usize,
        standing: Standing,
        end: Option<u64>,
        block_bytes: usize,
        failures: &mut Vec<Failure>,
    ) -> Self {
        let stream = Stream::new(&input.source, &input.rules, &input.origin, standing, block_bytes);
        let stream = match end {
            Some(end) => stream.until(end),
            None => stream,
        };
        let mut reader = Self { batch: Batch::empty(stream.standing()), ahead: Ahead::new(stream), at: 0 };
        reader.ahead.take(&mut reader.batch, false);
        note_failure(&reader, source, failures);
        reader
    }
}

fn note_failure(reader: &Reader, source: usize, failures: &mut Vec<Failure>) {
    if reader.batch.lines.is_empty()
        && let Some(error) = reader.ahead.failure()
    {
        failures.push(Failure { source, error });
    }
}
