//! The one place that asks what time it is.

use std::time::{SystemTime, UNIX_EPOCH};

use record::Timestamp;

/// Now.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "this is the one place")]
pub fn now() -> Timestamp {
    let nanos = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos());
    Timestamp::from_nanos(i128::try_from(nanos).unwrap_or(i128::MAX))
}
