//! A task that is open: its sources, their order, its index under way. What is numbered keeps its number while they grow.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex as StdMutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use engine::{Buckets, By, Error, Filter, Index, Input, Log};
use record::Timestamp;
use record::wire::{ApiError, Live, Partial, SourceInfo, State, TaskInfo};
use tokio::sync::{Mutex, Notify, Semaphore, watch};

use super::catalog::blocking;
use super::found::{self, FoundSource};
use super::kept::Kept;
use super::sources::{OpenSource, Seen};
use super::stretch::Shared;
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

/// What has become of a task since somebody last looked.
pub enum Growth {
    /// What is numbered is as it was; there may be more behind it.
    Same,
    /// There are other sources beside those that there were, whose lines keep their numbers: this comes in its place.
    Wider(Arc<Snapshot>),
    /// What was numbered is so no longer.
    Other,
}

/// A task's sources in one order. Its index is built once, in the background, for all who look.
pub struct Snapshot {
    id: String,
    generation: u64,
    log: Arc<Log>,
    sources: StdMutex<Vec<OpenSource>>,
    told: watch::Sender<Progress>,
    progress: watch::Receiver<Progress>,
    /// Somebody waits for the index.
    wanted: Arc<Notify>,
    cancelled: Arc<AtomicBool>,
    searches: Searches,
    /// What was written for those who follow.
    shared: Shared,
    /// How many looks in a row could not take in what had come.
    in_vain: AtomicUsize,
    opened_at: Instant,
    /// An answer broke off: files may have changed where nobody looks.
    doubtful: AtomicBool,
    /// What was counted over the log, the newest last.
    stats: Mutex<Vec<Counted>>,
}

/// Into how many parts a log was divided, by what, and the parts.
type Counted = ((u64, By, u64), Arc<Buckets>);

/// Looks in a row that may fail to take in what has come, before all is read anew.
const LOOKS_IN_VAIN_MAX: usize = 3;

/// Bytes of deleted files that are shown on, though what is left is less.
const DELETED_BYTES_MAX: u64 = 64 << 20;

/// Deleted files that are kept open.
const DELETED_FILES_MAX: usize = 64;

/// How long a task stays open of which something cannot be read.
const DAMAGED_FOR: Duration = Duration::from_secs(1);

