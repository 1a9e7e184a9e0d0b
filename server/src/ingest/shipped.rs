//! Shipped tasks and their sources, as they stand.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::{Duration, Instant};

use engine::Arrivals;
use record::Timestamp;
use record::wire::State;
use tokio::sync::watch;

use super::arrivals;
use super::ledger::SourceRow;
use super::writer::Writer;
use crate::clock;

/// A shipped task at one moment.
#[derive(Clone, Debug)]
pub struct TaskNow {
    /// Its id.
    pub id: String,
    /// Tells it from one that was deleted and had the same id.
    pub birth: u64,
    /// Its state: that of the worst of its sources.
    pub state: State,
    /// Its sources, by id, bytewise.
    pub sources: Vec<SourceNow>,
}

/// A shipped source at one moment.
#[derive(Clone, Debug)]
pub struct SourceNow {
    /// Its id.
    pub id: String,
    /// The file that holds its bytes. It may be longer than `bytes`: what lies behind was not acknowledged yet, and is gone
    /// if the server is killed now.
    pub path: PathBuf,
    /// Its bytes that are durable. They never change, and never become fewer.
    pub bytes: u64,
    /// Its state.
    pub state: State,
    /// Why it has failed, if so.
    pub error: Option<String>,
    /// When its last bytes arrived.
    pub arrived: Timestamp,
    /// The source itself, which tells what becomes of it.
    pub source: Arc<ShippedSource>,
}

/// Tasks that were made or found since the server started.
static BIRTHS: AtomicU64 = AtomicU64::new(0);

/// A shipped task.
#[derive(Debug)]
pub struct ShippedTask {
    /// Its id.
    pub id: String,
    /// The name of the token that made it; empty where there are none.
    pub made_by: String,
    birth: u64,
    sources: RwLock<BTreeMap<String, Arc<ShippedSource>>>,
    /// Counts commits and changes of state.
    ticks: watch::Sender<u64>,
}

impl ShippedTask {
    /// A task without sources.
    pub fn new(id: &str, made_by: &str) -> Self {
        Self {
            id: id.to_owned(),
            made_by: made_by.to_owned(),
            birth: BIRTHS.fetch_add(1, Ordering::Relaxed),
            sources: RwLock::default(),
            ticks: watch::Sender::new(0),
        }
    }

    /// Its sources, by id.
    pub fn sources(&self) -> RwLockReadGuard<'_, BTreeMap<String, Arc<ShippedSource>>> {
        self.sources.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Its sources, to add one.
    pub fn sources_mut(&self) -> RwLockWriteGuard<'_, BTreeMap<String, Arc<ShippedSource>>> {
        self.sources.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// It as it stands; none before anything of it is durable.
    pub fn now(&self) -> Option<TaskNow> {
        let sources: Vec<_> = self.sources().values().filter_map(ShippedSource::now).collect();
        let worst = sources.iter().map(|source| source.state).max_by_key(|state| severity(*state))?;
        Some(TaskNow { id: self.id.clone(), birth: self.birth, state: worst, sources })
    }

    /// Tells those who wait that something has changed.
    pub fn tick(&self) {
        self.ticks.send_modify(|ticks| *ticks += 1);
    }

    /// A way to wait for changes. It ends when the task is deleted.
    #[allow(dead_code, reason = "who follows a task waits for it")]
    pub fn watch(&self) -> watch::Receiver<u64> {
        self.ticks.subscribe()
    }

    /// When it was last heard of, if all its sources have ended or fallen silent.
    pub fn finished(&self, idle: Duration) -> Option<Heard> {
        let sources = self.sources();
        let mut heard: Option<Heard> = None;
        if !sources.values().any(|source| source.status().made) {
            return None;
        }
        for source in sources.values() {
            let status = source.status();
            let is_over = status.complete || status.lost || status.error.is_some();
            if !is_over && (status.made || status.heard.elapsed() <= idle) {
                return None;
            }
            let other = Heard { at: status.heard_at, since: status.heard_here.then_some(status.heard) };
            heard = Some(heard.map_or(other, |heard| if heard.at < other.at { other } else { heard }));
        }
        heard
    }
}

/// When something was last heard of.
#[derive(Clone, Copy, Debug)]
pub struct Heard {
    /// By the clock on the wall.
    pub at: Timestamp,
    /// By a clock that nobody sets, if it was since the server started.
    pub since: Option<Instant>,
}

impl Heard {
    /// It was longer ago than `keep`, by every clock that can tell.
    pub fn is_before(self, keep: Duration) -> bool {
        let ago = clock::now().nanos() - self.at.nanos();
        let keep_nanos = i128::try_from(keep.as_nanos()).unwrap_or(i128::MAX);
        ago > keep_nanos && self.since.is_none_or(|since| since.elapsed() > keep)
    }
}

/// States from best to worst, as a task has that of its worst source.
fn severity(state: State) -> u8 {
    match state {
        State::Complete => 0,
        State::Lost => 1,
        State::Growing => 2,
        State::Failed => 3,
    }
}

