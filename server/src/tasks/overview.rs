//! A log from afar: how its lines and their levels lie over it.

use std::sync::Arc;

use engine::By;
use record::wire::{ApiError, Stats, StatsBucket, StatsBy};

use super::Snapshot;

/// The log in `count` equal parts. Waits for the index.
///
/// # Errors
///
/// That of a source which broke off.
pub async fn stats(snapshot: &Arc<Snapshot>, count: u64, by: StatsBy) -> Result<Stats, ApiError> {
    let order = match by {
        StatsBy::Time => By::Time,
        StatsBy::Line => By::Line,
    };
    let parts = snapshot.stats(count, order).await?;
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
