//! The log from afar: what its timeline and its minimap draw, and where a point on them leads.

use record::wire::{Stats, StatsBucket};

use super::{figures, time};

/// Shares of a bar or a row, from 0 to 1 of its full length, the loudest last.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Bar {
    /// All lines.
    pub lines: f64,
    /// Warnings among them.
    pub warn: f64,
    /// Errors and worse among them.
    pub error: f64,
}

/// The least that a share is drawn with, so that one error among a million lines is seen.
const LEAST: f64 = 0.08;

/// The bars of a timeline: their height is their share of the highest one.
#[must_use]
pub fn bars(stats: &Stats) -> Vec<Bar> {
    let most = stats.buckets.iter().map(|bucket| bucket.lines).max().unwrap_or_default();
    let share = |count: u64| if count == 0 { 0.0 } else { ratio(count, most).max(LEAST) };
    let bar = |bucket: &StatsBucket| Bar {
        lines: share(bucket.lines),
        warn: share(bucket.levels.warn),
        error: share(bucket.levels.error + bucket.levels.fatal),
    };
    stats.buckets.iter().map(bar).collect()
}

/// The rows of a minimap: the faster its lines came, the longer a row; and what share of it is loud.
#[must_use]
pub fn rows(stats: &Stats) -> Vec<Bar> {
    let starts: Vec<f64> = stats.buckets.iter().map(|bucket| millis(&bucket.ts).unwrap_or_default()).collect();
    let end = stats.last_ts.as_deref().and_then(millis).unwrap_or_default();
    let pace = |at: usize, lines: u64| {
        let next = starts.get(at + 1).copied().unwrap_or(end);
        #[expect(clippy::cast_precision_loss, reason = "a count for a picture")]
        let pace = lines as f64 / (next - starts.get(at).copied().unwrap_or_default()).max(1.0);
        pace.ln_1p()
    };
    let paces: Vec<f64> = stats.buckets.iter().enumerate().map(|(at, bucket)| pace(at, bucket.lines)).collect();
    let most = paces.iter().copied().fold(f64::MIN_POSITIVE, f64::max);
    let row = |(bucket, pace): (&StatsBucket, f64)| {
        let share = |count: u64| if count == 0 { 0.0 } else { ratio(count, bucket.lines).max(LEAST) };
        Bar {
            lines: if bucket.lines == 0 { 0.0 } else { 0.25 + 0.6 * pace / most },
            warn: share(bucket.levels.warn),
            error: share(bucket.levels.error + bucket.levels.fatal),
        }
    };
    stats.buckets.iter().zip(paces).map(row).collect()
}

/// The span of time that a timeline shows, in milliseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Span {
    /// Its start.
    pub from: f64,
    /// Its end, after the start.
    pub to: f64,
}

impl Span {
    /// The span of these buckets; none of an empty log.
    #[must_use]
    pub fn of(stats: &Stats, until: Option<f64>) -> Option<Self> {
        let from = millis(&stats.buckets.first()?.ts)?;
        let to = until.or_else(|| stats.last_ts.as_deref().and_then(millis))?;
        Some(Self { from, to: to.max(from + 1.0) })
    }

    /// Where a time lies, 0 at the start and 1 at the end; beyond them for times outside.
    #[must_use]
    pub fn share(self, time: f64) -> f64 {
        (time - self.from) / (self.to - self.from)
    }

    /// The time at a share.
    #[must_use]
    pub fn at(self, share: f64) -> f64 {
        self.from + share.clamp(0.0, 1.0) * (self.to - self.from)
    }

    /// The same narrowed by `factor` around a share of it, or widened, but not beyond `whole`.
    #[must_use]
    pub fn zoomed(self, share: f64, factor: f64, whole: Self) -> Self {
        let middle = self.at(share);
        let length = ((self.to - self.from) * factor).clamp(10.0, (whole.to - whole.from).max(10.0));
        let from = (middle - length * share).clamp(whole.from, (whole.to - length).max(whole.from));
        Self { from, to: (from + length).min(whole.to.max(from + 1.0)) }
    }
}

