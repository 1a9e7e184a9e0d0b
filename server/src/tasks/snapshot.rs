//! A task that is open: its sources, their order, its index under way. What is numbered keeps its number while they grow.

mod told;

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex as StdMutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use engine::{Buckets, By, Input, Log};
use record::wire::{ApiError, State};
use tokio::sync::{Mutex, Notify, Semaphore, watch};

use super::catalog::blocking;
use super::found::{self, FoundSource};
use super::indexing::{Indexing, Progress, tell};
use super::kept::Kept;
use super::sources::{OpenSource, Seen};
use super::stretch::Shared;
use super::{FoundTask, Searches, Settings};
use crate::problem;

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
        // In a folder, what was renamed is a source of its own.
        let is_alone = found.sources.len() == 1;
        all.extend(added.iter().map(|source| {
            let before = lost.iter().find(|before| is_alone && before.id == source.id);
            open(&found.id, source, settings, false, before)
        }));
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
            if found::is_rotated(&source.id, found) {
                source.stay();
            }
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
            let (source, input) = open(&self.id, &added, settings, true, None);
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

    /// How far the index has come, and a way to wait for more.
    pub fn progress(&self) -> watch::Receiver<Progress> {
        self.progress.clone()
    }

    /// What is written once for all who follow it.
    pub fn shared(&self) -> &Shared {
        &self.shared
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
}

impl Drop for Snapshot {
    fn drop(&mut self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }
}

/// Opens a source; one that cannot be read is told.
fn open(
    task: &str,
    found: &FoundSource,
    settings: &Settings,
    is_new: bool,
    before: Option<&OpenSource>,
) -> (OpenSource, Option<Input>) {
    let (source, input) = OpenSource::open(found, settings, is_new, before);
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
