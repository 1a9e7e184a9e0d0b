//! One source's way to the server: read, send, hear, and go back where that is needed.

mod hear;

use std::collections::VecDeque;
use std::future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot, watch};
use tokio::task::{JoinHandle, spawn_blocking};

use crate::Error;
use crate::backoff::Backoff;
use crate::body::Batch;
use crate::limits::{
    BATCH_BYTES_FIRST, BATCH_BYTES_MAX, BATCH_BYTES_MIN, BATCH_TIME, HEARTBEAT, LOOK_BUSY, LOOK_QUIET, MEMORY_BYTES,
    QUIET, SOURCE_REQUESTS_MAX,
};
use crate::remote::{Answer, Remote};
use crate::tape::{Look, Tape};
use crate::tell::Teller;

/// What the sender is told from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Go on until the source is done.
    Follow,
    /// Send what is there now, then end.
    Drain,
    /// End now.
    Stop,
}

/// How it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The source's id.
    pub source: String,
    /// Bytes that the server has acknowledged.
    pub acked: u64,
    /// Bytes that there were.
    pub end: u64,
    /// The source was completed.
    pub complete: bool,
    /// What was in the way last.
    pub trouble: Option<String>,
}

impl Outcome {
    /// Everything arrived.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.acked >= self.end && self.trouble.is_none()
    }
}

/// What all senders of a process share: memory for batches.
#[derive(Clone)]
pub struct Memory(Arc<Semaphore>);

impl Default for Memory {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(MEMORY_BYTES)))
    }
}

/// A batch on its way, or waiting to be sent again.
struct Pending {
    batch: Batch,
    /// Its last bytes are held back until this is used.
    gate: Option<oneshot::Sender<()>>,
    /// None while it waits.
    answer: Option<JoinHandle<(Answer, Duration)>>,
    _memory: Option<OwnedSemaphorePermit>,
}

impl Drop for Pending {
    fn drop(&mut self) {
        if let Some(answer) = &self.answer {
            answer.abort();
        }
    }
}

/// Sends one source.
pub struct Sender<T> {
    source: String,
    tape: Arc<Mutex<T>>,
    remote: Remote,
    memory: Memory,
    teller: Teller,
    order: watch::Receiver<Order>,
    /// Complete the source once it is done.
    completes: bool,
    pending: VecDeque<Pending>,
    /// Where the next batch starts.
    next: u64,
    acked: u64,
    seen: Look,
    grown: Instant,
    heard: Option<Instant>,
    batch_bytes: usize,
    packs: bool,
    backoff: Backoff,
    wait_until: Option<Instant>,
    trouble: Option<String>,
    /// The server's offset is known.
    asked: bool,
    completed: bool,
}

impl<T: Tape> Sender<T> {
    /// A sender of this tape to that resource.
    pub fn new(
        source: String,
        tape: T,
        remote: Remote,
        memory: Memory,
        teller: Teller,
        order: watch::Receiver<Order>,
        completes: bool,
    ) -> Self {
        let acked = tape.acked();
        Self {
            source,
            tape: Arc::new(Mutex::new(tape)),
            remote,
            memory,
            teller,
            order,
            completes,
            pending: VecDeque::new(),
            next: acked,
            acked,
            seen: Look::default(),
            grown: Instant::now(),
            heard: None,
            batch_bytes: BATCH_BYTES_FIRST,
            packs: true,
            backoff: Backoff::default(),
            wait_until: None,
            trouble: None,
            asked: false,
            completed: false,
        }
    }

    /// Sends until the source is done or the order is to end.
    pub async fn run(mut self) -> Outcome {
        let mut drained = false;
        loop {
            let order = *self.order.borrow_and_update();
            // Where nobody can give orders any more, nobody waits for the end either.
            if order == Order::Stop || self.order.has_changed().is_err() {
                // What is left is told.
                self.look().await;
                break;
            }
            if !drained {
                // What is written after the order to drain came is not waited for.
                self.look().await;
                drained = order == Order::Drain && (self.asked || !self.seen.is_there);
            }
            let ends = drained || self.seen.done;
            if ends && self.is_sent() && (!self.must_complete() || self.completed) {
                break;
            }
            if self.wait_until.is_some_and(|until| until <= Instant::now()) {
                self.wait_until = None;
            }
            if self.wait_until.is_none() && (self.seen.is_there || self.acked > 0) {
                if self.asked {
                    self.fill().await;
                } else {
                    let answer = self.remote.ask();
                    let mut order = self.order.clone();
                    let answer = tokio::select! {
                        answer = answer => Some(answer),
                        // The guard that comes with the order must not be held on to.
                        () = async { drop(order.wait_for(|order| *order == Order::Stop).await) } => None,
                    };
                    if let Some(answer) = answer {
                        self.hear_offset(answer).await;
                    }
                    continue;
                }
            }
            self.wait(drained).await;
        }
        if self.trouble.is_none() {
            self.teller.well(&self.source);
        }
        Outcome {
            source: self.source,
            acked: self.acked,
            end: self.seen.end.max(self.acked),
            complete: self.completed,
            trouble: self.trouble,
        }
    }

    fn is_sent(&self) -> bool {
        self.pending.is_empty() && self.asked && self.acked >= self.seen.end
            || !self.seen.is_there && self.acked >= self.seen.end
    }

    fn must_complete(&self) -> bool {
        self.completes && self.seen.done
    }

