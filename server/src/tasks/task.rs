//! A task, opened when somebody looks, and its newest snapshot.

use std::collections::VecDeque;
use std::sync::{Arc, PoisonError, RwLock, Weak};
use std::time::Duration;

use engine::FileSource;
use record::wire::{State, TaskSummary};
use tokio::sync::{Mutex, Semaphore};
use tokio::time::Instant;

use super::catalog::blocking;
use super::folders::{Changed, Folders};
use super::snapshot::Growth;
use super::ticker::{Following, Ticker};
use super::{Catalog, FoundTask, Settings, Snapshot};

/// For how long what was seen in the file system is believed.
pub(super) const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// Tasks that are kept open while nobody looks at them. One takes some kilobytes a source, and half a byte a line.
const OPEN_TASKS_MAX: usize = 500;

/// How often a task is opened again as long as its folders change meanwhile.
const OPEN_MAX: usize = 3;

/// One task.
pub struct Task {
    id: String,
    found: RwLock<Arc<FoundTask>>,
    folders: std::sync::Mutex<Folders>,
    common: Arc<Common>,
    opened: Mutex<Option<(Arc<Snapshot>, Instant)>>,
    /// Looks again and again while somebody follows.
    ticker: std::sync::Mutex<Weak<Ticker>>,
    /// What was known of it when it was closed, and the bytes of its files then.
    closed: std::sync::Mutex<Option<(u64, TaskSummary)>>,
}

/// The tasks that are open, the one opened longest ago first.
#[derive(Default)]
pub struct OpenTasks(std::sync::Mutex<VecDeque<Weak<Task>>>);

impl OpenTasks {
    /// Notes that a task was opened, and closes others where there are too many: those opened longest ago at which nobody
    /// looks. What was known of them lies in the cache.
    fn note(&self, task: &Arc<Task>) {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|other| other.strong_count() > 0 && other.as_ptr() != Arc::as_ptr(task));
        open.push_back(Arc::downgrade(task));
        for _ in 0..open.len().saturating_sub(OPEN_TASKS_MAX) {
            let Some(oldest) = open.pop_front() else { break };
            if oldest.upgrade().is_some_and(|task| !task.close()) {
                open.push_back(oldest);
            }
        }
    }
}

/// What tasks share.
pub struct Common {
    /// What holds for all.
    pub settings: Arc<Settings>,
    /// Indexes that are built at one time.
    pub workers: Arc<Semaphore>,
    /// Those that are open.
    pub open: Arc<OpenTasks>,
    /// All of them.
    pub catalog: Weak<Catalog>,
}

impl Task {
    /// One that was found, and lies in these folders.
    pub fn new(found: FoundTask, folders: Folders, common: &Arc<Common>) -> Arc<Self> {
        Arc::new(Self {
            id: found.id.clone(),
            found: RwLock::new(Arc::new(found)),
            folders: std::sync::Mutex::new(folders),
            common: Arc::clone(common),
            opened: Mutex::new(None),
            ticker: std::sync::Mutex::default(),
            closed: std::sync::Mutex::default(),
        })
    }

    /// Its id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// What was found of it by a new look. If `forget`, what is no longer there is forgotten.
    pub fn take_up(&self, found: FoundTask, folders: Folders, forget: bool) {
        *self.folders.lock().unwrap_or_else(PoisonError::into_inner) = folders;
        let known = self.found();
        if !known.is_like(&found) && (forget || !known.is_more_than(&found)) {
            *self.found.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(found);
        }
    }

    /// Its snapshot, if it is open. One that is being opened counts as closed: nobody waits for it.
    pub fn known(&self) -> Option<Arc<Snapshot>> {
        let opened = self.opened.try_lock().ok()?;
        opened.as_ref().map(|(snapshot, _)| Arc::clone(snapshot))
    }

    /// Forgets its snapshot, unless somebody looks at it. False if somebody does.
    fn close(&self) -> bool {
        let Ok(mut opened) = self.opened.try_lock() else { return false };
        let is_used = opened
            .as_ref()
            .is_some_and(|(snapshot, looked)| Arc::strong_count(snapshot) > 1 || looked.elapsed() < 2 * LOOK_AGAIN);
        if is_used {
            return false;
        }
        if let Some((snapshot, _)) = opened.take() {
            let known = Some((snapshot.bytes_on_disk(), summary_of(&snapshot)));
            *self.closed.lock().unwrap_or_else(PoisonError::into_inner) = known;
        }
        true
    }

