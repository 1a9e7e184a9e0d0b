//! `HEAD` and `PATCH` of `/api/v1/tasks/{task}/sources/{source}/raw`: a source as it is shipped
//! (draft-ietf-httpbis-resumable-upload).

use std::io::{self, Read};

use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, RawQuery, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use futures::StreamExt as _;
use record::Timestamp;
use record::wire::ApiError;
use tokio::sync::OwnedSemaphorePermit;

use super::query::Query;
use super::structured::{self, Boolean, Integer};
use super::{Shared, path, raw};
use crate::ingest::{
    BODY_BYTES_MAX, BODY_TIME_MAX, DRAIN_BYTES_MAX, Ingest, Piece, Standing, UNPACKING_KIB, ZSTD_WINDOW_LOG_MAX,
};
use crate::problem::{self, Problem};
use crate::tasks::blocking;

const UPLOAD_OFFSET: HeaderName = HeaderName::from_static("upload-offset");
const UPLOAD_COMPLETE: HeaderName = HeaderName::from_static("upload-complete");
const ARRIVED: HeaderName = HeaderName::from_static("logboom-arrived");

/// Entries of that header.
const ARRIVALS_MAX: usize = 1024;

/// How far a source is durable. A source that was not shipped is told of as `GET` does.
pub async fn head(
    state: State<Shared>,
    names: Result<Path<(String, String)>, PathRejection>,
    query: RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let State(shared) = &state;
    let (task, source) = path(names)?;
    shared.access.may_ship_or_read(&task)?;
    match shared.ingest.standing(&task, &source) {
        Some(Ok(standing)) => {
            Query::read(query.0.as_deref(), &[])?;
            let mut response = StatusCode::NO_CONTENT.into_response();
            tell(&mut response, standing);
            let limit = HeaderValue::try_from(format!("max-append-size={BODY_BYTES_MAX}"));
            response.headers_mut().extend(limit.ok().map(|limit| (HeaderName::from_static("upload-limit"), limit)));
            Ok(response)
        }
        Some(Err(failed)) => Ok(uncached(Problem(failed.problem()).into_response())),
        None => match shared.ingest.deleted(&task) {
            Some(deleted) => Ok(uncached(Problem(deleted).into_response())),
            None if shared.access.may_read(&task) => raw::raw(state, Ok(Path((task, source))), query, headers).await,
            None => Ok(uncached(Problem(problem::no_source(&task, &source)).into_response())),
        },
    }
}

/// Takes bytes at an offset, and answers when they are durable.
pub async fn patch(
    State(shared): State<Shared>,
    names: Result<Path<(String, String)>, PathRejection>,
    RawQuery(query): RawQuery,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let asked = Asked::read(&shared, names, query.as_deref(), &parts.headers);
    let asked = match asked {
        Ok(asked) => asked,
        Err(error) => return Ok(refuse(body, error).await),
    };
    let Asked { task, source, maker, offset, last, arrived, coding } = asked;
    if !shared.ingest.has_task(&task) && shared.catalog.is_found(&task) {
        return Ok(refuse(body, problem::taken(&task)).await);
    }
    let received = match receive(&shared.ingest, body, &parts.headers, coding).await {
        Ok(received) => received,
        Err((error, body)) => return Ok(refuse(body, error).await),
    };
    let Received { bytes, permits } = received;
    let appended = shared.ingest.append(&task, &source, Piece { offset, bytes, last, arrived }, &maker).await;
    drop(permits);
    match appended {
        Ok(standing) => {
            let mut response = StatusCode::NO_CONTENT.into_response();
            tell(&mut response, standing);
            Ok(response)
        }
        Err(refused) => {
            let mut response = Problem(refused.problem()).into_response();
            if refused.has_offset() {
                let nothing = Standing { bytes: 0, complete: false };
                let standing = shared.ingest.standing(&task, &source).and_then(Result::ok).unwrap_or(nothing);
                tell(&mut response, standing);
            }
            Ok(uncached(response))
        }
    }
}

/// What a `PATCH` asks for.
struct Asked {
    task: String,
    source: String,
    maker: crate::ingest::Maker,
    offset: u64,
    last: bool,
    arrived: Vec<(u64, Timestamp)>,
    coding: Coding,
}

