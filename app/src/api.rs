//! The only door to data: what the server gives the viewer, and how the browser asks for it.

use std::pin::Pin;

use bytes::Bytes;
use futures::future::BoxFuture;
use futures::{Stream, StreamExt};
use leptos::prelude::*;
use record::wire::{
    ApiError, Hits, HitsQuery, Record, Stats, StatsQuery, Step, StepQuery, TaskInfo, TaskList, WindowItem, WindowQuery,
};
use serde::{Deserialize, Serialize};
use server_fn::codec::{ByteStream, GetUrl, Json, JsonEncoding, Streaming};
use server_fn::error::{FromServerFnError, ServerFnErrorErr};

use crate::model::face;
use crate::model::ndjson::Splitter;

/// ndjson lines of [`WindowItem`], in chunks that may be cut anywhere; what goes wrong comes as one of them.
pub type WindowStream = Pin<Box<dyn Stream<Item = Bytes> + Send>>;

/// What the server can tell. It is given to the pages as an `Arc<dyn Api>` in the context.
pub trait Api: Send + Sync + 'static {
    /// All tasks.
    fn tasks(&self) -> BoxFuture<'_, Result<TaskList, ApiError>>;

    /// One task, by its id.
    fn task(&self, id: String) -> BoxFuture<'_, Result<TaskInfo, ApiError>>;

    /// A stretch of a task's merged log.
    fn window(&self, query: WindowQuery) -> BoxFuture<'_, Result<WindowStream, ApiError>>;

    /// How far a search has come, and where its hits lie.
    fn hits(&self, query: HitsQuery) -> BoxFuture<'_, Result<Hits, ApiError>>;

    /// The next line that a filter lets through, or the one before.
    fn step(&self, query: StepQuery) -> BoxFuture<'_, Result<Step, ApiError>>;

    /// How many minutes a zone of the IANA database is east of UTC at that second since 1970; none where it is not known.
    fn minutes_east(&self, zone: &str, second: i64) -> Option<i64>;

    /// How the log's lines and their levels lie over it.
    fn stats(&self, query: StatsQuery) -> BoxFuture<'_, Result<Stats, ApiError>>;
}

/// An [`ApiError`] on its way to the browser.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure(pub ApiError);

impl From<ApiError> for Failure {
    fn from(error: ApiError) -> Self {
        Self(error)
    }
}

/// What is said while the server is away.
pub const GONE: &str = "The server does not answer; what is here stays.";

impl FromServerFnError for Failure {
    type Encoder = JsonEncoding;

    /// A status of 0 says that no answer came at all.
    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        let (status, detail) = match error {
            ServerFnErrorErr::Request(_) | ServerFnErrorErr::Response(_) | ServerFnErrorErr::Deserialization(_) => {
                (0, GONE.to_owned())
            }
            ServerFnErrorErr::Args(_) | ServerFnErrorErr::MissingArg(_) => (400, error.to_string()),
            _ => (500, error.to_string()),
        };
        Self(ApiError { status, title: "No answer".to_owned(), detail })
    }
}

/// All tasks.
#[server(input = GetUrl, output = Json, prefix = "/api/page", endpoint = "tasks")]
pub async fn tasks() -> Result<TaskList, Failure> {
    Ok(expect_context::<std::sync::Arc<dyn Api>>().tasks().await?)
}

/// One task, by its id.
#[server(input = GetUrl, output = Json, prefix = "/api/page", endpoint = "task")]
pub async fn task(
    /// The task's id.
    id: String,
) -> Result<TaskInfo, Failure> {
    Ok(expect_context::<std::sync::Arc<dyn Api>>().task(id).await?)
}

/// A stretch of a log, each line cut to what a row shows.
#[server(input = GetUrl, output = Streaming, prefix = "/api/page", endpoint = "window")]
pub async fn window(
    /// Which stretch.
    query: WindowQuery,
) -> Result<ByteStream<Failure>, Failure> {
    let lines = expect_context::<std::sync::Arc<dyn Api>>().window(query).await?;
    Ok(ByteStream::from(shortened(lines)))
}

/// What belongs under a line: that which continues it, or its group; as stretches of lines of what is shown.
#[server(input = GetUrl, output = Json, prefix = "/api/page", endpoint = "fold")]
pub async fn fold_of(
    /// The window that starts with the line.
    query: WindowQuery,
) -> Result<Vec<(u64, u64)>, Failure> {
    Ok(crate::fold::fold(&*expect_context::<std::sync::Arc<dyn Api>>(), query).await?)
}

/// One line, with as much of it as a record holds.
#[server(input = GetUrl, output = Streaming, prefix = "/api/page", endpoint = "line")]
pub async fn line(
    /// The task's id.
    task: String,
    /// The source's id.
    source: String,
    /// Where the line starts in it.
    offset: u64,
) -> Result<ByteStream<Failure>, Failure> {
    let query = WindowQuery {
        task,
        start: record::wire::Start::Anchor { source, offset },
        before: 0,
        limit: 1,
        filter: record::wire::LineFilter::default(),
        context: 0,
    };
    Ok(ByteStream::from(expect_context::<std::sync::Arc<dyn Api>>().window(query).await?))
}

