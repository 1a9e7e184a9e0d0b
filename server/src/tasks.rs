//! Tasks: found in folders, opened when somebody looks, indexed once for all who do.

mod catalog;
mod found;
mod snapshot;
mod window;

pub use catalog::{Catalog, Filter, Task};
pub use found::{FoundTask, find_tasks};
pub use snapshot::Snapshot;
pub use window::{Format, Opening, Wanted};

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
