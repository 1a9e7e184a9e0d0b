//! All tasks of a server, and each one's newest snapshot.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock, Weak};

use record::Zone;
use record::wire::{State, TaskList};
use tokio::sync::{Mutex, Semaphore, watch};
use tokio::time::Instant;

use super::folders::Folders;
use super::task::{Common, LOOK_AGAIN, Task};
use super::wake::Wakes;
use super::{Settings, find_tasks};
use crate::access::Prefixes;
use crate::clock;

/// Bytes up to which a task counts as small: it is read in a few hundredths of a second.
const SMALL_TASK_BYTES_MAX: u64 = 16 << 20;

/// Bytes of small tasks that are read before somebody asks, all together.
const SMALL_TASKS_BYTES_MAX: u64 = 1 << 30;

/// Small tasks that are opened before somebody asks.
const SMALL_TASKS_MAX: usize = 1_000;

/// Tasks of which a list learns at a time.
const LISTED_TOGETHER: usize = 500;

/// The tasks that the server shows.
pub struct Catalog {
    roots: Vec<PathBuf>,
    common: Arc<Common>,
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
            roots,
            common: Arc::new(Common {
                settings: Arc::new(settings),
                workers: Arc::new(Semaphore::new(workers)),
                open: Arc::default(),
                catalog: Weak::clone(own),
            }),
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
            if let Some(snapshot) = task.known() {
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
        self.common.settings.times.zone()
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
    pub async fn look_now(self: &Arc<Self>) {
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
        self.common.settings.ingest.revision() != self.shipped.load(Ordering::Acquire)
    }

    /// Looks for tasks; those that are as they were keep their snapshots. What is no longer there is forgotten, or else
    /// stays and has failed.
    fn look(&self, forget: bool) {
        let began = clock::now();
        self.shipped.store(self.common.settings.ingest.revision(), Ordering::Release);
        let found = find_tasks(&self.roots, &self.common.settings.ingest);
        let mut tasks = self.tasks.write().unwrap_or_else(PoisonError::into_inner);
        let mut before = std::mem::take(&mut *tasks);
        for found in found {
            let folders = Folders::of(&found, began);
            let task = match before.remove(&found.id) {
                // One that was deleted and shipped again is another.
                Some(task) if task.found().shipped == found.shipped => {
                    task.take_up(found, folders, forget);
                    task
                }
                _ => Task::new(found, folders, &self.common),
            };
            tasks.insert(task.id().to_owned(), task);
        }
        if !forget {
            tasks.append(&mut before);
        }
    }

    fn known(&self) -> std::sync::RwLockReadGuard<'_, BTreeMap<String, Arc<Task>>> {
        self.tasks.read().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Runs what blocks on a thread that may.
pub(crate) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}
