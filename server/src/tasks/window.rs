//! A stretch of a task's log: found, merged on a thread that may block, sent as it is merged.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use engine::{Failure, Found, Log, Merge, Picker, Place};
use futures::{FutureExt as _, Stream, StreamExt as _};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use record::wire::{ApiError, Start, WindowHead, WindowItem};
use record::{JsonWriter, Zone};
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio_stream::wrappers::ReceiverStream;

use super::catalog::blocking;
use super::{Snapshot, View};
use crate::filters::Typed;
use crate::{filters, problem};

/// Bytes gathered before they are sent.
const CHUNK_BYTES: usize = 64 << 10;

/// Bytes after which the first ones are sent.
const FIRST_CHUNK_BYTES: usize = 4 << 10;

/// Chunks that wait for a slow reader; the merge stands still meanwhile.
const CHUNKS_WAITING: usize = 4;

/// Lines that are taken from a view at a time.
const FOUND_LINES: usize = 1024;

/// How long a reader may not read before the memory that its merge needs is given back.
const PATIENCE: Duration = Duration::from_secs(2);

/// How long to wait before looking again for a place that the index had not reached.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// How long what was sent before an error may take on its way.
const LAST_WORD: Duration = Duration::from_millis(200);

/// What was asked for.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// Where it starts.
    pub start: Start,
    /// So many lines earlier.
    pub before: u64,
    /// At most so many lines.
    pub limit: u64,
    /// The end may be shown before the lines were counted, its lines without numbers.
    pub uncounted: bool,
    /// Which lines count.
    pub filter: Typed,
    /// With so many lines around each match.
    pub context: u64,
    /// The last line that a client had before it lost the stream: what was asked for goes on behind it.
    pub resume: Option<Start>,
}

/// How records are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// A record in JSON a line.
    Ndjson,
    /// The lines' bytes.
    Text,
    /// A record an event, as `EventSource` reads them.
    Events,
    /// What the page reads: a head, records, an end.
    Page,
}

/// A window whose place is known: what remains is to send it.
pub struct Opening {
    snapshot: Arc<Snapshot>,
    from: From,
    limit: u64,
    target: Option<u64>,
    counted: bool,
}

enum From {
    /// The line of the view with this rank.
    Rank(View, u64),
    /// A merge that stands before its first line; its lines have no numbers yet.
    Uncounted(Box<Merge>),
}

impl Opening {
    /// Finds the place; waits for the index and for the search, where it has to. None where a stream that is taken up
    /// again had come to its end.
    ///
    /// # Errors
    ///
    /// 400, 404 and 416 as the contract says.
    pub async fn find(snapshot: Arc<Snapshot>, wanted: &Wanted, zone: &Zone) -> Result<Option<Self>, ApiError> {
        let view = View::of(&snapshot, &wanted.filter, wanted.context, zone).await?;
        if wanted.uncounted && matches!(view, View::All) && !snapshot.log().index().is_complete() {
            let place = place(&snapshot, &wanted.start, zone)?;
            let log = Arc::clone(snapshot.log());
            let before = wanted.before;
            if let Some(merge) = blocking(move || uncounted(&log, place, before)).await {
                let from = From::Uncounted(Box::new(merge));
                return Ok(Some(Self { snapshot, from, limit: wanted.limit, target: None, counted: false }));
            }
        }
        let (mut rank, target) = first(&snapshot, &view, &wanted.start, zone).await?;
        rank = rank.saturating_sub(wanted.before);
        let mut limit = wanted.limit;
        if let Some(last) = &wanted.resume {
            let last = behind(&snapshot, &view, last, zone).await?;
            limit = limit.saturating_sub(last.saturating_sub(rank));
            rank = last;
            if limit == 0 || rank >= view.count(&snapshot).await {
                return Ok(None);
            }
        }
        let counted = snapshot.progress().borrow().complete;
        Ok(Some(Self { from: From::Rank(view, rank), limit, target, counted, snapshot }))
    }

