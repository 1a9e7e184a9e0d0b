//! A task as it stood at one moment: its sources opened, its order fixed, its index under way.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use engine::{Buckets, By, Error, FileSource, Filter, Index, Input, Log, Origin};
use record::Timestamp;
use record::wire::{ApiError, SourceInfo, State, TaskInfo};
use tokio::sync::{Mutex, Semaphore, watch};

use super::catalog::blocking;
use super::kept::Kept;
use super::{FoundTask, Searches, Settings};
use crate::problem;

/// How far the index has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Lines counted.
    pub lines: u64,
    /// Bytes passed.
    pub bytes: u64,
    /// All were.
    pub complete: bool,
}

/// What tells one state of a file from another; none where nothing could be told.
type Identity = Option<(u64, u64, u64, Timestamp)>;

/// One source of a snapshot.
#[derive(Debug)]
struct SourceState {
    id: String,
    bytes: u64,
    identity: Identity,
    /// Its place among the log's inputs, or why it has none.
    opened: Result<usize, Error>,
}

/// A task's sources as they were when it was opened. Its index is built once, in the background, for all who look.
pub struct Snapshot {
    found: FoundTask,
    generation: u64,
    log: Arc<Log>,
    sources: Vec<SourceState>,
    progress: watch::Receiver<Progress>,
    cancelled: Arc<AtomicBool>,
    searches: Searches,
    /// What was counted over the log, the newest last.
    stats: Mutex<Vec<Counted>>,
}

/// Into how many parts a log was divided, by what, and the parts.
type Counted = ((u64, By), Arc<Buckets>);

/// Counts over one log that are remembered: a few widths of a window.
const STATS_MAX: usize = 16;

/// Stops what was begun for somebody who has gone.
struct StopOnDrop(Arc<AtomicBool>);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Snapshot {
    /// Opens the sources and starts the index. Blocks while the sources' first lines are read; to be called in the
    /// context of a runtime, on a thread that may block.
    ///
    /// `before` is the snapshot in whose place this one comes.
    pub fn open(found: &FoundTask, settings: &Settings, workers: &Arc<Semaphore>, before: Option<&Self>) -> Arc<Self> {
        let mut inputs = Vec::new();
        let mut sources = Vec::new();
        for source in &found.sources {
            let identity = FileSource::identity_at(&source.path);
            let opened = match &source.error {
                Some(error) => Err(error.clone()),
                None => settings.spools.open(&source.path).and_then(|opened| {
                    let rules = settings.times.rules(opened.modified());
                    let origin = Origin::find(&opened, &rules, engine::limits::BLOCK_BYTES_MIN)?;
                    Ok(Input { id: source.id.as_str().into(), source: opened, rules, origin })
                }),
            };
            if let Err(error) = &opened {
                tracing::warn!(task = found.id, source = source.id, %error, "a source cannot be read");
            }
            let bytes = identity.map_or(0, |(_, _, bytes, _)| bytes);
            let opened = opened.map(|input| {
                inputs.push(input);
                inputs.len() - 1
            });
            sources.push(SourceState { id: source.id.clone(), bytes, identity, opened });
        }
        let (sender, progress) = watch::channel(Progress::default());
        let kept = Kept::new(&inputs, settings);
        let log = Log::new(inputs);
        let log = Arc::new(match kept.as_ref().and_then(|kept| kept.load(log.inputs())) {
            Some(index) => log.with_index(index),
            None => log,
        });
        let snapshot = Arc::new(Self {
            found: found.clone(),
            generation: generation(&sources),
            searches: {
                let searches = Searches::new(Arc::clone(&log), progress.clone(), Arc::clone(&settings.turns));
                if let Some(before) = before.filter(|before| is_grown_from(&sources, before)) {
                    searches.take_over(&before.searches, log.index().blocks().len());
                }
                searches
            },
            stats: Mutex::default(),
            log,
            sources,
            progress,
            cancelled: Arc::new(AtomicBool::new(false)),
        });
        let indexing = Indexing {
            log: Arc::clone(&snapshot.log),
            kept,
            cancelled: Arc::clone(&snapshot.cancelled),
            progress: sender,
        };
        // What was kept whole is there at once.
        if snapshot.log.index().is_complete() {
            indexing.tell(&snapshot.log.index());
        } else {
            tokio::spawn(indexing.run(Arc::clone(workers)));
        }
        snapshot
    }

