//! `GET /api/v1/tasks/{task}/sources/{source}/raw`: a source's bytes.

use std::io;
use std::ops::Range;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use engine::Source;
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio_stream::wrappers::ReceiverStream;

use super::query::Query;
use super::{Shared, path, with_order};
use crate::problem::{self, Problem};

/// Bytes read and sent at a time.
const CHUNK_BYTES: u64 = 256 << 10;

/// Chunks that wait for a slow reader.
const CHUNKS_WAITING: usize = 2;

/// The bytes as they are; one range of them, where one is asked for.
pub async fn raw(
    State(shared): State<Shared>,
    names: Result<Path<(String, String)>, PathRejection>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    Query::read(query.as_deref(), &[])?;
    let (task, id) = path(names)?;
    let snapshot = shared.task(&task).await?.snapshot().await;
    let source = match snapshot.place(&id) {
        Some(Ok(place)) => Arc::clone(&snapshot.log().inputs()[place].source),
        Some(Err(error)) => return Err(problem::source_failed(error.to_string()).into()),
        None => return Err(problem::no_source(&task, &id).into()),
    };
    let permit = shared.stream_permit()?;
    let mut response = match (source.bytes_written(), headers.get(header::RANGE)) {
        (Some(bytes), Some(range)) => match wanted(range, bytes) {
            Some(Ok(range)) => {
                let content_range = format!("bytes {}-{}/{bytes}", range.start, range.end - 1);
                let mut response = send(source, range.clone(), permit);
                *response.status_mut() = StatusCode::PARTIAL_CONTENT;
                insert(&mut response, header::CONTENT_RANGE, &content_range);
                insert(&mut response, header::CONTENT_LENGTH, &(range.end - range.start).to_string());
                response
            }
            Some(Err(())) => {
                let error = problem::beyond(format!("the range lies beyond the end: {id} has {bytes} bytes"));
                let mut response = Problem(error).into_response();
                insert(&mut response, header::CONTENT_RANGE, &format!("bytes */{bytes}"));
                return Ok(response);
            }
            None => whole(source, bytes, permit),
        },
        (Some(bytes), None) => whole(source, bytes, permit),
        (None, _) => send(source, 0..u64::MAX, permit),
    };
    insert(&mut response, header::ACCEPT_RANGES, "bytes");
    insert(&mut response, header::CONTENT_TYPE, "application/octet-stream");
    insert(&mut response, header::CACHE_CONTROL, "no-cache");
    Ok(with_order(response, &snapshot))
}

fn whole(source: Arc<dyn Source>, bytes: u64, permit: OwnedSemaphorePermit) -> Response {
    let mut response = send(source, 0..bytes, permit);
    insert(&mut response, header::CONTENT_LENGTH, &bytes.to_string());
    response
}

/// Reads on a thread that may block, no faster than the reader reads.
fn send(source: Arc<dyn Source>, range: Range<u64>, permit: OwnedSemaphorePermit) -> Response {
    let (sender, receiver) = mpsc::channel::<io::Result<Bytes>>(CHUNKS_WAITING);
    tokio::task::spawn_blocking(move || {
        let mut offset = range.start;
        while offset < range.end {
            let count = usize::try_from(CHUNK_BYTES.min(range.end - offset)).unwrap_or(0);
            let mut chunk = vec![0; count];
            let read = source.read_at(offset, &mut chunk).map_err(io::Error::other);
            let ended = !matches!(read, Ok(1..));
            offset += read.as_ref().map_or(0, |count| *count as u64);
            let read = read.map(|count| {
                chunk.truncate(count);
                Bytes::from(chunk)
            });
            if sender.blocking_send(read).is_err() || ended {
                break;
            }
        }
        drop(permit);
    });
    Body::from_stream(ReceiverStream::new(receiver)).into_response()
}

/// The one range that is asked for; an error if it lies beyond the end. None for what is not understood: such a header
/// is passed over (RFC 9110, 14.2), and so are several ranges at once.
fn wanted(range: &HeaderValue, bytes: u64) -> Option<Result<Range<u64>, ()>> {
    let (first, last) = range.to_str().ok()?.strip_prefix("bytes=")?.split_once('-')?;
    let range = match (first.trim(), last.trim()) {
        ("", last) => bytes.saturating_sub(last.parse().ok()?)..bytes,
        (first, "") => first.parse().ok()?..bytes,
        (first, last) => {
            let (first, last): (u64, u64) = (first.parse().ok()?, last.parse().ok()?);
            if last < first {
                return None;
            }
            first..last.saturating_add(1).min(bytes)
        }
    };
    Some(if range.start < range.end { Ok(range) } else { Err(()) })
}

fn insert(response: &mut Response, name: header::HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(range: &str, expected: Option<Result<Range<u64>, ()>>) {
        assert_eq!(wanted(&HeaderValue::try_from(range).expect("a header"), 100), expected, "{range}");
    }

    #[test]
    fn one_range_is_understood_and_others_are_passed_over() {
        check("bytes=0-9", Some(Ok(0..10)));
        check("bytes=90-", Some(Ok(90..100)));
        check("bytes=90-1000", Some(Ok(90..100)));
        check("bytes=-5", Some(Ok(95..100)));
        check("bytes=-500", Some(Ok(0..100)));
        check("bytes=100-", Some(Err(())));
        check("bytes=-0", Some(Err(())));
        check("bytes=9-3", None);
        check("bytes=0-1,5-6", None);
        check("lines=0-1", None);
    }
}
