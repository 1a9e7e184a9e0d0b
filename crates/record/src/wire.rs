//! What crosses a process: bodies of the HTTP interface and of the page's own requests.
//!
//! Fields are only ever added. Times are RFC 3339 in UTC, as text.

use serde::{Deserialize, Serialize};

use crate::Level;

/// A record as JSON says it, members in the contract's order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// The line's number in the merged log, from 1; none while the order before it has not been counted.
    pub n: Option<u64>,
    /// The line's own time; none on a continuation.
    pub ts: Option<String>,
    /// The line's level, or its head's.
    pub level: Option<Level>,
    /// The id of the source it lies in.
    pub source: String,
    /// Where its first byte lies in its source.
    pub offset: u64,
    /// What it says.
    pub text: String,
    /// It bears no time of its own.
    #[serde(default, skip_serializing_if = "is_default")]
    pub cont: bool,
    /// Its own time is before its place.
    #[serde(default, skip_serializing_if = "is_default")]
    pub late: bool,
    /// Its own time is far ahead of its neighbours' and was not believed.
    #[serde(default, skip_serializing_if = "is_default")]
    pub wild: bool,
    /// Its bytes are not UTF-8; what could not be read stands as U+FFFD.
    #[serde(default, skip_serializing_if = "is_default")]
    pub lossy: bool,
    /// Bytes of the line that `text` leaves out at its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cut: Option<u64>,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// The state of a source, and of a task made of such.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// More may come.
    Growing,
    /// All is there.
    Complete,
    /// Its sender fell silent.
    Lost,
    /// It could not be read; an error says why.
    Failed,
}

/// One source of a task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceInfo {
    /// Its id: a relative path or a name.
    pub id: String,
    /// Its state.
    pub state: State,
    /// Its length in bytes.
    pub bytes: u64,
    /// Its lines, once counted.
    pub lines: Option<u64>,
    /// Why it could not be read.
    pub error: Option<String>,
    /// How far the last time of one that grows is behind the last time of all, in milliseconds; none where that is not known.
    #[serde(default, skip_serializing_if = "is_default")]
    pub behind_ms: Option<u64>,
}

/// One task as a list shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskSummary {
    /// Its path-like id.
    pub id: String,
    /// Its state.
    pub state: State,
    /// How many sources it has.
    pub sources: u64,
    /// Their bytes, all together.
    pub bytes: u64,
    /// Its lines, once counted.
    pub lines: Option<u64>,
    /// The key of its first line, once known.
    pub first_ts: Option<String>,
    /// The key of its last line, once known.
    pub last_ts: Option<String>,
    /// When a source of it was last changed; none where that cannot be told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed_ts: Option<String>,
    /// How many of its sources failed.
    #[serde(default, skip_serializing_if = "is_default")]
    pub failed: u64,
    /// Why the first of these did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// A page of the list of tasks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskList {
    /// The tasks, by id.
    pub tasks: Vec<TaskSummary>,
    /// Where the next page starts; none after the last.
    pub cursor: Option<String>,
}

/// One task, with its sources.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TaskInfo {
    /// Its path-like id.
    pub id: String,
    /// Its state.
    pub state: State,
    /// Its sources, in the order that breaks ties.
    pub sources: Vec<SourceInfo>,
    /// Their bytes, all together.
    pub bytes: u64,
    /// Its lines, once counted.
    pub lines: Option<u64>,
    /// The key of its first line, once known.
    pub first_ts: Option<String>,
    /// The key of its last line, once known.
    pub last_ts: Option<String>,
    /// Which order the numbers belong to; it changes when the sources change.
    pub generation: u64,
    /// The share of the log that the index has seen, 0 to 1.
    pub indexed: f64,
    /// How many lines there seem to be; exact once `lines` is known.
    pub lines_estimate: u64,
    /// Lines a level that the index has counted so far, by `Level::ALL`, and last those without.
    pub levels: [u64; 7],
}

/// A task as it is now, told to pages that show it each time it has changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Live {
    /// Which order the numbers belong to.
    pub generation: u64,
    /// Its lines, as far as they were counted.
    pub lines: u64,
    /// They all were.
    pub counted: bool,
    /// Its bytes, lines without an end among them.
    pub bytes: u64,
    /// How many sources it has.
    pub sources: u64,
    /// Its state.
    pub state: State,
    /// What was written of lines that have no end yet: the last of it, of a few sources.
    pub partial: Vec<Partial>,
}

/// The begin of a line that is being written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Partial {
    /// The id of its source.
    pub source: String,
    /// What was written of it: its last 4 KiB at most.
    pub text: String,
}

/// Which lines are wanted, as addresses spell it: those that meet every condition there is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct LineFilter {
    /// Names of levels, between commas; `none` for lines without one.
    pub level: Option<String>,
    /// Ids of sources, between commas.
    pub source: Option<String>,
    /// No line before this time.
    pub since: Option<String>,
    /// No line after this time.
    pub until: Option<String>,
    /// A regular expression that a line's text matches.
    pub q: Option<String>,
    /// `smart`, `match` or `ignore`: how `q` and `not` tell capitals.
    pub case: Option<String>,
    /// A regular expression that a line's text does not match.
    pub not: Option<String>,
    /// Only lines that bear a time of their own; those that continue them are left out.
    pub heads: bool,
}

impl LineFilter {
    /// Every line is wanted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        Self { case: None, ..self.clone() } == Self::default()
    }

    /// The same without its expression.
    #[must_use]
    pub fn without_q(&self) -> Self {
        let case = self.case.clone().filter(|_| self.not.is_some());
        Self { q: None, case, ..self.clone() }
    }
}