    /// Nothing has changed since it was opened. Asks the file system about every source.
    pub fn is_current(&self) -> bool {
        self.found
            .sources
            .iter()
            .zip(&self.sources)
            .all(|(found, source)| FileSource::identity_at(&found.path) == source.identity)
    }

    /// Which order its numbers belong to: the same for the same sources, also after a restart.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// The sources that could be opened, in order.
    pub fn log(&self) -> &Arc<Log> {
        &self.log
    }

    /// Waits until the whole log was counted.
    pub async fn indexed(&self) {
        // An index that will not be built ends the wait as well.
        let built = self.progress().wait_for(|progress| progress.complete).await.is_ok();
        tracing::trace!(built, "waited for the index");
    }

    /// The log in so many parts, once all its lines were counted. Reckoned once for all who ask.
    ///
    /// # Errors
    ///
    /// That of a source which broke off meanwhile.
    pub async fn stats(&self, count: u64, by: By) -> Result<Arc<Buckets>, ApiError> {
        self.indexed().await;
        // One at a time: the next may ask for the same.
        let mut known = self.stats.lock().await;
        if let Some((_, buckets)) = known.iter().find(|(asked, _)| *asked == (count, by)) {
            return Ok(Arc::clone(buckets));
        }
        let stop = StopOnDrop(Arc::default());
        let (log, told) = (Arc::clone(&self.log), Arc::clone(&stop.0));
        let buckets = blocking(move || log.stats(count, by, &told)).await;
        let buckets = Arc::new(buckets.map_err(|failure| problem::source_failed(failure.error.to_string()))?);
        if known.len() == STATS_MAX {
            known.remove(0);
        }
        known.push(((count, by), Arc::clone(&buckets)));
        Ok(buckets)
    }

    /// The searches of its log.
    pub fn searches(&self) -> &Searches {
        &self.searches
    }

    /// The ids of all its sources.
    pub fn ids(&self) -> Vec<String> {
        self.sources.iter().map(|source| source.id.clone()).collect()
    }

    /// How far the index has come, and a way to wait for more.
    pub fn progress(&self) -> watch::Receiver<Progress> {
        self.progress.clone()
    }

    /// The place among the log's inputs of the source with this id; its error, where it has none. None: no such source.
    pub fn place(&self, id: &str) -> Option<Result<usize, Error>> {
        self.sources.iter().find(|source| source.id == id).map(|source| source.opened.clone())
    }

    /// The ids of the sources that could not be read, or not to their end.
    pub fn failed(&self) -> Vec<String> {
        let broken: HashSet<usize> = self.log.index().failures().iter().map(|failure| failure.source).collect();
        let has_failed = |source: &&SourceState| match &source.opened {
            Ok(place) => broken.contains(place),
            Err(_) => true,
        };
        self.sources.iter().filter(has_failed).map(|source| source.id.clone()).collect()
    }

    /// The ids of those that broke off while they were counted, and of which this filter wants lines.
    pub fn failed_of(&self, filter: &Filter) -> Vec<String> {
        let index = self.log.index();
        let wanted = index.failures().iter().filter(|failure| filter.wants_source(failure.source));
        wanted.map(|failure| self.log.inputs()[failure.source].id.to_string()).collect()
    }

    /// All was counted, and there is no line.
    pub fn is_empty(&self) -> bool {
        let progress = *self.progress.borrow();
        progress.complete && progress.lines == 0
    }

    /// How many lines there seem to be: exact once they were counted.
    pub fn lines_estimate(&self) -> u64 {
        let progress = *self.progress.borrow();
        if progress.complete {
            return progress.lines;
        }
        let bytes = self.bytes();
        if progress.bytes == 0 || progress.lines == 0 {
            return bytes / GUESSED_LINE_BYTES;
        }
        let lines = u128::from(progress.lines) * u128::from(bytes.max(progress.bytes)) / u128::from(progress.bytes);
        u64::try_from(lines).unwrap_or(u64::MAX)
    }

    /// What the contract says of a task.
    pub fn info(&self) -> TaskInfo {
        let sources = self.sources();
        let progress = *self.progress.borrow();
        let bytes = self.bytes();
        let index = self.log.index();
        let complete = index.is_complete();
        let mut info = TaskInfo {
            id: self.found.id.clone(),
            state: if sources.iter().any(|source| source.state == State::Failed) {
                State::Failed
            } else {
                State::Complete
            },
            sources,
            bytes,
            lines: complete.then(|| index.lines()),
            first_ts: index.blocks().first().map(|block| block.first_key.to_string()),
            last_ts: index.blocks().last().filter(|_| complete).map(|block| block.last_key.to_string()),
            generation: self.generation,
            indexed: if complete { 1.0 } else { share(progress.bytes, bytes) },
            lines_estimate: self.lines_estimate(),
            levels: *index.levels(),
        };
        if let Some(ingest) = &self.found.shipped {
            ingest.tell_states(&mut info);
        }
        info
    }

