//! The time and the level of a line that is one JSON object.

use super::epoch;
use super::find::Known;
use crate::json::{self, Value};
use crate::level::word_in_any_case;
use crate::{Level, Timestamp};

/// What the members of a JSON object tell.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Members {
    pub time: Option<Timestamp>,
    /// There may be one without a time.
    pub level: Option<Level>,
}

/// True if the line begins as a JSON object does.
#[inline]
pub(super) fn may_be_object(line: &[u8]) -> bool {
    let space = |byte: &&u8| matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
    line.iter().find(|byte| !space(byte)) == Some(&b'{')
}

/// Reads the line if it is one JSON object; see [`json::object`] for `cut` and `nesting`.
pub(super) fn read(line: &[u8], cut: bool, known: &mut Known, nesting: &mut Vec<u8>) -> Option<Members> {
    let mut time = Best::default();
    let mut level = Best::default();
    let mut log: Option<&[u8]> = None;
    let is_object = json::object(line, cut, nesting, |key, value| match key.with_start(Name::of) {
        Some(Name::Time(rank)) => time.offer(rank, || time_of(value, known)),
        Some(Name::Level(rank)) => level.offer(rank, || level_of(value)),
        Some(Name::Log) => {
            if let Value::Object(object) = value {
                log = Some(object);
            }
        }
        None => {}
    });
    if !is_object {
        return None;
    }
    if let Some(log) = log {
        // Elastic's `log.level`, when it was not spelled with the dot. Its text was found well-formed above.
        json::object(log, false, nesting, |key, value| {
            if key.with_start(|key| key == b"level") {
                level.offer(NESTED_LEVEL_RANK, || level_of(value));
            }
        });
    }
    Some(Members { time: time.value, level: level.value })
}

/// The usable value of the lowest rank so far; of equal ranks the first.
struct Best<T> {
    rank: u8,
    value: Option<T>,
}

impl<T> Default for Best<T> {
    fn default() -> Self {
        Self { rank: u8::MAX, value: None }
    }
}

impl<T> Best<T> {
    fn offer(&mut self, rank: u8, value: impl FnOnce() -> Option<T>) {
        if rank < self.rank
            && let Some(value) = value()
        {
            self.rank = rank;
            self.value = Some(value);
        }
    }
}

/// What a member's name tells of it, with its place among the names that tell the same: the most trusted has the
/// lowest.
enum Name {
    Time(u8),
    Level(u8),
    /// Elastic's, an object with the level.
    Log,
}

impl Name {
    #[inline]
    fn of(key: &[u8]) -> Option<Self> {
        Some(match key {
            b"timestamp" => Self::Time(0),
            b"@timestamp" => Self::Time(1),
            b"ts" => Self::Time(2),
            b"time" => Self::Time(3),
            b"datetime" => Self::Time(4),
            b"asctime" => Self::Time(5),
            b"date" => Self::Time(6),
            b"t" => Self::Time(7),
            b"__REALTIME_TIMESTAMP" => Self::Time(8),
            b"level" => Self::Level(0),
            b"lvl" => Self::Level(1),
            b"severity" => Self::Level(2),
            b"levelname" => Self::Level(3),
            b"log.level" => Self::Level(4),
            b"log" => Self::Log,
            _ => return None,
        })
    }
}

const NESTED_LEVEL_RANK: u8 = 5;

fn time_of(value: Value<'_>, known: &mut Known) -> Option<Timestamp> {
    match value {
        Value::String(raw) => raw.with_start(|text| {
            let digits = (9..=19).contains(&text.len()) && text.iter().all(u8::is_ascii_digit);
            if digits { epoch::by_size(text) } else { known.usual(text).map(|(time, _)| time) }
        }),
        Value::Number(number) => epoch::by_size(number),
        Value::Object(_) | Value::Other => None,
    }
}

fn level_of(value: Value<'_>) -> Option<Level> {
    match value {
        Value::String(raw) => raw.with_start(word_in_any_case),
        // pino's.
        Value::Number(b"10") => Some(Level::Trace),
        Value::Number(b"20") => Some(Level::Debug),
        Value::Number(b"30") => Some(Level::Info),
        Value::Number(b"40") => Some(Level::Warn),
        Value::Number(b"50") => Some(Level::Error),
        Value::Number(b"60") => Some(Level::Fatal),
        Value::Number(_) | Value::Object(_) | Value::Other => None,
    }
}
