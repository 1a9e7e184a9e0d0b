//! The folders in which a task's sources lie: when names in them change, the task may have other sources.

use std::collections::BTreeSet;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use record::Timestamp;
use tokio::time::Instant;

use super::FoundTask;
use super::task::LOOK_AGAIN;

/// Folders as they were when the task was found in them.
#[derive(Debug)]
pub struct Folders {
    /// When names in each last changed, and whether that was early enough to be sure that all of it was seen.
    seen: Vec<(PathBuf, Option<Timestamp>, bool)>,
    looked: Instant,
}

/// Whether names in a folder have changed since they were listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Changed {
    /// They have not.
    No,
    /// They changed so shortly before that nobody knows.
    Perhaps,
    /// They have.
    Yes,
}

impl Folders {
    /// Those of a task that was looked for from `began` on.
    #[must_use]
    pub fn of(found: &FoundTask, began: Timestamp) -> Self {
        let folders: BTreeSet<&Path> = found.sources.iter().filter_map(|source| source.path.parent()).collect();
        let seen = folders.into_iter().map(|path| {
            // A folder's time is as coarse as the kernel's ticks.
            let settled = |changed: Timestamp| changed.nanos() + 100_000_000 < began.nanos();
            let changed = changed(path);
            (path.to_owned(), changed, changed.is_some_and(settled))
        });
        Self { seen: seen.collect(), looked: Instant::now() }
    }

    /// Names in them have changed since, or may have. Asks the file system, once a second at most.
    pub fn have_changed(&mut self) -> bool {
        if self.looked.elapsed() < LOOK_AGAIN {
            return false;
        }
        self.looked = Instant::now();
        self.changed() != Changed::No
    }

    /// Names in them have changed since. Asks the file system.
    pub fn changed(&self) -> Changed {
        let one = |(path, then, settled): &(PathBuf, Option<Timestamp>, bool)| match changed(path) == *then {
            true if *settled => Changed::No,
            true => Changed::Perhaps,
            false => Changed::Yes,
        };
        self.seen.iter().map(one).max().unwrap_or(Changed::No)
    }
}

/// When names in a folder last changed.
fn changed(path: &Path) -> Option<Timestamp> {
    // The folder of a bare name is the one in which the server was started.
    let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
    let metadata = std::fs::metadata(path).ok()?;
    Some(Timestamp::from_nanos(i128::from(metadata.mtime()) * 1_000_000_000 + i128::from(metadata.mtime_nsec())))
}