/// Lines without an end that are told of at one time.
const PARTIALS_MAX: usize = 3;

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
    /// `before` is the snapshot in whose place this one comes: files that it holds stay, whatever their names are by now.
    pub fn open(found: &FoundTask, settings: &Settings, workers: &Arc<Semaphore>, before: Option<&Self>) -> Arc<Self> {
        let before = before.filter(|_| found.shipped.is_none());
        let (lasting, lost) = before.map(Self::lasting).unwrap_or_default();
        let mut all: Vec<_> = lasting.iter().filter_map(|(source, input)| source.open_anew(input, settings)).collect();
        let lasting: Vec<_> = lasting.into_iter().map(|(source, _)| source).collect();
        let added = found::added(found, &lasting, &lost);
        all.extend(added.iter().map(|source| open(&found.id, source, settings, false)));
        let (sources, inputs) = in_order(all);
        let kept = Kept::new(&inputs, settings);
        let log = Log::growing(inputs, &ends(&sources));
        let log = match kept.as_ref().and_then(|kept| kept.load(log.inputs())) {
            Some(index) => log.with_index(index),
            None => log,
        };
        let generation = generation(&sources);
        let snapshot = Self::over(found.id.clone(), generation, log, sources, settings);
        if let Some(before) = before.filter(|before| is_grown_from(&snapshot.sources(), before)) {
            snapshot.searches.take_over(&before.searches, snapshot.log.index().blocks().len());
        }
        let indexing = Indexing {
            log: Arc::clone(&snapshot.log),
            kept,
            cancelled: Arc::clone(&snapshot.cancelled),
            progress: snapshot.told.clone(),
            wanted: Arc::clone(&snapshot.wanted),
        };
        // What was kept whole is there at once.
        if snapshot.log.index().is_complete() {
            indexing.tell(&snapshot.log.index());
        } else {
            tokio::spawn(indexing.run(Arc::clone(workers)));
        }
        Arc::new(snapshot)
    }

    /// No file was cut back while it was opened. Asks the file system.
    pub fn is_intact(&self) -> bool {
        let is_changed = |source: &OpenSource| source.opened.as_ref().is_err_and(|error| error.is_change());
        self.sources().iter().all(|source| source.is_intact() && !is_changed(source))
    }

    /// The sources that can be read on as they are, with their inputs; and the others.
    fn lasting(&self) -> (Vec<(OpenSource, Input)>, Vec<OpenSource>) {
        let broken: HashSet<usize> = self.log.index().failures().iter().map(|failure| failure.source).collect();
        let (mut lasting, mut lost) = (Vec::new(), Vec::new());
        for source in self.sources().iter().cloned() {
            source.look_for_copy();
            match source.opened {
                Ok(place) if source.is_lasting() && !broken.contains(&place) => {
                    lasting.push((source, self.log.inputs()[place].clone()));
                }
                _ => lost.push(source),
            }
        }
        (lasting, lost)
    }

    fn over(id: String, generation: u64, log: Log, sources: Vec<OpenSource>, settings: &Settings) -> Self {
        let log = Arc::new(log);
        let (told, progress) = watch::channel(Progress::default());
        Self {
            id,
            generation,
            searches: Searches::new(Arc::clone(&log), progress.clone(), Arc::clone(&settings.turns)),
            shared: Shared::default(),
            in_vain: AtomicUsize::new(0),
            opened_at: Instant::now(),
            doubtful: AtomicBool::new(false),
            stats: Mutex::default(),
            log,
            sources: StdMutex::new(sources),
            told,
            progress,
            wanted: Arc::default(),
            cancelled: Arc::new(AtomicBool::new(false)),
        }
    }

    /// Nothing has changed since somebody last looked. Asks the file system about every source.
    pub fn is_current(&self, found: &FoundTask) -> bool {
        let sources = self.sources();
        sources.iter().all(OpenSource::is_current) && found::added(found, &sources, &[]).is_empty()
    }

    /// Looks what has become of the sources, and numbers the lines that have come. Blocks. To be called by one at a time.
    pub fn look(&self, found: &FoundTask, settings: &Settings) -> Growth {
        // Lines are numbered behind those that are there.
        if !self.log.index().is_complete() {
            return Growth::Same;
        }
        let mut sources = self.sources().clone();
        let is_gone =
            |source: &OpenSource| source.opened.is_err() && !found.sources.iter().any(|found| found.id == source.id);
        if sources.iter().any(is_gone) {
            return Growth::Other;
        }
        let count = |sources: &[OpenSource]| sources.iter().filter_map(OpenSource::file).map(|file| file.count()).sum();
        let files: usize = count(&sources);
        let mut is_other = false;
        for source in &mut sources {
            is_other |= source.look() == Seen::Other;
        }
        // A rotation deletes the oldest ones.
        is_other |= count(&sources) != files && is_mostly_deleted(&sources);
        if is_other {
            *self.sources() = sources;
            return Growth::Other;
        }
        let wider = self.wider(found, settings, &mut sources);
        let log = wider.as_ref().map_or(&self.log, |wider| &wider.log);
        let grown = log.grow(&ends(&sources));
        let grown = match grown {
            Ok(grown) => grown,
            // Nothing was taken in. A file that was cut back meanwhile is seen for what it is by the next look.
            Err(_) if self.in_vain.fetch_add(1, Ordering::Relaxed) < LOOKS_IN_VAIN_MAX => {
                *self.sources() = sources;
                return Growth::Same;
            }
            Err(failure) => {
                let is_it = |source: &&mut OpenSource| matches!(source.opened, Ok(place) if place == failure.source);
                sources.iter_mut().filter(is_it).for_each(OpenSource::give_up);
                *self.sources() = sources;
                return Growth::Other;
            }
        };
        self.in_vain.store(0, Ordering::Relaxed);
        let told = wider.as_ref().map_or(&self.told, |wider| &wider.told);
        let was_growing = self.info().state;
        *wider.as_ref().map_or_else(|| self.sources(), |wider| wider.sources()) = sources;
        if grown || wider.is_some() || self.info().state != was_growing {
            tell(told, &log.index());
        }
        wider.map_or(Growth::Same, |wider| Growth::Wider(Arc::new(wider)))
    }

    /// The task with the sources that were found since, and with those read anew of which too little was there to know how.
    fn wider(&self, found: &FoundTask, settings: &Settings, sources: &mut Vec<OpenSource>) -> Option<Self> {
        let before = self.log.ends()?;
        let inputs = self.log.inputs();
        let mut all: Vec<(Option<usize>, OpenSource, Option<Input>)> = Vec::new();
        let mut differs = false;
        for source in sources.iter() {
            let input = source.opened.as_ref().ok().map(|place| (*place, &inputs[*place]));
            let reread = input.and_then(|(place, input)| input.reread(before[place]).ok().flatten());
            differs |= reread.is_some();
            let from = source.opened.as_ref().ok().copied().filter(|place| reread.is_none() || before[*place] > 0);
            let input = reread.or_else(|| input.map(|(_, input)| input.clone()));
            all.push((from, source.clone(), input));
        }
        for added in found::added(found, sources, &[]) {
            differs = true;
            let (source, input) = open(&self.id, &added, settings, true);
            all.push((None, source, input));
        }
        if !differs {
            return None;
        }
        let from: HashMap<String, usize> =
            all.iter().filter_map(|(from, source, _)| Some((source.id.clone(), (*from)?))).collect();
        let inputs;
        (*sources, inputs) = in_order(all.into_iter().map(|(_, source, input)| (source, input)).collect());
        let from: Vec<_> = inputs.iter().map(|input| from.get(&*input.id).copied()).collect();
        let log = self.log.widened(inputs, &from);
        let wider = Self::over(self.id.clone(), self.generation, log, sources.clone(), settings);
        Some(wider)
    }

    /// The sources that could be opened, by their places among the log's inputs.
    pub fn sources_opened(&self) -> Vec<OpenSource> {
        self.sources().iter().filter(|source| source.opened.is_ok()).cloned().collect()
    }

    fn sources(&self) -> MutexGuard<'_, Vec<OpenSource>> {
        self.sources.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Which order its numbers belong to: the same for the same sources, also after a restart.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// The sources that could be opened, in order.
    pub fn log(&self) -> &Arc<Log> {
        &self.log
    }

    /// Somebody is about to wait for the index: it begins at once.
    pub fn want_index(&self) {
        self.wanted.notify_one();
    }

    /// Waits until the whole log was counted.
    pub async fn indexed(&self) {
        self.want_index();
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
        let lines = self.log.index().lines();
        if let Some((_, buckets)) = known.iter().find(|(asked, _)| *asked == (count, by, lines)) {
            return Ok(Arc::clone(buckets));
        }
        let stop = StopOnDrop(Arc::default());
        let (log, told) = (Arc::clone(&self.log), Arc::clone(&stop.0));
        let buckets = blocking(move || log.stats(count, by, &told)).await;
        let buckets = Arc::new(buckets.map_err(|failure| problem::source_failed(failure.error.to_string()))?);
        if known.len() == STATS_MAX {
            known.remove(0);
        }
        known.push(((count, by, lines), Arc::clone(&buckets)));
        Ok(buckets)
    }

    /// The searches of its log. They find what was counted.
    pub fn searches(&self) -> &Searches {
        self.want_index();
        &self.searches
    }

    /// Nothing more is expected, and its lines stand as they came: ordered anew they would stand otherwise.
    pub fn is_to_be_ordered(&self) -> bool {
        self.log.is_out_of_order() && matches!(self.moment().3, State::Complete | State::Failed)
    }

    /// Something of it could not be read, and the next look is to find out why.
    pub fn doubt(&self) {
        self.doubtful.store(true, Ordering::Relaxed);
    }

    /// What was read of a file is not in it any more, and a look does not tell: it is to be opened anew.
    pub fn is_damaged(&self) -> bool {
        // What is written over all the time is not opened all the time.
        self.opened_at.elapsed() > DAMAGED_FOR
            && (self.log.index().failures().iter().any(|failure| failure.error.is_change())
                || (self.doubtful.swap(false, Ordering::Relaxed) && !self.sources().iter().all(OpenSource::is_intact)))
    }

    /// It was shipped: what knows its state is told first.
    pub fn is_shipped(&self) -> bool {
        self.sources().iter().any(OpenSource::is_shipped)
    }

    /// Where its sources lie.
    pub fn paths(&self) -> Vec<PathBuf> {
        self.sources().iter().map(|source| source.path.clone()).collect()
    }

    /// How many sources it has.
    pub fn count(&self) -> usize {
        self.sources().len()
    }

    /// What tells one moment of it from another: more lines, another state, more of a line that has no end yet.
    pub fn moment(&self) -> (u64, u64, u64, State) {
        let sources = self.sources();
        let written = sources.iter().filter_map(|source| source.file().map(|file| file.written())).sum();
        let lines = self.progress.borrow().lines;
        (self.generation, lines, written, state_of(sources.iter().map(OpenSource::state)))
    }

    /// It was shipped, and nothing more is to be expected: all that there is is numbered.
    pub fn is_over(&self) -> bool {
        self.sources().iter().all(OpenSource::is_over)
    }

    /// What is written once for all who follow it.
    pub fn shared(&self) -> &Shared {
        &self.shared
    }

    /// The ids of all its sources.
    pub fn ids(&self) -> Vec<String> {
        self.sources().iter().map(|source| source.id.clone()).collect()
    }

    /// How far the index has come, and a way to wait for more.
    pub fn progress(&self) -> watch::Receiver<Progress> {
        self.progress.clone()
    }

    /// The place among the log's inputs of the source with this id; its error, where it has none. None: no such source.
    pub fn place(&self, id: &str) -> Option<Result<usize, Error>> {
        self.sources().iter().find(|source| source.id == id).map(|source| source.opened.clone())
    }

    /// The ids of the sources that could not be read, or not to their end.
    pub fn failed(&self) -> Vec<String> {
        let broken: HashSet<usize> = self.log.index().failures().iter().map(|failure| failure.source).collect();
        let has_failed = |source: &&OpenSource| match &source.opened {
            Ok(place) => broken.contains(place) || source.shipped_error().is_some(),
            Err(_) => true,
        };
        self.sources().iter().filter(has_failed).map(|source| source.id.clone()).collect()
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

    /// What pages that show it are told each time it has changed.
    pub fn live(&self) -> Live {
        let has_failed = !self.failed().is_empty();
        let sources = self.sources();
        let partial = sources
            .iter()
            .filter(|source| matches!(source.state(), State::Growing | State::Lost))
            .filter_map(|source| Some(Partial { source: source.id.clone(), text: source.partial()? }))
            .take(PARTIALS_MAX);
        let progress = *self.progress.borrow();
        Live {
            generation: self.generation,
            lines: progress.lines,
            counted: progress.complete,
            bytes: sources.iter().map(|source| self.source_bytes(source)).sum(),
            sources: sources.len() as u64,
            state: if has_failed { State::Failed } else { state_of(sources.iter().map(OpenSource::state)) },
            partial: partial.collect(),
        }
    }

    /// What the contract says of a task.
    pub fn info(&self) -> TaskInfo {
        let sources = self.source_infos();
        let progress = *self.progress.borrow();
        let bytes = self.bytes();
        let index = self.log.index();
        let complete = index.is_complete();
        TaskInfo {
            id: self.id.clone(),
            state: state_of(sources.iter().map(|source| source.state)),
            sources,
            bytes,
            lines: complete.then(|| index.lines()),
            first_ts: self.first_key(&index).map(|key| key.to_string()),
            last_ts: index.blocks().last().filter(|_| complete).map(|block| block.last_key.to_string()),
            generation: self.generation,
            indexed: if complete { 1.0 } else { share(progress.bytes, bytes) },
            lines_estimate: self.lines_estimate(),
            levels: *index.levels(),
        }
    }

    /// The key of its first line, as its sources' first lines tell before any was counted.
    fn first_key(&self, index: &Index) -> Option<Timestamp> {
        if index.is_complete() || !index.blocks().is_empty() {
            return index.blocks().first().map(|block| block.first_key);
        }
        let inputs = self.log.inputs().iter();
        inputs.filter(|input| input.source.bytes() != Some(0)).map(|input| input.origin.first_key).min()
    }

    /// The bytes of its files when they were opened.
    pub fn bytes_on_disk(&self) -> u64 {
        self.sources().iter().map(OpenSource::bytes_on_disk).sum()
    }

    fn bytes(&self) -> u64 {
        self.sources().iter().map(|source| self.source_bytes(source)).sum()
    }

    /// The length of its text, or of its file as long as it was not unpacked.
    fn source_bytes(&self, source: &OpenSource) -> u64 {
        let known = source.opened.as_ref().ok().and_then(|place| self.log.inputs()[*place].source.bytes_written());
        known.unwrap_or_else(|| source.bytes_on_disk())
    }

    fn source_infos(&self) -> Vec<SourceInfo> {
        let times = self.log.last_times();
        let latest = times.iter().flatten().max().copied();
        let index = self.log.index();
        let failures: HashMap<usize, &Error> =
            index.failures().iter().map(|failure| (failure.source, &failure.error)).collect();
        self.sources()
            .iter()
            .map(|source| {
                let error = match &source.opened {
                    Err(error) => Some(error.to_string()),
                    Ok(place) => failures.get(place).map(ToString::to_string).or_else(|| source.shipped_error()),
                };
                let lines = match source.opened {
                    Ok(place) if index.is_complete() => Some(index.lines_by_source()[place]),
                    _ => None,
                };
                let state = if error.is_some() { State::Failed } else { source.state() };
                let own = source.opened.as_ref().ok().and_then(|place| times[*place]);
                let behind = latest.zip(own).filter(|_| state == State::Growing);
                let behind =
                    behind.and_then(|(latest, own)| u64::try_from((latest.nanos() - own.nanos()) / 1_000_000).ok());
                let (id, bytes) = (source.id.clone(), self.source_bytes(source));
                SourceInfo { id, state, bytes, lines, error, behind_ms: behind.filter(|behind| *behind > 0) }
            })
            .collect()
    }
}

