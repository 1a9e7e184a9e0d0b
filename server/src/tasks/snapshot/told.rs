//! What a task tells of itself: its state, its counts, its sources.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;

use engine::{Error, Filter, Index};
use record::Timestamp;
use record::wire::{Live, Partial, SourceInfo, State, TaskInfo};

use super::Snapshot;
use crate::tasks::sources::OpenSource;

/// Lines without an end that are told of at one time.
const PARTIALS_MAX: usize = 3;

/// Bytes that a line takes, as long as none was counted.
const GUESSED_LINE_BYTES: u64 = 100;

impl Snapshot {
    /// It was shipped: what knows its state is told first.
    pub fn is_shipped(&self) -> bool {
        self.sources().iter().any(OpenSource::is_shipped)
    }

    /// Where its sources lie.
    pub fn paths(&self) -> Vec<PathBuf> {
        self.sources().iter().map(|source| source.path.clone()).collect()
    }

    /// How many sources it has.
    pub fn count(&self) -> usize {
        self.sources().len()
    }

    /// What tells one moment of it from another: more lines, another state, more of a line that has no end yet.
    pub fn moment(&self) -> (u64, u64, u64, State) {
        let sources = self.sources();
        let written = sources.iter().filter_map(|source| source.file().map(|file| file.written())).sum();
        let lines = self.progress.borrow().lines;
        (self.generation, lines, written, state_of(sources.iter().map(OpenSource::state)))
    }

    /// It was shipped, and nothing more is to be expected: all that there is is numbered.
    pub fn is_over(&self) -> bool {
        self.sources().iter().all(OpenSource::is_over)
    }

    /// The ids of all its sources.
    pub fn ids(&self) -> Vec<String> {
        self.sources().iter().map(|source| source.id.clone()).collect()
    }

    /// The place among the log's inputs of the source with this id; its error, where it has none. None: no such source.
    pub fn place(&self, id: &str) -> Option<Result<usize, Error>> {
        self.sources().iter().find(|source| source.id == id).map(|source| source.opened.clone())
    }

    /// The ids of the sources that could not be read, or not to their end.
    pub fn failed(&self) -> Vec<String> {
        let broken: HashSet<usize> = self.log.index().failures().iter().map(|failure| failure.source).collect();
        let has_failed = |source: &&OpenSource| match &source.opened {
            Ok(place) => broken.contains(place) || source.shipped_error().is_some(),
            Err(_) => true,
        };
        self.sources().iter().filter(has_failed).map(|source| source.id.clone()).collect()
    }

    /// The ids of those that broke off while they were counted, and of which this filter wants lines.
    pub fn failed_of(&self, filter: &Filter) -> Vec<String> {
        let index = self.log.index();
        let wanted = index.failures().iter().filter(|failure| filter.wants_source(failure.source));
        wanted.map(|failure| self.log.inputs()[failure.source].id.to_string()).collect()
    }

    /// All was counted, and there is no line.
    pub fn is_empty(&self) -> bool {
        let progress = *self.progress.borrow();
        progress.complete && progress.lines == 0
    }

    /// How many lines there seem to be: exact once they were counted.
    pub fn lines_estimate(&self) -> u64 {
        let progress = *self.progress.borrow();
        if progress.complete {
            return progress.lines;
        }
        let bytes = self.bytes();
        if progress.bytes == 0 || progress.lines == 0 {
            return bytes / GUESSED_LINE_BYTES;
        }
        let lines = u128::from(progress.lines) * u128::from(bytes.max(progress.bytes)) / u128::from(progress.bytes);
        u64::try_from(lines).unwrap_or(u64::MAX)
    }

