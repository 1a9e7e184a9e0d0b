//! Where in a task's log what was asked for begins.

use std::sync::Arc;
use std::time::Duration;

use engine::{Found, Place};
use record::Zone;
use record::wire::{ApiError, Start};

use super::catalog::blocking;
use super::marks::{Marks, Sent};
use super::wanted::{Resume, Wanted};
use super::{Snapshot, View};
use crate::{filters, problem};

/// How long to wait before looking again for a place that the index had not reached.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// What is said of an id that none of our events had.
pub const NO_EVENT: &str = "Last-Event-ID: it is no id of an event that was sent here";

/// What is said where a file has no longer what was read of it, and nobody has looked yet.
pub const CUT_BACK: &str = "a file was cut back while it was read: ask again";

/// Where a client goes on.
pub struct GoOn {
    /// The rank in what is wanted of the first line that he may not have.
    pub rank: u64,
    /// How many lines he has of those that he asked for.
    pub had: u64,
    /// What he was sent, where that is not simply all that stands before.
    pub sent: Option<Sent>,
}

/// The rank in what is wanted of the first line to send, how many lines, and what was sent before where that is not simply
/// all that stands before; a line that is not there yet is one to wait for.
///
/// # Errors
///
/// As [`super::Opening::find`], but for 416.
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
pub async fn go_on(snapshot: &Arc<Snapshot>, view: &View, resume: &Resume, first: u64) -> Result<GoOn, ApiError> {
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
pub async fn first(
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
pub fn place(snapshot: &Snapshot, start: &Start, zone: &Zone) -> Result<Place, ApiError> {
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
