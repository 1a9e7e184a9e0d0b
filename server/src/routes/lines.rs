//! `GET /api/v1/tasks/{task}/lines`.

use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use record::wire::{ApiError, Start};

use super::query::Query;
use super::{Shared, path, with_order};
use crate::problem::{self, Problem, bad_parameter};
use crate::tasks::{Format, Opening, Wanted};

/// A stretch of the log, as records or as the lines' bytes.
pub async fn lines(
    State(shared): State<Shared>,
    task: Result<Path<String>, PathRejection>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let format = accepted(&headers)?;
    let query = Query::read(query.as_deref(), &["from", "tail", "at", "anchor", "before", "limit"])?;
    let named = query.one_of(&["from", "tail", "at", "anchor"])?;
    let wanted = Wanted {
        start: start(&query, named)?,
        before: query.number("before", 0)?.unwrap_or(0),
        limit: query.number("limit", 0)?.unwrap_or(u64::MAX),
        uncounted: false,
    };
    let snapshot = shared.task(&path(task)?).await?.snapshot().await;
    let permit = shared.stream_permit()?;
    let body = match Opening::find(snapshot.clone(), &wanted, shared.catalog.zone()).await {
        Ok(opening) => Body::from_stream(opening.stream(format, Some(permit))),
        // The whole of an empty log is nothing, and no mistake.
        Err(error) if error.status == 416 && matches!(named, None | Some("tail")) => Body::empty(),
        Err(error) => return Err(error.into()),
    };
    let kind = match format {
        Format::Text => "text/plain; charset=utf-8",
        Format::Ndjson | Format::Page => "application/x-ndjson",
    };
    let mut response = body.into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    Ok(with_order(response, &snapshot))
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
        check("image/png", None);
    }
}
