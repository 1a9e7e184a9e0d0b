//! What is shipped to the server: appended at an offset, durable before it is acknowledged.
//!
//! A source is one plain file that only grows, in a folder a task; a table says how much of it is durable. A request writes
//! its bytes to the file and waits; one thread syncs the files of all who wait, notes the new lengths in one transaction,
//! and answers them. So what was acknowledged is there whatever is killed, and what was not is cut off at the next start.

mod arrivals;
mod committer;
mod ledger;
mod limits;
mod names;
mod options;
mod refused;
mod retention;
mod shipped;
mod store;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use record::wire::{ApiError, State};
use tokio::sync::{Semaphore, watch};

pub use limits::{
    BODY_BYTES_MAX, BODY_TIME_MAX, DRAIN_BYTES_MAX, IN_FLIGHT_KIB_MAX, UNPACKING_KIB, ZSTD_WINDOW_LOG_MAX,
};
pub use options::{Durability, Options, bytes, duration};
pub use refused::Refused;
pub use shipped::{ShippedSource, SourceNow, TaskNow};
pub use writer::Piece;

use self::store::Store;
use crate::problem;

/// Where shipped sources are kept.
#[derive(Clone, Debug)]
pub enum Place {
    /// In the folder that the user named: it is made, and has to be one that can be used.
    Named(PathBuf),
    /// In the user's own folder, if there is one: it is made when the first bytes come. A server that only shows logs leaves
    /// nothing behind, and goes without where another server has it.
    Usual(Option<PathBuf>),
}

/// How long a folder that was named is waited for, where another server has it.
const NAMED_PATIENCE: Duration = Duration::from_secs(2);

/// The same of the usual folder: several servers that only show logs may want it.
const USUAL_PATIENCE: Duration = Duration::from_millis(200);

/// Who ships.
#[derive(Clone, Debug, Default)]
pub struct Maker {
    /// The token's name; empty where there are none.
    pub name: String,
    /// Tasks that it may make, where that has a bound.
    pub tasks_max: Option<u64>,
}

/// How far a source is durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Its bytes.
    pub bytes: u64,
    /// There will be no more.
    pub complete: bool,
}

/// What was counted, and what there is.
#[derive(Clone, Copy, Debug, Default)]
pub struct Figures {
    /// Bytes that were acknowledged since the start.
    pub bytes: u64,
    /// Commits since the start.
    pub commits: u64,
    /// Bytes that all sources take.
    pub stored: u64,
    /// Sources that grow, are complete, lost, and have failed.
    pub sources: [u64; 4],
}

/// All that is shipped to this server. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Ingest(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    place: Place,
    options: Options,
    store: OnceLock<Arc<Store>>,
    opening: Mutex<()>,
    /// KiB of bodies that may come in.
    in_flight: Arc<Semaphore>,
}

impl Ingest {
    /// What is kept at this place. Blocks.
    ///
    /// # Errors
    ///
    /// A folder that was named and cannot be used. One that was not named is done without then.
    pub fn open(place: Place, options: Options) -> anyhow::Result<Self> {
        let in_flight = Arc::new(Semaphore::new(IN_FLIGHT_KIB_MAX));
        let store = OnceLock::new();
        let ingest = Self(Arc::new(Inner { place, options, store, opening: Mutex::default(), in_flight }));
        match &ingest.0.place {
            Place::Named(_) => {
                ingest.opened()?;
            }
            Place::Usual(Some(folder)) if folder.exists() => {
                if let Err(error) = ingest.opened() {
                    tracing::warn!(
                        error = format!("{error:#}"),
                        "nothing shipped is shown or taken; --data names another folder"
                    );
                }
            }
            Place::Usual(_) => {}
        }
        Ok(ingest)
    }

    /// The store; it is opened where it was not.
    fn opened(&self) -> anyhow::Result<&Arc<Store>> {
        let Inner { place, options, store, opening, .. } = &*self.0;
        let _one_at_a_time = opening.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(store) = store.get() {
            return Ok(store);
        }
        let (folder, patience) = match place {
            Place::Named(folder) => (folder, NAMED_PATIENCE),
            Place::Usual(Some(folder)) => (folder, USUAL_PATIENCE),
            Place::Usual(None) => {
                anyhow::bail!("there is no folder to keep shipped sources in: name one with --data")
            }
        };
        let opened = Store::open(folder, *options, patience)?;
        Ok(store.get_or_init(|| opened))
    }

