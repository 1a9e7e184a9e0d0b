//! A stretch of a task's log: found, merged on a thread that may block, sent as it is merged.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use engine::{Failure, Found, Log, Merge, Picker, Place};
use futures::{FutureExt as _, Stream};
use record::Zone;
use record::wire::{ApiError, Start, WindowHead, WindowItem};
use tokio::runtime::Handle;
use tokio::sync::OwnedSemaphorePermit;

use super::catalog::blocking;
use super::chunks::{Chunks, Format, with_last_word};
use super::marks::{Marks, Sent};
use super::{Snapshot, View};
use crate::filters::Typed;
use crate::{filters, problem};

/// Lines that are taken from a view at a time.
const FOUND_LINES: usize = 1024;

/// How long to wait before looking again for a place that the index had not reached.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// What is said of an id that none of our events had.
pub const NO_EVENT: &str = "Last-Event-ID: it is no id of an event that was sent here";

/// What is said where a file has no longer what was read of it, and nobody has looked yet.
pub const CUT_BACK: &str = "a file was cut back while it was read: ask again";

/// What was asked for.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// Where it starts.
    pub start: Start,
    /// So many lines earlier.
    pub before: u64,
    /// At most so many lines; `u64::MAX` where there is no limit.
    pub limit: u64,
    /// The end may be shown before the lines were counted, its lines without numbers.
    pub uncounted: bool,
    /// Which lines count.
    pub filter: Typed,
    /// With so many lines around each match.
    pub context: u64,
    /// What a client had before it lost the stream: what was asked for goes on behind it.
    pub resume: Option<Resume>,
}

impl Wanted {
    /// How many lines are left of its limit for who had so many; `u64::MAX` where there is none.
    fn left(&self, had: u64) -> u64 {
        if self.limit == u64::MAX { u64::MAX } else { self.limit.saturating_sub(had) }
    }

    /// How many lines were had where so many are left; none where there is no limit.
    pub(super) fn had(&self, left: u64) -> Option<u64> {
        (self.limit < u64::MAX).then(|| self.limit.saturating_sub(left))
    }
}

/// What a client had of a stream of events, as the last event's id tells it.
#[derive(Clone, Debug)]
pub enum Resume {
    /// All of it.
    End,
    /// The line with this number and all before it, and how far that was in each file.
    Behind {
        /// The number, as it was then.
        n: u64,
        /// How many lines there were of those that were asked for, where there was a limit.
        had: Option<u64>,
        /// As [`Sent::write`] wrote it.
        sent: String,
    },
}

impl Resume {
    /// Reads the id of an event: `end`, or `N:` and what was sent, or `N+HAD:` and that.
    #[must_use]
    pub fn read(id: &str) -> Option<Self> {
        if id == "end" {
            return Some(Self::End);
        }
        let (n, sent) = id.split_once(':')?;
        let (n, had) = n.split_once('+').map_or((n, None), |(n, had)| (n, Some(had)));
        let had = had.map(|had| had.parse().ok());
        if had == Some(None) {
            return None;
        }
        let is_known = |byte: u8| byte.is_ascii_hexdigit() || byte == b'-' || byte == b',';
        let sent = Some(sent).filter(|sent| sent.bytes().all(is_known))?;
        Some(Self::Behind { n: n.parse().ok()?, had: had.flatten(), sent: sent.to_owned() })
    }
}

/// Where a client goes on.
struct GoOn {
    /// The rank in what is wanted of the first line that he may not have.
    rank: u64,
    /// How many lines he has of those that he asked for.
    had: u64,
    /// What he was sent, where that is not simply all that stands before.
    sent: Option<Sent>,
}

/// A window whose place is known: what remains is to send it.
pub struct Opening {
    snapshot: Arc<Snapshot>,
    from: From,
    limit: u64,
    target: Option<u64>,
    /// The view's lines, as far as they are known.
    lines: u64,
    counted: bool,
    /// What was sent before, where that is not simply all that stands before.
    sent: Option<Sent>,
    /// How many lines were sent before of those that were asked for, where there is a limit.
    had: Option<u64>,
}