/// A time in milliseconds since 1970.
#[must_use]
pub fn millis(text: &str) -> Option<f64> {
    let (second, fraction) = time::parse_utc(text)?;
    let digits: String = fraction.chars().chain("000".chars()).take(3).collect();
    #[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 are far below 2^52")]
    let millis = (second * 1000 + digits.parse::<i64>().ok()?) as f64;
    Some(millis)
}

/// Milliseconds since 1970 as an RFC 3339 time in UTC.
#[must_use]
pub fn utc(millis: f64) -> String {
    #[expect(clippy::cast_possible_truncation, reason = "a time of a log, within some thousand years of now")]
    let millis = millis.round() as i64;
    time::utc_text(millis)
}

/// What lies under the pointer, in words.
#[must_use]
pub fn hint(time: &str, bucket: &StatsBucket) -> String {
    let errors = bucket.levels.error + bucket.levels.fatal;
    let mut said = format!("{time}\n{}", figures::counted(bucket.lines, "line", "lines"));
    if errors > 0 {
        said.push_str(&format!(", {}", figures::counted(errors, "error", "errors")));
    }
    if bucket.levels.warn > 0 {
        said.push_str(&format!(", {}", figures::counted(bucket.levels.warn, "warning", "warnings")));
    }
    said
}

fn ratio(part: u64, whole: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "counts for a picture")]
    let ratio = part as f64 / whole.max(1) as f64;
    ratio
}

#[cfg(test)]
mod tests {
    use record::wire::{LevelCounts, Stats, StatsBucket, StatsBy};

    use super::{LEAST, Span, bars, millis, rows, utc};

    fn stats(buckets: &[(&str, u64, u64)]) -> Stats {
        let bucket = |(ts, lines, error): &(&str, u64, u64)| StatsBucket {
            n: 1,
            ts: (*ts).to_owned(),
            lines: *lines,
            levels: LevelCounts { error: *error, none: lines - error, ..LevelCounts::default() },
        };
        Stats {
            by: StatsBy::Time,
            generation: 1,
            lines: buckets.iter().map(|bucket| bucket.1).sum(),
            first_ts: None,
            last_ts: Some("2026-11-22T00:01:00Z".to_owned()),
            buckets: buckets.iter().map(bucket).collect(),
        }
    }

    #[test]
    fn one_error_among_a_million_lines_is_seen() {
        let stats = stats(&[("2026-11-22T00:00:00Z", 1_000_000, 1), ("2026-11-22T00:00:30Z", 0, 0)]);
        assert_eq!(bars(&stats)[0].error, LEAST);
        assert_eq!((bars(&stats)[0].lines, bars(&stats)[1].lines), (1.0, 0.0));
        assert!(rows(&stats)[0].error > 0.0 && rows(&stats)[1].lines == 0.0);
    }

    #[test]
    fn a_time_and_its_place_are_inverse() {
        let span = Span::of(&stats(&[("2026-11-22T00:00:00Z", 1, 0)]), None).unwrap();
        assert_eq!(utc(span.at(0.5)), "2026-11-22T00:00:30Z");
        assert_eq!(span.share(millis("2026-11-22T00:00:30Z").unwrap()), 0.5);
        assert_eq!(utc(millis("1969-12-31T23:59:59.25Z").unwrap()), "1969-12-31T23:59:59.250Z");
    }

    #[test]
    fn zooming_stays_within_the_log_and_keeps_what_is_pointed_at() {
        let whole = Span { from: 0.0, to: 1000.0 };
        let near = whole.zoomed(0.25, 0.5, whole);
        assert_eq!(near, Span { from: 125.0, to: 625.0 });
        assert_eq!(near.at(0.25), 250.0);
        assert_eq!(near.zoomed(0.5, 10.0, whole), whole);
        assert!(near.zoomed(0.5, 0.0, whole).to - near.from >= 10.0);
    }

    #[test]
    fn an_empty_log_has_no_span() {
        assert_eq!(Span::of(&stats(&[]), None), None);
        assert_eq!(rows(&stats(&[])), []);
    }
}
