//! Where the lines of a search lie: over the whole log, and from one to the next.

use std::sync::Arc;
use std::time::Duration;

use engine::LineSet;
use record::Zone;
use record::wire::{ApiError, Hits, HitsQuery, Step, StepQuery};

use super::{Snapshot, View};
use crate::filters::Typed;

/// Stretches that hits are counted in at most.
const BUCKETS_MAX: u64 = 2000;

/// How long the first answer about a search may take while there is something to tell.
const FIRST_ANSWER: Duration = Duration::from_millis(60);

/// How long each later one may take.
const NEXT_ANSWER: Duration = Duration::from_millis(250);

/// How far the search has come, once that is further than the asker knows.
///
/// # Errors
///
/// 400 for a filter that cannot be read; 503 where a source broke off.
pub async fn hits(snapshot: &Arc<Snapshot>, query: HitsQuery, zone: &Zone) -> Result<Hits, ApiError> {
    let view = View::of(snapshot, &Typed::from(query.filter), query.context, zone).await?;
    let searched = view.further(snapshot, query.seen).await;
    let (found, done) = view.so_far(snapshot);
    if let Some(error) = view.failure() {
        return Err(error);
    }
    let lines = snapshot.lines_estimate();
    let buckets = view.spread(query.buckets.min(BUCKETS_MAX), lines);
    let inputs = snapshot.log().inputs();
    let index = snapshot.log().index();
    let failed = index.failures().iter().filter(|failure| view.wants_source(failure.source));
    let failed = failed.map(|failure| inputs[failure.source].id.to_string()).collect();
    Ok(Hits { generation: snapshot.generation(), found, searched, done, buckets, failed })
}

/// The next line of the view from a line on, or the one before it.
///
/// # Errors
///
/// As [`hits`].
pub async fn step(snapshot: &Arc<Snapshot>, query: StepQuery, zone: &Zone) -> Result<Step, ApiError> {
    let view = View::of(snapshot, &Typed::from(query.filter), 0, zone).await?;
    let before = view.rank(query.from.saturating_sub(1)).await;
    let rank = if query.back { before.checked_sub(1) } else { Some(before) };
    let line = match rank {
        Some(rank) => view.lines(rank, 1).await.first().map(|ordinal| (*ordinal, rank)),
        None => None,
    };
    let (found, done) = view.so_far(snapshot);
    // All lines have numbers, also those behind the last.
    let line = line.filter(|(ordinal, _)| !matches!(view, View::All) || !done || *ordinal < found);
    Ok(Step { n: line.map(|(ordinal, _)| ordinal + 1), rank: line.map_or(0, |(_, rank)| rank), found, done })
}

impl View {
    /// Waits until all was searched, but no longer than an asker who knows of so large a share likes to; tells how much was.
    /// The search goes on only as long as somebody waits for it.
    async fn further(&self, snapshot: &Snapshot, seen: Option<u64>) -> f64 {
        match self {
            Self::All => snapshot.info().indexed,
            Self::Found(search, _) => {
                let patience = if seen.is_none() { FIRST_ANSWER } else { NEXT_ANSWER };
                let ended = tokio::time::timeout(patience, search.wait(|progress| progress.ended)).await;
                if ended.is_err() {
                    #[expect(
                        clippy::cast_precision_loss,
                        reason = "millionths, at most one million of them that count"
                    )]
                    let share = seen.map_or(-1.0, |seen| seen as f64 / 1e6);
                    search.wait(|progress| progress.ended || progress.share > share).await;
                }
                let progress = *search.progress().borrow();
                progress.share
            }
            Self::Around(..) => 1.0,
        }
    }

    /// Its lines in each of so many equal stretches of a log of `lines` lines.
    fn spread(&self, count: u64, lines: u64) -> Vec<u64> {
        let border = |bucket: u64| {
            u64::try_from(u128::from(lines) * u128::from(bucket) / u128::from(count.max(1))).unwrap_or(u64::MAX)
        };
        let of = |set: &LineSet| {
            let mut before = 0;
            let ranks = (1..=count).map(|bucket| {
                let rank = if bucket == count { set.len() } else { set.rank(border(bucket)) };
                let here = rank - before;
                before = rank;
                here
            });
            ranks.collect()
        };
        match self {
            Self::All => (0..count).map(|bucket| border(bucket + 1) - border(bucket)).collect(),
            Self::Found(search, _) => search.found(of),
            Self::Around(set, _) => of(set),
        }
    }
}
