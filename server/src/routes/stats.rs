//! `GET /api/v1/tasks/{task}/stats`: how a log's lines and their levels lie over it.

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, RawQuery, State};
use axum::response::{IntoResponse as _, Response};
use engine::By;
use engine::limits::STATS_BUCKETS_MAX;
use record::wire::{Stats, StatsBucket, StatsBy};

use super::query::Query;
use super::{Shared, path, with_order};
use crate::problem::{Problem, bad_parameter};

/// Buckets where nobody says how many.
const BUCKETS: u64 = 100;

/// The log in equal parts. Waits for the index.
pub async fn stats(
    State(shared): State<Shared>,
    task: Result<Path<String>, PathRejection>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let query = Query::read(query.as_deref(), &["buckets", "by"])?;
    let (by, named) = match query.text("by") {
        None | Some("" | "time") => (By::Time, StatsBy::Time),
        Some("line") => (By::Line, StatsBy::Line),
        Some(other) => return Err(bad_parameter(format!("by={other:?}: give time or line")).into()),
    };
    let count = query.number("buckets", 0)?.unwrap_or(BUCKETS);
    if !(1..=STATS_BUCKETS_MAX).contains(&count) {
        return Err(bad_parameter(format!("buckets={count}: give a whole number from 1 to {STATS_BUCKETS_MAX}")).into());
    }
    let snapshot = shared.task(&path(task)?).await?.snapshot().await;
    let permit = shared.stream_permit()?;
    let parts = snapshot.stats(count, by).await?;
    drop(permit);
    let stats = Stats {
        by: named,
        generation: snapshot.generation(),
        lines: parts.buckets.iter().map(|bucket| bucket.lines).sum(),
        first_ts: snapshot.log().index().blocks().first().map(|block| block.first_key.to_string()),
        last_ts: parts.last.map(|last| last.to_string()),
        buckets: parts
            .buckets
            .iter()
            .map(|bucket| StatsBucket {
                n: bucket.first + 1,
                ts: bucket.from.to_string(),
                lines: bucket.lines,
                levels: bucket.levels.into(),
            })
            .collect(),
    };
    Ok(with_order(Json(stats).into_response(), &snapshot))
}
