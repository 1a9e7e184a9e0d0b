//! All tasks of a server, and each one's newest snapshot.

use std::collections::{BTreeMap, VecDeque};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock, Weak};
use std::time::Duration;

use engine::FileSource;
use record::Zone;
use record::wire::{State, TaskList, TaskSummary};
use tokio::sync::{Mutex, Semaphore, watch};
use tokio::time::Instant;

use super::folders::{Changed, Folders};
use super::snapshot::Growth;
use super::ticker::{Following, Ticker};
use super::wake::Wakes;
use super::{FoundTask, Settings, Snapshot, find_tasks};
use crate::access::Prefixes;
use crate::clock;

/// For how long what was seen in the file system is believed.
pub(super) const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// Bytes up to which a task counts as small: it is read in a few hundredths of a second.
const SMALL_TASK_BYTES_MAX: u64 = 16 << 20;

/// Bytes of small tasks that are read before somebody asks, all together.
const SMALL_TASKS_BYTES_MAX: u64 = 1 << 30;

/// Small tasks that are opened before somebody asks.
const SMALL_TASKS_MAX: usize = 1_000;

/// Tasks that are kept open while nobody looks at them. One takes some kilobytes a source, and half a byte a line.
const OPEN_TASKS_MAX: usize = 500;

/// How often a task is opened again as long as its folders change meanwhile.
const OPEN_MAX: usize = 3;

/// Tasks of which a list learns at a time.
const LISTED_TOGETHER: usize = 500;

/// One task.
pub struct Task {
    id: String,
    found: RwLock<Arc<FoundTask>>,
    folders: std::sync::Mutex<Folders>,
    settings: Arc<Settings>,
    workers: Arc<Semaphore>,
    opened: Mutex<Option<(Arc<Snapshot>, Instant)>>,
    /// Looks again and again while somebody follows.
    ticker: std::sync::Mutex<Weak<Ticker>>,
    open_tasks: Arc<OpenTasks>,
    catalog: Weak<Catalog>,
    /// What was known of it when it was closed, and the bytes of its files then.
    closed: std::sync::Mutex<Option<(u64, TaskSummary)>>,
}

/// The tasks that are open, the one opened longest ago first.
#[derive(Default)]
struct OpenTasks(std::sync::Mutex<VecDeque<Weak<Task>>>);

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

