//! A stream of a merge, read ahead of it on other threads.

use std::panic::{self, AssertUnwindSafe};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use crate::Error;
use crate::batch::Batch;
use crate::stream::Stream;

/// A stream that one thread takes batches from while another reads the next one.
///
/// Whoever takes a batch never waits for a thread that has not begun: it reads the batch itself then.
pub(super) struct Ahead {
    shared: Arc<Shared>,
    batches_taken: u32,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
enum State {
    /// Nobody reads. With the stream lies a batch to read into.
    Idle(Box<Stream>, Batch),
    /// Somebody reads.
    #[default]
    Reading,
    /// A batch is there.
    Ready(Box<Stream>, Batch),
    /// There are no more lines.
    Ended(Option<Error>),
    /// The thread that read ahead panicked: so does who waits for it.
    Broken,
}

/// Batches that are read before anything is read ahead: most windows need no more.
const BATCHES_ALONE: u32 = 3;

impl Ahead {
    pub fn new(stream: Stream) -> Self {
        let spare = Batch::empty(stream.standing());
        let shared = Shared { state: Mutex::new(State::Idle(Box::new(stream), spare)), changed: Condvar::new() };
        Self { shared: Arc::new(shared), batches_taken: 0 }
    }

    /// Puts the next batch in place of `batch`, which was used up. At the end there are no lines in it, and it stands
    /// where the stream does. `ahead`: the batch after it may be read meanwhile.
    pub fn take(&mut self, batch: &mut Batch, ahead: bool) {
        let mut state = self.shared.lock();
        loop {
            match std::mem::replace(&mut *state, State::Reading) {
                State::Idle(mut stream, spare) => {
                    drop(state);
                    read(&mut stream, batch);
                    self.put_back(stream, spare, batch, ahead);
                    return;
                }
                State::Ready(stream, mut ready) => {
                    drop(state);
                    std::mem::swap(&mut ready, batch);
                    self.put_back(stream, ready, batch, ahead);
                    return;
                }
                State::Reading => {
                    state = self.shared.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
                }
                State::Broken => panic!("the thread that read ahead of the merge panicked"),
                State::Ended(error) => {
                    *state = State::Ended(error);
                    let standing = batch.standing(batch.lines.len());
                    *batch = Batch::empty(standing);
                    return;
                }
            }
        }
    }

    /// Why there are no more lines, if it is not the end of the source.
    pub fn failure(&self) -> Option<Error> {
        match &*self.shared.lock() {
            State::Ended(error) => error.clone(),
            _ => None,
        }
    }

    /// Lets the stream go on, or rest where it is at its end.
    fn put_back(&mut self, mut stream: Box<Stream>, spare: Batch, taken: &Batch, ahead: bool) {
        if taken.lines.is_empty() {
            *self.shared.lock() = State::Ended(stream.failure());
            return;
        }
        *self.shared.lock() = State::Idle(stream, spare);
        self.batches_taken = self.batches_taken.saturating_add(1);
        if ahead && self.batches_taken >= BATCHES_ALONE {
            let shared = Arc::clone(&self.shared);
            rayon::spawn(move || shared.read_ahead());
        }
    }
}

impl Shared {
    /// Reads the next batch, unless somebody else does or has.
    fn read_ahead(&self) {
        let mut state = self.lock();
        match std::mem::replace(&mut *state, State::Reading) {
            State::Idle(mut stream, mut batch) => {
                drop(state);
                // A panic on one of rayon's threads would end the process.
                let done = panic::catch_unwind(AssertUnwindSafe(move || {
                    read(&mut stream, &mut batch);
                    State::Ready(stream, batch)
                }));
                *self.lock() = done.unwrap_or(State::Broken);
                self.changed.notify_one();
            }
            other => *state = other,
        }
    }

    /// A thread that panicked leaves a state that was set at once.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn read(stream: &mut Stream, batch: &mut Batch) {
    if !stream.read(batch) {
        *batch = Batch::empty(stream.standing());
    }
}