    /// What its files tell without being opened.
    fn on_disk(&self) -> TaskSummary {
        let (mut bytes, mut failed, mut error, mut changed) = (0, 0, None, None);
        let found = self.found();
        for source in &found.sources {
            let identity = FileSource::identity_at(&source.path);
            match (&source.error, identity) {
                (None, Some((_, _, length, modified))) if source.path.is_file() => {
                    bytes += length;
                    changed = changed.max(Some(modified));
                }
                (known, _) => {
                    failed += 1;
                    let why = || format!("cannot open {}", source.path.display());
                    error = error.or_else(|| Some(known.as_ref().map_or_else(why, ToString::to_string)));
                }
            }
        }
        let state = if failed > 0 { State::Failed } else { State::Complete };
        let shipped = found.shipped.and_then(|_| self.common.settings.ingest.task(&self.id));
        if let Some(task) = &shipped {
            // What lies behind the durable bytes was not acknowledged.
            bytes = task.sources.iter().map(|source| source.bytes).sum();
            changed = task.sources.iter().map(|source| source.arrived).max();
            failed = task.sources.iter().filter(|source| source.state == State::Failed).count() as u64;
            error = error.or_else(|| task.sources.iter().find_map(|source| source.error.clone()));
        }
        TaskSummary {
            id: self.id.clone(),
            state: shipped.map_or(state, |task| task.state),
            sources: found.sources.len() as u64,
            bytes,
            lines: None,
            first_ts: None,
            last_ts: None,
            changed_ts: changed.map(|changed| changed.to_string()),
            failed,
            error,
        }
    }

    /// Files may have come to its folders, or gone from them.
    pub async fn may_have_other_sources(self: &Arc<Self>) -> bool {
        let task = Arc::clone(self);
        blocking(move || task.folders.lock().unwrap_or_else(PoisonError::into_inner).have_changed()).await
    }

    /// The task as it stands. The first to ask opens it, for all who ask; it is opened anew once a source has changed.
    pub async fn snapshot(self: &Arc<Self>) -> Arc<Snapshot> {
        if let Ok(opened) = self.opened.try_lock()
            && let Some((snapshot, looked)) = &*opened
            && looked.elapsed() < look_again(snapshot)
        {
            return Arc::clone(snapshot);
        }
        self.opened(false).await
    }

    /// The same as it is now, whatever was seen a moment ago.
    pub async fn snapshot_now(self: &Arc<Self>) -> Arc<Snapshot> {
        self.opened(true).await
    }