impl Task {
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
        let shipped = found.shipped.and_then(|_| self.settings.ingest.task(&self.id));
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
    async fn may_have_other_sources(self: &Arc<Self>) -> bool {
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
                match if current.is_current(&found) { Growth::Same } else { current.look(&found, &task.settings) } {
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
        self.open_tasks.note(self);
        snapshot
    }

    async fn open(self: &Arc<Self>, found: Arc<FoundTask>, before: Option<Arc<Snapshot>>) -> Arc<Snapshot> {
        let task = Arc::clone(self);
        blocking(move || Snapshot::open(&found, &task.settings, &task.workers, before.as_deref())).await
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
            && let Some(catalog) = self.catalog.upgrade()
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
    fn found(&self) -> Arc<FoundTask> {
        Arc::clone(&self.found.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// What a list says of it: from its snapshot where somebody opened it, else from its files' names and lengths. Blocks.
    fn summary(&self) -> TaskSummary {
        // One that is being opened is told of as if it were closed: a list waits for nobody.
        let opened = self.opened.try_lock().ok();
        let snapshot = opened.as_deref().and_then(Option::as_ref).map(|(snapshot, _)| Arc::clone(snapshot));
        drop(opened);
        if let Some(snapshot) = snapshot {
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

/// The tasks that the server shows.
pub struct Catalog {
    own: Weak<Self>,
    roots: Vec<PathBuf>,
    settings: Arc<Settings>,
    workers: Arc<Semaphore>,
    open: Arc<OpenTasks>,
    tasks: RwLock<BTreeMap<String, Arc<Task>>>,
    looked: Mutex<Instant>,
    /// Which revision of what is shipped was seen.
    shipped: AtomicU64,
    ending: watch::Sender<bool>,
    wakes: Arc<Wakes>,
}

/// What a catalog holds at one moment.
#[derive(Clone, Copy, Debug, Default)]
pub struct Now {
    /// Tasks.
    pub tasks: u64,
    /// Tasks that somebody opened.
    pub open: u64,
    /// Lines that their indexes know.
    pub lines: u64,
    /// Bytes of their sources.
    pub bytes: u64,
    /// Searches that run.
    pub searches: u64,
}

/// Which tasks a list shows.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Those whose id starts so.
    pub prefix: String,
    /// Those whose id holds this, whatever the case.
    pub q: String,
    /// Those in this state.
    pub state: Option<State>,
    /// Those after this id.
    pub cursor: Option<String>,
    /// At most so many.
    pub limit: usize,
    /// Those that who asks may read.
    pub readable: Prefixes,
}

impl Catalog {
    /// Looks for tasks below `roots`. Blocks.
    #[must_use]
    pub fn new(roots: Vec<PathBuf>, settings: Settings, workers: usize) -> Arc<Self> {
        let catalog = Arc::new_cyclic(|own| Self {
            own: Weak::clone(own),
            roots,
            settings: Arc::new(settings),
            workers: Arc::new(Semaphore::new(workers)),
            open: Arc::default(),
            tasks: RwLock::default(),
            looked: Mutex::new(Instant::now()),
            shipped: AtomicU64::new(0),
            ending: watch::Sender::default(),
            wakes: Arc::default(),
        });
        catalog.look(true);
        catalog
    }

    /// The task with this id; it and its sources are found too where they appeared since the last look.
    pub async fn task(self: &Arc<Self>, id: &str) -> Option<Arc<Task>> {
        let known = self.known().get(id).map(Arc::clone);
        match known {
            Some(task) if !self.has_other_shipped() => self.look_for_sources(&task).await,
            _ => self.look_again(false).await,
        }
        self.known().get(id).map(Arc::clone)
    }

    /// Finds the sources of a task anew, where its folders may have others by now.
    pub(super) async fn look_for_sources(self: &Arc<Self>, task: &Arc<Task>) {
        if self.has_other_shipped() || task.may_have_other_sources().await {
            self.look_again(false).await;
        }
    }

    /// Tells all who follow a task that the server ends.
    pub fn end(&self) {
        self.ending.send_replace(true);
    }

    /// Done once the server ends.
    pub fn ending(&self) -> impl Future<Output = ()> + Send + use<> {
        let mut ending = self.ending.subscribe();
        async move {
            // The sender goes with the server as well.
            let ended = ending.wait_for(|ending| *ending).await.is_ok();
            tracing::trace!(ended, "the server ends");
        }
    }

    /// A page of the list of tasks, by id.
    pub async fn list(self: &Arc<Self>, filter: &Filter) -> TaskList {
        self.look_again(true).await;
        let q = filter.q.to_lowercase();
        let wanted: Vec<_> = self
            .known()
            .iter()
            .filter(|(id, _)| filter.readable.cover(id))
            .filter(|(id, _)| id.starts_with(&filter.prefix) && id.to_lowercase().contains(&q))
            .filter(|(id, _)| filter.cursor.as_ref().is_none_or(|cursor| *id > cursor))
            .map(|(_, task)| Arc::clone(task))
            .collect();
        let mut tasks = Vec::new();
        for some in wanted.chunks(LISTED_TOGETHER) {
            if tasks.len() > filter.limit {
                break;
            }
            let some = some.to_vec();
            let summaries = blocking(move || some.iter().map(|task| task.summary()).collect::<Vec<_>>()).await;
            tasks.extend(
                summaries.into_iter().filter(|summary| filter.state.is_none_or(|state| state == summary.state)),
            );
        }
        let more = tasks.len() > filter.limit;
        tasks.truncate(filter.limit);
        let cursor = tasks.last().filter(|_| more).map(|task| task.id.clone());
        TaskList { tasks, cursor }
    }

    /// What it holds. A task that is being opened counts as closed.
    pub fn now(&self) -> Now {
        let tasks = self.all();
        let mut now = Now { tasks: tasks.len() as u64, ..Now::default() };
        for task in tasks {
            let opened = task.opened.try_lock().ok();
            if let Some((snapshot, _)) = opened.as_deref().and_then(Option::as_ref) {
                let info = snapshot.info();
                now.open += 1;
                now.bytes += info.bytes;
                now.lines += snapshot.log().index().lines();
                now.searches += snapshot.searches().running() as u64;
            }
        }
        now
    }

    /// The folders in which what is written wakes who looks at a task.
    pub(super) fn wakes(&self) -> &Arc<Wakes> {
        &self.wakes
    }

    /// What a time without a zone means.
    pub fn zone(&self) -> &Zone {
        self.settings.times.zone()
    }

    /// A folder's task has this id.
    pub fn is_found(&self, id: &str) -> bool {
        self.known().get(id).is_some_and(|task| task.found().shipped.is_none())
    }

    /// All tasks, in the order of their ids.
    pub fn all(&self) -> Vec<Arc<Task>> {
        self.known().values().map(Arc::clone).collect()
    }

    /// Opens the small tasks one by one, so that the list can tell their lines and span before somebody looks.
    pub async fn open_small_tasks(self: Arc<Self>) {
        let mut left = SMALL_TASKS_BYTES_MAX;
        for task in self.all().into_iter().take(SMALL_TASKS_MAX) {
            let asked = Arc::clone(&task);
            let bytes = blocking(move || asked.summary().bytes).await;
            if bytes > SMALL_TASK_BYTES_MAX || bytes > left {
                continue;
            }
            left -= bytes;
            let mut progress = task.snapshot().await.progress();
            // An index that will not be built ends the wait as well.
            let built = progress.wait_for(|progress| progress.complete).await;
            drop(built);
        }
    }

    /// Looks for tasks, whenever somebody last did.
    async fn look_now(self: &Arc<Self>) {
        let mut looked = self.looked.lock().await;
        let catalog = Arc::clone(self);
        blocking(move || catalog.look(false)).await;
        *looked = Instant::now();
    }

    /// Looks for tasks, unless somebody did just now. See [`Self::look`].
    async fn look_again(self: &Arc<Self>, forget: bool) {
        let mut looked = self.looked.lock().await;
        if looked.elapsed() >= LOOK_AGAIN || self.has_other_shipped() {
            let catalog = Arc::clone(self);
            blocking(move || catalog.look(forget)).await;
            *looked = Instant::now();
        }
    }

    /// Shipped sources have come or gone: who was told that they are there finds them at once.
    fn has_other_shipped(&self) -> bool {
        self.settings.ingest.revision() != self.shipped.load(Ordering::Acquire)
    }

    /// Looks for tasks; those that are as they were keep their snapshots. What is no longer there is forgotten, or else
    /// stays and has failed.
    fn look(&self, forget: bool) {
        let began = clock::now();
        self.shipped.store(self.settings.ingest.revision(), Ordering::Release);
        let found = find_tasks(&self.roots, &self.settings.ingest);
        let mut tasks = self.tasks.write().unwrap_or_else(PoisonError::into_inner);
        let mut before = std::mem::take(&mut *tasks);
        for found in found {
            let folders = Folders::of(&found, began);
            let task = match before.remove(&found.id) {
                // One that was deleted and shipped again is another.
                Some(task) if task.found().shipped == found.shipped => {
                    *task.folders.lock().unwrap_or_else(PoisonError::into_inner) = folders;
                    let known = task.found();
                    if !known.is_like(&found) && (forget || !known.is_more_than(&found)) {
                        *task.found.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(found);
                    }
                    task
                }
                _ => Arc::new(Task {
                    folders: std::sync::Mutex::new(folders),
                    settings: Arc::clone(&self.settings),
                    workers: Arc::clone(&self.workers),
                    opened: Mutex::new(None),
                    open_tasks: Arc::clone(&self.open),
                    catalog: Weak::clone(&self.own),
                    closed: std::sync::Mutex::default(),
                    ticker: std::sync::Mutex::default(),
                    id: found.id.clone(),
                    found: RwLock::new(Arc::new(found)),
                }),
            };
            tasks.insert(task.id.clone(), task);
        }
        if !forget {
            tasks.append(&mut before);
        }
    }

    fn known(&self) -> std::sync::RwLockReadGuard<'_, BTreeMap<String, Arc<Task>>> {
        self.tasks.read().unwrap_or_else(PoisonError::into_inner)
    }
}

/// For how long what was seen of an open task is believed: a look costs a call of the system for each source.
fn look_again(snapshot: &Snapshot) -> Duration {
    LOOK_AGAIN.min(Duration::from_millis(50 + snapshot.count() as u64))
}

/// Runs what blocks on a thread that may.
pub(crate) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}
