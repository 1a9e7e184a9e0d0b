//! Bounds of what is shipped: each with its unit, and what happens there.

use std::time::Duration;

/// Bytes of one request's body, as sent and as unpacked. More: 413.
pub const BODY_BYTES_MAX: usize = 8 << 20;

/// Bytes of a body that was refused which are read all the same, so that its sender gets to read the answer.
pub const DRAIN_BYTES_MAX: usize = 32 << 20;

/// How long a body may take to arrive. Longer: 408.
pub const BODY_TIME_MAX: Duration = Duration::from_secs(60);

/// KiB of bodies that are held at one time, over all requests. More: 503.
pub const IN_FLIGHT_KIB_MAX: usize = 64 << 10;

/// KiB that unpacking a body holds beside it: its text, and the decoder's window.
pub const UNPACKING_KIB: u32 = 16 << 10;

/// The largest window of a zstd frame, as a power of two: that of `zstd -19`. Larger: 400.
pub const ZSTD_WINDOW_LOG_MAX: u32 = 23;

/// Requests that wait for one commit. More: 503.
pub const COMMITS_WAITING_MAX: usize = 4_096;

/// Tasks. More: 507.
pub const TASKS_MAX: usize = 100_000;

/// Sources a task. More: 507.
pub const SOURCES_A_TASK_MAX: usize = 10_000;

/// Deleted tasks that are remembered; of those deleted longest ago nothing is known then.
pub const DELETED_MAX: usize = 10_000;

/// How often sources are looked at: which fell silent, what is too old.
pub const LOOK_EVERY: Duration = Duration::from_millis(250);

/// How often bytes are synced that were acknowledged before they were: what a loss of power may cost.
pub const SYNC_EVERY: Duration = Duration::from_secs(1);

/// Files that are synced at one time.
pub const SYNCS_AT_ONCE: usize = 16;

/// Files that are open because they wait to be synced. More: they are synced at once.
pub const UNSYNCED_FILES_MAX: usize = 256;

/// After how long it is noted that a quiet source was heard of.
pub const NOTE_HEARD_EVERY: Duration = Duration::from_secs(60);