    async fn opened(self: &Arc<Self>, now: bool) -> Arc<Snapshot> {
        // Who asked may go: what was begun is brought to its end, and the next one finds it.
        let task = Arc::clone(self);
        match tokio::spawn(async move { task.look(now).await }).await {
            Ok(snapshot) => snapshot,
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
    }

    /// See [`Task::snapshot`]. If `now`, whatever was seen a moment ago.
    async fn look(self: &Arc<Self>, now: bool) -> Arc<Snapshot> {
        let mut opened = self.opened.lock().await;
        if let Some((snapshot, looked)) = &mut *opened {
            if !now && looked.elapsed() < look_again(snapshot) {
                return Arc::clone(snapshot);
            }
            let (current, task) = (Arc::clone(snapshot), Arc::clone(self));
            let growth = blocking(move || {
                let found = task.found();
                match if current.is_current(&found) {
                    Growth::Same
                } else {
                    current.look(&found, &task.common.settings)
                } {
                    Growth::Same if current.is_to_be_ordered() || current.is_damaged() => Growth::Other,
                    growth => growth,
                }
            });
            match growth.await {
                Growth::Same => {
                    *looked = Instant::now();
                    return Arc::clone(snapshot);
                }
                Growth::Wider(wider) => {
                    *opened = Some((Arc::clone(&wider), Instant::now()));
                    return wider;
                }
                Growth::Other => {}
            }
        }
        let before = opened.as_ref().map(|(before, _)| Arc::clone(before));
        let mut found = self.found();
        if before.is_some() {
            // Something was changed just now, most likely by a rotation.
            found = self.found_now().await;
        } else if let Some(now) = self.found_since(&found).await {
            found = now;
        }
        let mut tries = 1;
        // What was found may bear other names by the time that it was opened.
        let snapshot = loop {
            let snapshot = self.open(Arc::clone(&found), before.clone()).await;
            let now = self.found_since(&found).await;
            let asked = Arc::clone(&snapshot);
            if tries == OPEN_MAX || (now.is_none() && blocking(move || asked.is_intact()).await) {
                break snapshot;
            }
            (found, tries) = (now.unwrap_or(found), tries + 1);
        };
        *opened = Some((Arc::clone(&snapshot), Instant::now()));
        drop(opened);
        self.common.open.note(self);
        snapshot
    }

    async fn open(self: &Arc<Self>, found: Arc<FoundTask>, before: Option<Arc<Snapshot>>) -> Arc<Snapshot> {
        let common = Arc::clone(&self.common);
        blocking(move || Snapshot::open(&found, &common.settings, &common.workers, before.as_deref())).await
    }

    /// Tells of every change as long as it is held.
    pub fn follow(self: &Arc<Self>, catalog: &Arc<Catalog>) -> Following {
        let mut ticker = self.ticker.lock().unwrap_or_else(PoisonError::into_inner);
        let running = ticker.upgrade().unwrap_or_else(|| {
            let started = Arc::new(Ticker::start(self, catalog));
            *ticker = Arc::downgrade(&started);
            started
        });
        Following::of(running)
    }

    /// What is found of it now. What was shipped has no other sources than those that are known. To be asked for only where
    /// that is worth a look at all folders.
    async fn found_now(&self) -> Arc<FoundTask> {
        if self.found().shipped.is_none()
            && let Some(catalog) = self.common.catalog.upgrade()
        {
            catalog.look_now().await;
        }
        self.found()
    }

    /// What is found of it now, where its folders have changed since `found` was.
    async fn found_since(self: &Arc<Self>, found: &Arc<FoundTask>) -> Option<Arc<FoundTask>> {
        if found.shipped.is_some() {
            return None;
        }
        let task = Arc::clone(self);
        let changed = blocking(move || task.folders.lock().unwrap_or_else(PoisonError::into_inner).changed()).await;
        if changed == Changed::No {
            return None;
        }
        let now = self.found_now().await;
        (changed == Changed::Yes || !Arc::ptr_eq(&now, found)).then_some(now)
    }

    /// What was found of it when somebody last looked for tasks.
    pub fn found(&self) -> Arc<FoundTask> {
        Arc::clone(&self.found.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// What a list says of it: from its snapshot where somebody opened it, else from its files' names and lengths. Blocks.
    pub fn summary(&self) -> TaskSummary {
        if let Some(snapshot) = self.known() {
            return summary_of(&snapshot);
        }
        let found = self.on_disk();
        let closed = self.closed.lock().unwrap_or_else(PoisonError::into_inner);
        match closed.as_ref() {
            Some((then, known)) if *then == found.bytes => known.clone(),
            _ => found,
        }
    }
}

fn summary_of(snapshot: &Snapshot) -> TaskSummary {
    let info = snapshot.info();
    let failed = info.sources.iter().filter(|source| source.state == State::Failed);
    TaskSummary {
        changed_ts: None,
        failed: failed.clone().count() as u64,
        error: failed.clone().find_map(|source| source.error.clone()),
        id: info.id,
        state: info.state,
        sources: info.sources.len() as u64,
        bytes: info.bytes,
        lines: info.lines,
        first_ts: info.first_ts,
        last_ts: info.last_ts,
    }
}

/// For how long what was seen of an open task is believed: a look costs a call of the system for each source.
fn look_again(snapshot: &Snapshot) -> Duration {
    LOOK_AGAIN.min(Duration::from_millis(50 + snapshot.count() as u64))
}
