//! The one thread that makes bytes durable, for all requests that wait: one fsync a file, one transaction, then all are told.

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender};
use std::thread;
use std::time::{Duration, Instant};

use record::Timestamp;
use tokio::sync::oneshot;

use super::ledger::{Ledger, SourceRow};
use super::limits::{LOOK_EVERY, NOTE_HEARD_EVERY, SYNC_EVERY, SYNCS_AT_ONCE, UNSYNCED_FILES_MAX};
use super::options::Durability;
use super::refused::Refused;
use super::shipped::{ShippedSource, ShippedTask};
use super::store::Store;
use super::{retention, writer};
use crate::clock;

/// What the committer can hear.
pub enum Work {
    /// Bytes were written.
    Commit(Commit),
    /// A source has failed.
    Note { task: Arc<ShippedTask>, source: Arc<ShippedSource>, reply: oneshot::Sender<()> },
    /// So many bytes want room.
    MakeRoom { bytes: u64, reply: oneshot::Sender<bool> },
    /// The server ends.
    End { reply: SyncSender<()> },
}

/// Bytes that were written and are to be made durable.
pub struct Commit {
    /// Their task.
    pub task: Arc<ShippedTask>,
    /// Their source.
    pub source: Arc<ShippedSource>,
    /// Its file.
    pub file: File,
    /// The source's epoch when they were written.
    pub epoch: u64,
    /// Where they end.
    pub upto: u64,
    /// They are the last.
    pub last: bool,
    /// When they came to who sent them, where he told.
    pub arrived: Vec<(u64, Timestamp)>,
    /// Who waits.
    pub reply: oneshot::Sender<Result<(), Refused>>,
}

/// The thread's own.
pub struct Committer {
    store: Arc<Store>,
    /// The tables.
    pub ledger: Ledger,
    work: Receiver<Work>,
    /// Files with acknowledged bytes that are not synced yet; of a source the latest.
    unsynced: HashMap<usize, (Arc<ShippedTask>, Arc<ShippedSource>, File)>,
    synced: Instant,
    looked: Instant,
}

/// What one commit does to one source.
struct Part {
    task: Arc<ShippedTask>,
    source: Arc<ShippedSource>,
    /// Opened before any of the bytes were written: what goes wrong with them is told to it.
    file: File,
    upto: u64,
    last: bool,
    arrived: Vec<(u64, Timestamp)>,
    replies: Vec<oneshot::Sender<Result<(), Refused>>>,
}

impl Committer {
    /// The committer of a store.
    pub fn new(store: Arc<Store>, ledger: Ledger, work: Receiver<Work>) -> Self {
        Self { store, ledger, work, unsynced: HashMap::new(), synced: Instant::now(), looked: Instant::now() }
    }

    /// Works until it is told to end.
    pub fn run(mut self) {
        let look_every = LOOK_EVERY.min(self.store.options.idle / 4).max(Duration::from_millis(10));
        loop {
            let mut commits = Vec::new();
            let mut next = self.work.recv_timeout(look_every.saturating_sub(self.looked.elapsed()));
            // All that waits is one commit: what comes while the disk is busy waits for the next.
            loop {
                match next {
                    Ok(Work::Commit(commit)) => commits.push(commit),
                    Ok(Work::Note { task, source, reply }) => {
                        task.tick();
                        self.note(&[(task, source)]);
                        // Who asked may have gone.
                        reply.send(()).ok();
                    }
                    Ok(Work::MakeRoom { bytes, reply }) => {
                        // Who asked may have gone.
                        reply.send(self.make_room(bytes)).ok();
                    }
                    Ok(Work::End { reply }) => {
                        self.commit(std::mem::take(&mut commits));
                        self.sync();
                        reply.send(()).ok();
                        return;
                    }
                    Err(RecvTimeoutError::Disconnected) => return,
                    Err(RecvTimeoutError::Timeout) => break,
                }
                next = self.work.try_recv().map_err(|_| RecvTimeoutError::Timeout);
            }
            self.commit(commits);
            if self.synced.elapsed() >= SYNC_EVERY || self.unsynced.len() > UNSYNCED_FILES_MAX {
                self.sync();
            }
            if self.looked.elapsed() >= look_every {
                self.look();
                self.looked = Instant::now();
            }
        }
    }

