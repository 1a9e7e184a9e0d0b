//! Looks at a task that somebody follows: one for all who do.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::AbortHandle;
use tokio::time::Instant;

use super::catalog::blocking;
use super::wake::Sleeper;
use super::{Catalog, Task};

/// How often the files of a task are looked at while somebody follows it.
pub const LOOK_EVERY: Duration = Duration::from_millis(40);

/// The same while it grows.
pub const LOOK_EVERY_GROWING: Duration = Duration::from_millis(10);

/// The same where it is told of what is written.
const LOOK_SELDOM: Duration = Duration::from_millis(250);

/// How long after a change it counts as growing.
const GROWING_FOR: Duration = Duration::from_secs(1);

/// How much longer it takes for each source.
const LOOK_EVERY_SOURCE: Duration = Duration::from_micros(50);

/// Looks at a task again and again, and tells when something has changed.
pub struct Ticker {
    changed: watch::Receiver<u64>,
    looking: AbortHandle,
}

impl Ticker {
    /// Begins to look. To be called in the context of a runtime.
    pub fn start(task: &Arc<Task>, catalog: &Arc<Catalog>) -> Self {
        let (sender, changed) = watch::channel(0);
        let (task, catalog) = (Arc::downgrade(task), Arc::clone(catalog));
        let looking = tokio::spawn(async move {
            let mut sleeper = Sleeper::new(catalog.wakes());
            let mut watched = Vec::new();
            let (mut before, mut changed_at) = (None, Instant::now());
            while let Some(task) = task.upgrade() {
                catalog.look_for_sources(&task).await;
                // To its end, whoever goes meanwhile: what a look takes in half would be taken for what was there.
                let snapshot = task.snapshot_now().await;
                let moment = Some(snapshot.moment());
                let has_changed = moment != before;
                if has_changed {
                    changed_at = Instant::now();
                    sender.send_modify(|changes| *changes += 1);
                }
                let paths = snapshot.paths();
                if paths != watched {
                    watched.clone_from(&paths);
                    sleeper = blocking(move || sleeper.watching(&paths)).await;
                }
                before = moment;
                let more = LOOK_EVERY_SOURCE * u32::try_from(snapshot.count()).unwrap_or(u32::MAX);
                // What becomes of a shipped task is not only written to files.
                let seldom = if snapshot.is_shipped() { LOOK_EVERY } else { LOOK_SELDOM };
                drop((task, snapshot));
                let often = if changed_at.elapsed() < GROWING_FOR { LOOK_EVERY_GROWING } else { LOOK_EVERY };
                sleeper.sleep(has_changed, LOOK_EVERY_GROWING + more, often + more, seldom + more).await;
            }
        });
        Self { changed, looking: looking.abort_handle() }
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.looking.abort();
    }
}

/// As long as this is held, somebody looks at the task.
pub struct Following {
    changed: watch::Receiver<u64>,
    _ticker: Arc<Ticker>,
}

impl Following {
    pub(super) fn of(ticker: Arc<Ticker>) -> Self {
        Self { changed: ticker.changed.clone(), _ticker: ticker }
    }

    /// Waits until something has changed since this was last asked.
    pub async fn changed(&mut self) {
        if self.changed.changed().await.is_err() {
            // Nobody looks any more: the task is gone.
            std::future::pending::<()>().await;
        }
    }
}