    /// The bytes of its files when they were opened.
    pub fn bytes_on_disk(&self) -> u64 {
        self.sources.iter().map(|source| source.bytes).sum()
    }

    fn bytes(&self) -> u64 {
        self.sources.iter().map(|source| self.source_bytes(source)).sum()
    }

    /// The length of its text, or of its file as long as it was not unpacked.
    fn source_bytes(&self, source: &SourceState) -> u64 {
        match source.opened {
            Ok(place) => self.log.inputs()[place].source.bytes().unwrap_or(source.bytes),
            Err(_) => source.bytes,
        }
    }

    fn sources(&self) -> Vec<SourceInfo> {
        let index = self.log.index();
        let failures: HashMap<usize, &Error> =
            index.failures().iter().map(|failure| (failure.source, &failure.error)).collect();
        self.sources
            .iter()
            .map(|source| {
                let error = match &source.opened {
                    Err(error) => Some(error.to_string()),
                    Ok(place) => failures.get(place).map(ToString::to_string),
                };
                let lines = match source.opened {
                    Ok(place) if index.is_complete() => Some(index.lines_by_source()[place]),
                    _ => None,
                };
                let state = if error.is_some() { State::Failed } else { State::Complete };
                SourceInfo { id: source.id.clone(), state, bytes: self.source_bytes(source), lines, error }
            })
            .collect()
    }
}

impl Drop for Snapshot {
    fn drop(&mut self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }
}

/// The sources are the files that they were, and none is shorter.
fn is_grown_from(sources: &[SourceState], before: &Snapshot) -> bool {
    let has_grown = |(now, then): (&SourceState, &SourceState)| match (now.identity, then.identity) {
        (Some((device, inode, bytes, _)), Some((old_device, old_inode, old_bytes, _))) => {
            (now.id == then.id && now.opened.is_ok() && then.opened.is_ok())
                && (device, inode) == (old_device, old_inode)
                && bytes >= old_bytes
        }
        _ => false,
    };
    sources.len() == before.sources.len() && sources.iter().zip(&before.sources).all(has_grown)
}

/// Bytes that a line takes, as long as none was counted.
const GUESSED_LINE_BYTES: u64 = 100;

/// How often an index is kept that is not complete yet.
const KEEP_EVERY: Duration = Duration::from_secs(30);

/// An index that is to be built.
struct Indexing {
    log: Arc<Log>,
    kept: Option<Kept>,
    cancelled: Arc<AtomicBool>,
    progress: watch::Sender<Progress>,
}

impl Indexing {
    /// Builds the index when a worker is free, and keeps it.
    async fn run(self, workers: Arc<Semaphore>) {
        let Ok(permit) = workers.acquire_owned().await else { return };
        // A thread of its own: those that may block for a while are for readers, and they wait for this.
        let built = std::thread::Builder::new().name("index".to_owned()).spawn(move || {
            let mut kept_at = Instant::now();
            self.log.build_index(&self.cancelled, |index| {
                self.tell(index);
                if let Some(kept) = self.kept.as_ref().filter(|_| kept_at.elapsed() > KEEP_EVERY) {
                    kept.keep(&self.log, index);
                    kept_at = Instant::now();
                }
            });
            if let Some(kept) = &self.kept {
                kept.keep(&self.log, &self.log.index());
            }
            drop(permit);
        });
        if let Err(error) = built {
            tracing::error!(%error, "there is no thread to build an index");
        }
    }

    fn tell(&self, index: &Index) {
        let (lines, bytes, complete) = (index.lines(), index.bytes_passed(), index.is_complete());
        self.progress.send_replace(Progress { lines, bytes, complete });
    }
}

/// A number for the sources' identities; JavaScript can hold it.
fn generation(sources: &[SourceState]) -> u64 {
    let mut hasher = DefaultHasher::new();
    for source in sources {
        source.id.hash(&mut hasher);
        source.identity.hash(&mut hasher);
        source.opened.is_ok().hash(&mut hasher);
    }
    hasher.finish() >> 12
}

#[expect(clippy::cast_precision_loss, reason = "a share for people needs no more than a few digits")]
fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { (part as f64 / whole as f64).min(1.0) }
}