/// Where a window starts. Where the window has a filter, lines are counted among those that meet it, but for `Number`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Start {
    /// At line `n`, from 1.
    Line(u64),
    /// So many lines before the end.
    Tail(u64),
    /// At the first line whose number in the whole log is not below this one, from 1.
    Number(u64),
    /// At the first line whose key is not before this time (RFC 3339 or any usual form).
    Time(String),
    /// At the line that this anchor names.
    Anchor {
        /// The source's id.
        source: String,
        /// Where the line's first byte lies.
        offset: u64,
    },
}

/// A stretch of a task's merged log, as the page asks for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WindowQuery {
    /// The task's id.
    pub task: String,
    /// Where it starts.
    pub start: Start,
    /// So many lines earlier.
    pub before: u64,
    /// At most so many lines.
    pub limit: u64,
    /// Which lines count.
    #[serde(default)]
    pub filter: LineFilter,
    /// With so many lines around each that matches `q`.
    #[serde(default)]
    pub context: u64,
}

/// The first line of a window's answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WindowHead {
    /// Which order the numbers belong to.
    pub generation: u64,
    /// The lines that the filter lets through: exact or, as long as `counted` is false, an estimate; with a filter as many
    /// as were found so far.
    pub lines: u64,
    /// All of them were counted.
    pub counted: bool,
    /// How many of them come before the first record; none where they were not counted.
    #[serde(default)]
    pub rank: Option<u64>,
    /// The number of the line that was asked for, where it is known; with `before` it is not the first record's.
    pub target: Option<u64>,
}

/// One line of a window's answer (ndjson): first a head, then records, last an end or an error.
/// An answer that has neither was cut off on its way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WindowItem {
    /// What the records belong to.
    Head(WindowHead),
    /// A record.
    Record(Record),
    /// All records were sent.
    End,
    /// What went wrong after the head was sent.
    Error(ApiError),
}

/// What a search is asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HitsQuery {
    /// The task's id.
    pub task: String,
    /// What is searched for.
    #[serde(default)]
    pub filter: LineFilter,
    /// With so many lines around each that matches `q`.
    #[serde(default)]
    pub context: u64,
    /// Into how many equal stretches of the whole log the hits are counted, 0 to 2,000.
    pub buckets: u64,
    /// How much the asker knows was searched, in millionths: the answer comes with more, after a short while. None at first.
    #[serde(default)]
    pub seen: Option<u64>,
}

/// What a search has found so far.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Hits {
    /// Which order the numbers belong to.
    pub generation: u64,
    /// Lines found.
    pub found: u64,
    /// The share of the log that was searched, 0 to 1.
    pub searched: f64,
    /// All was searched, or a source broke off.
    pub done: bool,
    /// Lines found in each stretch of the log.
    pub buckets: Vec<u64>,
    /// Sources that could not be searched to their end.
    pub failed: Vec<String>,
}

/// Asks for the next or the previous line that a filter lets through.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepQuery {
    /// The task's id.
    pub task: String,
    /// What is searched for.
    #[serde(default)]
    pub filter: LineFilter,
    /// The number of the line from which to look; 0 stands before the first.
    pub from: u64,
    /// Towards the log's start.
    pub back: bool,
}

/// A line that was looked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Its number; none where there is no such line that way.
    pub n: Option<u64>,
    /// How many such lines come before it.
    pub rank: u64,
    /// Such lines found so far.
    pub found: u64,
    /// All was searched.
    pub done: bool,
}

/// What parts of a log a page asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatsQuery {
    /// The task's id.
    pub task: String,
    /// How many parts, 1 to 2,000.
    pub buckets: u64,
    /// What the log is divided by.
    pub by: StatsBy,
    /// By time: where the first part starts, if not with the log.
    #[serde(default)]
    pub since: Option<String>,
    /// By time: where the last part ends, if not with the log.
    #[serde(default)]
    pub until: Option<String>,
}

/// What a log was divided by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StatsBy {
    /// Spans of time, each as long as the others.
    Time,
    /// Stretches of lines, each with as many as the others, give or take one.
    Line,
}

/// How a log's lines lie over it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stats {
    /// What it was divided by.
    pub by: StatsBy,
    /// Which order the numbers belong to.
    pub generation: u64,
    /// The lines of all parts.
    pub lines: u64,
    /// The key of the log's first line; none of an empty log.
    pub first_ts: Option<String>,
    /// The key of the log's last line.
    pub last_ts: Option<String>,
    /// Its parts, in order.
    pub buckets: Vec<StatsBucket>,
}

/// One part of a log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatsBucket {
    /// The number of its first line; of the next line there is, where it has none.
    pub n: u64,
    /// No line of it is placed before this time.
    pub ts: String,
    /// Its lines.
    pub lines: u64,
    /// Its lines a level.
    pub levels: LevelCounts,
}

/// Counts of lines a level.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "each is named for its level")]
pub struct LevelCounts {
    pub trace: u64,
    pub debug: u64,
    pub info: u64,
    pub warn: u64,
    pub error: u64,
    pub fatal: u64,
    /// Lines without a level.
    pub none: u64,
}

/// Counts by [`Level::ALL`], and last those without a level.
impl From<[u64; 7]> for LevelCounts {
    fn from([trace, debug, info, warn, error, fatal, none]: [u64; 7]) -> Self {
        Self { trace, debug, info, warn, error, fatal, none }
    }
}

/// What went wrong, in words that a person can act on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiError {
    /// The HTTP status.
    pub status: u16,
    /// What kind of thing went wrong, the same words for the same kind.
    pub title: String,
    /// What, where, and what to do.
    pub detail: String,
}