enum From {
    /// The line of the view with this rank.
    Rank(View, u64),
    /// A merge that stands before its first line; its lines have no numbers yet.
    Uncounted(Box<Merge>),
}

impl Opening {
    /// Finds the place; waits for the index and for the search, where it has to. None where a stream that is taken up
    /// again had come to its end.
    ///
    /// # Errors
    ///
    /// 400, 404 and 416 as the contract says.
    pub async fn find(snapshot: Arc<Snapshot>, wanted: &Wanted, zone: &Zone) -> Result<Option<Self>, ApiError> {
        let view = View::of(&snapshot, &wanted.filter, wanted.context, zone).await?;
        if wanted.uncounted && matches!(view, View::All) && !snapshot.log().index().is_complete() {
            let place = place(&snapshot, &wanted.start, zone)?;
            let log = Arc::clone(snapshot.log());
            let before = wanted.before;
            if let Some(merge) = blocking(move || uncounted(&log, place, before)).await {
                let from = From::Uncounted(Box::new(merge));
                let lines = snapshot.lines_estimate();
                return Ok(Some(Self {
                    snapshot,
                    from,
                    limit: wanted.limit,
                    target: None,
                    lines,
                    counted: false,
                    sent: None,
                    had: None,
                }));
            }
        }
        let (mut rank, target) = first(&snapshot, &view, &wanted.start, zone).await?;
        rank = rank.saturating_sub(wanted.before);
        let (mut limit, mut sent) = (wanted.limit, None);
        if let Some(resume) = &wanted.resume {
            let on = go_on(&snapshot, &view, resume, rank).await?;
            limit = wanted.left(on.had);
            (rank, sent) = (on.rank, on.sent);
            if limit == 0 || rank >= view.count(&snapshot).await {
                return Ok(None);
            }
        }
        let (lines, counted) = view.so_far(&snapshot);
        let had = wanted.had(limit);
        Ok(Some(Self { from: From::Rank(view, rank), limit, target, lines, counted, sent, had, snapshot }))
    }

    /// Merges and sends, no faster than the reader reads. Ends when the reader goes.
    ///
    /// Where a source breaks off meanwhile, the others go on; the last line then says what failed, and the stream ends
    /// with an error, so that nobody takes it for whole. The page's stream and events end in good order: who reads them
    /// reads the last one.
    pub fn stream(
        self,
        format: Format,
        permit: Option<OwnedSemaphorePermit>,
    ) -> impl Stream<Item = io::Result<Bytes>> + Send + 'static {
        let (mut out, chunks) = Chunks::new();
        tokio::task::spawn_blocking(move || {
            // None: the reader has gone, which is nobody's fault.
            self.write(format, &mut out);
            drop(permit);
        });
        with_last_word(chunks)
    }

    fn write(self, format: Format, out: &mut Chunks) -> Option<()> {
        let snapshot = self.snapshot;
        let nothing = || (format == Format::Events).then(|| Sent::nothing(Marks::of(&snapshot)));
        if let Some(sent) = self.sent.or_else(nothing) {
            out.go_on(sent.counting(self.had));
        }
        if format == Format::Page {
            out.item(&WindowItem::Head(WindowHead {
                generation: snapshot.generation(),
                lines: self.lines,
                counted: self.counted,
                rank: match &self.from {
                    From::Rank(_, rank) => Some(*rank),
                    From::Uncounted(_) => None,
                },
                target: self.target,
            }));
        }
        let failure = match self.from {
            From::Rank(View::All, rank) => write_numbered(snapshot.log(), rank, self.limit, format, out)?,
            From::Uncounted(merge) => write_uncounted(*merge, self.limit, format, out)?,
            From::Rank(view, rank) => write_found(&snapshot, &view, rank, self.limit, format, out)?,
        };
        let is_empty = out.is_empty();
        match (failure, format) {
            (None, Format::Page) => out.item(&WindowItem::End),
            // Where there was no record, whose id would be asked for again, the end has one that is answered with 204.
            (None, Format::Events) if is_empty => {
                out.gathered().extend_from_slice(b"id: end\nevent: end\ndata: {}\n\n")
            }
            (None, Format::Events) => out.gathered().extend_from_slice(b"event: end\ndata: {}\n\n"),
            (None, _) => {}
            (Some(error), _) => {
                snapshot.doubt();
                tracing::warn!(error = error.detail, "an answer broke off");
                match format {
                    Format::Page => out.item(&WindowItem::Error(error)),
                    Format::Ndjson => out.item(&serde_json::json!({ "error": error })),
                    Format::Events => {
                        out.gathered().extend_from_slice(b"event: error\ndata: ");
                        out.item(&error);
                        out.gathered().push(b'\n');
                    }
                    Format::Text => {}
                }
                out.send()?;
                if matches!(format, Format::Ndjson | Format::Text) {
                    out.break_off()?;
                }
            }
        }
        out.send()
    }
}

