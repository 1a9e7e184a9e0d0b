//! An answer on its way to a reader: written line by line, sent in chunks, no faster than it is read.

use std::io;
use std::time::Duration;

use bytes::Bytes;
use engine::Merge;
use futures::{Stream, StreamExt as _};
use record::JsonWriter;
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use super::marks::Sent;

/// Bytes gathered before they are sent.
const CHUNK_BYTES: usize = 64 << 10;

/// Bytes after which the first ones are sent.
const FIRST_CHUNK_BYTES: usize = 4 << 10;

/// How long a reader may not read before the memory that its merge needs is given back.
const PATIENCE: Duration = Duration::from_secs(2);

/// How long what was sent before an error may take on its way.
const LAST_WORD: Duration = Duration::from_millis(200);

/// Chunks that wait for a slow reader; the merge stands still meanwhile.
const CHUNKS_WAITING: usize = 4;

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

/// Lines as their reader wants them.
#[derive(Default)]
pub struct Lines {
    /// What was written.
    pub gathered: Vec<u8>,
    records: JsonWriter,
    /// What their reader was sent: it is not sent again, and events tell it.
    pub sent: Option<Sent>,
}

impl Lines {
    /// None yet, for a reader who was sent this before.
    #[must_use]
    pub fn behind(sent: Option<Sent>) -> Self {
        Self { sent, ..Self::default() }
    }

    /// Adds the current line of a merge, which has number `n`. False where it was sent before.
    pub fn line(&mut self, merge: &mut Merge, n: Option<u64>, format: Format) -> bool {
        if let Some(sent) = &mut self.sent {
            if sent.has(merge) {
                return false;
            }
            sent.take(merge);
        }
        let (open, close): (&[u8], &[u8]) = match format {
            Format::Text => {
                // A vector takes all.
                drop(merge.write_raw(&mut self.gathered));
                return true;
            }
            Format::Ndjson => (b"", b"\n"),
            Format::Page => (b"{\"record\":", b"}\n"),
            Format::Events => (b"", b"\n\n"),
        };
        self.gathered.extend_from_slice(open);
        if let Some(record) = merge.record(n) {
            if format == Format::Events {
                let mut head = format!("id: {}", n.unwrap_or_default());
                match &mut self.sent {
                    Some(sent) => sent.write(&mut head),
                    None => head.push(':'),
                }
                head.push_str("\ndata: ");
                self.gathered.extend_from_slice(head.as_bytes());
            }
            self.records.write(&record, &mut self.gathered);
        }
        self.gathered.extend_from_slice(close);
        true
    }
}

/// Bytes on their way to a reader.
pub struct Chunks {
    sender: mpsc::Sender<io::Result<Bytes>>,
    lines: Lines,
    /// What could not be sent for a while.
    waiting: Option<Bytes>,
    sent: bool,
}

impl Chunks {
    /// An answer of nothing yet, and what its reader reads.
    pub fn new() -> (Self, impl Stream<Item = io::Result<Bytes>> + Send + 'static) {
        let (sender, receiver) = mpsc::channel(CHUNKS_WAITING);
        let chunks = Self { sender, lines: Lines::default(), waiting: None, sent: false };
        (chunks, ReceiverStream::new(receiver))
    }

    /// The same for a reader who was sent this before, and is told with each event what he has been sent.
    pub fn go_on(&mut self, sent: Sent) {
        self.lines.sent = Some(sent);
    }

    /// Nothing was written.
    pub fn is_empty(&self) -> bool {
        !self.sent && self.lines.gathered.is_empty()
    }

    /// Done once the reader has gone.
    pub async fn closed(&self) {
        self.sender.closed().await;
    }

    /// Ends the answer so that nobody takes it for whole. None once the reader has gone.
    pub fn break_off(&self) -> Option<()> {
        self.sender.blocking_send(Err(io::Error::other("a source broke off"))).ok()
    }

    pub fn item(&mut self, item: &impl serde::Serialize) {
        // A vector takes all, and the wire's types have no maps whose keys could fail.
        let written = serde_json::to_writer(&mut self.lines.gathered, item);
        debug_assert!(written.is_ok(), "the wire's types are JSON");
        self.lines.gathered.push(b'\n');
    }

    /// Adds the current line of a merge, which has number `n`; false where it was sent before. None once the reader has gone.
    pub fn line(&mut self, merge: &mut Merge, n: Option<u64>, format: Format) -> Option<bool> {
        let is_new = self.lines.line(merge, n, format);
        self.send_when_full().map(|()| is_new)
    }

    /// What was not sent yet.
    pub fn gathered(&mut self) -> &mut Vec<u8> {
        &mut self.lines.gathered
    }

    pub fn send_when_full(&mut self) -> Option<()> {
        let enough = if self.sent { CHUNK_BYTES } else { FIRST_CHUNK_BYTES };
        if self.lines.gathered.len() >= enough { self.send() } else { Some(()) }
    }

    /// Sends what is gathered, as soon as there is room for it; gives up after a while, and keeps it. None once the reader
    /// has gone.
    pub fn send(&mut self) -> Option<()> {
        self.wait()?;
        if self.lines.gathered.is_empty() {
            return Some(());
        }
        self.sent = true;
        let next = Vec::with_capacity(CHUNK_BYTES + FIRST_CHUNK_BYTES);
        let chunk = Bytes::from(std::mem::replace(&mut self.lines.gathered, next));
        let room = Handle::current().block_on(tokio::time::timeout(PATIENCE, self.sender.reserve()));
        match room {
            Ok(room) => room.ok()?.send(Ok(chunk)),
            Err(_) => self.waiting = Some(chunk),
        }
        Some(())
    }

    /// The reader has not read for a while: what is needed to go on may be given back until [`Self::wait`] is done.
    pub fn is_stalled(&self) -> bool {
        self.waiting.is_some()
    }

    /// Waits until there is room for what could not be sent. None once the reader has gone.
    pub fn wait(&mut self) -> Option<()> {
        match self.waiting.take() {
            Some(chunk) => self.sender.blocking_send(Ok(chunk)).ok(),
            None => Some(()),
        }
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