    /// Makes what was written durable, and tells those who wait.
    fn commit(&mut self, commits: Vec<Commit>) {
        let parts = parts_of(commits);
        if parts.is_empty() {
            return;
        }
        let parts = match self.store.options.durability {
            Durability::Disk => {
                let synced = sync_all(&parts);
                let parts = parts.into_iter().zip(synced);
                parts.filter_map(|(part, synced)| self.synced(part, synced)).collect()
            }
            Durability::System => parts,
        };
        let now = clock::now();
        let rows: Vec<(SourceRow, &str)> = parts
            .iter()
            .map(|part| {
                let mut row = part.source.row(&part.task.id);
                if part.upto > row.bytes {
                    row.bytes = part.upto;
                    row.arrived = now;
                }
                row.complete |= part.last;
                (row, part.task.made_by.as_str())
            })
            .collect();
        if rows.is_empty() {
            return;
        }
        if let Err(error) = self.ledger.note(&rows) {
            let refused = Refused::ledger(&error);
            tracing::error!(%error, "what was shipped could not be noted");
            // The bytes stay written: sent again they are compared, and noted then.
            for part in parts {
                refuse(part.replies, &refused);
            }
            return;
        }
        let rows: Vec<SourceRow> = rows.into_iter().map(|(row, _)| row).collect();
        self.store.commits.fetch_add(1, Ordering::Relaxed);
        for (part, row) in parts.into_iter().zip(rows) {
            let before = part.source.status().durable;
            if row.bytes > before {
                part.source.note_arrivals(before..row.bytes, row.arrived, &part.arrived);
            }
            let mut status = part.source.status();
            let is_new = !std::mem::replace(&mut status.made, true);
            self.store.bytes.fetch_add(row.bytes - status.durable, Ordering::Relaxed);
            status.durable = row.bytes;
            status.complete = row.complete;
            status.arrived = row.arrived;
            status.heard_noted = row.heard;
            drop(status);
            if is_new {
                self.store.set_deleted(&part.task.id, None);
                self.store.revision.fetch_add(1, Ordering::Release);
            }
            part.task.tick();
            for reply in part.replies {
                // Who asked may have gone.
                reply.send(Ok(())).ok();
            }
            if self.store.options.durability == Durability::System {
                self.unsynced.insert(address(&part.source), (part.task, part.source, part.file));
            }
        }
    }

    /// The part once its bytes are on disk. Where the disk refuses, they are taken back: after a failed fsync nobody can
    /// tell which of them it has, and a second one may say that all is well.
    fn synced(&self, part: Part, synced: io::Result<()>) -> Option<Part> {
        let Err(error) = synced else { return Some(part) };
        tracing::error!(task = part.task.id, source = part.source.id, %error, "bytes could not be made durable");
        let mut refused = Refused::io("bring the bytes to disk", &error);
        let mut of = part.source.writer.blocking_lock();
        if let Err(error) = of.take_back(&part.source, &self.store.room) {
            refused = writer::fail(&part.source, format!("what was not acknowledged cannot be taken back: {error}"));
        }
        refuse(part.replies, &refused);
        None
    }

    /// Syncs what was acknowledged before it was.
    fn sync(&mut self) {
        self.synced = Instant::now();
        #[expect(clippy::iter_over_hash_type, reason = "each file is synced, in whichever order")]
        for (_, (task, source, file)) in std::mem::take(&mut self.unsynced) {
            if let Err(error) = file.sync_data() {
                let why = format!("acknowledged bytes could not be brought to disk: {error}");
                writer::fail(&source, why);
                self.note(&[(Arc::clone(&task), source)]);
                task.tick();
            }
        }
    }

