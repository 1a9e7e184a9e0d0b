//! Tasks: found in folders, opened when somebody looks, indexed once for all who do.

mod catalog;
mod found;
mod matches;
mod searches;
mod snapshot;
mod view;
mod window;

pub use catalog::{Catalog, Filter, Task};
pub use found::{FoundTask, find_tasks};
pub use matches::Matches;
pub use searches::Searches;
pub use snapshot::Snapshot;
pub use view::{View, settle};
pub use window::{Format, Opening, Wanted, with_last_word};

pub(crate) use catalog::blocking;

use std::path::PathBuf;

use crate::cli::TimeOptions;

/// What holds for all tasks of a server.
#[derive(Debug)]
pub struct Settings {
    /// How times are read.
    pub times: TimeOptions,
    /// Where packed sources are unpacked.
    pub spool: PathBuf,
}
