//! Searches of a task's log: each run once for all who ask the same, stopped when nobody does, and kept for a while.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use engine::{Ended, Failure, Filter, LineSet, Log};
use record::wire::ApiError;
use tokio::sync::watch;

use crate::filters::Typed;
use crate::problem;

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
    log: Arc<Log>,
    known: Mutex<Vec<Arc<Search>>>,
}

/// One search.
pub struct Search {
    typed: Typed,
    filter: Filter,
    log: Arc<Log>,
    state: Mutex<State>,
    progress: watch::Sender<Progress>,
}

#[derive(Default)]
struct State {
    found: LineSet,
    /// Blocks of the index that were searched.
    blocks: usize,
    users: usize,
    /// Tells the thread that searches to stop; none where there is no such thread.
    running: Option<Arc<AtomicBool>>,
    failure: Option<Failure>,
}

/// A search that somebody waits for; it goes on as long as there is one of these.
pub struct InUse(Arc<Search>);

impl Searches {
    /// No searches yet.
    #[must_use]
    pub fn new(log: Arc<Log>) -> Self {
        Self { log, known: Mutex::default() }
    }

    /// The searches of a log that has grown from another: of that one's, what was found in the blocks of the index that
    /// stayed as they were.
    #[must_use]
    pub fn grown_from(log: Arc<Log>, before: &Self, blocks: usize) -> Self {
        let kept = |old: &Arc<Search>| {
            let state = lock(&old.state);
            let blocks = state.blocks.min(blocks);
            let mut found = state.found.clone();
            found.truncate(blocks as u64 * log.index().spacing());
            let progress = Progress { found: found.len(), ..Progress::default() };
            Arc::new(Search {
                typed: old.typed.clone(),
                filter: old.filter.clone(),
                log: Arc::clone(&log),
                state: Mutex::new(State { found, blocks, ..State::default() }),
                progress: watch::Sender::new(progress),
            })
        };
        let known = lock(&before.known).iter().map(kept).collect();
        Self { known: Mutex::new(known), log }
    }

    /// The search for this filter, under way. To be called in the context of a runtime.
    pub fn search(&self, typed: Typed, filter: Filter) -> InUse {
        let mut known = lock(&self.known);
        let search = match known.iter().position(|search| search.typed == typed) {
            Some(at) => known.remove(at),
            None => {
                let log = Arc::clone(&self.log);
                let progress = watch::Sender::default();
                Arc::new(Search { typed, filter, log, state: Mutex::default(), progress })
            }
        };
        known.push(Arc::clone(&search));
        let in_use = search.take();
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
    fn take(self: &Arc<Self>) -> InUse {
        let mut state = lock(&self.state);
        state.users += 1;
        if state.running.is_none() && !self.progress.borrow().ended {
            self.start(&mut state);
        }
        InUse(Arc::clone(self))
    }

    fn start(self: &Arc<Self>, state: &mut State) {
        let stop = Arc::new(AtomicBool::new(false));
        state.running = Some(Arc::clone(&stop));
        let search = Arc::clone(self);
        let from = state.blocks;
        tokio::task::spawn_blocking(move || search.run(from, &stop));
    }

    fn run(self: &Arc<Self>, from: usize, stop: &AtomicBool) {
        let spacing = self.log.index().spacing();
        let ended = self.log.search(&self.filter, from, stop, |searched| {
            let mut state = lock(&self.state);
            state.found.extend(&searched.lines);
            state.blocks = searched.blocks.end;
            let lines = state.blocks as u64 * spacing;
            let found = state.found.len();
            drop(state);
            self.progress.send_replace(Progress { found, lines, share: searched.share, ended: false });
        });
        let mut state = lock(&self.state);
        state.running = None;
        match ended {
            // Somebody came back in between.
            Ended::Stopped if state.users > 0 => self.start(&mut state),
            Ended::Stopped => {}
            Ended::Done => self.end(&mut state, None),
            Ended::Failed(failure) => self.end(&mut state, Some(failure)),
        }
    }

    fn end(&self, state: &mut State, failure: Option<Failure>) {
        let failed = failure.is_some();
        state.failure = failure;
        self.progress.send_modify(|progress| {
            progress.ended = true;
            if !failed {
                progress.share = 1.0;
                progress.lines = u64::MAX;
            }
        });
    }
}

impl InUse {
    /// How far it has come, and a way to wait for more.
    pub fn progress(&self) -> watch::Receiver<Progress> {
        self.0.progress.subscribe()
    }

    /// Asks something of what was found so far.
    pub fn found<T>(&self, ask: impl FnOnce(&LineSet) -> T) -> T {
        ask(&lock(&self.0.state).found)
    }

    /// Waits until it has come so far.
    pub async fn wait(&self, so_far: impl FnMut(&Progress) -> bool) {
        let waited = self.progress().wait_for(so_far).await.is_ok();
        debug_assert!(waited, "the search holds the sender");
    }

    /// Waits for it to end.
    ///
    /// # Errors
    ///
    /// That of a source which broke off meanwhile.
    pub async fn ended(&self) -> Result<(), ApiError> {
        self.wait(|progress| progress.ended).await;
        self.failure().map_or(Ok(()), |failure| Err(problem::source_failed(failure.error.to_string())))
    }

    /// The source that broke off, if it ended so.
    pub fn failure(&self) -> Option<Failure> {
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