impl Drop for Snapshot {
    fn drop(&mut self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }
}

/// Opens a source; one that cannot be read is told.
fn open(task: &str, found: &FoundSource, settings: &Settings, is_new: bool) -> (OpenSource, Option<Input>) {
    let (source, input) = OpenSource::open(found, settings, is_new);
    if let Err(error) = &source.opened {
        tracing::warn!(task, source = source.id, %error, "a source cannot be read");
    }
    (source, input)
}

/// What was deleted is more than what is left, and much, or too many files to be kept open: it is to be let go.
fn is_mostly_deleted(sources: &[OpenSource]) -> bool {
    let (mut files, mut deleted, mut all) = (0, 0, 0);
    for file in sources.iter().filter_map(OpenSource::file) {
        let (count, bytes) = file.deleted();
        files += count;
        deleted += bytes;
        all += file.written();
    }
    files > DELETED_FILES_MAX || (deleted > DELETED_BYTES_MAX && deleted > all / 2)
}

/// Sources by their ids, with their places among the inputs of those that have one.
fn in_order(mut all: Vec<(OpenSource, Option<Input>)>) -> (Vec<OpenSource>, Vec<Input>) {
    all.sort_by(|a, b| a.0.id.cmp(&b.0.id));
    let (mut sources, mut inputs) = (Vec::new(), Vec::new());
    for (mut source, input) in all {
        if let Some(input) = input {
            source.opened = Ok(inputs.len());
            inputs.push(input);
        }
        sources.push(source);
    }
    (sources, inputs)
}