    /// What pages that show it are told each time it has changed.
    pub fn live(&self) -> Live {
        let has_failed = !self.failed().is_empty();
        let sources = self.sources();
        let partial = sources
            .iter()
            .filter(|source| matches!(source.state(), State::Growing | State::Lost))
            .filter_map(|source| Some(Partial { source: source.id.clone(), text: source.partial()? }))
            .take(PARTIALS_MAX);
        let progress = *self.progress.borrow();
        Live {
            generation: self.generation,
            lines: progress.lines,
            counted: progress.complete,
            bytes: sources.iter().map(|source| self.source_bytes(source)).sum(),
            sources: sources.len() as u64,
            state: if has_failed { State::Failed } else { state_of(sources.iter().map(OpenSource::state)) },
            partial: partial.collect(),
        }
    }

    /// What the contract says of a task.
    pub fn info(&self) -> TaskInfo {
        let sources = self.source_infos();
        let progress = *self.progress.borrow();
        let bytes = self.bytes();
        let index = self.log.index();
        let complete = index.is_complete();
        TaskInfo {
            id: self.id.clone(),
            state: state_of(sources.iter().map(|source| source.state)),
            sources,
            bytes,
            lines: complete.then(|| index.lines()),
            first_ts: self.first_key(&index).map(|key| key.to_string()),
            last_ts: index.blocks().last().filter(|_| complete).map(|block| block.last_key.to_string()),
            generation: self.generation,
            indexed: if complete { 1.0 } else { share(progress.bytes, bytes) },
            lines_estimate: self.lines_estimate(),
            levels: *index.levels(),
        }
    }

    /// The key of its first line, as its sources' first lines tell before any was counted.
    fn first_key(&self, index: &Index) -> Option<Timestamp> {
        if index.is_complete() || !index.blocks().is_empty() {
            return index.blocks().first().map(|block| block.first_key);
        }
        let inputs = self.log.inputs().iter();
        inputs.filter(|input| input.source.bytes() != Some(0)).map(|input| input.origin.first_key).min()
    }

    /// The bytes of its files when they were opened.
    pub fn bytes_on_disk(&self) -> u64 {
        self.sources().iter().map(OpenSource::bytes_on_disk).sum()
    }

    fn bytes(&self) -> u64 {
        self.sources().iter().map(|source| self.source_bytes(source)).sum()
    }

    /// The length of its text, or of its file as long as it was not unpacked.
    fn source_bytes(&self, source: &OpenSource) -> u64 {
        let known = source.opened.as_ref().ok().and_then(|place| self.log.inputs()[*place].source.bytes_written());
        known.unwrap_or_else(|| source.bytes_on_disk())
    }

    fn source_infos(&self) -> Vec<SourceInfo> {
        let times = self.log.last_times();
        let latest = times.iter().flatten().max().copied();
        let index = self.log.index();
        let failures: HashMap<usize, &Error> =
            index.failures().iter().map(|failure| (failure.source, &failure.error)).collect();
        self.sources()
            .iter()
            .map(|source| {
                let error = match &source.opened {
                    Err(error) => Some(error.to_string()),
                    Ok(place) => failures.get(place).map(ToString::to_string).or_else(|| source.shipped_error()),
                };
                let lines = match source.opened {
                    Ok(place) if index.is_complete() => Some(index.lines_by_source()[place]),
                    _ => None,
                };
                let state = if error.is_some() { State::Failed } else { source.state() };
                let own = source.opened.as_ref().ok().and_then(|place| times[*place]);
                let behind = latest.zip(own).filter(|_| state == State::Growing);
                let behind =
                    behind.and_then(|(latest, own)| u64::try_from((latest.nanos() - own.nanos()) / 1_000_000).ok());
                let (id, bytes) = (source.id.clone(), self.source_bytes(source));
                SourceInfo { id, state, bytes, lines, error, behind_ms: behind.filter(|behind| *behind > 0) }
            })
            .collect()
    }
}

/// A task's state, by those of its sources.
fn state_of(sources: impl Iterator<Item = State> + Clone) -> State {
    let is = |state: State| sources.clone().any(|source| source == state);
    [State::Failed, State::Growing, State::Lost].into_iter().find(|state| is(*state)).unwrap_or(State::Complete)
}

#[expect(clippy::cast_precision_loss, reason = "a share for people needs no more than a few digits")]
fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { (part as f64 / whole as f64).min(1.0) }
}