impl Asked {
    fn read(
        shared: &Shared,
        names: Result<Path<(String, String)>, PathRejection>,
        query: Option<&str>,
        headers: &HeaderMap,
    ) -> Result<Self, ApiError> {
        let (task, source) = path(names)?;
        let maker = shared.access.may_ship(&task)?;
        Query::read(query, &[])?;
        let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim();
        if !kind.eq_ignore_ascii_case("application/partial-upload") {
            return Err(problem::unsupported(format!(
                "Content-Type: {kind:?}: bytes of a source are application/partial-upload"
            )));
        }
        let Some(Integer(offset)) = structured::read(headers, &UPLOAD_OFFSET)? else {
            let detail =
                "Upload-Offset is missing: give the place of the first byte in its source, such as Upload-Offset: 0";
            return Err(problem::bad_parameter(detail));
        };
        let last = structured::read(headers, &UPLOAD_COMPLETE)?.is_some_and(|Boolean(last)| last);
        let (arrived, coding) = (arrived(headers)?, Coding::of(headers)?);
        Ok(Self { task, source, maker, offset, last, arrived, coding })
    }
}

/// When bytes of the body came to who sends them, where he tells.
fn arrived(headers: &HeaderMap) -> Result<Vec<(u64, Timestamp)>, ApiError> {
    let Some(told) = headers.get(&ARRIVED) else { return Ok(Vec::new()) };
    let read = |entry: &str| {
        let (offset, nanos) = entry.trim().split_once('=')?;
        Some((offset.parse().ok()?, Timestamp::from_nanos(nanos.parse::<i64>().ok()?.into())))
    };
    let read = told.to_str().ok().and_then(|told| told.split(',').map(read).collect::<Option<Vec<_>>>());
    let read = read.filter(|read| read.len() <= ARRIVALS_MAX && read.is_sorted_by_key(|(offset, _)| *offset));
    read.ok_or_else(|| {
        problem::bad_parameter(format!(
            "Logboom-Arrived: give OFFSET=NANOSECONDS since 1970, with commas between, rising, {ARRIVALS_MAX} at most"
        ))
    })
}

/// How a body is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Coding {
    Plain,
    Gzip,
    Zstd,
}

impl Coding {
    fn of(headers: &HeaderMap) -> Result<Self, ApiError> {
        let mut codings = headers.get_all(header::CONTENT_ENCODING).iter();
        let coding = codings.next().map(|coding| coding.to_str().unwrap_or("?").trim().to_ascii_lowercase());
        match (coding.as_deref(), codings.next()) {
            (None | Some("" | "identity"), None) => Ok(Self::Plain),
            (Some("gzip" | "x-gzip"), None) => Ok(Self::Gzip),
            (Some("zstd"), None) => Ok(Self::Zstd),
            (coding, _) => Err(problem::unsupported(format!(
                "Content-Encoding: {:?}: a body may be packed once, with zstd or gzip",
                coding.unwrap_or_default()
            ))),
        }
    }
}

/// A body, unpacked, and the room that it takes.
struct Received {
    bytes: Vec<u8>,
    permits: Vec<OwnedSemaphorePermit>,
}