/// Where the lines of those end that could be opened, in the order of the log's inputs.
fn ends(sources: &[OpenSource]) -> Vec<u64> {
    sources.iter().filter(|source| source.opened.is_ok()).map(OpenSource::end).collect()
}

/// A task's state, by those of its sources.
fn state_of(sources: impl Iterator<Item = State> + Clone) -> State {
    let is = |state: State| sources.clone().any(|source| source == state);
    [State::Failed, State::Growing, State::Lost].into_iter().find(|state| is(*state)).unwrap_or(State::Complete)
}

/// The sources are the files that they were, and none is shorter.
fn is_grown_from(sources: &[OpenSource], before: &Snapshot) -> bool {
    let has_grown = |(now, then): (&OpenSource, &OpenSource)| match (now.identity, then.identity) {
        (Some((device, inode, bytes, _)), Some((old_device, old_inode, old_bytes, _))) => {
            (now.id == then.id && now.opened.is_ok() && then.opened.is_ok())
                && (device, inode) == (old_device, old_inode)
                && bytes >= old_bytes
        }
        _ => false,
    };
    let before = before.sources();
    sources.len() == before.len() && sources.iter().zip(before.iter()).all(has_grown)
}

/// Bytes that a line takes, as long as none was counted.
const GUESSED_LINE_BYTES: u64 = 100;

