//! The line that a link was made for, found again: where it was, in the file that took over its bytes, or around its time.

use std::collections::BTreeMap;

use futures::StreamExt as _;
use record::wire::{ApiError, LineFilter, Record, Start, State, TaskInfo, WindowItem, WindowQuery};

use crate::api::{Api, Gathered, shortened};
use crate::model::ndjson::Splitter;
use crate::model::place::{Anchor, Mark, hash};

/// Lines from a link's time on that are looked at: those of one instant are seldom more.
const LOOKED_LINES: u64 = 4_000;

/// Lines before its time that are looked at too: heads of lines that continue them, and times that were not believed.
const LOOKED_BEFORE: u64 = 500;

/// Files that may have taken over a file's bytes and are asked for them.
const SIBLINGS_MAX: usize = 16;

/// Endings of packed files.
const PACKED: [&str; 4] = [".gz", ".zst", ".xz", ".bz2"];

/// What became of a link's line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Traced {
    /// It is where it was, as far as can be told.
    There,
    /// It is here now.
    Moved(Anchor),
    /// It was not found.
    Gone,
}

/// Looks for the line that stood at `anchor` when a link with this mark was made. A link without a hash is believed.
pub async fn trace(api: &dyn Api, task: &TaskInfo, anchor: &Anchor, mark: &Mark) -> Traced {
    let Some(wanted) = mark.hash else { return Traced::There };
    let is_time = |ts: Option<&str>| ts.is_none() || mark.ts.is_none() || ts == mark.ts.as_deref();
    let here = match record_at(api, task, anchor).await {
        Ok(record) => record.filter(|record| hash(&record.text) == wanted),
        // Where nothing can be asked now, the page itself tells why.
        Err(error) if !matches!(error.status, 404 | 416) && !has_failed(task, &anchor.source) => return Traced::There,
        Err(_) => None,
    };
    if here.as_ref().is_some_and(|record| is_time(record.ts.as_deref())) {
        return Traced::There;
    }
    // A file that was renamed, copied or packed has its lines where they were.
    for source in siblings(task, &anchor.source).take(SIBLINGS_MAX) {
        let other = Anchor { source: source.to_owned(), offset: anchor.offset };
        if let Ok(Some(record)) = record_at(api, task, &other).await
            && hash(&record.text) == wanted
            && is_time(record.ts.as_deref())
        {
            return Traced::Moved(other);
        }
    }
    let found = match &mark.ts {
        Some(ts) => around(api, task, anchor, wanted, ts).await,
        None => None,
    };
    match (found, here) {
        (Some(found), _) => Traced::Moved(found),
        // The server reads times otherwise than it did.
        (None, Some(_)) => Traced::There,
        (None, None) => Traced::Gone,
    }
}

/// The line that begins at an anchor; none where it is another line's middle.
async fn record_at(api: &dyn Api, task: &TaskInfo, anchor: &Anchor) -> Result<Option<Record>, ApiError> {
    let start = Start::Anchor { source: anchor.source.clone(), offset: anchor.offset };
    let lines = api.window(all(task, start, 0, 1)).await?;
    let gathered = Gathered::read(Box::pin(shortened(lines))).await;
    if let (true, Some(error)) = (gathered.records.is_empty(), gathered.error) {
        return Err(error);
    }
    Ok(gathered.records.into_iter().next().filter(|record| Anchor::of(record) == *anchor))
}

/// The line with this hash and time that is most likely the one: of the same source, else of a sibling, else of another;
/// of several the one that is nearest to where it was.
async fn around(api: &dyn Api, task: &TaskInfo, anchor: &Anchor, wanted: u32, ts: &str) -> Option<Anchor> {
    let query = all(task, Start::Time(ts.to_owned()), LOOKED_BEFORE, LOOKED_BEFORE + LOOKED_LINES);
    let mut lines = api.window(query).await.ok()?;
    let mut splitter = Splitter::default();
    // The time of each source's last head: that of the lines which continue it.
    let mut heads: BTreeMap<String, String> = BTreeMap::new();
    let mut best: Option<(u8, u64, Anchor)> = None;
    while let Some(chunk) = lines.next().await {
        splitter.push(&chunk, |line| {
            let Ok(WindowItem::Record(record)) = serde_json::from_slice(line) else { return };
            if let Some(own) = &record.ts {
                heads.insert(record.source.clone(), own.clone());
            }
            if hash(&record.text) != wanted || heads.get(&record.source).is_none_or(|head| head != ts) {
                return;
            }
            let kin = match &record.source {
                source if *source == anchor.source => 0,
                source if stem(source) == stem(&anchor.source) => 1,
                _ => 2,
            };
            let found = (kin, record.offset.abs_diff(anchor.offset), Anchor::of(&record));
            if best.as_ref().is_none_or(|best| (found.0, found.1) < (best.0, best.1)) {
                best = Some(found);
            }
        });
    }
    best.map(|(_, _, anchor)| anchor)
}

fn all(task: &TaskInfo, start: Start, before: u64, limit: u64) -> WindowQuery {
    WindowQuery { task: task.id.clone(), start, before, limit, filter: LineFilter::default(), context: 0 }
}

fn has_failed(task: &TaskInfo, source: &str) -> bool {
    task.sources.iter().any(|info| info.id == source && info.state == State::Failed)
}

/// Other sources that differ in how often they were rotated, or in being packed.
fn siblings<'a>(task: &'a TaskInfo, source: &'a str) -> impl Iterator<Item = &'a str> {
    let ids = task.sources.iter().map(|info| info.id.as_str());
    ids.filter(move |id| *id != source && stem(id) == stem(source))
}

/// A file's name without what rotation appends to it: a number or a date, and the ending of a packed file.
fn stem(id: &str) -> &str {
    let id = PACKED.iter().find_map(|ending| id.strip_suffix(ending)).unwrap_or(id);
    let is_count = |c: char| c.is_ascii_digit() || matches!(c, '-' | '_' | ':' | 'T' | 'Z');
    let base = id.trim_end_matches(is_count);
    match base.strip_suffix('.') {
        Some(stem) if base.len() < id.len() => stem,
        // A date after a hyphen; the hyphen went with it.
        _ if base.contains('.') && id.get(base.len()..).is_some_and(|rest| rest.starts_with('-')) => base,
        _ => id,
    }
}

#[cfg(test)]
mod tests {
    use super::stem;

    #[test]
    fn rotated_files_are_of_one_stem() {
        for (id, expected) in [
            ("app.log", "app.log"),
            ("app.log.1", "app.log"),
            ("app.log.12.gz", "app.log"),
            ("app.log-20261122", "app.log"),
            ("app.log.2026-11-22", "app.log"),
            ("app.log.2026-11-22T02:14.zst", "app.log"),
            ("worker-1.log", "worker-1.log"),
            ("worker-2", "worker-2"),
            ("dir/0.log.20261122-021400", "dir/0.log"),
            ("0.log", "0.log"),
            ("7", "7"),
        ] {
            assert_eq!(stem(id), expected, "{id}");
        }
    }
}
