//! `GET /api/v1/tasks/{task}/lines`.

use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use futures::StreamExt as _;
use record::wire::{ApiError, Start};

use super::query::{FILTERS, Query};
use super::{Live, Shared, download, path, with_order};
use crate::problem::{self, Problem, bad_parameter};
use crate::tasks::{Format, NO_EVENT, Opening, Resume, Wanted, followed, with_last_word};

/// A stretch of the log, as records or as the lines' bytes.
pub async fn lines(
    State(shared): State<Shared>,
    task: Result<Path<String>, PathRejection>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let own = &["from", "tail", "at", "anchor", "before", "limit", "context", "as", "download", "gzip", "follow"];
    let query = Query::read(query.as_deref(), &[own, FILTERS].concat())?;
    let format = match query.text("as") {
        None | Some("") => accepted(&headers)?,
        Some("text") => Format::Text,
        Some("ndjson") => Format::Ndjson,
        Some(other) => return Err(bad_parameter(format!("as={other:?}: give text or ndjson")).into()),
    };
    let (download, gzip) = (query.flag("download")?, query.flag("gzip")?);
    if format == Format::Events && (download || gzip) {
        return Err(bad_parameter("events are no file: give as=text or as=ndjson with download and gzip").into());
    }
    let named = query.one_of(&["from", "tail", "at", "anchor"])?;
    let follow = query.flag("follow")?;
    if follow && (download || gzip) {
        return Err(bad_parameter("follow=1 has no end: ask for a download without it").into());
    }
    let wanted = Wanted {
        start: start(&query, named)?,
        before: query.number("before", 0)?.unwrap_or(0),
        limit: query.number("limit", 0)?.unwrap_or(u64::MAX),
        uncounted: false,
        filter: query.filter(),
        context: query.number("context", 0)?.unwrap_or(0),
        resume: if format == Format::Events { last_event(&headers)? } else { None },
    };
    let task = path(task)?;
    if follow {
        return Ok(self::follow(&shared, &task, wanted, format).await?);
    }
    let found = shared.task(&task).await?;
    // What a client has is held against the files as they are.
    let snapshot = if wanted.resume.is_some() { found.snapshot_now().await } else { found.snapshot().await };
    let permit = shared.stream_permit()?;
    let lines = match Opening::find(snapshot.clone(), &wanted, shared.catalog.zone()).await {
        Ok(Some(opening)) => opening.stream(format, Some(permit)).boxed(),
        // All was sent before: this answer keeps an `EventSource` from asking again.
        Ok(None) => return Ok(with_order(StatusCode::NO_CONTENT.into_response(), &snapshot)),
        // The whole of an empty log is nothing, and no mistake.
        Err(error) if error.status == 416 && matches!(named, None | Some("tail")) && wanted.resume.is_none() => {
            futures::stream::empty().boxed()
        }
        Err(error) => return Err(error.into()),
    };
    let kind = if gzip { "application/gzip" } else { kind_of(format) };
    let body = if gzip { Body::from_stream(download::gzipped(lines)) } else { Body::from_stream(lines) };
    let mut response = body.into_response();
    let ending = match (format, gzip) {
        (Format::Text, false) => "log",
        (Format::Text, true) => "log.gz",
        (_, false) => "ndjson",
        (_, true) => "ndjson.gz",
    };
    if let Some(disposition) = download::disposition(&task, ending).filter(|_| download) {
        response.headers_mut().insert(header::CONTENT_DISPOSITION, disposition);
    }
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response.headers_mut().insert(header::VARY, HeaderValue::from_static("Accept"));
    Ok(with_order(response, &snapshot))
}

/// The same, going on with what comes.
async fn follow(shared: &Shared, task: &str, wanted: Wanted, format: Format) -> Result<Response, ApiError> {
    let place = shared.follower()?;
    let task = shared.task(task).await?;
    let (snapshot, lines) = followed(&shared.catalog, task, wanted, format).await?;
    // The place is held as long as the answer is.
    let lines = with_last_word(lines).map(move |chunk| (chunk, &place).0);
    let mut response = Body::from_stream(lines).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind_of(format)));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::VARY, HeaderValue::from_static("Accept"));
    // Read by nginx: what is gathered there is not live.
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    response.extensions_mut().insert(Live);
    Ok(with_order(response, &snapshot))
}

fn kind_of(format: Format) -> &'static str {
    match format {
        Format::Text => "text/plain; charset=utf-8",
        Format::Events => "text/event-stream",
        Format::Ndjson | Format::Page => "application/x-ndjson",
    }
}

/// What a client had of a stream of events before it lost it.
fn last_event(headers: &HeaderMap) -> Result<Option<Resume>, ApiError> {
    let Some(id) = headers.get("last-event-id").filter(|id| !id.is_empty()) else { return Ok(None) };
    let read = id.to_str().ok().and_then(Resume::read);
    read.map(Some).ok_or_else(|| bad_parameter(NO_EVENT))
}

fn start(query: &Query, named: Option<&str>) -> Result<Start, ApiError> {
    match named {
        Some("tail") => Ok(Start::Tail(query.number("tail", 0)?.unwrap_or(0))),
        Some("at") => Ok(Start::Time(query.text("at").unwrap_or_default().to_owned())),
        Some("anchor") => {
            let text = query.text("anchor").unwrap_or_default();
            let anchor = text.rsplit_once(':').and_then(|(source, offset)| {
                Some(Start::Anchor { source: source.to_owned(), offset: offset.parse().ok()? })
            });
            anchor
                .ok_or_else(|| bad_parameter(format!("anchor={text:?}: give SOURCE:OFFSET, such as worker-1.log:4096")))
        }
        _ => Ok(Start::Line(query.number("from", 1)?.unwrap_or(1))),
    }
}

/// The form of answer that the client likes best of those there are; the first of equals.
fn accepted(headers: &HeaderMap) -> Result<Format, ApiError> {
    let accept: Vec<_> = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok()).collect();
    if accept.is_empty() {
        return Ok(Format::Ndjson);
    }
    let accept = accept.join(",");
    let mut best: Option<(f32, Format)> = None;
    for range in accept.split(',') {
        let mut parts = range.split(';').map(str::trim);
        let format = match parts.next().unwrap_or_default().to_ascii_lowercase().as_str() {
            "application/x-ndjson" | "application/*" | "*/*" => Format::Ndjson,
            "text/plain" | "text/*" => Format::Text,
            "text/event-stream" => Format::Events,
            _ => continue,
        };
        let weight = parts.find_map(|part| part.strip_prefix("q=")).map_or(1.0, |q| q.parse().unwrap_or(0.0));
        if weight > best.map_or(0.0, |(best, _)| best) {
            best = Some((weight, format));
        }
    }
    best.map(|(_, format)| format).ok_or_else(|| problem::not_acceptable(&accept))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(accept: &str, expected: Option<Format>) {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, HeaderValue::try_from(accept).expect("a header"));
        assert_eq!(accepted(&headers).ok(), expected, "{accept}");
    }

    #[test]
    fn the_form_that_the_client_likes_best_is_sent() {
        assert_eq!(accepted(&HeaderMap::new()).ok(), Some(Format::Ndjson));
        check("*/*", Some(Format::Ndjson));
        check("text/plain", Some(Format::Text));
        check("text/html, text/plain;q=0.5, */*;q=0.1", Some(Format::Text));
        check("application/x-ndjson, text/plain", Some(Format::Ndjson));
        check("text/plain;q=0, application/json", None);
        check("text/event-stream", Some(Format::Events));
        check("image/png", None);
    }
}