    /// Merges and sends, no faster than the reader reads. Ends when the reader goes.
    ///
    /// Where a source breaks off meanwhile, the others go on; the last line then says what failed, and the stream ends
    /// with an error, so that nobody takes it for whole. The page's stream and events end in good order: who reads them
    /// reads the last one.
    pub fn stream(
        self,
        format: Format,
        permit: Option<OwnedSemaphorePermit>,
    ) -> impl Stream<Item = io::Result<Bytes>> + Send + 'static {
        let (sender, receiver) = mpsc::channel(CHUNKS_WAITING);
        tokio::task::spawn_blocking(move || {
            let mut out =
                Chunks { sender, gathered: Vec::new(), waiting: None, records: JsonWriter::default(), sent: false };
            // None: the reader has gone, which is nobody's fault.
            self.write(format, &mut out);
            drop(permit);
        });
        with_last_word(ReceiverStream::new(receiver))
    }

    fn write(self, format: Format, out: &mut Chunks) -> Option<()> {
        let snapshot = self.snapshot;
        if format == Format::Page {
            out.item(&WindowItem::Head(WindowHead {
                generation: snapshot.generation(),
                lines: snapshot.lines_estimate(),
                counted: self.counted,
                target: self.target,
            }));
        }
        let failure = match self.from {
            From::Rank(View::All, rank) => write_numbered(snapshot.log(), rank, self.limit, format, out)?,
            From::Uncounted(merge) => write_uncounted(*merge, self.limit, format, out)?,
            From::Rank(view, rank) => write_found(&snapshot, &view, rank, self.limit, format, out)?,
        };
        let sent = out.sent || !out.gathered.is_empty();
        match (failure, format) {
            (None, Format::Page) => out.item(&WindowItem::End),
            // Where there was no record, whose id would be asked for again, the end has one that is answered with 204.
            (None, Format::Events) if !sent => out.gathered.extend_from_slice(b"id: end\nevent: end\ndata: {}\n\n"),
            (None, Format::Events) => out.gathered.extend_from_slice(b"event: end\ndata: {}\n\n"),
            (None, _) => {}
            (Some(error), _) => {
                tracing::warn!(error = error.detail, "an answer broke off");
                match format {
                    Format::Page => out.item(&WindowItem::Error(error)),
                    Format::Ndjson => out.item(&serde_json::json!({ "error": error })),
                    Format::Events => {
                        out.gathered.extend_from_slice(b"event: error\ndata: ");
                        out.item(&error);
                        out.gathered.push(b'\n');
                    }
                    Format::Text => {}
                }
                out.send()?;
                if matches!(format, Format::Ndjson | Format::Text) {
                    out.sender.blocking_send(Err(io::Error::other("a source broke off"))).ok()?;
                }
            }
        }
        out.send()
    }
}

/// Lets what was sent before an error go out: the error ends the connection with all that was not written to it yet.
pub fn with_last_word(
    chunks: impl Stream<Item = io::Result<Bytes>> + Send + 'static,
) -> impl Stream<Item = io::Result<Bytes>> + Send + 'static {
    chunks.then(|chunk| async {
        if chunk.is_err() {
            tokio::time::sleep(LAST_WORD).await;
        }
        chunk
    })
}

/// Writes lines that follow one another, from an ordinal on. None once the reader has gone; else the source that broke off.
fn write_numbered(
    log: &Log,
    mut ordinal: u64,
    limit: u64,
    format: Format,
    out: &mut Chunks,
) -> Option<Option<ApiError>> {
    let end = ordinal.saturating_add(limit);
    let mut merge = log.merge_from(ordinal);
    while ordinal < end && merge.next().is_some() {
        ordinal += 1;
        out.line(&mut merge, Some(ordinal), format)?;
        if out.is_stalled() && merge.failures().is_empty() {
            drop(merge);
            out.wait()?;
            merge = log.merge_from(ordinal);
            if let Some(failure) = log.new_failure(merge.failures()) {
                return Some(Some(failed(&failure)));
            }
        }
    }
    Some(merge.failures().first().map(failed))
}

/// The same of a few lines that have no numbers yet.
fn write_uncounted(mut merge: Merge, limit: u64, format: Format, out: &mut Chunks) -> Option<Option<ApiError>> {
    for _ in 0..limit {
        if merge.next().is_none() {
            break;
        }
        out.line(&mut merge, None, format)?;
    }
    Some(merge.failures().first().map(failed))
}