    /// Notes sources as they are. What goes wrong is told, and tried again with the next message.
    fn note(&mut self, sources: &[(Arc<ShippedTask>, Arc<ShippedSource>)]) {
        let made: Vec<_> = sources.iter().filter(|(_, source)| source.status().made).collect();
        let rows: Vec<_> = made.iter().map(|(task, source)| (source.row(&task.id), task.made_by.as_str())).collect();
        match self.ledger.note(&rows) {
            Ok(()) => {
                for ((_, source), (row, _)) in made.iter().zip(&rows) {
                    let mut status = source.status();
                    status.heard_noted = row.heard;
                    status.error_noted = row.error.is_some();
                }
            }
            Err(error) => tracing::warn!(%error, "the state of shipped sources could not be noted"),
        }
    }

    /// Looks which sources fell silent, and what is too old.
    fn look(&mut self) {
        let tasks: Vec<_> = self.store.tasks().values().map(Arc::clone).collect();
        let mut heard = Vec::new();
        for task in &tasks {
            let mut lost = false;
            for source in task.sources().values() {
                let mut status = source.status();
                let is_silent = status.heard.elapsed() > self.store.options.idle;
                if status.made && !status.complete && status.error.is_none() && !status.lost && is_silent {
                    status.lost = true;
                    lost = true;
                }
                let since = status.heard_at.nanos() - status.heard_noted.nanos();
                if status.made && u128::try_from(since).is_ok_and(|since| since > NOTE_HEARD_EVERY.as_nanos()) {
                    heard.push((Arc::clone(task), Arc::clone(source)));
                }
            }
            if lost {
                tracing::info!(task = task.id, "nothing was heard of a source for too long");
                task.tick();
            }
        }
        if !heard.is_empty() {
            self.note(&heard);
        }
        if let Some(keep) = self.store.options.keep {
            retention::delete_old(&self.store, &mut self.ledger, &tasks, keep);
        }
    }

    fn make_room(&mut self, bytes: u64) -> bool {
        retention::make_room(&self.store, &mut self.ledger, bytes)
    }
}

/// Brings every part's bytes to disk, several at a time: the file system's journal takes them together.
fn sync_all(parts: &[Part]) -> Vec<io::Result<()>> {
    let sync = |parts: &[Part]| parts.iter().map(|part| part.file.sync_data()).collect::<Vec<_>>();
    if parts.len() == 1 {
        return sync(parts);
    }
    thread::scope(|scope| {
        let some = parts.chunks(parts.len().div_ceil(SYNCS_AT_ONCE));
        let syncing: Vec<_> = some
            .map(|some| (some, thread::Builder::new().name("sync".to_owned()).spawn_scoped(scope, move || sync(some))))
            .collect();
        let synced =
            syncing.into_iter().flat_map(|(some, syncing)| match syncing.map(thread::ScopedJoinHandle::join) {
                Ok(Ok(synced)) => synced,
                // There is no thread for it.
                Ok(Err(_)) | Err(_) => sync(some),
            });
        synced.collect()
    })
}

/// What is to be done to each source. What was taken back since it was written is refused.
fn parts_of(commits: Vec<Commit>) -> Vec<Part> {
    let mut parts: Vec<Part> = Vec::new();
    let mut places: HashMap<usize, usize> = HashMap::new();
    for Commit { task, source, file, epoch, upto, last, arrived, reply } in commits {
        if epoch != source.epoch() {
            refuse(vec![reply], &Refused::Broken("the bytes before these could not be brought to disk".to_owned()));
            continue;
        }
        let place = *places.entry(address(&source)).or_insert(parts.len());
        match parts.get_mut(place) {
            Some(part) => {
                part.upto = part.upto.max(upto);
                part.last |= last;
                part.arrived.extend(arrived);
                part.replies.push(reply);
            }
            None => parts.push(Part { task, source, file, upto, last, arrived, replies: vec![reply] }),
        }
    }
    parts
}

/// What tells a source from all others that there are.
fn address(source: &Arc<ShippedSource>) -> usize {
    Arc::as_ptr(source).addr()
}

fn refuse(replies: Vec<oneshot::Sender<Result<(), Refused>>>, refused: &Refused) {
    for reply in replies {
        // Who asked may have gone.
        reply.send(Err(refused.clone())).ok();
    }
}
