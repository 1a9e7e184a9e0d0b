//! The time on the wall, by a clock that does not jump while we run.

use std::sync::OnceLock;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use record::Timestamp;

/// The time now: of two calls the later one tells the later time, whoever sets the clock.
pub fn now() -> Timestamp {
    static START: OnceLock<(Instant, Timestamp)> = OnceLock::new();
    let (start, time) = START.get_or_init(|| (Instant::now(), wall()));
    let since = i128::try_from(start.elapsed().as_nanos()).unwrap_or_default();
    Timestamp::from_nanos(time.nanos() + since)
}

#[expect(clippy::disallowed_methods, reason = "asked once, for what people read")]
fn wall() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_nanos(i128::try_from(since.as_nanos()).unwrap_or_default())
}