/// Reads a body; room is taken for what came, not for what was promised. With an error comes what is left of the body.
async fn receive(
    ingest: &Ingest,
    body: Body,
    headers: &HeaderMap,
    coding: Coding,
) -> Result<Received, (ApiError, Body)> {
    let length = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if length.is_some_and(|length| length > BODY_BYTES_MAX as u64) {
        return Err((problem::too_large(BODY_BYTES_MAX), body));
    }
    let mut stream = body.into_data_stream();
    let mut permits = Vec::new();
    let mut bytes =
        Vec::with_capacity(length.and_then(|length| usize::try_from(length).ok()).unwrap_or(0).min(64 << 10));
    let deadline = tokio::time::Instant::now() + BODY_TIME_MAX;
    loop {
        let chunk = match tokio::time::timeout_at(deadline, stream.next()).await {
            Ok(Some(Ok(chunk))) => chunk,
            Ok(None) => break,
            Ok(Some(Err(error))) => {
                let detail =
                    format!("the body broke off after {} bytes: {error}; nothing of it was stored", bytes.len());
                return Err((problem::bad_parameter(detail), Body::empty()));
            }
            Err(_) => return Err((problem::too_slow(BODY_TIME_MAX), Body::empty())),
        };
        if bytes.len() + chunk.len() > BODY_BYTES_MAX {
            return Err((problem::too_large(BODY_BYTES_MAX), Body::from_stream(stream)));
        }
        let kib = u32::try_from(chunk.len().div_ceil(1024)).unwrap_or(u32::MAX);
        match take(ingest, kib) {
            Ok(permit) => permits.push(permit),
            Err(error) => return Err((error, Body::from_stream(stream))),
        }
        bytes.extend_from_slice(&chunk);
    }
    if coding != Coding::Plain && !bytes.is_empty() {
        permits.push(take(ingest, UNPACKING_KIB).map_err(|error| (error, Body::empty()))?);
        bytes = blocking(move || unpack(&bytes, coding)).await.map_err(|error| (error, Body::empty()))?;
    }
    Ok(Received { bytes, permits })
}

fn take(ingest: &Ingest, kib: u32) -> Result<OwnedSemaphorePermit, ApiError> {
    let permit = std::sync::Arc::clone(ingest.in_flight()).try_acquire_many_owned(kib);
    permit.map_err(|_| problem::too_much_at_once())
}

/// What a body unpacks to, if that is not too much.
fn unpack(packed: &[u8], coding: Coding) -> Result<Vec<u8>, ApiError> {
    let mut bytes = Vec::new();
    let read = |reader: &mut dyn Read, bytes: &mut Vec<u8>| reader.take(BODY_BYTES_MAX as u64 + 1).read_to_end(bytes);
    let unpacked: io::Result<usize> = match coding {
        Coding::Plain => read(&mut { packed }, &mut bytes),
        Coding::Gzip => read(&mut flate2::bufread::MultiGzDecoder::new(packed), &mut bytes),
        Coding::Zstd => zstd::stream::read::Decoder::with_buffer(packed).and_then(|mut decoder| {
            decoder.window_log_max(ZSTD_WINDOW_LOG_MAX)?;
            read(&mut decoder, &mut bytes)
        }),
    };
    match unpacked {
        Ok(count) if count > BODY_BYTES_MAX => Err(problem::too_large(BODY_BYTES_MAX)),
        Ok(_) => Ok(bytes),
        Err(error) => Err(problem::bad_parameter(format!(
            "the body cannot be unpacked as Content-Encoding says: {error}; nothing of it was stored"
        ))),
    }
}

/// An error as an answer. What is left of the body is read first, up to a bound: a sender that is cut off while it sends
/// would never read the answer.
async fn refuse(body: Body, error: ApiError) -> Response {
    let mut stream = body.into_data_stream();
    let drain = async {
        let mut left = DRAIN_BYTES_MAX;
        while let Some(Ok(chunk)) = stream.next().await {
            left = left.saturating_sub(chunk.len());
            if left == 0 {
                break;
            }
        }
    };
    // Whether it came to its end does not matter.
    tokio::time::timeout(BODY_TIME_MAX, drain).await.ok();
    let is_unsupported = error.status == StatusCode::UNSUPPORTED_MEDIA_TYPE.as_u16();
    let mut response = uncached(Problem(error).into_response());
    if is_unsupported {
        let headers = response.headers_mut();
        headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("zstd, gzip"));
        headers.insert(HeaderName::from_static("accept-patch"), HeaderValue::from_static("application/partial-upload"));
    }
    response
}

/// Says in an answer how far the source is durable.
fn tell(response: &mut Response, standing: Standing) {
    let headers = response.headers_mut();
    headers.insert(UPLOAD_OFFSET, standing.bytes.into());
    headers.insert(UPLOAD_COMPLETE, HeaderValue::from_static(if standing.complete { "?1" } else { "?0" }));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
}

fn uncached(mut response: Response) -> Response {
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
