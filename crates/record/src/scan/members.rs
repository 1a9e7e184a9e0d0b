//! The time and the level of a line that is one JSON object.

use super::epoch;
use super::find::Known;
use crate::json::{self, Value};
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
    let is_object = json::object(line, cut, nesting, |key, value| {
        key.with_start(|key| {
            time.offer(time_rank(key), || time_of(value, known));
            level.offer(level_rank(key), || level_of(value));
            if key == b"log"
                && let Value::Object(object) = value
            {
                log = Some(object);
            }
        });
    });
    if !is_object {
        return None;
    }
    if let Some(log) = log {
        // Elastic's `log.level`, when it was not spelled with the dot. Its text was found well-formed above.
        json::object(log, false, nesting, |key, value| {
            key.with_start(|key| {
                level.offer((key == b"level").then_some(NESTED_LEVEL_RANK), || level_of(value));
            });
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
    fn offer(&mut self, rank: Option<u8>, value: impl FnOnce() -> Option<T>) {
        if let Some(rank) = rank
            && rank < self.rank
            && let Some(value) = value()
        {
            self.rank = rank;
            self.value = Some(value);
        }
    }
}

/// Where a key stands among the names for a time, the most trusted first.
fn time_rank(key: &[u8]) -> Option<u8> {
    Some(match key {
        b"timestamp" => 0,
        b"@timestamp" => 1,
        b"ts" => 2,
        b"time" => 3,
        b"datetime" => 4,
        b"asctime" => 5,
        b"date" => 6,
        b"t" => 7,
        b"__REALTIME_TIMESTAMP" => 8,
        _ => return None,
    })
}

/// Where a key stands among the names for a level.
fn level_rank(key: &[u8]) -> Option<u8> {
    Some(match key {
        b"level" => 0,
        b"lvl" => 1,
        b"severity" => 2,
        b"levelname" => 3,
        b"log.level" => 4,
        _ => return None,
    })
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
        Value::String(raw) => raw.with_start(Level::from_word_in_any_case),
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
