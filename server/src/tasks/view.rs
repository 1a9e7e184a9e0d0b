//! The lines of a task that a request is about: all of them, or those that a filter lets through.

use std::sync::Arc;

use engine::{Case, Filter, LineSet};
use record::Zone;
use record::wire::ApiError;

use super::Snapshot;
use super::catalog::blocking;
use super::searches::InUse;
use crate::filters::{Scene, Spelling, Typed};
use crate::problem;

/// Lines by their rank: how many of the same view come before them.
pub enum View {
    /// All lines; the rank is the ordinal.
    All,
    /// Lines that a search finds, as it finds them; and of which sources.
    Found(InUse, Filter),
    /// Those and lines around them; all were found before.
    Around(Arc<LineSet>, Filter),
}

/// The filter that was typed, for the sources of this snapshot.
///
/// # Errors
///
/// 400, naming what cannot be read.
pub fn settle(snapshot: &Snapshot, typed: &Typed, zone: &Zone) -> Result<Filter, ApiError> {
    let inputs = snapshot.log().inputs();
    let scene = Scene { inputs, ids: snapshot.ids(), zone, spelling: Spelling::Query, case: Case::Smart };
    scene.settle(typed).map_err(problem::bad_parameter)
}

impl View {
    /// The view of what was typed, with so many lines around each match.
    ///
    /// # Errors
    ///
    /// As [`settle`]; and where lines around matches are wanted, that of a source which broke off.
    pub async fn of(snapshot: &Snapshot, typed: &Typed, context: u64, zone: &Zone) -> Result<Self, ApiError> {
        let filter = settle(snapshot, typed, zone)?;
        if filter.is_empty() {
            return Ok(Self::All);
        }
        // A compiled expression is not kept as long as somebody reads.
        let sources = filter.of_sources();
        let others = filter.pattern.is_some().then(|| filter.without_pattern());
        let search = snapshot.searches().search(typed.clone(), filter);
        let Some(others) = others.filter(|_| context > 0) else { return Ok(Self::Found(search, sources)) };
        search.ended().await?;
        let mut around = None;
        if !others.is_empty() {
            let search = snapshot.searches().search(typed.without_pattern(), others);
            search.ended().await?;
            around = Some(search);
        }
        let lines = snapshot.log().index().lines();
        // Copies, since nobody else may wait for as long as this takes.
        let found = search.found(LineSet::clone);
        let around = around.map(|around| around.found(LineSet::clone));
        let set = blocking(move || found.with_context(context, around.as_ref(), lines)).await;
        Ok(Self::Around(Arc::new(set), sources))
    }

    /// How many lines it has; none as long as they are not all known.
    pub fn len(&self, snapshot: &Snapshot) -> Option<u64> {
        match self {
            Self::All => {
                let index = snapshot.log().index();
                index.is_complete().then(|| index.lines())
            }
            Self::Found(search, _) => search.progress().borrow().ended.then(|| search.found(LineSet::len)),
            Self::Around(lines, _) => Some(lines.len()),
        }
    }

    /// How many lines it has, as far as is known, and whether these are all.
    pub fn so_far(&self, snapshot: &Snapshot) -> (u64, bool) {
        match self {
            Self::All => (snapshot.lines_estimate(), snapshot.progress().borrow().complete),
            Self::Found(search, _) => {
                let ended = search.progress().borrow().ended;
                (search.found(LineSet::len), ended)
            }
            Self::Around(lines, _) => (lines.len(), true),
        }
    }

    /// Waits until all its lines are known, and tells how many they are.
    pub async fn count(&self, snapshot: &Snapshot) -> u64 {
        match self {
            Self::All => {
                snapshot.indexed().await;
                snapshot.log().index().lines()
            }
            Self::Found(search, _) => {
                search.wait(|progress| progress.ended).await;
                search.found(LineSet::len)
            }
            Self::Around(lines, _) => lines.len(),
        }
    }

    /// The rank of the first of its lines that is not before this one.
    pub async fn rank(&self, ordinal: u64) -> u64 {
        match self {
            Self::All => ordinal,
            Self::Found(search, _) => {
                search.wait(|progress| progress.ended || progress.lines > ordinal).await;
                search.found(|found| found.rank(ordinal))
            }
            Self::Around(lines, _) => lines.rank(ordinal),
        }
    }

    /// Its lines from this rank on, as many as are known and `count` at most; waits for one.
    pub async fn lines(&self, rank: u64, count: usize) -> Vec<u64> {
        match self {
            Self::All => (rank..rank.saturating_add(count as u64)).collect(),
            Self::Found(search, _) => {
                search.wait(|progress| progress.ended || progress.found > rank).await;
                search.found(|found| found.from_rank(rank, count))
            }
            Self::Around(lines, _) => lines.from_rank(rank, count),
        }
    }

    /// Lines of this source may be among them.
    pub fn wants_source(&self, source: usize) -> bool {
        match self {
            Self::All => true,
            Self::Found(_, filter) | Self::Around(_, filter) => filter.wants_source(source),
        }
    }

    /// Why not all of it was searched, if so.
    pub fn failure(&self) -> Option<ApiError> {
        match self {
            Self::Found(search, _) => search.failure(),
            Self::All | Self::Around(..) => None,
        }
    }
}
