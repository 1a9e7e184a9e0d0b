//! Searches of a task's log: each run once for all who ask the same, stopped when nobody does, and kept for a while.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use engine::{Ended, Filter, LineSet, Log};
use record::wire::ApiError;
use tokio::sync::{Semaphore, watch};

use super::indexing::Progress as Indexed;
use crate::filters::Typed;
use crate::problem;

/// How long a search may go on before another one that waits has its turn.
const TURN: Duration = Duration::from_millis(200);

/// Bytes that the sets of one task's searches may take; beyond it those used longest ago are forgotten.
const SETS_BYTES_MAX: usize = 32 << 20;

/// Searches of one task that are remembered.
const SEARCHES_MAX: usize = 64;

/// How far a search has come.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Progress {
    /// Lines found.
    pub found: u64,
    /// Lines of the log that were searched.
    pub lines: u64,
    /// The share of the log that was searched, 0 to 1.
    pub share: f64,
    /// It ended: all was searched, or a source broke off.
    pub ended: bool,
}

/// All searches of one log, the one used last at the end.
pub struct Searches {
    source: Source,
    known: Mutex<Vec<Arc<Search>>>,
}

/// One search.
pub struct Search {
    typed: Typed,
    source: Source,
    state: Mutex<State>,
    progress: watch::Sender<Progress>,
}

/// What a search needs to go on.
#[derive(Clone)]
struct Source {
    log: Arc<Log>,
    /// Changes as the index comes further.
    indexed: watch::Receiver<Indexed>,
    /// Searches of all tasks that may run at one time.
    turns: Arc<Semaphore>,
}

#[derive(Default)]
struct State {
    found: LineSet,
    /// Blocks of the index that were searched.
    blocks: usize,
    /// Lines that the log had when the last turn began.
    lines: u64,
    users: usize,
    /// Tells what searches to stop; none where nothing does.
    running: Option<Arc<AtomicBool>>,
    failure: Option<ApiError>,
}

/// A search that somebody waits for; it goes on as long as there is one of these.
pub struct InUse(Arc<Search>);

impl Searches {
    /// No searches yet of a log whose index is being built.
    #[must_use]
    pub fn new(log: Arc<Log>, indexed: watch::Receiver<Indexed>, turns: Arc<Semaphore>) -> Self {
        Self { source: Source { log, indexed, turns }, known: Mutex::default() }
    }

    /// Takes over what `before`, the searches of the log from which this one has grown, found in the first so many blocks
    /// of the index: those that stayed as they were.
    pub fn take_over(&self, before: &Self, blocks: usize) {
        let kept = |old: &Arc<Search>| {
            let state = lock(&old.state);
            let blocks = state.blocks.min(blocks);
            let mut found = state.found.clone();
            found.truncate(blocks as u64 * self.source.log.index().spacing());
            let progress = Progress { found: found.len(), ..Progress::default() };
            Arc::new(Search {
                typed: old.typed.clone(),
                source: self.source.clone(),
                state: Mutex::new(State { found, blocks, ..State::default() }),
                progress: watch::Sender::new(progress),
            })
        };
        let taken = lock(&before.known).iter().map(kept).collect();
        *lock(&self.known) = taken;
    }

    /// The search for this filter, under way. To be called in the context of a runtime.
    pub fn search(&self, typed: Typed, filter: Filter) -> InUse {
        let mut known = lock(&self.known);
        let same = known.iter().position(|search| search.typed == typed);
        let search = match same.map(|at| known.remove(at)) {
            // What failed is tried again.
            Some(search) if lock(&search.state).failure.is_none() => search,
            _ => {
                let (source, progress) = (self.source.clone(), watch::Sender::default());
                Arc::new(Search { typed, source, state: Mutex::default(), progress })
            }
        };
        search.go_on();
        known.push(Arc::clone(&search));
        let in_use = search.take(filter);
        forget_old(&mut known);
        in_use
    }

