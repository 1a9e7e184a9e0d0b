//! What a search finds, as it finds it.

use std::sync::Arc;

use engine::{Filter, LineSet};
use record::wire::ApiError;

use super::Snapshot;
use super::searches::{InUse, Progress};
use crate::filters::Typed;

/// A reader of a search's lines.
pub struct Matches {
    /// Keeps the index under way that the search follows.
    snapshot: Arc<Snapshot>,
    filter: Filter,
    search: InUse,
    /// Lines that were handed out.
    taken: u64,
    share: f64,
}

impl Matches {
    /// The lines that `filter`, as it was typed, lets through.
    #[must_use]
    pub fn new(snapshot: &Arc<Snapshot>, typed: Typed, filter: Filter) -> Self {
        // Only the sources are asked of it later: a compiled expression is not kept.
        let sources = filter.of_sources();
        let search = snapshot.searches().search(typed, filter);
        Self { snapshot: Arc::clone(snapshot), filter: sources, search, taken: 0, share: 0.0 }
    }

    /// The next lines, `count` at most, and how far the search has come. Waits for a line, for a hundredth of the log to
    /// be searched, or for the end.
    pub async fn next(&mut self, count: usize) -> (Vec<u64>, Progress) {
        let (taken, share) = (self.taken, self.share);
        self.search.wait(|progress| progress.ended || progress.found > taken || progress.share >= share + 0.01).await;
        let progress = *self.search.progress().borrow();
        let lines = self.search.found(|found| found.from_rank(taken, count));
        self.taken += lines.len() as u64;
        self.share = progress.share;
        (lines, Progress { found: self.search.found(LineSet::len), ..progress })
    }

    /// How many lines were handed out.
    pub fn count(&self) -> u64 {
        self.taken
    }

    /// Why not all was searched, if so.
    pub fn failure(&self) -> Option<ApiError> {
        self.search.failure()
    }

    /// The sources that were looked in and could not be read to their end.
    pub fn failed(&self) -> Vec<String> {
        self.snapshot.failed_of(&self.filter)
    }
}
