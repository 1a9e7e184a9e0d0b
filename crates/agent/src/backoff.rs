//! How long to wait after a failure: full jitter, and what the server asks for.

use std::time::Duration;

use http::HeaderMap;
use http::header::{DATE, RETRY_AFTER};

use crate::limits::{BACKOFF_FIRST, BACKOFF_MAX, RETRY_AFTER_MAX};

/// Waits that grow with each failure.
#[derive(Debug, Default)]
pub struct Backoff {
    failures: u32,
}

impl Backoff {
    /// The next wait: any length up to one that doubles each time, so that a thousand agents do not come back at once.
    pub fn next(&mut self) -> Duration {
        let most = BACKOFF_FIRST.saturating_mul(1 << self.failures.min(16)).min(BACKOFF_MAX);
        self.failures = self.failures.saturating_add(1);
        most.mul_f64(fastrand::f64())
    }

    /// Something went well.
    pub fn reset(&mut self) {
        self.failures = 0;
    }
}

/// What `Retry-After` asks for, in seconds or as a date. A date is taken by the server's own clock, its `Date`: ours may
/// be wrong. Without one the date says nothing.
#[must_use]
pub fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = |name| headers.get(name)?.to_str().ok().map(str::trim);
    let asked = text(RETRY_AFTER)?;
    let wait = match asked.parse::<u64>() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => {
            let now = httpdate::parse_http_date(text(DATE)?).ok()?;
            httpdate::parse_http_date(asked).ok()?.duration_since(now).unwrap_or_default()
        }
    };
    Some(wait.min(RETRY_AFTER_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(headers: &[(http::HeaderName, &str)], expected: Option<u64>) {
        let headers = headers.iter().map(|(name, value)| (name.clone(), value.parse().expect("a value"))).collect();
        assert_eq!(retry_after(&headers), expected.map(Duration::from_secs), "{headers:?}");
    }

    #[test]
    fn retry_after_is_read_as_seconds_and_as_a_date_by_the_servers_clock() {
        check(&[(RETRY_AFTER, "7")], Some(7));
        let date = (RETRY_AFTER, "Sun, 06 Nov 1994 08:49:37 GMT");
        check(&[date.clone(), (DATE, "Sun, 06 Nov 1994 08:49:30 GMT")], Some(7));
        check(&[date.clone(), (DATE, "Sun, 06 Nov 1994 09:00:00 GMT")], Some(0));
        check(&[date], None);
        check(&[(RETRY_AFTER, "999999999999")], Some(600));
        check(&[(RETRY_AFTER, "soon")], None);
        check(&[], None);
    }

    #[test]
    fn n6_waits_grow_to_a_bound_and_are_spread() {
        let mut backoff = Backoff::default();
        let waits: Vec<_> = (0..200).map(|_| backoff.next()).collect();
        assert!(waits.iter().all(|wait| *wait <= BACKOFF_MAX));
        assert!(waits[0] <= BACKOFF_FIRST);
        let late = &waits[20..];
        assert!(late.iter().any(|wait| *wait > BACKOFF_MAX / 2) && late.iter().any(|wait| *wait < BACKOFF_MAX / 2));
    }
}