    /// How many are running.
    pub fn running(&self) -> usize {
        lock(&self.known).iter().filter(|search| lock(&search.state).running.is_some()).count()
    }
}

/// Forgets those used longest ago that nobody uses, until the rest is within its bounds.
fn forget_old(known: &mut Vec<Arc<Search>>) {
    let bytes = |search: &Arc<Search>| lock(&search.state).found.bytes();
    let mut left: usize = known.iter().map(bytes).sum();
    let mut at = 0;
    while at < known.len() && (left > SETS_BYTES_MAX || known.len() > SEARCHES_MAX) {
        if lock(&known[at].state).users == 0 {
            left -= bytes(&known.remove(at));
        } else {
            at += 1;
        }
    }
}

impl Search {
    /// What was searched to its end is searched on, where the log has grown since.
    fn go_on(&self) {
        let index = self.source.log.index();
        let state = lock(&self.state);
        // What runs finds by itself what has come.
        if state.running.is_none() && state.lines != index.lines() && self.progress.borrow().ended {
            self.progress.send_modify(|progress| (progress.share, progress.ended) = (0.0, false));
        }
    }

    /// `filter` lives as long as the search runs: a compiled expression takes more memory than what it finds.
    fn take(self: &Arc<Self>, filter: Filter) -> InUse {
        let mut state = lock(&self.state);
        state.users += 1;
        if state.running.is_none() && !self.progress.borrow().ended {
            let stop = Arc::new(AtomicBool::new(false));
            state.running = Some(Arc::clone(&stop));
            tokio::spawn(Arc::clone(self).run(Arc::new(filter), stop));
        }
        InUse(Arc::clone(self))
    }

    /// Searches turn by turn until all is searched, or nobody waits any more. Holds no thread while the index is behind.
    async fn run(self: Arc<Self>, filter: Arc<Filter>, stop: Arc<AtomicBool>) {
        let mut indexed = self.source.indexed.clone();
        loop {
            indexed.mark_unchanged();
            let turn = Arc::clone(&self.source.turns).acquire_owned().await;
            let (search, wanted, told) = (Arc::clone(&self), Arc::clone(&filter), Arc::clone(&stop));
            let ended = tokio::task::spawn_blocking(move || search.search(&wanted, &told)).await;
            drop(turn);
            let failure = match ended {
                Ok(Ended::Stopped) => {
                    let mut state = lock(&self.state);
                    if state.users == 0 {
                        state.running = None;
                        return;
                    }
                    // Its turn was over, or somebody came back in between.
                    stop.store(false, Ordering::Relaxed);
                    continue;
                }
                Ok(Ended::Waits) => {
                    if indexed.changed().await.is_ok() || self.source.log.index().is_complete() {
                        continue;
                    }
                    Some(problem::broken("the index of the log was not built"))
                }
                Ok(Ended::Done) => None,
                Ok(Ended::Failed(failure)) => Some(problem::source_failed(failure.error.to_string())),
                Err(error) => Some(problem::broken(&format!("the search broke down: {error}"))),
            };
            if self.end(failure) {
                return;
            }
        }
    }

    /// One turn.
    fn search(&self, filter: &Filter, stop: &AtomicBool) -> Ended {
        let log = &self.source.log;
        let spacing = log.index().spacing();
        let from = {
            let lines = log.index().lines();
            let mut state = lock(&self.state);
            if state.lines != lines {
                // The last block may not have been full.
                state.blocks = state.blocks.saturating_sub(1);
                state.lines = lines;
            }
            state.blocks
        };
        let began = Instant::now();
        log.search(filter, from, stop, |searched| {
            let mut state = lock(&self.state);
            state.found.extend(&searched.lines);
            state.blocks = searched.blocks.end;
            let (found, lines) = (state.found.len(), state.blocks as u64 * spacing);
            drop(state);
            self.progress.send_replace(Progress { found, lines, share: searched.share, ended: false });
            began.elapsed() < TURN
        })
    }