/// Writes lines that follow one another, from an ordinal on. None once the reader has gone; else the source that broke off.
fn write_numbered(
    log: &Log,
    mut ordinal: u64,
    limit: u64,
    format: Format,
    out: &mut Chunks,
) -> Option<Option<ApiError>> {
    let mut end = ordinal.saturating_add(limit);
    let mut merge = log.merge_from(ordinal);
    while ordinal < end && merge.next().is_some() {
        ordinal += 1;
        let is_new = out.line(&mut merge, Some(ordinal), format)?;
        end = end.saturating_add(u64::from(!is_new));
        if out.is_stalled() && merge.failures().is_empty() {
            drop(merge);
            out.wait()?;
            merge = log.merge_from(ordinal);
            if let Some(failure) = log.new_failure(merge.failures()) {
                return Some(Some(failed(&failure)));
            }
        }
    }
    Some(merge.failures().first().map(failed))
}

/// The same of a few lines that have no numbers yet.
fn write_uncounted(mut merge: Merge, limit: u64, format: Format, out: &mut Chunks) -> Option<Option<ApiError>> {
    for _ in 0..limit {
        if merge.next().is_none() {
            break;
        }
        out.line(&mut merge, None, format)?;
    }
    Some(merge.failures().first().map(failed))
}

/// Writes lines of a view from a rank on, as they are found. As [`write_numbered`].
fn write_found(
    snapshot: &Snapshot,
    view: &View,
    mut rank: u64,
    limit: u64,
    format: Format,
    out: &mut Chunks,
) -> Option<Option<ApiError>> {
    let runtime = Handle::current();
    let mut picker = Picker::new(Arc::clone(snapshot.log()));
    let mut end = rank.saturating_add(limit);
    while rank < end {
        let count = FOUND_LINES.min(usize::try_from(end - rank).unwrap_or(usize::MAX));
        // What was found goes out before more is waited for.
        let found = runtime.block_on(async { view.lines(rank, count).now_or_never() });
        let ordinals = match found {
            Some(ordinals) => ordinals,
            None => {
                out.send()?;
                runtime.block_on(async {
                    tokio::select! {
                        ordinals = view.lines(rank, count) => Some(ordinals),
                        () = out.closed() => None,
                    }
                })?
            }
        };
        if ordinals.is_empty() {
            break;
        }
        for ordinal in &ordinals {
            let Some(merge) = picker.line(*ordinal) else {
                // What comes behind a source that broke off has other numbers than those that were found.
                return Some(picker.failure().as_ref().map(failed));
            };
            let is_new = out.line(merge, Some(ordinal + 1), format)?;
            end = end.saturating_add(u64::from(!is_new));
            if out.is_stalled() {
                picker.rest();
                out.wait()?;
            }
        }
        rank += ordinals.len() as u64;
    }
    // Whoever got all that was asked for need not know what is behind it.
    let known =
        || snapshot.log().index().failures().iter().find(|failure| view.wants_source(failure.source)).map(failed);
    Some(
        view.failure()
            .or_else(|| picker.failure().as_ref().map(failed))
            .or_else(|| if rank < end { known() } else { None }),
    )
}

