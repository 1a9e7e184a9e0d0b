//! Following a task: one look for all who do, and the new lines written once for all who read the same.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use engine::Picker;
use futures::Stream;
use record::Zone;
use record::wire::{ApiError, Start, State};
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_stream::wrappers::ReceiverStream;

use super::catalog::blocking;
use super::chunks::{Format, Lines};
use super::marks::{Marks, Sent};
use super::places::start;
use super::stretch::{CHUNK_BYTES, Stretch, told};
use super::ticker::{Following, LOOK_EVERY, LOOK_EVERY_GROWING};
use super::wanted::Wanted;
use super::{Catalog, Snapshot, Task, View};

/// How long nothing may be sent: proxies close what is silent for a quarter of a minute and more.
const HEARTBEAT: Duration = Duration::from_secs(10);

/// How long files that do not grow are followed: nobody says of a file that it is whole.
const PATIENCE: Duration = Duration::from_secs(30);

/// How often in a row a source may fail while it is followed: it may be changing.
const IN_VAIN_MAX: usize = 10;

/// Chunks that wait for a slow reader.
const CHUNKS_WAITING: usize = 2;

/// A reader who follows a task, and what was sent.
struct Follower {
    task: Arc<Task>,
    following: Following,
    snapshot: Arc<Snapshot>,
    wanted: Wanted,
    zone: Zone,
    format: Format,
    /// The rank of the next line in what is wanted.
    rank: u64,
    left: u64,
    /// What was sent, where that is not simply all that stands before the next line.
    sent: Option<Sent>,
    /// What was sent, as it was told with the last of it.
    told: Arc<str>,
    /// What of the snapshot need not be read again to tell it.
    known: Option<Sent>,
    quiet_since: Instant,
    /// How often in a row nothing could be read.
    in_vain: usize,
    out: mpsc::Sender<io::Result<Bytes>>,
}

/// The lines that are wanted, and those that come, until the task has ended.
///
/// # Errors
///
/// As for the same without following; a place behind the end is waited for.
pub async fn followed(
    catalog: &Arc<Catalog>,
    task: Arc<Task>,
    mut wanted: Wanted,
    format: Format,
) -> Result<(Arc<Snapshot>, impl Stream<Item = io::Result<Bytes>> + Send + 'static), ApiError> {
    let (following, zone) = (task.follow(catalog), catalog.zone().clone());
    // What a client has is held against the files as they are.
    let mut snapshot = if wanted.resume.is_some() { task.snapshot_now().await } else { task.snapshot().await };
    let mut in_vain = 0;
    let (mut rank, left, sent, told) = loop {
        match begin(&snapshot, &wanted, &zone).await {
            Ok(begun) => break begun,
            Err(error) if error.status != 503 || in_vain == IN_VAIN_MAX => return Err(error),
            Err(_) => {
                in_vain += 1;
                snapshot.doubt();
                tokio::time::sleep(LOOK_EVERY).await;
                snapshot = task.snapshot_now().await;
            }
        }
    };
    if let Start::Time(time) = &wanted.start
        && wanted.filter.since.is_none()
        && rank >= snapshot.log().index().lines()
    {
        // Nothing is that late yet; what comes may still be earlier.
        wanted.filter.since = Some(time.clone());
        rank = 0;
    }
    let (out, chunks) = mpsc::channel(CHUNKS_WAITING);
    let follower = Follower {
        task,
        following,
        snapshot: Arc::clone(&snapshot),
        wanted,
        zone,
        format,
        rank,
        left,
        sent,
        told,
        known: None,
        quiet_since: Instant::now(),
        in_vain: 0,
        out,
    };
    tokio::spawn(follower.run(catalog.ending()));
    Ok((snapshot, ReceiverStream::new(chunks)))
}