/// Writes lines of a view from a rank on, as they are found. As [`write_numbered`].
fn write_found(
    snapshot: &Snapshot,
    view: &View,
    mut rank: u64,
    limit: u64,
    format: Format,
    out: &mut Chunks,
) -> Option<Option<ApiError>> {
    let runtime = Handle::current();
    let mut picker = Picker::new(Arc::clone(snapshot.log()));
    let end = rank.saturating_add(limit);
    while rank < end {
        let count = FOUND_LINES.min(usize::try_from(end - rank).unwrap_or(usize::MAX));
        // What was found goes out before more is waited for.
        let found = runtime.block_on(async { view.lines(rank, count).now_or_never() });
        let ordinals = match found {
            Some(ordinals) => ordinals,
            None => {
                out.send()?;
                runtime.block_on(async {
                    tokio::select! {
                        ordinals = view.lines(rank, count) => Some(ordinals),
                        () = out.sender.closed() => None,
                    }
                })?
            }
        };
        if ordinals.is_empty() {
            break;
        }
        for ordinal in &ordinals {
            let Some(merge) = picker.line(*ordinal) else {
                // What comes behind a source that broke off has other numbers than those that were found.
                return Some(picker.failure().as_ref().map(failed));
            };
            out.line(merge, Some(ordinal + 1), format)?;
            if out.is_stalled() {
                picker.rest();
                out.wait()?;
            }
        }
        rank += ordinals.len() as u64;
    }
    // Whoever got all that was asked for need not know what is behind it.
    let known =
        || snapshot.log().index().failures().iter().find(|failure| view.wants_source(failure.source)).map(failed);
    Some(
        view.failure()
            .or_else(|| picker.failure().as_ref().map(failed))
            .or_else(|| if rank < end { known() } else { None }),
    )
}

fn failed(failure: &Failure) -> ApiError {
    problem::source_failed(failure.error.to_string())
}

/// Bytes on their way to a reader.
struct Chunks {
    sender: mpsc::Sender<io::Result<Bytes>>,
    gathered: Vec<u8>,
    /// What could not be sent for a while.
    waiting: Option<Bytes>,
    records: JsonWriter,
    sent: bool,
}

impl Chunks {
    fn item(&mut self, item: &impl serde::Serialize) {
        // A vector takes all, and the wire's types have no maps whose keys could fail.
        let written = serde_json::to_writer(&mut self.gathered, item);
        debug_assert!(written.is_ok(), "the wire's types are JSON");
        self.gathered.push(b'\n');
    }

    /// Adds the current line of a merge, which has number `n`. None once the reader has gone.
    fn line(&mut self, merge: &mut Merge, n: Option<u64>, format: Format) -> Option<()> {
        let (open, close): (&[u8], &[u8]) = match format {
            Format::Text => {
                merge.write_raw(&mut self.gathered).ok()?;
                return self.send_when_full();
            }
            Format::Ndjson => (b"", b"\n"),
            Format::Page => (b"{\"record\":", b"}\n"),
            Format::Events => (b"", b"\n\n"),
        };
        self.gathered.extend_from_slice(open);
        if let Some(record) = merge.record(n) {
            if format == Format::Events {
                let source = utf8_percent_encode(record.source, NON_ALPHANUMERIC);
                let n = n.unwrap_or_default();
                self.gathered.extend_from_slice(format!("id: {n}:{}:{source}\ndata: ", record.offset).as_bytes());
            }
            self.records.write(&record, &mut self.gathered);
        }
        self.gathered.extend_from_slice(close);
        self.send_when_full()
    }

    fn send_when_full(&mut self) -> Option<()> {
        let enough = if self.sent { CHUNK_BYTES } else { FIRST_CHUNK_BYTES };
        if self.gathered.len() >= enough { self.send() } else { Some(()) }
    }

    /// Sends what is gathered, as soon as there is room for it; gives up after a while, and keeps it. None once the reader
    /// has gone.
    fn send(&mut self) -> Option<()> {
        self.wait()?;
        if self.gathered.is_empty() {
            return Some(());
        }
        self.sent = true;
        let next = Vec::with_capacity(CHUNK_BYTES + FIRST_CHUNK_BYTES);
        let chunk = Bytes::from(std::mem::replace(&mut self.gathered, next));
        let room = Handle::current().block_on(tokio::time::timeout(PATIENCE, self.sender.reserve()));
        match room {
            Ok(room) => room.ok()?.send(Ok(chunk)),
            Err(_) => self.waiting = Some(chunk),
        }
        Some(())
    }

    /// The reader has not read for a while: what is needed to go on may be given back until [`Self::wait`] is done.
    fn is_stalled(&self) -> bool {
        self.waiting.is_some()
    }

    /// Waits until there is room for what could not be sent. None once the reader has gone.
    fn wait(&mut self) -> Option<()> {
        match self.waiting.take() {
            Some(chunk) => self.sender.blocking_send(Ok(chunk)).ok(),
            None => Some(()),
        }
    }
}

