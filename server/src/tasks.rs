//! Tasks: found in folders, opened when somebody looks, indexed once for all who do.

mod catalog;
mod chunks;
mod folders;
mod follow;
mod found;
mod hits;
mod indexing;
mod kept;
mod marks;
mod matches;
mod overview;
mod places;
mod searches;
mod snapshot;
mod sources;
mod stretch;
mod task;
mod ticker;
mod view;
mod wake;
mod wanted;
mod window;

pub(crate) use catalog::blocking;
pub use catalog::{Catalog, Filter};
pub use chunks::{Format, with_last_word};
pub use follow::followed;
pub use found::{FoundTask, find_tasks};
pub use hits::{hits, step};
pub use matches::Matches;
pub use overview::stats;
pub use places::NO_EVENT;
pub use searches::Searches;
pub use snapshot::Snapshot;
pub use task::Task;
pub use ticker::Following;
pub use view::{View, settle};
pub use wanted::{Resume, Wanted};
pub use window::Opening;

use std::sync::Arc;

use engine::{Cache, Spools};
use tokio::sync::Semaphore;

use crate::cli::TimeOptions;
use crate::ingest::Ingest;

/// What holds for all tasks of a server.
#[derive(Debug)]
pub struct Settings {
    /// How times are read.
    pub times: TimeOptions,
    /// How packed sources are read.
    pub spools: Spools,
    /// Where indexes are kept, if anywhere.
    pub cache: Option<Arc<Cache>>,
    /// What is shipped.
    pub ingest: Ingest,
    /// Searches of all tasks that may run at one time.
    pub turns: Arc<Semaphore>,
}