/// How far a search has come, and where its hits lie.
#[server(input = GetUrl, output = Json, prefix = "/api/page", endpoint = "hits")]
pub async fn search(
    /// What is searched for.
    query: HitsQuery,
) -> Result<Hits, Failure> {
    Ok(expect_context::<std::sync::Arc<dyn Api>>().hits(query).await?)
}

/// The next line that a filter lets through, or the one before.
#[server(input = GetUrl, output = Json, prefix = "/api/page", endpoint = "step")]
pub async fn next_hit(
    /// From where, and to what.
    query: StepQuery,
) -> Result<Step, Failure> {
    Ok(expect_context::<std::sync::Arc<dyn Api>>().step(query).await?)
}

/// How the log's lines and their levels lie over it.
#[server(input = GetUrl, output = Json, prefix = "/api/page", endpoint = "stats")]
pub async fn overview(
    /// In which parts.
    query: StatsQuery,
) -> Result<Stats, Failure> {
    Ok(expect_context::<std::sync::Arc<dyn Api>>().stats(query).await?)
}

/// Cuts the text of each record to what a row shows; other lines pass as they are.
pub fn shortened(lines: WindowStream) -> impl Stream<Item = Bytes> + Send {
    let mut splitter = Splitter::default();
    lines.map(move |chunk| {
        let mut passed = Vec::with_capacity(chunk.len());
        splitter.push(&chunk, |line| {
            let long = (line.len() > face::HEAD_BYTES_MAX).then(|| shortened_line(line)).flatten();
            passed.extend_from_slice(long.as_deref().unwrap_or(line));
            passed.push(b'\n');
        });
        Bytes::from(passed)
    })
}

fn shortened_line(line: &[u8]) -> Option<Vec<u8>> {
    let WindowItem::Record(mut record) = serde_json::from_slice(line).ok()? else {
        return None;
    };
    face::shorten(&mut record);
    serde_json::to_vec(&WindowItem::Record(record)).ok()
}

/// Reads one line of a window. As text, as the page's own data are read: one way of reading is enough for the browser.
pub(crate) fn item(line: &[u8]) -> serde_json::Result<WindowItem> {
    serde_json::from_str(&String::from_utf8_lossy(line))
}

/// Gathers a window that is short enough to be held.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gathered {
    /// What the records belong to; none when nothing came.
    pub head: Option<record::wire::WindowHead>,
    /// The records.
    pub records: Vec<Record>,
    /// What went wrong; also when the answer was cut off on its way.
    pub error: Option<ApiError>,
}

impl Gathered {
    /// Reads a window to its end.
    pub async fn read(mut chunks: impl Stream<Item = Bytes> + Unpin) -> Self {
        let mut gathered = Self::default();
        let mut splitter = Splitter::default();
        let mut ended = false;
        while let Some(chunk) = chunks.next().await {
            splitter.push(&chunk, |line| match item(line) {
                Ok(WindowItem::Head(head)) => gathered.head = Some(head),
                Ok(WindowItem::Record(record)) => gathered.records.push(record),
                Ok(WindowItem::End) => ended = true,
                Ok(WindowItem::Error(error)) => gathered.error = Some(error),
                Err(error) => gathered.error = Some(unreadable(&error)),
            });
        }
        if !ended && gathered.error.is_none() {
            gathered.error = Some(cut_off());
        }
        gathered
    }
}

/// The answer ended without saying that it was at its end.
#[must_use]
pub fn cut_off() -> ApiError {
    ApiError {
        status: 502,
        title: "Cut off".to_owned(),
        detail: "The answer was cut off on its way; what came is shown.".to_owned(),
    }
}

pub(crate) fn unreadable(error: &serde_json::Error) -> ApiError {
    ApiError {
        status: 502,
        title: "Unreadable answer".to_owned(),
        detail: format!("The answer cannot be read: {error}."),
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use futures::StreamExt as _;
    use futures::executor::block_on;
    use record::wire::{Record, WindowItem};

    use super::{Gathered, shortened};
    use crate::model::sample;

    fn lines(items: &[WindowItem], cut: usize) -> Vec<Bytes> {
        let mut bytes = Vec::new();
        for item in items {
            serde_json::to_writer(&mut bytes, item).unwrap();
            bytes.push(b'\n');
        }
        bytes.chunks(cut).map(Bytes::copy_from_slice).collect()
    }

    fn record(text: &str) -> WindowItem {
        WindowItem::Record(Record { n: Some(1), source: "a".to_owned(), ..sample::record(text) })
    }

    #[test]
    fn a_long_line_is_shortened_however_its_bytes_arrive() {
        for cut in [7, 4096, 1 << 20] {
            let chunks = lines(&[record(&"é".repeat(50_000)), record("short"), WindowItem::End], cut);
            let stream = shortened(Box::pin(futures::stream::iter(chunks)));
            let gathered = block_on(Gathered::read(Box::pin(stream)));
            assert_eq!(gathered.error, None);
            assert_eq!(gathered.records[0].cut, Some(100_000 - (16 << 10)));
            assert_eq!(gathered.records[1].text, "short");
        }
    }

    #[test]
    fn an_answer_without_an_end_was_cut_off() {
        let chunks = lines(&[record("x")], 10);
        let gathered = block_on(Gathered::read(futures::stream::iter(chunks).boxed()));
        assert_eq!(gathered.records.len(), 1);
        assert_eq!(gathered.error.map(|error| error.title), Some("Cut off".to_owned()));
    }
}