    async fn look(&mut self) {
        let tape = Arc::clone(&self.tape);
        let looked = spawn_blocking(move || lock(&tape).look()).await;
        match looked {
            Ok(Ok(look)) => {
                if look.end != self.seen.end {
                    self.grown = Instant::now();
                }
                self.seen = look;
            }
            Ok(Err(error)) => self.fail(error.to_string(), None),
            Err(error) => self.fail(format!("{}: {error}", self.source), None),
        }
    }

    /// Sends what there is, as far as there is room on the way.
    async fn fill(&mut self) {
        for at in 0..self.pending.len() {
            if self.pending[at].answer.is_none() {
                self.start(at);
            }
        }
        while self.pending.len() < SOURCE_REQUESTS_MAX
            && self.next < self.seen.end
            && !self.pending.back().is_some_and(|pending| pending.batch.last)
        {
            let memory = u32::try_from(self.batch_bytes).unwrap_or(u32::MAX);
            let memory = Arc::clone(&self.memory.0).try_acquire_many_owned(memory).ok();
            if memory.is_none() && !self.pending.is_empty() {
                return;
            }
            // Where memory is short, each source still has a small batch.
            let max = if memory.is_some() { self.batch_bytes } else { BATCH_BYTES_MIN };
            let left = usize::try_from(self.seen.end - self.next).unwrap_or(usize::MAX);
            match self.batch(max.min(left)).await {
                Ok(Some(batch)) => self.push(batch, memory),
                Ok(None) => return,
                Err(error) => return self.fail(error.to_string(), None),
            }
        }
        if !self.pending.is_empty() {
            return;
        }
        if self.must_complete() && self.next >= self.seen.end && !self.completed {
            self.push(Batch::empty(self.next, true), None);
        } else if self.seen.is_there && self.heard.is_none_or(|heard| heard.elapsed() >= HEARTBEAT) {
            self.push(Batch::empty(self.next, false), None);
        }
    }

    async fn batch(&mut self, max: usize) -> Result<Option<Batch>, Error> {
        let (tape, offset, packs) = (Arc::clone(&self.tape), self.next, self.packs);
        let read = spawn_blocking(move || {
            let mut bytes = Vec::new();
            let mut tape = lock(&tape);
            tape.read(offset, max, &mut bytes)?;
            let arrived = tape.arrived(offset, offset + bytes.len() as u64);
            drop(tape);
            Ok((!bytes.is_empty()).then(|| Batch { arrived, ..Batch::new(offset, bytes, packs) }))
        });
        match read.await {
            Ok(Ok(Some(mut batch))) => {
                batch.last = self.must_complete() && batch.end() >= self.seen.end;
                Ok(Some(batch))
            }
            Ok(other) => other,
            Err(error) => Err(Error::System { what: "read", cause: std::io::Error::other(error) }),
        }
    }

    fn push(&mut self, batch: Batch, memory: Option<OwnedSemaphorePermit>) {
        self.next = batch.end();
        self.pending.push_back(Pending { batch, gate: None, answer: None, _memory: memory });
        self.start(self.pending.len() - 1);
    }

    /// Sends the batch at this place; all but the first are held back by their last bytes.
    fn start(&mut self, at: usize) {
        let (open, gate) = if at == 0 { (None, None) } else { Some(oneshot::channel()).unzip() };
        let pending = &mut self.pending[at];
        let (remote, batch) = (self.remote.clone(), pending.batch.clone());
        pending.gate = open;
        pending.answer = Some(tokio::spawn(async move {
            let started = Instant::now();
            let answer = remote.send(&batch, gate).await;
            (answer, started.elapsed())
        }));
    }

    /// Waits for whatever comes next: an answer, an order, time to look again.
    async fn wait(&mut self, drained: bool) {
        let now = Instant::now();
        let busy = self.grown.elapsed() < QUIET;
        let mut until = now + if busy { LOOK_BUSY } else { LOOK_QUIET };
        if drained {
            until = now + LOOK_QUIET;
        }
        if let Some(again) = self.wait_until {
            until = until.min(again);
        }
        let answer = async {
            match self.pending.front_mut().and_then(|front| front.answer.as_mut()) {
                Some(answer) => answer.await,
                None => future::pending().await,
            }
        };
        tokio::select! {
            answer = answer => {
                if let Some(front) = self.pending.front_mut() {
                    front.answer = None;
                }
                match answer {
                    Ok((answer, took)) => self.hear(answer, took).await,
                    Err(error) => self.fail(format!("{}: {error}", self.source), None),
                }
            }
            () = tokio::time::sleep_until(until.into()) => {}
            _ = self.order.changed() => {}
        }
    }

    /// Forgets what is on its way; goes on from there.
    fn go_to(&mut self, offset: u64) {
        self.pending.clear();
        self.next = offset;
    }

    async fn advance(&mut self, offset: u64) {
        self.acked = self.acked.max(offset);
        let (tape, acked) = (Arc::clone(&self.tape), self.acked);
        match spawn_blocking(move || lock(&tape).ack(acked)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => self.teller.trouble(&format!("{} (state)", self.source), &error.to_string()),
            Err(error) => self.teller.trouble(&self.source, &error.to_string()),
        }
    }

    /// Larger batches where they go fast, smaller ones where they do not.
    fn pace(&mut self, length: u64, took: Duration) {
        if took > 4 * BATCH_TIME {
            self.batch_bytes = (self.batch_bytes / 2).max(BATCH_BYTES_MIN);
        } else if took < BATCH_TIME && length * 2 > self.batch_bytes as u64 {
            self.batch_bytes = (self.batch_bytes * 2).min(BATCH_BYTES_MAX);
        }
    }
}

/// A panic elsewhere leaves a tape as its files are; the next look sees to that.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
