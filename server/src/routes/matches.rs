//! `GET /api/v1/tasks/{task}/matches`: the numbers of the lines that a filter lets through, as they are found.

use std::io;

use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use futures::{Stream, stream};
use serde_json::json;

use super::query::{FILTERS, Query};
use super::{Shared, path, with_order};
use crate::problem::{Problem, bad_parameter};
use crate::tasks::{Matches, settle, with_last_word};

/// Numbers in a batch at most.
const BATCH: usize = 4096;

/// The numbers, in batches that rise; how much was searched; and last how many there are.
pub async fn matches(
    State(shared): State<Shared>,
    task: Result<Path<String>, PathRejection>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let query = Query::read(query.as_deref(), FILTERS)?;
    let snapshot = shared.task(&path(task)?).await?.snapshot().await;
    let permit = shared.stream_permit()?;
    let typed = query.filter();
    let filter = settle(&snapshot, &typed, shared.catalog.zone())?;
    if filter.is_empty() {
        let names = FILTERS.join(", ");
        return Err(bad_parameter(format!("nothing is looked for: give q, or another of {names}")).into());
    }
    let matches = Matches::new(&snapshot, typed, filter);
    let mut response = Body::from_stream(with_last_word(lines((matches, permit)))).into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/x-ndjson"));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    Ok(with_order(response, &snapshot))
}

/// The answer, line by line. What is searched for is held as long as somebody reads; so is `permit`.
fn lines<P: Send + 'static>((matches, permit): (Matches, P)) -> impl Stream<Item = io::Result<Bytes>> + Send {
    enum Next {
        More(Matches),
        /// The answer ends with an error.
        Break,
    }
    stream::unfold((Some(Next::More(matches)), permit), |(next, permit)| async move {
        let mut matches = match next? {
            Next::More(matches) => matches,
            Next::Break => return Some((Err(io::Error::other("a source broke off")), (None, permit))),
        };
        let (ordinals, progress) = matches.next(BATCH).await;
        let mut text = String::new();
        if !ordinals.is_empty() {
            let numbers: Vec<u64> = ordinals.iter().map(|ordinal| ordinal + 1).collect();
            text = format!("{}\n", json!({ "n": numbers }));
        }
        let all = matches.count() == progress.found;
        let next = match matches.failure().filter(|_| progress.ended && all) {
            Some(error) => {
                text.push_str(&format!("{}\n", json!({ "error": error })));
                Some(Next::Break)
            }
            None if progress.ended && all => {
                let failed = matches.failed();
                let done = if failed.is_empty() {
                    json!({ "done": true, "matches": progress.found })
                } else {
                    json!({ "done": true, "matches": progress.found, "failed": failed })
                };
                text.push_str(&format!("{done}\n"));
                None
            }
            None => {
                if all {
                    text.push_str(&format!("{}\n", json!({ "searched": progress.share })));
                }
                Some(Next::More(matches))
            }
        };
        Some((Ok(Bytes::from(text)), (next, permit)))
    })
}