/// The merge from a place on that the index has not reached yet, if it can be told all the same.
fn uncounted(log: &Log, place: Place, before: u64) -> Option<Merge> {
    match place {
        Place::Tail(count) => log.tail(count.saturating_add(before)).map(|(merge, _)| merge),
        Place::Time(_) | Place::Anchor { .. } if log.find(place) == Found::NotYet => {
            log.near(place, before).map(|(merge, _)| merge)
        }
        _ => None,
    }
}

/// The rank of the first line of a view that comes after the one that `start` names, which need not be in it.
async fn behind(snapshot: &Arc<Snapshot>, view: &View, start: &Start, zone: &Zone) -> Result<u64, ApiError> {
    match first(snapshot, view, start, zone).await? {
        (_, Some(n)) => Ok(view.rank(n).await),
        (rank, None) => Ok(rank + 1),
    }
}

/// The rank in a view at which a window starts, and the number of the line that was asked for.
async fn first(
    snapshot: &Arc<Snapshot>,
    view: &View,
    start: &Start,
    zone: &Zone,
) -> Result<(u64, Option<u64>), ApiError> {
    let beyond = || beyond(snapshot, view, start);
    let by_rank = match (view, start) {
        (View::All, _) | (_, Start::Time(_) | Start::Anchor { .. }) => None,
        (_, Start::Line(0)) => return Err(no_line_0()),
        (_, Start::Line(n)) => Some(n - 1),
        (_, Start::Tail(count)) => Some(view.count(snapshot).await.saturating_sub(*count)),
    };
    if let Some(rank) = by_rank {
        // Nothing found is an answer; a line behind all that was found is a mistake.
        let is_there = rank == 0 || !view.lines(rank, 1).await.is_empty() || matches!(start, Start::Tail(_));
        return if is_there { Ok((rank, None)) } else { Err(beyond()) };
    }
    let place = place(snapshot, start, zone)?;
    let ordinal = wait_for(snapshot, place).await.ok_or_else(beyond)?;
    Ok((view.rank(ordinal).await, Some(ordinal + 1)))
}

fn no_line_0() -> ApiError {
    problem::bad_parameter("from=0: lines are counted from 1")
}

/// The place in the order that was asked for.
fn place(snapshot: &Snapshot, start: &Start, zone: &Zone) -> Result<Place, ApiError> {
    match start {
        Start::Line(0) => Err(no_line_0()),
        Start::Line(n) => Ok(Place::Line(n - 1)),
        Start::Tail(count) => Ok(Place::Tail(*count)),
        Start::Time(text) => filters::time(text, zone, filters::first_key(snapshot.log().inputs()))
            .map(Place::Time)
            .ok_or_else(|| problem::bad_parameter(filters::not_a_time("at=", text))),
        Start::Anchor { source, offset } => match snapshot.place(source) {
            Some(Ok(place)) => Ok(Place::Anchor { source: place, offset: *offset }),
            Some(Err(error)) => Err(problem::source_failed(error.to_string())),
            None => Err(problem::no_source(&snapshot.info().id, source)),
        },
    }
}

/// The ordinal of a place, once the index has come so far; none if it lies beyond the end.
async fn wait_for(snapshot: &Arc<Snapshot>, place: Place) -> Option<u64> {
    let mut progress = snapshot.progress();
    loop {
        if let Place::Line(ordinal) = place {
            // Cheaper than to look each time: nothing is read until the count has come so far.
            let near = ordinal < snapshot.log().index().spacing();
            // The sender goes only after the last count.
            if !near && progress.wait_for(|progress| progress.complete || progress.lines > ordinal).await.is_err() {
                return None;
            }
        }
        let log = Arc::clone(snapshot.log());
        match blocking(move || log.find(place)).await {
            Found::At(ordinal) => return Some(ordinal),
            Found::Beyond => return None,
            Found::NotYet => {
                if progress.changed().await.is_err() && !snapshot.log().index().is_complete() {
                    return None;
                }
                tokio::time::sleep(LOOK_AGAIN).await;
            }
        }
    }
}

fn beyond(snapshot: &Snapshot, view: &View, start: &Start) -> ApiError {
    let what = match start {
        Start::Line(n) => format!("line {n}"),
        Start::Tail(_) => "the end".to_owned(),
        Start::Time(text) => format!("the time {text}"),
        Start::Anchor { source, offset } => format!("byte {offset} of {source}"),
    };
    let lines = snapshot.log().index().lines();
    let has = match view.len(snapshot).filter(|_| !matches!(view, View::All)) {
        Some(found) => format!("{found} of the log's {lines} lines meet the conditions"),
        None => format!("the log has {lines} lines"),
    };
    problem::beyond(format!("{what} is beyond the end: {has}"))
}