fn failed(failure: &Failure) -> ApiError {
    problem::source_failed(failure.error.to_string())
}

/// The merge from a place on that the index has not reached yet, if it can be told all the same.
fn uncounted(log: &Log, place: Place, before: u64) -> Option<Merge> {
    match place {
        Place::Tail(count) => log.tail(count.saturating_add(before)).map(|(merge, _)| merge),
        Place::Time(_) | Place::Anchor { .. } if log.find(place) == Found::NotYet => {
            log.near(place, before).map(|(merge, _)| merge)
        }
        _ => None,
    }
}

/// The rank in what is wanted of the first line to send, how many lines, and what was sent before where that is not simply
/// all that stands before; a line that is not there yet is one to wait for.
///
/// # Errors
///
/// As [`Opening::find`], but for 416.
pub async fn start(
    snapshot: &Arc<Snapshot>,
    wanted: &Wanted,
    zone: &Zone,
) -> Result<(u64, u64, Option<Sent>), ApiError> {
    let view = View::of(snapshot, &wanted.filter, wanted.context, zone).await?;
    let found = first(snapshot, &view, &wanted.start, zone).await;
    let rank = match (found, &wanted.start) {
        (Ok((rank, _)), _) => rank,
        (Err(error), Start::Line(n)) if error.status == 416 => n.saturating_sub(1),
        (Err(error), _) if error.status == 416 => view.count(snapshot).await,
        (Err(error), _) => return Err(error),
    };
    let rank = rank.saturating_sub(wanted.before);
    let Some(resume) = &wanted.resume else { return Ok((rank, wanted.limit, None)) };
    let on = go_on(snapshot, &view, resume, rank).await?;
    Ok((on.rank, wanted.left(on.had), on.sent))
}

/// Where a client goes on in a view, by what he was sent of what begins at the rank `first`.
async fn go_on(snapshot: &Arc<Snapshot>, view: &View, resume: &Resume, first: u64) -> Result<GoOn, ApiError> {
    let Resume::Behind { n, had, sent } = resume else {
        let count = view.count(snapshot).await;
        return Ok(GoOn { rank: count, had: count.saturating_sub(first), sent: None });
    };
    snapshot.indexed().await;
    let (now, n, text) = (Arc::clone(snapshot), *n, sent.clone());
    let found = blocking(move || {
        let sent = Marks::of(&now).read(&text).ok_or_else(|| problem::bad_parameter(NO_EVENT))?;
        if !sent.is_sure() {
            return Err(problem::source_failed(CUT_BACK.to_owned()));
        }
        let log = now.log();
        if sent.is_all_before(n, log) {
            return Ok((n, None));
        }
        // The order is another one: from the first line on that was not sent.
        let unsent = |(source, offset): (usize, &u64)| match log.find(Place::Anchor { source, offset: *offset }) {
            Found::At(ordinal) => Some(ordinal),
            Found::Beyond | Found::NotYet => None,
        };
        let first = sent.offsets().iter().enumerate().filter_map(unsent).min();
        let first = first.unwrap_or_else(|| log.index().lines());
        Ok((first, Some(sent)))
    });
    let (ordinal, sent) = found.await?;
    let had = match had {
        Some(had) => *had,
        None => view.rank(n).await.saturating_sub(first),
    };
    Ok(GoOn { rank: view.rank(ordinal).await, had, sent })
}

