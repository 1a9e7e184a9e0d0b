//! A stretch of a task's log: found, merged on a thread that may block, sent as it is merged.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use engine::{Found, Log, Merge, Place};
use futures::{Stream, StreamExt as _};
use record::Zone;
use record::wire::{ApiError, Start, WindowHead, WindowItem};
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio_stream::wrappers::ReceiverStream;

use super::Snapshot;
use super::catalog::blocking;
use crate::{filters, problem};

/// Bytes gathered before they are sent.
const CHUNK_BYTES: usize = 64 << 10;

/// Bytes after which the first ones are sent.
const FIRST_CHUNK_BYTES: usize = 4 << 10;

/// Chunks that wait for a slow reader; the merge stands still meanwhile.
const CHUNKS_WAITING: usize = 4;

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
}

/// How records are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// A record in JSON a line.
    Ndjson,
    /// The lines' bytes.
    Text,
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
    /// The line with this ordinal.
    Line(u64),
    /// A merge that stands before its first line; its lines have no numbers yet.
    Uncounted(Box<Merge>),
}

impl Opening {
    /// Finds the place; waits for the index, where it has to.
    ///
    /// # Errors
    ///
    /// 400, 404 and 416 as the contract says.
    pub async fn find(snapshot: Arc<Snapshot>, wanted: &Wanted, zone: &Zone) -> Result<Self, ApiError> {
        if wanted.uncounted
            && let Start::Tail(count) = wanted.start
            && !snapshot.log().index().is_complete()
        {
            let log = Arc::clone(snapshot.log());
            let count = count.saturating_add(wanted.before);
            if let Some((merge, _)) = blocking(move || log.tail(count)).await {
                let from = From::Uncounted(Box::new(merge));
                return Ok(Self { snapshot, from, limit: wanted.limit, target: None, counted: false });
            }
        }
        let place = place(&snapshot, &wanted.start, zone)?;
        let ordinal = wait_for(&snapshot, place).await.ok_or_else(|| beyond(&snapshot, &wanted.start))?;
        let counted = snapshot.progress().borrow().complete;
        Ok(Self {
            from: From::Line(ordinal.saturating_sub(wanted.before)),
            limit: wanted.limit,
            target: Some(ordinal + 1),
            counted,
            snapshot,
        })
    }

    /// Merges and sends, no faster than the reader reads. Ends when the reader goes.
    ///
    /// Where a source breaks off meanwhile, the others go on; the last line then says what failed, and the stream ends
    /// with an error, so that nobody takes it for whole. The page's stream ends in good order: it reads the last line.
    pub fn stream(
        self,
        format: Format,
        permit: Option<OwnedSemaphorePermit>,
    ) -> impl Stream<Item = io::Result<Bytes>> + Send + 'static {
        let (sender, receiver) = mpsc::channel(CHUNKS_WAITING);
        tokio::task::spawn_blocking(move || {
            let mut out = Chunks { sender, gathered: Vec::new(), sent: false };
            self.write(format, &mut out);
            drop(permit);
        });
        // An error ends the connection with all that was not written to it yet: what came before gets time to go out.
        ReceiverStream::new(receiver).then(|chunk| async {
            if chunk.is_err() {
                tokio::time::sleep(LAST_WORD).await;
            }
            chunk
        })
    }

    /// None of the reader's business: it has gone, when a chunk cannot be sent.
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
        let log: &Log = snapshot.log();
        let (mut merge, mut n) = match self.from {
            From::Line(ordinal) => (log.merge_from(ordinal), Some(ordinal + 1)),
            From::Uncounted(merge) => (*merge, None),
        };
        for _ in 0..self.limit {
            if merge.next().is_none() {
                break;
            }
            match format {
                Format::Text => merge.write_raw(&mut out.gathered).ok()?,
                Format::Ndjson | Format::Page => {
                    let open: &[u8] = if format == Format::Page { b"{\"record\":" } else { b"" };
                    out.gathered.extend_from_slice(open);
                    if let Some(record) = merge.record(n) {
                        record.write_json(&mut out.gathered);
                    }
                    out.gathered.extend_from_slice(if format == Format::Page { b"}\n" } else { b"\n" });
                }
            }
            n = n.map(|n| n + 1);
            out.send_when_full()?;
        }
        match (merge.failures().first(), format) {
            (None, Format::Page) => out.item(&WindowItem::End),
            (None, _) => {}
            (Some(failure), _) => {
                let error = problem::source_failed(failure.error.to_string());
                tracing::warn!(source = &*log.inputs()[failure.source].id, error = error.detail, "a source broke off");
                match format {
                    Format::Page => out.item(&WindowItem::Error(error)),
                    Format::Ndjson => out.item(&serde_json::json!({ "error": error })),
                    Format::Text => {}
                }
                out.send()?;
                if format != Format::Page {
                    out.sender.blocking_send(Err(io::Error::other("a source broke off"))).ok()?;
                }
            }
        }
        out.send()
    }
}

/// Bytes on their way to a reader.
struct Chunks {
    sender: mpsc::Sender<io::Result<Bytes>>,
    gathered: Vec<u8>,
    sent: bool,
}

impl Chunks {
    fn item(&mut self, item: &impl serde::Serialize) {
        // A vector takes all, and the wire's types have no maps whose keys could fail.
        let written = serde_json::to_writer(&mut self.gathered, item);
        debug_assert!(written.is_ok(), "the wire's types are JSON");
        self.gathered.push(b'\n');
    }

    fn send_when_full(&mut self) -> Option<()> {
        let enough = if self.sent { CHUNK_BYTES } else { FIRST_CHUNK_BYTES };
        if self.gathered.len() >= enough { self.send() } else { Some(()) }
    }

    /// None once the reader has gone.
    fn send(&mut self) -> Option<()> {
        if self.gathered.is_empty() {
            return Some(());
        }
        self.sent = true;
        let next = Vec::with_capacity(CHUNK_BYTES + FIRST_CHUNK_BYTES);
        let chunk = std::mem::replace(&mut self.gathered, next);
        self.sender.blocking_send(Ok(chunk.into())).ok()
    }
}

/// The place in the order that was asked for.
fn place(snapshot: &Snapshot, start: &Start, zone: &Zone) -> Result<Place, ApiError> {
    match start {
        Start::Line(0) => Err(problem::bad_parameter("from=0: lines are counted from 1")),
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

fn beyond(snapshot: &Snapshot, start: &Start) -> ApiError {
    let lines = snapshot.log().index().lines();
    let what = match start {
        Start::Line(n) => format!("line {n}"),
        Start::Tail(_) => "the end".to_owned(),
        Start::Time(text) => format!("the time {text}"),
        Start::Anchor { source, offset } => format!("byte {offset} of {source}"),
    };
    problem::beyond(format!("{what} is beyond the end: the log has {lines} lines"))
}