/// How often an index is kept that is not complete yet.
const KEEP_EVERY: Duration = Duration::from_secs(30);

/// Bytes that are indexed before a page could be drawn.
const INDEXED_AT_ONCE: u64 = 8 << 20;

/// How long the index of more leaves the processors to the page, as long as nobody waits for it.
const PAGE_FIRST: Duration = Duration::from_millis(300);

/// An index that is to be built.
struct Indexing {
    log: Arc<Log>,
    kept: Option<Kept>,
    cancelled: Arc<AtomicBool>,
    progress: watch::Sender<Progress>,
    wanted: Arc<Notify>,
}

impl Indexing {
    /// Builds the index when a worker is free, and keeps it. That of much text lets the page come first that opened it.
    async fn run(self, workers: Arc<Semaphore>) {
        let bytes: u64 = self.log.inputs().iter().filter_map(|input| input.source.bytes_written()).sum();
        if bytes.saturating_sub(self.log.index().bytes_passed()) > INDEXED_AT_ONCE {
            let wanted = tokio::time::timeout(PAGE_FIRST, self.wanted.notified()).await.is_ok();
            tracing::trace!(wanted, "the index begins");
        }
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
        tell(&self.progress, index);
    }
}

fn tell(told: &watch::Sender<Progress>, index: &Index) {
    let (lines, bytes, complete) = (index.lines(), index.bytes_passed(), index.is_complete());
    told.send_replace(Progress { lines, bytes, complete });
}

/// A number for the sources' identities; JavaScript can hold it.
fn generation(sources: &[OpenSource]) -> u64 {
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