/// Where to start: a rank in what is wanted, how many lines are wanted, what was sent where that is not simply all that
/// stands before, and what was sent, or is not wanted, as it is told.
///
/// # Errors
///
/// As [`start`]; 503 where a source could be read before and cannot any more.
async fn begin(
    snapshot: &Arc<Snapshot>,
    wanted: &Wanted,
    zone: &Zone,
) -> Result<(u64, u64, Option<Sent>, Arc<str>), ApiError> {
    let (rank, left, sent) = start(snapshot, wanted, zone).await?;
    if rank == 0 && sent.is_none() {
        return Ok((rank, left, sent, Arc::default()));
    }
    if let Some(mut sent) = sent {
        let (sent, told) = blocking(move || told(&mut sent).map(|told| (sent, told))).await?;
        return Ok((rank, left, Some(sent), told));
    }
    snapshot.indexed().await;
    let ordinal = match View::of(snapshot, &wanted.filter, wanted.context, zone).await? {
        View::All => rank,
        view => view.lines(rank - 1, 1).await.first().map_or_else(|| snapshot.log().index().lines(), |last| last + 1),
    };
    let now = Arc::clone(snapshot);
    let passed = blocking(move || {
        let standings = now.log().standings(ordinal);
        let standings = standings.map_err(|failure| crate::problem::source_failed(failure.error.to_string()))?;
        let offsets = standings.iter().map(|standing| standing.offset).collect();
        told(&mut Sent::before(Marks::of(&now), offsets))
    });
    Ok((rank, left, None, passed.await?))
}

impl Follower {
    /// Sends until the task ends, or the reader goes.
    async fn run(mut self, ending: impl Future<Output = ()>) {
        let mut ending = std::pin::pin!(ending);
        loop {
            let ended = self.has_ended();
            match self.send_new().await {
                Ok(Some(0)) if ended || self.left == 0 => break,
                Ok(Some(0)) => {}
                Ok(Some(_)) if self.left > 0 => {
                    self.in_vain = 0;
                    self.quiet_since = Instant::now();
                    continue;
                }
                Ok(Some(_)) => break,
                // The reader has gone.
                Ok(None) => return,
                // A file may have been cut back while it was read: it is looked at, and what was not sent is found again.
                Err(_) if self.in_vain < IN_VAIN_MAX && !self.has_ended() => {
                    self.in_vain += 1;
                    self.snapshot.doubt();
                    tokio::time::sleep(LOOK_EVERY).await;
                    self.look().await;
                    continue;
                }
                Err(error) => {
                    self.say_failed(&error).await;
                    return;
                }
            }
            tokio::select! {
                () = self.following.changed() => self.look().await,
                () = self.out.closed() => return,
                () = &mut ending => {
                    self.say_failed(&crate::problem::server_ends()).await;
                    return;
                }
                () = tokio::time::sleep(HEARTBEAT) => {
                    if self.beat().await.is_none() {
                        return;
                    }
                }
            }
        }
        if self.format == Format::Events {
            self.send(Bytes::from_static(b"id: end\nevent: end\ndata: {}\n\n")).await;
        }
    }

    /// No more is to be expected, once all that is there was sent.
    fn has_ended(&self) -> bool {
        if self.snapshot.is_over() {
            return true;
        }
        let (.., state) = self.snapshot.moment();
        state != State::Growing && state != State::Lost && self.quiet_since.elapsed() >= PATIENCE
    }

    /// Takes up the task as it is now. Where its lines have other numbers, those that were sent are remembered by their
    /// places in their sources.
    async fn look(&mut self) {
        let mut now = self.task.snapshot().await;
        if Arc::ptr_eq(&now, &self.snapshot) {
            return;
        }
        let mut is_other = now.generation() != self.snapshot.generation();
        let mut in_vain = 0;
        while is_other || self.sent.is_some() {
            let (asked, told) = (Arc::clone(&now), Arc::clone(&self.told));
            let sent = blocking(move || Marks::of(&asked).read(&told)).await;
            if sent.as_ref().is_some_and(|sent| !sent.is_sure()) && in_vain < IN_VAIN_MAX {
                in_vain += 1;
                now.doubt();
                tokio::time::sleep(LOOK_EVERY_GROWING).await;
                now = self.task.snapshot_now().await;
                is_other |= now.generation() != self.snapshot.generation();
                continue;
            }
            self.sent = sent;
            break;
        }
        self.known = None;
        if is_other && self.rank <= self.snapshot.log().index().lines() {
            self.rank = 0;
        }
        self.snapshot = now;
    }

    async fn view(&self) -> Result<View, ApiError> {
        View::of(&self.snapshot, &self.wanted.filter, self.wanted.context, &self.zone).await
    }

