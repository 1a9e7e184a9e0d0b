//! `GET /api/v1/tasks/{task}/stats`: how a log's lines and their levels lie over it.

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, RawQuery, State};
use axum::response::{IntoResponse as _, Response};
use engine::limits::STATS_BUCKETS_MAX;
use record::wire::{StatsBy, StatsQuery};

use super::query::Query;
use super::{Shared, path, with_order};
use crate::problem::{Problem, bad_parameter};
use crate::tasks::stats as stats_of;

/// Buckets where nobody says how many.
const BUCKETS: u64 = 100;

/// The log, or a span of its time, in equal parts. Waits for the index.
pub async fn stats(
    State(shared): State<Shared>,
    task: Result<Path<String>, PathRejection>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let query = Query::read(query.as_deref(), &["buckets", "by", "since", "until"])?;
    let by = match query.text("by") {
        None | Some("" | "time") => StatsBy::Time,
        Some("line") => StatsBy::Line,
        Some(other) => return Err(bad_parameter(format!("by={other:?}: give time or line")).into()),
    };
    let count = query.number("buckets", 0)?.unwrap_or(BUCKETS);
    if !(1..=STATS_BUCKETS_MAX).contains(&count) {
        return Err(bad_parameter(format!("buckets={count}: give a whole number from 1 to {STATS_BUCKETS_MAX}")).into());
    }
    let text = |name| query.text(name).filter(|text| !text.is_empty()).map(ToOwned::to_owned);
    let task = path(task)?;
    let asked = StatsQuery { task: task.clone(), buckets: count, by, since: text("since"), until: text("until") };
    let snapshot = shared.task(&task).await?.snapshot().await;
    let permit = shared.stream_permit()?;
    let stats = stats_of(&snapshot, &asked, shared.catalog.zone()).await?;
    drop(permit);
    Ok(with_order(Json(stats).into_response(), &snapshot))
}
