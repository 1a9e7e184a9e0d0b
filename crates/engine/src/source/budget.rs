//! How much disk what is unpacked may take.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};

use super::scratch::Scratches;
use crate::limits::SPOOLS_DISK_BYTES_MAX;

/// Bytes on disk that several spools may take together. What is kept in a [`Cache`](crate::Cache) counts there, not here.
#[derive(Debug)]
pub struct DiskBudget {
    max: AtomicU64,
    used: AtomicU64,
    scratches: Scratches,
}

/// The budget of this process.
static PROCESS: LazyLock<Arc<DiskBudget>> = LazyLock::new(|| DiskBudget::new(SPOOLS_DISK_BYTES_MAX));

impl DiskBudget {
    /// A budget of `max` bytes, for tests and for processes that have several.
    #[must_use]
    pub fn new(max: u64) -> Arc<Self> {
        Arc::new(Self { max: AtomicU64::new(max), used: AtomicU64::new(0), scratches: Scratches::default() })
    }

    /// The budget of this process, used where no other is given: [`SPOOLS_DISK_BYTES_MAX`], unless it was set.
    #[must_use]
    pub fn process() -> Arc<Self> {
        Arc::clone(&PROCESS)
    }

    /// Sets the limit, in bytes. What takes more already stays.
    pub fn set_max(&self, max: u64) {
        self.max.store(max, Ordering::Relaxed);
    }

    /// The limit, in bytes.
    #[must_use]
    pub fn max(&self) -> u64 {
        self.max.load(Ordering::Relaxed)
    }

    /// Bytes that are taken now.
    #[must_use]
    pub fn used(&self) -> u64 {
        self.used.load(Ordering::Relaxed)
    }

    /// Where what counts to this budget lies.
    pub(super) fn scratches(&self) -> &Scratches {
        &self.scratches
    }

    pub(super) fn take(&self, bytes: u64) -> bool {
        let max = self.max();
        let more = |used: u64| used.checked_add(bytes).filter(|used| *used <= max);
        self.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).is_ok()
    }

    pub(super) fn give_back(&self, bytes: u64) {
        self.used.fetch_sub(bytes, Ordering::Relaxed);
    }
}
