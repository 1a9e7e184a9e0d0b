//! The kernel's word that something was written: it wakes who looks again and again. Looking is the truth: some file systems
//! say nothing, and what is said can be lost.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use notify::{Event, RecommendedWatcher, RecursiveMode, Watcher as _};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until, timeout};

/// Folders that are watched for one sleeper at most; a task in more of them is only looked at.
const FOLDERS_MAX: usize = 512;

/// The folders in which somebody waits for something to be written.
#[derive(Default)]
pub struct Wakes {
    /// None as long as nobody has waited, or where there is no such thing.
    watcher: Mutex<Option<RecommendedWatcher>>,
    sleepers: Arc<Mutex<Sleepers>>,
}

type Sleepers = HashMap<PathBuf, Vec<Weak<Notify>>>;

/// Who sleeps until something is written in some folders, and now and then looks all the same.
pub struct Sleeper {
    wakes: Arc<Wakes>,
    folders: BTreeSet<PathBuf>,
    told: Arc<Notify>,
    /// It is told of what is written: it need not look as often.
    is_told: bool,
    /// Whether it was told when it last woke, and when that was.
    woken: bool,
    woke: Instant,
}

impl Wakes {
    fn watch(&self, folder: &Path, told: &Arc<Notify>) {
        let mut watcher = self.watcher.lock().unwrap_or_else(PoisonError::into_inner);
        let mut sleepers = lock(&self.sleepers);
        let known = sleepers.entry(folder.to_owned()).or_default();
        let is_watched = !known.is_empty();
        known.push(Arc::downgrade(told));
        drop(sleepers);
        if is_watched {
            return;
        }
        if watcher.is_none() {
            let sleepers = Arc::clone(&self.sleepers);
            match notify::recommended_watcher(move |event| wake(&sleepers, event)) {
                Ok(made) => *watcher = Some(made),
                Err(error) => {
                    tracing::debug!(%error, "nothing tells of what is written: files are looked at more often")
                }
            }
        }
        if let Some(Err(error)) = watcher.as_mut().map(|watcher| watcher.watch(folder, RecursiveMode::NonRecursive)) {
            // The next who waits there tries again.
            lock(&self.sleepers).remove(folder);
            tracing::debug!(%error, folder = %folder.display(), "nothing tells of what is written: it is looked at more often");
        }
    }

    fn forget(&self, folder: &Path, told: &Arc<Notify>) {
        let mut watcher = self.watcher.lock().unwrap_or_else(PoisonError::into_inner);
        let mut sleepers = lock(&self.sleepers);
        let Some(known) = sleepers.get_mut(folder) else { return };
        known.retain(|sleeper| sleeper.strong_count() > 0 && sleeper.as_ptr() != Arc::as_ptr(told));
        if !known.is_empty() {
            return;
        }
        sleepers.remove(folder);
        drop(sleepers);
        if let Some(Err(error)) = watcher.as_mut().map(|watcher| watcher.unwatch(folder)) {
            // The folder has gone, most likely.
            tracing::trace!(%error, "a folder was not watched");
        }
    }
}

/// Wakes those who wait for what an event tells of; all, where that cannot be told.
fn wake(sleepers: &Mutex<Sleepers>, event: notify::Result<Event>) {
    let sleepers = lock(sleepers);
    let event = event.ok().filter(|event| !event.need_rescan());
    // To read a file is no change.
    if event.as_ref().is_some_and(|event| event.kind.is_access()) {
        return;
    }
    let paths = event.map(|event| event.paths).unwrap_or_default();
    let folders = paths.iter().flat_map(|path| [Some(path.as_path()), path.parent()]).flatten();
    let mut told: Vec<_> = folders.filter_map(|folder| sleepers.get(folder)).flatten().collect();
    if told.is_empty() {
        told = sleepers.values().flatten().collect();
    }
    for sleeper in told.into_iter().filter_map(Weak::upgrade) {
        sleeper.notify_one();
    }
}

fn lock(sleepers: &Mutex<Sleepers>) -> MutexGuard<'_, Sleepers> {
    sleepers.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Sleeper {
    /// One who waits for nothing yet.
    #[must_use]
    pub fn new(wakes: &Arc<Wakes>) -> Self {
        Self {
            wakes: Arc::clone(wakes),
            folders: BTreeSet::new(),
            told: Arc::default(),
            is_told: false,
            woken: false,
            woke: Instant::now(),
        }
    }

    /// The same, waiting for what is written to these files from now on, also where they are links. Blocks.
    #[must_use]
    pub fn watching(mut self, files: &[PathBuf]) -> Self {
        let mut folders = BTreeSet::new();
        for file in files {
            let parent =
                |path: &Path| path.parent().map(|parent| parent.join(".")).and_then(|path| path.canonicalize().ok());
            folders.extend(parent(file));
            folders.extend(file.canonicalize().ok().as_deref().and_then(parent));
        }
        if folders.len() > FOLDERS_MAX {
            folders.clear();
        }
        for gone in self.folders.difference(&folders) {
            self.wakes.forget(gone, &self.told);
        }
        for new in folders.difference(&self.folders) {
            self.wakes.watch(new, &self.told);
        }
        self.folders = folders;
        self
    }

    /// Sleeps until something was written, or for a while: `often` where nobody tells, else `seldom`. Not less than `least`
    /// since it last woke. `changed`: when it last woke, something was new.
    pub async fn sleep(&mut self, changed: bool, least: Duration, often: Duration, seldom: Duration) {
        // What was not told of may not be told of again.
        self.is_told &= self.woken || !changed;
        let at_most = if self.is_told { seldom } else { often };
        self.woken = timeout(at_most, self.told.notified()).await.is_ok();
        if self.woken {
            self.is_told = true;
            sleep_until(self.woke + least).await;
        }
        self.woke = Instant::now();
    }
}

impl Drop for Sleeper {
    fn drop(&mut self) {
        for folder in &self.folders {
            self.wakes.forget(folder, &self.told);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// Longer than a test may take.
    const FOR_EVER: Duration = Duration::from_secs(3600);

    #[tokio::test]
    async fn what_is_written_wakes_those_who_wait_for_it() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (logs, links) = (folder.path().join("logs"), folder.path().join("links"));
        for folder in [&logs, &links] {
            fs::create_dir(folder).expect("made");
        }
        let (log, link) = (logs.join("a.log"), links.join("a.log"));
        fs::write(&log, "one\n").expect("written");
        std::os::unix::fs::symlink(&log, &link).expect("linked");
        let wakes = Arc::new(Wakes::default());
        for file in [&log, &link] {
            let mut sleeper = Sleeper::new(&wakes).watching(std::slice::from_ref(file));
            fs::write(&log, "two\n").expect("written");
            sleeper.sleep(true, Duration::ZERO, FOR_EVER, FOR_EVER).await;
            fs::rename(&log, logs.join("a.log.1")).expect("renamed");
            fs::write(&log, "three\n").expect("written");
            sleeper.sleep(true, Duration::ZERO, FOR_EVER, FOR_EVER).await;
            // Nobody tells of what is elsewhere: it is looked at now and then.
            sleeper = sleeper.watching(&[folder.path().join("nowhere/a.log")]);
            sleeper.sleep(false, Duration::ZERO, Duration::from_millis(1), Duration::from_millis(1)).await;
        }
        assert!(lock(&wakes.sleepers).is_empty(), "nobody waits any more");
    }
}