    /// Sends some of what is there and was not sent; says how many lines were passed. None once the reader has gone.
    async fn send_new(&mut self) -> Result<Option<u64>, ApiError> {
        self.snapshot.indexed().await;
        let view = self.view().await?;
        let count = view.count(&self.snapshot).await;
        let end = count.min(self.rank.saturating_add(self.left));
        if self.rank >= end {
            return view.failure().filter(|_| self.left > 0).map_or(Ok(Some(0)), Err);
        }
        let stretch = if matches!(view, View::All) && self.sent.is_none() && self.left == u64::MAX {
            self.snapshot.shared().stretch(&self.snapshot, self.rank, end, self.format).await?
        } else {
            match self.own_stretch(&view, end).await? {
                Some(stretch) => stretch,
                None => return Ok(Some(0)),
            }
        };
        let passed = stretch.lines.end - stretch.lines.start;
        if passed == 0 {
            return Ok(Some(0));
        }
        self.rank = stretch.lines.end;
        self.told = stretch.told;
        if self.left != u64::MAX {
            self.left -= stretch.new.min(self.left);
        }
        if stretch.bytes.is_empty() {
            return Ok(Some(passed));
        }
        Ok(self.send(stretch.bytes).await.map(|()| passed))
    }

    /// A stretch that nobody else is likely to ask for; none where there are no lines.
    async fn own_stretch(&mut self, view: &View, end: u64) -> Result<Option<Stretch>, ApiError> {
        let count = usize::try_from(end - self.rank).unwrap_or(usize::MAX).min(1024);
        let ordinals = view.lines(self.rank, count).await;
        let (snapshot, format, from) = (Arc::clone(&self.snapshot), self.format, self.rank);
        let own = self.sent.clone();
        let is_own = own.is_some();
        let known = self.known.take();
        let had = self.wanted.had(self.left);
        let written = blocking(move || {
            let is_events = format == Format::Events;
            let nothing = || Sent::nothing(Marks::of(&snapshot)).knowing(known.clone());
            let sent = own.or_else(|| is_events.then(nothing)).map(|mut sent| {
                sent.renew(&snapshot);
                sent.counting(had)
            });
            let mut out = Lines::behind(sent);
            let mut picker = Picker::new(Arc::clone(snapshot.log()));
            let (mut next, mut new) = (from, 0);
            let mut last = None;
            for ordinal in ordinals {
                if out.gathered.len() >= CHUNK_BYTES {
                    break;
                }
                let Some(merge) = picker.line(ordinal) else { break };
                next += 1;
                new += u64::from(out.line(merge, Some(ordinal + 1), format));
                last = Some((ordinal, merge.passed()));
            }
            if let Some(failure) = picker.failure() {
                return Err(crate::problem::source_failed(failure.error.to_string()));
            }
            let Some((last, passed)) = last else { return Ok(None) };
            let mut sent = out.sent.unwrap_or_else(nothing);
            sent.pass(&passed);
            let told = told(&mut sent)?;
            // Where it is all that stands before again, the rest is the same for all.
            let is_special = is_own && !sent.is_all_before(last + 1, snapshot.log());
            let stretch = Stretch { format, lines: from..next, new, told, bytes: out.gathered.into() };
            Ok(Some((stretch, sent, is_special)))
        });
        let Some((stretch, sent, is_special)) = written.await? else { return Ok(None) };
        if is_special {
            self.sent = Some(sent);
        } else {
            (self.sent, self.known) = (None, Some(sent));
        }
        Ok(Some(stretch))
    }

    /// A sign of life that no reader takes for a line. Text has none.
    async fn beat(&self) -> Option<()> {
        match self.format {
            Format::Events => self.send(Bytes::from_static(b":\n\n")).await,
            Format::Ndjson | Format::Page => self.send(Bytes::from_static(b"\n")).await,
            Format::Text => Some(()),
        }
    }

    /// Says why nothing comes any more, and breaks off.
    async fn say_failed(&self, error: &ApiError) {
        tracing::warn!(error = error.detail, "a reader cannot be followed on");
        let told = serde_json::to_string(error).unwrap_or_default();
        let last = match self.format {
            Format::Events => format!("event: error\ndata: {told}\n\n"),
            Format::Ndjson | Format::Page => format!("{{\"error\":{told}}}\n"),
            Format::Text => String::new(),
        };
        if self.send(last.into()).await.is_some() && self.format != Format::Events {
            let broken = self.out.send(Err(io::Error::other("a source broke off"))).await;
            drop(broken);
        }
    }

    /// None once the reader has gone.
    async fn send(&self, bytes: Bytes) -> Option<()> {
        self.out.send(Ok(bytes)).await.ok()
    }
}