/// A shipped source.
#[derive(Debug)]
pub struct ShippedSource {
    /// Its id.
    pub id: String,
    /// The file that holds its bytes.
    pub path: PathBuf,
    /// Who holds this may write.
    pub writer: Arc<tokio::sync::Mutex<Writer>>,
    /// Rises when bytes that were not durable yet were taken back: commits from before count no more.
    pub epoch: AtomicU64,
    status: Mutex<Status>,
    /// Read when somebody asks.
    arrivals: OnceLock<Arc<Arrivals>>,
}

/// What is known of a source.
#[derive(Clone, Debug)]
pub struct Status {
    /// Something of it is durable, if only that it is there.
    pub made: bool,
    /// Bytes that are durable.
    pub durable: u64,
    /// All of it is there.
    pub complete: bool,
    /// Nothing was heard of it for too long.
    pub lost: bool,
    /// Why it has failed.
    pub error: Option<String>,
    /// That was noted.
    pub error_noted: bool,
    /// When it was last heard of; when the server started, if that was before.
    pub heard: Instant,
    /// It was heard of since the server started.
    pub heard_here: bool,
    /// When it was last heard of, by the clock on the wall.
    pub heard_at: Timestamp,
    /// What was noted of that.
    pub heard_noted: Timestamp,
    /// When its last bytes arrived.
    pub arrived: Timestamp,
    /// When its first message came.
    pub made_at: Timestamp,
}

impl ShippedSource {
    /// One of which nothing was heard yet.
    pub fn new(id: &str, path: PathBuf) -> Self {
        let now = clock::now();
        let status = Status {
            made: false,
            durable: 0,
            complete: false,
            lost: false,
            error: None,
            error_noted: false,
            heard: Instant::now(),
            heard_here: true,
            heard_at: now,
            heard_noted: now,
            arrived: now,
            made_at: now,
        };
        Self::with(id, path, Writer::default(), status)
    }

    /// One that was noted. The clock that tells whether it fell silent starts anew.
    pub fn noted(row: &SourceRow, path: PathBuf, writer: Writer, error: Option<String>) -> Self {
        let status = Status {
            made: true,
            durable: row.bytes,
            complete: row.complete,
            lost: false,
            // What the file itself tells is found again at the next start.
            error_noted: error.is_some(),
            error,
            heard: Instant::now(),
            heard_here: false,
            heard_at: row.heard,
            heard_noted: row.heard,
            arrived: row.arrived,
            made_at: row.made,
        };
        Self::with(&row.id, path, writer, status)
    }

    fn with(id: &str, path: PathBuf, writer: Writer, status: Status) -> Self {
        Self {
            id: id.to_owned(),
            path,
            writer: Arc::new(tokio::sync::Mutex::new(writer)),
            epoch: AtomicU64::new(0),
            status: Mutex::new(status),
            arrivals: OnceLock::new(),
        }
    }

    /// When its bytes arrived. Blocks when it is first asked.
    pub fn arrivals(&self) -> Arc<Arrivals> {
        let durable = self.status().durable;
        Arc::clone(self.arrivals.get_or_init(|| Arc::new(arrivals::load(&self.path, durable))))
    }

    /// Notes that these bytes of it arrived at `time`, and when they had come to who sent them, before they are told to be
    /// durable. Blocks.
    pub fn note_arrivals(&self, bytes: Range<u64>, time: Timestamp, told: &[(u64, Timestamp)]) {
        arrivals::note(&self.path, &self.arrivals(), bytes, time, told);
    }

    /// What is known of it.
    pub fn status(&self) -> MutexGuard<'_, Status> {
        self.status.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Which commits count.
    pub fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::Acquire)
    }

    /// Notes that it was heard of. True if it was taken for lost.
    pub fn hear(&self) -> bool {
        let mut status = self.status();
        status.heard = Instant::now();
        status.heard_here = true;
        status.heard_at = clock::now();
        std::mem::take(&mut status.lost)
    }

    /// It as it stands; none before anything of it is durable.
    fn now(self: &Arc<Self>) -> Option<SourceNow> {
        let status = self.status();
        status.made.then(|| SourceNow {
            id: self.id.clone(),
            path: self.path.clone(),
            bytes: status.durable,
            state: status.state(),
            error: status.error.clone(),
            arrived: status.arrived,
            source: Arc::clone(self),
        })
    }

    /// Its state.
    pub fn state(&self) -> State {
        self.status().state()
    }

    /// It takes no more bytes.
    pub fn is_over(&self) -> bool {
        matches!(self.state(), State::Complete | State::Failed)
    }

    /// It as it is to be noted.
    pub fn row(&self, task: &str) -> SourceRow {
        let status = self.status();
        SourceRow {
            task: task.to_owned(),
            id: self.id.clone(),
            bytes: status.durable,
            complete: status.complete,
            error: status.error.clone(),
            made: status.made_at,
            arrived: status.arrived,
            heard: status.heard_at,
        }
    }
}

impl Status {
    /// The state that this makes.
    pub fn state(&self) -> State {
        if self.error.is_some() {
            State::Failed
        } else if self.complete {
            State::Complete
        } else if self.lost {
            State::Lost
        } else {
            State::Growing
        }
    }
}
