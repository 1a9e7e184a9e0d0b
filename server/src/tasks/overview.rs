//! A log from afar: how its lines and their levels lie over it.

use std::sync::Arc;

use engine::By;
use engine::limits::STATS_BUCKETS_MAX;
use record::wire::{ApiError, Stats, StatsBucket, StatsBy, StatsQuery};
use record::{Timestamp, Zone};

use super::Snapshot;
use crate::{filters, problem};

/// The log, or a span of its time, in equal parts, [`STATS_BUCKETS_MAX`] at most. Waits for the index.
///
/// # Errors
///
/// 400 for ends of the span that cannot be read; that of a source which broke off.
pub async fn stats(snapshot: &Arc<Snapshot>, query: &StatsQuery, zone: &Zone) -> Result<Stats, ApiError> {
    let by = query.by;
    let order = match by {
        StatsBy::Time => span(snapshot, query, zone).await?,
        StatsBy::Line if query.since.is_some() || query.until.is_some() => {
            return Err(problem::bad_parameter("since and until divide time: they go with by=time"));
        }
        StatsBy::Line => By::Line,
    };
    let parts = snapshot.stats(query.buckets.clamp(1, STATS_BUCKETS_MAX), order).await?;
    let buckets = parts.buckets.iter().map(|bucket| StatsBucket {
        n: bucket.first + 1,
        ts: bucket.from.to_string(),
        lines: bucket.lines,
        levels: bucket.levels.into(),
    });
    Ok(Stats {
        by,
        generation: snapshot.generation(),
        lines: parts.buckets.iter().map(|bucket| bucket.lines).sum(),
        first_ts: snapshot.log().index().blocks().first().map(|block| block.first_key.to_string()),
        last_ts: parts.last.map(|last| last.to_string()),
        buckets: buckets.collect(),
    })
}

/// The span of time that was asked for; an end that was not given is the log's own.
async fn span(snapshot: &Arc<Snapshot>, query: &StatsQuery, zone: &Zone) -> Result<By, ApiError> {
    let read = |name: &str, text: &Option<String>| -> Result<Option<Timestamp>, ApiError> {
        let Some(text) = text.as_deref().filter(|text| !text.is_empty()) else { return Ok(None) };
        let time = filters::time(text, zone, filters::first_key(snapshot.log().inputs()));
        time.map(Some).ok_or_else(|| problem::bad_parameter(filters::not_a_time(name, text)))
    };
    let (since, until) = (read("since=", &query.since)?, read("until=", &query.until)?);
    if since.is_none() && until.is_none() {
        return Ok(By::Time);
    }
    if let (Some(since), Some(until)) = (since, until)
        && until < since
    {
        return Err(problem::bad_parameter(format!("until={until} is before since={since}: give a later time")));
    }
    snapshot.indexed().await;
    let index = snapshot.log().index();
    let (Some(first), Some(last)) = (index.blocks().first(), index.blocks().last()) else { return Ok(By::Time) };
    let since = since.unwrap_or_else(|| until.map_or(first.first_key, |until| until.min(first.first_key)));
    Ok(By::Span { since, until: until.unwrap_or(last.last_key).max(since) })
}