    fn store(&self) -> Option<&Arc<Store>> {
        self.0.store.get()
    }

    /// A number that rises when a source comes, and when a task goes.
    #[must_use]
    pub fn revision(&self) -> u64 {
        self.store().map_or(0, |store| store.revision.load(Ordering::Acquire))
    }

    /// Every task, by id.
    #[must_use]
    pub fn tasks(&self) -> Vec<TaskNow> {
        let tasks = self.store().map(|store| store.tasks().values().map(Arc::clone).collect::<Vec<_>>());
        tasks.unwrap_or_default().iter().filter_map(|task| task.now()).collect()
    }

    /// The task with this id.
    #[must_use]
    pub fn task(&self, id: &str) -> Option<TaskNow> {
        self.store()?.task(id)?.now()
    }

    /// There is a task with this id, or one is being made.
    #[must_use]
    pub fn has_task(&self, id: &str) -> bool {
        self.store().is_some_and(|store| store.tasks().contains_key(id))
    }

    /// The folder in which all that is shipped is kept.
    #[must_use]
    pub fn folder(&self) -> Option<&Path> {
        match &self.0.place {
            Place::Named(folder) | Place::Usual(Some(folder)) => Some(folder),
            Place::Usual(None) => None,
        }
    }

    /// Ticks after each commit and each change of state of a task; ends when the task is deleted. Only counts up.
    #[must_use]
    #[allow(dead_code, reason = "who follows a task waits for it")]
    pub fn watch(&self, task: &str) -> Option<watch::Receiver<u64>> {
        Some(self.store()?.task(task)?.watch())
    }

    /// What became of a task that was deleted.
    #[must_use]
    pub fn deleted(&self, task: &str) -> Option<ApiError> {
        let store = self.store()?;
        let deleted = store.deleted(task)?;
        let is_there = store.task(task).is_some_and(|task| task.now().is_some());
        (!is_there).then(|| problem::deleted(deleted.told(task)))
    }

    /// How far a source is durable; none where nothing of it is.
    ///
    /// # Errors
    ///
    /// Why it has failed.
    pub fn standing(&self, task: &str, source: &str) -> Option<Result<Standing, Refused>> {
        let task = self.store()?.task(task)?;
        let source = task.sources().get(source).map(Arc::clone)?;
        let status = source.status();
        match &status.error {
            _ if !status.made => None,
            Some(error) => Some(Err(Refused::Failed(error.clone()))),
            None => Some(Ok(Standing { bytes: status.durable, complete: status.complete })),
        }
    }

    /// Room for bodies that come in.
    #[must_use]
    pub fn in_flight(&self) -> &Arc<Semaphore> {
        &self.0.in_flight
    }

    /// Appends a piece to a source, and waits until it is durable. The first, at 0, makes the task and the source.
    ///
    /// # Errors
    ///
    /// Why it was not taken.
    pub async fn append(&self, task: &str, source: &str, piece: Piece, maker: &Maker) -> Result<Standing, Refused> {
        if self.store().is_none() {
            let ingest = self.clone();
            let opened = crate::tasks::blocking(move || ingest.opened().map(|_| ()));
            opened
                .await
                .map_err(|error| Refused::Broken(format!("nothing can be shipped to this server: {error:#}")))?;
        }
        let store = self.store().ok_or_else(|| Refused::Broken("nothing can be shipped to this server".to_owned()))?;
        store.append(task, source, piece, maker).await
    }

    /// What was counted, and what there is.
    #[must_use]
    pub fn figures(&self) -> Figures {
        let Some(store) = self.store() else { return Figures::default() };
        let mut sources = [0; 4];
        for source in self.tasks().iter().flat_map(|task| &task.sources) {
            sources[match source.state {
                State::Growing => 0,
                State::Complete => 1,
                State::Lost => 2,
                State::Failed => 3,
            }] += 1;
        }
        let (bytes, commits) = (store.bytes.load(Ordering::Relaxed), store.commits.load(Ordering::Relaxed));
        Figures { bytes, commits, stored: store.room.used(), sources }
    }

    /// Brings to disk what waits, and takes nothing more. Blocks.
    pub fn end(&self) {
        if let Some(store) = self.store() {
            store.end();
        }
    }
}