    /// All was searched, or it failed. False where the log has grown meanwhile: whoever asked for that since was told that
    /// this runs.
    fn end(&self, failure: Option<ApiError>) -> bool {
        let index = self.source.log.index();
        let mut state = lock(&self.state);
        let failed = failure.is_some();
        if !failed && state.lines != index.lines() {
            return false;
        }
        state.running = None;
        state.failure = failure;
        self.progress.send_modify(|progress| {
            progress.ended = true;
            if !failed {
                progress.share = 1.0;
                progress.lines = u64::MAX;
            }
        });
        true
    }
}

impl InUse {
    /// How far it has come, and a way to wait for more.
    pub fn progress(&self) -> watch::Receiver<Progress> {
        self.0.progress.subscribe()
    }

    /// Asks something of what was found so far; nothing that takes long.
    pub fn found<T>(&self, ask: impl FnOnce(&LineSet) -> T) -> T {
        ask(&lock(&self.0.state).found)
    }

    /// Waits until it has come so far.
    pub async fn wait(&self, so_far: impl FnMut(&Progress) -> bool) {
        let waited = self.progress().wait_for(so_far).await.is_ok();
        debug_assert!(waited, "the search holds the sender");
    }

    /// Waits until all was searched.
    ///
    /// # Errors
    ///
    /// That of a source which broke off meanwhile.
    pub async fn ended(&self) -> Result<(), ApiError> {
        self.wait(|progress| progress.ended).await;
        self.failure().map_or(Ok(()), Err)
    }

    /// Why it could not search all, if so.
    pub fn failure(&self) -> Option<ApiError> {
        lock(&self.0.state).failure.clone()
    }
}

impl Drop for InUse {
    fn drop(&mut self) {
        let mut state = lock(&self.0.state);
        state.users -= 1;
        if state.users == 0
            && let Some(stop) = &state.running
        {
            stop.store(true, Ordering::Relaxed);
        }
    }
}

/// A panic elsewhere leaves these whole: lines are taken in with one call.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use engine::{Case, GrowingFile, Input, Origin, Pattern};
    use record::Timestamp;

    use super::*;

    #[test]
    fn a_search_that_was_stopped_finds_what_came_meanwhile() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("a.log");
        std::fs::write(&path, "yes\nno\n").expect("written");
        let file = Arc::new(GrowingFile::open(&path).expect("opened"));
        file.set_end(file.written());
        let rules = record::Rules { zone: record::Zone::Utc, modified: Timestamp::default(), format: None };
        let source = Arc::clone(&file) as Arc<dyn engine::Source>;
        let origin = Origin::find(&source, &rules, engine::limits::BLOCK_BYTES_MIN).expect("read");
        let log = Arc::new(Log::growing(vec![Input { id: "a".into(), source, rules, origin }], &[file.written()]));
        log.build_index(&AtomicBool::new(false), |_| {});
        let (_sender, indexed) = watch::channel(Indexed::default());
        let searches = Searches::new(Arc::clone(&log), indexed, Arc::new(Semaphore::new(1)));
        let search = Search {
            typed: Typed::default(),
            source: searches.source.clone(),
            state: Mutex::default(),
            progress: watch::Sender::default(),
        };
        let pattern = Pattern::new("yes", Case::Match).expect("a pattern");
        let filter = Filter { pattern: Some(Arc::new(pattern)), ..Filter::default() };
        assert!(matches!(search.search(&filter, &AtomicBool::new(true)), Ended::Stopped));
        std::fs::write(&path, "yes\nno\nyes\n").expect("written");
        file.look().expect("looked at");
        file.set_end(file.written());
        log.grow(&[file.written()]).expect("grown");
        assert!(matches!(search.search(&filter, &AtomicBool::new(false)), Ended::Done));
        assert_eq!(lock(&search.state).found.from_rank(0, 9), [0, 2]);
    }
}
