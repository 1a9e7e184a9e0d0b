//! A stretch of a task's log: found, merged on a thread that may block, sent as it is merged.

use std::io;
use std::sync::Arc;

use bytes::Bytes;
use engine::{Failure, Found, Log, Merge, Picker, Place};
use futures::{FutureExt as _, Stream};
use record::Zone;
use record::wire::{ApiError, WindowHead, WindowItem};
use tokio::runtime::Handle;
use tokio::sync::OwnedSemaphorePermit;

use super::catalog::blocking;
use super::chunks::{Chunks, Format, with_last_word};
use super::marks::{Marks, Sent};
use super::places::{first, go_on, place};
use super::wanted::Wanted;
use super::{Snapshot, View};
use crate::problem;

/// Lines that are taken from a view at a time.
const FOUND_LINES: usize = 1024;

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
