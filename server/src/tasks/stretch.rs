//! Lines on their way to those who follow: written once for all who read the same.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use record::wire::ApiError;
use tokio::sync::Mutex;

use super::Snapshot;
use super::catalog::blocking;
use super::chunks::{Format, Lines};
use super::marks::{Marks, Sent};
use super::places::CUT_BACK;
use crate::problem;

/// Bytes of lines that are sent at a time.
pub const CHUNK_BYTES: usize = 256 << 10;

/// Stretches that are kept for others who read the same.
const SHARED_MAX: usize = 8;

/// The last stretches that were written, for all who ask for the same.
#[derive(Default)]
pub struct Shared(Mutex<Written>);

#[derive(Default)]
struct Written {
    stretches: VecDeque<Stretch>,
    /// What was told with the last one.
    sent: Option<Sent>,
}

/// Lines as they are sent.
#[derive(Clone)]
pub struct Stretch {
    /// How they are written.
    pub format: Format,
    /// Their ranks.
    pub lines: Range<u64>,
    /// How many of them were not sent before.
    pub new: u64,
    /// What was sent with the last of them, as [`Sent::marks`] writes it.
    pub told: Arc<str>,
    /// What is sent.
    pub bytes: Bytes,
}

impl Shared {
    /// The lines from `from` on, up to `end` or as many as make a chunk.
    ///
    /// # Errors
    ///
    /// 503 where a source cannot be read any more as it was.
    pub async fn stretch(
        &self,
        snapshot: &Arc<Snapshot>,
        from: u64,
        end: u64,
        format: Format,
    ) -> Result<Stretch, ApiError> {
        // One at a time: the next most likely asks for the same.
        let mut known = self.0.lock().await;
        let same = |known: &&Stretch| known.format == format && known.lines.start == from && known.lines.end <= end;
        if let Some(known) = known.stretches.iter().find(same) {
            return Ok(known.clone());
        }
        let (snapshot, before) = (Arc::clone(snapshot), known.sent.take());
        let written = blocking(move || {
            let log = snapshot.log();
            let sent = Sent::nothing(Marks::of(&snapshot)).knowing(before);
            // Events tell it with each line.
            let (events, sent) = if format == Format::Events { (Some(sent), None) } else { (None, Some(sent)) };
            let mut out = Lines::behind(events);
            let mut merge = log.merge_from(from);
            let mut next = from;
            while next < end && out.gathered.len() < CHUNK_BYTES && merge.next().is_some() {
                next += 1;
                out.line(&mut merge, Some(next), format);
            }
            if let Some(failure) = log.new_failure(merge.failures()) {
                return Err(problem::source_failed(failure.error.to_string()));
            }
            let mut sent = out.sent.or(sent).unwrap_or_else(|| Sent::nothing(Marks::of(&snapshot)));
            sent.pass(&merge.passed());
            let told = told(&mut sent)?;
            Ok((Stretch { format, lines: from..next, new: next - from, told, bytes: out.gathered.into() }, sent))
        });
        let (stretch, sent) = written.await?;
        known.sent = Some(sent);
        if known.stretches.len() == SHARED_MAX {
            known.stretches.pop_front();
        }
        known.stretches.push_back(stretch.clone());
        Ok(stretch)
    }
}

/// What was sent, as it is told while it can still be read: a file may be cut back at any time.
///
/// # Errors
///
/// 503 where one was cut back just now.
pub fn told(sent: &mut Sent) -> Result<Arc<str>, ApiError> {
    let mut told = String::new();
    match sent.marks(&mut told) {
        true => Ok(told.into()),
        false => Err(problem::source_failed(CUT_BACK.to_owned())),
    }
}