/// The rank in a view at which a window starts, and the number of the line that was asked for.
async fn first(
    snapshot: &Arc<Snapshot>,
    view: &View,
    start: &Start,
    zone: &Zone,
) -> Result<(u64, Option<u64>), ApiError> {
    let beyond = || beyond(snapshot, view, start);
    let by_rank = match (view, start) {
        (View::All, _) | (_, Start::Number(_) | Start::Time(_) | Start::Anchor { .. }) => None,
        (_, Start::Line(0)) => return Err(no_line_0()),
        (_, Start::Line(n)) => Some(n - 1),
        (_, Start::Tail(count)) => Some(view.count(snapshot).await.saturating_sub(*count)),
    };
    if let Some(rank) = by_rank {
        // Nothing found is an answer; a line behind all that was found is a mistake.
        let is_there = rank == 0 || !view.lines(rank, 1).await.is_empty() || matches!(start, Start::Tail(_));
        return if is_there { Ok((rank, None)) } else { Err(beyond()) };
    }
    let place = place(snapshot, start, zone)?;
    let ordinal = wait_for(snapshot, place).await.ok_or_else(beyond)?;
    Ok((view.rank(ordinal).await, Some(ordinal + 1)))
}

fn no_line_0() -> ApiError {
    problem::bad_parameter("from=0: lines are counted from 1")
}

/// The place in the order that was asked for.
fn place(snapshot: &Snapshot, start: &Start, zone: &Zone) -> Result<Place, ApiError> {
    match start {
        Start::Line(0) | Start::Number(0) => Err(no_line_0()),
        Start::Line(n) | Start::Number(n) => Ok(Place::Line(n - 1)),
        Start::Tail(count) => Ok(Place::Tail(*count)),
        Start::Time(text) => filters::time(text, zone, filters::first_key(snapshot.log().inputs()))
            .map(Place::Time)
            .ok_or_else(|| problem::bad_parameter(filters::not_a_time("at=", text))),
        Start::Anchor { source, offset } => match snapshot.place(source) {
            Some(Ok(place)) => Ok(Place::Anchor { source: place, offset: *offset }),
            Some(Err(error)) => Err(problem::source_failed(error.to_string())),
            None => Err(problem::no_source(&snapshot.info().id, source)),
        },
    }
}

/// The ordinal of a place, once the index has come so far; none if it lies beyond the end.
async fn wait_for(snapshot: &Arc<Snapshot>, place: Place) -> Option<u64> {
    let mut progress = snapshot.progress();
    loop {
        if let Place::Line(ordinal) = place {
            // Cheaper than to look each time: nothing is read until the count has come so far.
            let near = ordinal < snapshot.log().index().spacing();
            if !near {
                snapshot.want_index();
            }
            // The sender goes only after the last count.
            if !near && progress.wait_for(|progress| progress.complete || progress.lines > ordinal).await.is_err() {
                return None;
            }
        }
        let log = Arc::clone(snapshot.log());
        match blocking(move || log.find(place)).await {
            Found::At(ordinal) => return Some(ordinal),
            Found::Beyond => return None,
            Found::NotYet => {
                snapshot.want_index();
                if progress.changed().await.is_err() && !snapshot.log().index().is_complete() {
                    return None;
                }
                tokio::time::sleep(LOOK_AGAIN).await;
            }
        }
    }
}

fn beyond(snapshot: &Snapshot, view: &View, start: &Start) -> ApiError {
    let what = match start {
        Start::Line(n) | Start::Number(n) => format!("line {n}"),
        Start::Tail(_) => "the end".to_owned(),
        Start::Time(text) => format!("the time {text}"),
        Start::Anchor { source, offset } => format!("byte {offset} of {source}"),
    };
    let lines = snapshot.log().index().lines();
    let has = match view.len(snapshot).filter(|_| !matches!(view, View::All)) {
        Some(found) => format!("{found} of the log's {lines} lines meet the conditions"),
        None => format!("the log has {lines} lines"),
    };
    problem::beyond(format!("{what} is beyond the end: {has}"))
}
