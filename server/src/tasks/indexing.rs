//! A task's index on its way: built when a worker is free, kept, told to all who wait.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use engine::{Index, Log};
use tokio::sync::{Notify, Semaphore, watch};

use super::kept::Kept;

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

/// How often an index is kept that is not complete yet.
const KEEP_EVERY: Duration = Duration::from_secs(30);

/// Bytes that are indexed before a page could be drawn.
const INDEXED_AT_ONCE: u64 = 8 << 20;

/// How long the index of more leaves the processors to the page, as long as nobody waits for it.
const PAGE_FIRST: Duration = Duration::from_millis(300);

/// An index that is to be built.
pub struct Indexing {
    /// The log.
    pub log: Arc<Log>,
    /// Where it is kept, if anywhere.
    pub kept: Option<Kept>,
    /// Nobody wants it any more.
    pub cancelled: Arc<AtomicBool>,
    /// Who is told how far it has come.
    pub progress: watch::Sender<Progress>,
    /// Somebody waits for it.
    pub wanted: Arc<Notify>,
}

impl Indexing {
    /// Builds the index when a worker is free, and keeps it. That of much text lets the page come first that opened it.
    pub async fn run(self, workers: Arc<Semaphore>) {
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

    pub fn tell(&self, index: &Index) {
        tell(&self.progress, index);
    }
}

pub fn tell(told: &watch::Sender<Progress>, index: &Index) {
    let (lines, bytes, complete) = (index.lines(), index.bytes_passed(), index.is_complete());
    told.send_replace(Progress { lines, bytes, complete });
}
